"""Results cut down to what a person or a model reads; the whole stays in the journal and in artifacts."""

from typing import Any

MAX_ITEMS = 40
MAX_LETTERS = 2_000
MAX_DEPTH = 6
# Half of the plumbing in a moment is the same in every one of a result.
_DROPPED = frozenset({"source", "words", "box"})


def compact(value: Any, *, depth: int = 0) -> Any:
    """Return plain data with long lists, long strings and deep nesting cut; what was cut is said in place."""
    if isinstance(value, str):
        return value if len(value) <= MAX_LETTERS else f"{value[:MAX_LETTERS]}… ({len(value)} characters)"
    if isinstance(value, list):
        kept = [compact(one, depth=depth + 1) for one in value[:MAX_ITEMS]]
        return kept if len(value) <= MAX_ITEMS else [*kept, f"… and {len(value) - MAX_ITEMS} more"]
    if isinstance(value, dict):
        if depth >= MAX_DEPTH:
            return "…"
        return {
            name: compact(part, depth=depth + 1)
            for name, part in value.items()
            if name not in _DROPPED and part not in (None, "", [], {})
        }
    return value
