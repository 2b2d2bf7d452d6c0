"""How loud sound is, as EBU R128 measures it, while it goes by."""

import math
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from av import AudioFrame
    from av.filter import Graph
    from numpy.typing import NDArray

GATE_LUFS = -70.0
"""The meter's absolute gate: what is softer counts as silence."""
_FOUND = "lavfi.r128."


class Meter:
    """Measures sound by libavfilter's `ebur128`."""

    def __init__(self, *, true_peaks: bool = False) -> None:
        self._options = "metadata=1:peak=true" if true_peaks else "metadata=1"
        self._graph: Graph | None = None
        self._form: tuple[str, str, int] | None = None
        self._told: dict[str, str] = {}

    def hear(self, frame: "AudioFrame") -> None:
        """Measure the next frame."""
        import av

        form = (frame.format.name, frame.layout.name, frame.sample_rate)
        if self._graph is None or form != self._form:
            # A stream may change its format on the way; the measure then starts again from there.
            self._graph, self._form = self._new_graph(frame), form
        self._graph.push(frame)
        while True:
            try:
                self._told |= self._graph.pull().metadata
            except (av.BlockingIOError, av.EOFError):
                return

    def integrated_lufs(self) -> float | None:
        """Return the loudness of all that was heard; None for silence, and for less than 0.4 s."""
        value = self.value("I")
        return value if value is not None and value > GATE_LUFS else None

    def value(self, name: str) -> float | None:
        """Return what else the meter tells, such as `LRA`; None where it is no number."""
        value = float(self._told.get(_FOUND + name, "nan"))
        return value if math.isfinite(value) else None

    def true_peak(self) -> float:
        """Return the highest level of any channel, between the samples, too; 1 is full scale."""
        names = [name.removeprefix(_FOUND) for name in self._told if name.startswith(f"{_FOUND}true_peaks_ch")]
        return max((self.value(name) or 0.0 for name in names), default=0.0)

    def _new_graph(self, frame: "AudioFrame") -> "Graph":
        from av.filter import Graph

        graph = Graph()
        source = graph.add_abuffer(
            sample_rate=frame.sample_rate,
            format=frame.format.name,
            layout=frame.layout.name,
            time_base=frame.time_base,
        )
        meter, sink = graph.add("ebur128", self._options), graph.add("abuffersink")
        source.link_to(meter)
        meter.link_to(sink)
        graph.configure()
        return graph


class StereoMeter(Meter):
    """Measures samples of shape (2, count) that are not in frames."""

    def __init__(self, rate: int) -> None:
        super().__init__()
        self._rate = rate
        self._at = 0

    def hear_block(self, block: "NDArray[np.float32]") -> None:
        """Measure the next samples."""
        import av
        import numpy as np

        if not block.shape[1]:
            return
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(block.T.reshape(1, -1)), format="flt", layout="stereo")
        frame.sample_rate, frame.time_base, frame.pts = self._rate, Fraction(1, self._rate), self._at
        self._at += block.shape[1]
        self.hear(frame)
