"""How alike two pictures are, measured."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .pictures import as_image, dhash, hamming

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .pictures import AnyPicture

SMALL_PIXELS = 320
"""Long side of the pictures that are compared: text of 24 px at 720p is 6 px high in them."""
BLOCK_PIXELS = 16
TINY_PIXELS = 32
# Measured, share of changed blocks: copies scaled to a half or recompressed down to quality 20: 0; scaled to a quarter:
# 0 to 0.06; two slides with the same design: 0.08 to 0.13. Perceptual hashes of such slides differ in 1 to 7 bits only.
NEAR_SHARE = 0.05
NEAR_DIFFERENCE = 20.0
UNLIKE = 0.6
"""Correlation of a block's brightness below which it shows something else."""
FLAT = 4.0
"""Standard deviation (of 255) up to which a block has no structure to be compared."""
LEVEL = 40.0


@dataclass(frozen=True, kw_only=True)
class Likeness:
    """Two pictures compared at a small size."""

    changed_share: float
    """Part of the picture, 0…1, whose structure or brightness differs."""
    mean_difference: float
    """Of all colours at 32 × 32 pixels, 0…255."""
    hash_bits: int
    """How many of 64 bits of their perceptual hashes differ."""

    @property
    def near_duplicate(self) -> bool:
        return self.changed_share <= NEAR_SHARE and self.mean_difference <= NEAR_DIFFERENCE


def likeness(one: "AnyPicture", other: "AnyPicture") -> Likeness:
    """Return how alike two pictures are, whatever their sizes."""
    import numpy as np
    from PIL import Image

    pictures = [as_image(one).convert("RGB"), as_image(other).convert("RGB")]
    tiny = [
        np.asarray(picture.resize((TINY_PIXELS, TINY_PIXELS), Image.Resampling.BOX), dtype=np.float32)
        for picture in pictures
    ]
    return Likeness(
        changed_share=round(float(_unlike_blocks(np.asarray(pictures[0]), np.asarray(pictures[1])).mean()), 3),
        mean_difference=round(float(abs(tiny[0] - tiny[1]).mean()), 2),
        hash_bits=hamming(dhash(pictures[0]), dhash(pictures[1])),
    )


def shrunk(image: "NDArray[np.uint8]", pixels: int = SMALL_PIXELS) -> "NDArray[np.uint8]":
    """Return a copy of a picture whose longer side has at most so many pixels."""
    import cv2
    import numpy as np

    height, width = image.shape[:2]
    scale = min(1.0, pixels / max(height, width))
    if scale == 1:
        return image
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _unlike_blocks(one: "NDArray[np.uint8]", other: "NDArray[np.uint8]") -> "NDArray[np.bool_]":
    """Return in which blocks the structure differs: compression, scaling and a little more light do not count."""
    import cv2
    import numpy as np

    small = cv2.cvtColor(shrunk(one), cv2.COLOR_RGB2GRAY)
    height, width = small.shape
    fitted = cv2.cvtColor(cv2.resize(other, (width, height), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
    first, second = small.astype(np.float32), fitted.astype(np.float32)
    grid = max(1, width // BLOCK_PIXELS), max(1, height // BLOCK_PIXELS)

    def mean(values: "NDArray[np.float32]") -> "NDArray[np.float32]":
        return np.asarray(cv2.resize(values, grid, interpolation=cv2.INTER_AREA), dtype=np.float32)

    levels = mean(first), mean(second)
    spreads = [
        np.sqrt(np.maximum(mean(values * values) - level**2, 0))
        for values, level in zip((first, second), levels, strict=True)
    ]
    # The constant makes two flat blocks alike, as in SSIM.
    alike = (mean(first * second) - levels[0] * levels[1] + 9) / (spreads[0] * spreads[1] + 9)
    structured = np.maximum(spreads[0], spreads[1]) > FLAT
    return np.asarray((structured & (alike < UNLIKE)) | (abs(levels[0] - levels[1]) > LEVEL))
