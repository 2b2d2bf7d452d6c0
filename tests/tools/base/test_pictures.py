"""Pictures are opened safely, upright, and compared by what they show."""

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image, ImageFile

from sensorium.tools.base.errors import MediaError
from sensorium.tools.base.picture_files import open_picture, picture_size
from sensorium.tools.base.pictures import clock, contact_sheet, dhash, hamming, jpeg


def pattern(width: int = 60, height: int = 40) -> Image.Image:
    """Return a picture without symmetry: red on the left, the upper right corner white."""
    picture = Image.new("RGB", (width, height), "blue")
    picture.paste("red", (0, 0, width // 3, height))
    picture.paste("white", (2 * width // 3, 0, width, height // 2))
    return picture


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp", "a.gif", "a.bmp", "a.tiff", "a.avif"])
def test_every_supported_format_opens_as_rgb(name: str, tmp_path: Path) -> None:
    pattern().save(tmp_path / name)
    picture = open_picture(tmp_path / name, name)
    assert (picture.mode, picture.size, picture_size(tmp_path / name, name)) == ("RGB", (60, 40), (60, 40))
    assert np.abs(np.asarray(picture, dtype=int) - np.asarray(pattern(), dtype=int)).mean() < 12


def test_the_ending_of_the_name_does_not_matter(tmp_path: Path) -> None:
    pattern().save(tmp_path / "photo.txt", "PNG")
    assert open_picture(tmp_path / "photo.txt", "photo.txt").size == (60, 40)


@pytest.mark.parametrize("kind", ["png", "tiff"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_exif_orientation_is_applied(orientation: int, kind: str, tmp_path: Path) -> None:
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # the Transpose that stores an upright picture so
    stored = pattern() if orientation == 1 else pattern().transpose(Image.Transpose(undo[orientation]))
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored.save(tmp_path / f"a.{kind}", exif=exif)
    assert np.array_equal(np.asarray(open_picture(tmp_path / f"a.{kind}", f"a.{kind}")), np.asarray(pattern()))
    assert picture_size(tmp_path / f"a.{kind}", f"a.{kind}") == (60, 40)


def test_what_is_transparent_is_white(tmp_path: Path) -> None:
    Image.new("RGBA", (20, 20), (255, 0, 0, 0)).save(tmp_path / "a.png")
    assert open_picture(tmp_path / "a.png", "a.png").getpixel((5, 5)) == (255, 255, 255)


def test_of_an_animation_the_first_frame_is_shown(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "green", "blue")]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert open_picture(tmp_path / "a.gif", "a.gif").getpixel((5, 5)) == (255, 0, 0)


@pytest.mark.parametrize(("width", "height"), [(30_000, 30_000), (9_000, 9_000), (16_385, 10)])
def test_a_gigantic_picture_is_refused_from_its_header(
    width: int, height: int, broken: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = broken.png_header(tmp_path / "a.png", width, height)
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda self: pytest.fail("its pixels were decoded"))
    for read in (open_picture, picture_size):
        with pytest.raises(MediaError, match=r"'a.png' has [0-9,×]+ pixels; the limit is 50,000,000 and 16,384 a side"):
            read(path, "a.png")


def test_a_damaged_picture_tells_its_size_but_cannot_be_decoded(broken: ModuleType, tmp_path: Path) -> None:
    path = broken.png_header(tmp_path / "a.png", 3_000, 2_000)
    assert picture_size(path, "a.png") == (3_000, 2_000)
    with pytest.raises(MediaError, match=r"'a.png' cannot be decoded: .* copy it again"):
        open_picture(path, "a.png")


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "its content is text/plain"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "its content is text/xml"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "begins like image/png, but its header cannot be read"),
    ],
)
def test_what_is_no_picture_is_refused(content: bytes, found: str, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(MediaError, match=f"'a.png' .*{found}"):
        open_picture(tmp_path / "a.png", "a.png")


def test_near_duplicates_have_near_hashes(samples: Path) -> None:
    cat = open_picture(samples / "images" / "chelsea.png", "chelsea.png")
    person = open_picture(samples / "images" / "astronaut.png", "astronaut.png")
    smaller = cat.resize((200, 133))
    assert hamming(dhash(cat), dhash(cat)) == 0
    assert hamming(dhash(cat), dhash(smaller)) <= 4
    assert hamming(dhash(cat), dhash(person)) > 20


def test_a_hash_has_64_bits_of_arrays_and_pictures_alike() -> None:
    picture = pattern()
    rising = np.tile(np.linspace(0, 255, 90, dtype=np.uint8)[None, :, None], (40, 1, 3))
    assert dhash(picture) == dhash(np.asarray(picture))
    assert dhash(rising) == (1 << 64) - 1
    assert dhash(rising[:, ::-1].copy()) == 0


def test_a_jpeg_has_the_quality_asked_for() -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    assert jpeg(noise)[:3] == b"\xff\xd8\xff"
    assert len(jpeg(noise, 30)) < len(jpeg(noise, 95)) / 2


def test_a_contact_sheet_holds_all_pictures_with_their_times() -> None:
    sheet = contact_sheet([(0.5, pattern()), (61.24, pattern(40, 60)), (3723.0, pattern())], columns=2, cell_pixels=100)
    assert sheet.width == 2 * 100 + 3 * 8
    pixels = np.asarray(sheet.convert("L"))
    # Under each picture something dark is written; where the fourth would be, nothing.
    assert pixels[8 + 67 : 8 + 67 + 22, 8:108].min() < 80
    assert pixels[8 + 150 : 8 + 172, 116:216].min() < 80
    assert pixels[sheet.height // 2 :, 116:].min() == 255


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00.0"), (61.24, "1:01.2"), (59.96, "1:00.0"), (3723.0, "1:02:03.0")]
)
def test_a_time_is_written_for_people(seconds: float, text: str) -> None:
    assert clock(seconds) == text
