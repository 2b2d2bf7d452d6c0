"""Who made a picture, in the text chunks of PNG, the EXIF and XMP of JPEG, WebP and TIFF, and the comments of GIF."""

import re
import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from .asked import is_asked, is_asked_in_xmp, without_words
from .pieces import CannotTag, Part, Piece, exactly, size_of
from .riff import Chunk, chunk, chunks
from .story import Story
from .xmp import merged, packet, rdf

_MOST_CHUNKS = 200_000
_MOST_XMP_BYTES = 4 << 20
_JPEG_MOST = 65_533
"""Bytes of a segment: its length has 16 bits, and counts itself."""
_JPEG_WORDS = (b"\xff\xed", b"\xff\xfe")
"""Segments of IPTC's older captions, and of comments."""
_JPEG_XMP, _JPEG_EXIF = b"http://ns.adobe.com/xap/1.0/\x00", b"Exif\x00\x00"
_PNG_XMP = b"XML:com.adobe.xmp"
_PNG_HEAD = 8 + 12 + 13
"""The signature and IHDR, which comes first."""
_MOST_KEYWORD_BYTES = 79
_GIF_XMP = b"XMP DataXMP"
_DESCRIPTION, _SOFTWARE, _DATE, _XMP_TAG = 270, 305, 306, 700
_SVG_HEAD_BYTES = 64 << 10


def png(file: BinaryIO, story: Story) -> list[Piece]:
    """Return a PNG with who made it in its text chunks and its XMP, and without the prompt of a model's server."""
    size, at, xmp, there = size_of(file), _PNG_HEAD, packet(story), False
    if exactly(file, 8, 8) != b"\0\0\0\x0dIHDR":
        raise CannotTag("its first chunk is not the one that it begins with")
    dropped, is_made = list[Part](), story.kind == "model"
    exif = b""
    for _ in range(_MOST_CHUNKS):
        if at + 12 > size:
            break
        length, kind = struct.unpack(">I4s", exactly(file, at, 8))
        if kind in (b"tEXt", b"zTXt", b"iTXt"):
            keyword = exactly(file, at + 8, min(length, _MOST_KEYWORD_BYTES + 1)).partition(b"\0")[0]
            is_xmp = kind == b"iTXt" and keyword == _PNG_XMP and length < _MOST_XMP_BYTES and not there
            text = exactly(file, at + 8, length).partition(b"\0")[2] if is_xmp else b""
            if text[:1] == b"\0":  # not compressed
                xmp, there = _xmp(text[2:].split(b"\0", 2)[-1], story), True
            if text[:1] == b"\0" or (is_made and is_asked(keyword.decode("latin-1"))):
                dropped.append(Part(at, min(size, at + 12 + length)))
        elif kind == b"eXIf" and is_made:
            exif = without_words(exactly(file, at + 8, length))
            dropped.append(Part(at, min(size, at + 12 + length)))
        at += 12 + length
        if kind == b"IEND":
            break
    texts = {"Software": story.by, "Creation Time": story.made_at, "Comment": story.line}
    new = [
        _png_chunk(b"tEXt", name.encode() + b"\0" + value.encode("latin-1", "replace")) for name, value in texts.items()
    ]
    new += [_png_chunk(b"eXIf", exif)] if exif else []
    new.append(_png_chunk(b"iTXt", _PNG_XMP + b"\0\0\0\0\0" + xmp))
    kept = [_PNG_HEAD, *(end for one in dropped for end in (one.start, one.end)), size]
    return [Part(0, _PNG_HEAD), *new, *(Part(*one) for one in zip(kept[::2], kept[1::2], strict=True))]


def _png_chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def jpeg(file: BinaryIO, story: Story) -> list[Piece]:
    """Return a JPEG with who made it in its EXIF, unless it has some, and its XMP."""
    at = place = 2
    old, is_made = list[Part](), story.kind == "model"
    xmp, exif = packet(story), _JPEG_EXIF + _exif(story)
    while (marker := exactly(file, at, 2)) not in (b"\xff\xda", b"\xff\xd9"):
        if marker[0] != 0xFF:
            raise CannotTag("its segments are damaged")
        if marker[1] in (0xFF, 0x01) or 0xD0 <= marker[1] <= 0xD8:  # filling, and marks without a length
            at += 1 if marker[1] == 0xFF else 2
            continue
        end = at + 2 + int.from_bytes(exactly(file, at + 2, 2), "big")
        content = exactly(file, at + 4, max(0, end - at - 4))
        has_exif = marker == b"\xff\xe1" and content.startswith(_JPEG_EXIF)
        if at == place and ((has_exif and not is_made) or marker == b"\xff\xe0"):
            place = end
        if has_exif and not is_made:
            exif = b""
        elif has_exif:
            old.append(Part(at, end))
            kept = without_words(content[len(_JPEG_EXIF) :])
            exif = _JPEG_EXIF + kept if kept else exif
        elif marker == b"\xff\xe1" and content.startswith(_JPEG_XMP):
            old.append(Part(at, end))
            xmp = _xmp(content[len(_JPEG_XMP) :], story)
        elif is_made and marker in _JPEG_WORDS:
            old.append(Part(at, end))
        at = end
    new = b"".join(_jpeg_segment(one) for one in (exif, _JPEG_XMP + xmp) if one)
    pieces: list[Piece] = [Part(0, place), new]
    done = place
    for one in old:
        pieces.append(Part(done, one.start))
        done = one.end
    return [*pieces, Part(done, size_of(file))]


def _jpeg_segment(content: bytes) -> bytes:
    if len(content) > _JPEG_MOST:
        raise CannotTag("its XMP has no room for more")
    return b"\xff\xe1" + struct.pack(">H", len(content) + 2) + content


def webp(file: BinaryIO, story: Story) -> list[Piece]:
    """Return a WebP with who made it in its EXIF, unless it has some, and its XMP; both need its extended form."""
    found = list(chunks(file, b"WEBP"))
    kinds = [one.kind for one in found]
    xmp = packet(story)
    if b"XMP " in kinds:
        old = found[kinds.index(b"XMP ")]
        xmp = _xmp(exactly(file, old.start, min(old.length, _MOST_XMP_BYTES)), story)
    exif = _exif(story)
    if b"EXIF" in kinds:
        old = found[kinds.index(b"EXIF")]
        exif = exactly(file, old.start, old.length)
        exif = (without_words(exif.removeprefix(_JPEG_EXIF)) or _exif(story)) if story.kind == "model" else exif
    head = _webp_head(file, found)
    last = size_of(file)
    body: list[Piece] = [
        Part(one.at, min(one.end, last)) for one in found if one.kind not in (b"VP8X", b"EXIF", b"XMP ")
    ]
    body += [b"\0"] if found and found[-1].end > last and found[-1].kind not in (b"EXIF", b"XMP ") else []
    pieces: list[Piece] = [head, *body, chunk(b"EXIF", exif), chunk(b"XMP ", xmp)]
    size = 4 + sum(one.end - one.start if isinstance(one, Part) else len(one) for one in pieces)
    return [b"RIFF" + struct.pack("<I", size) + b"WEBP", *pieces]


def _webp_head(file: BinaryIO, found: list[Chunk]) -> bytes:
    """Return the chunk that says what is in the file, with EXIF and XMP among it."""
    has_exif_and_xmp, has_alpha = 0x08 | 0x04, 0x10
    first = found[0] if found else Chunk(b"", 0, 0)
    if first.kind == b"VP8X":
        content = bytearray(exactly(file, first.start, first.length))
        content[0] |= has_exif_and_xmp
        return chunk(b"VP8X", bytes(content))
    start = exactly(file, first.start, 10)
    if first.kind == b"VP8L" and start[0] == 0x2F:
        bits = int.from_bytes(start[1:5], "little")
        width, height, flags = bits & 0x3FFF, bits >> 14 & 0x3FFF, has_alpha * (bits >> 28 & 1)
    elif first.kind == b"VP8 " and start[3:6] == b"\x9d\x01\x2a":
        width, height = (one & 0x3FFF for one in struct.unpack("<HH", start[6:10]))
        width, height, flags = width - 1, height - 1, 0
    else:
        raise CannotTag("its chunks are damaged")
    flags |= has_exif_and_xmp
    return chunk(b"VP8X", bytes([flags, 0, 0, 0]) + width.to_bytes(3, "little") + height.to_bytes(3, "little"))


def gif(file: BinaryIO, story: Story) -> list[Piece]:
    """Return a GIF with who made it in a comment and in XMP, after what says how often it plays."""
    head = exactly(file, 0, 13)
    at = 13 + (3 << (head[10] & 7) + 1 if head[10] & 0x80 else 0)
    for _ in range(_MOST_CHUNKS):
        if exactly(file, at, 2) != b"\x21\xff":
            break
        at = _after_blocks(file, at + 2)
    comment = story.line.encode("ascii", "replace")
    blocks = b"".join(bytes([len(part)]) + part for part in _cut(comment, 255))
    # A reader that knows nothing of XMP skips it: whatever byte it lands on as a length leads to the zeros at the end.
    magic = b"\x01" + bytes(range(255, -1, -1)) + b"\x00"
    new = b"\x21\xfe" + blocks + b"\x00" + b"\x21\xff\x0b" + _GIF_XMP + packet(story) + magic
    # Extensions are of the second version.
    return [b"GIF89a" + head[6:], Part(13, at), new, Part(at, size_of(file))]


def _after_blocks(file: BinaryIO, at: int) -> int:
    for _ in range(_MOST_CHUNKS):
        length = exactly(file, at, 1)[0]
        at += 1 + length
        if not length:
            return at
    raise CannotTag("its blocks are damaged")


def _cut(content: bytes, most: int) -> Iterator[bytes]:
    for start in range(0, len(content), most):
        yield content[start : start + most]


def tiff(file: BinaryIO, story: Story) -> list[Piece]:
    """Return a TIFF with who made it in the tags of its first picture, written anew at the end."""
    order, place = _first_page(file)
    (count,) = struct.unpack(order + "H", exactly(file, place, 2))
    table = exactly(file, place + 2, 12 * count)
    entries = {struct.unpack(order + "H", one[:2])[0]: one for one in _cut(table, 12)}
    if story.kind == "model":
        entries.pop(_DESCRIPTION, None)
    then = exactly(file, place + 2 + 12 * count, 4)
    size = size_of(file)
    new, at = bytearray(size % 2), size + size % 2
    ours = {_SOFTWARE: (2, story.by.encode("ascii", "replace") + b"\0"), _DATE: (2, _exif_date(story))}
    for tag, (kind, content) in {**ours, _XMP_TAG: (1, packet(story))}.items():
        entries[tag] = struct.pack(order + "HHII", tag, kind, len(content), at)
        new += content + b"\0" * (len(content) % 2)
        at += len(content) + len(content) % 2
    new += struct.pack(order + "H", len(entries)) + b"".join(entries[tag] for tag in sorted(entries)) + then
    return [exactly(file, 0, 4), struct.pack(order + "I", at), Part(8, size), bytes(new)]


def may_have_pages(file: BinaryIO) -> bool:
    """Return whether a TIFF has more pages than its first, or is of a kind of which that is not known here."""
    try:
        order, place = _first_page(file)
        (count,) = struct.unpack(order + "H", exactly(file, place, 2))
        return any(exactly(file, place + 2 + 12 * count, 4))
    except CannotTag:
        return True


def _first_page(file: BinaryIO) -> tuple[str, int]:
    """Return the order of bytes, and where the table of the first page stands."""
    mark, version, place = struct.unpack("<2sHI", exactly(file, 0, 8))
    order = "<" if mark == b"II" else ">"
    if order == ">":
        version, place = struct.unpack(">2xHI", exactly(file, 0, 8))
    if version != 42:
        raise CannotTag("it is a large TIFF")
    return order, place


def svg(file: BinaryIO, story: Story) -> list[Piece]:
    """Return a drawing with who made it in metadata of its own, before anything that is drawn."""
    size = size_of(file)
    head = exactly(file, 0, min(size, _SVG_HEAD_BYTES))
    bare = re.sub(
        rb"<!--.*?-->|<\?.*?\?>|<!DOCTYPE[^>\[]*(\[.*?\])?\s*>", lambda found: b" " * len(found[0]), head, flags=re.S
    )
    root = re.search(rb"<(?:[A-Za-z_][\w.-]*:)?svg\b(?:[^>\"']|\"[^\"]*\"|'[^']*')*>", bare)
    if root is None or root[0].endswith(b"/>"):
        raise CannotTag("its first element is not found, or is empty")
    return [
        Part(0, root.end()),
        f'<metadata xmlns="http://www.w3.org/2000/svg">{rdf(story)}</metadata>'.encode(),
        Part(root.end(), size),
    ]


def _xmp(there: bytes, story: Story) -> bytes:
    """Return a packet that is there with what it does not say, or another in the place of one with a model's orders."""
    return packet(story) if story.kind == "model" and is_asked_in_xmp(there) else merged(there, story)


def _exif(story: Story) -> bytes:
    """Return a block of EXIF with the program and the time."""
    software = story.by.encode("ascii", "replace") + b"\0"
    date = _exif_date(story)
    after = 8 + 2 + 2 * 12 + 4
    entries = struct.pack("<HHII", _SOFTWARE, 2, len(software), after)
    entries += struct.pack("<HHII", _DATE, 2, len(date), after + len(software) + len(software) % 2)
    table = struct.pack("<H", 2) + entries + bytes(4)
    return b"II*\x00" + struct.pack("<I", 8) + table + software + b"\0" * (len(software) % 2) + date


def _exif_date(story: Story) -> bytes:
    return story.made_at[:19].replace("-", ":").replace("T", " ").encode() + b"\0"
