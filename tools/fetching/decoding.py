"""Undoes the compression of a response piece by piece, so that a bomb is noticed before it is large."""

import zlib
from collections.abc import Iterator

from ..base.errors import MediaError

# Of one step of decompression: a piece of 64 KiB can hold a thousand times as much.
PIECE_BYTES = 2**18
_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS
_HEAD_BYTES = 2


class Plain:
    """A response that is not compressed."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield what the bytes hold."""
        if data:
            yield data

    def close(self, host: str) -> None:
        """Notice that the response is at its end."""


class Inflated(Plain):
    """A response that was compressed with gzip or deflate, though it was asked for as it is."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(_GZIP_OR_ZLIB)
        self._head: bytes | None = b""
        """What came so far, while the two bytes that say how it is compressed are not there; then None."""
        self._is_padding = False
        self._parts = 0
        self._begun = False
        """Whether anything came out of this part."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield what the bytes hold, in small pieces.

        Raises:
            MediaError: They are not what they are said to be.
        """
        self._head = self._head + data if self._head is not None and len(self._head) < _HEAD_BYTES else None
        while (data or not self._stream.eof) and not self._is_padding:
            try:
                piece = self._stream.decompress(data, PIECE_BYTES)
            except zlib.error as error:
                if self._parts and not self._begun:  # what follows the last part is no other one
                    self._is_padding = True
                    return
                if self._head is None:
                    raise MediaError(f"The response is damaged: {error}. Try again later.") from error
                # Some servers send deflate without the head that the standard asks for.
                data, self._head = self._head, None
                self._stream = zlib.decompressobj(-zlib.MAX_WBITS)
                continue
            if piece:
                self._head, self._begun = None, True
                yield piece
            data = self._stream.unconsumed_tail
            if self._stream.eof and (data := self._stream.unused_data):
                self._parts, self._begun = self._parts + 1, False
                self._stream = zlib.decompressobj(_GZIP_OR_ZLIB)  # the next part of a file that has several
            elif not piece:
                return

    def close(self, host: str) -> None:
        """Notice that the response is at its end.

        Raises:
            MediaError: The compressed data is not.
        """
        if not (self._stream.eof or self._is_padding):
            raise MediaError(f"{host!r} broke off in the middle of the response. Try again later.")


def decoder(encoding: str, host: str) -> Plain:
    """Return what undoes the `Content-Encoding` of a response.

    Raises:
        MediaError: It is one that was not asked for and that is not read.
    """
    names = [one for name in encoding.lower().split(",") if (one := name.strip()) not in ("", "identity")]
    if not names:
        return Plain()
    if len(names) == 1 and names[0] in ("gzip", "x-gzip", "deflate"):
        return Inflated()
    raise MediaError(
        f"{host!r} sent its content compressed as {encoding[:60]!r}, though it was asked for as it is; gzip and "
        "deflate are read. Download it yourself and give the file."
    )
