"""The only way to open audio and video: by content, with the decoder pinned and limits checked before decoding."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from .errors import MediaError
from .sniff import Sniffed, sniff

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.video.stream import VideoStream

MAX_VIDEO_PIXELS = 40_000_000
"""Of one frame; 8K has 33 million."""
MAX_SIDE_PIXELS = 16_384
MAX_FRAMES_PER_SECOND = 1_000
AUDIO_RATES = range(8_000, 192_001)
MAX_CHANNELS = 32
MAX_STREAMS = 64
OPEN_SECONDS = 5.0
"""Longest time for reading the headers; every honest file needs a fraction of a second."""
OPEN_CPU_SECONDS = 2
"""Longest work on the headers, which libav does not interrupt: a hundred thousand tags would take it a minute."""
serves_one_call = False
"""Set in a decoder process, which may end for a file that takes too much."""

# No other file, no socket, no reference to an outside file, and a bounded look at the start.
_CODEC_OPTIONS = {"max_pixels": str(MAX_VIDEO_PIXELS)}
_OPTIONS = {
    "protocol_whitelist": "pipe",
    "max_streams": str(MAX_STREAMS),
    "probesize": "5000000",
    # The look at the start decodes, too. Wider than our limit, so that what is a little over it is told by its size.
    "max_pixels": str(3 * MAX_VIDEO_PIXELS),
}
_MOV_OPTIONS = {"enable_drefs": "0", "use_absolute_path": "0"}


@contextmanager
def open_media(path: Path, name: str) -> "Iterator[InputContainer]":
    """Open audio or video for reading; `name` is what messages call it.

    Raises:
        MediaError: The file is not audio or video, cannot be read, or is beyond the limits.
    """
    import av

    with path.open("rb") as file:
        sniffed = sniff(file)
        if sniffed.demuxer is None:
            raise MediaError(f"{name!r} is not audio or video: {_found(sniffed)}")
        options = _OPTIONS | (_MOV_OPTIONS if sniffed.demuxer == "mov" else {})
        try:
            with _little_work():
                container = av.open(
                    _Nameless(file),
                    "r",
                    format=sniffed.demuxer,
                    options=options,
                    metadata_errors="replace",
                    # Python is asked for every byte: larger reads halve the cost of a packet scan.
                    buffer_size=1 << 18,
                    timeout=(OPEN_SECONDS, None),
                    io_open=_refuse,
                )
        except (av.error.FFmpegError, ValueError, OSError) as error:
            raise MediaError(_unreadable(name, path, sniffed, error)) from error
        with container:
            _check_limits(container, name)
            yield container


@contextmanager
def _little_work() -> Iterator[None]:
    """Have the kernel end a decoder process whose libav works too long on headers."""
    if not serves_one_call or sys.platform == "win32":
        yield
        return
    import resource

    _, hard = limits = resource.getrlimit(resource.RLIMIT_CPU)
    used = resource.getrusage(resource.RUSAGE_SELF)
    soon = int(used.ru_utime + used.ru_stime) + 1 + OPEN_CPU_SECONDS
    resource.setrlimit(resource.RLIMIT_CPU, (soon if hard == resource.RLIM_INFINITY else min(soon, hard), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_CPU, limits)


class _Nameless:
    """A file whose path libav never learns, so that nothing in it can be resolved against its folder."""

    def __init__(self, file: BinaryIO) -> None:
        self.read = file.read
        self.seek = file.seek
        self.tell = file.tell


def _refuse(url: str, flags: int, options: dict[str, str]) -> None:
    raise PermissionError("media may not open other files")


def video_stream(container: "InputContainer") -> "VideoStream | None":
    """Return the moving picture: the default one, else the first; a cover picture is none."""
    from av.stream import Disposition

    moving = [
        stream
        for stream in container.streams.video
        if stream.codec_context is not None
        and stream.codec_context.width > 0
        and not stream.disposition & Disposition.attached_pic
    ]
    return next(
        (stream for stream in moving if stream.disposition & Disposition.default), moving[0] if moving else None
    )


def audio_stream(container: "InputContainer") -> "AudioStream | None":
    """Return the sound: the default track, else the first."""
    from av.stream import Disposition

    tracks = [stream for stream in container.streams.audio if stream.codec_context is not None and stream.rate]
    return next(
        (stream for stream in tracks if stream.disposition & Disposition.default), tracks[0] if tracks else None
    )


def _check_limits(container: "InputContainer", name: str) -> None:
    if len(container.streams) > MAX_STREAMS:
        raise MediaError(f"{name!r} has {len(container.streams)} streams; the limit is {MAX_STREAMS}.")
    for video in container.streams.video:
        if video.codec_context is None:
            continue
        width, height, rate = video.codec_context.width, video.codec_context.height, video.average_rate
        if width * height > MAX_VIDEO_PIXELS or max(width, height) > MAX_SIDE_PIXELS:
            raise MediaError(
                f"{name!r} has a picture of {width:,}×{height:,} pixels; the limit is {MAX_VIDEO_PIXELS:,} "
                f"and {MAX_SIDE_PIXELS:,} a side. Scale it down first."
            )
        if rate is not None and rate > MAX_FRAMES_PER_SECOND:
            raise MediaError(
                f"{name!r} claims {float(rate):,.0f} frames a second; the limit is {MAX_FRAMES_PER_SECOND:,}. "
                "Its header is probably damaged; remux or re-encode it."
            )
        # Again for each frame, because the size may change in mid-stream.
        video.codec_context.options = _CODEC_OPTIONS
    for audio in container.streams.audio:
        if audio.codec_context is None:
            continue
        if audio.rate and audio.rate not in AUDIO_RATES:
            raise MediaError(
                f"{name!r} has sound at {audio.rate:,} samples a second; "
                f"{AUDIO_RATES.start:,} to {AUDIO_RATES.stop - 1:,} are supported. Resample it first."
            )
        if audio.channels > MAX_CHANNELS:
            raise MediaError(f"{name!r} has {audio.channels} channels of sound; the limit is {MAX_CHANNELS}.")


def _found(sniffed: Sniffed) -> str:
    if sniffed.media_type == "text/x-playlist":
        return (
            "it is a playlist, a text that names other files, and those are never opened. Name the media file itself."
        )
    if sniffed.media_type.startswith("text/"):
        return f"its content is text ({sniffed.media_type}). Check that the right file was named."
    if sniffed.media_type.startswith("image/"):
        return f"its content is a picture ({sniffed.media_type}). Use a tool for pictures."
    return (
        f"its content is {sniffed.media_type}, of no type known here. Known are "
        "MP4/MOV, Matroska/WebM, AVI, MPEG-TS, FLV, WMV/WMA, WAV, MP3, AAC, Ogg and FLAC; convert it to one of them."
    )


def _unreadable(name: str, path: Path, sniffed: Sniffed, error: Exception) -> str:
    begins = f"{name!r} begins like {sniffed.media_type} ({path.stat().st_size:,} bytes)"
    if sniffed.demuxer == "mov":
        return (
            f"{begins}, but its index (`moov`) is missing or damaged: the recording or the copy was cut off, "
            "and without it nothing can be played. Copy it again, or repair it with the original device's tool."
        )
    said = getattr(error, "strerror", None) or error
    return f"{begins}, but cannot be read ({said}). It is damaged or not what it seems; copy it again."
