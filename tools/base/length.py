"""How long a file really is: read from its last packets, because declared lengths may be wrong."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.stream import Stream

SCAN_SECONDS = 3.0
"""Longest time for finding the end; after it the length is only known to be at least this."""
# These have no index: after a seek their times are guesses from the bit rate, so they are read from the start.
WITHOUT_TIMES = {"mp3", "aac"}
# The object that holds the size and, further on, whether it is known (ASF 1.20.05, 3.2).
_ASF_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")


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
    if declared_end_seconds is None or container.format.name in WITHOUT_TIMES:
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
    if demuxer == "matroska" and 0 <= (at := head.find(b"\x18\x53\x80\x67")) < len(head) - 4:
        width = 9 - head[at + 4].bit_length()
        value = int.from_bytes(head[at + 4 : at + 4 + width], "big") - (1 << (7 * width))
        unknown = (1 << (7 * width)) - 1
        return max(0, at + 4 + width + value - size) if value != unknown else 0
    if demuxer == "asf" and 0 <= (at := head.find(_ASF_PROPERTIES)) < len(head) - 100:
        is_broadcast = head[at + 88] & 1
        return 0 if is_broadcast else max(0, int.from_bytes(head[at + 40 : at + 48], "little") - size)
    return 0


def declared_seconds(file: BinaryIO, demuxer: str) -> float | None:
    """Return the length an MP4 or MOV file declares in its header, which libav passes over; None for other formats."""
    if demuxer != "mov":
        return None
    size = file.seek(0, 2)
    for name, start, end in _boxes(file, 0, size):
        if name == b"moov":
            header = next((at for inner, at, _ in _boxes(file, start, min(end, size)) if inner == b"mvhd"), None)
            if header is None:
                return None
            file.seek(header)
            fields = file.read(32)
            # Version 1 has times and length in 64 bits; all ones mean unknown.
            wide = fields[:1] == b"\x01"
            scale, length = (fields[20:24], fields[24:32]) if wide else (fields[12:16], fields[16:20])
            ticks = int.from_bytes(length, "big")
            known = 0 < ticks < (1 << (64 if wide else 32)) - 1
            return ticks / max(1, int.from_bytes(scale, "big")) if known else None
    return None


def _end_of_boxes(file: BinaryIO, size: int) -> int:
    """Return where the last of the outermost boxes of an MP4 or MOV file ends."""
    return max((end for _, _, end in _boxes(file, 0, size)), default=size)


def _boxes(file: BinaryIO, start: int, size: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield name, start of the content, and end of the boxes that follow each other from `start` on."""
    for _ in range(10_000):  # fragmented recordings have one or two boxes a second
        if start + 8 > size:
            return
        file.seek(start)
        header = file.read(16)
        length, content = int.from_bytes(header[:4], "big"), start + 8
        if length == 1:
            length, content = int.from_bytes(header[8:16], "big"), start + 16
        if length == 0:  # up to the end of the file
            length = size - start
        if length < content - start:
            return
        yield header[4:8], content, start + length
        start += length


def _read_to_end(container: "InputContainer", stream: "Stream", from_seconds: float, deadline: float) -> End:
    import av

    end: float | None = None
    try:
        _seek(container, stream, from_seconds)
        for count, packet in enumerate(container.demux(stream)):
            stamp = packet.dts if packet.pts is None else packet.pts
            if stamp is not None:
                duration = packet.duration or 0
                # libav's Ogg demuxer gives a length below zero as one of 32 bits without a sign.
                finish = float((stamp + (duration if duration < 1 << 31 else 0)) * packet.time_base)
                end = finish if end is None else max(end, finish)
            if count % 256 == 255 and time.monotonic() > deadline:
                return End(seconds=end, reached=False)
    except (av.error.FFmpegError, IndexError):
        pass  # damaged or cut off here, or a new stream begins: what was read counts
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
