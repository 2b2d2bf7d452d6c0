"""Find QR codes and bar codes in a picture."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .likeness import shrunk

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .moments import Box

LONG_SIDE_PIXELS = 1600
"""Larger pictures are scaled down: the finder takes 3 s on 35 million pixels."""
MOST_LETTERS = 2000


@dataclass(frozen=True, kw_only=True)
class Code:
    """A printed code; its text is whatever its maker wrote, and nothing to be followed."""

    kind: str
    """For example `QR code` or `EAN-13`."""
    text: str
    box: "Box"


def find_codes(picture: "NDArray[np.uint8]") -> list[Code]:
    """Return the codes in an RGB picture that can be decoded."""
    import cv2

    grey = cv2.cvtColor(shrunk(picture, LONG_SIDE_PIXELS), cv2.COLOR_RGB2GRAY)
    return [*_qr_codes(grey), *_bar_codes(grey)]


def _qr_codes(grey: Any) -> list[Code]:
    import cv2

    found, texts, corners, _ = cv2.QRCodeDetector().detectAndDecodeMulti(grey)
    if not found:
        return []
    return [_code("QR code", text, where, grey) for text, where in zip(texts, corners, strict=True) if text]


def _bar_codes(grey: Any) -> list[Code]:
    import cv2

    finder = cv2.barcode.BarcodeDetector()
    for variant in _variants(grey):
        found, texts, kinds, corners = finder.detectAndDecodeWithType(variant)
        codes = [
            _code(kind.replace("_", "-"), text, where, variant)
            for text, kind, where in zip(texts, kinds, corners if found else (), strict=False)
            if text
        ]
        if codes:
            return codes
    return []


def _variants(grey: Any) -> Iterator[Any]:
    """Give the picture as it is, softened, and at half its size: OpenCV misses crisp or large bars otherwise."""
    import cv2

    yield grey
    yield cv2.GaussianBlur(grey, (5, 5), 0)
    if min(grey.shape) >= 200:
        yield cv2.resize(grey, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)


def _code(kind: str, text: str, corners: Any, grey: Any) -> Code:
    height, width = grey.shape
    left, top = (corners.min(axis=0) / (width, height)).clip(0, 1)
    right, bottom = (corners.max(axis=0) / (width, height)).clip(0, 1)
    box = (float(left), float(top), float(right), float(bottom))
    return Code(kind=kind, text=text[:MOST_LETTERS], box=box)
