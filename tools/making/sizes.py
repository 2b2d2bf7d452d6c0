"""Sizes of pictures and film as they are asked for: `16:9`, `1024x1024`, or pixels."""

import re
from collections.abc import Mapping

from ..base.errors import ArgumentError
from ..base.makers import Value, ValueName

LEAST_PIXELS, MOST_PIXELS = 16, 16_384
"""Of a side, of anything that is made."""
_ASPECT = re.compile(r"\s*(\d{1,4}(?:\.\d+)?)\s*[:：/xX×比]\s*(\d{1,4}(?:\.\d+)?)\s*")
_SIZE = re.compile(r"\s*(\d{2,5})\s*[xX×*]\s*(\d{2,5})\s*")
_LONGEST_ASPECT = 10.0


def read_aspect(aspect: str) -> float:
    """Return width by height of an aspect such as `16:9`.

    Raises:
        ArgumentError: It is none.
    """
    found = _ASPECT.fullmatch(aspect)
    width, height = (float(found[1]), float(found[2])) if found else (0.0, 0.0)
    if not (width and height and 1 / _LONGEST_ASPECT <= width / height <= _LONGEST_ASPECT):
        raise ArgumentError(
            f"`aspect` is {aspect[:40]!r}. Give width and height as `16:9`, `9:16`, `1:1`, `4:3` or the like."
        )
    return width / height


def read_size(size: str) -> tuple[int, int] | None:
    """Return width and height of a size such as `1024x1536`; None where it is no pair of pixels, such as `auto`."""
    found = _SIZE.fullmatch(size)
    return (int(found[1]), int(found[2])) if found else None


def asked_size(values: Mapping[ValueName, Value]) -> tuple[int | None, int | None]:
    """Return the width and the height that a wish names, each None where it does not."""
    if size := read_size(str(values.get("size", ""))):
        return size
    width, height = values.get("width_pixels"), values.get("height_pixels")
    return (int(width) if width is not None else None, int(height) if height is not None else None)


def check_size(aspect: str | None, width_pixels: int | None, height_pixels: int | None) -> None:
    """See that what is said of a size can be met.

    Raises:
        ArgumentError: The aspect is none, or is another one than that of the pixels.
    """
    if aspect is None:
        return
    ratio = read_aspect(aspect)
    if width_pixels is None or height_pixels is None:
        return
    # A pixel more or less on either side.
    low, high = (width_pixels - 1) / (height_pixels + 1), (width_pixels + 1) / max(1, height_pixels - 1)
    if not low <= ratio <= high:
        raise ArgumentError(
            f"`aspect` is {aspect!r}, and {width_pixels}×{height_pixels} px is not. Leave out the aspect, or one of "
            f"the sides; {width_pixels}×{round(width_pixels / ratio)} px would be {aspect}."
        )


def size_within(ratio: float, *, pixels: int, step: int = 8) -> tuple[int, int]:
    """Return a size of an aspect with about so many pixels, both sides a multiple of `step`."""
    height = (pixels / ratio) ** 0.5
    return (max(step, round(height * ratio / step) * step), max(step, round(height / step) * step))
