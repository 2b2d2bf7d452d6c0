"""Every tool by name, found by walking the folder."""

import difflib
from collections.abc import Collection, Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType

from .errors import ArgumentError
from .settings import Settings
from .tool import Tool

NEEDS_A_MODEL = frozenset({"see", "film"})
"""Roles that only a model the user has set serves well: there is none here, or it says the same as other tools."""
SEPARATOR = "__"
"""Between the names of a server and its tool; no tool of ours has it."""
_TOOLS = __package__.rpartition(".")[0]


@cache
def catalog() -> MappingProxyType[str, Tool]:
    """Return all tools by name: each `tools/NAME.py` holds the tool NAME."""
    return MappingProxyType({name: _load(name) for name in _names()})


def offered(settings: Settings) -> dict[str, Tool]:
    """Return the tools to plan with: not those that need a model where none is set, but those of other servers."""
    lacking = NEEDS_A_MODEL - settings.models.keys()
    own = {name: one for name, one in catalog().items() if not lacking & set(one.roles)}
    return _Offered({**own, **(_remote(settings) if settings.servers else {})}, settings)


def _remote(settings: Settings) -> Mapping[str, Tool]:
    from ..servers.offering import remote_tools

    return remote_tools(settings)


class _Offered(dict[str, Tool]):
    """Tools by name; for a server's tool that an earlier plan has and that is gone, one that says so when called."""

    def __init__(self, tools: Mapping[str, Tool], settings: Settings) -> None:
        super().__init__(tools)
        self._settings = settings

    def __missing__(self, name: str) -> Tool:
        if SEPARATOR not in name:
            raise KeyError(name)
        from ..servers.gone import gone_tool

        return gone_tool(name, self._settings)


def some_tools(names: Collection[str]) -> dict[str, Tool]:
    """Return those of these tools that there are, without importing the others: a quick start needs that."""
    return {name: _load(name) for name in _names() if name in names}


@cache
def _names() -> list[str]:
    package = import_module(_TOOLS)
    return sorted(one.name for one in iter_modules(package.__path__) if not one.ispkg)


def _load(name: str) -> Tool:
    found = getattr(import_module(f"{_TOOLS}.{name}"), name)
    assert isinstance(found, Tool), f"tools/{name}.py must hold the tool {name}"
    return found


def find_tool(name: str, settings: Settings | None = None) -> Tool:
    """Return the tool of this name: one of ours, or of a server that the settings name.

    Raises:
        ArgumentError: There is none; the message names the nearest.
        UnavailableError: It is one of a server that cannot be used now.
    """
    if name in _names():
        return _load(name)  # alone: the others take time and memory that nobody asked for
    if settings and settings.servers and SEPARATOR in name:
        from ..servers.offering import remote_named

        return remote_named(name, settings)
    near = difflib.get_close_matches(name, _names(), n=1)
    hint = f"Did you mean `{near[0]}`?" if near else f"There are: {', '.join(_names())}."
    raise ArgumentError(f"There is no tool {name!r}. {hint}")
