"""Encode a few frames so that they fit between the packets of a stream that are copied."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, cast

from . import nal
from .formats import codec_of
from .outline import Entry

if TYPE_CHECKING:
    from av.video.codeccontext import VideoCodecContext
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

_PROFILES = {66: "baseline", 77: "main", 100: "high", 110: "high10", 122: "high422", 244: "high444"}
# Nearly without loss: a few frames that are seen beside those they were made of.
_X264 = {"preset": "veryfast", "crf": "16", "bf": "0"}
_VPX = {"deadline": "good", "cpu-used": "4", "crf": "12", "b": "0", "auto-alt-ref": "0", "lag-in-frames": "0"}
_VPX_ENCODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
# Of HEVC (ITU-T H.265 table 7-1): what nothing before is needed for.
_HEVC_CLEAN = frozenset({16, 17, 18, 19, 20})


class Unsafe(Exception):
    """Packets of a stream cannot be put together with new ones; says why, as a part of a sentence."""


@dataclass(frozen=True, kw_only=True)
class New:
    """A packet that was encoded here, times in ticks of the stream."""

    pts: int
    content: bytes
    is_key: bool


@dataclass(eq=False)
class Matching:
    """Encodes for one stream; each span of frames begins with a key frame."""

    stream: "VideoStream"
    extradata: bytes | None = field(init=False)
    """What the new stream says of itself: the parameters of the old frames and of the new ones."""
    can_encode: bool = field(default=False, init=False)
    why_not: str = field(default="", init=False)
    _codec: str = field(default="", init=False)
    _header: nal.Header | None = field(default=None, init=False)
    _in_band: bool = field(default=False, init=False)
    """The old packets have start codes."""
    _number: int = field(default=0, init=False)
    _known: set[bytes] = field(default_factory=set, init=False)
    _sets: tuple[bytes, ...] = field(default=(), init=False)

    def __post_init__(self) -> None:
        context = self.stream.codec_context
        self.extradata = context.extradata
        self._codec = codec_of(self.stream)
        if self._codec == "h264":
            self._begin_h264(context)
        elif self._codec in _VPX_ENCODERS:
            self.can_encode = context.pix_fmt == "yuv420p"
            self.why_not = (
                "" if self.can_encode else f"{self._codec} with {context.pix_fmt} pictures cannot be encoded here"
            )
        else:
            self.why_not = f"pictures in {self._codec} cannot be encoded to fit those that are copied"

    def entry(self, packet: bytes) -> Entry:
        """Return whether decoding can begin at a key packet.

        Raises:
            Unsafe: The stream changes its parameters on the way.
        """
        if self._codec == "h264":
            return self._entry_h264(packet)
        if self._codec == "hevc":
            return self._entry_hevc(packet)
        return "clean"

    def packet(self, content: bytes) -> bytes:
        """Return an old packet as the new stream has it."""
        if self._in_band and self._header is not None:
            return nal.joined(list(nal.split(content)), self._header.length_bytes)
        return content

    def encode(self, frames: "Iterable[tuple[int, VideoFrame]]") -> Iterator[New]:
        """Encode frames with their times, in order.

        Raises:
            Unsafe: They are not like the others.
        """
        encoder: VideoCodecContext | None = None
        for pts, frame in frames:
            if frame.interlaced_frame:
                raise Unsafe("its pictures are interlaced")
            if encoder is None:
                encoder = self._encoder()
            if (frame.width, frame.height) != (encoder.width, encoder.height) or frame.format.name != encoder.pix_fmt:
                raise Unsafe("its pictures change their size or format on the way")
            frame.pts, frame.time_base, frame.pict_type = pts, self._tick, 0
            yield from self._packets(encoder, frame)
        if encoder is not None:
            yield from self._packets(encoder, None)

    def _packets(self, encoder: "VideoCodecContext", frame: "VideoFrame | None") -> Iterator[New]:
        for packet in encoder.encode(frame):
            content = bytes(packet)
            if self._header is not None:
                content = nal.joined(
                    [one for one in nal.split(content) if nal.kind(one) not in (nal.SPS, nal.PPS, nal.SEI)],
                    self._header.length_bytes,
                )
            assert packet.pts is not None
            yield New(pts=packet.pts, content=content, is_key=packet.is_keyframe)

    @property
    def _tick(self) -> Fraction:
        assert self.stream.time_base is not None
        return self.stream.time_base

    def _encoder(self) -> "VideoCodecContext":
        import av
        from av.codec.context import Flags

        old = self.stream.codec_context
        name = "libx264" if self._header else _VPX_ENCODERS[self._codec]
        encoder = cast("VideoCodecContext", av.CodecContext.create(name, "w"))
        encoder.width, encoder.height, encoder.pix_fmt = old.width, old.height, old.pix_fmt
        encoder.time_base = self._tick
        encoder.framerate = self.stream.average_rate or self.stream.base_rate or Fraction(25)
        if old.sample_aspect_ratio:
            encoder.sample_aspect_ratio = old.sample_aspect_ratio
        for name in ("color_range", "color_primaries", "color_trc", "colorspace"):
            setattr(encoder, name, getattr(old, name))
        if self._header is not None:
            encoder.flags |= Flags.global_header
            encoder.options = {
                **_X264,
                "profile": _PROFILES[self._header.profile],
                "x264-params": f"sps-id={self._number}",
            }
        else:
            encoder.options = dict(_VPX)
        try:
            encoder.open()
        except (av.error.FFmpegError, ValueError) as error:
            raise Unsafe(f"the encoder does not take its format ({error})") from error
        if self._header is not None:
            made = nal.header(encoder.extradata or b"")
            if made is None or (self._sets and made[0].sequence + made[0].picture != self._sets):
                raise Unsafe("the encoder's parameters change")
            self._sets = made[0].sequence + made[0].picture
        return encoder

    def _begin_h264(self, context: "VideoCodecContext") -> None:
        found = nal.header(context.extradata or b"")
        if found is None:
            self.why_not = "its header names no parameters"
            return
        header, ending = found
        self._in_band = (context.extradata or b"")[:1] != b"\x01"
        if self._in_band:
            self.extradata = header.packed(ending)
        self._known = set(header.sequence + header.picture)
        self._header = header
        try:
            free = sorted(set(range(nal.MOST_SETS + 1)) - header.ids())
            if header.profile not in _PROFILES or not free:
                self.why_not = f"H.264 of profile {header.profile} cannot be encoded here"
                return
            self._number = free[-1]
            self._encoder()
        except (Unsafe, ValueError) as error:
            self.why_not = str(error)
            return
        sequence = tuple(one for one in self._sets if nal.kind(one) == nal.SPS)
        picture = tuple(one for one in self._sets if nal.kind(one) == nal.PPS)
        both = header.joined(nal.Header(length_bytes=4, sequence=sequence, picture=picture))
        self.extradata = both.packed(ending)
        self.can_encode = True

    def _entry_h264(self, packet: bytes) -> Entry:
        length = self._header.length_bytes if self._header is not None else 4
        found = list(nal.split(packet)) if self._in_band else nal.units(packet, length)
        if found is None:
            raise Unsafe("some of its packets are damaged")
        for one in found:
            if nal.kind(one) in (nal.SPS, nal.PPS) and one not in self._known:
                raise Unsafe("it changes its parameters on the way")
        try:
            if any(nal.recovery_frames(one) for one in found if nal.kind(one) == nal.SEI):
                return ""  # only after some frames is the picture whole
        except ValueError:
            return ""
        return "clean" if any(nal.kind(one) == nal.IDR for one in found) else "key"

    def _entry_hevc(self, packet: bytes) -> Entry:
        extradata = self.stream.codec_context.extradata or b""
        if extradata[:1] == b"\x01" and len(extradata) > 22:
            found = nal.units(packet, (extradata[21] & 3) + 1)
        else:
            found = list(nal.split(packet))
        if found is None:
            raise Unsafe("some of its packets are damaged")
        return "clean" if any(one[0] >> 1 & 63 in _HEVC_CLEAN for one in found) else "key"
