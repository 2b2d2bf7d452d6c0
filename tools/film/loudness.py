"""How loud sound is, as EBU R128 measures it, while it goes by in blocks."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from av.filter import Graph

    from .mixing import Block

GATE_LUFS = -70.0
"""What is softer counts as silence."""


class Meter:
    """Measures blocks of stereo sound, by libavfilter's `ebur128`."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._graph: Graph | None = None
        self._at = 0
        self._told: dict[str, str] = {}

    def hear(self, block: "Block") -> None:
        """Measure the next block."""
        import av
        import numpy as np

        if not block.shape[1]:
            return
        self._graph = self._graph or self._made()
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(block.T.reshape(1, -1)), format="flt", layout="stereo")
        frame.sample_rate, frame.pts = self._rate, self._at
        self._at += block.shape[1]
        self._graph.push(frame)
        self._pull()

    def integrated_lufs(self) -> float | None:
        """Return the loudness of all of it; None for silence, and for less than 0.4 s."""
        value = self._told.get("lavfi.r128.I")
        return float(value) if value is not None and float(value) > GATE_LUFS else None

    def _made(self) -> "Graph":
        from av.filter import Graph

        graph = Graph()
        source = graph.add_abuffer(sample_rate=self._rate, format="flt", layout="stereo")
        meter, sink = graph.add("ebur128", "metadata=1"), graph.add("abuffersink")
        source.link_to(meter)
        meter.link_to(sink)
        graph.configure()
        return graph

    def _pull(self) -> None:
        import av

        assert self._graph is not None
        while True:
            try:
                self._told = dict(self._graph.pull().metadata) or self._told
            except (av.BlockingIOError, av.EOFError):
                return
