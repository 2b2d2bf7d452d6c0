"""How long a file really is: read from its last packets, because declared lengths may be wrong."""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.stream import Stream

SCAN_SECONDS = 3.0
"""Longest time for finding the end; after it the length is only known to be at least this."""
# These have no index: after a seek their times are guesses from the bit rate, so they are read from the start.
_WITHOUT_TIMES = {"mp3", "aac"}


@dataclass(frozen=True, kw_only=True)
class End:
    """Where a stream's packets end."""

    seconds: float | None
    """In the container's own time; None when no packet could be read."""
    reached: bool
    """False when time ran out first: the stream is at least this long."""


def end_of(container: "InputContainer", stream: "Stream", declared_end_seconds: float | None) -> End:
    """Return where the packets of `stream` end; moves the read position."""
    deadline = time.monotonic() + SCAN_SECONDS
    if declared_end_seconds is None or container.format.name in _WITHOUT_TIMES:
        return _read_to_end(container, stream, 0.0, deadline)
    near = _read_to_end(container, stream, declared_end_seconds - 1.0, deadline)
    if near.seconds is not None:
        return near
    # Nothing there: the file was cut off, or the declared length is absurd. Halve until something can be read.
    readable, unreadable = 0.0, declared_end_seconds
    while unreadable - readable > 1.0 and time.monotonic() < deadline:
        middle = (readable + unreadable) / 2
        if _first_packet_seconds(container, stream, middle) is None:
            unreadable = middle
        else:
            readable = middle
    return _read_to_end(container, stream, readable, deadline)


def missing_bytes(file: BinaryIO, demuxer: str) -> int:
    """Return how many bytes the file lacks by its own structure; 0 when it is whole or the format cannot say."""
    size = file.seek(0, 2)
    file.seek(0)
    if demuxer == "mov":
        return max(0, _end_of_boxes(file, size) - size)
    head = file.read(4096)
    file.seek(0)
    if head[:4] == b"RIFF":
        declared = int.from_bytes(head[4:8], "little")
        # Recorders that stream write 0 or the largest number, and large AVI files go on in further chunks.
        return max(0, declared + 8 - size) if 0 < declared < 0xFFFF_FF00 else 0
    if demuxer == "matroska" and (at := head.find(b"\x18\x53\x80\x67")) >= 0:
        width = 9 - head[at + 4].bit_length()
        value = int.from_bytes(head[at + 4 : at + 4 + width], "big") - (1 << (7 * width))
        unknown = (1 << (7 * width)) - 1
        return max(0, at + 4 + width + value - size) if value != unknown else 0
    return 0


def _end_of_boxes(file: BinaryIO, size: int) -> int:
    """Walk the outermost boxes of an MP4 or MOV file and return where the last one ends."""
    position = 0
    for _ in range(10_000):  # fragmented recordings have one or two boxes a second
        if position + 8 > size:
            break
        file.seek(position)
        header = file.read(16)
        length = int.from_bytes(header[:4], "big")
        if length == 1 and len(header) == 16:
            length = int.from_bytes(header[8:16], "big")
        if length < 8:  # 0: up to the end of the file
            position = size
            break
        position += length
    file.seek(0)
    return position


def _read_to_end(container: "InputContainer", stream: "Stream", from_seconds: float, deadline: float) -> End:
    import av

    end: float | None = None
    try:
        _seek(container, stream, from_seconds)
        for count, packet in enumerate(container.demux(stream)):
            stamp = packet.dts if packet.pts is None else packet.pts
            if stamp is not None:
                finish = float((stamp + (packet.duration or 0)) * packet.time_base)
                end = finish if end is None else max(end, finish)
            if count % 256 == 255 and time.monotonic() > deadline:
                return End(seconds=end, reached=False)
    except av.error.FFmpegError:
        pass  # damaged or cut off here: what was read counts
    return End(seconds=end, reached=True)


def _first_packet_seconds(container: "InputContainer", stream: "Stream", from_seconds: float) -> float | None:
    import av

    try:
        _seek(container, stream, from_seconds)
        packet = next(container.demux(stream))
    except (av.error.FFmpegError, StopIteration):
        return None
    stamp = packet.dts if packet.pts is None else packet.pts
    return None if stamp is None or packet.size == 0 else float(stamp * packet.time_base)


def _seek(container: "InputContainer", stream: "Stream", seconds: float) -> None:
    import av

    if stream.time_base is None:
        return
    try:
        # The largest 64-bit number stands for "unknown" in libav, so absurd times stay far below it.
        container.seek(min(int(seconds / stream.time_base), 1 << 60), stream=stream)
    except av.error.FFmpegError:
        if seconds > 0:
            raise
