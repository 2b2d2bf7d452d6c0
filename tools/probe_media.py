"""What a media file is made of."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from .base.errors import MediaError
from .base.media import MediaFacts, examine
from .base.moments import Findings, Measure, Moment, Source, Span
from .base.run import Run
from .base.tool import Media, tool

TOOL = "probe_media"


class VideoStream(BaseModel):
    """The moving picture of a file."""

    codec: str
    width_pixels: int = Field(description="As displayed, after rotation and pixel aspect.")
    height_pixels: int
    frames_per_second: float | None
    variable_rate: bool
    rotation_degrees: int = Field(description="How far the stored picture is turned counterclockwise for display.")


class AudioStream(BaseModel):
    """The sound of a file."""

    codec: str
    channels: int
    samples_per_second: int


class MediaReport(Findings):
    """What a file is made of."""

    kind: Literal["video", "audio", "picture"]
    container: str = Field(description="By content, whatever the name says.")
    bytes: int
    streams: list[str] = Field(default_factory=list, description="One line a stream.")
    seconds: float | None = None
    seconds_are: Literal["declared", "measured"] | None = Field(
        None, description="`measured` when what the file declares is missing, absurd, or contradicted by its packets."
    )
    declared_seconds: float | None = None
    has_pictures: bool = False
    has_sound: bool = False
    width_pixels: int | None = None
    height_pixels: int | None = None
    video: VideoStream | None = None
    audio: AudioStream | None = None
    loudness_lufs: float | None = Field(None, description="EBU R128, integrated; None when silent or not asked.")
    silences: list[Span] | None = Field(None, description="Spans under -40 dB; None when not asked.")


@tool(effect="pure", resource="cpu")
async def probe_media(
    media: Annotated[Media, Field(description="A video, audio or picture file.")],
    loudness: Annotated[bool, Field(description="Measure the loudness, which decodes all sound.")] = False,
    silence: Annotated[bool, Field(description="Find silent spans, which decodes all sound.")] = False,
    *,
    run: Run,
) -> MediaReport:
    """Say what a media file is made of: kind, container, streams, length, size, rotation, frame and sample rates.

    Use it first: it is quick, and tells which other tools make sense. The type is read from the content, never from the
    name. With `loudness` or `silence` the sound is measured too.
    """
    path, name = run.path(media), run.name(media)
    facts = await run.decode(examine, path, name)
    if (loudness or silence) and facts.audio is None:
        raise MediaError(f"{name!r} has no sound to measure. It has: {', '.join(facts.streams)}.")
    lufs, quiet = None, None
    if loudness:
        from .base.sound import loudness_lufs

        run.progress(None, "measuring the loudness")
        lufs = await run.decode(loudness_lufs, path, name, run)
    if silence:
        run.progress(None, "looking for silence")
        quiet, limits = await run.decode(_silences, path, name, run)
        if limits:
            facts = replace(facts, partial=True, limits=(*facts.limits, *limits))
    return _report(media, facts, lufs, quiet)


def _silences(path: Path, name: str, run: Run) -> tuple[list[Span], list[str]]:
    """Return the silent spans, and what of the sound could not be decoded."""
    from .base.sound import silences
    from .base.sound_blocks import Reading

    reading = Reading()
    return silences(path, name, run, reading), reading.limits


def _report(media: str, facts: MediaFacts, lufs: float | None, quiet: list[Span] | None) -> MediaReport:
    video, audio = facts.video, facts.audio
    width, height = (video.width_pixels, video.height_pixels) if video else (facts.width_pixels, facts.height_pixels)
    moments = [_fact(media, text) for text in _sentences(facts, width, height)]
    if lufs is not None:
        moments.append(_fact(media, f"Loudness: {lufs:.1f} LUFS (EBU R128)."))
    moments += [
        Moment(
            kind="fact",
            start_seconds=round(start, 3),
            end_seconds=round(end, 3),
            text="silence",
            media=media,
            source=Source(tool=TOOL),
        )
        for start, end in quiet or []
    ]
    numbers: list[tuple[str, float | None, str]] = [
        ("duration_seconds", facts.seconds, "s"),
        ("width_pixels", width, "pixels"),
        ("height_pixels", height, "pixels"),
        ("frames_per_second", video.frames_per_second if video else None, "frames/s"),
        ("audio_channels", audio.channels if audio else None, ""),
        ("audio_samples_per_second", audio.samples_per_second if audio else None, "Hz"),
        ("loudness_lufs", lufs, "LUFS"),
        ("silence_seconds", sum(end - start for start, end in quiet) if quiet is not None else None, "s"),
    ]
    return MediaReport(
        media=media,
        moments=moments,
        measures=[
            Measure(name=name, value=round(value, 3), unit=unit, media=media)
            for name, value, unit in numbers
            if value is not None
        ],
        limits=list(facts.limits),
        partial=facts.partial,
        kind=facts.kind,
        container=facts.container,
        bytes=facts.bytes,
        streams=list(facts.streams),
        seconds=facts.seconds,
        seconds_are=facts.seconds_are if facts.seconds is not None else None,
        declared_seconds=facts.declared_seconds,
        has_pictures=facts.kind != "audio",
        has_sound=audio is not None,
        width_pixels=width,
        height_pixels=height,
        video=VideoStream.model_validate(video, from_attributes=True) if video else None,
        audio=AudioStream.model_validate(audio, from_attributes=True) if audio else None,
        loudness_lufs=lufs,
        silences=quiet,
    )


def _sentences(facts: MediaFacts, width: int | None, height: int | None) -> list[str]:
    """Return the facts as short sentences."""
    said = []
    if facts.kind == "picture":
        said.append(f"Picture: {facts.container}, {width}×{height}.")
    if video := facts.video:
        rate = f", {video.frames_per_second:g} frames a second" if video.frames_per_second else ""
        varies = " on average, varying" if rate and video.variable_rate else ""
        turned = f", turned by {video.rotation_degrees}° for display" if video.rotation_degrees else ""
        said.append(f"Video: {video.codec}, {width}×{height}{rate}{varies}{turned}.")
    if audio := facts.audio:
        channels = {1: "mono", 2: "stereo"}.get(audio.channels, f"{audio.channels} channels")
        said.append(f"Sound: {audio.codec}, {channels}, {audio.samples_per_second:,} samples a second.")
    elif facts.kind == "video":
        said.append("There is no sound.")
    if facts.seconds is not None:
        declares = ""
        if facts.seconds_are == "measured":
            declared = facts.declared_seconds
            declares = f" (measured; the file declares {declared:,.1f} s)" if declared is not None else " (measured)"
        said.append(f"Length: {facts.seconds:,.1f} s{declares}.")
    return said


def _fact(media: str, text: str) -> Moment:
    return Moment(kind="fact", text=text, media=media, source=Source(tool=TOOL))
