"""How much a call will take before it runs: frames, minutes of sound, pictures, characters."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Units = Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """The least, the likely and the most of each unit; see `price.UNITS`."""

    low: Units = field(default_factory=dict)
    likely: Units = field(default_factory=dict)
    high: Units = field(default_factory=dict)

    def __add__(self, other: "Estimate") -> "Estimate":
        return Estimate(
            low=_added(self.low, other.low),
            likely=_added(self.likely, other.likely),
            high=_added(self.high, other.high),
        )

    def times(self, count: tuple[float, float, float]) -> "Estimate":
        """Return what so many calls take: at least, likely, at most."""
        return Estimate(
            low=_scaled(self.low, count[0]), likely=_scaled(self.likely, count[1]), high=_scaled(self.high, count[2])
        )


Estimator = Callable[[Mapping[str, Any], Mapping[str, Mapping[str, Any]]], Estimate]
"""(the arguments that are known before it runs, and of each file argument the facts of its file) -> what it takes."""

NOTHING = Estimate()
UNKNOWN_SECONDS = (1.0, 60.0, 3600.0)
"""The length of what is made only while the plan runs."""


def exactly(**units: float) -> Estimate:
    """Return an estimate that is certain."""
    return Estimate(low=units, likely=units, high=units)


def between(low: float, likely: float, high: float, unit: str) -> Estimate:
    return Estimate(low={unit: low}, likely={unit: likely}, high={unit: high})


def length_of(facts: Mapping[str, Any]) -> tuple[float, float, float]:
    """Return the least, likely and most seconds of a file: one number when it is known."""
    seconds = facts.get("seconds")
    return (float(seconds),) * 3 if isinstance(seconds, int | float) else UNKNOWN_SECONDS


def part_of(args: Mapping[str, Any], facts: Mapping[str, Any]) -> tuple[float, float, float]:
    """Return the seconds that are looked at or listened to: of the whole file, or of the part that is asked for."""
    span = args.get("between_seconds") or [args.get("start_seconds"), args.get("end_seconds")]
    low, likely, high = length_of(facts)
    if not isinstance(span, list | tuple) or len(span) != 2 or not any(isinstance(one, int | float) for one in span):
        return low, likely, high
    start = float(span[0] or 0)
    ends = [min(float(span[1]), one) if span[1] is not None else one for one in (low, likely, high)]
    return (max(0.0, ends[0] - start), max(0.0, ends[1] - start), max(0.0, ends[2] - start))


def spread(seconds: tuple[float, float, float], low: float, likely: float, high: float, most: float) -> Estimate:
    """Return frames of so many seconds, at so many a second and at most `most` of them; never none."""
    counts = [
        max(1.0, min(most, math.ceil(one * rate))) for one, rate in zip(seconds, (low, likely, high), strict=True)
    ]
    return between(counts[0], counts[1], counts[2], "frames")


def _added(one: Units, other: Units) -> Units:
    return {name: one.get(name, 0) + other.get(name, 0) for name in {**one, **other}}


def _scaled(units: Units, count: float) -> Units:
    return {name: amount * count for name, amount in units.items()}
