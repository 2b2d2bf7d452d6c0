"""Who made a film, in the tags of MKV and WebM: written anew at the end, and found through the table at the start."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from .pieces import CannotTag, Part, Piece, exactly, size_of
from .story import Story

_EBML, _SEGMENT = b"\x1aE\xdf\xa3", b"\x18S\x80g"
_SEEK_HEAD, _SEEK, _SEEK_ID, _SEEK_POSITION = b"\x11M\x9bt", b"M\xbb", b"S\xab", b"S\xac"
_TAGS, _TAG, _TARGETS, _SIMPLE, _NAME, _STRING = b"\x12T\xc3g", b"ss", b"c\xc0", b"g\xc8", b"E\xa3", b"D\x87"
_VOID = b"\xec"
_MOST_PARTS = 200_000
_MOST_TAG_BYTES = 4 << 20


@dataclass(frozen=True)
class Element:
    """A part of a file, or of another element."""

    id: bytes
    at: int
    start: int
    end: int


def matroska(file: BinaryIO, story: Story) -> list[Piece]:
    """Return an MKV or WebM with who made it in its tags."""
    size = size_of(file)
    header = _element(file, 0, size)
    segment = _element(file, header.end, size)
    if header.id != _EBML or segment.id != _SEGMENT or segment.end != size:
        raise CannotTag("it is written as a stream, or something follows it")
    parts = list(_elements(file, segment.start, segment.end))
    tags = [one for one in parts if one.id == _TAGS]
    seek = next((one for one in parts if one.id == _SEEK_HEAD), None)
    if seek is None or len(tags) > 1:
        raise CannotTag("it has no table of its parts, or several lists of tags")
    room = next((one for one in parts if one.at == seek.end and one.id == _VOID), None)
    # In films of a model, tags that are there may hold what was asked.
    keeps = tags and story.kind != "model"
    old = (
        _told_before(exactly(file, tags[0].start, min(tags[0].end - tags[0].start, _MOST_TAG_BYTES))) if keeps else b""
    )
    new = _made(_TAGS, old + _tag(story))
    table = _table(file, seek, size - segment.start, (room.end if room else seek.end) - seek.at)
    length = size - segment.start + len(new)
    digits = segment.start - segment.at - 4
    if length >= (1 << 7 * digits) - 1:
        raise CannotTag("its length has no room for more")
    changes: dict[int, tuple[int, bytes]] = {
        segment.at: (segment.start, _SEGMENT + (length | 1 << 7 * digits).to_bytes(digits, "big")),
        seek.at: (room.end if room else seek.end, table),
    }
    if tags:
        changes[tags[0].at] = (tags[0].end, _void(tags[0].end - tags[0].at))
    pieces: list[Piece] = []
    done = 0
    for at in sorted(changes):
        end, content = changes[at]
        pieces += [Part(done, at), content]
        done = end
    return [*pieces, Part(done, size), new]


def _table(file: BinaryIO, seek: Element, place: int, room: int) -> bytes:
    """Return the table of parts with another place of the tags, filled up to as many bytes as there are.

    Args:
        file: Where it is.
        seek: The table.
        place: Of the tags, from the start of what the segment holds.
        room: For the table and the void after it.
    """
    content = exactly(file, seek.start, min(seek.end - seek.start, _MOST_TAG_BYTES))
    kept = b""
    for one in _inside(content):  # its checksum, which is of the old table, is left out
        inside = content[one.start : one.end]
        named = (
            [inside[part.start : part.end] for part in _inside(inside) if part.id == _SEEK_ID]
            if one.id == _SEEK
            else []
        )
        kept += content[one.at : one.end] if one.id == _SEEK and named != [_TAGS] else b""
    entry = _made(_SEEK, _made(_SEEK_ID, _TAGS) + _made(_SEEK_POSITION, place.to_bytes(8, "big")))
    table = _made(_SEEK_HEAD, kept + entry)
    left = room - len(table)
    if left < 0 or left == 1:
        raise CannotTag("its table of parts has no room for more")
    return table + (_void(left) if left else b"")


def _void(length: int) -> bytes:
    """Return an element of nothing that has this length with its head."""
    if length < 10:
        return _VOID + bytes([0x80 | length - 2]) + bytes(length - 2)
    return _VOID + (length - 9 | 1 << 56).to_bytes(8, "big") + bytes(length - 9)


def _tag(story: Story) -> bytes:
    texts = {
        "ENCODED_BY": story.by,
        "DATE_ENCODED": story.made_at,
        "DIGITAL_SOURCE_TYPE": story.source_address,
        "COMMENT": story.line,
    }
    shown = b"".join(
        _made(_SIMPLE, _made(_NAME, name.encode()) + _made(_STRING, value.encode()))
        for name, value in texts.items()
        if value
    )
    return _made(_TAG, _made(_TARGETS, b"") + shown)


def _told_before(content: bytes) -> bytes:
    return b"".join(content[one.at : one.end] for one in _inside(content) if one.id == _TAG)


def _made(id: bytes, content: bytes) -> bytes:
    return id + (len(content) | 1 << 28).to_bytes(4, "big") + content


def _elements(file: BinaryIO, at: int, end: int) -> Iterator[Element]:
    for _ in range(_MOST_PARTS):
        if at == end:
            return
        found = _element(file, at, end)
        yield found
        at = found.end
    raise CannotTag("it has too many parts")


def _element(file: BinaryIO, at: int, end: int) -> Element:
    return _read(exactly(file, at, min(12, end - at)), at, end)


def _inside(content: bytes) -> Iterator[Element]:
    at = 0
    while at < len(content):
        found = _read(content[at : at + 12], at, len(content))
        yield found
        at = found.end


def _read(head: bytes, at: int, end: int) -> Element:
    id_bytes = 9 - head[0].bit_length() if head else 9
    size_bytes = 9 - head[id_bytes].bit_length() if id_bytes <= 4 and len(head) > id_bytes else 9
    start = id_bytes + size_bytes
    if size_bytes > 8 or start > len(head):
        raise CannotTag("its parts are damaged")
    number = int.from_bytes(head[id_bytes:start], "big") & (1 << 7 * size_bytes) - 1
    if number == (1 << 7 * size_bytes) - 1 or at + start + number > end:
        raise CannotTag("it is written as a stream, or damaged")
    return Element(head[:id_bytes], at, at + start, at + start + number)
