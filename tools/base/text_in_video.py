"""Read the text of a video: look where the picture may have changed, read what has, place what was read in time."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from .activity import Activity, find_activity
from .frames import Picked, decode_between, frames_at
from .lasting_text import Lasting, follow
from .media import MediaFacts
from .models import TextLine
from .moments import Coverage, Span, merge_spans
from .pictures import clock
from .slides import Shown, find_slides
from .text_times import place
from .watching import Reading, Watched, changed_blocks, watch

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .run import Run

EVERY_SECONDS = 2.0
"""Text that stands for less can hardly be read by people either."""
LIVELY_SECONDS = 900.0
"""Moving pictures up to this length in all are looked at every `EVERY_SECONDS`; longer ones every `SELDOM_SECONDS`,
because all their frames must be decoded for it (2 s CPU a minute of 720p)."""
SELDOM_SECONDS = 10.0
READ_PIXELS = 1920
"""Frames are read at this width at most."""
REORDERED_SECONDS = 0.25
"""A change may be stored in the packet of a later frame that others are built on."""


@dataclass(frozen=True, kw_only=True)
class VideoText:
    """What was read in a video."""

    lines: list[Lasting]
    slides: list[Shown]
    readings: list[Reading]
    coverage: Coverage
    limits: list[str]


def read_video(
    path: Path,
    name: str,
    facts: MediaFacts,
    read: "Callable[[NDArray[np.uint8]], list[TextLine]]",
    *,
    span: Span,
    every_seconds: float | None,
    max_frames: int,
    cuts: Sequence[float],
    run: "Run",
) -> VideoText:
    """Read the text of a video between two times.

    Args:
        path: The video.
        name: Its name for messages.
        facts: Its facts.
        read: Gives the lines of an RGB picture.
        span: Start and end in seconds.
        every_seconds: How often to look while the picture moves; chosen by its length when None.
        max_frames: Most frames to read.
        cuts: Known times of cuts, exact to the frame; more are found where none are given.
        run: Told how far it is.
    """
    start, end = span
    activity = find_activity(path, name, run=run)
    lively = activity.lively_seconds(start, end)
    every = every_seconds or (EVERY_SECONDS if lively <= LIVELY_SECONDS else SELDOM_SECONDS)
    times = activity.times_to_look(every, start=start, end=end)

    def allowed(at_seconds: float, read_so_far: int) -> bool:
        # Spread over the whole video, so that a busy beginning does not use up all readings.
        share = (at_seconds - start) / max(end - start, 1e-6)
        return read_so_far < min(max_frames, max_frames * share + max(8, max_frames / 10))

    def known(before: Reading, after: Reading) -> float | None:
        last, first = before.until_seconds, after.from_seconds
        if activity.changes_between(last, first) is None:
            return first
        inside = [cut for cut in cuts if last < cut <= first]
        whole = changed_blocks(before.small, after.small).mean() > 0.5
        return inside[0] if len(inside) == 1 and whole else None

    watched = watch(_looks(path, name, times, span, run), read, allowed=allowed)
    readings = watched.readings
    frame_seconds = 1 / (facts.video.frames_per_second or 25) if facts.video else 0.04
    picture_end = min(end, activity.end_seconds + frame_seconds)
    missed = watched.unread[-1] if readings and watched.unread else 0.0
    cut_short = bool(readings) and missed > readings[-1].until_seconds
    _stretch(readings, activity, missed if cut_short else picture_end)
    lines = follow(readings)
    small = readings[0].small.shape if readings else (1, 1, 3)

    def between(first: float, last: float) -> "Iterator[tuple[float, NDArray[np.uint8]]]":
        import cv2
        import numpy as np

        for picked in decode_between(path, name, first, last, width_pixels=small[1], run=run):
            image = cv2.resize(picked.image, (small[1], small[0]), interpolation=cv2.INTER_AREA)
            yield picked.at_seconds, np.asarray(image, dtype=np.uint8)

    place(
        lines,
        readings,
        start_seconds=start,
        end_seconds=readings[-1].until_seconds if cut_short else picture_end,
        known=known,
        between=between,
    )
    return VideoText(
        lines=lines,
        slides=find_slides(lines, readings),
        readings=readings,
        coverage=Coverage(
            seconds=facts.seconds,
            looked_at=_looked_at(watched, activity, (start, picture_end), frame_seconds),
            frames=len(watched.seen) + len(watched.unread),
        ),
        limits=_limits(watched, activity.longest_change(start, end), every, max_frames),
    )


def _stretch(readings: Sequence[Reading], activity: Activity, end_seconds: float) -> None:
    """Let each reading last until the picture may have changed."""
    ends = [*(reading.from_seconds for reading in readings[1:]), end_seconds]
    for reading, end in zip(readings, ends, strict=False):
        changes = activity.changes_between(reading.until_seconds, end)
        still = end if changes is None else changes[0] - REORDERED_SECONDS
        reading.until_seconds = max(reading.until_seconds, still)


def _looks(path: Path, name: str, times: Sequence[float], span: Span, run: "Run") -> Iterator[Picked]:
    start, end = span
    last = -1.0
    for picked in frames_at(path, name, times, width_pixels=READ_PIXELS, run=run):
        run.progress((picked.at_seconds - start) / max(end - start, 1e-6), f"at {clock(picked.at_seconds)}")
        if picked.at_seconds > last:
            yield picked
        last = picked.at_seconds


def _looked_at(watched: Watched, activity: Activity, span: Span, frame_seconds: float) -> list[Span]:
    """Return the spans in which nothing that stood for a few seconds can have been missed."""
    seen = sorted(set(watched.seen))
    if not seen:
        return []
    unread = set(watched.unread)
    both = sorted({*seen, *unread})
    spans = [(at, at + frame_seconds) for at in seen]
    for one, following in pairwise([*both, span[1]]):
        if one in unread:
            continue
        changes = activity.changes_between(one, following)
        if changes is None or changes[1] - changes[0] <= 1.5 * EVERY_SECONDS:
            spans.append((one, following))
        else:
            spans += [(one, changes[0]), (changes[1], following)]
    return [(max(span[0], first), min(span[1], last)) for first, last in merge_spans(spans, 1e-3)]


def _limits(watched: Watched, moving_seconds: float, every_seconds: float, max_frames: int) -> list[str]:
    limits = []
    if moving_seconds > every_seconds:
        limits.append(
            f"While the picture moved, it was looked at about every {every_seconds:g} s; "
            "text that stood for less may be missing."
        )
    if watched.unread:
        changed = len(watched.unread) + len(watched.readings)
        limits.append(
            f"{len(watched.unread)} of {changed} frames with a new picture were not read, because `max_frames` is "
            f"{max_frames}; text that only they show is missing."
        )
    return limits
