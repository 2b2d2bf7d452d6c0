"""HEVC as it is stored: its parameter sets, and how those of two encoders stand beside each other in one stream.

After ITU-T H.265 (08/2021) 7.3 and annex B, and ISO/IEC 14496-15:2022 8.3.3. Encoders number their sets from 0 on. To
copy one stream and encode a part of it, the new sets get numbers that the old ones do not have. A number of nine bits
stands where one of a single bit stood, so that what follows is moved by whole bytes: slices need not be read further.
"""

import re
from dataclasses import dataclass

from . import nal

VPS, SPS, PPS = 32, 33, 34
"""Types of units: sets for the video, a sequence and a picture."""
SETS = (VPS, SPS, PPS)
_IRAP = range(16, 24)
"""Pictures that decoding can begin at."""
_BLA_ALONE, _CRA = 18, 21
CLEAN = frozenset({16, 17, 18, 19, 20, _CRA})
"""What nothing before is needed for; of `_CRA` only when it is told so."""
_NUMBER = 15
"""Of a video and a sequence that are encoded here: the last one there is."""
_NINE_BITS = range(15, 31)
"""Numbers that take up nine bits (9.2)."""
_LEVEL_AT, _SETS_AT = 12, 22
_HEADER_BYTES = 32
"""So far the beginning of a unit is looked at."""
_UP_TO_LEVEL = 96
"""Bits of profile and level."""
_ESCAPED = re.compile(rb"\x00\x00(?=[\x00-\x03])")


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """What the sets that are encoded here are called, so that no old one is called the same."""

    picture: int

    @classmethod
    def beside(cls, extradata: bytes) -> "Numbers":
        """Return numbers that the sets of a stream do not have.

        Raises:
            ValueError: There are none, or the stream names no sets; says which, as a part of a sentence.
        """
        sets = sets_of(extradata)
        taken = {picture_id(one) for one in sets if kind(one) == PPS}
        videos = {one[2] >> 4 for one in sets if kind(one) == VPS}
        sequences = {sequence_id(one) for one in sets if kind(one) == SPS}
        free = [one for one in _NINE_BITS if one not in taken]
        if not taken or not sequences:
            raise ValueError("its header names no parameters")
        if not free or _NUMBER in videos | sequences:
            raise ValueError("its parameters have all numbers")
        return cls(picture=free[-1])

    def on(self, unit: bytes) -> bytes:
        """Return a unit of an encoder that calls all its sets 0, with these numbers instead."""
        found = kind(unit)
        if found == VPS:
            return unit[:2] + bytes([_NUMBER << 4 | unit[2] & 15]) + unit[3:]
        content = nal.plain(unit)
        if found == SPS:
            if content[2] >> 1 & 7:
                raise ValueError("the encoder made layers of time")
            content = content[:2] + bytes([_NUMBER << 4 | content[2] & 15]) + content[3:]
            content = _renumbered(content, 24 + _UP_TO_LEVEL, _NUMBER)
        elif found == PPS:
            content = _renumbered(_renumbered(content, 16, self.picture), 25, _NUMBER)
        elif found < VPS:
            content = _renumbered(content, 18 if found in _IRAP else 17, self.picture)
        return _ESCAPED.sub(b"\x00\x00\x03", content)


def kind(unit: bytes) -> int:
    """Return the type of a unit."""
    return unit[0] >> 1 & 63 if unit else 63


def is_boxed(extradata: bytes) -> bool:
    """Return whether it is an `hvcC` box, and units have their length before them; else start codes."""
    return extradata[:1] == b"\x01" and len(extradata) > _SETS_AT


def length_bytes(extradata: bytes) -> int:
    """Return how long the number before each unit is."""
    return (extradata[21] & 3) + 1


def sets_of(extradata: bytes) -> list[bytes]:
    """Return the parameter sets of a stream, of either form.

    Raises:
        ValueError: They are damaged.
    """
    if not is_boxed(extradata):
        return [one for one in nal.split(extradata) if kind(one) in SETS]
    return [one for first, units in _arrays(extradata) if first & 63 in SETS for one in units]


def with_sets(extradata: bytes, more: list[bytes]) -> bytes:
    """Return the header of a stream with further sets; a decoder needs the highest level of all."""
    if not is_boxed(extradata):
        return extradata + b"".join(b"\x00\x00\x00\x01" + one for one in more)
    packed = bytearray(extradata[: _SETS_AT + 1])
    packed[_LEVEL_AT] = max([packed[_LEVEL_AT], *(nal.plain(one)[14] for one in more if kind(one) == SPS)])
    for first, units in _arrays(extradata):
        units += [one for one in more if kind(one) == first & 63]
        packed += bytes([first]) + len(units).to_bytes(2, "big")
        for one in units:
            packed += len(one).to_bytes(2, "big") + one
    return bytes(packed)


def _arrays(extradata: bytes) -> list[tuple[int, list[bytes]]]:
    """Return the units in an `hvcC` box, by the byte that tells their type."""
    found, at = [], _SETS_AT + 1
    for _ in range(extradata[_SETS_AT]):
        first, units = extradata[at : at + 1], []
        count = int.from_bytes(extradata[at + 1 : at + 3], "big")
        at += 3
        for _ in range(count):
            length = int.from_bytes(extradata[at : at + 2], "big")
            units.append(extradata[at + 2 : at + 2 + length])
            at += 2 + length
        if at > len(extradata) or b"" in units:
            raise ValueError("its header is damaged")
        found.append((first[0], units))
    return found


def alone(unit: bytes) -> bytes:
    """Return a unit of a picture that decoding begins at, told so: nothing that comes before it in display follows."""
    return bytes([unit[0] & 0x81 | _BLA_ALONE << 1]) + unit[1:] if kind(unit) == _CRA else unit


def picture_id(unit: bytes) -> int:
    """Return the number of a picture parameter set."""
    return nal.exponential(nal.plain(unit)[2:16])


def sequence_id(unit: bytes) -> int:
    """Return the number of a sequence parameter set (7.3.2.2)."""
    content = nal.plain(unit)
    layers = content[2] >> 1 & 7
    at = 3 + _UP_TO_LEVEL // 8
    if layers:
        flags = int.from_bytes(content[at : at + 2], "big")
        at += 2 + sum(11 * (flags >> (15 - 2 * one) & 1) + (flags >> (14 - 2 * one) & 1) for one in range(layers))
    return nal.exponential(content[at : at + 16])


def _renumbered(content: bytes, at_bit: int, number: int) -> bytes:
    """Return content with another number where a 0, which is a single bit, stands."""
    head = content[:_HEADER_BYTES]
    behind = 8 * len(head) - at_bit - 1
    value = int.from_bytes(head, "big")
    if not value >> behind & 1:
        raise ValueError("the encoder numbers its parameters from another number on")
    new = (value >> (behind + 1) << 9 | (number + 1)) << behind | value & ((1 << behind) - 1)
    return new.to_bytes(len(head) + 1, "big") + content[_HEADER_BYTES:]
