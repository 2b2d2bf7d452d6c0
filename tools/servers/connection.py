"""A connection to an MCP server: held by a task of its own, until it breaks or nobody wants it any more."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from contextvars import Context
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..base.errors import UnavailableError
from . import over_http
from .configured import CONNECT_SECONDS, Server
from .failures import not_connected, not_opened, why_ended
from .listing import Listing, keep, listing_of
from .program import Program

if TYPE_CHECKING:
    from mcp import Client

LEAVE_SECONDS, PART_SECONDS = 10.0, 2.0
"""The longest that the end of a program, or of a session at an address, may take, before it is broken off."""
SOUND_SECONDS = 3.0
"""That a server on which a call was given up may take to say its tools."""
IDLE_SECONDS = 600.0
"""A server that nobody asked anything for so long is let go."""
MOST_PAGES = 20
MOST_LISTED = 1_000
"""Tools in a server's list that are looked at."""
LISTEN_PAUSE_SECONDS = 60.0
"""Before a server is asked again to say when its tools change, where it broke that off."""
_QUIET = ("mcp.client", "mcp.shared", "client", "httpx2", "httpcore2")


class Connection:
    """One connection, from its opening to its end."""

    def __init__(self, server: Server, home: Path, *, local_only: bool) -> None:
        self.server = server
        self.home = home
        self.listing: Listing | None = None
        self._local_only = local_only
        self._program = Program(server, home) if server.is_program else None
        self._last = over_http.Delivery()
        self._client: Client | None = None
        self._task: asyncio.Task[None] | None = None
        self._stop = asyncio.Event()
        self._changed = asyncio.Event()
        self._used = time.monotonic()
        self._in_use = 0
        self._is_doubtful = self._is_retired = False

    @property
    def is_alive(self) -> bool:
        """Whether something can be sent, as far as is known."""
        return self._client is not None and not (self._program and self._program.has_ended)

    @property
    def is_modern(self) -> bool:
        from mcp_types.version import MODERN_PROTOCOL_VERSIONS

        return bool(self._client and self._client.protocol_version in MODERN_PROTOCOL_VERSIONS)

    async def open(self) -> None:
        """Connect, and ask for the tools.

        Raises:
            NotSent: It does not answer, or not as an MCP server does.
            UnavailableError: It cannot be started.
        """
        _quiet()
        ready = asyncio.get_running_loop().create_future()
        # Nothing of who asks first goes along: the connection outlives that call.
        self._task = asyncio.create_task(self._hold(ready), context=Context())
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await asyncio.shield(ready)
        except TimeoutError as error:
            await self.close()
            why = not_connected(self.server, f"it did not answer within {CONNECT_SECONDS:g} s")
            raise UnavailableError(str(why)) from error
        except BaseException:
            await self.close()
            raise
        finally:
            if not ready.cancelled() and ready.done():
                ready.exception()

    def doubt(self) -> None:
        """Take notice that a call was given up: whoever is to use the connection next looks whether it still works."""
        self._is_doubtful = True

    async def is_sound(self) -> bool:
        """Tell whether a connection works on which a call was given up.

        Over HTTP it is not asked: the SDK may still be listening for the answer to that call, as long as it likes.
        """
        if not self._is_doubtful:
            return True
        if not self._program:
            return False
        with suppress(Exception):
            async with asyncio.timeout(SOUND_SECONDS):
                await self.list_tools()
            self._is_doubtful = False
        return not self._is_doubtful

    async def retire(self) -> None:
        """End the connection as soon as no call uses it."""
        if self._in_use and self.is_alive:
            self._is_retired = True
        else:
            await self.close()

    async def close(self) -> None:
        """End the connection, and the program with it."""
        self._client = None
        self._stop.set()
        if not self._task or self._task.done():
            return
        if self.listing is not None:  # else it is still being opened, and does not look whether it should stop
            seconds = LEAVE_SECONDS if self._program else PART_SECONDS
            done, _ = await asyncio.wait([self._task], timeout=seconds)
            if done:
                return
        self._task.cancel()
        await asyncio.wait([self._task])

    @asynccontextmanager
    async def using(self) -> "AsyncIterator[Client]":
        """Give the client, and keep the connection meanwhile.

        Raises:
            NotSent: The connection is gone.
        """
        if not self.is_alive:
            raise not_connected(self.server, "the connection broke")
        assert self._client
        self._in_use += 1
        try:
            yield self._client
        finally:
            self._in_use -= 1
            self._used = time.monotonic()

    def why_ended(self) -> str:
        """Say why the connection is gone, as far as is known."""
        return why_ended(self._program, self._last)

    async def list_tools(self) -> Listing:
        """Ask for the tools, and keep the list for the next plan.

        Raises:
            ToolError: The list does not end, or is none.
        """
        client = self._client
        assert client
        tools: list[Any] = []
        cursor: str | None = None
        seen: set[str | None] = set()
        for _ in range(MOST_PAGES):
            page = await client.list_tools(cursor=cursor, cache_mode="bypass")
            tools += page.tools
            cursor = page.next_cursor
            if cursor is None or cursor in seen or len(tools) >= MOST_LISTED:
                break
            seen.add(cursor)
        info = client.server_info
        told = f"{info.name} {info.version}" if info else ""
        self.listing = listing_of(self.server, tools[:MOST_LISTED], era=client.protocol_version, info=told)
        await asyncio.to_thread(keep, self.listing, self.server, self.home)
        return self.listing

    async def _hold(self, ready: "asyncio.Future[None]") -> None:
        """Be the connection: what opens it must also close it, in one task."""
        from mcp import Client
        from mcp_types import Implementation

        from ... import __version__

        try:
            if self._program:
                transport: Any = self._program.speaking()
            else:
                transport = over_http.speaking(self.server, local_only=self._local_only, last=self._last)
            async with Client(
                transport,
                cache=None,
                message_handler=self._heard,
                client_info=Implementation(name="sensorium", version=__version__),
            ) as client:
                self._client = client
                await self.list_tools()
                if not ready.done():
                    ready.set_result(None)
                listening = asyncio.create_task(self._listen(client))
                try:
                    await self._wait()
                    self._client = None  # before it ends, so that no call is begun on it
                finally:
                    listening.cancel()
                    await asyncio.gather(listening, return_exceptions=True)
        except asyncio.CancelledError:
            if not ready.done():
                ready.set_exception(not_connected(self.server, "it was stopped"))
            raise
        except BaseException as error:  # whatever a server makes of the protocol ends its own connection only
            if not ready.done():
                ready.set_exception(not_opened(error, self.server, self._program, self._last))
            elif not isinstance(error, Exception):
                raise
        finally:
            self._client = None

    async def _wait(self) -> None:
        """Wait until the connection is not wanted any more, and look at the tools again when they change."""
        while self.is_alive and not self._stop.is_set():
            waiting = [asyncio.create_task(one.wait()) for one in (self._stop, self._changed)]
            try:
                await asyncio.wait(waiting, timeout=1.0, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for one in waiting:
                    one.cancel()
            if self._changed.is_set() and self.is_alive:
                self._changed.clear()
                with suppress(Exception):  # the list that is known stays
                    async with asyncio.timeout(CONNECT_SECONDS):
                        await self.list_tools()
            if not self._in_use and self._is_retired:
                return
            if not self._in_use and time.monotonic() - self._used > IDLE_SECONDS:
                return

    async def _listen(self, client: "Client") -> None:
        """Hear of a changed list of tools from a server that tells it only to those who ask for it."""
        tools = client.server_capabilities.tools
        while self.is_modern and tools and tools.list_changed:
            with suppress(Exception):  # it is heard of at the next connection, too
                async with client.listen(tools_list_changed=True) as subscription:
                    async for _ in subscription:
                        self._changed.set()
            await asyncio.sleep(LISTEN_PAUSE_SECONDS)

    async def _heard(self, message: Any) -> None:
        """Take notice of a changed list of tools; of nothing else that a server says unasked."""
        from mcp_types import ToolListChangedNotification

        if isinstance(message, ToolListChangedNotification) or isinstance(
            getattr(message, "root", None), ToolListChangedNotification
        ):
            self._changed.set()


def _quiet() -> None:
    """Keep off the terminal what the SDK logs of a server: it holds that server's words."""
    for name in _QUIET:
        logger = logging.getLogger(name)
        if not logger.handlers:
            logger.addHandler(logging.NullHandler())
        logger.propagate = False
