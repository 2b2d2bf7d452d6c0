"""Damaged pictures are refused in words, and damaged metadata is none."""

import io
from collections.abc import Callable
from pathlib import Path
from random import Random

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from sensorium.tools.base.call import call
from sensorium.tools.base.errors import MediaError
from sensorium.tools.base.picture_files import open_picture, picture_size, read_picture
from sensorium.tools.base.run import Run


def stored(form: str) -> bytes:
    """A small picture with camera data, or an animation."""
    noise = np.random.default_rng(0).integers(0, 255, (24, 32, 3), dtype=np.uint8)
    picture, out = Image.fromarray(noise), io.BytesIO()
    exif = Image.Exif()
    exif[271], exif[274], exif[306] = "Maker", 6, "2020:01:01 00:00:00"
    exif.get_ifd(0x8769)[33434] = 0.01
    if form == "GIF":
        picture.save(out, form, save_all=True, append_images=[picture.rotate(90), picture.rotate(180)])
    else:
        picture.save(out, form, exif=exif)
    return out.getvalue()


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "GIF", "AVIF"])
async def test_whatever_is_damaged_is_said(form: str, run: Run, tmp_path: Path) -> None:
    whole, random, path = stored(form), Random(3), tmp_path / "damaged"
    reads: list[Callable[[Path, str], object]] = [open_picture, picture_size]
    for _ in range(250):
        content = bytearray(whole)
        for _ in range(random.randint(1, 6)):
            content[random.randrange(4, min(len(content), 400))] = random.choice([0, 1, 127, 128, 255])
        path.write_bytes(content[: len(content) if random.random() < 0.8 else random.randrange(12, len(content))])
        for read in reads:
            try:
                read(path, "damaged")
            except MediaError as error:
                assert "'damaged'" in str(error)
    with pytest.raises(MediaError, match="'damaged'"):
        path.write_bytes(whole[:60])
        await call("image_facts", {"media": str(path)}, run)


@pytest.mark.parametrize("form", ["JPEG", "WEBP"])
async def test_damaged_camera_data_counts_as_none(form: str, run: Run, tmp_path: Path) -> None:
    path = tmp_path / "damaged"
    # The list of tags is said to lie outside of the file.
    whole = stored(form)
    at = whole.index(b"II*\0") if b"II*\0" in whole else whole.index(b"MM\0*")
    path.write_bytes(whole[: at + 4] + b"\xff\xff\xff\x7f" + whole[at + 8 :])
    facts = await call("image_facts", {"media": str(path)}, run)
    assert (facts.width_pixels, facts.height_pixels, facts.exif) == (32, 24, {})


def test_a_png_is_decoded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.png"
    Image.new("RGB", (40, 30), "red").save(path)
    decoded = []
    ended = PngImagePlugin.PngImageFile.load_end
    monkeypatch.setattr(PngImagePlugin.PngImageFile, "load_end", lambda self: decoded.append(self.size) or ended(self))
    read_picture(path, "a.png")
    assert decoded == [(40, 30)]


@pytest.mark.parametrize("name", ["grey.png", "grey.tif"])
def test_sixteen_bits_of_grey_are_seen_as_grey_and_not_as_white(name: str, tmp_path: Path) -> None:
    levels = np.linspace(0, 65535, 256).astype(np.uint16)
    Image.fromarray(np.tile(levels, (4, 1))).save(tmp_path / name)
    seen = open_picture(tmp_path / name, name)
    assert [seen.getpixel((column, 0)) for column in (0, 100, 255)] == [(0, 0, 0), (100, 100, 100), (255, 255, 255)]


def test_a_very_large_picture_is_made_smaller_as_it_is_decoded(tmp_path: Path) -> None:
    large = Image.new("LA", (6000, 5001), (0, 0))
    large.paste((0, 255), (0, 0, 3000, 5001))
    large.save(tmp_path / "large.png")
    seen = read_picture(tmp_path / "large.png", "large.png")
    assert (seen.width_pixels, seen.height_pixels, seen.upright.size) == (6000, 5001, (3000, 2501))
    assert [seen.upright.getpixel(at) for at in ((1499, 2500), (1500, 2500))] == [(0, 0, 0), (255, 255, 255)]


def test_nothing_of_what_else_a_file_holds_comes_with_its_picture(tmp_path: Path) -> None:
    Image.new("RGB", (40, 30), "red").save(tmp_path / "a.gif", comment=b"c" * 70_000)
    assert open_picture(tmp_path / "a.gif", "a.gif").info == {}
