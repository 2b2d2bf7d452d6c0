"""The groups of tools that a server may offer."""

from typing import Literal, get_args

Group = Literal["media", "make", "code", "web", "agent"]
GROUPS: tuple[Group, ...] = get_args(Group)
DEFAULT_GROUPS: frozenset[str] = frozenset({"media", "make", "agent"})
ALL = "all"
"""Every tool, also those that are in no curated group."""
