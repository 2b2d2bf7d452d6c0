"""What is done to a picture without any model: enlarging it, and cutting one out of a grid."""

import io
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..base.errors import ArgumentError
from ..base.picture_files import MAX_PICTURE_PIXELS, MAX_SIDE_PIXELS, PictureFile, read_picture

if TYPE_CHECKING:
    from PIL.Image import Image

LEAST_GRID_PIXELS = 64
"""Of a side of a grid: of less, a quarter is no picture."""


@dataclass(frozen=True, kw_only=True)
class Developed:
    """A picture that was made of another one."""

    png: bytes
    notes: tuple[str, ...] = ()


def enlarge(path: Path, name: str, scale: float) -> Developed:
    """Return a picture in another size, resampled with Lanczos' filter.

    Raises:
        ArgumentError: It would be too large.
        MediaError: It cannot be decoded.
    """
    from PIL import Image

    found = read_picture(path, name)
    width, height = round(found.width_pixels * scale), round(found.height_pixels * scale)
    if width * height > MAX_PICTURE_PIXELS or max(width, height) > MAX_SIDE_PIXELS:
        most = min(
            math.sqrt(MAX_PICTURE_PIXELS / (found.width_pixels * found.height_pixels)),
            MAX_SIDE_PIXELS / max(found.width_pixels, found.height_pixels),
        )
        fix = (
            f"Give a `scale` of at most {math.floor(most * 100) / 100:g}" if most > 1.01 else "It is as large as can be"
        )
        raise ArgumentError(
            f"{name!r} has {found.width_pixels:,}×{found.height_pixels:,} px, and {scale:g} times that is more than "
            f"{MAX_PICTURE_PIXELS:,} pixels or {MAX_SIDE_PIXELS:,} a side. {fix}."
        )
    return Developed(png=_png(found.upright.resize((width, height), Image.Resampling.LANCZOS)), notes=_lost(found))


def quarter(path: Path, name: str, index: int) -> Developed:
    """Return one of four pictures in a grid, pixel by pixel: 1 and 2 above, 3 and 4 below.

    Raises:
        ArgumentError: It is too small to be a grid.
        MediaError: It cannot be decoded.
    """
    found = read_picture(path, name)
    width, height = found.upright.size
    if min(width, height) < LEAST_GRID_PIXELS:
        raise ArgumentError(f"{name!r} has {width}×{height} px, which is too small to be a grid of four pictures.")
    row, column = divmod(index - 1, 2)
    half_width, half_height = width // 2, height // 2
    left, top = column * (width - half_width), row * (height - half_height)
    return Developed(
        png=_png(found.upright.crop((left, top, left + half_width, top + half_height))), notes=_lost(found)
    )


def _png(picture: "Image") -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def _lost(found: PictureFile) -> tuple[str, ...]:
    """Say what the new picture lacks of the old one."""
    notes = []
    if found.transparent:
        notes.append("What was transparent is white.")
    if found.frames > 1:
        notes.append(f"Only the first of its {found.frames} pictures was taken.")
    if found.upright.size != (found.width_pixels, found.height_pixels):
        notes.append("It is so large that it was opened at half its size.")
    return tuple(notes)
