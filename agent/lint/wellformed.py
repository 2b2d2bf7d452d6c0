"""JSON schemas of other systems, without the keywords that are not what they must be."""

import math
from collections.abc import Mapping
from typing import Any

from .shapes import ANY, JSON_TYPES, Schema
from .sizes import MAX_DEPTH

_SCHEMAS = frozenset({"properties", "$defs", "definitions"})
_LISTS_OF_SCHEMAS = frozenset({"anyOf", "oneOf", "allOf", "prefixItems"})
_NUMBERS = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"})
_COUNTS = frozenset({"minLength", "maxLength", "minItems", "maxItems"})
_TEXTS = frozenset({"$ref", "title", "description"})


def well_formed(schema: Any, depth: int = 0) -> Schema:
    """Return what of a schema can be believed; of what is no schema, the one that says nothing."""
    if not isinstance(schema, Mapping) or depth > MAX_DEPTH:
        return ANY
    found = {str(key): _keyword(str(key), value, depth + 1) for key, value in schema.items()}
    return {key: value for key, value in found.items() if value is not None}


def _keyword(key: str, value: Any, depth: int) -> Any:
    """Return the value of a keyword; None when it says nothing."""
    if key in _SCHEMAS:
        return (
            {str(name): well_formed(one, depth) for name, one in value.items()} if isinstance(value, Mapping) else None
        )
    if key in _LISTS_OF_SCHEMAS:
        return [well_formed(one, depth) for one in value] if isinstance(value, list | tuple) and value else None
    if key in ("items", "additionalProperties"):
        is_bool = isinstance(value, bool) and key != "items"
        return value if is_bool else well_formed(value, depth) if isinstance(value, Mapping) else None
    if key == "type":
        known = [JSON_TYPES[one.casefold()] for one in _texts(value) if one.casefold() in JSON_TYPES]
        return known if isinstance(value, list | tuple) and known else known[0] if known else None
    if key in ("required", "x-kinds"):
        return _texts(value)
    if key == "enum":
        return list(value) if isinstance(value, list | tuple) and value else None
    if key in _NUMBERS | _COUNTS:
        is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        return value if is_number else None
    return value if key not in _TEXTS or isinstance(value, str) else None


def _texts(value: Any) -> list[str]:
    values = value if isinstance(value, list | tuple | set | frozenset) else [value]
    return [one for one in values if isinstance(one, str)]
