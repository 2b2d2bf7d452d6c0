"""What a server says of a tool's arguments, made small and harmless: it is copied piece by piece, never believed."""

import json
import keyword
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from .wording import on_a_line, quoted

MOST_ARGUMENTS = 64
MOST_PARTS = 600
"""Of one schema, references followed; what goes beyond may be anything."""
MOST_DEPTH = 6
MOST_REFERENCES = 32
"""One behind the other: looking whether they go in a circle takes longer with each."""
MOST_LETTERS = 8_000
"""Of one schema as JSON."""
MOST_CHOICES = 100
MOST_WORDS = 240
"""Letters of what is said of one argument."""
_MOST_NAME = 48
_MOST_VALUE = 100
_TYPES = ("string", "number", "integer", "boolean", "object", "array", "null")
_NUMBERS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
_COUNTS = ("minLength", "maxLength", "minItems", "maxItems")
_MOST_NUMBER = 2**63
# Names that an argument of a Python function, or a field of a Pydantic model, cannot have.
_TAKEN = frozenset(("run", "self", "json", "copy", "dict", "schema", "validate", "construct", "register", "fields"))


@dataclass(frozen=True, kw_only=True)
class Shape:
    """The arguments of a tool."""

    schema: dict[str, Any]
    """A JSON schema of an object, without references, patterns and formats; its properties have names of ours."""
    names: dict[str, str] = field(default_factory=dict)
    """Our name of an argument -> the server's."""


def shape_of(given: Any) -> Shape:
    """Return what a server's schema says of the arguments, as far as it can be used: less of one that says too much."""
    for depth in (MOST_DEPTH, 2, 0):
        shape = _shape(given, depth)
        if len(json.dumps(shape.schema)) <= MOST_LETTERS:
            return shape
    return _shape(given, -1)


def _shape(given: Any, depth: int) -> Shape:
    copier = _Copier(given if isinstance(given, Mapping) else {}, depth)
    root = copier.followed(given, ())
    properties = root.get("properties")
    known = dict(properties) if isinstance(properties, Mapping) else {}
    names = dict(_names([one for one in known if isinstance(one, str) and len(one) <= MOST_WORDS][:MOST_ARGUMENTS]))
    required = root.get("required")
    wanted = {one for one in required if isinstance(one, str)} if isinstance(required, list) else set()
    schema = {
        "type": "object",
        "properties": {ours: copier.copied(known[theirs], ()) for ours, theirs in names.items()},
        "required": [ours for ours, theirs in names.items() if theirs in wanted],
        "additionalProperties": False,
    }
    return Shape(schema=schema, names=names)


def _names(listed: list[str]) -> Iterator[tuple[str, str]]:
    """Yield our name and the server's of each argument; one that has to be changed never takes another's name."""
    kept = {one for one in listed if _is_plain(one)}
    taken = set(kept)
    for theirs in listed:
        ours = theirs
        if theirs not in kept:
            ours = re.sub(r"\W", "_", theirs, flags=re.ASCII).strip("_")[:_MOST_NAME] or "argument"
            ours = ours if ours[0].isalpha() else f"a_{ours}"
            ours = (
                ours
                if _is_plain(ours) and ours not in taken
                else f"{ours}_{sha256(theirs.encode(errors='replace')).hexdigest()[:6]}"
            )
        if ours in taken and theirs not in kept:
            continue
        taken.add(ours)
        yield ours, theirs


def _is_plain(name: str) -> bool:
    fits = name.isascii() and name.isidentifier() and len(name) <= _MOST_NAME and not name.startswith(("_", "model_"))
    return fits and not keyword.iskeyword(name) and name not in _TAKEN


class _Copier:
    """Copies parts of one schema, following its own references, until there is too much of it."""

    def __init__(self, whole: Mapping[str, Any], depth: int) -> None:
        self._whole = whole
        self._depth = depth
        self._left = MOST_PARTS

    def followed(self, part: Any, within: tuple[str, ...]) -> Mapping[str, Any]:
        """Return what a part says, behind its references; only to places in the same schema, and in no circle."""
        while isinstance(part, Mapping) and isinstance(reference := part.get("$ref"), str):
            if reference in within or len(within) >= MOST_REFERENCES or not reference.startswith("#/"):
                return {}
            within = (*within, reference)
            target: Any = self._whole
            for name in reference[2:].split("/"):
                plain = name.replace("~1", "/").replace("~0", "~")
                target = target.get(plain) if isinstance(target, Mapping) else None
            part = target
        return part if isinstance(part, Mapping) else {}

    def copied(self, part: Any, within: tuple[str, ...], depth: int = 0) -> dict[str, Any]:
        """Return the copy of a part; nothing, which stands for anything, where it cannot be read or is too much."""
        self._left -= 1
        if self._left < 0 or depth > self._depth or not isinstance(part, Mapping):
            return {}
        reference = part.get("$ref")
        meant = self.followed(part, within)
        if isinstance(reference, str):
            within = (*within, reference)
        copy: dict[str, Any] = dict(_simple(meant))
        for name in ("anyOf", "oneOf"):
            if isinstance(choices := meant.get(name), list) and choices:
                # Of `oneOf` too: which of several fit is for the server to say.
                copy["anyOf"] = [self.copied(one, within, depth + 1) for one in choices[:MOST_CHOICES]]
        if isinstance(items := meant.get("items"), Mapping):
            copy["items"] = self.copied(items, within, depth + 1)
        if isinstance(inner := meant.get("properties"), Mapping):
            named = [one for one in inner if isinstance(one, str) and len(one) <= _MOST_NAME and one.isprintable()]
            copy["properties"] = {one: self.copied(inner[one], within, depth + 1) for one in named[:MOST_ARGUMENTS]}
            if isinstance(required := meant.get("required"), list):
                copy["required"] = [one for one in required if isinstance(one, str) and one in copy["properties"]]
        said = part.get("description", meant.get("description"))
        if isinstance(said, str) and said.strip():
            copy["description"] = quoted(said, MOST_WORDS)
        return copy


def _simple(part: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield what a schema says of a value itself."""
    stated = part.get("type")
    types = [one for one in (stated if isinstance(stated, list) else [stated]) if one in _TYPES]
    if types:
        yield "type", types[0] if len(types) == 1 else types
    choices = part.get("enum", [part["const"]] if "const" in part else None)
    if isinstance(choices, list) and 0 < len(choices) <= MOST_CHOICES and all(map(_is_small, choices)):
        yield "enum", list(choices)
    for name in _NUMBERS:
        if _is_number(part.get(name)):
            yield name, part[name]
    for name in _COUNTS:
        if type(part.get(name)) is int and 0 <= part[name] < _MOST_NUMBER:
            yield name, part[name]
    if "default" in part and _is_small(part["default"]):
        yield "default", part["default"]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and -_MOST_NUMBER < value < _MOST_NUMBER


def _is_small(value: Any) -> bool:
    """Tell whether a value is one that can be written into a schema: short, and not made of others."""
    if isinstance(value, str):
        return len(value) <= _MOST_VALUE and on_a_line(value, _MOST_VALUE) == value
    return value is None or isinstance(value, bool) or _is_number(value)
