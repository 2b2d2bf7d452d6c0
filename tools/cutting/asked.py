"""What an edit was asked to do, and whether that can be."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, get_args

from ..base.errors import ArgumentError, MediaError
from ..base.pictures import clock
from .formats import FORMATS, Format, FormatName
from .survey import Survey

Task = Literal[
    "trim", "split", "remove", "join", "crop", "scale", "rotate", "speed", "reverse", "mute", "replace_sound",
    "mix_sound", "extract_sound", "add_subtitles", "burn_subtitles", "convert",
]  # fmt: skip
TASKS: tuple[Task, ...] = get_args(Task)
TAKES: Mapping[Task, frozenset[str]] = {
    "trim": frozenset({"start_seconds", "end_seconds", "exact"}),
    "split": frozenset({"at_seconds", "parts", "exact", "silence_db", "min_silence_seconds", "keep_seconds"}),
    "remove": frozenset({"parts", "exact", "silence_db", "min_silence_seconds", "keep_seconds"}),
    "join": frozenset({"files"}),
    "crop": frozenset({"left_pixels", "top_pixels", "width_pixels", "height_pixels", "aspect"}),
    "scale": frozenset({"width_pixels", "height_pixels"}),
    "rotate": frozenset({"degrees", "mirror"}),
    "speed": frozenset({"speed"}),
    "reverse": frozenset(),
    "mute": frozenset({"start_seconds", "end_seconds"}),
    "replace_sound": frozenset({"sound", "start_seconds", "volume_db"}),
    "mix_sound": frozenset({"sound", "start_seconds", "volume_db"}),
    "extract_sound": frozenset({"start_seconds", "end_seconds"}),
    "add_subtitles": frozenset({"subtitles", "language"}),
    "burn_subtitles": frozenset({"subtitles"}),
    "convert": frozenset({"start_seconds", "end_seconds", "width_pixels", "frames_per_second", "max_bytes"}),
}
"""What each task takes beside `media`, `task` and `format`."""
OF_PICTURES = frozenset({"crop", "scale", "rotate", "convert"})
MOST_PIECES = 200
MOST_PARTS = 1_000
MOST_SECONDS = 12 * 3600
MOST_SIDE_PIXELS = 7680
_END_SLACK_SECONDS = 0.5
_ASPECT = re.compile(r"(\d{1,4})\s*[:/x×]\s*(\d{1,4})")
_NEEDS = {
    "join": "files",
    "speed": "speed",
    "replace_sound": "sound",
    "mix_sound": "sound",
    "add_subtitles": "subtitles",
    "burn_subtitles": "subtitles",
}


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The arguments of an edit."""

    task: Task
    start_seconds: float | None = None
    end_seconds: float | None = None
    at_seconds: list[float] | None = None
    parts: list[tuple[float, float]] | None = None
    exact: bool = True
    silence_db: float = -40.0
    min_silence_seconds: float = 0.5
    keep_seconds: float = 0.15
    left_pixels: int | None = None
    top_pixels: int | None = None
    width_pixels: int | None = None
    height_pixels: int | None = None
    aspect: str | None = None
    degrees: int = 0
    mirror: bool = False
    speed: float | None = None
    files: list[str] | None = None
    sound: str | None = None
    volume_db: float = 0.0
    subtitles: str | None = None
    language: str = ""
    frames_per_second: float | None = None
    max_bytes: int | None = None
    format: FormatName | None = None

    def check(self, has_media: bool) -> None:
        """Refuse what does not go together, before anything is read.

        Raises:
            ArgumentError: The message says what the task takes.
        """
        takes = TAKES[self.task]
        usual = Asked(task=self.task)
        given = [
            name
            for name in vars(usual)
            if name not in ("task", "format") and getattr(self, name) != getattr(usual, name)
        ]
        if extra := [name for name in given if name not in takes]:
            accepted = ", ".join(f"`{one}`" for one in sorted(takes)) or "nothing else"
            raise ArgumentError(
                f"`{self.task}` does not take {' or '.join(f'`{one}`' for one in extra)}. It takes: {accepted}. "
                "Ask for one task after the other."
            )
        need = _NEEDS.get(self.task)
        if need is not None and not getattr(self, need):
            raise ArgumentError(f"`{self.task}` needs `{need}`.")
        if not has_media and self.task != "join":
            raise ArgumentError(f"`{self.task}` needs `media`, the file to edit.")
        self._check_values()

    def _check_values(self) -> None:
        if self.task == "convert" and self.format is None:
            raise ArgumentError(f"`convert` needs `format`: {', '.join(FORMATS)}.")
        if self.task == "rotate" and not self.degrees and not self.mirror:
            raise ArgumentError("`rotate` needs `degrees` (90, 180 or 270, clockwise) or `mirror`.")
        if self.task == "crop" and self.aspect is None and (self.width_pixels is None or self.height_pixels is None):
            raise ArgumentError("`crop` needs `width_pixels` and `height_pixels`, or `aspect`, for example `9:16`.")
        if self.task == "scale" and self.width_pixels is None and self.height_pixels is None:
            raise ArgumentError("`scale` needs `width_pixels` or `height_pixels`.")
        start, end = self.start_seconds, self.end_seconds
        if start is not None and end is not None and end <= start:
            raise ArgumentError(
                f"`end_seconds` ({end:g}) is not after `start_seconds` ({start:g}). Both count from the start of the "
                "file, in seconds."
            )
        if self.task == "split" and self.at_seconds and self.parts:
            raise ArgumentError("Give `at_seconds`, `parts`, or neither (then it is split at silences), not both.")

    def span(self, seconds: float, name: str) -> tuple[float, float]:
        """Return the part from `start_seconds` to `end_seconds`; the whole file where they are left out.

        Raises:
            ArgumentError: It is not in the file.
        """
        start = self.start_seconds or 0.0
        end = seconds if self.end_seconds is None else self.end_seconds
        return inside(start, end, seconds, name)


def inside(start: float, end: float, seconds: float, name: str) -> tuple[float, float]:
    """Return a part of a file, its end cut to that of the file where it is only a little beyond.

    Raises:
        ArgumentError: It is not in the file.
    """
    lasts = f"{name!r} lasts {seconds:.2f} s ({clock(seconds)})"
    if start >= seconds:
        raise ArgumentError(f"The part begins at {start:g} s, and {lasts}. Give an earlier start.")
    if start < 0 or end <= start:
        raise ArgumentError(
            f"The part from {start:g} s to {end:g} s is none: it must start at 0 or later and then end."
        )
    if end > seconds + _END_SLACK_SECONDS:
        raise ArgumentError(f"The part ends at {end:g} s, and {lasts}. Leave the end out for all that follows.")
    return start, min(end, seconds)


def checked_parts(asked: Asked, seconds: float, name: str) -> list[tuple[float, float]]:
    """Return the given parts in order of time.

    Raises:
        ArgumentError: They are not in the file, overlap, or are too many.
    """
    parts = sorted(inside(start, end, seconds, name) for start, end in asked.parts or [])
    for before, after in pairwise(parts):
        if asked.task == "remove" and after[0] < before[1] - 1e-6:
            raise ArgumentError(
                f"The parts {before[0]:g}–{before[1]:g} s and {after[0]:g}–{after[1]:g} s overlap. Join them to one."
            )
    if len(parts) > MOST_PARTS:
        raise ArgumentError(f"There are {len(parts):,} `parts`; the limit is {MOST_PARTS:,}.")
    return parts


def pieces_at(times: list[float], seconds: float, name: str) -> list[tuple[float, float]]:
    """Return the pieces between times.

    Raises:
        ArgumentError: A time is not in the file, or there are too many.
    """
    cuts = sorted(set(times))
    if outside := [one for one in cuts if not 0 < one < seconds]:
        raise ArgumentError(
            f"`at_seconds` has {outside[0]:g}, and {name!r} goes from 0 to {seconds:.2f} s. Cut between these."
        )
    if len(cuts) + 1 > MOST_PIECES:
        raise ArgumentError(f"{len(cuts):,} cuts make {len(cuts) + 1:,} files; the limit is {MOST_PIECES}.")
    edges = [0.0, *cuts, seconds]
    return list(pairwise(edges))


def without(parts: list[tuple[float, float]], seconds: float, name: str) -> list[tuple[float, float]]:
    """Return what is left of a file when parts of it are left out.

    Raises:
        ArgumentError: Nothing is left.
    """
    left, at = [], 0.0
    for start, end in parts:
        if start - at > 1e-3:
            left.append((at, start))
        at = max(at, end)
    if seconds - at > 1e-3:
        left.append((at, seconds))
    if not left:
        raise ArgumentError(f"`parts` cover all {seconds:.2f} s of {name!r}; nothing would be left.")
    return left


def loud_parts(
    silent: list[tuple[float, float]], seconds: float, keep_seconds: float, name: str
) -> list[tuple[float, float]]:
    """Return what lies between silences, with a little of each silence around it.

    Raises:
        MediaError: There is nothing but silence.
    """
    loud, at = [], 0.0
    for start, end in [*silent, (seconds, seconds)]:
        if start > at:
            loud.append((at, start))
        at = max(at, end)
    if not loud:
        raise MediaError(
            f"All of {name!r} is silent. Lower `silence_db`, for example to -60, or cut at given times instead."
        )
    kept: list[tuple[float, float]] = []
    for start, end in loud:
        begins, ends = max(0.0, start - keep_seconds), min(seconds, end + keep_seconds)
        if kept and begins <= kept[-1][1]:
            # What is kept of both sides of a silence meets: nothing of it is left to take out.
            kept[-1] = (kept[-1][0], ends)
        else:
            kept.append((begins, ends))
    return kept


def crop_box(asked: Asked, survey: Survey, name: str, *, even_sizes: bool) -> tuple[int, int, int, int, list[str]]:
    """Return left, top, width and height of what is kept of a picture, and what is to be said of it.

    Raises:
        ArgumentError: It is not in the picture.
    """
    full = survey.width_pixels, survey.height_pixels
    notes: list[str] = []
    if asked.aspect is not None:
        found = _ASPECT.fullmatch(asked.aspect.strip())
        if found is None or not int(found[1]) or not int(found[2]):
            raise ArgumentError(f"`aspect` is {asked.aspect!r}. Give two numbers, for example `16:9`, `9:16` or `1:1`.")
        ratio = int(found[1]) / int(found[2])
        width = asked.width_pixels or min(
            full[0], round(full[1] * ratio), round((asked.height_pixels or 10**6) * ratio)
        )
        height = min(full[1], round(width / ratio))
    else:
        assert asked.width_pixels is not None and asked.height_pixels is not None
        width, height = asked.width_pixels, asked.height_pixels
    if even_sizes and (width % 2 or height % 2):
        rounded = width - width % 2, height - height % 2
        notes.append(f"The size was made even, as encoders need it: {rounded[0]}×{rounded[1]} px.")
        width, height = rounded
    left = (full[0] - width) // 2 if asked.left_pixels is None else asked.left_pixels
    top = (full[1] - height) // 2 if asked.top_pixels is None else asked.top_pixels
    least = 16 if even_sizes else 1
    if width < least or height < least:
        raise ArgumentError(f"A crop of {width}×{height} px is too small; the least is {least}×{least}.")
    if left < 0 or top < 0 or left + width > full[0] or top + height > full[1]:
        raise ArgumentError(
            f"The crop of {width}×{height} px at {left}, {top} is not inside {name!r}, which is displayed with "
            f"{full[0]}×{full[1]} px. Make it smaller, or leave `left_pixels` and `top_pixels` out to crop the middle."
        )
    return left, top, width, height, notes


def scaled_size(asked: Asked, survey: Survey) -> tuple[int, int]:
    """Return the size to scale to; the side that is not given follows the other.

    Raises:
        ArgumentError: It is too large or too small.
    """
    full = survey.width_pixels, survey.height_pixels
    width, height = asked.width_pixels, asked.height_pixels
    if width is None:
        width = max(1, round(full[0] * (height or full[1]) / full[1]))
    if height is None:
        height = max(1, round(full[1] * width / full[0]))
    if max(width, height) > MOST_SIDE_PIXELS or width * height > 33_200_000:
        raise ArgumentError(f"{width:,}×{height:,} px is too large; the limit is {MOST_SIDE_PIXELS:,} a side.")
    if min(width, height) < 2:
        raise ArgumentError(f"{width}×{height} px is too small; each side needs at least 2 px.")
    return width, height


def sound_format(survey: Survey, asked: FormatName | None) -> Format:
    """Return what the sound of a file is written as: what takes it over as it is, unless a format was asked for."""
    if asked is not None:
        return FORMATS[asked]
    codec = survey.audio_codec
    if codec.startswith("pcm_"):
        return FORMATS["wav"]
    known = {"aac": "m4a", "alac": "m4a", "mp3": "mp3", "flac": "flac", "opus": "opus", "vorbis": "ogg"}
    return FORMATS[known.get(codec, "m4a")]
