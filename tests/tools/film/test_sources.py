"""What is seen in a shot."""

import numpy as np
import pytest
from PIL import Image
from PIL.Image import Resampling

from sensorium.tools.film.sources import _resized


@pytest.mark.parametrize("size", [(313, 131), (90, 417), (640, 64), (65, 65)])
def test_a_picture_that_is_resized_in_bands_has_no_seams(size: tuple[int, int]) -> None:
    rows, columns = np.mgrid[0:301, 0:211]
    lines = 40 + 150 * ((rows + columns) % 7 == 0)
    picture = Image.fromarray(np.stack([rows * 255 // 300, lines, columns], axis=-1).astype(np.uint8))
    box = (3.3, 10.7, 200.1, 299.2)
    whole = np.asarray(picture.resize(size, Resampling.LANCZOS, box)).astype(int)
    assert np.abs(_resized(picture, *size, box) - whole).max() <= 3
