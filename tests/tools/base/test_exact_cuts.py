"""Cuts found by looking at every frame."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from sensorium.tools.base.exact_cuts import WIDTH_PIXELS, find_exact_cuts
from sensorium.tools.base.run import Run


@pytest.mark.parametrize(("width", "height"), [(2, 2000), (640, 360)])
def test_pictures_are_looked_at_no_larger_than_they_are(
    width: int, height: int, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from scenedetect.detectors.content_detector import ContentDetector

    path = tmp_path / "strip.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = width, height, "bgr0"
        for number in range(3):
            frame = av.VideoFrame.from_ndarray(np.full((height, width, 3), 40 * number, np.uint8), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    sizes: set[tuple[int, ...]] = set()
    process = ContentDetector.process_frame
    monkeypatch.setattr(
        ContentDetector, "process_frame", lambda self, now, seen: sizes.add(seen.shape) or process(self, now, seen)
    )
    found = find_exact_cuts(path, "strip.mkv", threshold=27.0, min_scene_seconds=0.1, seconds=None, run=run)
    assert found.decoded == 3
    assert all(seen[1] <= min(width, WIDTH_PIXELS) and seen[0] <= height for seen in sizes)
