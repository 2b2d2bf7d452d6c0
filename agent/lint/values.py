"""Whether a literal fits a JSON schema, and the one value that is meant when it does not."""

import json
import math
import operator
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..plan import references
from .names import plain_name
from .shapes import Schema, choices, is_nullable, items_of, type_name, types

_CLOCK = re.compile(r"(?:(\d+):)?(\d{1,3}):(\d{1,2}(?:\.\d+)?)")
_UNITS = re.compile(
    r"(?:(\d+(?:\.\d+)?)\s*h(?:ours?)?)?\s*(?:(\d+(?:\.\d+)?)\s*m(?:in(?:ute)?s?)?)?\s*"
    r"(?:(\d+(?:\.\d+)?)\s*s(?:ec(?:ond)?s?)?)?",
    re.I,
)
_MILLISECONDS = re.compile(r"(\d+(?:\.\d+)?)\s*ms", re.I)
_NUMBER = re.compile(r"[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:e[-+]?\d+)?", re.I)
_SPAN = re.compile(r"\s*(?:-|–|to|\.\.)\s*")
_SAME_WORDS = ({"jpeg", "jpg"}, {"en", "english", "eng"}, {"zh", "chinese", "中文", "mandarin"}, {"lines", "line"})
_TRUE, _FALSE = frozenset({"true", "yes", "on", "1"}), frozenset({"false", "no", "off", "0"})


MAX_NUMBER = 60
"""Characters; what is longer is no number that somebody wrote."""
MAX_DEPTH = 6
"""How deep inside a literal it is looked at: with schemas that refer to themselves each step more costs more."""


def problem(value: Any, schema: Schema, definitions: Mapping[str, Any], *, depth: int = 0) -> str | None:
    """Return why a literal does not fit a schema, in words; what holds a reference is known only when it runs."""
    if isinstance(value, str) and "$" in value and any(references(value)):
        return None
    if value is None:
        has_type = any(types(one, definitions) for one in choices(schema, definitions))
        return "must not be null" if has_type and not is_nullable(schema, definitions) else None
    if depth > MAX_DEPTH:
        return None
    reasons = [_problem(value, one, definitions, depth=depth) for one in choices(schema, definitions)]
    return None if None in reasons or not reasons else reasons[0]


def _problem(value: Any, schema: Schema, definitions: Mapping[str, Any], *, depth: int) -> str | None:
    wanted = types(schema, definitions)
    has = type_name(value)
    if wanted and has not in wanted and not (has == "integer" and "number" in wanted):
        return f"must be {' or '.join(sorted(wanted))}, and is {has}: {_shown(value)}"
    if "enum" in schema and value not in schema["enum"]:
        return f"must be one of {', '.join(map(_shown, schema['enum']))}, and is {_shown(value)}"
    if "const" in schema and value != schema["const"]:
        return f"must be {_shown(schema['const'])}, and is {_shown(value)}"
    if has in ("integer", "number"):
        return _out_of_bounds(value, schema)
    if has == "string":
        low, high = schema.get("minLength", 0), schema.get("maxLength", math.inf)
        return None if low <= len(value) <= high else f"must have {low} to {high} characters, and has {len(value)}"
    if has == "array":
        low, high = schema.get("minItems", 0), schema.get("maxItems", math.inf)
        if not low <= len(value) <= high:
            return f"must have {low} to {high} items, and has {len(value)}"
        each = schema.get("prefixItems")
        inside = items_of(schema, definitions)
        pairs = zip(value, each, strict=False) if each else ((one, inside) for one in value)
        return next((why for one, part in pairs if (why := problem(one, part, definitions, depth=depth + 1))), None)
    if has == "object":
        lacking = [name for name in schema.get("required", ()) if name not in value]
        if lacking:
            return f"lacks {', '.join(f'`{name}`' for name in lacking)}"
        known = schema.get("properties", {})
        parts = ((f"`{name}` {why}") for name, part in value.items() if name in known
                 and (why := problem(part, known[name], definitions, depth=depth + 1)))  # fmt: skip
        return next(parts, None)
    return None


_BOUNDS = {
    "minimum": (operator.ge, "at least"),
    "maximum": (operator.le, "at most"),
    "exclusiveMinimum": (operator.gt, "more than"),
    "exclusiveMaximum": (operator.lt, "less than"),
}


def _out_of_bounds(value: float, schema: Schema) -> str | None:
    for key, (holds, words) in _BOUNDS.items():
        limit = schema.get(key)
        if isinstance(limit, int | float) and not isinstance(limit, bool) and not holds(value, limit):
            return f"must be {words} {limit:g}, and is {value:g}"
    return None


def coerced(name: str, value: Any, schema: Schema, definitions: Mapping[str, Any], *, depth: int = 0) -> Iterator[Any]:
    """Yield what a literal that does not fit may mean, the likeliest first; each is still to be checked.

    Args:
        name: Of the argument: `…seconds` and `times` are read from clock times.
        value: What was given.
        schema: What it should be.
        definitions: Of the schema.
        depth: How deep inside a literal it stands.
    """
    for one in choices(schema, definitions):
        wanted = types(one, definitions)
        if isinstance(value, str):
            yield from _from_text(name, value.strip(), one, wanted, definitions, depth=depth)
        if isinstance(value, float) and value.is_integer() and "integer" in wanted:
            yield int(value)
        if isinstance(value, int | float) and not isinstance(value, bool) and "string" in wanted:
            yield _shown(value)
        if isinstance(value, bool | int) and value in (0, 1) and "boolean" in wanted:
            yield bool(value)
        if isinstance(value, list) and len(value) == 1 and "array" not in wanted:
            yield value[0]
            yield from coerced(name, value[0], one, definitions, depth=depth + 1)
        if "array" in wanted:
            inside = items_of(one, definitions)
            if isinstance(value, list):
                yield [_item(name, item, inside, definitions, depth=depth) for item in value]
            elif value is not None and depth < 2:
                yield [value]
                yield [_item(name, value, inside, definitions, depth=depth)]
        if isinstance(value, Mapping) and "object" in wanted:
            yield {
                part: _item(part, inner, one.get("properties", {}).get(part, {}), definitions, depth=depth)
                for part, inner in value.items()
            }
        span = one.get("prefixItems", ())
        if isinstance(value, Mapping) and len(span) == 2 and len(value) == 2:
            ends = [value.get(key, value.get(f"{key}_seconds")) for key in ("start", "end")]
            if None not in ends:
                yield ends


def _item(name: str, value: Any, schema: Schema, definitions: Mapping[str, Any], *, depth: int) -> Any:
    if problem(value, schema, definitions) is None:
        return value
    fits = (
        one
        for one in coerced(name, value, schema, definitions, depth=depth + 1)
        if problem(one, schema, definitions) is None
    )
    return next(fits, value)


def _from_text(
    name: str, text: str, schema: Schema, wanted: set[str], definitions: Mapping[str, Any], *, depth: int
) -> Iterator[Any]:
    if "enum" in schema:
        plain = plain_name(text)
        same = next((words for words in _SAME_WORDS if plain in words), {plain})
        meant = [one for one in schema["enum"] if plain_name(str(one)) in same]
        said = {plain_name(word) for word in re.findall(r"\w+", text)}
        meant = meant or [one for one in schema["enum"] if plain_name(str(one)) in said]
        if len(meant) == 1:
            yield meant[0]
        return
    if wanted & {"integer", "number"}:
        if (number := read_number(text)) is not None:
            yield int(number) if number.is_integer() else number
        if is_time(name, schema) and (seconds := read_seconds(text)) is not None:
            yield int(seconds) if seconds.is_integer() else seconds
    if "boolean" in wanted and text.casefold() in _TRUE | _FALSE:
        yield text.casefold() in _TRUE
    if wanted & {"array", "object"} and text[:1] in ("[", "{"):
        try:
            yield json.loads(text)
        except (ValueError, RecursionError):
            return
    if "array" in wanted:
        item = items_of(schema, definitions)
        inside = types(item, definitions)
        parts = _SPAN.split(text) if schema.get("maxItems") == 2 or len(schema.get("prefixItems", ())) == 2 else []
        if len(parts) == 2:
            yield [_item(name, part, item, definitions, depth=depth) for part in parts]
        elif inside and not inside & {"string"} and "," in text:
            yield [_item(name, part, item, definitions, depth=depth) for part in text.split(",")]


def is_time(name: str, schema: Schema) -> bool:
    """Return whether an argument is counted in seconds."""
    words = f"{name} {schema.get('description', '')} {schema.get('title', '')}".casefold()
    return "second" in words or name in ("times", "time", "start", "end", "at", "timestamps", "timestamp", "duration")


def read_number(text: str) -> float | None:
    """Return the number that a text is."""
    return float(text.replace(",", "")) if len(text) <= MAX_NUMBER and _NUMBER.fullmatch(text) else None


def read_seconds(text: str) -> float | None:
    """Return the seconds of a clock time, such as `0:30`, or of a length, such as `1m30s`."""
    if len(text) > MAX_NUMBER:
        return None
    if clock := _CLOCK.fullmatch(text):
        return int(clock[1] or 0) * 3600 + int(clock[2]) * 60 + float(clock[3])
    if short := _MILLISECONDS.fullmatch(text):
        return float(short[1]) / 1000
    units = _UNITS.fullmatch(text)
    if not units or not any(units.groups()):
        return None
    hours, minutes, seconds = (float(one or 0) for one in units.groups())
    return hours * 3600 + minutes * 60 + seconds


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else text[:59] + "…"
