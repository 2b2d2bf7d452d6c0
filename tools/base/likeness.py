"""How alike two pictures are, measured."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .pictures import dhash, hamming

if TYPE_CHECKING:
    from PIL.Image import Image

# A scaled or recompressed copy differs in 0 to 4 bits; different slides of one talk in 10 and more. Flat pictures have
# meaningless hashes, so the colours must agree too.
NEAR_BITS = 6
NEAR_DIFFERENCE = 10.0
TINY_PIXELS = 32


@dataclass(frozen=True, kw_only=True)
class Likeness:
    """Two pictures compared, each squeezed to the same small square."""

    hash_bits: int
    """How many of 64 bits of their perceptual hashes differ."""
    mean_difference: float
    """Of all colours at 32 × 32 pixels, 0…255."""

    @property
    def near_duplicate(self) -> bool:
        return self.hash_bits <= NEAR_BITS and self.mean_difference <= NEAR_DIFFERENCE


def likeness(one: "Image", other: "Image") -> Likeness:
    """Return how alike two pictures are, whatever their sizes."""
    import numpy as np
    from PIL import Image as Pillow

    tiny = [
        np.asarray(picture.convert("RGB").resize((TINY_PIXELS, TINY_PIXELS), Pillow.Resampling.BOX), dtype=np.float32)
        for picture in (one, other)
    ]
    return Likeness(
        hash_bits=hamming(dhash(one), dhash(other)),
        mean_difference=round(float(abs(tiny[0] - tiny[1]).mean()), 2),
    )
