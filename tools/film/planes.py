"""A picture of a film as its encoder takes it: planar YUV 4:2:0 in BT.709, one array with three views."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    import numpy as np
    from av.video.frame import VideoFrame
    from numpy.typing import NDArray

GREY = 128
"""Of the planes of colour: no colour."""
BLACK = 16
"""Of brightness, whose range is 16 to 235."""


@dataclass(frozen=True, eq=False)
class Planes:
    """Brightness in full size, two planes of colour in half of it."""

    data: "NDArray[np.uint8]"
    """1.5 × rows, columns; both sizes of the picture are even."""

    @classmethod
    def blank(
        cls, width_pixels: int, height_pixels: int, colour: tuple[int, int, int] = (BLACK, GREY, GREY)
    ) -> "Planes":
        """Return a picture of one colour, given as YUV."""
        import numpy as np

        made = cls(np.empty((height_pixels * 3 // 2, width_pixels), np.uint8))
        for plane, value in zip(made.all, colour, strict=True):
            plane[:] = value
        return made

    @classmethod
    def of_rgb(cls, picture: "NDArray[np.uint8]") -> "Planes":
        """Return an RGB picture of even size."""
        import av

        return cls.of_frame(av.VideoFrame.from_ndarray(picture, format="rgb24"))

    @classmethod
    def of_frame(cls, frame: "VideoFrame") -> "Planes":
        """Return a frame of even size, in any format."""
        from av.video.reformatter import ColorRange, Colorspace

        made = frame.reformat(
            format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG, threads=1
        )
        return cls(cast("NDArray[np.uint8]", made.to_ndarray()))

    @property
    def width_pixels(self) -> int:
        return int(self.data.shape[1])

    @property
    def height_pixels(self) -> int:
        return int(self.data.shape[0]) * 2 // 3

    @cached_property
    def all(self) -> "tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]":
        """Brightness, then the two of colour; views."""
        width, height = self.width_pixels, self.height_pixels
        flat = self.data.reshape(-1)
        half = (height // 2, width // 2)
        size, quarter = width * height, width * height // 4
        return (
            flat[:size].reshape(height, width),
            flat[size : size + quarter].reshape(half),
            flat[size + quarter :].reshape(half),
        )

    def copy(self) -> "Planes":
        return Planes(self.data.copy())
