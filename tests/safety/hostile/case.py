"""What a hostile file is, and what must become of it."""

import struct
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from pathlib import Path
from typing import Any

SECRET = "canary of the neighbour"
"""Stands in the files beside a hostile one; no answer may hold it."""


@dataclass(frozen=True)
class Place:
    """Where a hostile file is made, and what lies around it."""

    folder: Path
    """Its own; `neighbour.mp4`, `.png`, `.wav` and `.txt` lie in it."""
    secret: Path
    """A text elsewhere."""
    trap: str
    """Address of a server on loopback that must not be dialled."""
    small: Path
    """A folder of small honest files to be changed: `a.mp4`, `a.mkv`, `a.png` …"""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One hostile file."""

    name: str
    make: Callable[[Place], "Path | str"]
    """Write it and return its path."""
    tools: tuple[str, ...] = ("probe_media",)
    refused: str | None = None
    """A pattern that the message of each tool has; None when it is answered, or may be."""
    gives: Mapping[str, Any] = field(default_factory=dict)
    """Fields that the answer of the first tool has."""
    most_mb: int = 512
    """Memory that a process may take."""
    lacks: tuple[str, ...] = ()
    """What neither an answer nor anything printed may hold."""


def written(name: str, content: bytes | str) -> Callable[[Place], Path]:
    """Return what writes a file of this content."""

    def make(place: Place) -> Path:
        path = place.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return make


def filled(name: str, text: str) -> Callable[[Place], Path]:
    """Return what writes a text in which `{trap}`, `{secret}` and `{folder}` stand for what they are here."""

    def make(place: Place) -> Path:
        path = place.folder / name
        known = {"trap": place.trap, "secret": place.secret, "folder": place.folder}
        path.write_text(reduce(lambda done, word: done.replace(f"{{{word}}}", str(known[word])), known, text))
        return path

    return make


def late(content: Callable[[], Callable[[Place], Path]]) -> Callable[[Place], Path]:
    """Return what makes its content only when it is written: it is large or takes long."""

    def make(place: Place) -> Path:
        return content()(place)

    return make


def changed(source: str, name: str, change: Callable[[bytes], bytes]) -> Callable[[Place], Path]:
    """Return what writes a small honest file with a change."""

    def make(place: Place) -> Path:
        path = place.folder / name
        path.write_bytes(change((place.small / source).read_bytes()))
        return path

    return make


def patched(source: str, name: str, mark: bytes, offset: int, value: bytes) -> Callable[[Place], Path]:
    """Return what writes a small honest file with other bytes behind each place where a mark stands."""

    def change(content: bytes) -> bytes:
        assert mark in content, f"{source} has no {mark!r}"
        new, at = bytearray(content), -1
        while (at := content.find(mark, at + 1)) >= 0:
            new[at + offset : at + offset + len(value)] = value
        return bytes(new)

    return changed(source, name, change)


def png_chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int, height: int, *between: bytes, depth: int = 8, colour: int = 0, rows: bytes | None = None) -> bytes:
    """Return a PNG with chunks between its header and its pixels."""
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    if rows is None:
        rows = zlib.compress(b"\0" * (1 + width * (3 if colour == 2 else 1)) * height)
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(between) + png_chunk(b"IDAT", rows) + png_chunk(b"IEND", b"")


def box(kind: bytes, *parts: bytes) -> bytes:
    """Return a box of MP4."""
    content = b"".join(parts)
    return struct.pack(">I", 8 + len(content)) + kind + content


def ebml(identity: str, content: bytes) -> bytes:
    """Return an element of Matroska."""
    return bytes.fromhex(identity) + (len(content) | 1 << 56).to_bytes(8, "big") + content


def zeros(count: int) -> bytes:
    """Return so many zeros, whole MiB of them, deflated: one piece again and again, as deflating takes seconds."""
    packer = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    piece = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    end = packer.flush() + struct.pack(">HH", count % 65_521, 1)  # Adler-32
    return b"\x78\xda" + piece * (count >> 20) + end
