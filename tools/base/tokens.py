"""How many tokens text and pictures are to a model: estimates by the rules that vendors document."""

import math
import re
from dataclasses import dataclass
from typing import Literal

from .words import HAN

Detail = Literal["low", "high", "auto"]
Rule = Literal["tiles", "patches", "crops", "area", "flat"]

LETTERS_A_TOKEN = 4.0
"""Of running English text; what OpenAI and Google both give as a rule of thumb."""
# Older tokenizers take a hanzi for one to two tokens, newer ones for less than one.
HANZI_A_TOKEN = 1.0
_HANZI = re.compile(rf"[{HAN}]")
# OpenAI: fit into a square of 2048, then the shortest side to 768, then tiles of 512.
_FIT_PIXELS, _SHORT_PIXELS, _TILE_PIXELS = 2048, 768, 512
# Gemini: pictures up to this side are one tile; the crop unit of others is their short side divided by 1.5.
_ONE_TILE_PIXELS, _CROP_SHARE = 384, 1.5


@dataclass(frozen=True, kw_only=True)
class PictureTokens:
    """How a model counts a picture; `providers/models.toml` has the rules with their sources."""

    rule: Rule = "area"
    base: float = 0
    """Tokens of any picture; with `tiles` also of one with detail `low`."""
    each: float = 1
    """Tokens of a tile, a crop, a patch, or of a whole picture (`flat`)."""
    patch_pixels: int = 28
    """Side of a patch."""
    pixels: float = 750
    """Pixels that are one token (`area`)."""
    most: int = 1600
    """Most patches, or most tokens by area; a larger picture is scaled down by the model."""

    def count(self, width_pixels: int, height_pixels: int, detail: Detail = "auto") -> int:
        """Return the tokens of a picture of this size."""
        width, height = max(1, width_pixels), max(1, height_pixels)
        if self.rule == "tiles":
            return math.ceil(self.base + (0 if detail == "low" else self.each * _tiles(width, height)))
        if self.rule == "patches":
            return math.ceil(self.base + self.each * _patches(width, height, self.patch_pixels, self.most))
        if self.rule == "crops":
            return math.ceil(self.base + self.each * _crops(width, height))
        if self.rule == "flat":
            return math.ceil(self.base + self.each)
        return math.ceil(self.base + min(self.most, width * height / self.pixels))


def text_tokens(text: str) -> int:
    """Return about how many tokens a text is."""
    hanzi = 0 if text.isascii() else len(_HANZI.findall(text))
    return math.ceil(hanzi / HANZI_A_TOKEN + (len(text) - hanzi) / LETTERS_A_TOKEN)


def _tiles(width: int, height: int) -> int:
    fit = min(1.0, _FIT_PIXELS / max(width, height))
    short = min(1.0, _SHORT_PIXELS / (min(width, height) * fit))
    return _covering(width * fit * short, _TILE_PIXELS) * _covering(height * fit * short, _TILE_PIXELS)


def _patches(width: int, height: int, side: int, most: int) -> int:
    count = _covering(width, side) * _covering(height, side)
    if count <= most:
        return count
    shrunk = math.sqrt(most * side * side / (width * height))
    return max(1, math.floor(width * shrunk / side)) * max(1, math.floor(height * shrunk / side))


def _crops(width: int, height: int) -> int:
    if max(width, height) <= _ONE_TILE_PIXELS:
        return 1
    unit = max(1, math.floor(min(width, height) / _CROP_SHARE))
    return _covering(width, unit) * _covering(height, unit)


def _covering(length: float, side: int) -> int:
    """Return how many sides cover a length; a millionth of a pixel is not one more."""
    return max(1, math.ceil(length / side - 1e-6))
