"""Text in pictures with the models of the rapidocr wheel."""

import io
import json
from pathlib import Path
from types import ModuleType

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from sensorium.tools.base.settings import Settings
from sensorium.tools.providers.rapidocr import RapidOcr, provider


def reader(settings: Settings) -> RapidOcr:
    return provider(settings)


def errors(read: str, truth: str) -> int:
    """Return the edit distance of two texts, spaces ignored."""
    one, other = "".join(read.split()), "".join(truth.split())
    row = list(range(len(other) + 1))
    for number, letter in enumerate(one, 1):
        above, row = row, [number]
        for place, wanted in enumerate(other):
            row.append(min(above[place + 1] + 1, row[-1] + 1, above[place] + (letter != wanted)))
    return row[-1]


def test_nothing_is_missing_and_the_identity_names_the_version(settings: Settings) -> None:
    assert reader(settings).missing() is None
    assert reader(settings).identity.startswith("rapidocr:3.")


def test_lines_come_from_top_to_bottom_with_their_places(settings: Settings, making: ModuleType) -> None:
    lines = reader(settings).read(np.asarray(making.slide("Budget 2026\nTravel 1,200 euros")))
    assert [line.text for line in lines] == ["Budget 2026", "Travel 1,200 euros"]
    first, second = (line.box for line in lines)
    # The slide's text starts 40 pixels from the left and 60 from the top of 640 × 360.
    assert abs(first[0] - 40 / 640) < 0.02
    assert 60 / 360 - 0.03 < first[1] < first[3] < second[3] < 0.6
    assert all(line.confidence > 0.9 for line in lines)


def test_an_empty_picture_has_no_lines(settings: Settings) -> None:
    assert reader(settings).read(np.full((90, 160, 3), 200, np.uint8)) == []


def test_a_long_page_is_read_whole(settings: Settings) -> None:
    said = [f"Line {number} of a long page that was stitched" for number in range(60)]
    page = Image.new("RGB", (640, 2460), "white")
    for number, line in enumerate(said):
        ImageDraw.Draw(page).text((30, 20 + 40 * number), line, fill="black", font=ImageFont.load_default(size=22))
    lines = reader(settings).read(np.asarray(page))
    assert [line.text for line in lines] == said
    assert 0.97 < lines[-1].box[3] <= 1


def test_small_print_is_read(settings: Settings) -> None:
    slide = Image.new("RGB", (1280, 720), "white")
    said = "See appendix B for the full table of 128 results."
    ImageDraw.Draw(slide).text((80, 640), said, fill=(60, 60, 60), font=ImageFont.load_default(size=14))
    (line,) = reader(settings).read(np.asarray(slide))
    assert line.text == said


def test_letters_of_the_sample_slides_are_right_at_720p_and_360p(settings: Settings, samples: Path) -> None:
    truths = json.loads((samples / "slides" / "ground_truth.json").read_text(encoding="utf-8"))
    for name, truth in truths.items():
        with Image.open(samples / "slides" / f"{name}.png") as stored:
            large = stored.convert("RGB")
        packed = io.BytesIO()
        large.resize((640, 360)).save(packed, "JPEG", quality=70)
        for picture in (large, Image.open(packed)):
            read = "\n".join(line.text for line in reader(settings).read(np.asarray(picture)))
            assert errors(read, truth) <= 0.05 * len(truth), (name, picture.size, read)
