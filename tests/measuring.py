"""What measures the frames and the sound of a film that was edited, by what is known of it from before."""

import numpy as np

FPS = 25
GOP = 30
SECONDS = 6
BEEPS = (1.0, 2.0, 4.5)
"""When the tones of the film begin, each of 0.4 s."""
RATE = 16_000
"""The samples per second of sound that is measured."""
Shown = list[tuple[float, int]]


def onsets(sound: np.ndarray) -> list[float]:
    """Return when tones begin, to 10 ms."""
    step = RATE // 100
    loud = np.abs(sound[: len(sound) // step * step]).reshape(-1, step).max(axis=1) > 0.1
    starts = np.flatnonzero(loud & ~np.concatenate([[False], loud[:-1]]))
    return [start / 100 for start in starts if start == 0 or not loud[max(0, start - 10) : start].any()]


def pitch(sound: np.ndarray) -> float:
    """Return the strongest frequency, in hertz."""
    return float(np.abs(np.fft.rfft(sound * np.hanning(len(sound)))).argmax() * RATE / len(sound))


def even(found: Shown, numbers: list[int]) -> None:
    """Check that these frames are there, each as long as the next."""
    assert [number for _, number in found] == numbers
    assert np.allclose([at for at, _ in found], np.arange(len(found)) / FPS, atol=2e-3)
