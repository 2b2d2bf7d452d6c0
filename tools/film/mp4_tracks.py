"""Have players leave the subtitles of an MP4 file alone until they are asked for: its muxer always switches them on."""

import struct
from collections.abc import Iterator
from typing import BinaryIO

_ENABLED = 1
"""In the flags of a track's header (ISO/IEC 14496-12, 8.3.2)."""
_PART_BYTES = 1 << 20
_WORDS = (b"sbtl", b"text", b"subt")


def switch_off_subtitles(file: BinaryIO) -> None:
    """Take the mark from the tracks of words that players show them without being asked."""
    end = file.seek(0, 2)
    at = 0
    while at + 16 <= end:
        file.seek(at)
        size, kind, large = struct.unpack(">I4sQ", _exactly(file, 16))
        size = large if size == 1 else size or end - at
        if kind == b"moov":
            file.seek(at)
            index = _exactly(file, size)
            for place in _headers_of_words(index):
                file.seek(at + place)
                file.write(bytes([index[place] & ~_ENABLED]))
        at += max(8, size)


def _headers_of_words(index: bytes) -> Iterator[int]:
    """Yield where the lowest byte of the flags of each track of words is."""
    for kind, start, end in _boxes(index, 8, len(index)):
        if kind != b"trak":
            continue
        inside = {name: (first, last) for name, first, last in _boxes(index, start, end)}
        media = {name: first for name, first, _ in _boxes(index, *inside[b"mdia"])}
        # Version and flags, a reserved word, then the type of the handler.
        handler = media[b"hdlr"] + 8
        if index[handler : handler + 4] in _WORDS:
            yield inside[b"tkhd"][0] + 3


def _boxes(index: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield kind, start and end of the content of the boxes in a part of a file."""
    while start + 8 <= end:
        size, kind = struct.unpack(">I4s", index[start : start + 8])
        yield kind, start + 8, start + size
        start += max(8, size)


def _exactly(file: BinaryIO, count: int) -> bytes:
    content = b""
    while len(content) < count and (part := file.read(min(_PART_BYTES, count - len(content)))):
        content += part
    return content
