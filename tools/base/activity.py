"""When the picture of a video may have changed, told from packet sizes without decoding anything."""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from .footage import open_video
from .moments import merge_spans

if TYPE_CHECKING:
    from .run import Run

# In a group of pictures with a still picture, packets are 0.2 to 1 % of the key frame's (measured: slide talks at 360p
# and 720p, x264); one new line of text is 10 to 80 %, and footage has a median of 10 %.
LIVELY_SHARE = 0.05
ACTIVE_SHARE = 0.01
ACTIVE_OVER_STILL = 3.0
"""Packets this many times larger than those of a still picture in the same group are a change."""
JOIN_SECONDS = 0.5
"""Changes closer than this are one: an animation, a fade."""
SETTLE_SECONDS = 0.3
"""How long after a change the picture is looked at."""


@dataclass(frozen=True, kw_only=True)
class Activity:
    """Where key frames lie and in which spans the picture changes between them."""

    keys: tuple[float, ...]
    """Times of the key frames; the picture may change at each of them."""
    spans: tuple[tuple[float, float], ...]
    """First and last changing frame."""
    end_seconds: float
    """Time of the last frame."""

    def lively_seconds(self, start: float, end: float) -> float:
        """Return for how long the picture changes between two times."""
        return sum(max(0.0, min(last, end) - max(first, start)) for first, last in self.spans)

    def longest_change(self, start: float, end: float) -> float:
        """Return how long the picture goes on changing at most between two times."""
        return max((min(last, end) - max(first, start) for first, last in self.spans), default=0.0)

    def changes_between(self, start: float, end: float) -> tuple[float, float] | None:
        """Return the first and the last time after `start` and before `end` at which the picture may change."""
        at = list(self.keys[bisect_right(self.keys, start) : bisect_left(self.keys, end)])
        number = max(0, bisect_left(self.spans, (start,)) - 1)
        for first, last in self.spans[number:]:
            if first >= end:
                break
            if last > start:
                at += [max(first, start), min(last, end)]
        return (min(at), max(at)) if at else None

    def times_to_look(self, every_seconds: float, *, start: float, end: float) -> list[float]:
        """Return times from which every picture that lasts is seen: key frames, during changes, and after each."""
        wanted = {start, *(key for key in self.keys if start <= key <= end)}
        for first, last in self.spans:
            steps = max(0, int((min(last, end) - first) / every_seconds))
            wanted |= {first + step * every_seconds for step in range(1, steps + 1)}
            settled = last + SETTLE_SECONDS
            key = bisect_right(self.keys, last)
            if key == len(self.keys) or self.keys[key] > settled:
                wanted.add(min(settled, self.end_seconds))
        return _thinned(sorted(time for time in wanted if start <= time <= end), every_seconds)


def _thinned(times: list[float], every_seconds: float) -> list[float]:
    """Drop times that follow another closely, unless that would leave a gap."""
    kept = times[:1]
    for time, following in pairwise([*times[1:], *times[-1:]]):
        if time - kept[-1] >= 0.75 * every_seconds or following - kept[-1] > 1.5 * every_seconds or time == following:
            kept.append(time)
    return kept


def find_activity(path: Path, name: str, *, run: "Run") -> Activity:
    """Read all packets of a video (0.5 s CPU an hour at 720p) and tell where its picture may change.

    Raises:
        MediaError: The file has no moving picture that can be decoded.
    """
    keys: list[float] = []
    spans: list[tuple[float, float]] = []
    group: list[tuple[float, int]] = []
    end = 0.0
    with open_video(path, name) as footage:
        footage.seek(0.0)
        for number, packet in enumerate(footage.packets()):
            if number % 4096 == 0:
                run.check()
            if packet.size == 0 or (shown := footage.packet_seconds(packet)) is None:
                continue
            at = max(0.0, shown)
            end = max(end, at)
            if packet.is_keyframe:
                spans += _changes(group)
                group = []
                keys.append(at)
            group.append((at, packet.size))
    spans += _changes(group)
    return Activity(keys=tuple(sorted(keys)), spans=tuple(sorted(spans)), end_seconds=end)


def _changes(group: list[tuple[float, int]]) -> list[tuple[float, float]]:
    """Return the spans of change in one group of pictures, its key frame first, in order of decoding."""
    if len(group) < 2:
        return []
    key_bytes = group[0][1]
    sizes = sorted(size for _, size in group[1:])
    enough = max(ACTIVE_SHARE * key_bytes, ACTIVE_OVER_STILL * sizes[len(sizes) // 5])
    lively = median(sizes) > LIVELY_SHARE * key_bytes
    # Where there is no packet, as in screen recordings of a variable rate, the last picture stays.
    changing = [(at, at) for at, size in (group if lively else group[1:]) if lively or size > enough]
    return merge_spans(changing, JOIN_SECONDS)
