"""The main colours of a picture, with plain names."""

import colorsys
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

THUMBNAIL_PIXELS = 128
CANDIDATES = 24
ALIKE = 40.0
"""Colours nearer than this (of 441, black to white) are one: a gradient or the soft edge of letters."""

# Up to which hue, in degrees, a saturated colour is called so.
_HUES = (
    (12, "red"),
    (40, "orange"),
    (68, "yellow"),
    (165, "green"),
    (195, "cyan"),
    (258, "blue"),
    (290, "purple"),
    (335, "pink"),
    (360, "red"),
)


@dataclass(frozen=True, kw_only=True)
class Shade:
    """A colour and how much of the picture it covers."""

    hex: str
    """`#rrggbb`"""
    share: float
    """0…1"""
    name: str


def main_colours(picture: "Image", count: int = 5) -> list[Shade]:
    """Return the colours that cover most of a picture, the largest share first."""
    small = picture.convert("RGB")
    small.thumbnail((THUMBNAIL_PIXELS, THUMBNAIL_PIXELS))
    reduced = small.quantize(CANDIDATES)
    palette = reduced.getpalette() or []
    found: list[tuple[tuple[int, ...], int]] = []
    for number, index in sorted(reduced.getcolors() or [], reverse=True):
        assert isinstance(index, int)
        colour = tuple(palette[3 * index : 3 * index + 3])
        near = next((at for at, (other, _) in enumerate(found) if math.dist(colour, other) < ALIKE), None)
        if near is None:
            found.append((colour, number))
        else:
            found[near] = (found[near][0], found[near][1] + number)
    total = small.width * small.height
    largest = sorted(found, key=lambda one: -one[1])[:count]
    return [
        Shade(hex="#" + bytes(colour).hex(), share=round(number / total, 3), name=colour_name(*colour))
        for colour, number in largest
    ]


def colour_name(red: int, green: int, blue: int) -> str:
    """Return what people call a colour, 0…255 each."""
    hue, lightness, saturation = colorsys.rgb_to_hls(red / 255, green / 255, blue / 255)
    spread = (max(red, green, blue) - min(red, green, blue)) / 255
    if lightness < 0.08:
        return "black"
    if lightness > 0.95:
        return "white"
    if spread < 0.1 or saturation < 0.1:
        return "dark grey" if lightness < 0.3 else "light grey" if lightness > 0.7 else "grey"
    degrees = hue * 360
    name = next(name for limit, name in _HUES if degrees <= limit)
    if name in ("orange", "red") and lightness < 0.35 and degrees > 8:
        return "brown"
    if name == "orange" and saturation < 0.5:
        return "beige" if lightness > 0.65 else "brown"
    return f"dark {name}" if lightness < 0.3 else f"light {name}" if lightness > 0.75 else name
