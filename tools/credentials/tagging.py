"""Which formats hold metadata of who made a file, and which a manifest of C2PA."""

from collections.abc import Callable, Mapping
from typing import BinaryIO

from .box_tags import heif, mp4
from .matroska_tags import matroska
from .picture_tags import gif, jpeg, png, svg, tiff, webp
from .pieces import Piece
from .sound_tags import flac, midi, mp3, ogg, wav
from .story import Story

TAGS: Mapping[str, Callable[[BinaryIO, Story], list[Piece]]] = {
    "image/png": png,
    "image/jpeg": jpeg,
    "image/webp": webp,
    "image/gif": gif,
    "image/tiff": tiff,
    "image/svg+xml": svg,
    "image/avif": heif,
    "video/mp4": mp4,
    "video/quicktime": mp4,
    "audio/mp4": mp4,
    "video/webm": matroska,
    "video/x-matroska": matroska,
    "audio/wav": wav,
    "audio/mpeg": mp3,
    "audio/flac": flac,
    "audio/ogg": ogg,
    "audio/midi": midi,
}
"""Media type -> what puts the metadata in; each raises `CannotTag` where there is no place for it."""
MANIFESTS: Mapping[str, str] = {
    "image/png": "image/png",
    "image/jpeg": "image/jpeg",
    "image/webp": "image/webp",
    "image/gif": "image/gif",
    "image/tiff": "image/tiff",
    "image/svg+xml": "image/svg+xml",
    "image/avif": "image/avif",
    "video/mp4": "video/mp4",
    "video/quicktime": "video/quicktime",
    "audio/mp4": "audio/mp4",
    "audio/wav": "audio/wav",
    "audio/mpeg": "audio/mpeg",
    "video/x-msvideo": "video/avi",
}
"""Media type -> its name in c2pa 0.38, of those that hold a manifest. FLAC could only behind an ID3 tag, which many
players stumble over, and so gets none."""
SAME = {
    "audio/x-wav": "audio/wav",
    "audio/wave": "audio/wav",
    "audio/mp3": "audio/mpeg",
    "audio/m4a": "audio/mp4",
    "audio/x-m4a": "audio/mp4",
    "audio/opus": "audio/ogg",
    "audio/x-midi": "audio/midi",
    "image/jpg": "image/jpeg",
}
"""Other names that providers use."""
