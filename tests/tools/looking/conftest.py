"""A video whose pixels say which frame they are."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from PIL import Image

FPS, SECONDS = 10, 40
PALETTE = ((200, 30, 30), (30, 160, 60), (40, 60, 200), (220, 200, 40))


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory, making: ModuleType) -> Path:
    """A video of 40 s in four scenes of 10 s, each of one colour; black and white blocks at the foot count frames."""

    def paint(number: int) -> Image.Image:
        picture = Image.new("RGB", (320, 180), PALETTE[number // (10 * FPS)])
        for bit in range(10):
            block = Image.new("RGB", (32, 40), "white" if number >> bit & 1 else "black")
            picture.paste(block, (32 * bit, 140))
        return picture

    path = tmp_path_factory.mktemp("film") / "film.mp4"
    made: Path = making.video(path, paint, seconds=SECONDS, fps=FPS, options={"crf": "10"})
    return made


def frame_number(image: Image.Image) -> int:
    """Return which frame of the film a picture is, as its blocks say."""
    grey = image.convert("L")
    wide, high = grey.width / 10, grey.height * 160 / 180
    return sum((grey.getpixel((int(wide * (bit + 0.5)), int(high))) > 127) << bit for bit in range(10))


@pytest.fixture(scope="session")
def number_of() -> Callable[[Image.Image], int]:
    return frame_number
