"""Where the boxes of a diagram stand, and how its arrows go."""

from dataclasses import dataclass

from .sheet import Point


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Where boxes stand, and how arrows go; all boxes have the same size."""

    centres: tuple[Point, ...]
    box: Point
    """Width and height."""
    routes: tuple[tuple[Point, ...], ...]
    """Of each edge, from box to box."""


Area = tuple[float, float, float, float]
