"""The JSON schemas that clients see: flat, plain, with every argument described."""

from collections.abc import Collection, Mapping
from typing import Any, get_args, get_origin

from pydantic import BaseModel

from ..tools.base.tool import MediaArgument, QuickSchema, Tool

_FILE = " Give a path inside the allowed folders, or an `artifact://…` handle."
PAGE = {
    "type": "integer",
    "minimum": 1,
    "maximum": 10_000,
    "default": 1,
    "description": "Which page of a long result; `pages` in it says how many there are.",
}
_ABOUT = {
    "notice": {"type": "string"},
    "page": {"type": "integer"},
    "pages": {"type": "integer"},
    "next_page": {"type": "string", "description": "How to get what is not on this page."},
    "job_id": {"type": "string", "description": "Instead of a result: the job that goes on."},
    "next": {"type": "string", "description": "What to do about the job."},
}
"""What a result has beside the tool's own fields, or instead of them."""
UNSAID = frozenset({"id", "media", "source", "artifact"})
"""What is left out of a moment: the result it is in says the same, or `view_media` shows it."""
_PATH = {"type": "string", "description": "Where a copy of it lies on this machine."}
_SCALARS = ("string", "integer", "number", "boolean")


def shown_schema(tool: Tool, hidden: Collection[str], *, nested: bool = False, paged: bool = False) -> dict[str, Any]:
    """Return the input schema of a tool without what no client gives.

    Args:
        hidden: Arguments to leave out.
        nested: Keep arguments that are not flat.
        paged: Add the argument `page`.
    """
    whole = tool.input_schema
    properties: dict[str, Any] = {}
    files = {one.name: one for one in tool.media_arguments}
    for name, schema in whole.get("properties", {}).items():
        plain = _plain(schema, whole.get("$defs", {}))
        if name in hidden or not (nested or is_flat(plain) or name in whole.get("required", [])):
            continue
        if name in files:
            plain["description"] = _described_file(plain.get("description", ""), files[name])
        properties[name] = plain
    required = [name for name in whole.get("required", []) if name in properties]
    if paged:
        properties["page"] = dict(PAGE)
    return {
        "type": "object",
        "properties": properties,
        **({"required": required} if required else {}),
        "additionalProperties": False,
    }


def result_schema(model: type[BaseModel], left_out: Collection[str]) -> dict[str, Any]:
    """Return the schema of a tool's result as it is sent: defaults may be missing, files have a path.

    Nothing is required, because a call that takes long gives a job instead.
    """
    whole = model.model_json_schema(mode="validation", schema_generator=QuickSchema)
    definitions = whole.get("$defs", {})
    if artifact := definitions.get("Artifact"):
        artifact["properties"] = {**artifact["properties"], "facts": {"type": "object"}, "path": dict(_PATH)}
    if moment := definitions.get("Moment"):
        moment["properties"] = {name: one for name, one in moment["properties"].items() if name not in UNSAID}
        moment["required"] = ["kind"]
    properties = {name: _tidied(schema) for name, schema in whole["properties"].items() if name not in left_out}
    for name, schema in _ABOUT.items():
        own = properties.get(name, schema)
        properties[name] = own if own.get("type") == schema["type"] else {"anyOf": [own, schema]}
    used = sorted(_used(properties, definitions))
    return {
        "type": "object",
        "properties": properties,
        **({"$defs": {name: _tidied(definitions[name]) for name in used}} if used else {}),
    }


def lists(model: type[BaseModel], left_out: Collection[str]) -> bool:
    """Return whether a result has a list of things, which may be long."""
    return any(
        isinstance(part, type) and issubclass(part, BaseModel)
        for name, one in model.model_fields.items()
        if name not in left_out and get_origin(one.annotation) is list
        for part in get_args(one.annotation)
    )


def is_flat(schema: Mapping[str, Any]) -> bool:
    """Return whether a plain schema is a scalar, or a list of them."""
    if schema.get("type") == "array":
        return is_flat(schema.get("items", {}))
    if "anyOf" in schema:
        return all(is_flat(one) for one in schema["anyOf"])
    return schema.get("type") in _SCALARS or "enum" in schema or "const" in schema


def unquoted(arguments: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments with lists and objects that a client sent as JSON in a string, as Claude Desktop does."""
    import json

    plain = dict(arguments)
    for name, value in arguments.items():
        kind = schema["properties"].get(name, {}).get("type")
        if isinstance(value, str) and kind in ("array", "object") and value.lstrip()[:1] in ("[", "{"):
            try:
                plain[name] = json.loads(value)
            except (ValueError, RecursionError):
                continue
    return plain


def _plain(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    """Return a property's schema without references, titles, null and tuples: some clients know none of these."""
    if "$ref" in schema:
        target = definitions[schema["$ref"].rpartition("/")[2]]
        return _plain({**target, **{key: value for key, value in schema.items() if key != "$ref"}}, definitions)
    plain = {key: value for key, value in schema.items() if key not in ("title", "anyOf", "prefixItems")}
    choices = [_plain(one, definitions) for one in schema.get("anyOf", []) if one.get("type") != "null"]
    if len(choices) == 1:
        plain = {**choices[0], **plain}
    elif choices:
        plain["anyOf"] = choices
    if "default" in plain and plain["default"] is None:
        del plain["default"]
    kinds = [_plain(one, definitions) for one in schema.get("prefixItems", [])]
    if kinds:
        plain["items"] = kinds[0] if all(one == kinds[0] for one in kinds) else {"anyOf": kinds}
    elif isinstance(plain.get("items"), Mapping):
        plain["items"] = _plain(plain["items"], definitions)
    if isinstance(plain.get("properties"), Mapping):
        plain["properties"] = {name: _plain(one, definitions) for name, one in plain["properties"].items()}
    return plain


def _described_file(description: str, argument: MediaArgument) -> str:
    return description + (_FILE.replace("Give a path", "Give paths") if argument.many else _FILE)


def _used(schema: Any, definitions: Mapping[str, Any]) -> set[str]:
    """Return the definitions that a schema needs, also through others."""
    used: set[str] = set()
    waiting = [schema]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Mapping):
            name = str(part.get("$ref", "")).rpartition("/")[2]
            if name and name not in used:
                used.add(name)
                waiting.append(definitions[name])
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part
    return used


def _tidied(schema: Any) -> Any:
    """Return a schema without titles that repeat names, tuples, and null where a field is left out instead."""
    if not isinstance(schema, Mapping):
        return schema
    tidy: dict[str, Any] = {}
    for key, value in schema.items():
        if key in ("properties", "$defs"):  # names here, so a property called `title` stays
            tidy[key] = {name: _tidied(one) for name, one in value.items()}
        elif key == "anyOf":
            tidy[key] = [_tidied(one) for one in value]
        elif key == "prefixItems":
            tidy["items"] = _one_of([_tidied(one) for one in value])
        elif key in ("items", "additionalProperties"):
            tidy[key] = _tidied(value)
        elif key != "title":
            tidy[key] = value
    if "default" in tidy and tidy["default"] is None:
        del tidy["default"]
        tidy = {**_one_of([one for one in tidy.pop("anyOf", []) if one != {"type": "null"}]), **tidy}
    if not tidy.keys() - {"description", "default"}:
        tidy["anyOf"] = [{"type": kind} for kind in ("string", "number", "boolean", "object", "array", "null")]
    return tidy


def _one_of(schemas: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a schema for what fits one of these."""
    if all(one == schemas[0] for one in schemas):
        return schemas[0] if schemas else {}
    return {"anyOf": schemas}
