"""Slides set from type."""

import pytest
from PIL import Image

from sensorium.tools import call
from sensorium.tools.base.errors import ArgumentError
from sensorium.tools.base.run import Run

SLIDES = [
    {"title": "Why the sky is blue", "say": "Why the sky is blue."},
    {"title": "Light", "points": ["White is a mix", "Blue is short"], "say": "Light is a mix."},
]


@pytest.mark.parametrize(("aspect", "size"), [("16:9", (1920, 1080)), ("9:16", (1080, 1920)), ("1:1", (1080, 1080))])
async def test_each_slide_is_a_picture_and_a_scene(run: Run, aspect: str, size: tuple[int, int]) -> None:
    made = await call("make_slides", {"slides": SLIDES, "aspect": aspect, "theme": "sea"}, run)
    assert [(one.picture, one.say) for one in made.scenes] == [
        (picture.handle, slide["say"]) for picture, slide in zip(made.pictures, SLIDES, strict=True)
    ]
    for number, picture in enumerate(made.pictures):
        with Image.open(run.path(picture.handle)) as seen:
            assert seen.size == size
            assert seen.getpixel((2, 2)) == (13, 40, 54)
            below = seen.crop((0, round(size[1] * 0.88), *size)).getcolors(1 << 20)
            # Where captions are, nothing else stands.
            assert number == 0 or below == [(size[0] * (size[1] - round(size[1] * 0.88)), (13, 40, 54))]


async def test_more_than_fits_is_refused(run: Run) -> None:
    with pytest.raises(ArgumentError, match="6 entries of up to 1999 characters cannot be read"):
        await call("make_slides", {"slides": [{"title": "a", "points": ["long " * 400] * 6}]}, run)


async def test_a_slide_without_words_is_refused_by_its_number(run: Run) -> None:
    with pytest.raises(ArgumentError, match="Slide 2 has no words"):
        await call("make_slides", {"slides": [{"title": "a"}, {"title": " ", "points": [""]}]}, run)
