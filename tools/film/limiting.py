"""Keep the peaks of sound under a limit, also those between its samples."""

import math
from collections import deque
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .mixing import Block

_STEP = 48
"""Samples of a millisecond at 48 kHz, in which gains are worked out."""
_AHEAD = 6
"""Steps over which it becomes softer before a peak."""
_RECOVERS = 1 - math.exp(-1 / 90)
"""A step's share of the way back: 90 ms."""
_TAPS = 12
_WINDOW = _AHEAD + 2


class Limiter:
    """Makes sound louder, and softer again around its peaks; each block comes out some milliseconds late."""

    def __init__(self, gain_db: float, peak_db: float) -> None:
        import numpy as np

        self._gain = np.float32(10 ** (gain_db / 20))
        self._peak = 10 ** (peak_db / 20)
        self._held = np.zeros((2, 0), np.float32)
        self._tail = np.zeros((2, _TAPS), np.float32)
        """The last samples of the block before, for the filter."""
        self._needs: list[float] = []
        """Of each step that is held: the highest gain that it may get."""
        self._before = 1.0
        """That of the step before the first one held."""
        self._level = 1.0
        self._levels = deque([1.0] * _AHEAD, _AHEAD)
        self._last = 0.0
        """The gain at the end of what was given back; 0 before anything was."""
        self.reduced = False
        """Whether there was a peak over the limit."""

    def limit(self, block: "Block") -> "Block":
        """Return what is ready of the sound; blocks are of whole milliseconds, but for the last one."""
        louder = block * self._gain
        self._needs += self._needed(louder)
        self._held = _joined(self._held, louder)
        return self._ready(len(self._needs) - _WINDOW)

    def finish(self) -> "Block":
        """Return the rest."""
        steps = len(self._needs)
        self._needs += [1.0] * _WINDOW
        return self._ready(steps)

    def _ready(self, steps: int) -> "Block":
        import numpy as np

        if steps <= 0:
            return self._held[:, :0]
        count = min(steps * _STEP, self._held.shape[1])
        if not self._last:
            # A peak right at the start: there is nothing before it in which to become softer.
            self._last = self._level = min(self._needs[:_WINDOW])
            self._levels.extend([self._level] * _AHEAD)
        if min(self._needs) < 1 or self._before < 1 or self._last < 1:
            self.reduced = True
            gains = self._gains(steps)
            places = np.arange(steps + 1) * _STEP
            shape = np.interp(np.arange(count), places, [self._last, *gains]).astype(np.float32)
            self._last = gains[-1]
            out = self._held[:, :count] * shape
        else:
            out = self._held[:, :count]
        self._before = self._needs[steps - 1]
        self._needs, self._held = self._needs[steps:], self._held[:, count:]
        return cast("Block", out)

    def _gains(self, steps: int) -> list[float]:
        """Return the gain at the end of each step.

        Each is a mean of values that are no higher than any peak within reach of them, so it is no higher either.
        """
        known = [self._before, *self._needs]
        gains = []
        for number in range(steps):
            lowest = min(known[number : number + _WINDOW + 1])
            self._level = min(lowest, self._level + (1 - self._level) * _RECOVERS)
            if self._level > 0.9999:
                self._level = min(lowest, 1.0)
            self._levels.append(self._level)
            gains.append(sum(self._levels) / _AHEAD)
        return gains

    def _needed(self, block: "Block") -> list[float]:
        """Return the gain that keeps each step under the limit, by four times as many samples (ITU-R BS.1770-5)."""
        import numpy as np

        if not block.shape[1]:
            return []
        joined = _joined(self._tail, block)
        self._tail = joined[:, -_TAPS:]
        most = np.abs(block).max(axis=0)
        starts = np.arange(0, len(most), _STEP)
        if float(most.max()) * 2 < self._peak:
            return [1.0] * len(starts)  # what lies between samples is at most twice as high
        for phase in _phases():
            for channel in joined:
                # Six samples late, which is less than the step that is looked at on each side.
                between = np.convolve(channel, phase, "valid")[-len(most) :]
                np.maximum(most, np.abs(between), out=most)
        return [min(1.0, self._peak / max(float(one), 1e-9)) for one in np.maximum.reduceat(most, starts)]


def _joined(before: "Block", block: "Block") -> "Block":
    import numpy as np

    return np.concatenate([before, block], axis=1)


def _phases() -> "list[NDArray[np.float32]]":
    """Return filters that give the values a quarter, a half and three quarters between samples."""
    import numpy as np

    at = np.arange(_TAPS) - (_TAPS / 2 - 1)
    shapes = []
    for share in (0.25, 0.5, 0.75):
        place = at - share
        shape = np.sinc(place) * np.cos(np.pi / 2 * np.clip(place / (_TAPS / 2), -1, 1)) ** 2
        shapes.append((shape / shape.sum()).astype(np.float32))
    return shapes
