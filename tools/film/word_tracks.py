"""Words in a film that a player shows when asked to: their tracks, and the packets in them."""

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.packet import Packet
    from av.stream import Stream

# ISO 639-1 to 639-2, in which containers name languages.
_LANGUAGES = {
    "ar": "ara", "cs": "ces", "da": "dan", "de": "deu", "el": "ell", "en": "eng", "es": "spa", "fi": "fin", "fr": "fra",
    "he": "heb", "hi": "hin", "hu": "hun", "id": "ind", "it": "ita", "ja": "jpn", "ko": "kor", "nl": "nld", "no": "nor",
    "pl": "pol", "pt": "por", "ro": "ron", "ru": "rus", "sv": "swe", "th": "tha", "tr": "tur", "uk": "ukr", "vi": "vie",
    "zh": "zho",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class SubtitleTrack:
    """Words that a player shows when asked to."""

    language: str
    """ISO 639-1."""
    is_shown: bool = True
    """Whether players show them without being asked to; not where the same words are drawn."""


def add_words(container: "OutputContainer", codec: str, track: SubtitleTrack) -> "Stream":
    """Add a track of words to a file."""
    from av.stream import Disposition

    stream = container.add_mux_stream(codec)
    stream.time_base = Fraction(1, 1000)
    stream.metadata["language"] = _LANGUAGES.get(track.language, "und")
    if track.is_shown:
        stream.disposition = Disposition.default
    return stream


def words_packet(stream: "Stream", codec: str, start_seconds: float, end_seconds: float, text: str) -> "Packet[Any]":
    """Return words as they go into a file: encoders of libavcodec want more than there is, so it is done by hand."""
    import av

    content = text.encode()
    packet = av.Packet(len(content).to_bytes(2, "big") + content if codec == "mov_text" else content)
    packet.stream, packet.time_base = stream, Fraction(1, 1000)
    packet.pts = packet.dts = round(start_seconds * 1000)
    packet.duration = max(1, round(end_seconds * 1000) - packet.pts)
    return packet
