"""Fit a picture to the shape of a film: it fills it, or stands whole before itself, blurred."""

from typing import TYPE_CHECKING, cast

from ..base.footage import Footage
from ..base.upright import Turn
from .planes import BLACK, Planes

if TYPE_CHECKING:
    import numpy as np
    from av.video.frame import VideoFrame
    from numpy.typing import NDArray
    from PIL.Image import Image

MOST_CUT = 0.42
"""Of a picture that may be cut off to fill the film; one that would lose more is shown whole before itself, blurred."""
_SMALL = 40
"""Pixels of the longer side of what a blurred backdrop is made of."""
_DIMMED = 0.62
"""How bright a backdrop is against its picture."""
EDGE = 0.94
"""How much of the film's width or height a picture before a backdrop takes."""


def fitted(frame: "VideoFrame", footage: Footage, width: int, height: int) -> Planes:
    """Return a frame upright and undistorted in another size: filling it, or before itself, blurred."""
    import numpy as np

    shown = footage.width_pixels, footage.height_pixels
    fills = loses(*shown, width, height) <= MOST_CUT
    factor = (max if fills else min)(width / shown[0], height / shown[1])
    size = max(2, even(shown[0] * factor)), max(2, even(shown[1] * factor))
    picture = _upright(frame, footage, *size)
    if fills:
        left, top = (size[0] - width) // 4 * 2, (size[1] - height) // 4 * 2
        if size == (width, height):
            return picture
        filled = Planes(np.empty((height * 3 // 2, width), np.uint8))
        for number, (into, plane) in enumerate(zip(filled.all, picture.all, strict=True)):
            by = 1 if number == 0 else 2
            into[:] = plane[top // by : (top + height) // by, left // by : (left + width) // by]
        return filled
    made = _backdrop(picture, width, height)
    left, top = (width - size[0]) // 4 * 2, (height - size[1]) // 4 * 2
    for number, (into, plane) in enumerate(zip(made.all, picture.all, strict=True)):
        by = 1 if number == 0 else 2
        into[top // by : (top + size[1]) // by, left // by : (left + size[0]) // by] = plane
    return made


def _upright(frame: "VideoFrame", footage: Footage, width: int, height: int) -> Planes:
    """Return a frame as it is displayed, in a size."""
    from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc

    turn: Turn = footage.turn
    size = (height, width) if turn.transpose else (width, height)
    # A file that does not say how its colours are meant: by its size, as players take it.
    unsaid = frame.colorspace == 2 and frame.height >= 720
    is_high = frame.color_trc in (ColorTrc.SMPTE2084, ColorTrc.ARIB_STD_B67)  # HDR
    scaled = footage.scaler.reformat(
        frame,
        *size,
        "yuv420p",
        src_colorspace=Colorspace.ITU709 if unsaid else None,
        dst_colorspace=Colorspace.ITU709,
        dst_color_range=ColorRange.MPEG,
        dst_color_trc=ColorTrc.BT709 if is_high else None,
        dst_color_primaries=ColorPrimaries.BT709 if is_high else None,
        interpolation="AREA" if frame.width > size[0] else "BICUBIC",
        threads=1,
    )
    picture = Planes(cast("NDArray[np.uint8]", scaled.to_ndarray()))
    if turn == Turn():
        return picture
    turned = Planes.blank(width, height)
    for into, plane in zip(turned.all, picture.all, strict=True):
        into[:] = turn.apply(plane)
    return turned


def _backdrop(picture: Planes, width: int, height: int) -> Planes:
    """Return a picture cut to another shape, blurred and darkened."""
    import cv2

    made = Planes.blank(width, height)
    share = _small(width, height)
    for number, (into, plane) in enumerate(zip(made.all, picture.all, strict=True)):
        rows, columns = plane.shape
        factor = min(columns / into.shape[1], rows / into.shape[0])
        wide, high = round(into.shape[1] * factor), round(into.shape[0] * factor)
        left, top = (columns - wide) // 2, (rows - high) // 2
        small = cv2.resize(plane[top : top + high, left : left + wide], share, interpolation=cv2.INTER_AREA)
        blurred = cv2.resize(cv2.GaussianBlur(small, (0, 0), 1.6), into.shape[::-1], interpolation=cv2.INTER_CUBIC)
        into[:] = blurred if number else cv2.convertScaleAbs(blurred, alpha=_DIMMED, beta=BLACK * (1 - _DIMMED))
    return made


def before_itself(image: "Image", width: int, height: int) -> "Image":
    """Return a picture whole before itself, blurred."""
    from PIL import ImageFilter
    from PIL.Image import Resampling

    cut = min(image.width / width, image.height / height)
    box = middle_of(image.size, width * cut, height * cut)
    small = image.resize(_small(width, height), Resampling.BOX, box).filter(ImageFilter.GaussianBlur(1.6))
    made = small.point(lambda level: level * _DIMMED).resize((width, height), Resampling.BICUBIC)
    factor = min(width / image.width, height / image.height) * EDGE
    size = max(1, round(image.width * factor)), max(1, round(image.height * factor))
    made.paste(image.resize(size, Resampling.LANCZOS), ((width - size[0]) // 2, (height - size[1]) // 2))
    return made


def middle_of(size: tuple[int, int], width: float, height: float) -> tuple[float, float, float, float]:
    """Return the middle part of a picture: left, top, right, bottom; none of it beyond the picture by a rounding."""
    wide, high = min(width, size[0]), min(height, size[1])
    left, top = (size[0] - wide) / 2, (size[1] - high) / 2
    return left, top, left + wide, top + high


def _small(width: int, height: int) -> tuple[int, int]:
    longer = max(width, height)
    return max(2, round(_SMALL * width / longer)), max(2, round(_SMALL * height / longer))


def loses(width: int, height: int, to_width: int, to_height: int) -> float:
    """Return which share of a picture is cut off when it fills another shape."""
    shape, wanted = width / height, to_width / to_height
    return 1 - min(shape, wanted) / max(shape, wanted)


def even(pixels: float) -> int:
    """Return a whole number of pixels that is even, as colour in half of the size needs it."""
    return -(-int(pixels + 0.5) // 2) * 2
