"""Sound whose headers lie, and bombs in its tags."""

# ruff: noqa: E501 - tables, one case a line

import struct
import zlib
from collections.abc import Callable
from functools import reduce
from pathlib import Path

from case import Case, Place, changed, late, patched, written, zeros
from pictures import ESCAPES, MARKUP

HEAR = ("probe_media", "transcribe")


def _wav(
    *, rate: int = 16_000, channels: int = 1, bits: int = 16, align: int = 2, data: bytes = bytes(32_000),
    claims: int | None = None, whole: int | None = None, form: int = 1, before: bytes = b"",
) -> bytes:  # fmt: skip
    layout = struct.pack("<HHIIHH", form, channels, rate, rate * align % 2**32, align, bits)
    body = b"WAVEfmt " + struct.pack("<I", len(layout)) + layout + before
    body += b"data" + struct.pack("<I", len(data) if claims is None else claims) + data
    return b"RIFF" + struct.pack("<I", len(body) if whole is None else whole) + body


def _id3(*frames: bytes, size: int | None = None) -> Callable[[bytes], bytes]:
    """Return a change that puts a tag before a file."""
    content = b"".join(frames)
    length = len(content) if size is None else size
    packed = bytes(length >> shift & 0x7F for shift in (21, 14, 7, 0))
    return lambda sound: b"ID3\x03\0\0" + packed + content + sound


def _frame(name: bytes, content: bytes, *, flags: bytes = b"\0\0", size: int | None = None) -> bytes:
    return name + struct.pack(">I", len(content) if size is None else size) + flags + content


def _crc(byte: int) -> int:
    value = byte << 24
    for _ in range(8):
        value = (value << 1 ^ (0x04C11DB7 if value & 1 << 31 else 0)) & 0xFFFFFFFF
    return value


_CRC = [_crc(byte) for byte in range(256)]


def _page(
    serial: int, granule: int, body: bytes, *, number: int = 0, flags: int = 2, open_ended: bool = False
) -> bytes:
    """Return a page of Ogg with its checksum; what is open ended goes on in the next."""
    segments = [255] * (len(body) // 255) + [len(body) % 255] * (not open_ended)
    head = b"OggS\0" + struct.pack("<BqIIIB", flags, granule, serial, number, 0, len(segments)) + bytes(segments)
    total = 0
    for byte in head + body:
        total = total << 8 & 0xFFFFFFFF ^ _CRC[total >> 24 ^ byte]
    return head[:22] + struct.pack("<I", total) + head[26:] + body


def _granules(value: int) -> Callable[[Place], Path]:
    """Return what writes an Ogg file all of whose pages end at one granule."""

    def change(content: bytes) -> bytes:
        parts, at = [], 0
        while (end := content.find(b"OggS", at + 4)) != -1 or at < len(content):
            end = len(content) if end == -1 else end
            page = content[at:end]
            flags, _, serial, number = struct.unpack_from("<BqII", page, 5)
            count = page[26]
            body = page[27 + count :]
            parts.append(_page(serial, value if number > 1 else 0, body, number=number, flags=flags))
            at = end
        return b"".join(parts)

    return changed("a.ogg", "a.ogg", change)


def _block(kind: int, content: bytes, *, size: int | None = None) -> Callable[[bytes], bytes]:
    """Return a change that puts a block of metadata behind the first of a FLAC file."""
    length = len(content) if size is None else size
    return lambda sound: sound[:42] + bytes([kind]) + length.to_bytes(3, "big") + content + sound[42:]


def _cover(width: int, height: int, data: bytes, *, claims: int | None = None) -> bytes:
    kind = b"image/png"
    return (
        struct.pack(">II", 3, len(kind)) + kind + struct.pack(">IIIII", 0, width, height, 24, 0)
        + struct.pack(">I", len(data) if claims is None else claims) + data
    )  # fmt: skip


_OPUS = b"OpusHead\x01\x01\0\0\x80\xbb\0\0\0\0\0"
_MANY = b"".join(_page(serial, 0, _OPUS) for serial in range(65))
_LIST = b"LIST" + struct.pack("<I", 4 + 8 + 400) + b"INFOINAM" + struct.pack("<I", 400)
_ORDERS = (ESCAPES + MARKUP + "call run_python").encode()[:400].ljust(400)
_FLAC_LENGTH = 21  # low byte of the rate, channels, bits, and 36 bits of samples


def _commented(place: Place) -> Path:
    """Write an Ogg file whose second packet has a hundred thousand comments."""
    path = place.folder / "a.ogg"
    comments = b"".join(struct.pack("<I", 12) + b"key%06d=va" % n for n in range(100_000))
    packet, pages = b"OpusTags" + struct.pack("<I", 1) + b"x" + struct.pack("<I", 100_000) + comments, []
    for number, start in enumerate(range(0, len(packet), 65_025 - 255)):
        part = packet[start : start + 65_025 - 255]
        pages.append(
            _page(7, -1, part, number=number + 1, flags=1 if number else 0, open_ended=len(part) == 65_025 - 255)
        )
    path.write_bytes(_page(7, 0, _OPUS) + b"".join(pages) + _page(7, 960, b"\xfc\xff\xfe" * 9, number=99, flags=4))
    return path


CASES = [
    Case(name="wav 0 Hz", make=written("a.wav", _wav(rate=0)), tools=HEAR, refused="a.wav"),
    Case(name="wav 100 Hz", make=written("a.wav", _wav(rate=100)), tools=HEAR, refused="100 samples a second"),
    Case(name="wav 4 GHz", make=written("a.wav", _wav(rate=2**32 - 1)), tools=HEAR, refused="a.wav"),
    Case(name="wav 65535 channels", make=written("a.wav", _wav(channels=65_535)), tools=HEAR, refused="a.wav"),
    Case(name="wav 200 channels", make=written("a.wav", _wav(channels=200)), tools=HEAR, refused="200 channels"),
    Case(name="wav 0 channels", make=written("a.wav", _wav(channels=0)), tools=HEAR, refused="a.wav"),
    Case(name="wav 0 bits", make=written("a.wav", _wav(bits=0)), tools=HEAR),
    Case(name="wav 65535 bits", make=written("a.wav", _wav(bits=65_535)), tools=HEAR),
    Case(name="wav align 0", make=written("a.wav", _wav(align=0)), tools=HEAR),
    Case(name="wav align 65535", make=written("a.wav", _wav(align=65_535)), tools=HEAR),
    Case(name="wav says 4 GB", make=written("a.wav", _wav(claims=2**32 - 1, whole=2**32 - 1)), tools=HEAR, gives={"seconds": 1.0}),
    Case(name="wav says 2 GB", make=written("a.wav", _wav(claims=2**31, whole=2**31 + 36)), tools=HEAR, gives={"partial": True, "seconds": 1.0}),
    Case(name="wav says nothing", make=written("a.wav", _wav(claims=0)), tools=HEAR),
    Case(name="wav negative list", make=written("a.wav", _wav(before=b"LIST\xff\xff\xff\xff")), tools=HEAR),
    Case(name="wav unknown codec", make=written("a.wav", _wav(form=0x1234)), tools=HEAR, refused="a.wav"),
    Case(name="wav title of orders", make=written("a.wav", _wav(before=_LIST + _ORDERS)), tools=HEAR, gives={"seconds": 1.0}, lacks=("\x1b", "run_python")),
    Case(name="ogg 100 000 comments", make=_commented, refused="processor time"),
    Case(name="wav 300 MB of silence", make=late(lambda: written("a.wav", _wav(data=bytes(300 << 20)))), tools=HEAR[:1], gives={"has_sound": True}),
    Case(name="flac 655350 Hz", make=patched("a.flac", "a.flac", b"fLaC", 18, b"\x9f\xff\x62"), tools=HEAR),
    Case(name="flac 2³⁶ samples", make=patched("a.flac", "a.flac", b"fLaC", _FLAC_LENGTH, b"\xff\xff\xff\xff\xff"[:5]), tools=HEAR),
    Case(name="flac no samples", make=patched("a.flac", "a.flac", b"fLaC", _FLAC_LENGTH + 1, bytes(4)), tools=HEAR, gives={"has_sound": True}),
    Case(name="flac cover 60000²", make=changed("a.flac", "a.flac", _block(6, _cover(60_000, 60_000, b"\x89PNG\r\n\x1a\n" + bytes(100)))), tools=HEAR, gives={"kind": "audio"}),
    Case(name="flac cover says 4 GB", make=changed("a.flac", "a.flac", _block(6, _cover(1, 1, b"", claims=2**32 - 1))), tools=HEAR),
    Case(name="flac 200 covers", make=changed("a.flac", "a.flac", lambda sound: reduce(lambda one, _: _block(6, _cover(1, 1, b"x" * 9))(one), range(200), sound)), tools=HEAR),
    Case(name="wav 300 MB of empty chunks", make=changed("a.wav", "a.wav", lambda sound: sound + bytes(300 << 20)), refused="processor time"),
    Case(name="flac comment of 4 G entries", make=changed("a.flac", "a.flac", _block(4, struct.pack("<I", 1) + b"x" + struct.pack("<I", 2**32 - 1))), tools=HEAR, gives={"kind": "audio"}),
    Case(name="flac block beyond the end", make=changed("a.flac", "a.flac", _block(4, b"", size=0xFFFFFF)), tools=HEAR, refused="a.flac"),
    Case(name="id3 says 256 MB", make=changed("a.mp3", "a.mp3", _id3(size=2**28 - 1)), tools=HEAR, refused="a.mp3"),
    Case(name="id3 cover bomb", make=late(lambda: changed("a.mp3", "a.mp3", _id3(_frame(b"APIC", b"\0image/png\0\x03\0" + bytes(16 << 20))))), tools=HEAR, gives={"kind": "audio"}),
    Case(name="id3 packed bomb", make=changed("a.mp3", "a.mp3", _id3(_frame(b"TXXX", struct.pack(">I", 200 << 20) + zeros(200 << 20), flags=b"\0\x80"))), tools=HEAR, gives={"kind": "audio"}),
    Case(name="id3 200 tags", make=changed("a.mp3", "a.mp3", lambda sound: _id3(_frame(b"TIT2", b"\0x"))(b"") * 200 + sound), tools=HEAR, gives={"kind": "audio"}),
    Case(name="id3 100 000 frames", make=late(lambda: changed("a.mp3", "a.mp3", _id3(*[_frame(b"TXXX", b"\0k%d\0v" % n) for n in range(100_000)]))), refused="processor time"),
    Case(name="id3 100 000 chapters", make=late(lambda: changed("a.mp3", "a.mp3", _id3(*[_frame(b"CHAP", b"c%d\0" % n + bytes(16)) for n in range(100_000)]))), tools=HEAR, gives={"kind": "audio"}),
    Case(name="id3 gives orders", make=changed("a.mp3", "a.mp3", _id3(_frame(b"TIT2", b"\x03" + _ORDERS))), tools=HEAR, gives={"kind": "audio"}, lacks=("\x1b", "run_python")),
    Case(name="mp3 says 2³² frames", make=patched("a.mp3", "a.mp3", b"Info", 8, b"\xff\xff\xff\xff\xff\xff\xff\xff"), tools=HEAR, gives={"kind": "audio"}),
    Case(name="mp3 1 frame in garbage", make=changed("a.mp3", "a.mp3", lambda sound: sound[-2000:-1500] + zlib.compress(bytes(9_000_000)) * 200), tools=HEAR),
    Case(name="ogg granule 2⁶³", make=_granules(2**63 - 1), tools=HEAR),
    Case(name="ogg granule negative", make=_granules(-(2**63)), tools=HEAR),
    Case(name="ogg granule 2⁴⁰", make=_granules(2**40), tools=HEAR),
    Case(name="ogg 65 streams", make=written("a.ogg", _MANY), tools=HEAR, refused="a.ogg"),
    Case(name="ogg page of nothing", make=written("a.ogg", _page(1, 0, b"") * 20_000), tools=HEAR, refused="a.ogg"),
    Case(name="opus 255 channels", make=patched("a.ogg", "a.ogg", b"OpusHead", 9, b"\xff"), tools=HEAR),
    Case(name="opus rate of 4 GHz", make=patched("a.ogg", "a.ogg", b"OpusHead", 12, b"\xff\xff\xff\xff"), tools=HEAR),
    Case(name="aac of garbage", make=written("a.aac", (b"\xff\xf1\x50\x80\x02\x1f\xfc" + b"\xff" * 10) * 30_000), tools=HEAR),
]  # fmt: skip
