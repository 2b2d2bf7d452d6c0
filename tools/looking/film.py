"""The frames of a video that are worth showing."""

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from ..base.call import perform
from ..base.moments import Box, Span
from ..base.run import Run
from ..base.workspace import Artifact

if TYPE_CHECKING:
    from PIL.Image import Image

FIRST_FRAMES = 20
"""Shown first at least, where the video is long enough: what changes little is looked at now and then."""
SETTLE_SECONDS = 1.0
"""A scene is shown a moment after it begins: fades and animations are mostly over by then."""
_SMALL_PIXELS = 480


async def first_times(media: str, span: Span, run: Run, most: int) -> list[float]:
    """Return when to look first: into each scene, at each other thing that is shown, and into what is long between."""
    scenes = (await perform("find_scenes", {"media": media}, run, call_id=run.call.id)).result
    inside = [
        (max(span[0], one.start_seconds), min(span[1], one.end_seconds))
        for one in scenes.scenes  # type: ignore[attr-defined]  # the door gives what the tool returns
        if one.start_seconds < span[1] and one.end_seconds > span[0]
    ]
    times = [start + min(SETTLE_SECONDS, (end - start) / 2) for start, end in inside]
    if len(times) > most:
        times = []  # a film of many cuts: what looks alike is shown once
    changed = await _extract(media, run, between_seconds=span, changed=True, count=most, width_pixels=_SMALL_PIXELS)
    for at, _ in changed:
        if len(times) < most and all(abs(at - other) > SETTLE_SECONDS for other in times):
            times.append(at)
    return filled(times, span, min(FIRST_FRAMES, most))


def filled(times: Sequence[float], span: Span, most: int) -> list[float]:
    """Return times with more of them in the widest gaps, until no gap is wide or there are enough."""
    kept = sorted(times)
    wide = 2 * (span[1] - span[0]) / most
    while len(kept) < most:
        edges = [span[0], *kept, span[1]]
        length, earlier, later = max((later - earlier, earlier, later) for earlier, later in pairwise(edges))
        if length <= wide:
            break
        kept = sorted([*kept, (earlier + later) / 2])
    return kept


def window_times(span: Span, frames: int) -> list[float]:
    """Return evenly spaced times in a window."""
    step = (span[1] - span[0]) / frames
    return [span[0] + (turn + 0.5) * step for turn in range(frames)]


async def small_frames(media: str, times: Sequence[float], run: Run) -> list[tuple[float, Artifact]]:
    """Return small frames at these times, each with its own time."""
    return await _extract(media, run, times=list(times), width_pixels=_SMALL_PIXELS)


async def full_frames(media: str, times: Sequence[float], run: Run) -> dict[float, tuple[float, Artifact]]:
    """Return the frames on display at these times at full resolution, each with its own time."""
    found = await perform("extract_frames", {"media": media, "times": list(times)}, run, call_id=run.call.id)
    items = found.result.items  # type: ignore[attr-defined]  # the door gives what the tool returns
    taken = {one.asked_seconds: (one.at_seconds or 0.0, one.picture) for one in items}
    last = max(taken.values(), key=lambda one: one[0])
    return {at: taken.get(at, last) for at in times}


async def _extract(media: str, run: Run, **args: Any) -> list[tuple[float, Artifact]]:
    """Take frames through the door, so that what was taken before is not decoded again."""
    found = await perform("extract_frames", {"media": media, **args}, run, call_id=run.call.id)
    frames: dict[float, Artifact] = {}
    for one in found.result.items:  # type: ignore[attr-defined]  # the door gives what the tool returns
        frames.setdefault(one.at_seconds or 0.0, one.picture)
    return sorted(frames.items(), key=lambda one: one[0])


async def opened(artifact: Artifact, region: Box | None, run: Run) -> "Image":
    """Return a picture, or a part of it at its full resolution."""
    from ..base.picture_files import open_picture
    from .views import crop

    picture = await run.decode(open_picture, run.path(artifact.handle), artifact.name)
    return crop(picture, region)
