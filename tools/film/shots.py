"""A film before it is made: what is seen, said and heard in it, and when; plain data."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from .captions import Drawn
from .encoders import Container

Move = Literal["in", "out", "left", "right", "up", "down", "none"]
"""Of the camera over a picture."""


@dataclass(frozen=True, kw_only=True)
class Shot:
    """What is seen for a while."""

    kind: Literal["picture", "clip", "card"]
    start_seconds: float
    """In the film."""
    seconds: float
    fade_seconds: float = 0.0
    """How long it takes to come, half of it before its start; 0 for a cut."""
    handle: str = ""
    name: str = ""
    """Of the file, for messages."""
    from_seconds: float = 0.0
    """Where a clip begins."""
    to_seconds: float | None = None
    """Where it ends; its last frame stands when the shot is longer."""
    move: Move = "none"
    words: Drawn | None = None
    """What is written over it."""
    colour: tuple[int, int, int] = (16, 128, 128)
    """Of a card, as YUV."""

    @property
    def end_seconds(self) -> float:
        return self.start_seconds + self.seconds


@dataclass(frozen=True, kw_only=True)
class Line:
    """A caption."""

    start_seconds: float
    end_seconds: float
    text: str
    drawn: Drawn | None = None
    """None where it is not drawn."""


@dataclass(frozen=True, kw_only=True)
class Strip:
    """A stretch of sound."""

    kind: Literal["speech", "clip", "music"]
    handle: str
    name: str
    at_seconds: float
    """In the film."""
    seconds: float
    from_seconds: float = 0.0
    """In its file."""
    gain_db: float = 0.0
    rise_seconds: float = 0.02
    """How long it takes to come; shorter than what is heard as slow, longer than a click."""
    fall_seconds: float = 0.02


@dataclass(frozen=True, kw_only=True)
class Film:
    """All of it."""

    width_pixels: int
    height_pixels: int
    frames_per_second: int
    seconds: float
    shots: tuple[Shot, ...]
    lines: tuple[Line, ...] = ()
    strips: tuple[Strip, ...] = ()
    container: Container = "mp4"
    language: str = "en"
    has_soft_lines: bool = False
    loudness_lufs: float = -16.0
    duck_db: float = -12.0
    """How much softer music gets under speech."""

    @property
    def frames(self) -> int:
        return max(1, round(self.seconds * self.frames_per_second))

    @property
    def rate(self) -> Fraction:
        return Fraction(self.frames_per_second)
