"""Every tool by name, found by walking the folder."""

import difflib
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType

from .errors import ArgumentError
from .tool import Tool


@cache
def catalog() -> MappingProxyType[str, Tool]:
    """Return all tools by name: each `tools/NAME.py` holds the tool NAME."""
    package = import_module(__package__.rpartition(".")[0])
    found: dict[str, Tool] = {}
    for module in sorted(iter_modules(package.__path__), key=lambda one: one.name):
        if not module.ispkg:
            found[module.name] = getattr(import_module(f"{package.__name__}.{module.name}"), module.name)
    return MappingProxyType(found)


def find_tool(name: str) -> Tool:
    """Return the tool of this name.

    Raises:
        ArgumentError: There is none; the message names the nearest.
    """
    try:
        return catalog()[name]
    except KeyError:
        near = difflib.get_close_matches(name, catalog(), n=1)
        hint = f"Did you mean `{near[0]}`?" if near else f"There are: {', '.join(catalog())}."
        raise ArgumentError(f"There is no tool {name!r}. {hint}") from None
