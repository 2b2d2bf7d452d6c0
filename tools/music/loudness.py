"""How loud music is, and the gain that takes it where it should be without a clipped sample."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from av.filter import Graph
    from numpy.typing import NDArray

_AROUND = 24
"""Chunks before and after a peak in which the limiter gives way: 35 ms of 64 samples each, too slow to be heard."""


class Meter:
    """Measures the integrated loudness (EBU R128) of stereo sound that comes in blocks."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._graph: Graph | None = None
        self._last: str | None = None

    def add(self, block: "NDArray[np.float32]") -> None:
        """Hear samples of shape (2, n)."""
        import av
        import numpy as np
        from av.filter import Graph

        if self._graph is None:
            self._graph = Graph()
            source = self._graph.add_abuffer(sample_rate=self._rate, format="fltp", layout="stereo")
            meter, sink = self._graph.add("ebur128", "metadata=1"), self._graph.add("abuffersink")
            source.link_to(meter)
            meter.link_to(sink)
            self._graph.configure()
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(block), format="fltp", layout="stereo")
        frame.sample_rate = self._rate
        self._graph.push(frame)
        while True:
            try:
                self._last = self._graph.pull().metadata.get("lavfi.r128.I", self._last)
            except (av.BlockingIOError, av.EOFError):
                break

    @property
    def loudness_lufs(self) -> float | None:
        """Return what was heard so far; None for silence, or less than 0.4 s."""
        # -70 is the meter's absolute gate: nothing louder was heard.
        return None if self._last is None or not float(self._last) > -70.0 else float(self._last)


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
