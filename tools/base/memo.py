"""Results by what they depend on: asked again, they are free."""

import hashlib
import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from .errors import ToolError
from .labels import Labels
from .library import Library
from .tool import Tool
from .workspace import Artifact, Workspace


def canonical(value: Any) -> str:
    """Return JSON that is the same for equal values."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def digest(*parts: Any) -> str:
    """Return the sha256 of some plain values, in hex."""
    return hashlib.sha256(canonical(parts).encode()).hexdigest()


class Memo:
    """What pure tools gave, for the same tool version, arguments, content and models."""

    def __init__(self, library: Library, workspace: Workspace) -> None:
        self._library = library
        self._workspace = workspace

    def key(self, tool: Tool, arguments: Mapping[str, Any], models: str) -> str:
        """Return the key of a call; files must already be handles, so that only their content counts."""
        return digest(tool.name, tool.version, arguments, models)

    def get(self, tool: Tool, key: str) -> tuple[BaseModel, str, Labels] | None:
        """Return a remembered result, its provider and what it was labelled, if all its artifacts are still there."""
        rows = self._library.rows("SELECT result, provider, labels FROM memo WHERE key=?", (key,))
        if not rows:
            return None
        try:
            result = tool.returns.model_validate_json(rows[0][0])
            for artifact in artifacts_in(result):
                self._workspace.path(artifact.handle)
        except (ValidationError, ToolError):
            return None  # made by an older version, or its files were removed: compute it again
        return result, rows[0][1], frozenset(json.loads(rows[0][2]))

    def put(self, tool: Tool, key: str, result: BaseModel, provider: str, labels: Labels) -> None:
        with self._library.transaction(durable=False) as db:
            db.execute(
                "INSERT OR REPLACE INTO memo VALUES (?,?,?,?,?,?)",
                (key, tool.name, result.model_dump_json(), provider, time.time(), json.dumps(sorted(labels))),
            )


def handles_in(value: Any) -> Iterator[str]:
    """Yield every text anywhere inside a plain value that is a handle, or looks like one."""
    if isinstance(value, str):
        if value.startswith("artifact:"):
            yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from handles_in(part)
    elif isinstance(value, list):
        for part in value:
            yield from handles_in(part)


def artifacts_in(value: Any) -> list[Artifact]:
    """Return the artifacts anywhere inside a result, each once, in order."""
    found: dict[str, Artifact] = {}
    waiting = [value]
    while waiting:
        part = waiting.pop(0)
        if isinstance(part, Artifact):
            found.setdefault(part.handle, part)
        elif isinstance(part, BaseModel):
            waiting[:0] = [getattr(part, name) for name in type(part).model_fields]
        elif isinstance(part, dict):
            waiting[:0] = part.values()
        elif isinstance(part, list | tuple):
            waiting[:0] = part
    return list(found.values())
