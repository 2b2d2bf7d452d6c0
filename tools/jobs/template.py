"""Fills requests in: `{name}` stands for a value, and what has no value is left out."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

Lookup = Callable[[str, str], Any]
"""Name and filter -> the value, `MISSING`, or a list where there are several."""
IF = "if"
"""The field of a table that says with which value it is there at all."""
_HOLE = re.compile(r"\{([a-z_]+)(?::([a-z0-9_]*))?\}")
_OPTIONAL = re.compile(r"\[\[(.*?)\]\]", re.DOTALL)


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"


MISSING = _Missing()
"""There is no such value, so what it stands in is left out."""


@dataclass(frozen=True)
class Hole:
    """`{name}` or `{name:filter}`."""

    name: str
    filter: str = ""


@dataclass(frozen=True)
class Optional:
    """`[[ --ar {aspect}]]`: left out by itself where its value is missing."""

    parts: tuple["str | Hole", ...]


@cache
def parse(text: str) -> tuple["str | Hole | Optional", ...]:
    """Return the parts of a template."""
    parts: list[str | Hole | Optional] = []
    end = 0
    for found in _OPTIONAL.finditer(text):
        if not _HOLE.search(found[1]):
            continue
        parts += [*_holes(text[end : found.start()]), Optional(tuple(_holes(found[1])))]
        end = found.end()
    return (*parts, *_holes(text[end:]))


def _holes(text: str) -> Iterator[str | Hole]:
    end = 0
    for found in _HOLE.finditer(text):
        if before := text[end : found.start()]:
            yield before
        yield Hole(found[1], found[2] or "")
        end = found.end()
    if text[end:]:
        yield text[end:]


def holes(value: Any, *, all: bool = True) -> Iterator[Hole]:
    """Yield what a template has to be filled in with, at any depth.

    If not all, without those whose value may be missing: in `[[…]]`, in a list, and in a table below that has an `if`.
    """
    if isinstance(value, str):
        for part in parse(value):
            if isinstance(part, Hole):
                yield part
            elif isinstance(part, Optional) and all:
                yield from (one for one in part.parts if isinstance(one, Hole))
    elif isinstance(value, Mapping):
        for name, one in value.items():
            if name == IF:
                yield Hole(str(one))
            elif all or not (isinstance(one, list | tuple) or (isinstance(one, Mapping) and IF in one)):
                yield from holes(one, all=all)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from holes(one, all=all)


def render(value: Any, look_up: Lookup) -> Any:
    """Return a template with its values.

    A text that is one hole becomes the value itself; a field whose value is missing is left out, and so are a table and
    a list that have nothing left. In a list, a table one of whose values is missing is left out, and one with a value
    that is a list is there for each of them.
    """
    if isinstance(value, str):
        return _text(value, look_up)
    if isinstance(value, Mapping):
        return _table(value, look_up)
    if isinstance(value, list | tuple):
        return _list(value, look_up)
    return value


def _table(table: Mapping[str, Any], look_up: Lookup) -> Any:
    if IF in table and look_up(str(table[IF]), "") is MISSING:
        return MISSING
    filled = {name: render(one, look_up) for name, one in table.items() if name != IF}
    left = {name: one for name, one in filled.items() if one is not MISSING}
    return left if left or not table else MISSING


def _list(values: list[Any] | tuple[Any, ...], look_up: Lookup) -> Any:
    left: list[Any] = []
    for one in values:
        if isinstance(one, Mapping):
            left += _each(one, look_up)
            continue
        made = render(one, look_up)
        if isinstance(made, list) and isinstance(one, str):
            left += made  # `["{pictures:url}"]` is a list of addresses, not of lists
        elif made is not MISSING:
            left.append(made)
    return left if left or not values else MISSING


def _each(table: Mapping[str, Any], look_up: Lookup) -> list[Any]:
    """Return a table of a list: once, not at all, or for each of several values that it holds itself."""
    found = {one: look_up(one.name, one.filter) for one in holes(table, all=False)}
    if any(one is MISSING for one in found.values()):
        return []
    several = {one: value for one, value in found.items() if isinstance(value, list)}
    made = []
    for number in range(min(map(len, several.values()), default=1)):

        def of_one(name: str, filter: str, number: int = number) -> Any:
            hole = Hole(name, filter)
            return several[hole][number] if hole in several else look_up(name, filter)

        if (one := _table(table, of_one)) is not MISSING:
            made.append(one)
    return made


def _text(text: str, look_up: Lookup) -> Any:
    parts = parse(text)
    if len(parts) == 1 and isinstance(parts[0], Hole):
        return plain(look_up(parts[0].name, parts[0].filter))
    filled = []
    for part in parts:
        if isinstance(part, Optional):
            inner = [_written(one, look_up) for one in part.parts]
            filled += [] if any(one is MISSING for one in inner) else inner
        elif (one := _written(part, look_up)) is MISSING:
            return MISSING
        else:
            filled.append(one)
    return "".join(filled)


def _written(part: str | Hole, look_up: Lookup) -> Any:
    if isinstance(part, str):
        return part
    value = look_up(part.name, part.filter)
    return value if value is MISSING else as_text(value)


def plain(value: Any) -> Any:
    """Return a number without a fraction that it has not: many APIs take `5` and refuse `5.0`."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def as_text(value: Any) -> str:
    """Return a value as it is written into a text."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return ",".join(map(as_text, value))
    return str(plain(value))
