"""Make small real media for tests."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image, ImageDraw, ImageFont

Paint = Callable[[int], Image.Image]


def slide(text: str, *, width: int = 640, height: int = 360, colour: str = "white", ink: str = "black") -> Image.Image:
    """Return a picture with one or more lines of text on it."""
    picture = Image.new("RGB", (width, height), colour)
    ImageDraw.Draw(picture).multiline_text((40, 60), text, fill=ink, font=ImageFont.load_default(size=34), spacing=16)
    return picture


def tone(seconds: float, *, hertz: float = 440.0, level: float = 0.3, rate: int = 16_000) -> np.ndarray:
    """Return mono float32 samples of a sine; level 0 is silence."""
    return (level * np.sin(2 * np.pi * hertz * np.arange(int(seconds * rate)) / rate)).astype(np.float32)


def video(
    path: Path,
    paint: Paint,
    *,
    seconds: float,
    fps: int = 10,
    sound: np.ndarray | None = None,
    rate: int = 16_000,
    options: dict[str, str] | None = None,
    gop: int = 50,
) -> Path:
    """Write an H.264 video whose frame `n` is `paint(n)`, with AAC sound when given (mono float32)."""
    with av.open(str(path), "w") as container:
        first = paint(0)
        stream = container.add_stream("libx264", rate=fps, options={"preset": "ultrafast", **(options or {})})
        stream.width, stream.height, stream.pix_fmt, stream.gop_size = first.width, first.height, "yuv420p", gop
        voice = container.add_stream("aac", rate=rate, layout="mono") if sound is not None else None
        for number in range(round(seconds * fps)):
            frame = av.VideoFrame.from_image(paint(number))
            frame.pts, frame.time_base = number, Fraction(1, fps)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if voice is not None and sound is not None:
            for start in range(0, len(sound), 1024):
                block = np.ascontiguousarray(sound[start : start + 1024][None])
                heard = av.AudioFrame.from_ndarray(block, format="fltp", layout="mono")
                heard.sample_rate, heard.pts, heard.time_base = rate, start, Fraction(1, rate)
                container.mux(voice.encode(heard))
            container.mux(voice.encode(None))
    return path


def wav(path: Path, samples: np.ndarray, *, rate: int = 16_000) -> Path:
    """Write mono float32 samples as a 16-bit WAV file."""
    import wave

    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return path
