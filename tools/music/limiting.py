"""The gain that takes music to its loudness without a clipped sample."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_AROUND = 24
"""Chunks before and after a peak in which the limiter gives way: 35 ms of 64 samples each, too slow to be heard."""


def gains(peaks: "NDArray[np.float32]", gain: float, ceiling: float) -> "NDArray[np.float32]":
    """Return a gain for each chunk, smooth in time, that lets no peak above the ceiling."""
    import numpy as np
    from numpy.lib.stride_tricks import sliding_window_view

    wanted = np.minimum(gain, ceiling / np.maximum(peaks, 1e-9)).astype(np.float32)
    width = 2 * _AROUND + 1
    # The least of all chunks nearby, then their mean: it is already low when the peak comes. One chunk more on each
    # side, for between two chunks the gain is between theirs.
    padded = np.pad(wanted, 2 * _AROUND + 1, mode="edge")
    least = sliding_window_view(padded, width + 2).min(axis=1)
    window = np.hanning(width + 2)[1:-1]
    smooth: NDArray[np.float32] = np.convolve(least, window / window.sum(), mode="valid").astype(np.float32)
    return smooth
