"""What an audio, video or picture file holds: measured facts, and the safe way to open it."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from .errors import MediaError
from .footage import first_frame, start_of
from .length import declared_seconds, end_of, missing_bytes
from .safe_open import audio_stream, open_media, video_stream
from .sniff import sniff
from .upright import display_size, turn_of

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.stream import Stream
    from av.video.stream import VideoStream

__all__ = ["AudioFacts", "MediaFacts", "VideoFacts", "audio_stream", "examine", "open_media", "video_stream"]

TOLERANCE_SECONDS = 1.0
"""A declared length is believed when the packets end within this much of it, or within 2 %."""


@dataclass(frozen=True, kw_only=True)
class VideoFacts:
    """The moving picture of a file."""

    codec: str
    width_pixels: int
    """As displayed: after rotation and pixel aspect."""
    height_pixels: int
    frames_per_second: float | None
    """On average; None when unknown."""
    variable_rate: bool
    rotation_degrees: int
    """How far the stored picture is turned counterclockwise for display: 0, 90, 180 or 270."""
    pixel_aspect: float
    start_seconds: float
    """In the container's own time."""


@dataclass(frozen=True, kw_only=True)
class AudioFacts:
    """The sound of a file."""

    codec: str
    channels: int
    samples_per_second: int
    start_seconds: float
    """In the container's own time."""


@dataclass(frozen=True, kw_only=True)
class MediaFacts:
    """What a file holds."""

    kind: Literal["video", "audio", "picture"]
    media_type: str
    container: str
    """A short name, for example `mp4`."""
    bytes: int
    streams: tuple[str, ...] = ()
    """One line a stream, for people."""
    seconds: float | None = None
    seconds_are: Literal["declared", "measured"] = "declared"
    declared_seconds: float | None = None
    origin_seconds: float = 0.0
    """Which of the container's times is second 0: that of the first frame, or of the first sample without video."""
    video: VideoFacts | None = None
    audio: AudioFacts | None = None
    width_pixels: int | None = None
    """Of a picture; a video has its own."""
    height_pixels: int | None = None
    partial: bool = False
    limits: tuple[str, ...] = ()


def examine(path: Path, name: str) -> MediaFacts:
    """Return the facts of an audio, video or picture file without reading all of it.

    Raises:
        MediaError: The file is none of these, cannot be read, or is beyond the limits.
    """
    with path.open("rb") as file:
        sniffed = sniff(file)
        lacking = missing_bytes(file, sniffed.demuxer) if sniffed.demuxer else 0
        claimed = declared_seconds(file, sniffed.demuxer) if sniffed.demuxer else None
        size = file.seek(0, 2)
    if sniffed.media_type.startswith("image/"):
        from .picture_files import picture_size

        width, height = picture_size(path, name)
        return MediaFacts(
            kind="picture",
            media_type=sniffed.media_type,
            container=_short(sniffed.media_type),
            bytes=size,
            streams=(f"picture: {_short(sniffed.media_type)}, {width}×{height}",),
            width_pixels=width,
            height_pixels=height,
        )
    with open_media(path, name) as container:
        return _facts(container, name, media_type=sniffed.media_type, size=size, lacking=lacking, claimed=claimed)


def _facts(
    container: "InputContainer", name: str, *, media_type: str, size: int, lacking: int, claimed: float | None
) -> MediaFacts:
    moving, sound = video_stream(container), audio_stream(container)
    if moving is None and sound is None:
        held = ", ".join(_line(stream) for stream in container.streams) or "no streams at all"
        raise MediaError(f"{name!r} ({media_type}) has neither picture nor sound that can be decoded. It has {held!r}.")
    limits: list[str] = []
    lines = tuple(_line(stream) for stream in container.streams)
    video = _video(container, moving, limits) if moving is not None else None
    audio = _audio(sound) if sound is not None else None
    origin = video.start_seconds if video else audio.start_seconds if audio else 0.0
    known = container.duration / 1_000_000 if container.duration and container.duration > 0 else None
    # libav passes over what the header of an MP4 says and adds up the packets of its index.
    declared = claimed or known
    tracks: list[Stream] = [track for track in (moving, sound) if track is not None]
    ends = [end_of(container, track, known + origin if known else None) for track in tracks]
    measured = max((end.seconds for end in ends if end.seconds is not None), default=None)
    seconds = measured - origin if measured is not None else None
    if declared is not None and container.start_time is not None:
        # Sound may begin before the first frame, from which all times count.
        declared -= max(0.0, origin - container.start_time / 1_000_000)
    believed = (
        declared is not None
        and seconds is not None
        and not lacking
        and abs(declared - seconds) <= max(TOLERANCE_SECONDS, 0.02 * seconds)
    )
    if not all(end.reached for end in ends):
        limits.append(f"The length is at least {seconds or 0:.1f} s; finding the end would have taken too long.")
    if lacking:
        limits.append(
            f"The file is cut off: {lacking:,} bytes are missing at its end"
            + (f"; {seconds:.1f} s can be read." if seconds else ".")
        )
    elif declared and seconds and not believed:
        limits.append(f"The file declares {declared:,.1f} s; its packets end at {seconds:,.1f} s, and that is used.")
    if seconds is None:
        raise MediaError(f"{name!r} ({media_type}) has headers but no readable content. It has {'; '.join(lines)!r}.")
    if video and not believed and not lacking and moving is not None and moving.frames and seconds > 0:
        # The average rate was computed from the length that is not believed.
        video = replace(video, frames_per_second=round(moving.frames / seconds, 3))
    return MediaFacts(
        kind="video" if video else "audio",
        media_type=media_type,
        container=_short(media_type),
        bytes=size,
        streams=lines,
        seconds=round(declared if believed and declared else seconds, 3),
        seconds_are="declared" if believed else "measured",
        declared_seconds=declared,
        origin_seconds=origin,
        video=video,
        audio=audio,
        partial=bool(lacking) or not all(end.reached for end in ends),
        limits=tuple(limits),
    )


def _video(container: "InputContainer", stream: "VideoStream", limits: list[str]) -> VideoFacts:
    frame = first_frame(container, stream)
    if frame is None:
        limits.append(f"The picture ({stream.codec_context.name}) cannot be decoded.")
    width, height = display_size(stream, frame)
    rate, base = stream.average_rate or stream.base_rate, stream.base_rate
    return VideoFacts(
        codec=stream.codec_context.name,
        width_pixels=width,
        height_pixels=height,
        frames_per_second=round(float(rate), 3) if rate else None,
        # The base rate is the finest grid that fits all times of the first packets.
        variable_rate=bool(rate and base and abs(float(base / rate) - 1) > 0.05),
        rotation_degrees=turn_of(frame).degrees if frame is not None else 0,
        pixel_aspect=float(stream.sample_aspect_ratio or 1),
        start_seconds=start_of(stream, frame),
    )


def _audio(stream: "AudioStream") -> AudioFacts:
    start = stream.start_time or 0
    return AudioFacts(
        codec=stream.codec_context.name,
        channels=stream.channels,
        samples_per_second=stream.rate,
        start_seconds=float(start * stream.time_base) if stream.time_base else 0.0,
    )


def _line(stream: "Stream") -> str:
    """Return one line on a stream, for people."""
    from av.stream import Disposition

    kind = "cover picture" if stream.disposition & Disposition.attached_pic else stream.type
    codec = stream.codec_context.name if stream.codec_context else "no decoder"
    language = f", {stream.language[:16]}" if stream.language and stream.language != "und" else ""
    return f"{kind}: {codec}{language}"


def _short(media_type: str) -> str:
    return media_type.split("/")[1].removeprefix("x-")
