"""Other servers on a command line: asked where they must be, and why one has no tools to show."""

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..base.catalog import SEPARATOR
from .offering import ask_servers, standings
from .remote_tool import RemoteTool
from .wording import quoted

if TYPE_CHECKING:
    from ..base.settings import Settings

MOST_LETTERS = 120
"""Of what a server says of a tool, in a list."""


def asked(settings: "Settings", name: str = "") -> None:
    """Ask the servers whose tools are not known; where they are, nothing is started and nothing imported.

    Args:
        settings: Which servers there are.
        name: Of a tool: only its server is asked, also when it was silent just now.
    """
    server = name.partition(SEPARATOR)[0]
    if any(one.listing is None and not one.why_not and server in ("", one.server.name) for one in standings(settings)):
        from .link import leaving

        asyncio.run(leaving(ask_servers(settings, unheard=server)))


def sentence(tool: RemoteTool) -> str:
    """Return what a list says of a tool: whose it is, and the beginning of what its server says of it."""
    says = f", which says: {quoted(tool.listed.says, MOST_LETTERS)}" if tool.listed.says else ""
    return f"of the MCP server {tool.server.name}{says}"


def not_offered(settings: "Settings") -> Iterator[str]:
    """Yield for each server without tools why it has none, as a line."""
    for one in standings(settings):
        if one.why_not:
            yield f"The MCP server `{one.server.name}` is not offered: {one.why_not}"
        elif one.listing is None:
            yield f"The MCP server `{one.server.name}` did not say which tools it has; see `sensorium doctor`."
