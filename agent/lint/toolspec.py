"""A tool as the linter sees it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ...tools.base.tool import Tool
from .kinds import ANYTHING
from .shapes import Schema


@dataclass(frozen=True, kw_only=True)
class Port:
    """One argument of a tool."""

    name: str
    kinds: frozenset[str] = frozenset()
    """The kinds of media it takes; empty when it takes none, or it is not known."""
    schema: Schema = field(default_factory=dict)
    required: bool = False
    many: bool = False
    lenient: bool = False
    """Whether the tool reads the value in a way of its own, so that its schema does not say what it refuses."""


@dataclass(frozen=True, kw_only=True)
class ToolSpec:
    """What a tool takes and gives."""

    name: str
    aliases: tuple[str, ...] = ()
    ports: Mapping[str, Port] = field(default_factory=dict)
    """Its arguments by name; of a tool whose arguments have no names, none."""
    takes: tuple[str, ...] = ()
    """The kinds of its inputs in order, of a tool whose arguments have no names."""
    is_open: bool = False
    """Whether its arguments have names that are not known here."""
    output: Schema = field(default_factory=dict)
    gives: frozenset[str] = frozenset()
    """The kinds of its result; empty when only `output` says it."""
    definitions: Mapping[str, Any] = field(default_factory=dict)
    result_definitions: Mapping[str, Any] = field(default_factory=dict)
    own_lists: tuple[str, ...] = ()
    """The lists of its result that no other tool's result has."""
    is_pure: bool = True
    makes_files: bool = False
    limits: Mapping[str, Any] = field(default_factory=dict)
    price_usd: float | None = None
    seconds: float | None = None
    tool: Tool | None = None

    @property
    def required(self) -> list[str]:
        return [port.name for port in self.ports.values() if port.required]

    @property
    def input_kinds(self) -> frozenset[str]:
        """Every kind that one of its inputs takes."""
        return frozenset(self.takes) | frozenset(kind for port in self.ports.values() for kind in port.kinds)

    def converts(self) -> tuple[Port | None, str] | None:
        """Return the one port and the one kind of a tool that turns one thing into another; None for other tools."""
        if self.ports:
            needed = [port for port in self.ports.values() if port.required]
            files = [port for port in needed if port.kinds]
            ok = len(needed) == len(files) == 1 and len(self.gives) == 1
            return (files[0], next(iter(self.gives))) if ok else None
        if len(self.takes) != 1 or len(self.gives) != 1:
            return None
        return None if {*self.takes, *self.gives} & {ANYTHING} else (None, next(iter(self.gives)))


Specs = Mapping[str, ToolSpec]
