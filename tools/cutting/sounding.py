"""The sound of a part of a file, to the sample, on the picture's clock; silence where there is none."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, cast

from ..base.length import WITHOUT_TIMES
from ..base.run import Run
from ..base.safe_open import audio_stream, open_media
from ..base.sound_blocks import Reading, frames, mixable, sound_stream

if TYPE_CHECKING:
    import numpy as np
    from av import AudioFrame
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from numpy.typing import NDArray

    Block = NDArray[np.float32]

RATE = 48_000
BLOCK_SAMPLES = 4096
_TOLERANCE_SECONDS = 0.05
"""Times jitter by less; what differs by more is a gap or an overlap."""
_EARLY_SECONDS = 0.5
"""Reading begins so much before a part: the first frames after a seek may be incomplete."""


@dataclass(frozen=True, kw_only=True)
class Heard:
    """A part of a file's sound."""

    path: Path
    name: str
    start_seconds: float
    """From the file's second 0: its first picture, or its first sample."""
    seconds: float
    origin_seconds: float
    """Second 0 on the container's clock."""
    channels: int = 2
    rate: int = RATE

    def blocks(self, run: Run, reading: Reading | None = None) -> "Iterator[Block]":
        """Yield (channels, samples), exactly as many as the length has.

        Raises:
            MediaError: There is no sound, or nothing of it can be decoded.
        """
        import numpy as np

        left = round(self.seconds * self.rate)
        for block in self._decoded(run, reading or Reading()):
            if left <= 0:
                break
            yield block[:, :left]
            left -= block.shape[1]
        while left > 0:
            yield np.zeros((self.channels, min(left, self.rate)), np.float32)
            left -= self.rate

    def _decoded(self, run: Run, reading: Reading) -> "Iterator[Block]":
        import numpy as np

        with open_media(self.path, self.name) as container, mixable(container, self.name):
            stream = sound_stream(container, self.name)
            self._seek(container)
            drop: int | None = None
            for block in self._joined(self._placed(container, stream, run, reading)):
                if isinstance(block, float):
                    # Where the first sample belongs: what is before the part is left out.
                    drop = max(0, round(-block * self.rate))
                    continue
                cut = min(drop or 0, block.shape[1])
                drop = (drop or 0) - cut
                if cut < block.shape[1]:
                    yield np.ascontiguousarray(block[:, cut:])

    def _placed(
        self, container: "InputContainer", stream: "AudioStream", run: Run, reading: Reading
    ) -> "Iterator[tuple[float, AudioFrame]]":
        """Yield the frames that are heard in the part, with where they belong, in seconds from its start."""
        at: float | None = None
        for frame in frames(container, stream, self.name, run, reading):
            length = frame.samples / frame.sample_rate
            stamp = (at or 0.0) if frame.time is None else frame.time - self.origin_seconds - self.start_seconds
            if stamp >= self.seconds:
                return
            if stamp + length <= 0 or (at is not None and stamp - at < -_TOLERANCE_SECONDS):
                continue
            # Times that only jitter must not tear sound apart.
            at = stamp if at is None or stamp - at > _TOLERANCE_SECONDS else at
            yield at, frame
            at += length

    def _joined(self, placed: "Iterator[tuple[float, AudioFrame]]") -> "Iterator[float | Block]":
        """Yield where the first sample belongs, then sound without gaps."""
        from av import AudioResampler

        layout = "mono" if self.channels == 1 else "stereo"
        resampler, shape, end = None, None, 0.0
        for number, (at, frame) in enumerate(placed):
            if number == 0:
                yield at
                end = min(at, 0.0)
            is_gap = at - end > _TOLERANCE_SECONDS
            if resampler is None or is_gap or shape != (frame.format.name, frame.layout.name, frame.sample_rate):
                if resampler is not None:
                    yield from _arrays(resampler.resample(None))
                shape = (frame.format.name, frame.layout.name, frame.sample_rate)
                resampler = AudioResampler(format="fltp", layout=layout, rate=self.rate)
            if is_gap:
                yield from _silence(self.channels, round((at - end) * self.rate), self.rate)
            end = at + frame.samples / frame.sample_rate
            frame.pts = None
            yield from _arrays(resampler.resample(frame))
        if resampler is not None:
            yield from _arrays(resampler.resample(None))

    def _seek(self, container: "InputContainer") -> None:
        import av

        stream = audio_stream(container)
        seconds = self.origin_seconds + self.start_seconds - _EARLY_SECONDS
        if seconds <= 0 or stream is None or stream.time_base is None or container.format.name in WITHOUT_TIMES:
            return
        try:
            container.seek(int(seconds / stream.time_base), stream=stream)
        except av.error.FFmpegError:
            container.seek(0)


def _arrays(found: "Sequence[AudioFrame]") -> "Iterator[Block]":
    for frame in found:
        yield cast("Block", frame.to_ndarray())


def _silence(channels: int, samples: int, rate: int) -> "Iterator[Block]":
    import numpy as np

    while samples > 0:
        yield np.zeros((channels, min(samples, rate)), np.float32)
        samples -= rate


def even(blocks: "Iterator[Block]", samples: int = BLOCK_SAMPLES) -> "Iterator[Block]":
    """Yield the same sound in blocks of one length; the last one may be shorter."""
    import numpy as np

    rest: Block | None = None
    for block in blocks:
        joined = block if rest is None else np.concatenate([rest, block], axis=1)
        whole = joined.shape[1] // samples * samples
        for start in range(0, whole, samples):
            yield joined[:, start : start + samples]
        rest = joined[:, whole:]
    if rest is not None and rest.shape[1]:
        yield rest


def at_tempo(blocks: "Iterator[Block]", factor: float, channels: int, rate: int = RATE) -> "Iterator[Block]":
    """Yield sound that is so many times as fast, as high as before (libavfilter's `atempo`)."""
    import av
    import numpy as np
    from av.filter import Graph

    graph, tick = Graph(), Fraction(1, rate)
    layout = "mono" if channels == 1 else "stereo"
    last = graph.add_abuffer(sample_rate=rate, format="fltp", layout=layout, time_base=tick)
    for one in _factors(factor):
        tempo = graph.add("atempo", f"{one:.9f}")
        last.link_to(tempo)
        last = tempo
    planar, sink = graph.add("aformat", "sample_fmts=fltp"), graph.add("abuffersink")
    last.link_to(planar)
    planar.link_to(sink)
    graph.configure()

    def pulled() -> "Iterator[Block]":
        while True:
            try:
                frame = graph.pull()
            except (av.error.BlockingIOError, av.error.EOFError):
                return
            yield cast("Block", frame.to_ndarray())

    at = 0
    for block in blocks:
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(block), format="fltp", layout=layout)
        frame.sample_rate, frame.pts, frame.time_base = rate, at, tick
        at += block.shape[1]
        graph.push(frame)
        yield from pulled()
    graph.push(None)
    yield from pulled()


def _factors(factor: float) -> list[float]:
    """Return factors of 0.5 to 2 whose product is the given one: beyond these the filter leaves samples out."""
    found = []
    while factor > 2:
        found.append(2.0)
        factor /= 2
    while factor < 0.5:
        found.append(0.5)
        factor *= 2
    return [*found, factor]


def mixed(one: "Iterator[Block]", other: "Iterator[Block]", gain: float) -> "Iterator[Block]":
    """Yield the first sound with the second one added; it is as long as the first, and peaks are rounded off."""
    import numpy as np

    seconds = even(other)
    for block in even(one):
        added = next(seconds, None)
        total = block.copy()
        if added is not None:
            total[:, : added.shape[1]] += gain * added[:, : block.shape[1]]
        loud = np.abs(total) > _KNEE
        if loud.any():
            beyond = (np.abs(total[loud]) - _KNEE) / (1 - _KNEE)
            total[loud] = np.sign(total[loud]) * (_KNEE + (1 - _KNEE) * np.tanh(beyond))
        yield total


_KNEE = 0.8
"""Of full scale: louder than this, two sounds together are pressed below 1."""
