"""Boxes as models write them, and as fractions of the whole picture."""

from collections.abc import Sequence

from ..base.abilities import Boxes
from ..base.moments import Box

LEAST_SIDE = 0.002
"""A box smaller than this share of the picture is a point: nothing that can be shown."""

ASKED: dict[Boxes, str] = {
    "fractions": "[left, top, right, bottom] as fractions from 0 to 1 of the picture's width and height",
    "thousandths": "[left, top, right, bottom] from 0 to 1000, relative to the picture's width and height",
    "thousandths_yx": "[top, left, bottom, right] from 0 to 1000, relative to the picture's height and width",
    "pixels": "[left, top, right, bottom] in pixels of the picture as you see it",
}
"""What a model is told about boxes: what it was taught, because it falls back to that anyway."""


def as_fractions(raw: Sequence[float], written: Boxes, width_pixels: int, height_pixels: int) -> Box | None:
    """Return a box as fractions of the picture that was shown; None when it is none."""
    left, top, right, bottom = raw
    if written == "thousandths_yx":
        left, top, right, bottom = top, left, bottom, right
    # Nobody means less than two pixels: those are fractions, whatever was asked for.
    if max(raw) > 1.5 and written != "fractions":
        wide, high = (width_pixels, height_pixels) if written == "pixels" else (1000, 1000)
        left, right, top, bottom = left / wide, right / wide, top / high, bottom / high
    elif max(raw) > 1.5:
        # Asked for fractions, and these are none: thousandths where they fit, which most models are taught.
        wide, high = (1000, 1000) if max(raw) <= 1000 else (width_pixels, height_pixels)
        left, right, top, bottom = left / wide, right / wide, top / high, bottom / high
    left, right = sorted(min(1.0, max(0.0, one)) for one in (left, right))
    top, bottom = sorted(min(1.0, max(0.0, one)) for one in (top, bottom))
    if right - left < LEAST_SIDE or bottom - top < LEAST_SIDE:
        return None
    return left, top, right, bottom


def inside(part: Box | None, box: Box) -> Box:
    """Return a box in a part of a picture as a box in the whole picture."""
    if part is None:
        return box
    wide, high = part[2] - part[0], part[3] - part[1]
    return (
        round(part[0] + box[0] * wide, 5),
        round(part[1] + box[1] * high, 5),
        round(part[0] + box[2] * wide, 5),
        round(part[1] + box[3] * high, 5),
    )
