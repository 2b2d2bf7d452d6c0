"""Pictures opened safely, upright, with what is known about their files."""

import io
import re
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import MediaError
from .exif import Metadata, read_exif
from .sniff import sniff

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_PICTURE_PIXELS = 50_000_000
MAX_SIDE_PIXELS = 16_384
MOST_HELD_PIXELS = 25_000_000
"""A larger picture is made smaller as it is decoded: at 4 bytes a pixel, each copy of it is 100 MB and more."""
MOST_MOVING_PIXELS = 50_000_000
"""Of all pictures of an animation together, where they are held at once."""
# What Pillow raises at damaged content: its readers trust what they read.
_DAMAGED = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
)
# EXIF orientation -> `Image.Transpose`.
_TURNS = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}
_ON_ITS_SIDE = (5, 6, 7, 8)
_BAND_PIXELS = 512  # even, so that halves meet


@dataclass(frozen=True, kw_only=True)
class PictureFile:
    """A still picture, and how it is stored."""

    upright: "Image"
    """As RGB; of an animation, its first frame; of a very large picture, a smaller one."""
    width_pixels: int
    """As displayed, and as stored."""
    height_pixels: int
    frames: int
    transparent: bool
    metadata: Metadata


def open_picture(path: Path, name: str, *, enough_pixels: tuple[int, int] | None = None) -> "Image":
    """Return a still picture as upright RGB; of an animation, its first frame.

    One of more than `MOST_HELD_PIXELS` comes made smaller; nothing of what else its file holds comes with it.

    Args:
        path: The file.
        name: What messages call it.
        enough_pixels: A width and height that are enough: a JPEG that has several times as many is decoded at half
            its size or less, which takes a fraction of the time and memory.

    Raises:
        MediaError: It is not a picture, is damaged, or is beyond the limits (checked before decoding).
    """
    with path.open("rb") as file:
        picture = _header(file, name)
        if enough_pixels is not None and picture.format == "JPEG":
            is_turned = _orientation(picture) in _ON_ITS_SIDE
            picture.draft(None, enough_pixels[::-1] if is_turned else enough_pixels)  # both sides stay as long
        return _upright(picture, name)


def open_whole(path: Path, name: str) -> "Image":
    """Return a still picture upright in its full size: as RGBA where it is transparent, else as RGB.

    Its colour profile comes with it; of an animation, its first frame.

    Raises:
        MediaError: It is not a picture, is damaged, or is beyond the limits (checked before decoding).
    """
    with path.open("rb") as file:
        picture = _header(file, name)
        with _whole(name):
            return _whole_one(picture)


def open_moving(path: Path, name: str) -> tuple[list[tuple["Image", int]], int]:
    """Return the pictures of an animation, as `open_whole` does each, with their milliseconds; and how many there are.

    Of a still picture, and of an animation of more than `MOST_MOVING_PIXELS`, the first alone.

    Raises:
        MediaError: It is not a picture, is damaged, or is beyond the limits (checked before decoding).
    """
    with path.open("rb") as file:
        picture = _header(file, name)
        with _whole(name):
            count = int(getattr(picture, "n_frames", 1))
            taken = count if count * picture.width * picture.height <= MOST_MOVING_PIXELS else 1
            shown: list[tuple[Image, int]] = []
            for number in range(taken):
                if number:
                    picture.seek(number)
                # Browsers show what has no time for a tenth of a second.
                shown.append((_whole_one(picture), round(float(picture.info.get("duration") or 100))))
            return shown, count


def _whole_one(picture: "Image") -> "Image":
    from PIL import Image

    picture.load()
    profile = picture.info.get("icc_profile")
    mode, turn = picture.mode, _TURNS.get(_orientation(picture))
    transparent = mode in ("RGBA", "LA", "PA") or "transparency" in picture.info
    if mode.startswith("I;16"):
        picture = picture.point(lambda level: level * (1 / 257)).convert("L")
    whole = picture.convert("RGBA" if transparent else "RGB")
    whole = whole if turn is None else whole.transpose(Image.Transpose(turn))
    whole.info = {"icc_profile": profile} if profile and mode in ("RGB", "RGBA") else {}
    return whole


def picture_size(path: Path, name: str) -> tuple[int, int]:
    """Return width and height as displayed, from the header alone.

    Raises:
        MediaError: It is not a picture, or is beyond the limits.
    """
    with path.open("rb") as file:
        picture = _header(file, name)
        # Without this chunk before its pixels, Pillow would decode a PNG to look for it behind them.
        orientation = 1 if picture.format == "PNG" and "exif" not in picture.info else _orientation(picture)
        width, height = picture.size
        return (height, width) if orientation in _ON_ITS_SIDE else (width, height)


def read_picture(path: Path, name: str) -> PictureFile:
    """Return a still picture with what is known about its file; damaged metadata counts as none.

    Raises:
        MediaError: It is not a picture, is damaged, or is beyond the limits (checked before decoding).
    """
    with path.open("rb") as file:
        picture = _header(file, name)
        transparent = picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info
        with _whole(name):
            frames = int(getattr(picture, "n_frames", 1))
        width, height = picture.size
        upright = _upright(picture, name)
        if _orientation(picture) in _ON_ITS_SIDE:
            width, height = height, width
        metadata = Metadata(tags={}, located=False, location={})
        with suppress(*_DAMAGED), _quiet():
            metadata = read_exif(picture.getexif())
        return PictureFile(
            upright=upright,
            width_pixels=width,
            height_pixels=height,
            frames=frames,
            transparent=transparent,
            metadata=metadata,
        )


def _upright(picture: "Image", name: str) -> "Image":
    """Decode a picture."""
    from PIL import Image

    with _whole(name):
        if picture.width * picture.height > MOST_HELD_PIXELS and picture.format == "JPEG":
            picture.draft(None, (picture.width // 2, picture.height // 2))  # decoded at that size
        picture.load()
        flat = _flat(picture)
        turn = _TURNS.get(_orientation(picture))
        return flat if turn is None else flat.transpose(Image.Transpose(turn))


def _flat(picture: "Image") -> "Image":
    """Return a decoded picture as RGB without anything else of its file; a very large one at half its size."""
    from PIL import Image

    factor = 2 if picture.width * picture.height > MOST_HELD_PIXELS else 1
    if factor == 1 and picture.mode == "RGB" and "transparency" not in picture.info:
        return Image.Image()._new(picture.im)  # its pixels alone; a copy of them would take as much again
    flat = Image.new("RGB", (-(-picture.width // factor), -(-picture.height // factor)))
    for top in range(0, picture.height, _BAND_PIXELS):
        band = picture.crop((0, top, picture.width, min(picture.height, top + _BAND_PIXELS)))
        if band.mode.startswith("I;16"):
            # Pillow would cut its 16 bits off at 255, which leaves white.
            band = band.point(lambda level: level * (1 / 257)).convert("L")
        if band.mode in ("RGBA", "LA", "PA") or "transparency" in band.info:
            # Seen as on paper: what is transparent is white.
            layer = band.convert("RGBA")
            band = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
        # To convert and to reduce copies, also where there is nothing to do.
        band = band if band.mode == "RGB" else band.convert("RGB")
        flat.paste(band if factor == 1 else band.reduce(factor), (0, top // factor))
    return flat


def _orientation(picture: "Image") -> int:
    """Return the EXIF orientation that is left to turn by, 1 to 8; 1 when there is none or it is damaged."""
    from PIL import ExifTags

    if picture.format == "TIFF":
        return 1  # Pillow turns it when it decodes it, and its size is already that of the upright one
    with suppress(*_DAMAGED), _quiet():
        return int(picture.getexif().get(ExifTags.Base.Orientation, 1))
    return 1


@contextmanager
def _whole(name: str) -> Iterator[None]:
    """Turn whatever Pillow raises at damaged content into a message."""
    from PIL import Image

    try:
        with _quiet():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            yield
    except (*_DAMAGED, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise MediaError(f"{name!r} cannot be decoded: {error}. It is damaged or cut off; copy it again.") from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Pillow's warnings from standard error: what matters is raised."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _header(file: "io.BufferedReader", name: str) -> "Image":
    """Open a picture without decoding it and check its size."""
    from PIL import Image

    sniffed = sniff(file)
    if sniffed.picture_format is None:
        hint = " Convert it to JPEG first." if sniffed.media_type.startswith("image/") else ""
        raise MediaError(
            f"{name!r} is not a picture that can be opened: its content is {sniffed.media_type}.{hint} "
            "Supported are PNG, JPEG, WebP, GIF, BMP, TIFF and AVIF."
        )
    try:
        # Our own limits below are lower, so Pillow's warning would only come first.
        with _quiet():
            picture = Image.open(file, formats=(sniffed.picture_format,))
    except Image.DecompressionBombError as error:
        found = re.search(r"\d+", str(error))
        raise MediaError(
            f"{name!r} has {f'{int(found[0]):,}' if found else 'too many'} pixels; the limit is {MAX_PICTURE_PIXELS:,} "
            f"and {MAX_SIDE_PIXELS:,} a side. Scale it down first."
        ) from error
    except _DAMAGED as error:
        raise MediaError(
            f"{name!r} begins like {sniffed.media_type}, but its header cannot be read. It is damaged; copy it again."
        ) from error
    width, height = picture.size
    if width * height > MAX_PICTURE_PIXELS or max(width, height) > MAX_SIDE_PIXELS:
        raise MediaError(
            f"{name!r} has {width:,}×{height:,} pixels; the limit is {MAX_PICTURE_PIXELS:,} "
            f"and {MAX_SIDE_PIXELS:,} a side. Scale it down first."
        )
    return picture
