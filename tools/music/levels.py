"""How loud sound is in each of its channels: loudness, peaks, clipping and stereo."""

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ..base.loudness import Meter
from ..base.moments import Span, merge_spans
from ..base.run import Run
from ..base.safe_open import open_media
from ..base.sound_blocks import Reading, frames, mixable, sound_stream

if TYPE_CHECKING:
    from av import AudioFrame
    from numpy.typing import NDArray

_FULL = 0.999
_CLIPPED_IN_A_ROW = 3
"""So many samples at full scale in a row are no peak but a cut."""
_NEAR_SECONDS = 0.5
_MOST_SPANS = 200


@dataclass(frozen=True, kw_only=True)
class Levels:
    """Of a whole file."""

    channels: int
    samples_per_second: int
    loudness_lufs: float | None
    """Integrated (EBU R128); None when it is silent or shorter than 0.4 s."""
    range_lu: float | None
    """Loudness range (EBU Tech 3342)."""
    true_peak_db: float | None
    """Between the samples, too; 0 is full scale."""
    clipped_samples: int
    clipped_spans: tuple[Span, ...]
    correlation: float | None
    """Of the two channels of stereo: 1 is mono, 0 is wide, -1 cancels out in mono."""
    balance_db: float | None
    """How much louder the right channel is than the left."""


@dataclass
class _Sums:
    """What adds up from frame to frame."""

    clipped: int = 0
    spans: list[Span] = field(default_factory=list)
    left: float = 0.0
    right: float = 0.0
    both: float = 0.0


def levels(path: Path, name: str, run: Run) -> Levels:
    """Decode the sound of a file as it is, and measure its levels; frame by frame, in little memory.

    Raises:
        MediaError: It has no audio track, or nothing of it can be decoded.
    """
    from av import AudioResampler

    sums, meter = _Sums(), Meter(true_peaks=True)
    resampler, shape, channels, rate = None, None, 0, 0
    with open_media(path, name) as container, mixable(container, name):
        stream = sound_stream(container, name)
        for frame in frames(container, stream, name, run, Reading()):
            if resampler is None or shape != (frame.format.name, frame.layout.name, frame.sample_rate):
                shape = (frame.format.name, frame.layout.name, frame.sample_rate)
                channels, rate = frame.layout.nb_channels, frame.sample_rate
                # Interleaved: the planes of more channels than two are not safe to read.
                resampler = AudioResampler(format="flt")
            for part in resampler.resample(frame):
                _count(part, sums)
                meter.hear(part)
    peak = meter.true_peak()
    is_stereo = channels == 2 and sums.left > 0 and sums.right > 0
    return Levels(
        channels=channels,
        samples_per_second=rate,
        loudness_lufs=meter.integrated_lufs(),
        range_lu=meter.value("LRA"),
        true_peak_db=_decibels(peak**2) if peak > 0 else None,
        clipped_samples=sums.clipped,
        clipped_spans=tuple(merge_spans(sums.spans, _NEAR_SECONDS)[:_MOST_SPANS]),
        correlation=round(sums.both / (sums.left * sums.right) ** 0.5, 4) if is_stereo else None,
        balance_db=_decibels(sums.right / sums.left) if is_stereo else None,
    )


def _decibels(share: float) -> float:
    return round(10 * math.log10(share), 2)


def _count(frame: "AudioFrame", sums: _Sums) -> None:
    """Count clipped samples of a frame of interleaved floats, and what its channels have in common."""
    import numpy as np

    samples: NDArray[np.float32] = np.nan_to_num(frame.to_ndarray()[0].reshape(-1, frame.layout.nb_channels).T)
    full = np.abs(samples) >= _FULL
    if full.any():
        runs = np.zeros(max(0, full.shape[1] - _CLIPPED_IN_A_ROW + 1), dtype=bool)
        for channel in full:
            runs |= np.logical_and.reduce([channel[step : step + len(runs)] for step in range(_CLIPPED_IN_A_ROW)])
        if runs.any():
            sums.clipped += int(full.sum())
            at = frame.time or 0.0
            if len(sums.spans) < 100 * _MOST_SPANS:
                places = np.flatnonzero(runs) / frame.sample_rate + at
                sums.spans.append((round(float(places[0]), 3), round(float(places[-1]), 3)))
    if len(samples) == 2:
        left, right = samples.astype(np.float64)
        sums.left += float(left @ left)
        sums.right += float(right @ right)
        sums.both += float(left @ right)
