"""What is kept of a picture, and how large it gets."""

import re

from ..base.errors import ArgumentError
from .asked import Asked
from .survey import Survey

MOST_SIDE_PIXELS = 7680
_ASPECT = re.compile(r"(\d{1,4})\s*[:/x×]\s*(\d{1,4})")


def crop_box(asked: Asked, survey: Survey, name: str, *, even_sizes: bool) -> tuple[int, int, int, int, list[str]]:
    """Return left, top, width and height of what is kept of a picture, and what is to be said of it.

    Raises:
        ArgumentError: It is not in the picture.
    """
    full = survey.width_pixels, survey.height_pixels
    notes: list[str] = []
    if asked.aspect is not None:
        found = _ASPECT.fullmatch(asked.aspect.strip())
        if found is None or not int(found[1]) or not int(found[2]):
            raise ArgumentError(f"`aspect` is {asked.aspect!r}. Give two numbers, for example `16:9`, `9:16` or `1:1`.")
        ratio = int(found[1]) / int(found[2])
        width = asked.width_pixels or min(
            full[0], round(full[1] * ratio), round((asked.height_pixels or 10**6) * ratio)
        )
        height = min(full[1], round(width / ratio))
    else:
        assert asked.width_pixels is not None and asked.height_pixels is not None
        width, height = asked.width_pixels, asked.height_pixels
    if even_sizes and (width % 2 or height % 2):
        rounded = width - width % 2, height - height % 2
        notes.append(f"The size was made even, as encoders need it: {rounded[0]}×{rounded[1]} px.")
        width, height = rounded
    left = (full[0] - width) // 2 if asked.left_pixels is None else asked.left_pixels
    top = (full[1] - height) // 2 if asked.top_pixels is None else asked.top_pixels
    least = 16 if even_sizes else 1
    if width < least or height < least:
        raise ArgumentError(f"A crop of {width}×{height} px is too small; the least is {least}×{least}.")
    if left < 0 or top < 0 or left + width > full[0] or top + height > full[1]:
        raise ArgumentError(
            f"The crop of {width}×{height} px at {left}, {top} is not inside {name!r}, which is displayed with "
            f"{full[0]}×{full[1]} px. Make it smaller, or leave `left_pixels` and `top_pixels` out to crop the middle."
        )
    return left, top, width, height, notes


def scaled_size(asked: Asked, survey: Survey) -> tuple[int, int]:
    """Return the size to scale to; the side that is not given follows the other.

    Raises:
        ArgumentError: It is too large or too small.
    """
    full = survey.width_pixels, survey.height_pixels
    width, height = asked.width_pixels, asked.height_pixels
    if width is None:
        width = max(1, round(full[0] * (height or full[1]) / full[1]))
    if height is None:
        height = max(1, round(full[1] * width / full[0]))
    if max(width, height) > MOST_SIDE_PIXELS or width * height > 33_200_000:
        raise ArgumentError(f"{width:,}×{height:,} px is too large; the limit is {MOST_SIDE_PIXELS:,} a side.")
    if min(width, height) < 2:
        raise ArgumentError(f"{width}×{height} px is too small; each side needs at least 2 px.")
    return width, height
