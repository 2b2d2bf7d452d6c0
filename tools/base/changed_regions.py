"""Where two pictures of the same size differ."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .moments import Box

DIFFERENCE = 30
"""Of 255, after softening: JPEG at quality 20 brings at most 0.01 % of the pixels above it (measured on 4 pictures)."""
SOFT_PIXELS = 5
JOIN_SHARE = 0.02
"""Changes nearer than this part of the picture's long side are one region."""
LEAST_PIXELS = 12
MOST_REGIONS = 40


@dataclass(frozen=True, kw_only=True)
class Changed:
    """What differs between two pictures."""

    share: float
    """Part of all pixels, 0…1."""
    boxes: "list[Box]"
    """The largest first."""


def changed_regions(one: "NDArray[np.uint8]", other: "NDArray[np.uint8]") -> Changed:
    """Return where two RGB pictures of the same size differ visibly."""
    import cv2
    import numpy as np

    height, width = one.shape[:2]
    kernel = (SOFT_PIXELS, SOFT_PIXELS)
    difference = cv2.absdiff(cv2.blur(one, kernel), cv2.blur(other, kernel)).max(axis=2)
    mask = (difference > DIFFERENCE).astype(np.uint8)
    reach = max(3, round(JOIN_SHARE * max(height, width)))
    joined = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((reach, reach), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(joined)
    counts = np.bincount(labels[mask > 0].ravel(), minlength=len(stats))
    regions = sorted(
        (tuple(map(int, row[:4])) for row, count in zip(stats[1:], counts[1:], strict=True) if count >= LEAST_PIXELS),
        key=lambda region: -region[2] * region[3],
    )
    boxes = [
        (left / width, top / height, (left + wide) / width, (top + high) / height)
        for left, top, wide, high in regions[:MOST_REGIONS]
    ]
    return Changed(share=round(float(mask.mean()), 4), boxes=boxes)


def marked(picture: "NDArray[np.uint8]", boxes: "list[Box]") -> "NDArray[np.uint8]":
    """Return a copy of a picture with frames drawn around the boxes."""
    import cv2
    import numpy as np

    height, width = picture.shape[:2]
    thick = max(2, round(max(height, width) / 400))
    copy: Any = picture.copy()
    for left, top, right, bottom in boxes:
        corner, opposite = (int(left * width), int(top * height)), (int(right * width), int(bottom * height))
        # White under red, so that the frame is seen on any ground.
        cv2.rectangle(copy, corner, opposite, (255, 255, 255), 3 * thick)
        cv2.rectangle(copy, corner, opposite, (220, 30, 30), thick)
    return np.asarray(copy, dtype=np.uint8)
