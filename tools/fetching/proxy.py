"""A proxy on loopback for one call: each target is checked and dialled by the same rules as our own fetches."""

import asyncio
import base64
import hmac
import os
import secrets
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ..base.errors import DeniedError, SensoriumError, ToolError
from .dialling import Dialler
from .spelling import Location, read_location

if TYPE_CHECKING:
    from httpcore2 import AsyncNetworkStream

MOST_CONNECTIONS = 2000
"""Of one call: a video in pieces of some seconds takes a thousand."""
MOST_AT_ONCE = 16
HEAD_BYTES = 64 * 2**10
PIECE_BYTES = 64 * 2**10
_METHODS = ("GET", "HEAD", "POST")
# Between a client and its proxy only (RFC 9110, 7.6.1); what the proxy sets itself is taken out, too.
_HOP = frozenset({"connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "host", "expect"})


@dataclass(kw_only=True)
class FilteringProxy:
    """Lets a program that is not ours reach public addresses, and nothing else, while a call lasts."""

    dialler: Dialler
    most_bytes: int
    """Of all that comes in."""
    noting: Callable[[Location], AbstractContextManager[None]] = lambda location: nullcontext()
    """Wraps each connection, from before it is dialled."""
    refused: list[ToolError | SensoriumError] = field(default_factory=list)
    """What was asked for and not dialled."""
    hosts: list[str] = field(default_factory=list)
    """What was dialled."""
    received_bytes: int = 0
    is_full: bool = False
    """More came in than may."""
    _secret: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    _port: int = 0
    _connections: int = 0
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def url(self) -> str:
        """Where it listens, with what one must know to use it."""
        return f"http://sensorium:{self._secret}@127.0.0.1:{self._port}"

    @property
    def port(self) -> int:
        return self._port

    @asynccontextmanager
    async def listening(self, path: Path | None = None) -> AsyncIterator["FilteringProxy"]:
        """Listen on loopback, or at a path that a cage can be given; whatever is connected at the end is cut off."""
        if path:
            server = await asyncio.start_unix_server(self._serve, path, limit=HEAD_BYTES)
            # Who runs in a cage is nobody here; the secret keeps others out.
            os.chmod(path, 0o777)  # noqa: PTH101 - a call that does not wait
        else:
            server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=HEAD_BYTES)
            self._port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        if len(self._tasks) >= MOST_AT_ONCE:
            writer.close()
            return
        self._tasks.add(task)
        try:
            # `CancelledError` stays here, too: the loop would report it as an error of the server.
            with suppress(OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError,
                          asyncio.CancelledError, ValueError):  # fmt: skip
                await self._exchange(reader, writer)
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one request; a connection is not used for a second one."""
        import httpcore2

        rules = self.dialler.rules
        async with asyncio.timeout(rules.connect_seconds):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.rstrip("\r\n").split("\r\n")
        if {"\r", "\n"} & set("".join(lines)):  # some servers would read another line there
            return
        method, target, _ = first.split(" ")
        headers = [(name.strip(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
        if not self._knows_the_secret(headers):
            await _say(writer, "407 Proxy Authentication Required", "This proxy serves one call of Sensorium only.")
            return
        try:
            self._count()
            location = read_location(f"https://{target}/" if method == "CONNECT" else target)
            if method != "CONNECT" and (method not in _METHODS or location.scheme != "http"):
                raise DeniedError(f"{method[:20]!r} is not passed on.")
            with self.noting(location):
                stream = await self.dialler.dial(location.host, location.port)
                self.hosts.append(location.host)
                try:
                    if method == "CONNECT":
                        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                        content_bytes = sys.maxsize
                    else:
                        await stream.write(_forwarded(method, location, headers), rules.read_seconds)
                        content_bytes = _content_bytes(headers)
                    await self._splice(reader, writer, stream, content_bytes)
                finally:
                    await stream.aclose()
        except SensoriumError as error:
            self.refused.append(error)
            await _say(writer, "403 Forbidden", str(error))
        except (httpcore2.NetworkError, httpcore2.TimeoutException):
            await _say(writer, "502 Bad Gateway", "The connection broke off.")

    def _knows_the_secret(self, headers: list[tuple[str, str]]) -> bool:
        wanted = b"Basic " + base64.b64encode(f"sensorium:{self._secret}".encode())
        given = next((value for name, value in headers if name.lower() == "proxy-authorization"), "")
        return hmac.compare_digest(given.encode("latin-1"), wanted)

    def _count(self) -> None:
        self._connections += 1
        if self._connections > MOST_CONNECTIONS:
            raise DeniedError(f"More than {MOST_CONNECTIONS:,} connections were made for one video.")
        if self.is_full:
            raise DeniedError(f"More than {self.most_bytes:,} bytes came in.")

    async def _splice(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        stream: "AsyncNetworkStream",
        content_bytes: int,
    ) -> None:
        """Pass bytes on in both directions until the server ends, is silent for long, or has sent too much."""
        sending = asyncio.create_task(self._send(reader, stream, content_bytes))
        try:
            while data := await stream.read(PIECE_BYTES, self.dialler.rules.read_seconds):
                self.received_bytes += len(data)
                if self.received_bytes > self.most_bytes:
                    self.is_full = True
                    return
                writer.write(data)
                await writer.drain()
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)

    async def _send(self, reader: asyncio.StreamReader, stream: "AsyncNetworkStream", left: int) -> None:
        """Pass on what a request holds, and nothing behind it: a second one may be meant for another host."""
        while left and (data := await reader.read(min(left, PIECE_BYTES))):
            left -= len(data)
            await stream.write(data, self.dialler.rules.read_seconds)


def _forwarded(method: str, location: Location, headers: list[tuple[str, str]]) -> bytes:
    """Return the head of a request as the server gets it: to the host that was dialled, for one answer only."""
    kept = [
        f"{name}: {value}"
        for name, value in headers
        if name.lower() not in _HOP and not name.lower().startswith("proxy-") and name
    ]
    lines = [f"{method} {location.target} HTTP/1.1", f"Host: {location.authority}", *kept, "Connection: close"]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def _content_bytes(headers: list[tuple[str, str]]) -> int:
    given = next((value for name, value in headers if name.lower() == "content-length"), "0")
    return int(given) if given.isdecimal() and len(given) < 16 else 0


async def _say(writer: asyncio.StreamWriter, status: str, text: str) -> None:
    body = text.encode("utf-8", "replace")
    head = f"HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    writer.write(head.encode() + body)
    await writer.drain()
