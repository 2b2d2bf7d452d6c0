"""Reads on from a key frame: what lies between the spans asked for is decoded only as far as needed."""

import math
from collections import deque
from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING

from .footage import Footage
from .groups import Group
from .looks import Look, difference, look, overlap, view
from .steps import HOLD_SECONDS

if TYPE_CHECKING:
    from av.video.frame import VideoFrame
    from av.video.reformatter import VideoReformatter

    from .run import Run

AROUND_SECONDS = 0.2
"""How far around a span frames are decoded in full, because they are stored in another order than displayed."""


class Reader:
    """Decodes the frames after a key frame, forward only."""

    def __init__(self, footage: Footage, group: Group, scaler: "VideoReformatter", run: "Run") -> None:
        self._group = group
        self._scaler = scaler
        self._run = run
        self._span = (group.start_seconds, group.start_seconds)
        self._frames = footage.frames(group.start_seconds, wanted=self._wanted)
        self._ahead: tuple[float, VideoFrame] | None = None
        self._latest: VideoFrame | None = None
        self._recent = deque([(group.start_seconds, group.look)])
        self.before_end = group.look
        """The latest picture before the next key frame, as far as it was read."""

    @property
    def at_seconds(self) -> float:
        """Return the time of the latest frame that was looked at; at first, of the key frame."""
        return self._recent[-1][0]

    @property
    def look(self) -> Look:
        """Return the look of that frame."""
        return self._recent[-1][1]

    def looks(self, first_seconds: float, last_seconds: float) -> Iterator[tuple[float, Look]]:
        """Yield the frames of a span; each span must lie behind the one before."""
        self._span = (first_seconds, last_seconds)
        for number, (at, frame) in enumerate(chain([self._ahead] if self._ahead else [], self._frames)):
            if number % 32 == 0:
                self._run.check()
            self._ahead = (at, frame)
            if at > self._span[1]:
                return
            if at < first_seconds:
                continue
            self._latest = frame
            one = look(frame, self._scaler)
            if at < self._group.end_seconds:
                self.before_end = one
            self._recent.append((at, one))
            while self._recent[0][0] < at - HOLD_SECONDS - 1e-6:
                self._recent.popleft()
            yield at, one
        self._ahead = None

    def stop(self) -> None:
        """End the span that is being read."""
        self._span = (-math.inf, -math.inf)

    def close(self) -> None:
        """Let go of the decoded frames at once."""
        self._frames.close()
        self._ahead = self._latest = None

    def overlap(self, group: Group) -> float:
        """Return how well the latest frame and a key frame fit when one is shifted."""
        if self._latest is None:
            return overlap(self._group.view, group.view)
        from av.video.reformatter import VideoReformatter

        return overlap(view(self._latest, VideoReformatter()), group.view)

    def drift(self, following: Group) -> float:
        """Return how much of the change up to the next key frame is made by what moves now, if it goes on like this."""
        if self._latest is None:
            for _ in self.looks(self._group.start_seconds, self._group.start_seconds + HOLD_SECONDS):
                pass  # to see how fast the picture moves
        (first_at, first), (last_at, last) = self._recent[0], self._recent[-1]
        if last_at <= first_at:
            return math.inf
        change, moved = difference(last, following.look), difference(first, last)
        times = (following.start_seconds - last_at) / (last_at - first_at)
        return times * max(moved.structure / max(change.structure, 1e-6), moved.level / max(change.level, 1e-6))

    def _wanted(self, at_seconds: float) -> bool:
        first, last = self._span
        return first - AROUND_SECONDS <= at_seconds <= last + AROUND_SECONDS
