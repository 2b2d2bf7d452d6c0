"""A stream of pictures that is encoded into a file, in the colours and the depth of what it is made of."""

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any, cast

from ..base.errors import MediaError
from ..base.footage import open_video
from ..base.run import Run
from ..film.encoders import KEY_SECONDS, MOST_THREADS
from .edit_frames import Frames
from .edits import Edit, Rendered, Take
from .formats import Format
from .looks import BT709

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

# Of the frames that this preset looks ahead, the last ones change little, and each takes memory.
_X264 = {"preset": "veryfast", "crf": "20", "rc-lookahead": "5"}
_X265 = {"preset": "veryfast", "crf": "21"}
_X265_MORE = "log-level=none:info=0:rc-lookahead=10"
_VP9 = {"deadline": "realtime", "cpu-used": "8", "crf": "33", "b": "0", "row-mt": "1"}
_TICK = Fraction(1, 90_000)
# libavutil's AVMasteringDisplayMetadata: ten fractions, and which of them are known; AVContentLightMetadata: two.
_MASTERING, _LIGHT = struct.Struct("=22i"), struct.Struct("=2I")


@dataclass(eq=False)
class PictureStream:
    """The picture of an edit, encoded into a file."""

    stream: "VideoStream"
    frames: Frames
    pictures: int = field(default=0, init=False)
    """Encoded so far."""

    @classmethod
    def begin(cls, out: "OutputContainer", form: Format, edit: Edit, run: Run) -> "PictureStream":
        """Add a stream to a file; see `packets`."""
        from av.stream import Disposition

        look, rate = edit.look, edit.rate
        assert look is not None
        encoder, options = form.video_encoder, dict(_VP9 if form.video_encoder == "libvpx-vp9" else _X264)
        if look.is_deep:
            more = ":".join([_X265_MORE, *_shown_on(edit.takes[0])])
            encoder, options = "libx265", {**_X265, "x265-params": more}
        if edit.most_bits_per_second is not None:
            most = str(edit.most_bits_per_second)
            options |= {"b": most} if encoder == "libvpx-vp9" else {"maxrate": most, "bufsize": most}
        stream = cast("VideoStream", out.add_stream(encoder, rate=rate, options=options))
        stream.width, stream.height, stream.pix_fmt = look.width_pixels, look.height_pixels, look.pixels
        stream.disposition = Disposition.default
        context = stream.codec_context
        context.time_base = 1 / rate if edit.steady else _TICK
        context.gop_size = max(1, round(KEY_SECONDS * rate))
        context.thread_count = min(MOST_THREADS, 1 + (os.cpu_count() or 1))
        colours = look.colours or BT709
        context.color_primaries, context.color_trc = colours.primaries, colours.transfer
        context.colorspace, context.color_range = colours.matrix, colours.range
        if encoder == "libx265" and form.muxer in ("mp4", "mov"):
            context.codec_tag = "hvc1"
        return cls(stream, Frames(edit, run))

    def packets(self) -> "Iterator[tuple[float, Packet[Any]]]":
        """Yield the encoded pictures with their times; the file must have been begun.

        Raises:
            MediaError: No frame can be decoded.
        """
        from av.video.frame import PictureType

        tick, last = self.stream.codec_context.time_base, -1
        assert tick is not None
        for at, frame in self.frames.all():
            # Two pictures never share a time, however their times were rounded.
            last = max(last + 1, round(at / tick))
            frame.pts, frame.time_base, frame.pict_type = last, tick, PictureType.NONE
            self.pictures += 1
            yield from self._encoded(frame)
        if not self.pictures:
            name = self.frames.edit.takes[0].name
            raise MediaError(f"No frame of {name!r} can be decoded. It is damaged; copy it again.")
        yield from self._encoded(None)

    def rendered(self) -> Rendered:
        """Return what was written."""
        frames = self.frames
        return Rendered(
            seconds=frames.edit.seconds,
            frames=self.pictures,
            damaged=frames.damaged,
            made_whole=frames.interlaced,
        )

    def _encoded(self, frame: "VideoFrame | None") -> "Iterator[tuple[float, Packet[Any]]]":
        for packet in self.stream.encode(frame):
            yield float((packet.dts or 0) * packet.time_base), packet


def _shown_on(take: Take) -> list[str]:
    """Return, as x265 takes it, what the screen could do that a film of high dynamic range was made on."""
    with open_video(take.path, take.name) as footage:
        _, frame = next(footage.frames(take.start_seconds), (0.0, None))
        told = {} if frame is None else {one.type.name: bytes(one) for one in cast("Any", frame.side_data)}
    found = []
    screen, light = told.get("MASTERING_DISPLAY_METADATA", b""), told.get("CONTENT_LIGHT_LEVEL", b"")
    if len(screen) == _MASTERING.size:
        *numbers, has_colours, has_light = _MASTERING.unpack(screen)
        values = [top / (bottom or 1) for top, bottom in zip(numbers[::2], numbers[1::2], strict=True)]
        if has_colours and has_light:
            # In 1/50000 and 1/10000 cd/m² (ITU-T H.265, D.3.28).
            red, green, blue, white = (
                f"({round(x * 50_000)},{round(y * 50_000)})" for x, y in zip(values[:8:2], values[1:8:2], strict=True)
            )
            least, most = (round(one * 10_000) for one in values[8:])
            found.append(f"master-display=G{green}B{blue}R{red}WP{white}L({most},{least})")
    if len(light) == _LIGHT.size:
        found.append("max-cll={},{}".format(*_LIGHT.unpack(light)))
    return found
