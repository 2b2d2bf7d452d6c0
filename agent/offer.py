"""What a chat model is told of the tools: short schemas that every server can read."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from ..tools.base.tool import Tool
from .plan import Plan

MAKE_PLAN = "make_plan"
# What only a tool can write: a model names the step that gave it.
_RESULTS = frozenset({"Findings", "RunFacts"})
_REFERENCE = {"type": "string", "description": 'A reference to a result, for example "$speech".'}


def tool_schemas(catalog: Mapping[str, Tool]) -> list[dict[str, Any]]:
    """Return the catalog and `make_plan`, each as name, description and input_schema."""
    return [*(_offer(one) for one in catalog.values()), _plan_offer()]


@cache
def _offer(tool: Tool) -> dict[str, Any]:
    return {"name": tool.name, "description": tool.description, "input_schema": shortened(tool.input_schema)}


@cache
def _plan_offer() -> dict[str, Any]:
    return {
        "name": MAKE_PLAN,
        "description": "Run several tools as one plan: steps that need each other's results refer to them.",
        "input_schema": shortened(Plan.model_json_schema()),
    }


def shortened(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a JSON schema without `$ref`, which some servers refuse, and without what tells a model nothing.

    Left out are generated titles, null as the value of what may be left out, and the insides of results.
    """
    short = _short({name: part for name, part in schema.items() if name != "$defs"}, schema.get("$defs", {}), ())
    assert isinstance(short, dict)
    return short


def _short(part: Any, definitions: Mapping[str, Any], within: tuple[str, ...]) -> Any:
    if isinstance(part, list):
        return [_short(one, definitions, within) for one in part]
    if not isinstance(part, Mapping):
        return part
    if "$ref" in part:
        name = part["$ref"].rpartition("/")[2]
        meant = _REFERENCE if name in _RESULTS else {"type": "object"} if name in within else definitions[name]
        described = {key: value for key, value in part.items() if key != "$ref"}
        return _short({**meant, **described}, definitions, (*within, name))
    if "anyOf" in part:
        choices = [one for one in part["anyOf"] if one != {"type": "null"}]
        rest = {key: value for key, value in part.items() if key != "anyOf"}
        part = {**choices[0], **rest} if len(choices) == 1 else {**rest, "anyOf": choices}
        if "$ref" in part:
            return _short(part, definitions, within)
    short = {}
    for key, value in part.items():
        if key == "properties":
            short[key] = {name: _short(one, definitions, within) for name, one in value.items()}
        elif not (key == "title" and isinstance(value, str)) and not (key == "default" and value is None):
            short[key] = _short(value, definitions, within)
    return short
