"""Listens for providers that tell when a job has changed; what they say is not read, the job is asked about at once."""

import asyncio
import hmac
import secrets
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary

from ..base.secret_logs import logger_of
from ..base.secrets import know
from ..base.settings import Settings

logger = logger_of(__name__)

_MOST_HEAD_BYTES = 16 * 2**10
_HEAD_SECONDS = 5.0
MOST_AT_ONCE = 64
"""Connections; of those that say nothing, more would leave no file to open for anyone else (macOS: 256)."""
_WELCOME = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"
_UNKNOWN = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Listener:
    """Wakes whoever waits for an order. The token in the path is new in each process and known to providers only."""

    def __init__(self) -> None:
        self.token = secrets.token_urlsafe(24)
        know(self.token)
        self.port = 0
        self._open = 0
        self._waiting: dict[str, asyncio.Event] = {}

    def path(self, order: str) -> str:
        """Return the path that wakes who waits for an order."""
        return f"{self.token}/{order}"

    @contextmanager
    def waking(self, order: str) -> Iterator[asyncio.Event]:
        """Give what is set when something is said of an order."""
        event = self._waiting[order] = asyncio.Event()
        try:
            yield event
        finally:
            del self._waiting[order]

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection; only the path of its first request is looked at."""
        self._open += 1
        try:
            if self._open > MOST_AT_ONCE:
                return
            async with asyncio.timeout(_HEAD_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
            writer.write(_WELCOME if self._wake(head) else _UNKNOWN)
            await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # a stranger, or a bad line; jobs are asked about all the same
        finally:
            self._open -= 1
            writer.close()

    def _wake(self, head: bytes) -> bool:
        words = head.split(b"\r\n", 1)[0].split(b" ")
        if len(words) != 3:
            return False
        # A proxy before it may have changed what stands first in the path.
        parts = words[1].partition(b"?")[0].rstrip(b"/").split(b"/")
        if len(parts) < 2 or not hmac.compare_digest(parts[-2], self.token.encode()):
            return False
        if event := self._waiting.get(parts[-1].decode("ascii", "replace")):
            event.set()
        return True


_Keeper = AsyncGenerator[Listener | None, None]
_listening: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, tuple[Listener | None, _Keeper]]] = (
    WeakKeyDictionary()
)


async def listener(settings: Settings) -> Listener | None:
    """Return this loop's listener; None where none is set, or another process listens there."""
    where = settings.webhook_listen
    if not where:
        return None
    known = _listening.setdefault(asyncio.get_running_loop(), {})
    if where not in known:
        keeper = _keep(where, known)
        known[where] = (None, keeper)
        known[where] = (await anext(keeper), keeper)
    return known[where][0]


async def _keep(where: str, known: dict[str, Any]) -> _Keeper:
    made, server = Listener(), None
    host, _, port = where.rpartition(":")
    try:
        server = await asyncio.start_server(made.answer, host.strip("[]"), int(port), limit=_MOST_HEAD_BYTES)
        made.port = server.sockets[0].getsockname()[1]
    except OSError as error:
        logger.warning("No webhooks are heard on %s: %s. Jobs are asked about all the same.", where, error.strerror)
    try:
        yield made if server else None
    finally:
        known.pop(where, None)
        if server:
            server.close()
