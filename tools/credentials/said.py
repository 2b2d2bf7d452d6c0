"""What metadata says of who made a file, in XMP or in a line of ours, found wherever in the file it stands."""

import html
import os
import re
from collections.abc import Iterator
from typing import BinaryIO

LOOKED_BYTES = 4 << 20
"""From the start and from the end: metadata stands at one of them."""
_BEGIN = re.compile(rb"<(?:[A-Za-z0-9]{1,20}:)?RDF[\s>]")
_END = re.compile(rb"</(?:[A-Za-z0-9]{1,20}:)?RDF\s{0,9}>")
_MOST_PACKETS, _MOST_PACKET_BYTES = 1000, 500_000
_PROPERTIES = ("DigitalSourceType", "CreatorTool", "AISystemUsed", "CreateDate")
_LINE = re.compile(rb"made by (Sensorium [^;\x00-\x1f]{1,200}); tool (\w{1,60}); at ([0-9TZ:-]{20})"
                   rb"(?:; digital source type (\w{1,60})\.)?")  # fmt: skip
_MOST_LETTERS = 200
_MANIFEST_MARKS = (b"jumdc2pa", b"jumdc2ma", b"c2pa:manifest", b"urn:c2pa:", b"c2pa.assertions", b"c2pa.signature")
"""Several, as any byte of one may be what was changed."""


def ends_of(file: BinaryIO) -> bytes:
    """Return the parts of a file in which metadata can stand."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    content = file.read(LOOKED_BYTES)
    if size > LOOKED_BYTES:
        file.seek(max(LOOKED_BYTES, size - LOOKED_BYTES))
        content += file.read(LOOKED_BYTES)
    return content


def was_signed(content: bytes) -> bool:
    """Tell whether there is something of a manifest, be it whole or not."""
    return any(mark in content for mark in _MANIFEST_MARKS)


def said_in(content: bytes) -> dict[str, str]:
    """Return property -> what is said, of those that tell who made it."""
    found: dict[str, str] = {}
    for packet in _packets(content):
        for name in _PROPERTIES:
            if name not in found and (value := _property(packet, name)):
                found[name] = value
    if line := _LINE.search(content):
        by, tool, at, kind = (one.decode("utf-8", "replace") if one else "" for one in line.groups())
        found |= {name: value for name, value in {"made by": by, "tool": tool, "at": at}.items() if value}
        if kind:
            found.setdefault("DigitalSourceType", kind)
    return found


def _packets(content: bytes) -> Iterator[bytes]:
    """Yield what stands between a beginning of RDF and its next end; whatever a file holds, it is read once."""
    at = 0
    for _ in range(_MOST_PACKETS):
        begin = _BEGIN.search(content, at)
        end = _END.search(content, begin.end()) if begin else None
        if begin is None or end is None:
            return
        yield content[max(begin.start(), end.end() - _MOST_PACKET_BYTES) : end.end()]
        at = end.end()


def _property(packet: bytes, name: str) -> str:
    """Return the text of an element or an attribute of this name."""
    key = rb"[A-Za-z0-9]{1,20}:" + name.encode()
    hit = re.search(rb"<" + key + rb"(?:\s[^>]{0,500})?>([^<]{1,2000})<", packet) or re.search(
        key + rb"\s*=\s*[\"']([^\"'<]{1,2000})[\"']", packet
    )
    if hit is None:
        return ""
    text = html.unescape(hit[1].decode("utf-8", "replace"))
    return "".join(letter for letter in text if letter.isprintable())[:_MOST_LETTERS].strip()
