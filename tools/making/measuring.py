"""What a file that was made really holds: decoded, not read from its header."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ..base.footage import Footage, open_video
from ..base.media import examine
from ..base.picture_files import open_picture
from ..base.pictures import as_image
from ..base.run import Run
from ..base.sound_blocks import Reading, blocks

if TYPE_CHECKING:
    from PIL.Image import Image

Flat = Literal["", "black", "white", "one colour"]

LOOKS = 8
"""At so many times a film is looked at, evenly from its start on."""
SILENT_LEVEL = 0.001
"""-60 dB under full scale: below it lies the noise of codecs and converters."""
_SIDE_PIXELS = 320
# What a lossy codec makes of one colour differs by a few levels of 255.
_NOISE_LEVELS = 10
_BLACK_LEVEL, _WHITE_LEVEL = 20, 236


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A file as it was found."""

    kind: Literal["video", "audio", "picture"]
    media_type: str
    seconds: float | None = None
    width_pixels: int | None = None
    height_pixels: int | None = None
    has_sound: bool = False
    is_silent: bool = False
    """It has a track of sound, and nothing is heard on it."""
    flat: Flat = ""
    """What all of the picture is, where it shows nothing."""
    partial: bool = False
    """It is cut off, or a part of it cannot be decoded."""


def measure(path: Path, name: str, run: Run) -> Measured:
    """Decode a file as far as it takes to know what it holds.

    Raises:
        MediaError: It cannot be decoded.
    """
    facts = examine(path, name)
    if facts.kind == "picture":
        return Measured(
            kind="picture",
            media_type=facts.media_type,
            width_pixels=facts.width_pixels,
            height_pixels=facts.height_pixels,
            flat=_flatness(open_picture(path, name)),
        )
    flat: Flat = ""
    if facts.video is not None:
        with open_video(path, name) as footage:
            flat = _film(footage, facts.seconds or 0.0, run)
    reading = Reading()
    return Measured(
        kind=facts.kind,
        media_type=facts.media_type,
        seconds=facts.seconds,
        width_pixels=facts.video.width_pixels if facts.video else None,
        height_pixels=facts.video.height_pixels if facts.video else None,
        has_sound=facts.audio is not None,
        is_silent=facts.audio is not None and _is_silent(path, name, run, reading),
        flat=flat,
        partial=facts.partial or reading.bad_packets > 0,
    )


def _film(footage: Footage, seconds: float, run: Run) -> Flat:
    """Return what all of a film's pictures are, where none of those that are looked at shows anything."""
    seen: set[Flat] = set()
    for number in range(LOOKS):
        run.check()
        found = next(footage.frames(seconds * number / LOOKS), None)
        if found is None:
            continue
        seen.add(_flatness(as_image(footage.image(found[1], _SIDE_PIXELS))))
        if "" in seen:
            return ""
    return seen.pop() if len(seen) == 1 else "one colour" if seen else ""


def _flatness(image: "Image") -> Flat:
    found = levels(image.convert("RGB"))
    if any(high - low > _NOISE_LEVELS for low, high in found):
        return ""
    if all(high <= _BLACK_LEVEL for _, high in found):
        return "black"
    return "white" if all(low >= _WHITE_LEVEL for low, _ in found) else "one colour"


def levels(image: "Image") -> list[tuple[int, int]]:
    """Return the lowest and the highest value of each band."""
    return [band.getextrema() for band in image.split()]  # type: ignore[misc]  # of one band it is a pair


def _is_silent(path: Path, name: str, run: Run, reading: Reading) -> bool:
    import numpy as np

    return all(
        float(np.abs(block).max(initial=0.0)) < SILENT_LEVEL for block in blocks(path, name, run, 16_000, reading)
    )
