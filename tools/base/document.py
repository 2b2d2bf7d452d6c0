"""Write `docs/tools.md` from the catalog: `python -m sensorium.tools.base.document docs/tools.md`."""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from .catalog import catalog
from .listing import first_sentence
from .tool import MediaArgument, Tool

_HEAD = """# Tools

Generated from the tools' own signatures by `python -m sensorium.tools.base.document docs/tools.md`; a test checks that
it is current. Each tool is a command (`sensorium tool NAME ARGS`) and a Python function (`await call("NAME", ARGS,
run)`), and the planner uses the same definition. A file is given as a path or as an `artifact://sha256/…` handle.
"""


def document(tools: Mapping[str, Tool]) -> str:
    """Return the Markdown page of these tools."""
    rows = [f"| [`{tool.name}`](#{tool.name}) | {_cell(first_sentence(tool.description))} |" for tool in tools.values()]
    parts = [_HEAD, "| tool | what it is for |", "|---|---|", *rows]
    for tool in tools.values():
        parts += ["", *section(tool)]
    return "\n".join(parts) + "\n"


def section(tool: Tool) -> Iterator[str]:
    """Yield the lines that say what a tool is for, takes and gives."""
    yield f"## {tool.name}\n"
    yield tool.description + "\n"
    roles = f", role {', '.join(f'`{role}`' for role in tool.roles)}" if tool.roles else ""
    yield f"Effect: {tool.effect}, bound by {tool.resource}, {tool.cost}{roles}, version {tool.version}.\n"
    schema, files = tool.input_schema, {one.name: one for one in tool.media_arguments}
    yield "| argument | type | default | meaning |"
    yield "|---|---|---|---|"
    for name, field in schema.get("properties", {}).items():
        kind = _file_type(files[name]) if name in files else _type(field, schema)
        default = "required" if name in schema.get("required", []) else f"`{json.dumps(field.get('default'))}`"
        yield f"| `{name}` | {_cell(kind)} | {_cell(default)} | {_cell(field.get('description', ''))} |"
    yield "\n| gives | type | meaning |"
    yield "|---|---|---|"
    given = tool.output_schema
    for name, field in given.get("properties", {}).items():
        yield f"| `{name}` | {_cell(_type(field, given))} | {_cell(field.get('description', ''))} |"


def _file_type(argument: MediaArgument) -> str:
    kinds = "any file" if len(argument.kinds) == 5 else f"{' or '.join(argument.kinds)} file"
    return f"list of {kinds}" if argument.many else kinds


def _type(field: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    """Say a JSON schema in a few words."""
    if "anyOf" in field:
        return " or ".join(dict.fromkeys(_type(one, schema) for one in field["anyOf"] if one.get("type") != "null"))
    if "$ref" in field:
        name = field["$ref"].rpartition("/")[2]
        target = schema["$defs"][name]
        return _type(target, schema) if "enum" in target else name
    if "enum" in field or "const" in field:
        return " or ".join(f"`{json.dumps(one)}`" for one in field.get("enum", [field.get("const")]))
    if field.get("type") == "array":
        parts = [_type(one, schema) for one in field.get("prefixItems", [])]
        return f"({', '.join(parts)})" if parts else f"list of {_type(field.get('items', {}), schema)}"
    bounds = [f"{sign} {field[key]:g}" for key, sign in _BOUNDS.items() if key in field]
    return " ".join([str(field.get("type", "anything")), ", ".join(bounds)]).strip()


_BOUNDS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(document(catalog()), encoding="utf-8")
