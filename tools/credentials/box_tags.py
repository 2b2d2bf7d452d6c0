"""Who made a film, in the tags of MP4, MOV and M4A and in a box of XMP, without moving what it does not have to."""

import struct
import sys
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from .pieces import CannotTag, Part, Piece, exactly, size_of
from .story import Story
from .xmp import packet

_XMP_ID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
"""Of the box that holds XMP (XMP specification, part 3)."""
_MOST_BOXES = 200_000
_HANDLER = struct.pack(">I", 33) + b"hdlr" + bytes(8) + b"mdirappl" + bytes(9)
_ENGLISH = 0x55C4
"""As QuickTime packs `eng`."""
_TABLES = (b"trak", b"mdia", b"minf", b"stbl")
"""Where the tables of places are, from the outside in."""
_PLACES = (b"stco", b"co64")
_PACKED = b"cmov"
"""Of QuickTime: what is in a film, tables and all, as one packed stream."""
_OTHER_PLACES = (b"saio", b"iloc")
"""Boxes in which places in the file are told, too, and are not moved here."""


@dataclass(frozen=True)
class Box:
    """A part of a file, or of another box."""

    kind: bytes
    at: int
    head: int
    """Bytes before its content."""
    end: int


def mp4(file: BinaryIO, story: Story) -> list[Piece]:
    """Return a film or M4A with who made it in its tags and in XMP."""
    size = size_of(file)
    boxes = list(boxes_of(file, 0, size))
    moov = next((one for one in boxes if one.kind == b"moov"), None)
    if boxes[0].kind != b"ftyp" or moov is None:
        raise CannotTag("its boxes are not as its kind has them")
    if any(one.kind == b"moof" for one in boxes):
        return _with_xmp(boxes, size, story)
    old = exactly(file, moov.at, moov.end - moov.at)
    tables = sum(1 for _ in _tables(old, moov.head, len(old), 0))
    if _PACKED in old or sum(map(old.count, _PLACES)) != tables:
        # The manifest goes in before the media, and whoever moves them has to find each table.
        raise CannotTag("its tables of places are not where its kind has them")
    is_quicktime = exactly(file, boxes[0].at + boxes[0].head, 4) == b"qt  "
    new = _retold(old, moov.head, story, is_quicktime)
    after = _next_box(boxes, moov)
    grown = len(new) - len(old)
    end = moov.end
    if after and after.kind == b"free" and after.head == 8 and after.end - after.at - 8 >= grown:
        new += struct.pack(">I", after.end - after.at - grown) + b"free"
        end = after.at + 8 + grown
    elif after:
        new = moved(new, moov.end, grown)
    tail = _with_xmp(boxes, size, story)[1:]
    last = tail[1].start if len(tail) > 1 and isinstance(tail[1], Part) else size
    return [Part(0, moov.at), new, Part(end, last), *tail]


def heif(file: BinaryIO, story: Story) -> list[Piece]:
    """Return an AVIF with who made it in XMP after everything else, where nothing has to move."""
    size = size_of(file)
    return _with_xmp(list(boxes_of(file, 0, size)), size, story)


def _with_xmp(boxes: list[Box], size: int, story: Story) -> list[Piece]:
    content = packet(story)
    box = struct.pack(">I", 8 + 16 + len(content)) + b"uuid" + _XMP_ID + content
    # A table of fragments is found from the end, so it stays the last.
    place = boxes[-1].at if boxes[-1].kind == b"mfra" else size
    return [Part(0, place), box, Part(place, size)] if place < size else [Part(0, size), box]


def boxes_of(file: BinaryIO, at: int, end: int) -> Iterator[Box]:
    """Yield the boxes that stand one after another in a part of a file.

    Raises:
        CannotTag: They are damaged.
    """
    for _ in range(_MOST_BOXES):
        if at == end:
            return
        head = exactly(file, at, min(16, end - at))
        yield _box(head, at, end)
        at = _box(head, at, end).end
    raise CannotTag("it has too many boxes")


def _inside(content: bytes, at: int, end: int) -> Iterator[Box]:
    while at + 8 <= end:
        box = _box(content[at : at + 16], at, end)
        yield box
        at = box.end


def _box(head: bytes, at: int, end: int) -> Box:
    if len(head) < 8:
        raise CannotTag("it ends in the middle of a box")
    length, kind = struct.unpack(">I4s", head[:8])
    used = 8
    if length == 1 and len(head) == 16:
        length, used = struct.unpack(">Q", head[8:])[0], 16
    if length < used or at + length > end:
        raise CannotTag("its boxes are damaged, or its last one has no length")
    return Box(kind, at, used, at + length)


def _next_box(boxes: list[Box], box: Box) -> Box | None:
    return next((one for one in boxes if one.at == box.end), None)


def _retold(moov: bytes, head: int, story: Story, is_quicktime: bool) -> bytes:
    """Return the box of what is in a film, with other tags."""
    children = list(_inside(moov, head, len(moov)))
    user = next((one for one in children if one.kind == b"udta"), None)
    kept = b"".join(moov[one.at : one.end] for one in children if one is not user)
    # In films of a model, tags that are there may hold what was asked.
    content = moov[user.at + user.head : user.end] if user and story.kind != "model" else b""
    told = _quicktime_tags(content, story) if is_quicktime else _item_tags(content, story)
    return _made(b"moov", kept + _made(b"udta", told))


def _quicktime_tags(content: bytes, story: Story) -> bytes:
    texts = {b"\xa9swr": story.by, b"\xa9cmt": story.line, b"\xa9day": story.made_at}
    kept = _without(content, texts)
    shown = b"".join(
        _made(kind, struct.pack(">HH", len(value.encode()), _ENGLISH) + value.encode()) for kind, value in texts.items()
    )
    return shown + kept


def _item_tags(content: bytes, story: Story) -> bytes:
    texts = {b"\xa9too": story.by, b"\xa9cmt": story.line, b"\xa9day": story.made_at}
    meta = next((one for one in _inside(content, 0, len(content)) if one.kind == b"meta"), None)
    inside = content[meta.at + meta.head + 4 : meta.end] if meta else _HANDLER
    items = next((one for one in _inside(inside, 0, len(inside)) if one.kind == b"ilst"), None)
    kept = _without(inside[items.at + items.head : items.end], texts) if items else b""
    shown = b"".join(
        _made(kind, _made(b"data", struct.pack(">II", 1, 0) + value.encode())) for kind, value in texts.items()
    )
    listed = _without(inside, [b"ilst"]) + _made(b"ilst", kept + shown)
    return _without(content, [b"meta"]) + _made(b"meta", bytes(4) + listed)


def _without(content: bytes, kinds: Iterable[bytes]) -> bytes:
    kept = [one for one in _inside(content, 0, len(content)) if one.kind not in kinds]
    return b"".join(content[one.at : one.end] for one in kept)


def _made(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", 8 + len(content)) + kind + content


def moved(moov: bytes, after: int, by: int) -> bytes:
    """Return the box `moov` with each place from a byte of the file on moved.

    Raises:
        CannotTag: A table of places is damaged, or has no room for them; or other boxes tell places.
    """
    if any(one in moov for one in _OTHER_PLACES):
        raise CannotTag("it tells of places in a way that cannot be written anew")
    changed = bytearray(moov)
    for table in _tables(moov, 8, len(moov), 0):
        wide = table.kind == b"co64"
        start = table.at + table.head + 8
        (count,) = struct.unpack_from(">I", moov, start - 4)
        numbers = array("Q" if wide else "I")
        if start + count * numbers.itemsize > table.end:
            raise CannotTag("its table of places is damaged")
        numbers.frombytes(moov[start : start + count * numbers.itemsize])
        if sys.byteorder == "little":
            numbers.byteswap()
        try:
            new = array(numbers.typecode, (one + by if one >= after else one for one in numbers))
        except OverflowError as error:
            raise CannotTag("its table of places has no room for it") from error
        if sys.byteorder == "little":
            new.byteswap()
        changed[start : start + count * new.itemsize] = new.tobytes()
    return bytes(changed)


def _tables(content: bytes, at: int, end: int, depth: int) -> Iterator[Box]:
    for box in _inside(content, at, end):
        if depth < len(_TABLES) and box.kind == _TABLES[depth]:
            yield from _tables(content, box.at + box.head, box.end, depth + 1)
        elif depth == len(_TABLES) and box.kind in _PLACES:
            yield box
