"""Which tools of other servers can be planned with, and why others cannot."""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from ..base.catalog import SEPARATOR
from ..base.errors import ArgumentError, SensoriumError, UnavailableError
from ..base.outward import SWITCH
from .configured import Server
from .listing import Listing, kept, note_silence, silent_since
from .remote_tool import RemoteTool, remote_tool

if TYPE_CHECKING:
    from ..base.settings import Settings

SILENT_SECONDS = 600.0
"""A server that was asked in vain is not waited for again before a plan so soon."""
FRESH_SECONDS = 86_400.0
"""A list that is older is asked for again before a plan is made."""
LONGEST_WAIT_SECONDS = 20.0
"""That a plan waits for servers that were never asked."""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What is known of one server."""

    server: Server
    listing: Listing | None
    why_not: str
    """Why its tools are not offered, as a sentence; empty when they are."""


def why_not_offered(server: Server, settings: "Settings") -> str:
    """Say why the tools of a server cannot be used under these settings; nothing when they can."""
    setting = f"`[mcp.servers.{server.name}]` of sensorium.toml"
    if not server.enabled:
        return f"`enabled` is false in {setting}."
    if server.unset:
        named = ", ".join(f"`{one}`" for one in server.unset)
        return f"{named}, which {setting} names, is not set."
    if settings.local_only and server.is_program:
        return f"it is a program, which may send anything anywhere, and {SWITCH} lets nothing leave this machine."
    if settings.local_only and not server.is_local:
        return f"{server.place} is not on this machine, and {SWITCH} lets nothing leave it."
    if settings.offline and not server.is_program and not server.is_local:
        return f"{server.place} is not on this machine, and `SENSORIUM_OFFLINE` is set."
    return ""


def standings(settings: "Settings") -> list[Standing]:
    """Return what is known of each server, without asking any."""
    return [
        Standing(server=one, listing=kept(one, settings.home), why_not=why_not_offered(one, settings))
        for one in settings.servers.values()
    ]


def remote_tools(settings: "Settings") -> dict[str, RemoteTool]:
    """Return the tools of other servers to plan with, as far as their lists are known; see `ask_servers`."""
    return {
        listed.name: remote_tool(one.server, listed)
        for one in standings(settings)
        if one.listing and not one.why_not
        for listed in one.listing.tools
    }


def remote_named(name: str, settings: "Settings") -> RemoteTool:
    """Return the tool of a server by its name here.

    Raises:
        ArgumentError: There is no such server or tool; the message names those there are.
        UnavailableError: The server cannot be used now, or was never asked.
    """
    owner = name.partition(SEPARATOR)[0]
    known = {one.server.name: one for one in standings(settings)}
    if owner not in known:
        there = f"The servers are: {', '.join(known)}." if known else "None is set."
        raise ArgumentError(f"There is no tool {name!r}: no MCP server {owner!r} is in the settings. {there}")
    one = known[owner]
    if one.why_not:
        raise UnavailableError(f"`{name}` cannot be called: {one.why_not}")
    if one.listing is None:
        raise UnavailableError(
            f"`{name}` cannot be called: the MCP server `{owner}` has not said yet which tools it has. `sensorium "
            "doctor` asks it, and says what is wrong when it does not answer."
        )
    for listed in one.listing.tools:
        if listed.name == name:
            return remote_tool(one.server, listed)
    names = [listed.name for listed in one.listing.tools]
    near = get_close_matches(name, names, n=1)
    hint = f"Did you mean `{near[0]}`?" if near else f"It has: {', '.join(names) or 'none that the settings take'}."
    raise ArgumentError(f"There is no tool {name!r} on the MCP server `{owner}`. {hint}")


async def ask_servers(settings: "Settings", *, all_of_them: bool = False, unheard: str = "") -> dict[str, str]:
    """Ask servers for their tools: those that never gave any, or not for a day; not those that were silent just now.

    Args:
        settings: Which servers there are.
        all_of_them: Ask each.
        unheard: The name of one that is to be asked alone if it never gave any, also when it was silent just now.

    Returns:
        Name of a server -> why it could not be asked.
    """
    now = time.time()
    to_ask = [
        one.server
        for one in standings(settings)
        if not one.why_not
        and unheard in ("", one.server.name)
        and (all_of_them or (unheard and one.listing is None) or _is_due(one, settings, now))
    ]
    answers = await asyncio.gather(*(_asked(one, settings) for one in to_ask))
    failed = {one.name: why for one, why in zip(to_ask, answers, strict=True) if why}
    for one in to_ask:
        note_silence(one, settings.home, is_silent=one.name in failed)
    return failed


def _is_due(one: Standing, settings: "Settings", now: float) -> bool:
    if 0 <= now - silent_since(one.server, settings.home) < SILENT_SECONDS:
        return False
    return one.listing is None or not 0 <= now - one.listing.asked < FRESH_SECONDS


async def _asked(server: Server, settings: "Settings") -> str:
    """Ask one server; return why it could not be asked."""
    from .link import link_to

    link = link_to(server, settings.home, local_only=settings.local_only)
    try:
        async with asyncio.timeout(LONGEST_WAIT_SECONDS):
            connection = await link.connected()
            if connection.listing is None:
                await connection.list_tools()
    except TimeoutError:
        more = " Where it is downloaded first, start it once by hand." if server.is_program else ""
        return f"it did not answer within {LONGEST_WAIT_SECONDS:g} s.{more}"
    except SensoriumError as error:
        return str(error)
    return ""


def known_names(settings: "Settings") -> Iterable[str]:
    """Return the names of all tools that are known of all servers, offered or not, and a pattern for the unknown."""
    for one in standings(settings):
        if one.listing is None:
            yield f"{one.server.name}{SEPARATOR}"
        else:
            yield from (listed.name for listed in one.listing.tools)
