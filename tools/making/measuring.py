"""What a file that was made really holds: decoded, not read from its header."""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Literal

from ..base.footage import Footage, open_video
from ..base.media import MediaFacts, examine
from ..base.picture_files import open_picture
from ..base.pictures import as_image
from ..base.run import Run
from ..base.sound_blocks import Reading, blocks

if TYPE_CHECKING:
    from PIL.Image import Image

Flat = Literal["", "black", "white", "one colour"]

LOOKS = 8
"""At so many times a film is looked at, evenly from its start on."""
MOST_BETWEEN_SECONDS = 10.0
"""Where looks lie further apart, what is between them is passed over; a shorter film is decoded as a whole."""
SILENT_LEVEL = 0.001
"""-60 dB under full scale: below it lies the noise of codecs and converters."""
_RATE = 16_000
_HOLE = 5.0
"""So many times the usual distance of two pictures, and at least `_HOLE_SECONDS`: there are some missing between."""
_HOLE_SECONDS = 0.3
_SIDE_PIXELS = 320
# A film moves where one of so many parts differs by more levels of 255 from one look to the next. Measured, by x264 at
# CRF 18 to 40: stills at most 5, with film grain 7; a mouth of 20 pixels in a width of 640: 9; a slow zoom: 42.
_PARTS, _MOVED_LEVELS = (16, 9), 5
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
    sound_seconds: float = 0.0
    """The end of the sound that can be decoded."""
    heard_seconds: float = 0.0
    """How much of it is not silence."""
    lost_share: float = 0.0
    """Of its pictures, or of its sound: what cannot be decoded, whichever is more."""
    pictures_end: float | None = None
    """When the last picture of a film ends that can be decoded."""
    is_still: bool = False
    """A film in which nothing moves, as far as it was looked at."""
    flat: Flat = ""
    """What all of the picture is, where it shows nothing."""
    partial: bool = False
    """It is cut off, or the file says that it goes on after what can be read."""

    @property
    def is_silent(self) -> bool:
        """Whether there is a track of sound, and nothing is heard on it."""
        return self.has_sound and not self.heard_seconds


@dataclass(frozen=True, kw_only=True)
class _Film:
    """The moving picture of a file as it was found."""

    flat: Flat
    is_still: bool
    lost_share: float
    end_seconds: float


@dataclass(frozen=True, kw_only=True)
class _Sound:
    """The sound of a file as it was found."""

    seconds: float
    heard_seconds: float
    lost_share: float


def measure(path: Path, name: str, run: Run) -> Measured:
    """Decode a file as far as it takes to know what it holds: its sound, and a film that is not long, as a whole.

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
    film = None
    if facts.video is not None:
        with open_video(path, name) as footage:
            film = _film(footage, facts.seconds or 0.0, run)
    sound = _sound(path, name, run) if facts.audio is not None else None
    return Measured(
        kind=facts.kind,
        media_type=facts.media_type,
        seconds=facts.seconds,
        width_pixels=facts.video.width_pixels if facts.video else None,
        height_pixels=facts.video.height_pixels if facts.video else None,
        has_sound=sound is not None,
        sound_seconds=sound.seconds if sound else 0.0,
        heard_seconds=sound.heard_seconds if sound else 0.0,
        lost_share=max(film.lost_share if film else 0.0, sound.lost_share if sound else 0.0),
        pictures_end=film.end_seconds if film else None,
        is_still=film is not None and film.is_still,
        flat=film.flat if film else "",
        partial=facts.partial or _says_more(facts),
    )


def _says_more(facts: MediaFacts) -> bool:
    """Tell whether a file says that it lasts longer than it does; one of WAV that was sent while it was made always."""
    said, has = facts.declared_seconds or 0.0, facts.seconds or 0.0
    return facts.media_type != "audio/wav" and said > has + max(0.5, 0.1 * said)


def _film(footage: Footage, seconds: float, run: Run) -> _Film:
    """Look at a film at so many places, and read on from one to the next where they are near."""
    between = seconds / LOOKS
    seen: list[Image] = []
    gaps: list[float] = []
    last, frames = None, footage.frames(0.0)
    for number in range(LOOKS + 1):
        if number and between > MOST_BETWEEN_SECONDS:
            if number == LOOKS:
                break
            last, frames = None, footage.frames(number * between)
        for at, frame in frames:
            run.check()
            if last is not None:
                gaps.append(at - last)
            last = at
            if at >= number * between and number < LOOKS:
                seen.append(as_image(footage.image(frame, _SIDE_PIXELS)).convert("RGB"))
                break
    usual = median(gaps) if gaps else 0.0
    lost = sum(one / usual - 1 for one in gaps if one > max(_HOLE * usual, _HOLE_SECONDS)) if usual else 0.0
    lost = max(lost, footage.errors)
    flats = {_flatness(one) for one in seen}
    return _Film(
        flat="" if "" in flats else flats.pop() if len(flats) == 1 else "one colour" if flats else "",
        is_still=not any(_moved(one, other) for one, other in pairwise(seen)),
        lost_share=lost / (lost + footage.decoded) if lost else 0.0,
        end_seconds=(last or 0.0) + usual,
    )


def _moved(one: "Image", other: "Image") -> bool:
    from PIL import Image as pillow
    from PIL import ImageChops

    changed = ImageChops.difference(one, other).resize(_PARTS, pillow.Resampling.BOX)
    return any(high > _MOVED_LEVELS for _, high in levels(changed))


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


def _sound(path: Path, name: str, run: Run) -> _Sound:
    import numpy as np

    reading, samples, heard = Reading(), 0, 0
    for block in blocks(path, name, run, _RATE, reading):
        samples += len(block)
        heard += len(block) if float(np.abs(block).max(initial=0.0)) >= SILENT_LEVEL else 0
    seconds = samples / _RATE
    return _Sound(
        seconds=seconds,
        heard_seconds=heard / _RATE,
        lost_share=max(reading.bad_packets / max(1, reading.packets), reading.gap_seconds / max(seconds, 1e-9)),
    )
