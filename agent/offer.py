"""What a chat model is told of the tools: short schemas that every server can read."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, get_args

from pydantic import BaseModel

from ..tools.base.moments import Findings
from ..tools.base.tool import Tool
from ..tools.base.workspace import Artifact
from .plan import Plan

MAKE_PLAN = "make_plan"
# What only a tool can write: a model names the step that gave it.
_RESULTS = frozenset({"Findings", "RunFacts"})
_REFERENCE = {"type": "string", "description": 'A reference to a result, for example "$speech".'}


# Parts of results that are read after the run, and are no values for other steps.
_TOLD_LATER = frozenset({*Findings.model_fields, "tried", "engine", "quality", "spent"})
_NO_CHOICE: tuple[Any, ...] = (None, "", False, 0, [], {})


def tool_schemas(catalog: Mapping[str, Tool]) -> list[dict[str, Any]]:
    """Return the catalog and `make_plan`, each as name, description and input_schema.

    All of them each time, always in the same order and the same words: what begins every request is then the same, and
    providers charge little for it. Names alone, with schemas on demand, would be shorter, but a model that never saw an
    argument makes one up.
    """
    return [*(_offer(one) for one in catalog.values()), _plan_offer()]


@cache
def _offer(tool: Tool) -> dict[str, Any]:
    told = f"{' '.join(tool.description.split())} Gives {', '.join(_parts(tool.returns))}."
    return {"name": tool.name, "description": told, "input_schema": shortened(tool.input_schema)}


def _parts(result: type[BaseModel]) -> Iterator[str]:
    """Yield the parts of a result that other steps can refer to, with the parts of the items of lists."""
    for name, field in result.model_fields.items():
        if name in _TOLD_LATER:
            continue
        within = [one for one in _models(field.annotation) if one is not Artifact]
        has_many = "list" in str(field.annotation)
        items = f" ({', '.join(within[0].model_fields)})" if within and has_many else ""
        yield f"{name}{'[]' if has_many else ''}{items}"
    if issubclass(result, Findings):
        yield "moments[], measures[]"


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)


@cache
def _plan_offer() -> dict[str, Any]:
    return {
        "name": MAKE_PLAN,
        "description": "Run several tools as one plan: steps that need each other's results refer to them.",
        "input_schema": shortened(Plan.model_json_schema()),
    }


def shortened(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a JSON schema without `$ref`, which some servers refuse, and without what tells a model nothing.

    Left out are generated titles, what is so for every argument (no others are taken), empty values of what may be left
    out, and the insides of results.
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
            # What is known only after the plan ran is no part of one.
            late = {name for name, one in value.items() if isinstance(one, Mapping) and one.get("planned") is False}
            short[key] = {name: _short(one, definitions, within) for name, one in value.items() if name not in late}
        elif not _says_nothing(key, value):
            short[key] = _short(value, definitions, within)
    return short


def _says_nothing(key: str, value: Any) -> bool:
    if key == "default":
        return any(value is one or (type(value) is type(one) and value == one) for one in _NO_CHOICE)
    return (key == "title" and isinstance(value, str)) or (key == "additionalProperties" and value is False)
