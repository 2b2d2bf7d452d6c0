"""What is to be written: parts of files, how they look and sound, and with which words."""

import math
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Literal

from ..film.captions import Drawn
from .looks import Look


@dataclass(frozen=True, kw_only=True)
class Take:
    """A part of a file."""

    path: Path
    name: str
    start_seconds: float
    end_seconds: float
    origin_seconds: float = 0.0
    has_picture: bool = True
    has_sound: bool = True

    @property
    def seconds(self) -> float:
        return self.end_seconds - self.start_seconds


@dataclass(frozen=True, kw_only=True)
class Words:
    """A subtitle, at its time in what is written."""

    start_seconds: float
    end_seconds: float
    text: str = ""
    drawn: Drawn | None = None


@dataclass(frozen=True, kw_only=True)
class Other:
    """Sound from another file."""

    take: Take
    way: Literal["replace", "mix"]
    gain: float = 1.0
    delay_seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Edit:
    """What is to be written."""

    takes: tuple[Take, ...]
    look: Look | None
    """None: no picture."""
    frames_per_second: float = 25.0
    steady: bool = True
    """Each frame is shown for as long as the next."""
    speed: float = 1.0
    backwards: bool = False
    most_bits_per_second: int | None = None
    """Of the picture; None: as many as it takes to look the same."""
    has_sound: bool = True
    silent: tuple[tuple[float, float], ...] = ()
    """Spans of what is written in which nothing is heard."""
    channels: Literal[1, 2] = 2
    other: Other | None = None
    burned: tuple[Words, ...] = ()
    soft: tuple[Words, ...] = ()
    language: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    sound_tags: dict[str, str] = field(default_factory=dict)
    """Its language and its title."""

    @property
    def seconds(self) -> float:
        return sum(one.seconds for one in self.takes) / self.speed

    @property
    def is_one_file(self) -> bool:
        return len({one.path for one in self.takes}) == 1

    @property
    def rate(self) -> Fraction:
        return exact_rate(self.frames_per_second)


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """What was written."""

    seconds: float
    frames: int = 0
    damaged: int = 0
    """Packets that could not be decoded."""
    made_whole: bool = False
    """Its pictures were interlaced."""


def exact_rate(frames_per_second: float) -> Fraction:
    """Return the rate that was rounded to three digits: of 29.97, which is American television's, 30000/1001."""
    american = Fraction(round(frames_per_second * 1.001) * 1000, 1001)
    if abs(frames_per_second - american) < 1e-3:
        return american
    return Fraction(frames_per_second).limit_denominator(1001)


def snapped(seconds: float, rate: Fraction) -> float:
    """Return the time nearest to this at which a frame begins; of two, the earlier one."""
    return float(math.ceil(Fraction(seconds) * rate - Fraction(1, 2)) / rate)
