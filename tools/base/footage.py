"""An open video: its frames in order of display, from any second on, each with its true time."""

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, cast

from .errors import MediaError
from .safe_open import open_media, video_stream
from .upright import Turn, display_size, fit, turn_of

if TYPE_CHECKING:
    import numpy as np
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.reformatter import VideoReformatter
    from av.video.stream import VideoStream
    from numpy.typing import NDArray

TOLERANCE_SECONDS = 1e-6
"""Times are written with six decimals; a frame's own written time must find that frame again."""
# A damaged stretch gives one error a packet; after this many in a row nothing good follows.
MAX_ERRORS_IN_A_ROW = 1_000


@dataclass
class Footage:
    """A video that is open for reading."""

    container: "InputContainer"
    stream: "VideoStream"
    name: str
    start_seconds: float
    """Time of the first frame in the container; all other times here count from it."""
    turn: Turn
    width_pixels: int
    """As displayed."""
    height_pixels: int
    scaler: "VideoReformatter"
    decoded: int = field(default=0, init=False)
    """Frames decoded so far."""
    errors: int = field(default=0, init=False)
    """Packets that could not be decoded."""

    def frames(
        self, from_seconds: float, *, wanted: "Callable[[float], bool] | None" = None
    ) -> "Generator[tuple[float, VideoFrame]]":
        """Yield (seconds, frame) in order; the first is the one shown at `from_seconds`, or an earlier one.

        Args:
            from_seconds: Where to start.
            wanted: Tells whether frames around a time are needed. Where they are not, those that no other frame is
                built on are left out, which saves a third of the work.
        """
        back = 0.0
        while True:
            target = max(0.0, from_seconds - back)
            self.seek(target)
            frames = self._decode(wanted)
            first = next(frames, None)
            if first is not None and (target <= 0 or first[0] <= from_seconds + TOLERANCE_SECONDS):
                yield first
                yield from frames
                return
            if target <= 0:
                return
            # The demuxer went by decoding time and landed behind the frame, or where nothing can be read.
            back = max(1.0, back * 2)

    def image(self, frame: "VideoFrame", width_pixels: int | None = None) -> "NDArray[np.uint8]":
        """Return a frame as upright RGB, scaled down to `width_pixels` when it is wider."""
        width, height = fit(self.width_pixels, self.height_pixels, width_pixels)
        if self.turn.transpose:
            width, height = height, width
        # One scaler for all frames: setting one up costs as much as two frames, and its threads more than they save.
        scaled = self.scaler.reformat(frame, width, height, "rgb24", interpolation="AREA", threads=1)
        return self.turn.apply(cast("NDArray[np.uint8]", scaled.to_ndarray()))

    def seek(self, seconds: float) -> None:
        """Go to the key frame at or before a time, as well as the container can.

        Raises:
            MediaError: No place in it can be found.
        """
        import av

        assert self.stream.time_base is not None
        # In AVI the first frame has a later time than its packet, by which the index goes.
        first = min(self.start_seconds, float((self.stream.start_time or 0) * self.stream.time_base))
        try:
            if seconds <= 0 and self.container.format.name == "mpegts":
                # By time, its search lands behind the first key frame.
                self.container.seek(0, unsupported_byte_offset=True)
                return
            to = seconds + self.start_seconds if seconds > 0 else first
            # A time that was rounded down must not lead to the key frame before; libav keeps times in 64 bits.
            ticks = min((to + TOLERANCE_SECONDS) / self.stream.time_base, 1 << 60)
            self.container.seek(int(ticks), stream=self.stream)
        except av.error.FFmpegError:
            # Some demuxers refuse times beyond their end or before their start.
            try:
                self.container.seek(int(first / self.stream.time_base), stream=self.stream)
            except av.error.FFmpegError as error:
                raise MediaError(
                    f"{self.name!r} cannot be read from {seconds:g} s on ({error}): it is damaged. Copy it again."
                ) from error

    def packets(self) -> "Iterator[Packet[VideoStream]]":
        """Yield packets from the read position on; stop where the file cannot be read further."""
        import av

        while True:
            try:
                yield from self.container.demux(self.stream)
            except IndexError:
                continue  # of a stream that begins in the middle, which PyAV does not know; it reads on behind it
            except av.error.FFmpegError:
                self.errors += 1
            return

    def decode(self, packet: "Packet[VideoStream]") -> "list[VideoFrame]":
        """Return the frames a packet completes; none when it is damaged."""
        import av

        try:
            frames = packet.decode()
        except av.error.FFmpegError:
            self.errors += 1
            return []
        self.decoded += len(frames)
        return frames

    def key_frame(self, packet: "Packet[VideoStream]") -> "VideoFrame | None":
        """Return the frame of a key packet, by itself: nothing around it is decoded."""
        import av

        frames = self.decode(packet)
        try:
            # The decoder would hold it back until it knows that no earlier frame follows.
            frames += self.stream.codec_context.decode(None)
        except av.error.FFmpegError:
            self.errors += 1
        self.stream.codec_context.flush_buffers()
        return frames[0] if frames else None

    def packet_seconds(self, packet: "Packet[VideoStream]") -> float | None:
        """Return when the frame of a packet is displayed."""
        stamp = packet.dts if packet.pts is None or counts_frames(self.stream) else packet.pts
        if stamp is None:
            return None
        return round(float(stamp * packet.time_base) - self.start_seconds, 6)

    def _decode(self, wanted: "Callable[[float], bool] | None") -> "Generator[tuple[float, VideoFrame]]":
        clock = Clock(self.stream, self.start_seconds)
        codec = self.stream.codec_context
        codec.skip_frame = "DEFAULT"
        bad = 0
        for packet in self.packets():
            clock.saw(packet)
            if (
                wanted is not None
                and not counts_frames(self.stream)
                and (at := self.packet_seconds(packet)) is not None
            ):
                codec.skip_frame = "DEFAULT" if wanted(at) else "NONREF"
            before = self.errors
            for frame in self.decode(packet):
                if (seconds := clock.seconds(frame)) is not None:
                    yield seconds, frame
            bad = bad + 1 if self.errors > before else 0
            if bad > MAX_ERRORS_IN_A_ROW:
                return


class Clock:
    """Tells the time of the frames that come out of a decoder, counted from the first frame of the file."""

    def __init__(self, stream: "VideoStream", start_seconds: float) -> None:
        assert stream.time_base is not None
        self._tick = float(stream.time_base)
        self._start = start_seconds
        self._frame_seconds = float(1 / (stream.average_rate or stream.base_rate or 25))
        self._counted = counts_frames(stream)
        self._count = 0
        self._base: int | None = None
        self._last = -1e12

    def saw(self, packet: "Packet[VideoStream]") -> None:
        """Note a packet before it is decoded."""
        if self._base is None and packet.dts is not None:
            self._base = packet.dts

    def seconds(self, frame: "VideoFrame") -> float | None:
        """Return a frame's time, or None for a frame out of order, which no player shows."""
        if self._counted:
            at = ((self._base or 0) + self._count) * self._tick - self._start
            self._count += 1
        elif frame.pts is not None:
            at = float(frame.pts * frame.time_base) - self._start if frame.time_base else self._last
        else:
            at = max(0.0, self._last + self._frame_seconds)
        if at <= self._last:
            return None
        self._last = at
        return round(at, 6)


@contextmanager
def open_video(path: Path, name: str) -> "Iterator[Footage]":
    """Open a video and read its first frame.

    Raises:
        MediaError: There is no moving picture, or none that can be decoded.
    """
    from av.video.reformatter import VideoReformatter

    with open_media(path, name) as container:
        stream = video_stream(container)
        if stream is None:
            held = ", ".join(
                f"{one.type} ({one.codec_context.name if one.codec_context else '?'})" for one in container.streams
            )
            raise MediaError(f"{name!r} has no moving picture; it has: {held or 'nothing'}. Use a tool for sound.")
        only(container, stream)
        # One thread costs a fifth less CPU than several, and other steps run beside this one.
        stream.thread_type = "NONE"
        frame = first_frame(container, stream)
        if frame is None:
            raise MediaError(
                f"No frame of {name!r} ({stream.codec_context.name}) can be decoded: it is damaged or cut off "
                "right at its start. Copy it again."
            )
        width, height = display_size(stream, frame)
        start = start_of(stream, frame)
        yield Footage(container, stream, name, start, turn_of(frame), width, height, VideoReformatter())


def only(container: "InputContainer", stream: "VideoStream") -> None:
    """Tell the demuxer not to read the other streams."""
    from av.stream import Discard

    for other in container.streams:
        if other.index != stream.index:
            other.discard = Discard.all


def first_frame(container: "InputContainer", stream: "VideoStream") -> "VideoFrame | None":
    """Return the first frame that can be decoded, of those in the first packets."""
    import av

    bad = 0
    try:
        for packet in container.demux(stream):
            try:
                for frame in packet.decode():
                    return frame
            except av.error.FFmpegError:
                bad += 1
                if bad > MAX_ERRORS_IN_A_ROW:
                    return None
    except av.error.FFmpegError:
        pass
    return None


def counts_frames(stream: "VideoStream") -> bool:
    """Return whether frames must be counted from the key frame on, because the container's times are wrong.

    AVI has no display times, and libav guesses them wrongly for codecs whose frames are reordered by more than one.
    """
    return stream.container.format.name == "avi" and stream.codec_context.name in ("h264", "hevc")


def start_of(stream: "VideoStream", frame: "VideoFrame | None") -> float:
    """Return the container's time of the first frame."""
    if not counts_frames(stream) and frame is not None and frame.time is not None:
        return float(frame.time)
    if stream.start_time is not None and stream.time_base is not None:
        return float(stream.start_time * stream.time_base)
    return 0.0
