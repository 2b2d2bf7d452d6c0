"""How alike two pictures are."""

import io
from types import ModuleType

import numpy as np
from PIL import Image, ImageEnhance

from sensorium.tools.base.likeness import likeness


def photo() -> Image.Image:
    """Return a picture with structure at every size, as photographs have."""
    random = np.random.default_rng(3)
    picture = Image.new("RGB", (640, 360))
    for size in (6, 20, 60):
        layer = Image.fromarray(random.integers(0, 255, (size * 9 // 16, size, 3), dtype=np.uint8))
        picture = Image.blend(picture, layer.resize(picture.size, Image.Resampling.BICUBIC), 0.5)
    return picture


def test_copies_are_near_duplicates_whatever_their_size_quality_and_light() -> None:
    original = photo()
    packed = io.BytesIO()
    original.save(packed, "JPEG", quality=25)
    for copy in (Image.open(packed), original.resize((320, 180)), ImageEnhance.Brightness(original).enhance(1.06)):
        assert likeness(original, copy).near_duplicate


def test_two_slides_of_one_design_are_not_duplicates(making: ModuleType) -> None:
    first = making.slide("Budget\nTravel 1,200 euros\nHotels 3,450 euros")
    second = making.slide("Schedule\nMonday arrival\nTuesday workshop")
    alike = likeness(first, second)
    assert not alike.near_duplicate
    # A perceptual hash alone would have called them the same.
    assert alike.hash_bits < 10


def test_flat_pictures_of_other_colours_are_not_duplicates() -> None:
    assert not likeness(Image.new("RGB", (64, 64), "red"), Image.new("RGB", (64, 64), "blue")).near_duplicate
