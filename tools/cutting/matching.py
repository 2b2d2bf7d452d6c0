"""Encode a few frames so that they fit between the packets of a stream that are copied."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, cast

from .dialects import H264, VPX_ENCODERS, Dialect, Hevc, Plain, Unsafe
from .formats import codec_of, has_alpha
from .outline import Entry

if TYPE_CHECKING:
    from av.video.codeccontext import VideoCodecContext
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

__all__ = ["Matching", "New", "Unsafe"]


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
    why_not: str = field(default="", init=False)
    """Why nothing can be encoded, as a part of a sentence; empty: it can."""
    _dialect: Dialect = field(init=False)

    def __post_init__(self) -> None:
        self._dialect = _dialect_of(self.stream)
        self.why_not = self._dialect.why_not
        if not self.why_not and self._dialect.has_header:
            try:
                self._encoder()  # the header is written before the first frame
            except Unsafe as error:
                self.why_not = str(error)

    @property
    def extradata(self) -> bytes | None:
        """What the new stream says of itself: the parameters of the old frames and of the new ones."""
        return self._dialect.extradata

    def entry(self, packet: bytes) -> Entry:
        """Return whether decoding can begin at a key packet.

        Raises:
            Unsafe: The stream changes its parameters on the way.
        """
        return self._dialect.entry(packet)

    def packet(self, content: bytes) -> bytes:
        """Return an old packet as the new stream has it."""
        return self._dialect.old(content)

    def first(self, content: bytes) -> bytes:
        """Return an old packet that follows others than before: nothing shown earlier comes behind it."""
        return self._dialect.first(content)

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
            assert packet.pts is not None
            yield New(pts=packet.pts, content=self._dialect.new(bytes(packet)), is_key=packet.is_keyframe)

    @property
    def _tick(self) -> Fraction:
        assert self.stream.time_base is not None
        return self.stream.time_base

    def _encoder(self) -> "VideoCodecContext":
        import av
        from av.codec.context import Flags

        old, dialect = self.stream.codec_context, self._dialect
        encoder = cast("VideoCodecContext", av.CodecContext.create(dialect.encoder, "w"))
        encoder.width, encoder.height, encoder.pix_fmt = old.width, old.height, old.pix_fmt
        encoder.time_base = self._tick
        encoder.framerate = self.stream.average_rate or self.stream.base_rate or Fraction(25)
        if old.sample_aspect_ratio:
            encoder.sample_aspect_ratio = old.sample_aspect_ratio
        for name in ("color_range", "color_primaries", "color_trc", "colorspace"):
            setattr(encoder, name, getattr(old, name))
        encoder.options = dict(dialect.options)
        if dialect.has_header:
            encoder.flags |= Flags.global_header
        try:
            encoder.open()
        except (av.error.FFmpegError, ValueError) as error:
            raise Unsafe(f"the encoder does not take its format ({error})") from error
        if dialect.has_header:
            dialect.learn(encoder.extradata or b"")
        return encoder


def _dialect_of(stream: "VideoStream") -> Dialect:
    context, codec = stream.codec_context, codec_of(stream)
    if codec == "h264":
        return H264(context)
    if codec == "hevc":
        return Hevc(context)
    if codec not in VPX_ENCODERS:
        return Plain(context.extradata, f"pictures in {codec} cannot be encoded to fit those that are copied")
    if has_alpha(stream):
        return Plain(context.extradata, "its pictures are transparent, and that is encoded apart")
    if context.pix_fmt != "yuv420p":
        return Plain(context.extradata, f"{codec} with {context.pix_fmt} pictures cannot be encoded here")
    return Plain(context.extradata, encoder=VPX_ENCODERS[codec])
