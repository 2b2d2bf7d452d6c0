"""The tools that a server has, as they were when it was asked last: planning waits for no server."""

import json
import os
import re
import tempfile
import time
from collections.abc import Iterable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..base.catalog import SEPARATOR
from ..base.secrets import redact
from .configured import Server
from .schemas import shape_of
from .wording import on_a_line

MOST_LETTERS = 64
"""Of a tool's name, for the models that call it."""
MOST_REMOTE_LETTERS = 256
"""Of what a server calls a tool; the protocol asks for at most 128."""
MOST_TOOLS = 64
"""Of one server; more would crowd the others out of what a model can read."""
MOST_LISTED_LETTERS = 60_000
"""Of all that a planner is told of one server."""
MOST_WORDS = 600
"""Letters of what a server says of a tool."""
FORMAT = 1


class Listed(BaseModel):
    """A tool of a server."""

    model_config = ConfigDict(frozen=True)

    name: str
    """What it is called here."""
    remote: str
    """What the server calls it."""
    says: str = ""
    """What the server says of it: its words."""
    shape: dict[str, Any]
    """The schema of its arguments; see `Shape`."""
    names: dict[str, str]

    @property
    def remote_shown(self) -> str:
        """What the server calls it, for people."""
        return on_a_line(self.remote, MOST_LETTERS).replace("`", "'")


class Listing(BaseModel):
    """The tools of a server."""

    model_config = ConfigDict(frozen=True)

    format: int = FORMAT
    key: str
    """Of what settings; see `key_of`."""
    asked: float
    """When the server gave it, in seconds of the epoch."""
    era: str = ""
    """The revision of the protocol that was spoken."""
    server: str = ""
    """What the server calls itself."""
    tools: list[Listed] = Field(default_factory=list)
    left_out: int = 0
    """How many more tools it has than are taken."""


def key_of(server: Server) -> str:
    """Return what a listing depends on."""
    return sha256(json.dumps([FORMAT, server.identity, server.tools]).encode()).hexdigest()


def offered_name(server: str, tool: str) -> str:
    """Return what a tool is called here: one that has to be changed for that never takes another's name."""
    safe = re.sub(r"[^A-Za-z0-9_-]", "_", tool)
    name = f"{server}{SEPARATOR}{safe}"
    if safe == tool and len(name) <= MOST_LETTERS:
        return name
    return f"{name[: MOST_LETTERS - 9]}_{sha256(tool.encode(errors='replace')).hexdigest()[:8]}"


def listing_of(server: Server, tools: Iterable[Any], *, era: str, info: str) -> Listing:
    """Return what a server gave as its tools, cut to what may be used of it.

    Args:
        server: Its settings.
        tools: `mcp_types.Tool`s.
        era: The revision of the protocol.
        info: What it calls itself.
    """
    taken: dict[str, Listed] = {}
    left_out = letters = 0
    for one in tools:
        name = offered_name(server.name, one.name)
        if not 0 < len(one.name) <= MOST_REMOTE_LETTERS or name in taken or not server.takes(one.name):
            continue
        if len(taken) >= MOST_TOOLS or letters > MOST_LISTED_LETTERS:
            left_out += 1
            continue
        shape = shape_of(one.input_schema)
        letters += len(json.dumps(shape.schema)) + min(len(one.description or ""), MOST_WORDS)
        taken[name] = Listed(
            name=name,
            remote=one.name,
            says=redact(on_a_line(one.description or one.title or "", MOST_WORDS)),
            shape=shape.schema,
            names=shape.names,
        )
    return Listing(
        key=key_of(server),
        asked=time.time(),
        era=era,
        server=redact(on_a_line(info, 100)),
        tools=sorted(taken.values(), key=lambda one: one.name),
        left_out=left_out,
    )


def keep(listing: Listing, server: Server, home: Path) -> None:
    """Keep a listing for the next plan; where it cannot be written, the server is asked again."""
    path = _path(server, home)
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name)
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace") as file:
            file.write(listing.model_dump_json())
        os.replace(temporary, path)  # noqa: PTH105  whole or not at all, also on Windows


def kept(server: Server, home: Path) -> Listing | None:
    """Return what was kept of a server with these settings; None when it was never asked."""
    try:
        found = Listing.model_validate_json(_path(server, home).read_bytes())
    except (OSError, ValidationError):
        return None
    return found if found.format == FORMAT and found.key == key_of(server) else None


def note_silence(server: Server, home: Path, *, is_silent: bool) -> None:
    """Note whether a server was asked in vain just now."""
    path = _path(server, home).with_suffix(".silent")
    with suppress(OSError):
        if is_silent:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(server.fingerprint, encoding="utf-8")
        else:
            path.unlink(missing_ok=True)


def silent_since(server: Server, home: Path) -> float:
    """Return when a server with these settings was asked in vain, in seconds of the epoch; 0 when it was not."""
    path = _path(server, home).with_suffix(".silent")
    try:
        return path.stat().st_mtime if path.read_text(encoding="utf-8") == server.fingerprint else 0.0
    except (OSError, ValueError):
        return 0.0


def _path(server: Server, home: Path) -> Path:
    return home / "servers" / f"{server.name}.json"
