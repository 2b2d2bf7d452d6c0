"""The way to an MCP server, one a process and loop: opened when it is needed, anew where it broke, with pauses."""

import asyncio
import time
from collections.abc import Awaitable
from pathlib import Path
from typing import TypeVar
from weakref import WeakKeyDictionary

from ..base.errors import UnavailableError
from .configured import Server
from .connection import Connection

T = TypeVar("T")

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.25, 60.0
"""How long a server that cannot be connected to is left alone; twice as long after each failure."""
# A connection belongs to its loop.
_links: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[tuple[str, Path, bool], "Link"]] = WeakKeyDictionary()


def link_to(server: Server, home: Path, *, local_only: bool) -> "Link":
    """Return this loop's link to a server."""
    links = _links.setdefault(asyncio.get_running_loop(), {})
    return links.setdefault((server.fingerprint, home, local_only), Link(server, home, local_only=local_only))


async def close_links() -> None:
    """Let go of all servers of this loop."""
    links = _links.pop(asyncio.get_running_loop(), {}).values()
    await asyncio.gather(*(one.close() for one in links))


async def leaving(work: Awaitable[T]) -> T:
    """Return what comes of the work of a loop that ends with it; the servers it used are let go before that."""
    try:
        return await work
    finally:
        await close_links()


class Link:
    """The way to one server, whether there is a connection or not."""

    def __init__(self, server: Server, home: Path, *, local_only: bool) -> None:
        self.server = server
        self._home = home
        self._local_only = local_only
        self._connection: Connection | None = None
        self._connecting = asyncio.Lock()
        self._failures = 0
        self._not_before = 0.0
        self.turns: dict[str, asyncio.Lock] = {}
        """Of each call: the same one is made one after another."""
        self.done: dict[str, int] = {}
        """Call -> how often it was made in this process."""

    async def connected(self) -> "Connection":
        """Return a connection that works as far as is known.

        Raises:
            NotSent: None can be made now; one may be later.
            UnavailableError: None can be made before something is changed.
        """
        async with self._connecting:
            if self._connection and self._connection.is_alive and await self._connection.is_sound():
                return self._connection
            if (wait := self._not_before - time.monotonic()) > FIRST_PAUSE_SECONDS * 8:
                raise UnavailableError(
                    f"The MCP server `{self.server.name}` could not be connected to {self._failures} times in a row; "
                    f"it is tried again in {wait:.0f} s. `sensorium doctor` says what is wrong with it."
                )
            await asyncio.sleep(max(0.0, wait))
            if self._connection:
                await self._connection.retire()
            connection = Connection(self.server, self._home, local_only=self._local_only)
            try:
                await connection.open()
            except BaseException:
                self._failures += 1
                pause = FIRST_PAUSE_SECONDS * 2 ** min(self._failures - 1, 10)
                self._not_before = time.monotonic() + min(LONGEST_PAUSE_SECONDS, pause)
                raise
            self._failures, self._not_before, self._connection = 0, 0.0, connection
            return connection

    async def close(self) -> None:
        if self._connection:
            await self._connection.close()
