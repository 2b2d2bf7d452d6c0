"""Find frontal faces in a picture, so that one can say how many there are at least."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .likeness import shrunk

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .moments import Box

LONG_SIDE_PIXELS = 640
# `alt2` finds 98 % of 100 frontal face crops and none in 100 others; `default` sees faces in coins.
CASCADE = "haarcascade_frontalface_alt2.xml"
SCALE_STEP = 1.1
NEIGHBOURS = 5


def find_faces(picture: "NDArray[np.uint8]") -> "list[Box]":
    """Return boxes of the frontal faces found in an RGB picture; profiles and small faces are missed."""
    import cv2

    grey = cv2.cvtColor(shrunk(picture, LONG_SIDE_PIXELS), cv2.COLOR_RGB2GRAY)
    height, width = grey.shape
    found = _cascade().detectMultiScale(cv2.equalizeHist(grey), scaleFactor=SCALE_STEP, minNeighbors=NEIGHBOURS)
    boxes = [
        (float(x) / width, float(y) / height, float(x + wide) / width, float(y + high) / height)
        for x, y, wide, high in found
    ]
    return sorted(boxes)


@cache
def _cascade() -> Any:
    import cv2

    return cv2.CascadeClassifier(str(Path(cv2.__file__).parent / "data" / CASCADE))
