"""What a JSON schema says of a value: its parts, and whether another schema's values can stand for it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Schema = Mapping[str, Any]
ANY: Schema = {}
_COMPOUND = frozenset({"$ref", "anyOf", "oneOf", "allOf"})
MAX_LISTS = 4
"""Lists inside lists that are compared: a schema may refer to itself."""
_SIMPLE = ("string", "number", "integer", "boolean", "object", "array")


class NoSuchPart(Exception):
    """A path leads out of a schema; the message says where it ends and what is there."""

    def __init__(self, message: str, part: str, among: Sequence[str] = (), at: int = 0) -> None:
        super().__init__(message)
        self.part, self.among, self.at = part, tuple(among), at
        """The part that is not there, what is there instead, and its place in the path."""


JSON_TYPES = {
    "string": "string", "str": "string", "number": "number", "float": "number", "integer": "integer",
    "int": "integer", "boolean": "boolean", "bool": "boolean", "object": "object", "dict": "object",
    "array": "array", "list": "array", "null": "null",
}  # fmt: skip
"""The types of JSON, and other names of theirs."""


def choices(schema: Schema, definitions: Mapping[str, Any]) -> list[Schema]:
    """Return the schemas that a value may have, without null, with references followed."""
    if not schema.keys() & _COMPOUND and not isinstance(schema.get("type"), list):
        return [schema]
    return [one for one in _alternatives(schema, definitions) if one.get("type") != "null"]


def is_nullable(schema: Schema, definitions: Mapping[str, Any]) -> bool:
    """Return whether null is one of the values."""
    return any(one.get("type") == "null" for one in _alternatives(schema, definitions))


def _alternatives(schema: Schema, definitions: Mapping[str, Any]) -> Iterator[Schema]:
    """Yield the simple schemas that a schema is one of; what it refers to again adds nothing."""
    followed: set[str] = set()
    waiting = [schema]
    while waiting:
        one = waiting.pop()
        if "$ref" in one:
            name = one["$ref"].rpartition("/")[2]
            if name not in followed:
                followed.add(name)
                waiting.append(definitions.get(name, ANY))
        elif "anyOf" in one or "oneOf" in one:
            waiting += reversed(one.get("anyOf") or one.get("oneOf", ()))
        elif len(one.get("allOf", ())) == 1:
            waiting += one["allOf"]
        elif isinstance(one.get("type"), list):
            yield from ({**one, "type": each} for each in one["type"])
        else:
            yield one


def types(schema: Schema, definitions: Mapping[str, Any]) -> set[str]:
    """Return the JSON types that its values may have, without null; empty when it does not say."""
    found: set[str] = set()
    for one in choices(schema, definitions):
        kind = one.get("type") or ("object" if "properties" in one else _type_of(one.get("const", one.get("enum"))))
        if kind not in _SIMPLE:
            return set()
        found.add(kind)
    return found


def _type_of(constant: Any) -> str | None:
    values = constant if isinstance(constant, list) else [constant]
    kinds = {type_name(one) for one in values} - {"null"}
    return kinds.pop() if len(kinds) == 1 else None


def type_name(value: Any) -> str:
    """Return the JSON type of a plain value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "object" if isinstance(value, Mapping) else "array"


def walk(schema: Schema, path: Sequence[str | int], definitions: Mapping[str, Any], root: str) -> Schema:
    """Return the schema of the part that a path of names and indexes leads to.

    Raises:
        NoSuchPart: There is none.
    """
    walked = f"${root}"
    for at, part in enumerate(path):
        found = [inner for one in choices(schema, definitions) if (inner := _part(one, part)) is not None]
        if not found:
            raise NoSuchPart(
                f"ends at `{walked}`, which {_words(schema, definitions)}",
                str(part),
                properties(schema, definitions),
                at,
            )
        schema = found[0] if len(found) == 1 else {"anyOf": found}
        walked += f"[{part}]" if isinstance(part, int) else f".{part}"
    return schema


def _part(schema: Schema, part: str | int) -> Schema | None:
    if not schema.keys() & {"type", "properties", "items", "prefixItems", "additionalProperties"}:
        return ANY if not schema.keys() & {"enum", "const"} else None
    if isinstance(part, int):
        if schema.get("type", "array") != "array":
            return None
        fixed = schema.get("prefixItems", ())
        if fixed:
            return fixed[part] if -len(fixed) <= part < len(fixed) else schema.get("items") or None
        items = schema.get("items", ANY)
        return items if isinstance(items, Mapping) else ANY
    if schema.get("type", "object") != "object":
        return None
    known = schema.get("properties", {})
    if part in known:
        return known[part]  # type: ignore[no-any-return]
    more = schema.get("additionalProperties", not known)
    return None if more is False else more if isinstance(more, Mapping) else ANY


def properties(schema: Schema, definitions: Mapping[str, Any]) -> list[str]:
    """Return the names of the parts of an object."""
    return list(dict.fromkeys(name for one in choices(schema, definitions) for name in one.get("properties", ())))


def items_of(schema: Schema, definitions: Mapping[str, Any]) -> Schema:
    """Return the schema of a list's items; any where it does not say."""
    for one in choices(schema, definitions):
        if isinstance(one.get("items"), Mapping):
            return one["items"]  # type: ignore[no-any-return]
        if one.get("prefixItems"):
            return {"anyOf": list(one["prefixItems"])}
    return ANY


def _words(schema: Schema, definitions: Mapping[str, Any]) -> str:
    kinds = types(schema, definitions)
    if kinds == {"array"}:
        inside = properties(items_of(schema, definitions), definitions)
        each = f", each with: {', '.join(inside)}" if inside else ""
        return f"is a list{each}; take one with `[0]`, or each with `for_each`"
    has = properties(schema, definitions)
    if has:
        return f"has: {', '.join(has)}"
    return f"is {' or '.join(sorted(kinds)) or 'nothing with parts'}, without parts"


def unfit(given: Schema, wanted: Schema, defined: Mapping[str, Any], defines: Mapping[str, Any]) -> str | None:
    """Return why no value of one schema can be a value of another, in words; None when one can, or it is not known.

    Args:
        given: What is there.
        wanted: What it should be.
        defined: The definitions of `given`.
        defines: Those of `wanted`.
    """
    return _unfit_to_any(given, wanted, defined, defines, depth=0)


def _unfit_to_any(
    given: Schema, wanted: Schema, defined: Mapping[str, Any], defines: Mapping[str, Any], *, depth: int
) -> str | None:
    reasons = [
        _unfit(one, other, defined, defines, depth=depth)
        for one in choices(given, defined)
        for other in choices(wanted, defines)
    ]
    return None if None in reasons or not reasons else reasons[0]


def _unfit(
    given: Schema, wanted: Schema, defined: Mapping[str, Any], defines: Mapping[str, Any], *, depth: int
) -> str | None:
    has, wants = types(given, defined), types(wanted, defines)
    if not has or not wants:
        return None
    if {"integer", "number"} & has and {"integer", "number"} & wants:
        return None
    if not has & wants:
        return f"it is {_one(has)}, and must be {_one(wants)}"
    if has == wants == {"array"} and depth < MAX_LISTS:
        inside = _unfit_to_any(items_of(given, defined), items_of(wanted, defines), defined, defines, depth=depth + 1)
        return f"of its items, {inside}" if inside else None
    if has == wants == {"object"} and given.get("properties") and wanted.get("properties"):
        lacking = [name for name in wanted.get("required", ()) if name not in given["properties"]]
        if lacking and given.get("additionalProperties", False) is False:
            return f"it has no {' and no '.join(f'`{name}`' for name in lacking)}"
    return None


def _one(kinds: set[str]) -> str:
    words = {"array": "a list", "object": "an object", "string": "text", "integer": "a whole number"}
    words |= {"number": "a number", "boolean": "true or false"}
    return " or ".join(words[one] for one in sorted(kinds))


def leaves(
    schema: Schema, definitions: Mapping[str, Any], *, required: bool = True, depth: int = 2
) -> Iterator[tuple[tuple[str, ...], Schema]]:
    """Yield path and schema of the properties of an object, and of those inside them.

    Args:
        schema: Of the object.
        definitions: Its definitions.
        required: Only what every value has.
        depth: How deep to go.
    """
    for one in choices(schema, definitions):
        for name, inner in one.get("properties", {}).items():
            if required and (name not in one.get("required", ()) or is_nullable(inner, definitions)):
                continue
            yield (name,), inner
            if depth > 1:
                for path, deeper in leaves(inner, definitions, required=required, depth=depth - 1):
                    yield (name, *path), deeper
