"""Pictures, still and animated, are edited, and films become animations and back."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sensorium.tools.base.errors import ArgumentError, MediaError
from sensorium.tools.base.run import Run

Edit = Callable[..., Any]
Shown = list[tuple[float, int]]


@pytest.mark.parametrize("form", ["gif", "webp"])
async def test_short_films_become_animated_pictures(
    edit: Edit, run: Run, film: Path, broken: ModuleType, form: str
) -> None:
    made = await edit("convert", film, format=form, start_seconds=1, end_seconds=3, frames_per_second=10)
    with Image.open(run.path(made.file.handle)) as picture:
        assert picture.size == (160, 96)
        lengths, numbers = [], []
        for number in range(picture.n_frames):
            picture.seek(number)
            numbers.append(broken.number_in(np.asarray(picture.convert("RGB"))))
            lengths.append(picture.info["duration"])
    assert sum(lengths) == pytest.approx(2000, abs=20)
    assert numbers[0] == 25
    assert numbers == pytest.approx([25 + 2.5 * one for one in range(20)], abs=1)


@pytest.mark.parametrize("form", ["gif", "webp", "jpeg"])
async def test_pictures_are_made_smaller_until_they_fit(
    edit: Edit, making: ModuleType, tmp_path: Path, form: str
) -> None:
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 255, (180, 320, 3), np.uint8))
    path = tmp_path / "noise.png"
    noise.save(path)
    if form != "jpeg":
        path = making.video(tmp_path / "noise.mp4", lambda number: noise.rotate(90 * number), seconds=1)
    made = await edit("convert", path, format=form, max_bytes=60_000)
    assert made.file.bytes <= 60_000
    assert "to keep to" in made.limits[0].lower()


async def test_a_picture_without_loss_gets_fewer_pixels_until_it_fits(edit: Edit, run: Run, tmp_path: Path) -> None:
    path = tmp_path / "noise.png"
    Image.fromarray(np.random.default_rng(1).integers(0, 255, (180, 320, 3), np.uint8)).save(path)
    made = await edit("convert", path, format="png", width_pixels=300, max_bytes=60_000)
    with Image.open(run.path(made.file.handle)) as picture:
        width, height = picture.size
    assert made.file.bytes <= 60_000 and width < 300
    assert made.limits == [f"To keep to `max_bytes` it was written with {width}×{height} px."]
    assert (await edit("convert", path, format="png", width_pixels=300, max_bytes=10**6)).limits == []


@pytest.mark.parametrize("form", ["gif", "webp"])
async def test_an_animated_picture_stays_animated(edit: Edit, run: Run, tmp_path: Path, form: str) -> None:
    first, *others = [Image.new("RGB", (80, 60), (60 * one, 0, 255 - 60 * one)) for one in range(4)]
    path = tmp_path / f"moving.{form}"
    first.save(path, save_all=True, append_images=others, duration=[100, 200, 300, 400], loop=0)
    for made in (await edit("crop", path, aspect="1:1"), await edit("convert", path, format="webp")):
        with Image.open(run.path(made.file.handle)) as picture:
            lengths = []
            for number in range(picture.n_frames):
                picture.seek(number)
                assert picture.convert("RGB").getpixel((10, 10))[0] == pytest.approx(60 * number, abs=8)
                lengths.append(picture.info["duration"])
        assert (lengths, made.limits) == ([100, 200, 300, 400], [])
    still = await edit("convert", path, format="png")
    assert still.limits == ["Only the first of its 4 pictures was taken."]


async def test_an_animated_picture_becomes_a_film(
    edit: Edit, run: Run, film: Path, shown: Callable[..., Shown]
) -> None:
    made = await edit("convert", film, format="gif", end_seconds=2, frames_per_second=10)
    back = await edit("convert", made.file.handle, format="mp4")
    assert back.seconds == pytest.approx(2.0, abs=0.06)
    assert shown(back)[10][1] == pytest.approx(25, abs=1)
    with pytest.raises(ArgumentError, match="leave `width_pixels` out"):
        await edit("convert", made.file.handle, format="mp4", width_pixels=80)
    with pytest.raises(ArgumentError, match="`crop` leaves"):
        await edit("crop", made.file.handle, format="mp4", aspect="1:1")


async def test_pictures_are_edited_with_what_is_transparent(edit: Edit, run: Run, tmp_path: Path) -> None:
    path = tmp_path / "clear.png"
    picture = Image.new("RGBA", (60, 40), (0, 0, 0, 0))
    picture.paste((255, 0, 0, 255), (10, 5, 30, 25))
    picture.save(path)
    cut = await edit("crop", path, left_pixels=10, top_pixels=5, width_pixels=30, height_pixels=20)
    turned = await edit("rotate", path, degrees=90)
    white = await edit("convert", path, format="jpeg")
    with Image.open(run.path(cut.file.handle)) as one:
        assert (one.size, one.mode) == ((30, 20), "RGBA")
        assert one.getpixel((0, 0)) == (255, 0, 0, 255) and one.getpixel((25, 5))[3] == 0
    with Image.open(run.path(turned.file.handle)) as one:
        assert one.size == (40, 60)
        assert one.getpixel((34, 10)) == (255, 0, 0, 255)  # what was at the top left is at the top right
    with Image.open(run.path(white.file.handle)) as one:
        assert one.getpixel((50, 30)) == (255, 255, 255)
    assert "is white" in white.limits[0]


async def test_a_picture_that_gets_larger_says_so(edit: Edit, tmp_path: Path) -> None:
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 255, (300, 400, 3), np.uint8))
    path = tmp_path / "noise.jpg"
    noise.save(path, quality=60)
    large = await edit("convert", path, format="png")
    (said,) = large.limits
    assert said.startswith(f"It has {large.file.bytes:,} bytes, more than the {path.stat().st_size:,} of 'noise.jpg'.")
    Image.new("RGB", (64, 64)).save(path)
    small = await edit("scale", path, width_pixels=32)
    assert small.limits == [
        f"With what tells who made it, it has {small.file.bytes:,} bytes, more than {path.stat().st_size:,}."
    ]


async def test_an_animated_picture_of_a_narrow_film_shrinks_until_it_fits(
    edit: Edit, run: Run, tmp_path: Path, making: ModuleType
) -> None:
    colours = np.random.default_rng(1).integers(0, 255, (10, 90, 120, 3), dtype=np.uint8)
    narrow = making.video(tmp_path / "narrow.mp4", lambda at: Image.fromarray(colours[at]), seconds=1, fps=10)
    # Wider than the film is, from where steps of a width alone lead to nothing smaller for long.
    asked = {"format": "gif", "frames_per_second": 10, "width_pixels": 2000}
    whole = (await edit("convert", narrow, **asked)).file.bytes
    for share in (0.95, 0.6, 0.35):
        made = await edit("convert", narrow, **asked, max_bytes=round(share * whole))
        with Image.open(run.path(made.file.handle)) as picture:
            assert 64 <= picture.width < 120
        assert made.file.bytes <= share * whole
    with pytest.raises(MediaError, match="even at 64 px wide"):
        await edit("convert", narrow, **asked, max_bytes=5_000)
