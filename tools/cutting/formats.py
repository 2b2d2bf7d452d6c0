"""Which containers files are written in, and what each can hold."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from ..base.errors import ArgumentError

if TYPE_CHECKING:
    from av.stream import Stream
    from av.video.stream import VideoStream

FormatName = Literal[
    "mp4", "mov", "mkv", "webm", "gif", "webp", "m4a", "mp3", "wav", "flac", "opus", "ogg", "png", "jpeg"
]  # fmt: skip
NAMES: tuple[FormatName, ...] = get_args(FormatName)

_MODERN = frozenset({"h264", "hevc", "av1", "mpeg4", "vp9"})
_PCM = frozenset({"pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_f32le", "pcm_u8"})


@dataclass(frozen=True, kw_only=True)
class Format:
    """A container, and the codecs that go into it without being encoded anew."""

    name: FormatName
    muxer: str
    media_type: str
    video: frozenset[str] = frozenset()
    audio: frozenset[str] = frozenset()
    subtitles: frozenset[str] = frozenset()
    video_encoder: str = ""
    """What a picture is encoded with where it must be; empty: it holds none."""
    audio_encoder: str = ""
    subtitle_codec: str = ""
    """As packets of text are muxed; empty: it holds none."""
    exact_sound: bool = False
    """Its lists of edits can begin in the middle of a packet of sound."""
    chapters: bool = False

    @property
    def ending(self) -> str:
        return "jpg" if self.name == "jpeg" else self.name

    @property
    def is_picture(self) -> bool:
        return self.media_type.startswith("image/")

    @property
    def moves(self) -> bool:
        """Whether it can hold a moving picture."""
        return bool(self.video_encoder) or self.name in ("gif", "webp")


FORMATS: Mapping[str, Format] = {
    one.name: one
    for one in (
        Format(
            name="mp4",
            muxer="mp4",
            media_type="video/mp4",
            video=_MODERN,
            audio=frozenset({"aac", "mp3", "ac3", "eac3", "alac", "opus", "flac"}),
            subtitles=frozenset({"mov_text"}),
            video_encoder="libx264",
            audio_encoder="aac",
            subtitle_codec="mov_text",
            exact_sound=True,
            chapters=True,
        ),
        Format(
            name="mov",
            muxer="mov",
            media_type="video/quicktime",
            video=frozenset({"h264", "hevc", "mpeg4", "prores", "mjpeg", "dnxhd", "png"}),
            audio=frozenset({"aac", "mp3", "ac3", "alac", "pcm_s16be", "pcm_s24be"}) | _PCM,
            subtitles=frozenset({"mov_text"}),
            video_encoder="libx264",
            audio_encoder="aac",
            subtitle_codec="mov_text",
            exact_sound=True,
            chapters=True,
        ),
        Format(
            name="mkv",
            muxer="matroska",
            media_type="video/x-matroska",
            video=_MODERN | {"vp8", "theora", "mjpeg", "prores", "ffv1", "mpeg2video", "mpeg1video"},
            audio=frozenset({"aac", "mp3", "mp2", "ac3", "eac3", "dts", "truehd", "opus", "vorbis", "flac"}) | _PCM,
            subtitles=frozenset({"subrip", "ass", "webvtt"}),
            video_encoder="libx264",
            audio_encoder="aac",
            subtitle_codec="subrip",
            chapters=True,
        ),
        Format(
            name="webm",
            muxer="webm",
            media_type="video/webm",
            video=frozenset({"vp8", "vp9", "av1"}),
            audio=frozenset({"opus", "vorbis"}),
            subtitles=frozenset({"webvtt"}),
            video_encoder="libvpx-vp9",
            audio_encoder="libopus",
            subtitle_codec="webvtt",
            chapters=True,
        ),
        Format(name="gif", muxer="gif", media_type="image/gif"),
        Format(name="webp", muxer="webp", media_type="image/webp"),
        Format(
            name="m4a",
            muxer="ipod",
            media_type="audio/mp4",
            audio=frozenset({"aac", "alac"}),
            audio_encoder="aac",
            exact_sound=True,
            chapters=True,
        ),
        Format(name="mp3", muxer="mp3", media_type="audio/mpeg", audio=frozenset({"mp3"}), audio_encoder="libmp3lame"),
        Format(name="wav", muxer="wav", media_type="audio/wav", audio=_PCM, audio_encoder="pcm_s16le"),
        Format(name="flac", muxer="flac", media_type="audio/flac", audio=frozenset({"flac"}), audio_encoder="flac"),
        Format(name="opus", muxer="opus", media_type="audio/ogg", audio=frozenset({"opus"}), audio_encoder="libopus"),
        Format(
            name="ogg",
            muxer="ogg",
            media_type="audio/ogg",
            audio=frozenset({"opus", "vorbis", "flac"}),
            audio_encoder="libopus",
        ),
        Format(name="png", muxer="png", media_type="image/png"),
        Format(name="jpeg", muxer="jpeg", media_type="image/jpeg"),
    )
}


def codec_of(stream: "Stream") -> str:
    """Return the name of a stream's codec, which is not always that of its decoder; empty where there is none."""
    return "" if stream.codec_context is None else str(stream.codec_context.codec.canonical_name)


def has_alpha(stream: "VideoStream") -> bool:
    """Return whether parts of a picture are transparent; WebM has that beside the pictures, which do not tell."""
    pixels = stream.codec_context.format
    inside = pixels is not None and any(one.is_alpha for one in pixels.components)
    return inside or any(key.lower() == "alpha_mode" and value != "0" for key, value in stream.metadata.items())


_OF_TYPE = {one.media_type: one.name for one in reversed(list(FORMATS.values())) if one.name not in ("gif", "webp")}


def format_for(media_type: str, kind: str) -> Format:
    """Return the container that a file of this type is written in again; for others, what holds the most.

    Args:
        media_type: As sniffed.
        kind: `video`, `audio` or `picture`.
    """
    if kind == "picture":
        known = {"image/jpeg": "jpeg", "image/webp": "webp", "image/gif": "gif"}
        return FORMATS[known.get(media_type, "png")]
    if found := _OF_TYPE.get(media_type):
        known_format = FORMATS[found]
        if kind == "audio" or known_format.video_encoder:
            return known_format
    return FORMATS["mp4" if kind == "video" else "m4a"]


def format_named(name: str) -> Format:
    """Return a container by its name.

    Raises:
        ArgumentError: There is none of this name.
    """
    if name not in FORMATS:
        raise ArgumentError(f"`format` {name!r} is not known. Supported are: {', '.join(NAMES)}.")
    return FORMATS[name]
