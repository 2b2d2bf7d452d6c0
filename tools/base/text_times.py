"""Place when each line of text appears in a video, and when it disappears."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from .lasting_text import Lasting
from .watching import Reading, crop

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .moments import Box

LONGEST_SEARCH_SECONDS = 60.0
"""Longer stretches between two readings are not decoded for it."""

Between = Callable[[float, float], "Iterator[tuple[float, NDArray[np.uint8]]]"]
"""Gives the small frames (seconds, picture) on display from one time up to another."""


def place(
    lines: Sequence[Lasting],
    readings: Sequence[Reading],
    *,
    start_seconds: float,
    end_seconds: float,
    known: Callable[[Reading, Reading], float | None],
    between: Between,
) -> None:
    """Set when each line appears and disappears, to the frame where that can be found.

    Args:
        lines: As `follow` gives them.
        readings: The same as it was given.
        start_seconds: When the lines of the first reading appear.
        end_seconds: When those of the last disappear.
        known: The time at which one reading gives way to the next, where that is known without decoding.
        between: Decodes the frames in between.
    """
    for line in lines:
        line.start_seconds, line.end_seconds = start_seconds, end_seconds
    for number, (before, after) in enumerate(pairwise(readings), 1):
        came = [line for line in lines if line.first == number]
        gone = [line for line in lines if line.last == number - 1]
        if not came and not gone:
            continue
        last, first = before.until_seconds, after.from_seconds
        turned: dict[int, float] = {}
        if (at := known(before, after)) is not None:
            appears, vanishes = at, at
        elif first - last > LONGEST_SEARCH_SECONDS:
            # Between the two anything may have been shown; it was surely there where it was seen.
            appears, vanishes = first, last
        else:
            appears, vanishes = first, first
            strokes = [_Strokes(id(line), line.box, after.small, before.small, comes=True) for line in came]
            strokes += [_Strokes(id(line), line.now, before.small, after.small, comes=False) for line in gone]
            turned = _turning_times(strokes, between(last, first))
        for line in came:
            line.start_seconds = turned.get(id(line), appears)
        for line in gone:
            line.end_seconds = turned.get(id(line), vanishes)


class _Strokes:
    """The pixels of a line that are its letters: they tell whether it stands there, whatever moves behind it."""

    def __init__(
        self, key: int, box: "Box", there: "NDArray[np.uint8]", away: "NDArray[np.uint8]", *, comes: bool
    ) -> None:
        import cv2
        import numpy as np

        self.key, self.comes = key, comes
        self._box = box
        self._there = crop(there, box)
        grey = self._there.max(axis=2).astype(np.float32)
        sharp = abs(grey - cv2.blur(grey, (9, 9)))
        self._mask = sharp >= np.quantile(sharp, 0.75)
        self._away = self._difference(away)

    def _difference(self, picture: "NDArray[np.uint8]") -> float:
        return float(abs(crop(picture, self._box) - self._there)[self._mask].mean())

    def in_picture(self, picture: "NDArray[np.uint8]") -> bool:
        return self._difference(picture) < self._away / 2


def _turning_times(lines: Sequence[_Strokes], frames: "Iterable[tuple[float, NDArray[np.uint8]]]") -> dict[int, float]:
    """Return from which frame on each line is there to stay, or gone."""
    turned: dict[int, float] = {}
    for at, small in frames:
        for line in lines:
            if line.in_picture(small) == line.comes:
                turned.setdefault(line.key, at)
            else:
                turned.pop(line.key, None)
    return turned
