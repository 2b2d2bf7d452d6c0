"""What is to be known of the files of a film before it is made: how long they are, and how loud."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ..base.errors import MediaError
from ..base.loudness import StereoMeter
from ..base.media import examine
from ..base.picture_files import open_picture, picture_size
from ..base.sound_blocks import Reading, stereo_blocks
from .mixing import RATE

if TYPE_CHECKING:
    from ..base.run import Run

LOUDNESS_SECONDS = 300.0
"""Of a file's sound that is measured: its first five minutes."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A file that is to be looked at."""

    handle: str
    use: Literal["picture", "clip", "sound"]
    from_seconds: float = 0.0
    to_seconds: float | None = None


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a file is."""

    seconds: float = 0.0
    width_pixels: int = 0
    height_pixels: int = 0
    """As displayed."""
    has_sound: bool = False
    loudness_lufs: float | None = None
    """None when it is silent, or has no sound."""
    limits: tuple[str, ...] = ()


def survey(wanted: Sequence[Wanted], handles: Sequence[str], size: tuple[int, int], run: "Run") -> list[Found]:
    """Look at files, in a decoder process.

    Args:
        wanted: What is asked.
        handles: The files, which the process may open.
        size: Width and height of the film, in pixels.
        run: Gives them.

    Raises:
        MediaError: One cannot be decoded, or is not what it is wanted for.
    """
    found = []
    for number, one in enumerate(wanted):
        run.progress(0.05 * number / len(wanted), f"looking at {run.name(one.handle)}")
        found.append(_look(one, size, run))
    return found


def _look(wanted: Wanted, size: tuple[int, int], run: "Run") -> Found:
    path, name = run.path(wanted.handle), run.name(wanted.handle)
    if wanted.use == "picture":
        width, height = picture_size(path, name)
        open_picture(path, name, enough_pixels=size)  # one that is cut off is found before anything is paid
        return Found(width_pixels=width, height_pixels=height)
    facts = examine(path, name)
    seconds = facts.seconds or 0.0
    if wanted.use == "clip" and facts.video is None:
        raise MediaError(f"{name!r} has no moving picture. Give it as `narration` or `music`, or give a video.")
    if wanted.use == "sound" and (facts.audio is None or seconds <= 0):
        raise MediaError(f"{name!r} has no sound to be heard ({seconds:.1f} s). Give a recording.")
    loudness = None
    if facts.audio is not None:
        meter, left = StereoMeter(RATE), LOUDNESS_SECONDS * RATE
        if wanted.to_seconds is not None:
            left = min(left, (wanted.to_seconds - wanted.from_seconds) * RATE)
        heard = 0
        for block in stereo_blocks(path, name, run, RATE, Reading(), from_seconds=wanted.from_seconds):
            meter.hear_block(block[:, : int(left)])
            left -= block.shape[1]
            heard += block.shape[1]
            if left <= 0:
                break
        loudness = meter.integrated_lufs()
        if wanted.use == "sound" and not heard:
            raise MediaError(f"{name!r} has no sound to be heard (0.0 s). Give a recording that is not empty.")
    return Found(
        seconds=seconds,
        width_pixels=facts.video.width_pixels if facts.video else 0,
        height_pixels=facts.video.height_pixels if facts.video else 0,
        has_sound=facts.audio is not None,
        loudness_lufs=loudness,
        limits=facts.limits,
    )
