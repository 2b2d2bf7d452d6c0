"""Spells out operations that are written as another with a few things changed."""

from collections.abc import Mapping
from typing import Any

LIKE = "like"
"""The field of an operation that names another one; its own fields are laid over that one's."""
_TAKEN_AWAY = ("takes", "maps", "result")
"""Tables in which `false` takes a field away; of the others it may be a value."""
_MOST_ALIKE = 50
_OURS = ("callback", "model")
"""What has a default or a map, and is not taken from a wish."""


def spelled_out(operations: Mapping[str, Any]) -> dict[str, Any]:
    """Return the operations with everything that they take from others.

    A table is laid over a table; `false` takes a field of `takes`, `maps` or `result` away, and with what is not taken
    any more go its default and its map.

    Raises:
        KeyError: An operation is like one that there is not; its argument is the operation.
        RecursionError: They are like each other in a circle, or without end.
    """
    return {name: _whole(operations, name, ()) for name in operations}


def _whole(operations: Mapping[str, Any], name: str, seen: tuple[str, ...]) -> Any:
    own = operations[name]
    if not isinstance(own, Mapping) or LIKE not in own:
        return own
    other = own[LIKE]
    if not isinstance(other, str) or other not in operations or not isinstance(operations[other], Mapping):
        raise KeyError(name)
    if other in (*seen, name) or len(seen) > _MOST_ALIKE:
        raise RecursionError(name)
    base = _whole(operations, other, (*seen, name))
    return _pruned(_laid_over(base, {field: one for field, one in own.items() if field != LIKE}))


def _laid_over(below: Mapping[str, Any], above: Mapping[str, Any], *, table: str | None = None) -> dict[str, Any]:
    """Return a table over another; what a request sends, and what a take takes, is not mixed but replaced."""
    laid = dict(below)
    for name, one in above.items():
        under = laid.get(name)
        if one is False and table in _TAKEN_AWAY:
            laid.pop(name, None)
        elif isinstance(one, Mapping) and isinstance(under, Mapping) and table is None:
            laid[name] = _laid_over(under, one, table=name)
        else:
            laid[name] = one
    return laid


def _pruned(operation: dict[str, Any]) -> dict[str, Any]:
    """Return an operation without defaults and maps of what it does not take."""
    takes = operation.get("takes")
    if not isinstance(takes, Mapping):
        return operation
    left = {
        table: {name: one for name, one in operation[table].items() if name in takes or name in _OURS}
        for table in ("defaults", "maps")
        if isinstance(operation.get(table), Mapping)
    }
    return operation | left
