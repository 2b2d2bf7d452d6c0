"""The tracks of a film as they are encoded: picture, sound, and with which settings."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import OutputContainer
    from av.video.stream import VideoStream

Container = Literal["mp4", "mov", "mkv", "webm"]
MEDIA_TYPES: Mapping[Container, str] = {
    "mp4": "video/mp4",
    "mov": "video/quicktime",
    "mkv": "video/x-matroska",
    "webm": "video/webm",
}
# Each frame that this preset looks ahead, or puts off, takes 3 MB at 720p; the last ones make files 1 % smaller. Each
# that others are built on takes 6 MB: a pyramid keeps two more, and of so few frames saves nothing at the same quality.
_X264 = {"preset": "veryfast", "crf": "23", "rc-lookahead": "3", "bf": "2", "b-pyramid": "none"}
_STEADY = {"x264-params": "force-cfr=1"}
"""Else it waits for one frame more, to learn how long the one before is shown."""
_VP9 = {"deadline": "realtime", "cpu-used": "8", "crf": "33", "b": "0", "row-mt": "1"}
MOST_THREADS = 6
"""Of the encoder: each holds a frame and what it is built on."""
KEY_SECONDS = 5.0
"""From one key frame to the next at most, so that players can seek."""
RATE = 48_000
"""Samples a second; Opus has no other that is usual."""
TICK = Fraction(1, 90_000)


@dataclass(frozen=True, kw_only=True)
class PictureTrack:
    """The moving picture of a film, in BT.709."""

    width_pixels: int
    """Even."""
    height_pixels: int
    """Even."""
    frames_per_second: Fraction
    is_steady: bool = True
    """Whether each frame is shown for as long as the next; else times are kept to 1/90000 s."""
    options: Mapping[str, str] | None = None
    """Of the encoder, beyond the usual ones: `{"crf": "18"}`."""


@dataclass(frozen=True, kw_only=True)
class SoundTrack:
    """The sound of a film."""

    rate: int = RATE
    channels: Literal[1, 2] = 2
    bits_per_second: int = 160_000


def add_picture(container: "OutputContainer", kind: Container, picture: PictureTrack) -> "VideoStream":
    """Add a moving picture to a file of a kind."""
    from av.stream import Disposition
    from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc

    is_webm = kind == "webm"
    usual = _VP9 if is_webm else {**_X264, **(_STEADY if picture.is_steady else {})}
    options = {**usual, **(picture.options or {})}
    stream = container.add_stream(
        "libvpx-vp9" if is_webm else "libx264", rate=picture.frames_per_second, options=options
    )
    stream.width, stream.height, stream.pix_fmt = picture.width_pixels, picture.height_pixels, "yuv420p"
    stream.disposition = Disposition.default
    context = stream.codec_context
    context.time_base = 1 / picture.frames_per_second if picture.is_steady else TICK
    context.gop_size = max(1, round(KEY_SECONDS * picture.frames_per_second))
    context.thread_count = min(MOST_THREADS, 1 + (os.cpu_count() or 1))
    context.colorspace, context.color_range = int(Colorspace.ITU709), int(ColorRange.MPEG)
    context.color_primaries, context.color_trc = int(ColorPrimaries.BT709), int(ColorTrc.BT709)
    return stream


def add_sound(container: "OutputContainer", kind: Container, sound: SoundTrack) -> "AudioStream":
    """Add sound to a file of a kind."""
    from av.stream import Disposition

    layout = "mono" if sound.channels == 1 else "stereo"
    if kind == "webm":
        stream = container.add_stream("libopus", rate=sound.rate, layout=layout)
    else:
        stream = container.add_stream("aac", rate=sound.rate, layout=layout)
    stream.codec_context.bit_rate = sound.bits_per_second
    stream.disposition = Disposition.default
    return stream
