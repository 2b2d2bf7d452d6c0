"""What the user lets be fetched: the `[fetch]` table of the home folder's sensorium.toml."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..base.errors import SettingsError
from .addresses import Network

Resolver = Callable[[str, int], Sequence[str]]
"""Host and port -> the IP addresses that answer to them; called in a thread, may raise OSError."""
_WHERE = "`[fetch]` of sensorium.toml"


@dataclass(frozen=True, kw_only=True)
class FetchRules:
    """Limits of what is fetched, and what may be fetched without being asked about."""

    allow: tuple[str, ...] = ()
    """Addresses that need no approval: `example.org`, `*.example.org`, `https://example.org/talks/*`."""
    ports: frozenset[int] = frozenset({80, 443})
    max_bytes: int = 512 * 2**20
    """Of one file, also after decompression."""
    seconds: float = 300.0
    """From the first connection to the last byte."""
    connect_seconds: float = 10.0
    read_seconds: float = 20.0
    """The longest silence."""
    also_public: tuple[Network, ...] = ()
    """Networks that are dialled though they are not public: for tests, which have servers on loopback.

    Like the next two it can be given in code only, so that no file and no variable opens what lies behind a firewall.
    """
    resolver: Resolver | None = None
    """Who is asked for addresses; None: the system."""
    certificates: Any = None
    """An `ssl.SSLContext`: whose certificates are believed; None: those of the system.

    Not typed so: settings go to other processes as JSON, for which every type must be known without importing `ssl`.
    """


def read_rules(table: Any) -> FetchRules:
    """Return the rules that the table `[fetch]` describes.

    Raises:
        SettingsError: It cannot be understood.
    """
    if not isinstance(table, Mapping):
        raise SettingsError("`fetch` in sensorium.toml must be a table: `[fetch]`.")
    known = ("allow", "ports", "max_bytes", "seconds")
    if unknown := [one for one in table if one not in known]:
        raise SettingsError(f"{_WHERE} has {unknown[0]!r}. It can have: {', '.join(known)}.")
    return FetchRules(
        allow=_allowed(table.get("allow", [])),
        ports=FetchRules.ports | _ports(table.get("ports", [])),
        max_bytes=int(_number(table, "max_bytes", FetchRules.max_bytes)),
        seconds=_number(table, "seconds", FetchRules.seconds),
    )


def _allowed(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise SettingsError(f'`allow` in {_WHERE} must be a list of texts, such as `["example.org"]`.')
    for one in value:
        from .permission import why_no_pattern  # takes its time to import, and most settings allow nothing

        if why := why_no_pattern(one):
            raise SettingsError(f"`allow` in {_WHERE} has {one!r}: {why}.")
    return tuple(value)


def _ports(value: Any) -> frozenset[int]:
    if not isinstance(value, list) or not all(type(one) is int and 0 < one < 65_536 for one in value):
        raise SettingsError(f"`ports` in {_WHERE} is {value!r}; it must be a list of numbers from 1 to 65535.")
    return frozenset(value)


def _number(table: Mapping[str, Any], name: str, default: float) -> float:
    value = table.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
        raise SettingsError(f"`{name}` in {_WHERE} is {value!r}; it must be a number above 0.")
    return float(value)
