"""Looks at what is handed to a maker before anything is sent: words, and pictures that can be decoded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..base.endpoints import split_model
from ..base.errors import ArgumentError, MediaError
from ..base.makers import FileName, Task, Value, ValueName, Wish
from ..base.media import examine
from ..base.picture_files import read_picture
from .measuring import levels, measure

if TYPE_CHECKING:
    from ..base.run import Run

MOST_LETTERS = 32_000
"""Of a prompt: the most that any provider takes; most take less, and say so themselves."""
MOST_PICTURES = 16
# From here on a mask is white, also for those who draw.
_WHITE_LEVEL = 128


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What is to be known of a picture before it is sent."""

    width_pixels: int
    height_pixels: int
    lightest: int
    """Of its grey levels, 0 to 255."""


def check_words(name: str, words: str | None) -> None:
    """See that there is something to go by, and not too much.

    Raises:
        ArgumentError: It is blank, or too long.
    """
    if words is not None and not words.strip():
        raise ArgumentError(f"`{name}` has no word in it. Say what is to be seen.")
    if words is not None and len(words) > MOST_LETTERS:
        raise ArgumentError(
            f"`{name}` has {len(words):,} characters; the limit is {MOST_LETTERS:,}, and most models read less than a "
            "tenth of that. Say what matters."
        )


def wish_of(
    task: Task, values: Mapping[ValueName, Value | None], files: Mapping[FileName, str | Sequence[str] | None]
) -> Wish:
    """Return a wish of what was given; what is None, or an empty list, was not."""
    return Wish(
        task=task,
        values={
            name: value.strip() if isinstance(value, str) else value
            for name, value in values.items()
            if value is not None
        },
        files={name: (given,) if isinstance(given, str) else tuple(given) for name, given in files.items() if given},
    )


async def see_pictures(handles: Sequence[str], run: "Run") -> list[Seen]:
    """Decode pictures, so that none is sent, and paid for, that is damaged.

    Raises:
        MediaError: One is no picture, or damaged.
    """
    return [await run.decode(_see, run.path(one), run.name(one)) for one in handles]


async def see_film(handle: str, run: "Run") -> None:
    """See that a film has a moving picture that can be decoded.

    Raises:
        MediaError: It has none, or is damaged.
    """
    facts = await run.decode(examine, run.path(handle), run.name(handle))
    if facts.video is None or not facts.video.width_pixels:
        raise MediaError(f"{run.name(handle)!r} has no moving picture. It has: {'; '.join(facts.streams)}.")


async def hear_recording(handle: str, run: "Run") -> None:
    """See that a recording has sound that can be decoded, and that something is heard on it.

    Raises:
        MediaError: It has none, or is damaged.
    """
    found = await run.decode(measure, run.path(handle), run.name(handle), run)
    if not found.has_sound:
        raise MediaError(
            f"{run.name(handle)!r} has no sound. Give a recording of what is to be said. Nothing was sent."
        )
    if found.is_silent:
        raise MediaError(f"{run.name(handle)!r} is silent. Give a recording of what is to be said. Nothing was sent.")


def _see(path: Path, name: str) -> Seen:
    found = read_picture(path, name)
    return Seen(
        width_pixels=found.width_pixels,
        height_pixels=found.height_pixels,
        lightest=levels(found.upright.convert("L"))[0][1],
    )


async def check_mask(picture: str, mask: str, run: "Run") -> None:
    """See that a mask belongs to a picture: it has the same size, and marks something.

    Raises:
        ArgumentError: It does not.
        MediaError: One of them is no picture, or damaged.
    """
    seen, marks = await see_pictures([picture, mask], run)
    if (seen.width_pixels, seen.height_pixels) != (marks.width_pixels, marks.height_pixels):
        raise ArgumentError(
            f"The mask {run.name(mask)!r} has {marks.width_pixels}×{marks.height_pixels} px, and the picture "
            f"{run.name(picture)!r} has {seen.width_pixels}×{seen.height_pixels}: a mask lies on its picture pixel by "
            "pixel. Scale it to the same size. Nothing was sent."
        )
    if marks.lightest < _WHITE_LEVEL:
        raise ArgumentError(
            f"The mask {run.name(mask)!r} has no white in it, so no part of the picture is to be drawn anew. White "
            "(or transparent) is where something new belongs, and black stays."
        )


def job_of(handle: str, role: str, run: "Run") -> str | None:
    """Return the id by which the provider that serves a role knows a file, where it made it."""
    facts = run.artifact(handle).facts
    made_by, job = str(facts.get("provider") or ""), facts.get("job")
    chosen = run.settings.models.get(role)
    if not job or not chosen or split_model(made_by)[0] != split_model(chosen)[0]:
        return None
    return str(job)
