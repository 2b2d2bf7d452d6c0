"""How much of what is given is read: a plan may come from anywhere."""

from collections.abc import Mapping
from typing import Any

MAX_STEPS = 256
"""More than a plan may have, so that one that is a little too long is told what else is wrong."""
MAX_DEPTH = 50
MAX_PARTS = 100_000
MAX_CHARACTERS = 300_000


def too_much(given: Any) -> str | None:
    """Return why plain data is too deep or too large to be read, in words; what holds itself is endlessly deep."""
    parts = characters = 0
    waiting = [(given, 0)]
    while waiting:
        value, depth = waiting.pop()
        parts += 1
        if depth > MAX_DEPTH:
            return f"is nested more than {MAX_DEPTH} deep"
        if isinstance(value, str):
            characters += len(value)
        elif isinstance(value, Mapping):
            waiting += [(part, depth + 1) for part in value.values()]
            characters += sum(len(name) for name in value if isinstance(name, str))
        elif isinstance(value, list | tuple | set | frozenset):
            waiting += [(part, depth + 1) for part in value]
        if parts + len(waiting) > MAX_PARTS:
            return f"has more than {MAX_PARTS:,} parts"
        if characters > MAX_CHARACTERS:
            return f"has more than {MAX_CHARACTERS:,} characters"
    return None
