from fractions import Fraction

import av
import numpy as np
import pytest

from sensorium.tools.base.loudness import Meter, StereoMeter

RATE = 48_000


def tone(seconds: float, level: float) -> "np.ndarray[tuple[int, int], np.dtype[np.float32]]":
    """Return a sine of 1 kHz on both channels."""
    times = np.arange(round(seconds * RATE)) / RATE
    return np.tile((level * np.sin(2 * np.pi * 1000 * times)).astype(np.float32), (2, 1))


def test_the_meter_measures_as_the_standard_says() -> None:
    meter = StereoMeter(RATE)
    assert meter.integrated_lufs() is None
    for _ in range(10):
        meter.hear_block(tone(0.4, 10 ** (-23 / 20)))
    # EBU Tech 3341: a stereo sine of 1 kHz at -23 dBFS is -23 LUFS.
    assert meter.integrated_lufs() == pytest.approx(-23.0, abs=0.1)


def test_silence_has_no_loudness() -> None:
    meter = StereoMeter(RATE)
    meter.hear_block(np.zeros((2, RATE), np.float32))
    meter.hear_block(np.zeros((2, 0), np.float32))
    assert meter.integrated_lufs() is None


def test_frames_of_another_format_are_measured_with_the_highest_peak_between_samples() -> None:
    meter = Meter(true_peaks=True)
    for rate, layout in ((RATE, "stereo"), (44_100, "mono")):
        block = tone(1.0, 0.5)[: 1 if layout == "mono" else 2]
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(block), format="fltp", layout=layout)
        frame.sample_rate, frame.time_base, frame.pts = rate, Fraction(1, rate), 0
        meter.hear(frame)
    assert meter.true_peak() == pytest.approx(0.5, abs=0.02)
    assert meter.integrated_lufs() is not None
