"""What an edit was asked to do, and whether that can be."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from ..base.errors import ArgumentError
from .formats import FORMATS, Format, FormatName
from .parts import inside
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
MOST_SECONDS = 12 * 3600
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


def sound_format(survey: Survey, asked: FormatName | None) -> Format:
    """Return what the sound of a file is written as: what takes it over as it is, unless a format was asked for."""
    if asked is not None:
        return FORMATS[asked]
    codec = survey.audio_codec
    if codec.startswith("pcm_"):
        return FORMATS["wav"]
    known = {"aac": "m4a", "alac": "m4a", "mp3": "mp3", "flac": "flac", "opus": "opus", "vorbis": "ogg"}
    return FORMATS[known.get(codec, "m4a")]
