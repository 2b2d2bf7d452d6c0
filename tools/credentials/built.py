"""Whether the bytes of a manifest that no signature covers are as c2pa writes them: who changes one hides something."""

import base64
import re
from dataclasses import dataclass

from .said import LOOKED_BYTES

_MOST_WHOLE_BYTES = 60_000
"""A longer manifest stands in several parts in JPEG."""
_GIF_BLOCK = b"\x21\xff\x0bC2PA_GIF\x01\x00\x00"
_FILLING = re.compile(rb"\x63pad([\x40-\x57]|\x58.|\x59..)", re.S)
"""The key `pad` in CBOR, and the length of the bytes that are its value."""
_LABELS = (b"c2pa.assertions", b"c2pa.claim.v2", b"c2pa.signature")


@dataclass(frozen=True)
class _Box:
    kind: bytes
    start: int
    end: int


def is_as_built(content: bytes) -> bool:
    """Tell whether a manifest of ours has boxes that fit each other, their usual names, and zeros as filling.

    Of one that a JPEG holds in several parts, or that is not whole among the ends of a large file, nothing is said.
    """
    whole = _joined(content)
    at = whole.find(b"jumdc2pa") - 12
    length = int.from_bytes(whole[max(0, at) : at + 4], "big") if at >= 0 else 0
    if whole.startswith(b"\xff\xd8") and length > _MOST_WHOLE_BYTES:
        return True
    store = whole[max(0, at) : at + length]
    if not length or len(store) != length:
        return len(content) > LOOKED_BYTES
    try:
        return _is_built(store)
    except ValueError:
        return False


def _joined(content: bytes) -> bytes:
    """Return what holds the manifest in one piece."""
    if encoded := re.search(rb"<c2pa:manifest>([A-Za-z0-9+/=\s]*)</c2pa:manifest>", content):
        return base64.b64decode(encoded[1])
    if not content.startswith(b"GIF8"):
        return content
    at, parts = content.find(_GIF_BLOCK) + len(_GIF_BLOCK), list[bytes]()
    while length := content[at] if at < len(content) else 0:
        parts.append(content[at + 1 : at + 1 + length])
        at += 1 + length
    return b"".join(parts)


def _is_built(store: bytes) -> bool:
    (top,) = _boxes(store, 0, len(store))
    parts = _inside(store, _inside(store, top)[-1])  # those of the inputs stand before it, and it has their hashes
    waiting = list(parts)
    while waiting:
        if (box := waiting.pop()).kind == b"jumb":
            waiting += _inside(store, box)
    signature = store[parts[-1].start : parts[-1].end]
    filling = _FILLING.search(signature)
    if _label(store, top) != b"c2pa" or tuple(_label(store, one) for one in parts) != _LABELS or not filling:
        return False
    head = filling[1]
    count = int.from_bytes(head[1:], "big") if len(head) > 1 else head[0] & 0x1F
    return not any(signature[filling.end() : filling.end() + count])


def _boxes(store: bytes, at: int, end: int) -> list[_Box]:
    found = []
    while at < end:
        length = int.from_bytes(store[at : at + 4], "big")
        if not 8 <= length <= end - at:
            raise ValueError("a box does not fit")
        found.append(_Box(store[at + 4 : at + 8], at + 8, at + length))
        at += length
    return found


def _inside(store: bytes, box: _Box) -> list[_Box]:
    """Return what is in a box, after what describes it."""
    description, *others = _boxes(store, box.start, box.end)
    if description.kind != b"jumd" or not others:
        raise ValueError("a box has no description, or nothing in it")
    return others


def _label(store: bytes, box: _Box) -> bytes:
    """Return what a box is called: after its own head, its kind and one byte of switches."""
    return store[box.start + 8 + 17 : box.end].partition(b"\0")[0]
