"""What a client can read: artifacts, jobs, runs, facts of media, and the limits."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mcp import MCPError
from mcp.server.lowlevel.helper_types import ReadResourceContents
from mcp.server.mcpserver.exceptions import ResourceError, ResourceNotFoundError
from mcp.server.mcpserver.resources.templates import ResourceSecurity
from mcp.types import INVALID_PARAMS, Annotations, Completion, PromptReference, Resource, ResourceTemplateReference

from ..tools.base.catalog import some_tools
from ..tools.base.errors import SensoriumError, ToolError
from ..tools.base.workspace import PREFIX
from .answers import body_of
from .begun_jobs import MOST_CALLS
from .owner import owner, scopes
from .pages import PAGE_CHARS, compact
from .previews import LONG_SIDE_PIXELS, MAX_BYTES, MOST_PICTURES
from .prompts import CHOICES, PATHS
from .questions import cannot_ask
from .service import Service

if TYPE_CHECKING:
    from .app import MediaServer

MOST_LISTED = 50
"""Artifacts on a page of the list."""
LONGEST_CURSOR = 19
"""Digits of what SQLite counts rows with."""
MAX_BINARY_BYTES = 8_000_000
"""Larger content takes seconds to send as base64, and no client keeps it."""
MAX_TEXT_BYTES = 1_000_000
MOST_COMPLETIONS = 100
_ENOUGH = MOST_COMPLETIONS + 1
"""One more tells that there are more."""
_TEXTS = frozenset({"application/json", "application/x-subrip", "image/svg+xml"})


def add_resources(server: "MediaServer", service: Service) -> None:
    """Register what can be read beside the artifacts, which `list_artifacts` and `read_artifact` give."""

    @server.resource(f"{PREFIX}{{sha256}}", name="artifact", title="Artifact", mime_type="application/octet-stream")
    async def artifact(sha256: str) -> bytes:
        """A file that was made or handed over, with its own type. Large ones lie at the `path` that results name."""
        contents = await read_artifact(PREFIX + sha256, service)
        content = contents[0].content
        return content.encode() if isinstance(content, str) else content

    @server.resource("job://{job_id}", name="job", title="Job", mime_type="application/json")
    async def job(job_id: str) -> str:
        """How a job stands; `job_status` waits for it and gives its result."""
        try:
            return compact(body_of(await service.jobs.status(job_id, owner(), 0.0, _unheard)))
        except SensoriumError as error:
            raise ResourceNotFoundError(str(error)) from None

    @server.resource("run://{run_id}", name="run", title="Run", mime_type="application/json")
    async def run(run_id: str) -> str:
        """What a run of `run_agent` was asked, which steps it took, and its answer."""
        return compact(await asyncio.to_thread(_run, run_id, owner(), service))

    @server.resource(
        "media://{+path}",
        name="media",
        title="Facts of a media file",
        mime_type="application/json",
        # Which paths are allowed is decided where they are opened, for absolute ones too.
        security=ResourceSecurity(exempt_params={"path"}),
    )
    async def media(path: str) -> str:
        """What `probe_media` says of a file in the allowed folders: type, length, size, streams."""
        try:
            arguments = {"media": path}
            tool = some_tools(["probe_media"])["probe_media"]
            order, key = await asyncio.to_thread(service.order, tool, arguments, 1, owner())
            standing = await service.jobs.answer(order, key, _unheard, ask=cannot_ask)
        except SensoriumError as error:
            raise ResourceNotFoundError(str(error)) from None
        if standing.result is None:
            return compact(body_of(standing))
        text = str(standing.result["content"][0]["text"])
        if standing.result.get("isError"):
            raise ResourceError(text)
        return text

    @server.resource("config://limits", name="limits", title="Limits", mime_type="application/json")
    def limits() -> str:
        """What this server reads and where it writes, how long it waits, and how much it gives at once."""
        given, waits = service.options, service.options.limits
        return compact(
            {
                "allowed_folders": [str(one) for one in service.access.folders] if given.nearby else None,
                "output_folder": str(service.output(owner())) if given.nearby else None,
                "tools": sorted(given.groups),
                "images": given.images,
                "answer_seconds": waits.answer_seconds,
                "most_jobs": waits.most_jobs,
                "most_calls": MOST_CALLS,
                "page_chars": PAGE_CHARS,
                "most_pictures": MOST_PICTURES,
                "picture_pixels": LONG_SIDE_PIXELS,
                "picture_bytes_in_all": MAX_BYTES,
                "max_file_bytes": service.settings.max_bytes,
                "max_resource_bytes": MAX_BINARY_BYTES,
            }
        )

    async def complete(
        ref: PromptReference | ResourceTemplateReference, argument: Any, context: Any
    ) -> Completion | None:
        if "media:read" not in scopes():
            return None
        values = await asyncio.to_thread(_completions, ref, argument.name, argument.value, service, owner())
        return Completion(values=values[:MOST_COMPLETIONS], has_more=len(values) > MOST_COMPLETIONS)

    completion: Callable[[], Any] = server.completion  # the SDK leaves it untyped
    completion()(complete)


def list_artifacts(service: Service, cursor: str | None = None) -> tuple[list[Resource], str | None]:
    """Return some of the owner's artifacts, newest first, and the cursor of those after them.

    Raises:
        MCPError: The cursor is none of ours.
    """
    if cursor is not None and not (cursor.isascii() and cursor.isdecimal() and len(cursor) < LONGEST_CURSOR):
        raise MCPError(
            INVALID_PARAMS, f"The cursor {cursor!r:.100} is none that this server gave. List from the start."
        )
    before = int(cursor) if cursor else None
    given = service.belongings.artifacts(owner(), before=before, limit=MOST_LISTED + 1)
    listed = []
    for handle, at, _ in given[:MOST_LISTED]:
        try:
            found = service.workspace.get(handle)
        except ToolError:
            continue
        when = datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
        listed.append(
            Resource(
                uri=handle,
                name=found.name,
                mime_type=found.media_type,
                size=found.bytes,
                annotations=Annotations(audience=["user", "assistant"], priority=0.3, last_modified=when),
            )
        )
    return listed, str(given[MOST_LISTED - 1].place) if len(given) > MOST_LISTED else None


async def read_artifact(handle: str, service: Service) -> list[ReadResourceContents]:
    """Return the content of an artifact of the owner's with its own type.

    Raises:
        ResourceNotFoundError: The owner has no such artifact.
        ResourceError: It is too large to be sent.
    """
    try:
        found, path = await asyncio.to_thread(service.artifact, handle, owner())
    except ToolError as error:
        raise ResourceNotFoundError(str(error)) from None
    is_text = found.media_type.startswith("text/") or found.media_type in _TEXTS
    most = MAX_TEXT_BYTES if is_text else MAX_BINARY_BYTES
    if found.bytes > most:
        where = f"It lies at {str(path)!r}. " if service.options.nearby else f"Get `/artifacts/{found.sha256}`. "
        raise ResourceError(
            f"{found.name!r} has {found.bytes:,} bytes, and a resource may have {most:,}. {where}"
            "`view_media` shows a picture or a frame of it, `read_artifact` a part of a text."
        )
    content = await asyncio.to_thread(path.read_bytes)
    return [
        ReadResourceContents(
            content=content.decode("utf-8", "replace") if is_text else content, mime_type=found.media_type
        )
    ]


def _run(run_id: str, who: str, service: Service) -> dict[str, Any]:
    if not service.belongings.has(who, f"run:{run_id}"):
        raise ResourceNotFoundError(f"You have no run {run_id!r}. `run_agent` gives the ids.")
    row = service.journal.get(run_id)
    steps = [
        {"id": one.step, **{key: one.record.get(key) for key in ("tool", "status", "seconds", "cached", "error")}}
        for one in service.journal.steps(row.run)
    ]
    return {
        "run_id": row.run,
        "request": row.request,
        "status": row.status,
        "seconds": row.seconds,
        "answer": row.answer.get("text", ""),
        "files": [
            {key: one[key] for key in ("handle", "name", "media_type")} for one in row.answer.get("artifacts", [])
        ],
        "steps": steps,
    }


def _completions(
    ref: PromptReference | ResourceTemplateReference, name: str, value: str, service: Service, who: str
) -> list[str]:
    if name in PATHS:
        return service.access_of(who).listing(value, _ENOUGH)
    if isinstance(ref, PromptReference):
        return [one for one in CHOICES.get(name, ()) if one.startswith(value)]
    beginnings = {"sha256": PREFIX, "run_id": "run:"}
    if beginning := beginnings.get(name):
        found = service.belongings.latest(who, beginning + "".join(filter(str.isalnum, value)), limit=_ENOUGH)
        return [one.removeprefix(beginning) for one in found]
    return [one for one in service.jobs.names(who, limit=_ENOUGH) if one.startswith(value)] if name == "job_id" else []


async def _unheard(fraction: float | None, note: str) -> None:
    """A resource is read in one go; nobody hears how far it is."""
