"""Who made a recording, in the INFO list of WAV, ID3 of MP3, the comments of FLAC and Ogg, and the texts of MIDI."""

import struct
from collections.abc import Iterator
from itertools import pairwise
from typing import BinaryIO

from .pieces import CannotTag, Part, Piece, exactly, size_of
from .riff import chunk, chunks
from .story import Story
from .xmp import packet

_MOST_TAG_BYTES = 16 << 20
_MOST_RIFF_BYTES = 0xFFFF_FFFF - 16
_MOST_BLOCKS = 10_000
_PAGE_SEGMENTS = 255
_ASKED_FRAMES = (b"COMM", b"TXXX")
"""Of ID3, where servers of models write what they were asked; a title and the words of a song are its own."""
_OGG_POLYNOMIAL = 0x04C1_1DB7


def wav(file: BinaryIO, story: Story) -> list[Piece]:
    """Return a WAV with who made it after its samples: readers that know the first 44 bytes find them as they were."""
    found = list(chunks(file, b"WAVE"))
    if not any(one.kind == b"data" for one in found):
        raise CannotTag("it has no samples")
    texts = {b"ISFT": story.by, b"ICRD": story.made_at[:10], b"ICMT": story.line}
    info = b"".join(chunk(name, value.encode() + b"\0") for name, value in texts.items())
    size = size_of(file)
    end = found[-1].end
    new = b"\0" * max(0, end - size) + chunk(b"LIST", b"INFO" + info) + chunk(b"_PMX", packet(story))
    kept = min(end, size)
    if kept + len(new) > _MOST_RIFF_BYTES:
        raise CannotTag("it is as large as its kind can be")
    return [b"RIFF" + struct.pack("<I", kept + len(new) - 8), Part(8, kept), new, Part(kept, size)]


def mp3(file: BinaryIO, story: Story) -> list[Piece]:
    """Return an MP3 with who made it in its ID3 tag."""
    head = exactly(file, 0, 10)
    if head[:3] != b"ID3":
        return [_id3(3, _frames(3, story)), Part(0, size_of(file))]
    version, flags, length = head[3], head[5], _plain_number(head[6:10])
    if version not in (3, 4) or flags or length > _MOST_TAG_BYTES:
        raise CannotTag("its ID3 tag is of a rare form")
    ours = _frames(version, story)
    dropped = {b"TSSE", *(_ASKED_FRAMES if story.kind == "model" else ())}
    kept = [one for one in _frames_in(exactly(file, 10, length), version) if one[:4] not in dropped]
    return [_id3(version, [*ours, *kept]), Part(10 + length, size_of(file))]


def _id3(version: int, frames: list[bytes]) -> bytes:
    content = b"".join(frames)
    return b"ID3" + bytes([version, 0, 0]) + _safe_number(len(content)) + content


def _frames(version: int, story: Story) -> list[bytes]:
    shown = [
        (b"TSSE", _words(story.by)),
        (b"COMM", _words(story.line, b"eng\0")),
        (b"PRIV", b"XMP\0" + packet(story)),
    ]
    if story.source_address:
        shown.append((b"TXXX", _words(story.source_address, b"Digital Source Type\0")))
    size = _safe_number if version == 4 else lambda count: struct.pack(">I", count)
    return [name + size(len(content)) + b"\0\0" + content for name, content in shown]


def _words(text: str, before: bytes = b"") -> bytes:
    """Return text as a frame holds it: in Latin letters, which every reader knows."""
    return b"\0" + before + text.encode("latin-1", "replace")


def _frames_in(content: bytes, version: int) -> Iterator[bytes]:
    at = 0
    while at + 10 <= len(content) and content[at]:
        number = content[at + 4 : at + 8]
        length = _plain_number(number) if version == 4 else int.from_bytes(number, "big")
        if at + 10 + length > len(content):
            raise CannotTag("its ID3 tag is damaged")
        yield content[at : at + 10 + length]
        at += 10 + length


def _safe_number(number: int) -> bytes:
    """Return a number as ID3 writes it: seven bits a byte."""
    return bytes(number >> shift & 0x7F for shift in (21, 14, 7, 0))


def _plain_number(content: bytes) -> int:
    return sum((one & 0x7F) << shift for one, shift in zip(content, (21, 14, 7, 0), strict=True))


def flac(file: BinaryIO, story: Story) -> list[Piece]:
    """Return a FLAC with who made it among its comments."""
    at, comments = 4, [b"", _comments(story)]
    blocks: list[tuple[int, Piece]] = []
    if exactly(file, 0, 4) != b"fLaC":
        raise CannotTag("it does not begin as its kind does")
    for _ in range(_MOST_BLOCKS):
        head = exactly(file, at, 4)
        kind, length = head[0] & 0x7F, int.from_bytes(head[1:], "big")
        if kind == 4:
            comments = [*_kept_comments(exactly(file, at + 4, length), story), *comments[1:]]
        else:
            blocks.append((kind, Part(at + 4, at + 4 + length)))
        at += 4 + length
        if head[0] & 0x80:
            break
    own = _comment_block(comments)
    if len(own) >= 1 << 24:
        raise CannotTag("its comments have no room for more")
    first, others = blocks[:1], blocks[1:]
    pieces: list[Piece] = [b"fLaC"]
    for number, (kind, content) in enumerate([*first, (4, own), *others]):
        is_last = 0x80 if number == len(blocks) else 0
        length = content.end - content.start if isinstance(content, Part) else len(content)
        pieces += [bytes([is_last | kind]) + length.to_bytes(3, "big"), content]
    return [*pieces, Part(at, size_of(file))]


def _comments(story: Story) -> bytes:
    """Return the comments as they are written, each with its length."""
    texts = {
        "ENCODED_BY": story.by,
        "CREATION_TIME": story.made_at,
        "DIGITAL_SOURCE_TYPE": story.source_address,
        "COMMENT": story.line,
    }
    written = [f"{name}={value}".encode() for name, value in texts.items() if value]
    return b"".join(struct.pack("<I", len(one)) + one for one in written)


def _comments_in(block: bytes) -> tuple[bytes, bytes]:
    """Return the vendor and the comments of a block, each with its length, as they are."""
    try:
        (vendor,) = struct.unpack_from("<I", block)
        (count,) = struct.unpack_from("<I", block, 4 + vendor)
        at = 8 + vendor
        for _ in range(count):
            at += 4 + int(struct.unpack_from("<I", block, at)[0])
    except struct.error as error:
        raise CannotTag("its comments are damaged") from error
    if at > len(block):
        raise CannotTag("its comments are damaged")
    return block[4 : 4 + vendor], block[8 + vendor : at]


def _kept_comments(block: bytes, story: Story) -> tuple[bytes, bytes]:
    """Return the vendor and the comments of a block; no comments where they may hold what a model was asked."""
    vendor, comments = _comments_in(block)
    return vendor, b"" if story.kind == "model" else comments


def _comment_block(comments: list[bytes]) -> bytes:
    vendor, written = comments[0], b"".join(comments[1:])
    count, at = 0, 0
    while at < len(written):
        at += 4 + int(struct.unpack_from("<I", written, at)[0])
        count += 1
    return struct.pack("<I", len(vendor)) + vendor + struct.pack("<I", count) + written


def ogg(file: BinaryIO, story: Story) -> list[Piece]:
    """Return Opus or Vorbis in Ogg with who made it among its comments, on as many pages as before."""
    first, start = _page(file, 0)
    serial, packets, at, open_packet = first[14:18], [b""], start, True
    pages: list[bytes] = []
    while open_packet:
        head, end = _page(file, at)
        if head[14:18] != serial or len(pages) == _PAGE_SEGMENTS:
            raise CannotTag("several things are in it")
        body = exactly(file, at + len(head), end - at - len(head))
        pages.append(head)
        place = 0
        for size in head[27:]:
            packets[-1] += body[place : place + size]
            place += size
            if size < 255:
                packets.append(b"")
        at, open_packet = end, bool(packets[-1]) or head[-1] == 255
    packets = packets[:-1]
    kind = next((one for one in (b"OpusTags", b"\x03vorbis") if packets[0].startswith(one)), None)
    if kind is None:
        raise CannotTag("its comments are not where Opus and Vorbis have them")
    ending = b"\x01" if kind == b"\x03vorbis" else b""
    packets[0] = kind + _comment_block([*_kept_comments(packets[0][len(kind) :], story), _comments(story)]) + ending
    return [Part(0, start), _paged(pages, packets), Part(at, size_of(file))]


def _page(file: BinaryIO, at: int) -> tuple[bytes, int]:
    """Return the head of a page and where the page ends."""
    head = exactly(file, at, 27)
    if head[:4] != b"OggS":
        raise CannotTag("its pages are damaged")
    head = exactly(file, at, 27 + head[26])
    return head, at + len(head) + sum(head[27:])


def _paged(pages: list[bytes], packets: list[bytes]) -> bytes:
    """Return packets on pages with the old heads."""
    sizes = [size for one in packets for size in [*[255] * (len(one) // 255), len(one) % 255]]
    every = -(-len(sizes) // len(pages))
    if every > _PAGE_SEGMENTS:
        raise CannotTag("its comments have no room for more")
    content, out, goes_on = b"".join(packets), b"", False
    for head, (begin, end) in zip(pages, pairwise([*range(0, every * len(pages), every), len(sizes)]), strict=True):
        mine = sizes[begin:end]
        if not mine:
            raise CannotTag("its pages cannot be filled anew")
        body, content = content[: sum(mine)], content[sum(mine) :]
        flags = head[5] & ~1 | goes_on
        page = head[:5] + bytes([flags]) + head[6:22] + bytes(4) + bytes([len(mine), *mine]) + body
        out += page[:22] + struct.pack("<I", _ogg_sum(page)) + page[26:]
        goes_on = mine[-1] == 255
    return out


def _ogg_sum(page: bytes) -> int:
    """Return a page's checksum: the CRC of Ethernet with its bits the other way round."""
    total = 0
    for byte in page:
        total ^= byte << 24
        for _ in range(8):
            total = (total << 1 ^ _OGG_POLYNOMIAL if total & 0x8000_0000 else total << 1) & 0xFFFF_FFFF
    return total


def midi(file: BinaryIO, story: Story) -> list[Piece]:
    """Return a MIDI file with who made it as the first text of its first track."""
    head = exactly(file, 0, 14)
    at = 8 + int.from_bytes(head[4:8], "big")
    track = exactly(file, at, 8)
    if head[:4] != b"MThd" or track[:4] != b"MTrk":
        raise CannotTag("its tracks are damaged")
    text = story.line.encode()
    length = bytes([len(text) >> 7 | 0x80, len(text) & 0x7F]) if len(text) > 0x7F else bytes([len(text)])
    event = b"\0\xff\x01" + length + text
    size = int.from_bytes(track[4:], "big") + len(event)
    return [Part(0, at), b"MTrk" + size.to_bytes(4, "big") + event, Part(at + 8, size_of(file))]
