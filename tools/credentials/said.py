"""What metadata says of who made a file, in XMP or in a line of ours, found wherever in the file it stands."""

import base64
import html
import os
import re
from collections.abc import Iterator
from typing import BinaryIO

_LOOKED_BYTES = 4 << 20
"""From the start and from the end: metadata stands at one of them."""
_BEGIN = re.compile(rb"<(?:[A-Za-z0-9]{1,20}:)?RDF[\s>]")
_END = re.compile(rb"</(?:[A-Za-z0-9]{1,20}:)?RDF\s{0,9}>")
_MOST_PACKETS, _MOST_PACKET_BYTES = 1000, 500_000
_PROPERTIES = ("DigitalSourceType", "CreatorTool", "AISystemUsed", "CreateDate")
_LINE = re.compile(rb"made by (Sensorium [^;\x00-\x1f]{1,200}); tool (\w{1,60}); at ([0-9TZ:-]{20})"
                   rb"(?:; digital source type (\w{1,60})\.)?")  # fmt: skip
_MOST_LETTERS = 200
_FILLING = re.compile(rb"\x63pad([\x40-\x57]|\x58.|\x59..)", re.S)
"""The key `pad` in CBOR, and the length of the bytes that are its value."""
_MOST_WHOLE_BYTES = 60_000
"""A longer manifest stands in several parts in JPEG."""
_MANIFEST_MARKS = (b"jumdc2pa", b"jumdc2ma", b"c2pa:manifest", b"urn:c2pa:", b"c2pa.assertions", b"c2pa.signature")
"""Several, as any byte of one may be what was changed."""


def ends_of(file: BinaryIO) -> bytes:
    """Return the parts of a file in which metadata can stand."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    content = file.read(_LOOKED_BYTES)
    if size > _LOOKED_BYTES:
        file.seek(max(_LOOKED_BYTES, size - _LOOKED_BYTES))
        content += file.read(_LOOKED_BYTES)
    return content


def was_signed(content: bytes) -> bool:
    """Tell whether there is something of a manifest, be it whole or not."""
    return any(mark in content for mark in _MANIFEST_MARKS)


def is_filled_otherwise(content: bytes) -> bool:
    """Tell whether the filling of a manifest, which no signature covers, is anything but the zeros it was made of."""
    if encoded := re.search(rb"<c2pa:manifest>([A-Za-z0-9+/=\s]*)</c2pa:manifest>", content):
        content = base64.b64decode(encoded[1])
    if content.startswith(b"GIF8"):  # where it is cut into blocks
        return False
    at = content.find(b"jumdc2pa") - 12
    length = int.from_bytes(content[max(0, at) : at + 4], "big") if at >= 0 else 0
    if not 0 < length < _MOST_WHOLE_BYTES:
        return False
    store = content[at : at + length]
    for found in _FILLING.finditer(store):
        head = found[1]
        count = int.from_bytes(head[1:], "big") if len(head) > 1 else head[0] & 0x1F
        if any(store[found.end() : found.end() + count]):
            return True
    return False


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
