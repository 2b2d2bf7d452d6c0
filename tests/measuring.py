"""What measures a film that was edited: its frames and its sound."""

import numpy as np

RATE = 16_000
FPS = 25
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
