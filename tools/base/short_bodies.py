"""Reads no more of a refusal's body than is looked at: some never end."""

import time
from collections.abc import AsyncIterator

import httpx2

MOST_BYTES = 2**18
MOST_SECONDS = 10.0


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
