"""The size that a model makes which comes nearest to the one that is wished for."""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..base.draws import Draws, Sizes
from ..base.errors import ArgumentError
from ..base.makers import Value, ValueName
from ..making.sizes import asked_size, read_aspect, read_size

SIZED: tuple[ValueName, ...] = ("size", "width_pixels", "height_pixels", "aspect", "resolution")
"""What a wish may say of size."""
_USUAL_PIXELS = 1024 * 1024
_RESOLUTION = re.compile(r"(\d+(?:\.\d+)?)K|(\d{3,4})p", re.I)
# A picture of another shape is further from what was wished than one of another size.
_SHAPE_COUNTS = 4.0


@dataclass(frozen=True, kw_only=True)
class Target:
    """What is wished for."""

    ratio: float | None
    """Width by height."""
    pixels: float | None
    """Of the whole picture."""
    exact: tuple[int, int] | None = None

    def distance(self, width: float, height: float) -> float:
        """Return how far a size is from it."""
        shape = abs(math.log(width / height / self.ratio)) if self.ratio else 0.0
        return _SHAPE_COUNTS * shape + (abs(math.log(width * height / self.pixels)) if self.pixels else 0.0)


def target_of(values: Mapping[ValueName, Value]) -> Target | None:
    """Return what a wish says of size; None when it says nothing.

    Raises:
        ArgumentError: It is no size.
    """
    if not any(values.get(name) for name in SIZED) or str(values.get("size", "")) == "auto":
        return None
    width, height = asked_size(values)
    if "size" in values and read_size(str(values["size"])) is None:
        raise ArgumentError(f"`size` is {str(values['size'])[:40]!r}. Give width and height as `1024x1024`, or `auto`.")
    ratio = read_aspect(str(values["aspect"])) if values.get("aspect") else None
    if width and height:
        return Target(ratio=width / height, pixels=float(width * height), exact=(width, height))
    if width or height:
        shape = ratio or 1.0
        whole = (width, round(width / shape)) if width else (round((height or 1) * shape), height or 1)
        return Target(ratio=shape, pixels=float(whole[0] * whole[1]), exact=whole)
    if resolution := values.get("resolution"):
        return Target(ratio=ratio, pixels=_pixels(str(resolution), ratio or 1.0))
    return Target(ratio=ratio, pixels=None)


def _pixels(resolution: str, ratio: float) -> float:
    found = _RESOLUTION.fullmatch(resolution.strip())
    if not found:
        raise ArgumentError(f"`resolution` is {resolution[:40]!r}. Give it as `1K`, `2K`, `4K` or `1080p`.")
    if found[1]:
        return (float(found[1]) * 1024) ** 2
    return float(found[2]) ** 2 * max(ratio, 1 / ratio)  # the short side has so many


def nearest_pixels(target: Target, draws: Draws) -> tuple[int, int]:
    """Return the width and height that a model takes which come nearest."""
    if draws.sizes:
        known = [size for one in draws.sizes if (size := read_size(one))]
        # Of those equally near the first, which is the usual one.
        return min(known, key=lambda one: round(target.distance(*one), 6))
    return _free(target, draws.free_sizes or Sizes(step=8))


def _free(target: Target, sizes: Sizes) -> tuple[int, int]:
    ratio = min(max(target.ratio or 1.0, 1 / sizes.steepest), sizes.steepest)
    pixels = min(max(target.pixels or max(_USUAL_PIXELS, sizes.least_pixels), sizes.least_pixels), sizes.most_pixels)
    longest = max(math.sqrt(pixels * ratio), math.sqrt(pixels / ratio))
    scale = min(1.0, sizes.most_side / longest)
    width, height = math.sqrt(pixels * ratio) * scale, math.sqrt(pixels / ratio) * scale
    if target.exact and _takes(*target.exact, sizes):
        return target.exact
    around = [
        (across * sizes.step, down * sizes.step)
        for across in _around(width / sizes.step)
        for down in _around(height / sizes.step)
    ]
    fitting = [one for one in around if _takes(*one, sizes)] or around
    wanted = Target(ratio=ratio, pixels=width * height)
    return min(fitting, key=lambda one: wanted.distance(*one))


def _takes(width: int, height: int, sizes: Sizes) -> bool:
    is_even = width % sizes.step == 0 and height % sizes.step == 0
    is_shaped = max(width / height, height / width) <= sizes.steepest and max(width, height) <= sizes.most_side
    return is_even and is_shaped and sizes.least_pixels <= width * height <= sizes.most_pixels


def _around(number: float) -> Iterable[int]:
    """Return whole numbers near this one, so that one of them keeps every limit."""
    return range(max(1, math.floor(number) - 2), math.ceil(number) + 3)


def nearest_aspect(target: Target, draws: Draws) -> tuple[str, str]:
    """Return the aspect and the resolution that come nearest; empty where there is none to be asked for."""
    aspect = resolution = ""
    if target.ratio and draws.aspects:
        wanted = Target(ratio=target.ratio, pixels=None)
        aspect = min(draws.aspects, key=lambda one: wanted.distance(read_aspect(one), 1.0))
    if target.pixels and draws.resolutions:
        pixels = target.pixels
        resolution = min(draws.resolutions, key=lambda one: abs(math.log(_pixels(one, target.ratio or 1.0) / pixels)))
    return aspect, resolution
