"""Reads no more of an answer than there is room for: some never end, and some swell."""

import time
from collections.abc import AsyncIterator

import httpx2

MOST_BYTES = 2**18
MOST_SECONDS = 10.0
ENCODINGS = ("", "identity", "gzip", "x-gzip", "deflate")
"""Of one piece of an answer (64 KiB) these make 66 MB at most; Brotli, Zstandard and one in another make gigabytes."""


class Short(httpx2.AsyncByteStream):
    """The beginning of a stream."""

    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size, begun = 0, time.monotonic()
        async for piece in self._stream:
            yield piece
            size += len(piece)
            if size >= MOST_BYTES or time.monotonic() - begun > MOST_SECONDS:
                return

    async def aclose(self) -> None:
        await self._stream.aclose()


async def shorten(response: httpx2.Response) -> None:
    """Shorten the body of a response that is no success, before it is read."""
    if not response.is_success and isinstance(response.stream, httpx2.AsyncByteStream):
        response.stream = Short(response.stream)


async def refuse_bombs(response: httpx2.Response) -> None:
    """Refuse an answer that is compressed as nobody asked for.

    Raises:
        RemoteProtocolError: Before anything of it is read.
    """
    encoding = response.headers.get("content-encoding", "").strip().lower()
    if encoding not in ENCODINGS:
        raise httpx2.RemoteProtocolError(f"it is compressed as {encoding[:40]!r}, and was asked for as gzip or deflate")
