"""The chunks of WAV, AVI and WebP."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from .pieces import CannotTag, exactly, size_of

_MOST_CHUNKS = 100_000


@dataclass(frozen=True)
class Chunk:
    """A part of a file with its name."""

    kind: bytes
    at: int
    length: int
    """Of what is in it; it is followed by a byte of filling where that is odd."""

    @property
    def start(self) -> int:
        return self.at + 8

    @property
    def end(self) -> int:
        return self.start + self.length + self.length % 2


def chunks(file: BinaryIO, form: bytes) -> Iterator[Chunk]:
    """Yield the chunks of a file.

    Raises:
        CannotTag: It is of another form, or its chunks do not fit into it.
    """
    head, size = exactly(file, 0, 12), size_of(file)
    if head[:4] != b"RIFF" or head[8:12] != form:
        raise CannotTag("it is of another kind than its name says")
    at, end = 12, min(size, 8 + struct.unpack("<I", head[4:8])[0])
    for _ in range(_MOST_CHUNKS):
        if at + 8 > end:
            return
        kind, length = struct.unpack("<4sI", exactly(file, at, 8))
        found = Chunk(kind, at, length)
        if found.start + length > size:
            raise CannotTag("its last chunk is longer than the file")
        yield found
        at = found.end
    raise CannotTag("it has too many chunks")


def chunk(kind: bytes, content: bytes) -> bytes:
    """Return a chunk, filled to an even number of bytes."""
    return kind + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)
