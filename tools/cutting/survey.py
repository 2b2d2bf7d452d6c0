"""What must be known of a file before it is edited."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ..base.errors import MediaError
from ..base.media import MediaFacts, examine
from ..base.safe_open import audio_stream, open_media, video_stream
from .formats import codec_of, has_alpha
from .looks import Colours
from .muxing import stream_tags_of, tags_of

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.video.format import VideoFormat
    from av.video.stream import VideoStream

_HDR_TRANSFERS = frozenset({16, 18})
"""PQ and HLG (ITU-T H.273, table 3)."""
# How many columns and rows of colour stand for four of brightness.
_SAMPLINGS = {
    (4, 4): "4:4:4", (2, 4): "4:2:2", (1, 4): "4:1:1", (4, 2): "4:4:0", (2, 2): "4:2:0", (1, 1): "4:1:0",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Survey:
    """A file to edit."""

    facts: MediaFacts
    channels: int = 0
    rate: int = 0
    video_codec: str = ""
    audio_codec: str = ""
    sound_origin_seconds: float = 0.0
    """Which time of the container is second 0 of the sound."""
    picture_bits_per_second: int | None = None
    """On average; None where that is not known."""
    is_hdr: bool = False
    colours: Colours | None = None
    """How its picture has them, where these are more than eight bits can hold."""
    sampling: str = ""
    """How its picture has its colours: `4:2:2`, `RGB`, or `4:0:0` where it is grey."""
    bits: int = 8
    """Of each colour, or of brightness."""
    is_transparent: bool = False
    is_lossless: bool = False
    """Its sound is, so that it can be cut to the sample."""
    tags: dict[str, str] = field(default_factory=dict)
    sound_tags: dict[str, str] = field(default_factory=dict)
    """The language and the title of its sound."""
    more: tuple[str, ...] = ()
    """What it has beside one picture and one sound, for people."""

    @property
    def seconds(self) -> float:
        return self.facts.seconds or 0.0

    @property
    def width_pixels(self) -> int:
        return self.facts.width_pixels or (self.facts.video.width_pixels if self.facts.video else 0)

    @property
    def height_pixels(self) -> int:
        return self.facts.height_pixels or (self.facts.video.height_pixels if self.facts.video else 0)


def survey(path: Path, name: str) -> Survey:
    """Return what is to be known of a file.

    Raises:
        MediaError: It is neither sound nor picture, or cannot be read.
    """
    facts = examine(path, name)
    if facts.kind == "picture":
        return Survey(facts=facts)
    with open_media(path, name) as container:
        moving, sound = video_stream(container), audio_stream(container)
        if moving is not None and facts.video is None:
            raise MediaError(f"The picture of {name!r} cannot be decoded. It is damaged; copy it again.")
        audio_codec = codec_of(sound) if sound is not None else ""
        pixels = moving.codec_context.format if moving is not None else None
        return Survey(
            facts=facts,
            channels=sound.channels if sound is not None else 0,
            rate=sound.rate if sound is not None else 0,
            video_codec=codec_of(moving) if moving is not None else "",
            audio_codec=audio_codec,
            sound_origin_seconds=facts.origin_seconds,
            picture_bits_per_second=_picture_bits(facts, sound),
            is_hdr=moving is not None and moving.codec_context.color_trc in _HDR_TRANSFERS,
            colours=_deep_colours(moving) if moving is not None else None,
            sampling=_sampling(pixels) if pixels is not None else "",
            bits=_bits(pixels) if pixels is not None else 8,
            is_transparent=moving is not None and has_alpha(moving),
            is_lossless=audio_codec.startswith("pcm_") or audio_codec in ("flac", "alac"),
            tags=tags_of(container),
            sound_tags=stream_tags_of(sound) if sound is not None else {},
            more=_more(container),
        )


def _picture_bits(facts: MediaFacts, sound: "AudioStream | None") -> int | None:
    if not facts.seconds:
        return None
    heard = (sound.bit_rate or 0) if sound is not None else 0
    return max(1_000, round(facts.bytes * 8 / facts.seconds) - heard)


def _deep_colours(stream: "VideoStream") -> Colours | None:
    context = stream.codec_context
    if context.format is None or context.format.is_rgb:
        return None
    if context.color_trc not in _HDR_TRANSFERS and _bits(context.format) <= 8:
        return None
    return Colours(
        primaries=int(context.color_primaries),
        transfer=int(context.color_trc),
        matrix=int(context.colorspace),
        range=int(context.color_range) or 1,
    )


def _sampling(pixels: "VideoFormat") -> str:
    if pixels.is_rgb or pixels.has_palette:
        return "RGB"
    if len(pixels.components) < 3:
        return "4:0:0"
    return _SAMPLINGS.get((pixels.chroma_width(4), pixels.chroma_height(4)), "")


def _bits(pixels: "VideoFormat") -> int:
    return max(one.bits for one in pixels.components)


def _more(container: "InputContainer") -> tuple[str, ...]:
    sounds, words, chapters = len(container.streams.audio), len(container.streams.subtitles), len(container.chapters())
    found = []
    if sounds > 1:
        found.append(f"{sounds - 1} more tracks of sound" if sounds > 2 else "another track of sound")
    if words:
        found.append(f"{words} tracks of subtitles" if words > 1 else "a track of subtitles")
    if chapters:
        found.append(f"{chapters} chapters")
    return tuple(found)
