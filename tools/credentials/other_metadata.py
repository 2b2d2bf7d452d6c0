"""Metadata that other programs write of themselves: cameras, editors, and interfaces of picture models."""

from contextlib import suppress
from pathlib import Path

from ..base.errors import MediaError
from .asked import PROGRAMS, is_graph

_NAMES = ("software", "encoder", "encoded_by", "artist", "author", "creation_time", "date", "make", "model", "comment")
_MOST_LETTERS = 200
_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "TIFF", "AVIF", "BMP")


def other_metadata(file: Path, name: str, media_type: str) -> dict[str, str]:
    """Return what else a file says of the program that wrote it, and of when; nothing of one that cannot be read."""
    with suppress(MediaError, OSError):
        return _of_picture(file) if media_type.startswith("image/") else _of_recording(file, name)
    return {}


def _of_picture(file: Path) -> dict[str, str]:
    from PIL import ExifTags, Image

    found: dict[str, str] = {}
    with file.open("rb") as opened:
        try:
            picture = Image.open(opened, formats=_FORMATS)
            texts = dict(picture.info)
            # Without this chunk before its pixels, Pillow would decode a PNG to look for it behind them.
            exif = picture.getexif() if picture.format != "PNG" or "exif" in texts else Image.Exif()
        except Exception as error:  # whatever Pillow raises at damaged content
            raise MediaError("no picture") from error
        for tag in (ExifTags.Base.Software, ExifTags.Base.Make, ExifTags.Base.Model, ExifTags.Base.DateTime):
            if (value := _shown(exif.get(tag))) and not is_graph(value):  # of what was asked, nothing is shown
                found[tag.name] = value
        for key, program in PROGRAMS.items():
            if isinstance(texts.get(key), str):
                found.setdefault("Software", program)
        for key in ("Software", "Author", "Creation Time"):
            if value := _shown(texts.get(key)):
                found.setdefault(key, value)
    return found


def _of_recording(file: Path, name: str) -> dict[str, str]:
    from ..base.safe_open import open_media

    with open_media(file, name) as container:
        tags = {key.lower().rpartition(".")[2]: value for key, value in container.metadata.items()}
        for stream in container.streams:
            tags = {**{key.lower(): value for key, value in stream.metadata.items()}, **tags}
    return {key: value for key in _NAMES if (value := _shown(tags.get(key)))}


def _shown(value: object) -> str:
    if not isinstance(value, str):
        return ""
    return "".join(letter for letter in value if letter.isprintable())[:_MOST_LETTERS].strip()
