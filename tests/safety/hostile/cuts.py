"""Honest files cut off at every structure, or sprinkled with noise."""

from collections.abc import Callable
from pathlib import Path

from case import Case, Place

_PICTURES = ("png", "jpg", "gif", "webp", "tif", "bmp", "avif")
_FILMS = ("mp4", "mov", "mkv", "webm", "avi", "ts")
_SOUNDS = ("wav", "mp3", "ogg", "flac", "aac")
_EVERY = 9
"""Into so many parts a file is cut."""


def _cut(ending: str, part: int) -> Callable[[Place], Path]:
    def make(place: Place) -> Path:
        content = (place.small / f"a.{ending}").read_bytes()
        # More cuts near the start, where the headers are.
        length = max(1, round(len(content) * (part / _EVERY) ** 3))
        path = place.folder / f"cut.{ending}"
        path.write_bytes(content[:length])
        return path

    return make


def _noise(ending: str, seed: int) -> Callable[[Place], Path]:
    """Return what writes a file with a hundred bytes exchanged, half of them in its first kilobyte."""

    def make(place: Place) -> Path:
        from random import Random

        random, content = Random(seed), bytearray((place.small / f"a.{ending}").read_bytes())
        for number in range(100):
            at = random.randrange(8, min(1024, len(content)) if number % 2 else len(content))
            content[at] = random.choice([0, 1, 0x7F, 0x80, 0xFF])
        path = place.folder / f"noise.{ending}"
        path.write_bytes(content)
        return path

    return make


def _tools(ending: str) -> tuple[str, ...]:
    if ending in _PICTURES:
        return ("image_facts",)
    return ("probe_media", "transcribe") if ending in _SOUNDS else ("probe_media", "extract_frames")


CASES = [
    *(
        Case(name=f"{ending} cut {part}", make=_cut(ending, part), tools=_tools(ending))
        for ending in (*_PICTURES, *_FILMS, *_SOUNDS)
        for part in range(2, _EVERY)
    ),
    *(
        Case(name=f"{ending} noise {seed}", make=_noise(ending, seed), tools=_tools(ending))
        for ending in (*_PICTURES, *_FILMS, *_SOUNDS)
        for seed in range(3)
    ),
]
