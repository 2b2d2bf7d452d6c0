"""Look at two videos side by side, at the same times."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .frames import Picked, frames_at
from .likeness import SMALL_PIXELS, likeness

if TYPE_CHECKING:
    from .run import Run

MOST_SAMPLES = 48
LEAST_STEP_SECONDS = 0.5
DIFFERENT_SHARE = 0.02
"""Copies at half the size or at low quality differ in up to 0.015 of the picture, a subtitle in 0.03 and more."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Both pictures at one time, compared."""

    at_seconds: float
    changed_share: float
    hash_bits: int
    same: bool


@dataclass(frozen=True, kw_only=True)
class SideBySide:
    """Two videos compared at equal times from their first frames."""

    step_seconds: float
    samples: list[Sample]

    def differing(self) -> list[tuple[float, float, float]]:
        """Return the stretches that differ: start and end, to half a step, and the largest changed share."""
        found: list[tuple[float, float, float]] = []
        for sample in self.samples:
            if sample.same:
                continue
            start, end = sample.at_seconds - self.step_seconds / 2, sample.at_seconds + self.step_seconds / 2
            if found and start - found[-1][1] < self.step_seconds / 2:
                found[-1] = (found[-1][0], end, max(found[-1][2], sample.changed_share))
            else:
                found.append((start, end, sample.changed_share))
        return found


def side_by_side(first: tuple[Path, str], second: tuple[Path, str], *, seconds: float, run: "Run") -> SideBySide:
    """Compare two videos, each given as path and name, over the length that both have.

    Raises:
        MediaError: One of them has no moving picture that can be decoded.
    """
    step = max(LEAST_STEP_SECONDS, seconds / MOST_SAMPLES)
    times = [(number + 0.5) * step for number in range(max(1, int(seconds / step)))]
    samples = []
    pairs = zip(_frames(first, times, run), _frames(second, times, run), strict=False)
    for number, (one, other) in enumerate(pairs):
        run.progress(number / len(times), "comparing pictures")
        alike = likeness(one.image, other.image)
        samples.append(
            Sample(
                at_seconds=one.asked_seconds,
                changed_share=alike.changed_share,
                hash_bits=alike.hash_bits,
                same=alike.near_duplicate and alike.changed_share <= DIFFERENT_SHARE,
            )
        )
    return SideBySide(step_seconds=step, samples=samples)


def _frames(video: tuple[Path, str], times: list[float], run: "Run") -> "list[Picked]":
    path, name = video
    return list(frames_at(path, name, times, width_pixels=SMALL_PIXELS, run=run))
