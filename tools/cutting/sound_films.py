"""Show a sound as a film: its spectrum as bars, or its waveform as it is played."""

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from ..base.outputs import OutputFile
from ..base.run import Run
from ..film.encoders import PictureTrack, SoundTrack
from ..film.planes import Planes
from ..film.writer import Writer
from .edits import Rendered, Take
from .sound_pictures import bar_places
from .sounding import RATE, Heard, even
from .spectra import bands

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Motion = Literal["bars", "waveform"]
FRAMES_PER_SECOND = 30
BARS = 48
_WINDOW = 2048
_FALL = 0.06
"""How much a bar falls from one frame to the next, where it was higher."""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """The pictures that a film is put together of; as large as it is, sides even."""

    dark: "NDArray[np.uint8]"
    """RGB: what is seen where nothing sounds, or what was not played yet."""
    lit: "NDArray[np.uint8]"
    """RGB: the same with all bars up, or all of it played."""
    left: int
    """Where in it bars, or the waveform, are; even."""
    top: int
    width: int
    height: int
    progress_top: int
    """Where a line shows how much was played, below the bars."""
    progress_height: int
    motion: Motion


def film_sound(output: OutputFile, part: Take, stage: Stage, run: Run) -> Rendered:
    """Write a film of a part of a sound.

    Raises:
        MediaError: The sound cannot be decoded.
    """
    import numpy as np

    dark, lit = Planes.of_rgb(stage.dark), Planes.of_rgb(stage.lit)
    seconds = part.seconds
    heard = Heard(
        path=part.path,
        name=part.name,
        start_seconds=part.start_seconds,
        seconds=seconds,
        origin_seconds=part.origin_seconds,
    )
    height, width = stage.dark.shape[:2]
    rate = Fraction(FRAMES_PER_SECOND)
    picture = PictureTrack(width_pixels=width, height_pixels=height, frames_per_second=rate)
    frames = max(1, round(seconds * FRAMES_PER_SECOND))
    each = RATE // FRAMES_PER_SECOND
    before = np.zeros((2, _WINDOW), np.float32)
    bars = np.zeros(BARS, np.float32)
    with Writer(output, "mp4", picture=picture, sound=SoundTrack()) as film:
        for number, block in enumerate(even(heard.blocks(run), each)):
            if number < frames:
                before = np.concatenate([before, block], axis=1)[:, -_WINDOW:]
                frame = dark.copy()
                played = (number + 0.5) / frames
                if stage.motion == "bars":
                    bars = np.maximum(bands(before, BARS, RATE), bars - _FALL)
                    _raise_bars(frame, lit, stage, bars)
                _play(frame, lit, stage, played)
                film.show(frame.data, number / FRAMES_PER_SECOND)
                if number % 30 == 0:
                    run.progress(number / frames, "drawing")
            film.hear(block)
        return Rendered(seconds=seconds, frames=film.pictures)


def _raise_bars(frame: Planes, lit: Planes, stage: Stage, bars: "NDArray[np.float32]") -> None:
    for (left, right), level in zip(bar_places(stage.width, BARS), bars, strict=True):
        _light(frame, lit, (stage.left + left, stage.left + right), _rows(stage, float(level)))


def _rows(stage: Stage, level: float) -> tuple[int, int]:
    bottom = stage.top + stage.height
    return bottom - max(4, round(stage.height * level)), bottom


def _play(frame: Planes, lit: Planes, stage: Stage, share: float) -> None:
    """Light what was played: of the waveform, or of the line below the bars."""
    columns = stage.left, stage.left + round(stage.width * share)
    if stage.motion == "waveform":
        _light(frame, lit, columns, (stage.top, stage.top + stage.height))
    else:
        _light(frame, lit, columns, (stage.progress_top, stage.progress_top + stage.progress_height))


def _light(frame: Planes, lit: Planes, columns: tuple[int, int], rows: tuple[int, int]) -> None:
    """Take a rectangle, its edges made even, from the lit picture."""
    for number, (plane, bright) in enumerate(zip(frame.all, lit.all, strict=True)):
        by = 1 if number == 0 else 2
        left, right, top, bottom = (one // 2 * 2 // by for one in (*columns, *rows))
        plane[top:bottom, left:right] = bright[top:bottom, left:right]
