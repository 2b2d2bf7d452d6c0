"""Make media that is damaged, rare or hostile."""

import struct
import zlib
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

BITS, BLOCK = 10, 16
WIDTH, HEIGHT = BITS * BLOCK, 96


def numbered(
    path: Path,
    frames: int,
    *,
    codec: str = "libx264",
    times_ms: Sequence[int] | None = None,
    rate: Fraction | int = 25,
    gop: int = 30,
    turn: float = 0.0,
    mirror: bool = False,
    aspect: Fraction | None = None,
    options: dict[str, str] | None = None,
) -> Path:
    """Write a video whose frames carry their number as black and white blocks along the upper edge.

    Args:
        path: Its ending chooses the container.
        frames: How many.
        codec: The encoder.
        times_ms: When each frame is shown; evenly by `rate` when left out.
        rate: Frames a second.
        gop: Frames from one key frame to the next.
        turn: Store the picture turned, with a display matrix that turns it back by so many degrees counterclockwise.
        mirror: Store it mirrored as well.
        aspect: Width of a pixel over its height.
        options: Of the encoder.
    """
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, options=options or {})
        stream.pix_fmt, stream.gop_size = "yuv420p", gop
        if turn or mirror:
            stream.set_display_rotation(turn, hflip=mirror)
        if aspect is not None:
            stream.codec_context.sample_aspect_ratio = aspect
        if times_ms is not None:
            stream.codec_context.time_base = Fraction(1, 1000)
        for number in range(frames):
            stored = painted(number)
            if mirror:
                stored = stored[:, ::-1]
            stored = np.ascontiguousarray(np.rot90(stored, -round(turn / 90)))
            frame = av.VideoFrame.from_ndarray(stored, format="rgb24")
            if number == 0:
                stream.width, stream.height = frame.width, frame.height
            frame.pts, frame.time_base = number, 1 / Fraction(rate)
            if times_ms is not None:
                frame.pts, frame.time_base = times_ms[number], Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def painted(number: int) -> np.ndarray:
    """Return the picture of a number: its bits as blocks, on grey that changes from frame to frame."""
    picture = np.full((HEIGHT, WIDTH, 3), 60 + number * 37 % 120, np.uint8)
    for bit in range(BITS):
        picture[:BLOCK, bit * BLOCK : (bit + 1) * BLOCK] = 255 if number >> bit & 1 else 0
    return picture


def number_in(picture: np.ndarray) -> int:
    """Read the number of an upright picture of any size."""
    height, width = picture.shape[:2]
    row = height * BLOCK // HEIGHT // 2
    return sum(int(picture[row, int((bit + 0.5) * width / BITS)].mean() > 128) << bit for bit in range(BITS))


def one_large_frame(path: Path, width: int, height: int) -> Path:
    """Write a video of one plain frame."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mjpeg", rate=1)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuvj420p"
        frame = av.VideoFrame(width, height, "yuvj420p")
        for plane in frame.planes:
            plane.update(b"\x80" * plane.buffer_size)
        frame.pts = 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def remuxed(source: Path, target: Path, **options: str) -> Path:
    """Write the packets of a file into another container."""
    with av.open(str(source)) as container, av.open(str(target), "w", options=options) as out:
        copies = {stream.index: out.add_stream_from_template(stream) for stream in container.streams}
        for packet in container.demux():
            if packet.dts is not None:
                packet.stream = copies[packet.stream.index]
                out.mux(packet)
    return target


def streamed(source: Path, target: Path) -> Path:
    """Write a Matroska file as a live recorder does: without a length and without an index."""

    class Pipe:
        def __init__(self) -> None:
            self.content = b""

        def write(self, content: bytes) -> int:
            self.content += content
            return len(content)

    pipe = Pipe()
    with av.open(str(source)) as container, av.open(pipe, "w", format="matroska") as out:
        copies = {stream.index: out.add_stream_from_template(stream) for stream in container.streams}
        for packet in container.demux():
            if packet.dts is not None:
                packet.stream = copies[packet.stream.index]
                out.mux(packet)
    target.write_bytes(pipe.content)
    return target


def halved(source: Path, target: Path) -> Path:
    """Write the first half of a file, as an interrupted copy does."""
    content = source.read_bytes()
    target.write_bytes(content[: len(content) // 2])
    return target


def declaring(source: Path, target: Path, *, box: bytes, ticks: int) -> Path:
    """Write an MP4 whose header box (`mvhd` or `mdhd`, version 0) declares another length."""
    content = bytearray(source.read_bytes())
    at = content.find(box) + len(box) + 16
    content[at : at + 4] = struct.pack(">I", ticks)
    target.write_bytes(content)
    return target


def png_header(path: Path, width: int, height: int) -> Path:
    """Write a PNG that claims a size and has hardly any content."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(b"\0" * 1000))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + header + pixels + chunk(b"IEND", b""))
    return path


def wav_header(path: Path, *, rate: int = 16_000, channels: int = 1) -> Path:
    """Write a WAV file with any claims in its header and a second of silence."""
    samples = b"\0" * 32_000
    layout = struct.pack("<HHIIHH", 1, channels, rate, rate * 2 % 2**32, 2 * channels % 2**16, 16)
    body = b"WAVEfmt " + struct.pack("<I", len(layout)) + layout + b"data" + struct.pack("<I", len(samples)) + samples
    path.write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)
    return path
