"""A file put together out of parts of another and new bytes, read without being written first."""

import io
import os
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import BinaryIO

from ..base.read_at import ReadAt

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


def opened(source: BinaryIO, pieces: Sequence[Piece]) -> BinaryIO:
    """Return what the pieces give as a file that is open for reading."""
    kept = [one for one in pieces if _length(one)]
    starts = list(accumulate(map(_length, kept), initial=0))

    def read_at(at: int, count: int) -> bytes:
        if at >= starts[-1]:
            return b""
        number = bisect_right(starts, at) - 1
        piece, inside = kept[number], at - starts[number]
        count = min(count, _length(piece) - inside)
        if not isinstance(piece, Part):
            return piece[inside : inside + count]
        source.seek(piece.start + inside)
        return source.read(count)

    return io.BufferedReader(ReadAt(read_at, lambda: starts[-1]), COPY_BYTES)


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
