"""H.264 as it is stored: its units, its parameter sets, and the header that holds several of them.

After ITU-T H.264 (08/2021) 7.3, 7.4 and annex B, and ISO/IEC 14496-15:2022 5.3.3.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

IDR, SEI, SPS, PPS, DELIMITER = 5, 6, 7, 8, 9
"""Types of units: a picture that nothing before it is needed for, and what describes pictures."""
_START = re.compile(rb"\x00\x00\x01")
_HIGH = (100, 110, 122, 244)
"""Profiles whose header goes on with the chroma format and the depths."""
_RECOVERY_POINT = 6
"""Type of a message (D.1.1)."""
MOST_SETS = 31
"""Of parameter sets that a header can hold."""


@dataclass(frozen=True, kw_only=True)
class Header:
    """What `avcC` holds: the parameter sets of a stream."""

    length_bytes: int
    """Of the number before each unit."""
    sequence: tuple[bytes, ...]
    picture: tuple[bytes, ...]

    @property
    def profile(self) -> int:
        return self.sequence[0][1]

    @property
    def level(self) -> int:
        return self.sequence[0][3]

    def ids(self) -> set[int]:
        """Return the numbers of all parameter sets."""
        return {sequence_id(one) for one in self.sequence} | {picture_id(one) for one in self.picture}

    def joined(self, other: "Header") -> "Header":
        """Return a header with the sets of both."""
        return Header(
            length_bytes=self.length_bytes,
            sequence=self.sequence + tuple(one for one in other.sequence if one not in self.sequence),
            picture=self.picture + tuple(one for one in other.picture if one not in self.picture),
        )

    def packed(self, ending: bytes = b"") -> bytes:
        """Return it as `avcC`; a decoder needs the highest level of all sets.

        Args:
            ending: The chroma format and the depths, of the profiles that say them.
        """
        first = self.sequence[0]
        # A constraint holds for the stream only if it does for each of its sets.
        constraints = first[2]
        for one in self.sequence:
            constraints &= one[2]
        level = max(one[3] for one in self.sequence)
        packed = bytearray([1, first[1], constraints, level, 0xFC | (self.length_bytes - 1), 0xE0 | len(self.sequence)])
        for one in self.sequence:
            packed += len(one).to_bytes(2, "big") + one
        packed.append(len(self.picture))
        for one in self.picture:
            packed += len(one).to_bytes(2, "big") + one
        return bytes(packed) + ending


def header(extradata: bytes) -> tuple[Header, bytes] | None:
    """Return the header in a stream's extra data, in either form, with what stands after its sets; None where damaged.

    The second is what the chroma format and the depths take up.
    """
    try:
        if extradata[:1] == b"\x01":
            return _boxed(extradata)
        units = list(split(extradata))
    except (IndexError, ValueError):
        return None
    sequence = tuple(one for one in units if kind(one) == SPS)
    picture = tuple(one for one in units if kind(one) == PPS)
    if not sequence or not picture or len(sequence[0]) < 5:
        return None
    return Header(length_bytes=4, sequence=sequence, picture=picture), b""


def _boxed(content: bytes) -> tuple[Header, bytes] | None:
    sequence, at = _sets(content, 6, content[5] & 31)
    picture, at = _sets(content, at + 1, content[at])
    if at > len(content) or not sequence or not picture or any(len(one) < 5 for one in sequence):
        return None
    ending = content[at : at + 4] if content[1] in _HIGH else b""
    return Header(length_bytes=(content[4] & 3) + 1, sequence=sequence, picture=picture), ending


def _sets(content: bytes, at: int, count: int) -> tuple[tuple[bytes, ...], int]:
    """Return so many parameter sets from a place on, and where they end."""
    found = []
    for _ in range(count):
        length = int.from_bytes(content[at : at + 2], "big")
        found.append(content[at + 2 : at + 2 + length])
        at += 2 + length
    return tuple(found), at


def kind(unit: bytes) -> int:
    """Return the type of a unit."""
    return unit[0] & 31 if unit else 0


def split(content: bytes) -> Iterator[bytes]:
    """Yield the units of a byte stream with start codes."""
    starts = [one.end() for one in _START.finditer(content)]
    for start, following in zip(starts, [*(one - 3 for one in starts[1:]), len(content)], strict=True):
        unit = content[start:following].rstrip(b"\x00")
        if unit:
            yield unit


def units(packet: bytes, length_bytes: int) -> list[bytes] | None:
    """Return the units of a packet whose units have their length before them; None where it is damaged."""
    found, at = [], 0
    while at < len(packet):
        length = int.from_bytes(packet[at : at + length_bytes], "big")
        at += length_bytes
        if length == 0 or at + length > len(packet):
            return None
        found.append(packet[at : at + length])
        at += length
    return found


def joined(parts: list[bytes], length_bytes: int) -> bytes:
    """Return units as one packet."""
    return b"".join(len(one).to_bytes(length_bytes, "big") + one for one in parts)


def sequence_id(unit: bytes) -> int:
    """Return the number of a sequence parameter set."""
    return exponential(plain(unit[4:16]))


def picture_id(unit: bytes) -> int:
    """Return the number of a picture parameter set."""
    return exponential(plain(unit[1:16]))


def recovery_frames(unit: bytes) -> int:
    """Return after how many frames a picture is whole that decoding begins before, as an SEI unit says (D.2.8)."""
    content, at = plain(unit), 1
    while at + 2 < len(content):
        numbers = []
        for _ in range(2):
            number = 0
            while at < len(content) and content[at] == 0xFF:
                number, at = number + 255, at + 1
            numbers.append(number + content[at] if at < len(content) else number)
            at += 1
        if numbers[0] == _RECOVERY_POINT:
            return exponential(content[at : at + 16])
        at += numbers[1]
    return 0


def plain(content: bytes) -> bytes:
    """Return content without the bytes that keep it from looking like a start code."""
    return content.replace(b"\x00\x00\x03", b"\x00\x00")


def exponential(content: bytes) -> int:
    """Return the Exp-Golomb number at the start (9.1)."""
    bits = "".join(f"{one:08b}" for one in content)
    zeros = len(bits) - len(bits.lstrip("0"))
    if 2 * zeros + 1 > len(bits):
        raise ValueError("the number does not end")
    return int(bits[zeros : 2 * zeros + 1], 2) - 1
