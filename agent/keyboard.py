"""Lines that a user types, read so that a Ctrl-C ends the waiting for them."""

import asyncio
import os
import sys
import threading
from typing import TextIO


class Keyboard:
    """The lines of a terminal."""

    def __init__(self, stream: TextIO) -> None:
        self._descriptor = stream.fileno()
        self._encoding = stream.encoding or "utf-8"
        self._rest = b""

    def forget(self) -> None:
        """Drop what was typed so far: it was no answer to what is asked next."""
        self._rest = b""
        if sys.platform != "win32":
            import termios

            termios.tcflush(self._descriptor, termios.TCIFLUSH)

    async def line(self) -> str | None:
        """Return the next line without its end; None when the input was closed (Ctrl-D)."""
        while b"\n" not in self._rest:
            if not (more := await self._read()):
                return None
            self._rest += more
        line, _, self._rest = self._rest.partition(b"\n")
        return line.rstrip(b"\r").decode(self._encoding, "replace")

    async def _read(self) -> bytes:
        loop = asyncio.get_running_loop()
        ready: asyncio.Future[None] = loop.create_future()
        if sys.platform == "win32":
            return await self._read_in_thread(loop)
        loop.add_reader(self._descriptor, lambda: None if ready.done() else ready.set_result(None))
        try:
            await ready
        finally:
            loop.remove_reader(self._descriptor)
        return self._now()

    async def _read_in_thread(self, loop: asyncio.AbstractEventLoop) -> bytes:
        """Read where no event loop can wait for a console; the thread must not hold up the end of the process."""
        found: asyncio.Future[bytes] = loop.create_future()

        def settle(piece: bytes) -> None:
            if not found.done():
                found.set_result(piece)

        threading.Thread(target=lambda: loop.call_soon_threadsafe(settle, self._now()), daemon=True).start()
        return await found

    def _now(self) -> bytes:
        """Return what was typed; nothing when the terminal is gone."""
        try:
            return os.read(self._descriptor, 65_536)
        except OSError:
            return b""
