"""HTTP connections that are closed when nothing comes of them."""

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS = 15.0
"""How long the head of a request may take, and what is left of the body of one that was answered already."""
UNREAD_SECONDS = 60.0
"""How long answers may lie here that the client does not read."""


class ImpatientProtocol(H11Protocol):
    """Closes a connection on which a request takes too long to begin, or nobody reads; the server's own has no limits.

    Each connection holds one of few places, and whoever holds it has shown no token yet.
    """

    _waiting: asyncio.TimerHandle | None = None
    _unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Read on; each byte more is no reason to wait longer."""
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        """Wait for the next request, or for the rest of the body."""
        super().on_response_complete()
        self._watch()

    def pause_writing(self) -> None:
        """Begin to wait until something is read."""
        super().pause_writing()
        self._unread = self.loop.call_later(UNREAD_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """Write on."""
        self._stop_unread()
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP, unless it follows a request that has its answer: then the server's own raises."""
        if self.cycle is not None:
            self.cycle.disconnected = True  # whoever answers has nobody to answer any more
            self.cycle.message_event.set()
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            super().send_400_response(msg)
        else:
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._stop()
        self._stop_unread()
        super().connection_lost(exc)

    def _watch(self) -> None:
        if self.cycle is not None and not (self.cycle.response_complete or self.cycle.disconnected):
            self._stop()
        elif self._waiting is None:
            self._waiting = self.loop.call_later(HEAD_SECONDS, self._close)

    def _stop(self) -> None:
        if self._waiting:
            self._waiting.cancel()
            self._waiting = None

    def _stop_unread(self) -> None:
        if self._unread:
            self._unread.cancel()
            self._unread = None

    def _close(self) -> None:
        # It stays open until all that was written is read.
        self.transport.close()
        self._waiting = self.loop.call_later(UNREAD_SECONDS, self.transport.abort)
