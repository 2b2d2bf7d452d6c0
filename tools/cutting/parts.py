"""Which parts of a file are kept, as they were asked for or as they lie between silences."""

from itertools import pairwise
from typing import TYPE_CHECKING

from ..base.errors import ArgumentError, MediaError
from ..base.pictures import clock

if TYPE_CHECKING:
    from .asked import Asked

MOST_PIECES = 200
MOST_PARTS = 1_000
_END_SLACK_SECONDS = 0.5


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


def checked_parts(asked: "Asked", seconds: float, name: str) -> list[tuple[float, float]]:
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
