"""Files over HTTP: uploads in, artifacts out, beside the protocol, which is not made for them."""

import asyncio
import os
import re
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Any

from mcp.server import MCPServer
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response

from ..tools.base.errors import StorageError, ToolError
from ..tools.base.opening import open_kept
from ..tools.base.secret_logs import logger_of
from ..tools.base.sniff import sniff
from ..tools.base.workspace import PREFIX, Artifact
from .output import made_name
from .owner import owner
from .service import Service

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.types import Receive, Scope, Send

logger = logger_of(__name__)

LONGEST_NAME = 200
SIDE_BY_SIDE = 8
"""Uploads at a time; each holds a file."""
EACH = 4
"""Of these, one owner's: nobody is kept out by another."""
_SHA256 = re.compile(r"[0-9a-f]{64}")
# Whatever is in the file, a browser neither runs nor shows it.
_INERT = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox; default-src 'none'"}


@dataclass(frozen=True, kw_only=True)
class UploadLimits:
    """What uploads may take."""

    max_bytes: int = 2 * 2**30
    """Of one."""
    owner_bytes: int = 50 * 2**30
    """Of all that lies here for one owner, uploaded or made."""
    idle_seconds: float = 30.0
    """The longest pause in one."""
    least_bytes_per_second: float = 10_000.0
    """A slower one is ended once it has had `idle_seconds`: it holds one of few places."""


@dataclass(eq=False)
class Uploads:
    """What is coming in, for all owners."""

    service: Service
    limits: UploadLimits
    places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(SIDE_BY_SIDE))
    _own: dict[str, asyncio.Semaphore] = field(default_factory=dict)
    """The places of each owner."""
    _coming: Counter[str] = field(default_factory=Counter)
    """Bytes of each owner's that are not yet in the library."""

    async def take(self, request: Request, who: str) -> Artifact | Response:
        """Write a body to a file, never more than allowed, and make it an artifact of its owner's.

        Raises:
            StorageError: The disk is full, or the folder cannot be written.
        """
        announced = int(request.headers.get("content-length") or 0)
        if announced > self.limits.max_bytes:
            return _too_large(self.limits.max_bytes)
        size = 0
        async with self._own.setdefault(who, asyncio.Semaphore(EACH)), self.places:
            held = await asyncio.to_thread(self.service.belongings.held_bytes, who)
            if refused := self._refused(who, held, announced):
                return refused
            with self.service.workspace.scratch() as folder:
                path, began = folder / "upload", time.monotonic()
                try:
                    with path.open("wb") as file:
                        async for chunk in _pieces(request, self.limits.idle_seconds):
                            size += len(chunk)
                            self._coming[who] += len(chunk)
                            if size > self.limits.max_bytes:
                                return _too_large(self.limits.max_bytes)
                            if refused := self._refused(who, held, 0) or self._slow(size, time.monotonic() - began):
                                return refused
                            await asyncio.to_thread(file.write, chunk)
                    if size == 0:
                        return JSONResponse({"error": "The body is empty. Send the file itself as the body."}, 400)
                    # Others may have come to their end meanwhile.
                    held = await asyncio.to_thread(self.service.belongings.held_bytes, who)
                    if refused := self._refused(who, held, 0):
                        return refused
                    stored = await asyncio.to_thread(
                        _put, path, _base_name(request.query_params.get("name", "")), self.service
                    )
                    await asyncio.to_thread(self.service.belongings.give, who, [stored.handle])
                    return stored
                except TimeoutError:
                    return _too_slow(f"nothing came for {self.limits.idle_seconds:g} s")
                except OSError as error:
                    raise StorageError(f"The upload cannot be stored: {error.strerror}.") from error
                finally:
                    self._coming[who] -= size

    def _refused(self, who: str, held: int, more: int) -> Response | None:
        """Return the answer to an owner who has no room for more; None where there is some."""
        most = self.limits.owner_bytes
        if held + self._coming[who] + more <= most:
            return None
        told = f"{held:,} bytes lie here for you already, others may be coming, and all together may have {most:,}."
        return JSONResponse({"error": f"{told} Ask whoever runs this to raise `--upload-quota-mb`."}, 507)

    def _slow(self, size: int, seconds: float) -> Response | None:
        least = self.limits.least_bytes_per_second
        if seconds < self.limits.idle_seconds or size / seconds >= least:
            return None
        return _too_slow(f"it comes with less than {least:,.0f} bytes a second")


def add_file_routes(server: MCPServer[Any], service: Service, *, limits: UploadLimits) -> None:
    """Register `POST /upload` and `GET /artifacts/SHA256`; who calls was checked before (see `guard`)."""
    uploads = Uploads(service, limits)

    async def upload(request: Request) -> Response:
        try:
            stored = await uploads.take(request, owner())
        except StorageError as error:
            return JSONResponse({"error": str(error)}, 507)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody reads it
        if isinstance(stored, Response):
            return stored
        logger.info("%s uploaded %d bytes", owner(), stored.bytes)
        return JSONResponse(stored.model_dump(mode="json", include={"handle", "media_type", "bytes", "name"}), 201)

    async def download(request: Request) -> Response:
        sha256 = request.path_params["sha256"]
        try:
            if not _SHA256.fullmatch(sha256):
                raise ToolError(f"{sha256!r} is no artifact.")
            artifact, path = await asyncio.to_thread(service.artifact, PREFIX + sha256, owner())
            descriptor = await asyncio.to_thread(open_kept, path)
        except ToolError as error:
            return JSONResponse({"error": str(error)}, 404)
        logger.info("%s fetched an artifact of %d bytes", owner(), artifact.bytes)
        name = made_name(artifact.name, sha256)
        return HeldFile(descriptor, path, media_type=artifact.media_type, filename=name, headers=_INERT)

    server.custom_route("/upload", methods=["POST"])(upload)
    server.custom_route("/artifacts/{sha256}", methods=["GET"])(download)


class HeldFile(FileResponse):
    """The file that was checked and opened, whatever its name leads to by now."""

    def __init__(self, descriptor: int, path: "Path", **more: Any) -> None:
        # Opened anew through its descriptor, where the system has names for those.
        super().__init__(path if sys.platform == "win32" else f"/dev/fd/{descriptor}", **more)
        self._descriptor = descriptor

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            os.close(self._descriptor)


async def _pieces(request: Request, idle_seconds: float) -> AsyncIterator[bytes]:
    """Yield a body as it comes.

    Raises:
        TimeoutError: Nothing came for too long.
    """
    stream = aiter(request.stream())
    while True:
        async with asyncio.timeout(idle_seconds):
            try:
                piece = await anext(stream)
            except StopAsyncIteration:
                return
        yield piece


def _put(path: "Path", name: str, service: Service) -> Artifact:
    with path.open("rb") as file:
        media_type = sniff(file).media_type
    return service.workspace.put(path, name=name, media_type=media_type)


def _base_name(name: str) -> str:
    base = PureWindowsPath(PurePosixPath(name).name).name
    return "".join(letter for letter in base if letter.isprintable())[:LONGEST_NAME] or "upload"


def _too_slow(why: str) -> Response:
    return JSONResponse({"error": f"The upload was ended: {why}. Try again."}, 408, {"Connection": "close"})


def _too_large(max_bytes: int) -> Response:
    return JSONResponse({"error": f"An upload may have {max_bytes:,} bytes. Cut the file, or raise the limit."}, 413)
