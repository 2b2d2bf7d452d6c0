"""Numbers of the settings that hold for all models of a provider, or for those a pattern names."""

import math
from collections.abc import Mapping
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import Any

from .errors import SettingsError

Amounts = Mapping[str, float]
ORDERED = ", "
"""Parts the pattern of a model from what is ordered of it, and each of that from the next."""


def read_by_model(table: Any, known: tuple[str, ...], where: str) -> dict[str, Amounts]:
    """Return pattern of a model's name -> numbers: those that stand in `table` itself are for all, `*`.

    Raises:
        SettingsError: It cannot be understood; the message names `where`.
    """
    if not isinstance(table, Mapping):
        raise SettingsError(f"{where} must be a table of: {', '.join(known)}; or of models, each with such a table.")
    found: dict[str, Amounts] = {
        str(name): read_amounts(one, known, where) for name, one in table.items() if isinstance(one, Mapping)
    }
    for_all = {name: one for name, one in table.items() if not isinstance(one, Mapping)}
    return found | ({"*": read_amounts(for_all, known, where)} if for_all else {})


def read_amounts(table: Any, known: tuple[str, ...], where: str) -> dict[str, float]:
    """Return a table of numbers from 0 up, whose names must be among the known ones.

    Raises:
        SettingsError: It is no such table; the message names `where`.
    """
    if not isinstance(table, Mapping):
        raise SettingsError(f"{where} must be a table of: {', '.join(known)}.")
    for name, amount in table.items():
        if name not in known:
            raise SettingsError(f"{where} has {name!r}. It can have: {', '.join(known)}.")
        if not isinstance(amount, int | float) or isinstance(amount, bool) or not 0 <= amount < math.inf:
            raise SettingsError(f"{where}: `{name}` is {amount!r}; it must be a number from 0 up.")
    return {name: float(amount) for name, amount in table.items()}


def for_model(
    tables: Mapping[str, Amounts], name: str, ordered: Mapping[str, Any] = MappingProxyType({})
) -> Amounts | None:
    """Return the numbers of a model: by its own name, else by the longest pattern that fits it.

    Args:
        tables: Pattern -> numbers. One that ends in `, resolution=720p` is for orders of that alone, and goes before
            the same with less behind it; of two with as much, the last.
        name: The model's.
        ordered: What is ordered of it.
    """
    fitting = [one for one in _fitting(tables, name) if all(_is_ordered(term, ordered) for term in one[0])]
    return max(fitting, key=lambda one: len(one[0]))[1] if fitting else None


def all_for_model(tables: Mapping[str, Amounts], name: str, ordered: Mapping[str, Any]) -> list[Amounts]:
    """Return the numbers that a model may have where `ordered` is not yet all that will be ordered."""

    def may_be(term: str) -> bool:
        return ordered.get(term.partition("=")[0]) is None or _is_ordered(term, ordered)

    return [amounts for terms, amounts in _fitting(tables, name) if all(map(may_be, terms))]


def _fitting(tables: Mapping[str, Amounts], name: str) -> list[tuple[list[str], Amounts]]:
    """Return, of the pattern that fits a name best, what is ordered -> numbers; the last first."""
    named = [(*key.split(ORDERED), key) for key in tables]
    fitting = [one for one in named if one[0] == name or fnmatchcase(name, one[0])]
    best = max((one[0] for one in fitting), key=lambda pattern: (pattern == name, len(pattern)), default="")
    return [(list(one[1:-1]), tables[one[-1]]) for one in reversed(fitting) if one[0] == best]


def _is_ordered(term: str, ordered: Mapping[str, Any]) -> bool:
    name, _, wanted = term.partition("=")
    value = ordered.get(name)
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return value is not None and text.casefold() == wanted.casefold()
