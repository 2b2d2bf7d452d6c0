"""Connections whose bytes are counted, so that neither an endless answer nor a trickle goes on."""

import math
import ssl
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import httpcore2

from ..base.errors import MediaError
from .dialling import Dialler

if TYPE_CHECKING:
    from httpcore2 import SOCKET_OPTION

PATIENCE_SECONDS = 30.0
"""How long a server may send less than it must."""
SLOWEST_BYTES = 256
"""A second; any telephone line has more."""


class Meter:
    """Counts what comes in, whatever it is: a head without end is as large as a body, and may come as slowly."""

    def __init__(self) -> None:
        self._left, self._where = 0, ""
        self._came, self._since = 0, math.inf
        self.sent = 0

    def limit(self, most_bytes: int, where: str) -> None:
        self._left, self._where = most_bytes, where
        self._came, self._since = 0, math.inf

    def count(self, size: int) -> None:
        now = time.monotonic()
        self._came, self._since = self._came + size, min(self._since, now)
        seconds = now - self._since
        if seconds > PATIENCE_SECONDS and self._came < seconds * SLOWEST_BYTES:
            raise MediaError(
                f"The server sent {self._came:,} bytes in {seconds:.0f} s, so it was stopped. Try again later, or "
                "download the file yourself and give it."
            )
        self._left -= size
        if self._left < 0:
            what = f"endless data {self._where}".strip()
            raise MediaError(f"The server sends {what}, so it was stopped. Download the file yourself and give it.")


class MeteredBackend(httpcore2.AsyncNetworkBackend):
    """Dials for httpcore: the host of the address, by a dialler. TLS and the Host header keep the host's name."""

    def __init__(self, dialler: Dialler, meter: Meter) -> None:
        self._dialler, self._meter = dialler, meter

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore calls it so
        local_address: str | None = None,
        socket_options: "Iterable[SOCKET_OPTION] | None" = None,
    ) -> httpcore2.AsyncNetworkStream:
        return _MeteredStream(await self._dialler.dial(host, port), self._meter)


class _MeteredStream(httpcore2.AsyncNetworkStream):
    """A connection whose bytes are counted."""

    def __init__(self, stream: httpcore2.AsyncNetworkStream, meter: Meter) -> None:
        self._stream, self._meter = stream, meter

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        data = await self._stream.read(max_bytes, timeout)
        self._meter.count(len(data))
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        self._meter.sent += len(buffer)
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> httpcore2.AsyncNetworkStream:
        return _MeteredStream(await self._stream.start_tls(ssl_context, server_hostname, timeout), self._meter)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
