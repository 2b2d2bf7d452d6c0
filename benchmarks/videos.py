"""Make the videos that the media benchmarks measure on, once; they stay in the temporary folder."""

import os
import random
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Shot = Callable[[int], Picture]
"""Gives the shot's picture number n."""

WIDTH, HEIGHT, FPS = 1280, 720, 25
BITS, BLOCK = 16, 40
"""A frame's number is burned in as blocks of 40×40 pixels, one a bit."""


@dataclass(frozen=True)
class Made:
    """A video and the truth about it."""

    path: Path
    cuts_seconds: list[float]


def folder() -> Path:
    path = Path(tempfile.gettempdir()) / f"sensorium-benchmarks-{os.getuid() if hasattr(os, 'getuid') else 0}"
    path.mkdir(exist_ok=True)
    return path


def numbered(minutes: int) -> Path:
    """Return a 720p video whose frames carry their number: one minute encoded, its packets repeated.

    The number counts within the minute; the minute is told by the frame's time.
    """
    one = folder() / "numbered-1min.mp4"
    if not one.exists():
        backdrop = texture(7)

        def paint(number: int) -> Picture:
            picture = pan(backdrop, number * 3, number)
            for bit in range(BITS):
                picture[:BLOCK, bit * BLOCK : (bit + 1) * BLOCK] = 255 if number >> bit & 1 else 0
            return picture

        encode(one, (paint(number) for number in range(60 * FPS)), crf="26", g="250", bf="2")
    if minutes == 1:
        return one
    many = folder() / f"numbered-{minutes}min.mp4"
    if not many.exists():
        repeat(one, many, minutes)
    return many


def number_in(picture: Picture) -> int:
    """Read the number that `numbered` burned in."""
    return sum(int(picture[BLOCK // 2, bit * BLOCK + BLOCK // 2].mean() > 128) << bit for bit in range(BITS))


def repeat(source: Path, target: Path, times: int) -> None:
    """Write the packets of `source` several times in a row, without encoding again."""
    partial = target.with_suffix(".part.mp4")
    with av.open(str(partial), "w") as out:
        video = None
        for turn in range(times):
            with av.open(str(source)) as container:
                stream = container.streams.video[0]
                video = video or out.add_stream_from_template(stream)
                length = stream.duration
                for packet in container.demux(stream):
                    if packet.dts is None:
                        continue
                    packet.pts += turn * length
                    packet.dts += turn * length
                    packet.stream = video
                    out.mux(packet)
    partial.replace(target)


def shots(name: str, *, seconds: int, count: int, seed: int = 1, sound: bool = False, **options: str) -> Made:
    """Return a video of `count` shots of mixed kinds, with hard cuts between them and none inside."""
    path = folder() / f"{name}-{seconds}s-{count}-{seed}.mp4"
    rng = random.Random(seed)
    total = seconds * FPS
    # Lengths from 2 s up; what is left is spread at random.
    weights = [rng.uniform(0.3, 2.0) for _ in range(count)]
    spare = total - count * 2 * FPS
    lengths = [2 * FPS + int(spare * weight / sum(weights)) for weight in weights]
    lengths[-1] += total - sum(lengths)
    starts = [sum(lengths[:number]) for number in range(count)]
    if not path.exists():
        encode(path, _play(lengths, seed), sound_seconds=seconds if sound else 0, **options)
    return Made(path, [start / FPS for start in starts[1:]])


def slides(name: str, *, seconds: int, count: int, seed: int = 5) -> Made:
    """Return a talk of still slides."""
    path = folder() / f"{name}-{seconds}s-{count}-{seed}.mp4"
    rng = random.Random(seed)
    starts = [0, *sorted(rng.sample(range(3 * FPS, seconds * FPS, 2 * FPS), count - 1))]
    if not path.exists():
        ends = [*starts[1:], seconds * FPS]
        shown = [(_slide(seed * 1000 + number, 0), ends[number] - starts[number]) for number in range(count)]
        encode(path, (shot(0) for shot, length in shown for _ in range(length)))
    return Made(path, [start / FPS for start in starts[1:]])


def _play(lengths: list[int], seed: int) -> Iterator[Picture]:
    for number, length in enumerate(lengths):
        shot = KINDS[number % len(KINDS)](seed * 1000 + number, length)
        for frame in range(length):
            yield shot(frame)


def encode(path: Path, pictures: Iterator[Picture], *, sound_seconds: int = 0, **options: str) -> None:
    partial = path.with_suffix(".part.mp4")
    with av.open(str(partial), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"preset": "veryfast", "crf": "23", **options})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        voice = container.add_stream("aac", rate=44_100, layout="stereo") if sound_seconds else None
        for number, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            container.mux(stream.encode(frame))
            if voice is not None and number % FPS == 0:
                container.mux(voice.encode(_second_of_sound(number // FPS)))
        container.mux(stream.encode(None))
        if voice is not None:
            container.mux(voice.encode(None))
    partial.replace(path)


def _second_of_sound(second: int) -> av.AudioFrame:
    times = np.arange(44_100) / 44_100
    wave = (0.2 * np.sin(2 * np.pi * (220 + 20 * (second % 12)) * times)).astype(np.float32)
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(np.stack([wave, wave])), format="fltp", layout="stereo")
    frame.sample_rate, frame.pts, frame.time_base = 44_100, second * 44_100, Fraction(1, 44_100)
    return frame


# --- what the shots show -----------------------------------------------------------------------------------------


def texture(seed: int, *, width: int = 2 * WIDTH, height: int = HEIGHT + 360, low: int = 0, high: int = 255) -> Picture:
    """Return a picture with detail at every scale, as photographs have."""
    import cv2

    rng = np.random.default_rng(seed)
    layers = np.zeros((height, width, 3), np.float32)
    for scale, weight in ((4, 0.12), (12, 0.22), (40, 0.5), (160, 1.0)):
        noise = rng.random((height // scale + 2, width // scale + 2, 3), dtype=np.float32)
        layers += weight * cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)
    for _ in range(60):
        centre = (int(rng.integers(width)), int(rng.integers(height)))
        colour = tuple(float(value) for value in rng.random(3) * 1.8)
        cv2.circle(layers, centre, int(rng.integers(8, 110)), colour, thickness=-1, lineType=cv2.LINE_AA)
    layers = (layers - layers.min()) / (layers.max() - layers.min())
    return (low + layers * (high - low)).astype(np.uint8)


def pan(backdrop: Picture, x: int, y: int = 0) -> Picture:
    """Return a crop that moves back and forth over a larger picture."""
    spare_x, spare_y = backdrop.shape[1] - WIDTH, backdrop.shape[0] - HEIGHT
    left, top = _bounced(x, spare_x), _bounced(y, spare_y)
    return backdrop[top : top + HEIGHT, left : left + WIDTH].copy()


def grain(picture: Picture, number: int, strength: float) -> Picture:
    """Return the picture with sensor noise, new in each frame."""
    noise = _noise()
    shift = np.random.default_rng(number).integers(0, 256, 2)
    tile = noise[shift[0] : shift[0] + HEIGHT, shift[1] : shift[1] + WIDTH, None]
    return np.clip(picture + strength * tile, 0, 255).astype(np.uint8)


_NOISE: list[NDArray[np.float32]] = []


def _noise() -> NDArray[np.float32]:
    if not _NOISE:
        _NOISE.append(np.random.default_rng(0).standard_normal((HEIGHT + 256, WIDTH + 256), dtype=np.float32))
    return _NOISE[0]


def _pan(seed: int, length: int) -> Shot:
    backdrop, speed = texture(seed), 2 + seed % 5
    return lambda n: grain(pan(backdrop, n * speed, n // 2), n, 2)


def _zoom(seed: int, length: int) -> Shot:
    import cv2

    backdrop = texture(seed)[:HEIGHT, :WIDTH]

    def shot(n: int) -> Picture:
        matrix = cv2.getRotationMatrix2D((WIDTH / 2, HEIGHT / 2), 0, 1 + 0.5 * n / length)
        return grain(cv2.warpAffine(backdrop, matrix, (WIDTH, HEIGHT)), n, 2)

    return shot


def _slide(seed: int, length: int) -> Shot:
    import cv2

    rng = random.Random(seed)
    picture = np.full((HEIGHT, WIDTH, 3), 250, np.uint8)
    letters = "etaoinshrdlucmfwypvbgk"
    for line in range(rng.randint(4, 7)):
        words = " ".join("".join(rng.choices(letters, k=rng.randint(2, 9))) for _ in range(rng.randint(3, 6)))
        cv2.putText(picture, words, (60, 120 + 90 * line), cv2.FONT_HERSHEY_SIMPLEX, 1.4, (20, 20, 60), 3, cv2.LINE_AA)
    return lambda n: picture


def _person(seed: int, length: int) -> Shot:
    import cv2

    backdrop = texture(seed)[:HEIGHT, :WIDTH]

    def shot(n: int) -> Picture:
        picture = backdrop.copy()
        centre = (int(640 + 60 * np.sin(n / 17)), int(330 + 20 * np.sin(n / 5)))
        cv2.ellipse(picture, centre, (120, 170), 5 * float(np.sin(n / 9)), 0, 360, (224, 172, 105), -1, cv2.LINE_AA)
        cv2.ellipse(picture, (centre[0], centre[1] + 60), (40, 8 + n * 7 % 18), 0, 0, 360, (120, 30, 30), -1)
        return grain(picture, n, 3)

    return shot


def _objects(seed: int, length: int) -> Shot:
    import cv2

    rng = np.random.default_rng(seed)
    colours = rng.integers(40, 255, (14, 3))
    places, speeds = rng.integers(0, 700, (14, 2)), rng.integers(-9, 10, (14, 2))
    backdrop = texture(seed, low=60, high=180)[:HEIGHT, :WIDTH]

    def shot(n: int) -> Picture:
        picture = backdrop.copy()
        for colour, place, speed in zip(colours, places, speeds, strict=True):
            x, y = (int(value) for value in place + speed * n)
            left, top = _bounced(x, WIDTH - 120), _bounced(y, HEIGHT - 120)
            cv2.rectangle(picture, (left, top), (left + 110, top + 110), [int(value) for value in colour], -1)
        return grain(picture, n, 2)

    return shot


def _bounced(position: int, end: int) -> int:
    return end - abs(position % (2 * end) - end)


def _dark(seed: int, length: int) -> Shot:
    """A dim room; the next shot of this kind has nearly the same histogram."""
    backdrop = texture(seed, low=20, high=75)
    return lambda n: grain(pan(backdrop, n, 0), n, 4)


def _darker(seed: int, length: int) -> Shot:
    return _dark(seed, length)


def _flash(seed: int, length: int) -> Shot:
    """A still picture with a photographer's flash in it, which is no cut."""
    backdrop = texture(seed)[:HEIGHT, :WIDTH]
    white = np.full((HEIGHT, WIDTH, 3), 245, np.uint8)
    return lambda n: white if n in (length // 2, length // 2 + 1) else grain(backdrop, n, 2)


def _fade(seed: int, length: int) -> Shot:
    """The light goes slowly down and up again, which is no cut."""
    backdrop = texture(seed)[:HEIGHT, :WIDTH]
    return lambda n: grain((backdrop * (0.6 + 0.4 * np.cos(2 * np.pi * n / length))).astype(np.uint8), n, 2)


def _crop(seed: int, length: int) -> Shot:
    """Another part of the same place as the shot before it, held by hand."""
    backdrop = texture(seed // 2)

    def shot(n: int) -> Picture:
        return grain(pan(backdrop, seed * 397 % 900 + int(4 * np.sin(n / 3)), 20 + int(3 * np.cos(n / 4))), n, 3)

    return shot


KINDS = (_pan, _slide, _person, _dark, _darker, _zoom, _objects, _flash, _crop, _crop, _fade, _slide, _slide, _pan)
