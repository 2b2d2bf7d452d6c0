"""A file put together out of parts of another and new bytes, read without being written first."""

import io
import os
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, BinaryIO, cast

COPY_BYTES = 1 << 20
HELD_BYTES = 64 << 20
"""Most of a file that is held in memory at once: tables of long films have some MB."""


class CannotTag(Exception):
    """A file has no place for it, or is not what it seems; the message says which."""


@dataclass(frozen=True)
class Part:
    """A range of the file that another is made of."""

    start: int
    end: int


Piece = bytes | Part


class Pieced(io.RawIOBase):
    """What the pieces give, read only."""

    def __init__(self, source: BinaryIO, pieces: Sequence[Piece]) -> None:
        self._source = source
        self._pieces = [one for one in pieces if _length(one)]
        self._starts = list(accumulate(map(_length, self._pieces), initial=0))
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        at = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._starts[-1]}[whence] + offset
        if at < 0:
            raise OSError(22, "the position is before the start")
        self._at = at
        return at

    def readinto(self, buffer: Any) -> int:
        if self._at >= self._starts[-1]:
            return 0
        number = bisect_right(self._starts, self._at) - 1
        piece, inside = self._pieces[number], self._at - self._starts[number]
        count = min(len(buffer), _length(piece) - inside)
        if isinstance(piece, Part):
            self._source.seek(piece.start + inside)
            found = self._source.read(count)
        else:
            found = piece[inside : inside + count]
        buffer[: len(found)] = found
        self._at += len(found)
        return len(found)


def opened(source: BinaryIO, pieces: Sequence[Piece]) -> BinaryIO:
    """Return what the pieces give as a file that is open for reading."""
    return cast("BinaryIO", io.BufferedReader(Pieced(source, pieces), COPY_BYTES))


def copied(source: BinaryIO) -> Iterator[bytes]:
    """Yield what a file has from its start on."""
    source.seek(0)
    while part := source.read(COPY_BYTES):
        yield part


def size_of(file: BinaryIO) -> int:
    """Return how many bytes a file has."""
    return file.seek(0, os.SEEK_END)


def exactly(file: BinaryIO, at: int, count: int) -> bytes:
    """Return bytes of a file.

    Raises:
        CannotTag: It has not as many, or they are more than is held in memory.
    """
    if not 0 <= count <= HELD_BYTES:
        raise CannotTag("a part of it is larger than its kind has")
    file.seek(at)
    found = file.read(count)
    if len(found) != count:
        raise CannotTag("it ends too early")
    return found


def _length(piece: Piece) -> int:
    return piece.end - piece.start if isinstance(piece, Part) else len(piece)
