"""Results cut down to what a person or a model reads; the whole stays in the journal and in artifacts."""

import json
from collections.abc import Mapping
from typing import Any

MAX_LETTERS = 8_000
"""Of one result as JSON: what events tell of it, and what the embedded brain reads; see `tidy` for chat models."""
MAX_TEXT_LETTERS = 2_000
MAX_ARGUMENT_LETTERS = 600
MAX_DEPTH = 6
# The first of these numbers of items a list with which the result is short enough.
MAX_ITEMS = (40, 20, 10, 5, 2)
# Half of the plumbing in a moment is the same in every one of a result.
_DROPPED = frozenset({"source", "words", "box"})


def compact(value: Any) -> Any:
    """Return plain data with long lists, long strings and deep nesting cut; what was cut is said in place."""
    cut = value
    for items in MAX_ITEMS:
        cut = _cut(value, items, 0)
        if len(json.dumps(cut, ensure_ascii=False)) <= MAX_LETTERS:
            break
    return cut


def shortened(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a call as a person looks them up: what other steps found is told in a line."""
    short = {}
    for name, value in arguments.items():
        cut = compact(value)
        told = json.dumps(cut, ensure_ascii=False)
        short[name] = cut if len(told) <= MAX_ARGUMENT_LETTERS else f"{told[:MAX_ARGUMENT_LETTERS]}…"
    return short


def _cut(value: Any, items: int, depth: int) -> Any:
    if isinstance(value, str):
        return value if len(value) <= MAX_TEXT_LETTERS else f"{value[:MAX_TEXT_LETTERS]}… ({len(value)} characters)"
    if isinstance(value, list):
        kept = [_cut(one, items, depth + 1) for one in value[:items]]
        return kept if len(value) <= items else [*kept, f"… and {len(value) - items} more"]
    if isinstance(value, dict):
        if depth >= MAX_DEPTH:
            return "…"
        return {
            name: _cut(part, items, depth + 1)
            for name, part in value.items()
            if name not in _DROPPED and part not in (None, "", [], {})
        }
    return value
