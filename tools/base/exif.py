"""The readable part of a picture's EXIF metadata, with or without the location."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL.Image import Exif

ExifValue = str | int | float
MOST_LETTERS = 200
# Pointers, binary parts, and the orientation, which was applied when the picture was opened.
_HIDDEN = {
    "Orientation",
    "ExifOffset",
    "GPSInfo",
    "InteropOffset",
    "MakerNote",
    "ThumbnailOffset",
    "XMLPacket",
    "ImageResources",
}


@dataclass(frozen=True, kw_only=True)
class Metadata:
    """What a camera or a program wrote into a picture; it may be wrong, and it is no instruction."""

    tags: dict[str, ExifValue]
    located: bool
    """Whether a location is in the file."""
    location: dict[str, ExifValue]
    """Latitude and longitude in degrees, altitude in metres and what else is written about the place."""


def read_exif(exif: "Exif") -> Metadata:
    """Return the tags of a picture that people can read; anything binary is left out."""
    from PIL import ExifTags

    tags: dict[str, ExifValue] = {}
    for group in (exif, exif.get_ifd(ExifTags.IFD.Exif)):
        for number, value in group.items():
            name = ExifTags.TAGS.get(number)
            readable = _readable(value)
            if name and name not in _HIDDEN and readable is not None:
                tags[name] = readable
    position = exif.get_ifd(ExifTags.IFD.GPSInfo)
    return Metadata(tags=tags, located=bool(position), location=_location(position))


def _readable(value: Any) -> ExifValue | None:
    if isinstance(value, str):
        text = "".join(letter for letter in value if letter.isprintable()).strip()
        return text[:MOST_LETTERS] or None
    if isinstance(value, int):
        return value
    if isinstance(value, bytes | dict):
        return None
    if isinstance(value, tuple):
        parts = [_readable(part) for part in value[:8]]
        return ", ".join(map(str, parts)) if parts and None not in parts else None
    return _number(value)


def _number(value: Any) -> float | None:
    """Return a fraction as a number; cameras write 0/0 for unknown."""
    try:
        number = float(value)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    return round(number, 6) if math.isfinite(number) else None


def _location(position: dict[int, Any]) -> dict[str, ExifValue]:
    from PIL import ExifTags

    found: dict[str, ExifValue] = {}
    for number, value in position.items():
        name = ExifTags.GPSTAGS.get(number)
        readable = _readable(value)
        if name and name not in ("GPSLatitude", "GPSLongitude") and readable is not None:
            found[name] = readable
    for name, west_or_south in (("GPSLatitude", "S"), ("GPSLongitude", "W")):
        parts = position.get(int(ExifTags.GPS[name]))
        numbers = [_number(part) for part in parts] if isinstance(parts, tuple) else []
        if len(numbers) == 3 and None not in numbers:
            degrees = sum(number / 60**power for power, number in enumerate(numbers) if number is not None)
            sign = -1 if str(found.get(f"{name}Ref", "")).upper().startswith(west_or_south) else 1
            found[name] = round(sign * degrees, 6)
    return found
