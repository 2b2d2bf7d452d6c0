"""Pictures from files, opened, scaled down and encoded anew in one go."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .picture_files import open_picture
from .pictures import jpeg
from .showing import Shown, show

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True, kw_only=True)
class SmallPicture:
    """A picture that was encoded anew."""

    content: bytes
    is_png: bool
    width_pixels: int
    height_pixels: int


def shown_picture(path: Path, name: str, most_side_pixels: int) -> Shown:
    """Return a picture as a model gets it.

    Raises:
        MediaError: It cannot be decoded.
    """
    return show(open_picture(path, name), most_side_pixels=most_side_pixels)


def small_jpeg(path: Path, name: str, steps: Sequence[tuple[int, int]], max_bytes: int) -> bytes:
    """Return a picture as the first JPEG of at most so many bytes; steps are quality and long side in pixels.

    Raises:
        MediaError: It cannot be decoded.
    """
    picture, encoded = open_picture(path, name), b""
    for quality, pixels in steps:
        small = picture.copy()
        small.thumbnail((pixels, pixels))
        encoded = jpeg(small, quality)
        if len(encoded) <= max_bytes:
            break
    return encoded


def small_picture(path: Path, name: str, most_side_pixels: int, most_png_bytes: int) -> SmallPicture:
    """Return a picture as PNG where that has at most so many bytes, else as JPEG.

    Raises:
        MediaError: It cannot be decoded.
    """
    picture = open_picture(path, name)
    picture.thumbnail((most_side_pixels, most_side_pixels))
    content = _png(picture) if most_png_bytes else b""
    is_png = 0 < len(content) <= most_png_bytes
    return SmallPicture(
        content=content if is_png else jpeg(picture, quality=82),
        is_png=is_png,
        width_pixels=picture.width,
        height_pixels=picture.height,
    )


def _png(picture: "Image") -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG", optimize=True)
    return out.getvalue()
