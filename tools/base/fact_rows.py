"""The facts of two files side by side."""

from pydantic import BaseModel

from .media import MediaFacts

SAME_SECONDS = 0.05
"""Lengths that differ by less are called equal: one frame, or the padding of a sound codec."""


class Row(BaseModel):
    """One fact about both files."""

    name: str
    first: str | float | int | bool | None
    second: str | float | int | bool | None
    same: bool


def fact_rows(one: MediaFacts, other: MediaFacts) -> list[Row]:
    """Return what can be said of each file without comparing its content."""

    def row(name: str, first: str | float | bool | None, second: str | float | bool | None) -> Row:
        return Row(name=name, first=first, second=second, same=first == second)

    rows = [row("Kind", one.kind, other.kind), row("Type", one.media_type, other.media_type)]
    rows.append(row("Size in bytes", one.bytes, other.bytes))
    if one.seconds is not None or other.seconds is not None:
        near = one.seconds is not None and other.seconds is not None and abs(one.seconds - other.seconds) < SAME_SECONDS
        rows.append(Row(name="Length in seconds", first=one.seconds, second=other.seconds, same=near))
    sizes = [_size(facts) for facts in (one, other)]
    if sizes[0] or sizes[1]:
        rows.append(row("Picture size in pixels", sizes[0], sizes[1]))
    if one.video or other.video:
        videos = one.video, other.video
        rows.append(row("Frames per second", *(video.frames_per_second if video else None for video in videos)))
        rows.append(row("Video codec", *(video.codec if video else None for video in videos)))
    if one.kind != "picture" or other.kind != "picture":
        sounds = one.audio, other.audio
        rows.append(row("Has sound", one.audio is not None, other.audio is not None))
        rows.append(row("Audio codec", *(sound.codec if sound else None for sound in sounds)))
        rows.append(row("Audio channels", *(sound.channels if sound else None for sound in sounds)))
        rows.append(row("Samples per second", *(sound.samples_per_second if sound else None for sound in sounds)))
    return rows


def _size(facts: MediaFacts) -> str | None:
    shown = facts.video or facts
    return f"{shown.width_pixels} × {shown.height_pixels}" if shown.width_pixels else None
