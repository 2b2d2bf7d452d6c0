"""Files over HTTP: uploads in, artifacts out, beside the protocol, which is not made for them."""

import asyncio
import re
from pathlib import PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Any

from mcp.server import MCPServer
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response

from ..tools.base.errors import StorageError, ToolError
from ..tools.base.sniff import sniff
from ..tools.base.workspace import PREFIX, Artifact
from .output import made_name
from .owner import owner
from .service import Service

if TYPE_CHECKING:
    from pathlib import Path

LONGEST_NAME = 200
SIDE_BY_SIDE = 8
"""Uploads at a time; each holds a file."""
_SHA256 = re.compile(r"[0-9a-f]{64}")
# Whatever is in the file, a browser neither runs nor shows it.
_INERT = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox; default-src 'none'"}


def add_file_routes(server: MCPServer[Any], service: Service, *, max_bytes: int) -> None:
    """Register `POST /upload` and `GET /artifacts/SHA256`; who calls was checked before (see `guard`)."""
    places = asyncio.Semaphore(SIDE_BY_SIDE)

    async def upload(request: Request) -> Response:
        if int(request.headers.get("content-length") or 0) > max_bytes:
            return _too_large(max_bytes)
        async with places:
            try:
                stored = await _store(request, service, max_bytes)
            except StorageError as error:
                return JSONResponse({"error": str(error)}, 507)
            except ClientDisconnect:
                return Response(status_code=400)  # nobody reads it
        if isinstance(stored, Response):
            return stored
        await asyncio.to_thread(service.belongings.give, owner(), [stored.handle])
        return JSONResponse(stored.model_dump(mode="json", include={"handle", "media_type", "bytes", "name"}), 201)

    async def download(request: Request) -> Response:
        sha256 = request.path_params["sha256"]
        try:
            if not _SHA256.fullmatch(sha256):
                raise ToolError(f"{sha256!r} is no artifact.")
            artifact, path = await asyncio.to_thread(service.artifact, PREFIX + sha256, owner())
        except ToolError as error:
            return JSONResponse({"error": str(error)}, 404)
        name = made_name(artifact.name, sha256)
        return FileResponse(path, media_type=artifact.media_type, filename=name, headers=_INERT)

    server.custom_route("/upload", methods=["POST"])(upload)
    server.custom_route("/artifacts/{sha256}", methods=["GET"])(download)


async def _store(request: Request, service: Service, max_bytes: int) -> Artifact | Response:
    """Write the body to a file, never more than allowed, and make it an artifact."""
    name = _base_name(request.query_params.get("name", ""))
    with service.workspace.scratch() as folder:
        path = folder / "upload"
        size = 0
        try:
            with path.open("wb") as file:
                async for chunk in request.stream():
                    size += len(chunk)
                    if size > max_bytes:
                        return _too_large(max_bytes)
                    await asyncio.to_thread(file.write, chunk)
        except OSError as error:
            raise StorageError(f"The upload cannot be stored: {error.strerror}.") from error
        if size == 0:
            return JSONResponse({"error": "The body is empty. Send the file itself as the body."}, 400)
        return await asyncio.to_thread(_put, path, name, service)


def _put(path: "Path", name: str, service: Service) -> Artifact:
    with path.open("rb") as file:
        media_type = sniff(file).media_type
    return service.workspace.put(path, name=name, media_type=media_type)


def _base_name(name: str) -> str:
    base = PureWindowsPath(PurePosixPath(name).name).name
    return "".join(letter for letter in base if letter.isprintable())[:LONGEST_NAME] or "upload"


def _too_large(max_bytes: int) -> Response:
    return JSONResponse({"error": f"An upload may have {max_bytes:,} bytes. Cut the file, or raise the limit."}, 413)
