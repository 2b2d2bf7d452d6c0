"""Which frames of a video to take."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .errors import ArgumentError
from .media import MediaFacts
from .moments import Span

if TYPE_CHECKING:
    from .run import Run

MOST_FRAMES = 500
DISTINCT_FRAMES = 40
"""How many pictures `changed` gives when no count is asked for."""
SPREAD_SLACK = 0.05
"""How much of their distance evenly spaced frames may move to a key frame."""
SETTLE_SECONDS = 1.0
"""How far into a scene its picture is taken at least, in scenes that are twice as long."""
SCENE_SLACK_SECONDS = 10.0
"""How far into a scene its picture is taken at most, where that is a key frame; never in its second half."""


@dataclass(frozen=True)
class Asked:
    """Which frames were asked for."""

    count: int | None
    times: list[float] | None
    every_seconds: float | None
    scenes: list[Span] | None
    changed: bool
    between_seconds: Span | None

    def check(self) -> None:
        """Refuse contradictions.

        Raises:
            ArgumentError: More than one way of choosing, or nothing to choose.
        """
        ways = [name for name in ("times", "every_seconds", "scenes") if getattr(self, name) is not None]
        ways += ["changed"] if self.changed else []
        if self.count is not None and any(way in ways for way in ("times", "every_seconds")):
            ways.append("count")
        if len(ways) > 1:
            given = " and ".join(f"`{way}`" for way in ways)
            raise ArgumentError(
                f"`extract_frames` was given {given}, which choose different frames. Give one of `count`, `times`, "
                "`every_seconds`, `scenes` and `changed`; `count` also limits the last two."
            )
        for name in ("times", "scenes"):
            if getattr(self, name) == []:
                raise ArgumentError(f"`{name}` of `extract_frames` is empty, so there is no frame to take.")
        if self.times is not None and not all(0 <= one < math.inf for one in self.times):
            raise ArgumentError(f"`times` of `extract_frames` must be seconds from 0 on; it has {min(self.times):g}.")
        if len(self.times or ()) > MOST_FRAMES:
            raise ArgumentError(f"`times` of `extract_frames` has more than {MOST_FRAMES} times. Ask in several calls.")


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """Which frames will be taken."""

    times: tuple[float, ...]
    later_seconds: tuple[float, ...] = ()
    """For each, how much later a key frame may be taken instead, which saves decoding."""
    limits: tuple[str, ...] = ()
    examined: int = 0
    """Frames looked at in order to choose."""
    looked_at: tuple[Span, ...] = ()


def choose(asked: Asked, media: str, facts: MediaFacts, run: "Run") -> Chosen:
    """Return the times of the frames that were asked for; blocking when they are to be found first.

    Raises:
        ArgumentError: The times do not fit the video.
    """
    length = facts.seconds or 0.0
    start, end = _span(asked.between_seconds, length, run.name(media))
    if asked.times is not None:
        return _at_times(asked.times, length)
    if asked.every_seconds is not None:
        number = max(1, math.ceil((end - start) / asked.every_seconds - 1e-9))
        if number > MOST_FRAMES:
            raise ArgumentError(
                f"One frame every {asked.every_seconds:g} s gives {number:,} of {end - start:.1f} s; at most "
                f"{MOST_FRAMES} are taken in one call. Use {math.ceil((end - start) / MOST_FRAMES)} s or more, "
                "or a part of the video with `between_seconds`."
            )
        return Chosen(times=tuple(start + turn * asked.every_seconds for turn in range(number)))
    if asked.scenes is not None:
        return _of_scenes(asked.scenes, (start, end), asked.count or MOST_FRAMES)
    if asked.count is not None and not asked.changed:
        step = (end - start) / asked.count
        times = tuple(start + (turn + 0.5) * step for turn in range(asked.count))
        return Chosen(times=times, later_seconds=(SPREAD_SLACK * step,) * asked.count)
    from .distinct import distinct_times

    most = asked.count or DISTINCT_FRAMES
    found = distinct_times(run.path(media), run.name(media), between=(start, end), most=most, run=run)
    limits = [f"{found.compared} pictures were compared; {found.alike} that show the same as another are left out."]
    if found.dropped:
        limits.append(f"{found.dropped} pictures of what is shown most briefly are left out; `count` gives more.")
    return Chosen(
        times=found.times, limits=tuple(limits), examined=found.scanned + found.compared, looked_at=((start, end),)
    )


def _at_times(times: Sequence[float], length: float) -> Chosen:
    late = [one for one in times if length and one > length]
    limits = (
        (f"The video has {length:.1f} s; for {', '.join(f'{one:g} s' for one in late[:5])} its last frame is given.",)
        if late
        else ()
    )
    return Chosen(times=tuple(times), limits=limits)


def _of_scenes(scenes: Sequence[Span], span: Span, most: int) -> Chosen:
    """Take each scene's picture when it has settled: not in its first moment, which may still be a fade."""
    inside = [one for one in scenes if one[1] > span[0] and one[0] < span[1]]
    if not inside:
        raise ArgumentError(f"None of the {len(scenes)} scenes lies between {span[0]:g} s and {span[1]:g} s.")
    if len(inside) > most:
        inside = [inside[turn * len(inside) // most] for turn in range(most)]
    earliest, later = [], []
    for one in inside:
        start, end = max(one[0], span[0]), min(one[1], span[1])
        settled = min(SETTLE_SECONDS, max(0.0, end - start) / 2)
        earliest.append(start + settled)
        later.append(max(0.0, min(SCENE_SLACK_SECONDS, (end - start) / 2) - settled))
    limits = (f"Of {len(scenes)} scenes, {most} have a picture; `count` gives more.",) if len(scenes) > most else ()
    return Chosen(times=tuple(earliest), later_seconds=tuple(later), limits=limits)


def _span(between: Span | None, length: float, name: str) -> Span:
    if between is None:
        return 0.0, length
    start, end = between
    if not 0 <= start < min(end, length):
        raise ArgumentError(
            f"`between_seconds` is {start:g} to {end:g}, and {name!r} has {length:.1f} s. "
            "Give a start that lies before the end and inside the video."
        )
    return start, min(end, length)
