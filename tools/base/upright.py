"""How a stored picture is turned and stretched for display."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from .safe_open import MAX_SIDE_PIXELS, MAX_VIDEO_PIXELS

if TYPE_CHECKING:
    import numpy as np
    from av.sidedata.sidedata import SideData
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Turn:
    """How to turn a stored picture for display: transposed first, then mirrored."""

    transpose: bool = False
    mirror_columns: bool = False
    mirror_rows: bool = False

    @property
    def degrees(self) -> int:
        """Counterclockwise, ignoring a mirror image."""
        if self.transpose:
            return 90 if self.mirror_rows else 270
        return 180 if self.mirror_rows and self.mirror_columns else 0

    def apply(self, picture: "NDArray[np.uint8]") -> "NDArray[np.uint8]":
        """Return the upright picture; its first two axes are rows and columns."""
        import numpy as np

        if self.transpose:
            picture = picture.swapaxes(0, 1)
        if self.mirror_columns:
            picture = picture[:, ::-1]
        if self.mirror_rows:
            picture = picture[::-1]
        return np.ascontiguousarray(picture)


def turn_of(frame: "VideoFrame") -> Turn:
    """Return the turn a frame asks for in its display matrix, to the nearest right angle."""
    data = cast("SideData | None", frame.side_data.get("DISPLAYMATRIX"))
    if data is None:
        return Turn()
    numbers = memoryview(bytes(data)).cast("i")  # a b u c d v x y w, in 16.16 fixed point
    a, b, c, d = numbers[0], numbers[1], numbers[3], numbers[4]
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return Turn(False, mirror_columns=a < 0, mirror_rows=d < 0)
    return Turn(True, mirror_columns=c < 0, mirror_rows=b < 0)


def display_size(stream: "VideoStream", frame: "VideoFrame | None") -> tuple[int, int]:
    """Return width and height as displayed: pixel aspect applied, then turned."""
    width, height = (frame.width, frame.height) if frame is not None else (stream.width, stream.height)
    aspect = float(stream.sample_aspect_ratio or 1)
    wide = round(width * aspect)
    # An aspect that no camera has is a damaged header.
    if 0.125 <= aspect <= 8 and wide * height <= MAX_VIDEO_PIXELS and wide <= MAX_SIDE_PIXELS:
        width = max(1, wide)
    return (height, width) if frame is not None and turn_of(frame).transpose else (width, height)


def fit(width: int, height: int, width_pixels: int | None) -> tuple[int, int]:
    """Return the size scaled down to a width, never up."""
    if width_pixels is None or width_pixels >= width:
        return width, height
    return width_pixels, max(1, round(height * width_pixels / width))
