"""What requests hold: texts, files in base64, and files as parts of a form."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..base.contents import Contents, contents_of
from .template import as_text


@dataclass(frozen=True, kw_only=True)
class FilePart:
    """A file as a part of a form."""

    name: str
    content: bytes
    media_type: str


class Encoded(str):
    """A file in base64: for the ledger of what was sent it is no text."""

    media_type: str

    @classmethod
    def of(cls, text: str, media_type: str) -> "Encoded":
        made = cls(text)
        made.media_type = media_type
        return made


def several(value: Any) -> list[Any]:
    """Return what stands in one field of a form: of a list, each in a part of its own."""
    return value if isinstance(value, list) else [value]


def part_of(value: Any) -> tuple[Any, ...]:
    """Return a part of a form; one without a file name is a field."""
    return (value.name, value.content, value.media_type) if isinstance(value, FilePart) else (None, as_text(value))


def contents_of_form(form: Mapping[str, Any]) -> Contents:
    parts = [(name, one) for name, value in form.items() for one in several(value)]
    files = [(name, (one.name, one.content, one.media_type)) for name, one in parts if isinstance(one, FilePart)]
    return contents_of({"": [as_text(one) for _, one in parts if not isinstance(one, FilePart)]}, files)


def contents_of_body(value: Any) -> Contents:
    """Return what a body holds."""
    if isinstance(value, Encoded):
        size = len(value) * 3 // 4
        is_picture, is_sound = value.media_type.startswith("image/"), value.media_type.startswith("audio/")
        return Contents(pictures=int(is_picture), picture_bytes=size * is_picture, sound_bytes=size * is_sound)
    if isinstance(value, Mapping):
        return sum(map(contents_of_body, value.values()), Contents())
    if isinstance(value, list):
        return sum(map(contents_of_body, value), Contents())
    return contents_of({"": value})
