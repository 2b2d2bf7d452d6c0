"""Where consecutive frames stop showing the same shot."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from statistics import median
from typing import Literal

from .looks import Difference, Look, difference


@dataclass(frozen=True, kw_only=True)
class Limits:
    """From which difference on two frames belong to different shots."""

    structure: float
    level: float


LIMITS = {
    "low": Limits(structure=0.45, level=4.0),
    "normal": Limits(structure=0.25, level=2.0),
    "high": Limits(structure=0.12, level=1.0),
}

HOLD_SECONDS = 0.3
"""A picture that comes back within this time was a flash, and one that stays this long is still."""
AROUND_FRAMES = 24
"""A cut must stand out from the steps between this many frames on each side."""
STANDS_OUT = 2.5
FADE_SECONDS = 3.0
"""A picture that turns into another one more slowly than this is a camera at work."""
STILL, STILL_LIGHT = Limits(structure=0.01, level=0.5), 1.0
"""Up to which difference within HOLD_SECONDS a picture counts as still."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """Where a new shot begins."""

    at_seconds: float
    """Time of its first frame; of a fade, of the first frame that is nearer to the new picture."""
    kind: Literal["cut", "fade"]
    difference: Difference


@dataclass(frozen=True)
class _Step:
    """A frame and how it differs from the one before."""

    at_seconds: float
    look: Look
    difference: Difference | None


def changes(looks: Iterable[tuple[float, Look]], limits: Limits) -> Iterator[Change]:
    """Yield the cuts, and the fades between still pictures, in frames that follow each other."""
    window: deque[_Step] = deque()
    position = 0  # of the first frame in the window that is still to be judged
    before: Look | None = None
    fades = _Fades(limits)
    for at, one in looks:
        window.append(_Step(at, one, difference(before, one) if before is not None else None))
        before = one
        if len(window) - position > AROUND_FRAMES:
            yield from fades.unless_cut(_cut_at(position, window, limits), window[position])
            position += 1
        if position > AROUND_FRAMES:
            window.popleft()
            position -= 1
    for rest in range(position, len(window)):
        yield from fades.unless_cut(_cut_at(rest, window, limits), window[rest])


def _cut_at(position: int, window: deque[_Step], limits: Limits) -> Change | None:
    """Return the cut between a frame and the one before it, if there is one."""
    here = window[position]
    step = here.difference
    if step is None or not step.exceeds(limits.structure, limits.level):
        return None
    others = [
        other.difference
        for number, other in enumerate(window)
        if other.difference is not None and abs(number - position) > 1
    ]
    if others and (
        step.level < STANDS_OUT * median(other.level for other in others)
        or step.structure < STANDS_OUT * median(other.structure for other in others)
    ):
        return None
    last = window[position - 1]
    for number, other in enumerate(window):
        later, earlier = number > position, number < position - 1
        if (later and other.at_seconds <= here.at_seconds + HOLD_SECONDS and _same(last.look, other.look, limits)) or (
            earlier and other.at_seconds >= last.at_seconds - HOLD_SECONDS and _same(here.look, other.look, limits)
        ):
            return None  # a flash, or the way back from one
    return Change(at_seconds=here.at_seconds, kind="cut", difference=step)


def _same(one: Look, other: Look, limits: Limits) -> bool:
    return not difference(one, other).exceeds(limits.structure, limits.level)


class _Fades:
    """Notices when one still picture has turned into another."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._recent: deque[_Step] = deque()
        self._moving: list[_Step] = []
        self._still: _Step | None = None
        self._since = 0.0

    def unless_cut(self, cut: Change | None, step: _Step) -> Iterator[Change]:
        """Take the next frame; yield the cut that was found at it, or the fade that ended with it."""
        if cut is not None:
            self._recent.clear()
            self._moving.clear()
            self._still = None
            yield cut
        self._recent.append(step)
        while self._recent[0].at_seconds < step.at_seconds - HOLD_SECONDS - 1e-6:
            self._recent.popleft()
        first = self._recent[0]
        if step.at_seconds - first.at_seconds < 0.7 * HOLD_SECONDS:
            return
        moved = difference(first.look, step.look)
        if moved.exceeds(STILL.structure, STILL.level) or moved.light > STILL_LIGHT or step.look.flat:
            self._move(step)
            return
        if self._still is not None and self._moving:
            change = difference(self._still.look, first.look)
            if change.exceeds(self._limits.structure, self._limits.level):
                yield Change(at_seconds=self._middle(first.look), kind="fade", difference=change)
        self._moving.clear()
        self._still, self._since = step, step.at_seconds

    def _move(self, step: _Step) -> None:
        """Note that the picture moves or is blank, until it has moved for too long to be a fade."""
        if self._still is None:
            return
        if step.look.flat:
            self._since = step.at_seconds  # a blank picture between two others may stay as long as it likes
        else:
            self._moving.append(step)
        if step.at_seconds - self._since > FADE_SECONDS:
            self._moving.clear()
            self._still = None

    def _middle(self, after: Look) -> float:
        """Return the time of the first frame that is nearer to the new picture than to the old one."""
        assert self._still is not None
        old = self._still.look
        for step in self._moving:
            if difference(step.look, after).structure < difference(step.look, old).structure:
                return step.at_seconds
        return self._moving[-1].at_seconds
