"""Our own tools as the linter sees them."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from pydantic.fields import FieldInfo

from ...tools.base.tool import Tool
from .kinds import ANYTHING, kind_of_file
from .shapes import ANY, Schema, choices, is_nullable, properties
from .toolspec import Port, ToolSpec


@cache
def of_tool(tool: Tool) -> ToolSpec:
    """Return one of our own tools as a spec."""
    schema, output = tool.input_schema, tool.output_schema
    files = {one.name: one for one in tool.media_arguments}
    ports = {
        name: Port(
            name=name,
            kinds=frozenset(files[name].kinds) if name in files else frozenset(),
            schema=schema["properties"].get(name, ANY),
            required=info.is_required(),
            many=name in files and files[name].many,
            lenient=_is_lenient(info) and name not in files,
        )
        for name, info in tool.arguments.model_fields.items()
    }
    definitions = output.get("$defs", {})
    made = [name for name, part in output.get("properties", {}).items() if is_file(part, definitions)]
    certain = [name for name in made if name in output.get("required", ()) and not is_nullable(
        output["properties"][name], definitions)]  # fmt: skip
    kinds = {kind_of_file(name) for name in certain} - {ANYTHING}
    return ToolSpec(
        name=tool.name,
        ports=ports,
        output=output,
        gives=frozenset(kinds) if len(certain) == 1 else frozenset(),
        definitions=schema.get("$defs", {}),
        result_definitions=definitions,
        own_lists=_own_lists(tool),
        is_pure=tool.effect == "pure",
        makes_files=bool(made),
        tool=tool,
    )


def _is_lenient(info: FieldInfo) -> bool:
    return any(type(one).__name__.endswith("Validator") for one in info.metadata)


def _own_lists(tool: Tool) -> tuple[str, ...]:
    shared = {name for parent in tool.returns.__mro__[1:] for name in getattr(parent, "model_fields", ())}
    return tuple(
        name
        for name, part in tool.output_schema.get("properties", {}).items()
        if name not in shared and any(one.get("type") == "array" for one in choices(part, {}))
    )


def is_file(schema: Schema, definitions: Mapping[str, Any]) -> bool:
    """Return whether a part of a result is an artifact, or holds one as each item of a list."""
    for one in choices(schema, definitions):
        names = properties(one, definitions)
        if "handle" in names and "media_type" in names:
            return True
        if one.get("type") == "array" and isinstance(one.get("items"), Mapping):
            inside = properties(one["items"], definitions)
            if "handle" in inside and "media_type" in inside:
                return True
    return False
