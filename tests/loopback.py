"""Run a server of a test on loopback, in a thread."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import uvicorn


class Server(uvicorn.Server):
    """Ends as soon as it is told, where uvicorn's own looks three times, each a tenth of a second later."""

    _loop: asyncio.AbstractEventLoop | None = None

    def end(self) -> None:
        """Have it end, from any thread."""
        self.should_exit = True
        if self._loop:
            with suppress(RuntimeError):  # it has ended
                self._loop.call_soon_threadsafe(self._told.set)

    async def main_loop(self) -> None:
        self._told = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        await self.on_tick(0)
        if not self.should_exit:
            await self._told.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for one in [*self.servers, *(sockets or [])]:
            one.close()
        state = self.server_state
        for connection in list(state.connections):
            connection.shutdown()
        with suppress(TimeoutError):
            async with asyncio.timeout(self.config.timeout_graceful_shutdown):
                while state.connections or state.tasks:  # noqa: ASYNC110 - it has no event for this
                    await asyncio.sleep(0.002)
        for task in state.tasks:
            task.cancel()
        await self.lifespan.shutdown()


def listening(port: int = 0) -> socket.socket:
    """Return a socket that listens on a port, or on a free one."""
    # With the protocol named no answer waits 40 ms until its first half was acknowledged: asyncio asks for that.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(100)
    return listener


def free_address() -> tuple[socket.socket, str]:
    """Return a socket that listens on a free port, and its address."""
    listener = listening()
    return listener, f"http://127.0.0.1:{listener.getsockname()[1]}"


@contextmanager
def running(app: Any, listener: socket.socket, *, lifespan: str = "off", patience_seconds: int = 1) -> Iterator[None]:
    """Serve until the end of the block, and for a little longer what was asked in it."""
    config = uvicorn.Config(
        app,
        http="h11",
        ws="none",
        lifespan=lifespan,
        log_config=None,
        log_level="critical",
        timeout_graceful_shutdown=patience_seconds,
    )
    server = Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.end()
        thread.join(20)
        listener.close()
        assert not thread.is_alive(), "a server of a test did not end"
