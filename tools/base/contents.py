"""How much of what a request holds: characters, pictures and sound."""

import io
import json
import wave
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

from .form_files import Files, parts_of


@dataclass(frozen=True, kw_only=True)
class Contents:
    """What a request holds."""

    characters: int = 0
    """Of all its text: what is asked, what was found, and the descriptions of tools."""
    pictures: int = 0
    picture_bytes: int = 0
    """As they were before they were written as text."""
    sound_seconds: float = 0.0
    sound_bytes: int = 0

    def __add__(self, other: "Contents") -> "Contents":
        return Contents(**{name: value + getattr(other, name) for name, value in asdict(self).items()})


def contents_of(body: Mapping[str, Any] | bytes, files: Files | None = None) -> Contents:
    """Return what a request to an endpoint holds.

    Args:
        body: JSON data, or the same already written.
        files: Those of the form.
    """
    held = _Count()
    held.take(json.loads(body) if isinstance(body, bytes) else body)
    for _, (_, content, media_type) in parts_of(files):
        held.take_file(content, media_type)
    return Contents(**vars(held))


class _Count:
    """Counts what a request holds; one object for all, because a long conversation has thousands of texts."""

    def __init__(self) -> None:
        self.characters = self.pictures = self.picture_bytes = self.sound_bytes = 0
        self.sound_seconds = 0.0

    def take(self, value: Any) -> None:
        """Count all texts in JSON data."""
        if isinstance(value, str):
            self._take_text(value)
        elif isinstance(value, Mapping):
            if {"data", "format"} == value.keys():  # `input_audio` of a chat
                self.sound_bytes += _decoded_bytes(str(value["data"]))
                return
            for part in value.values():
                self.take(part)
        elif isinstance(value, list | tuple):
            for part in value:
                self.take(part)

    def take_file(self, content: bytes, media_type: str) -> None:
        """Count a file of a form."""
        if media_type.startswith("image/"):
            self.pictures += 1
            self.picture_bytes += len(content)
        elif media_type.startswith("audio/"):
            self.sound_bytes += len(content)
            with suppress(wave.Error, EOFError, ZeroDivisionError), wave.open(io.BytesIO(content)) as sound:
                self.sound_seconds += sound.getnframes() / sound.getframerate()
        else:
            self.characters += len(content.decode("utf-8", "replace"))

    def _take_text(self, text: str) -> None:
        """Count a text: a picture or a sound that is written as an address, or characters."""
        if text.startswith("data:"):
            kind, comma, encoded = text.partition(",")
            size = _decoded_bytes(encoded) if ";base64" in kind else len(encoded)
            if comma and kind.startswith("data:image/"):
                self.pictures += 1
                self.picture_bytes += size
                return
            if comma and kind.startswith("data:audio/"):
                self.sound_bytes += size
                return
        self.characters += len(text)


def _decoded_bytes(encoded: str) -> int:
    """Return the length of what was written in base64."""
    return len(encoded) * 3 // 4 - encoded[-2:].count("=")
