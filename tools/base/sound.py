"""The sound of a file: decoded on the picture's clock, its loudness and its silences."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .loudness import Meter
from .moments import Span
from .safe_open import open_media
from .sound_blocks import BLOCK_SECONDS, Reading, blocks, frames, mixable, sound_stream

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .run import Run


@dataclass(frozen=True, kw_only=True)
class Sound:
    """Decoded sound; sample `i` is at `i / rate` seconds after the first video frame (or the first sample)."""

    samples: "NDArray[np.float32]"
    """Mono; full scale is -1…1, which lossy sound may exceed."""
    rate: int
    """Samples a second."""
    seconds: float
    """Measured, never declared."""
    partial: bool
    limits: tuple[str, ...] = ()
    """Why it is partial, for people."""


def decode_sound(path: Path, name: str, run: "Run", *, rate: int = 16_000) -> Sound:
    """Decode the sound of a file to mono, in one growing buffer of 4 bytes a sample.

    Raises:
        MediaError: It has no audio track, or nothing of it can be decoded.
    """
    import numpy as np

    reading = Reading()
    samples = np.zeros(0, dtype=np.float32)
    length = 0
    for block in blocks(path, name, run, rate, reading):
        if length + len(block) > len(samples):
            # In place: the C library moves pages instead of copying, so that the peak stays near the size.
            samples.resize(length + len(block) + 10 * BLOCK_SECONDS * rate, refcheck=False)
        samples[length : length + len(block)] = block
        length += len(block)
    samples.resize(length, refcheck=False)
    return Sound(
        samples=samples,
        rate=rate,
        seconds=length / rate,
        partial=bool(reading.limits),
        limits=tuple(reading.limits),
    )


def loudness_lufs(path: Path, name: str, run: "Run") -> float | None:
    """Return the integrated loudness (EBU R128); None when it is silent or too short.

    Raises:
        MediaError: It has no audio track, or nothing of it can be decoded.
    """
    meter = Meter()
    with open_media(path, name) as container, mixable(container, name):
        for frame in frames(container, sound_stream(container, name), name, run, Reading()):
            meter.hear(frame)
    return meter.integrated_lufs()


def silences(
    path: Path,
    name: str,
    run: "Run",
    reading: Reading | None = None,
    *,
    threshold_db: float = -40.0,
    at_least_seconds: float = 0.5,
) -> list[Span]:
    """Return the spans whose level (RMS over 20 ms, 0 dB = full scale) stays under the threshold.

    Args:
        path: The file.
        name: What messages call it.
        run: Tells when to stop.
        reading: Learns what of the sound could not be decoded.
        threshold_db: What counts as silent.
        at_least_seconds: Shorter spans are left out.

    Raises:
        MediaError: It has no audio track, or nothing of it can be decoded.
    """
    import numpy as np

    rate, window = 16_000, 320
    quiet: list[NDArray[np.bool_]] = []
    rest = np.zeros(0, dtype=np.float32)
    for block in blocks(path, name, run, rate, reading or Reading()):
        joined = np.concatenate([rest, block])
        whole = len(joined) // window * window
        power = np.square(joined[:whole].reshape(-1, window)).mean(axis=1)
        quiet.append(power < 10 ** (threshold_db / 10))
        rest = joined[whole:]
    edges = np.flatnonzero(np.diff(np.concatenate([[False], *quiet, [False]]).astype(np.int8)))
    spans = [(float(start) * window / rate, float(end) * window / rate) for start, end in edges.reshape(-1, 2)]
    return [(start, end) for start, end in spans if end - start >= at_least_seconds]
