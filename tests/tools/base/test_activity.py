"""When a picture may have changed, told from packet sizes."""

from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import av
import numpy as np
import pytest
from PIL import Image

from sensorium.tools.base.activity import Activity, find_activity
from sensorium.tools.base.run import Run


def test_a_new_line_on_a_still_slide_is_the_only_change(run: Run, making: ModuleType, tmp_path: Path) -> None:
    slides = [making.slide("A heading that stays"), making.slide("A heading that stays\nAnd a second line")]
    video = making.video(tmp_path / "slide.mp4", lambda number: slides[number >= 43], seconds=8, gop=200)
    activity = find_activity(video, "slide.mp4", run=run)
    assert activity.keys == (0.0,)
    # The encoder refines the picture for a while after a key frame, and after the change.
    change = activity.changes_between(1.5, 8.0)
    assert change is not None
    assert change[0] == pytest.approx(4.3)
    assert activity.changes_between(5.5, 8.0) is None
    times = activity.times_to_look(2.0, start=0, end=8)
    assert times[0] == 0
    assert any(4.3 <= time <= 5.5 for time in times)
    assert len(times) <= 4


def test_a_moving_picture_is_looked_at_evenly(run: Run, making: ModuleType, tmp_path: Path) -> None:
    noise = np.random.default_rng(1)

    def paint(number: int) -> Image.Image:
        return Image.fromarray(noise.integers(0, 255, (90, 160, 3), dtype=np.uint8))

    video = making.video(tmp_path / "noise.mp4", paint, seconds=7, gop=200)
    activity = find_activity(video, "noise.mp4", run=run)
    assert activity.lively_seconds(0, 7) == pytest.approx(6.9)
    assert activity.times_to_look(2.0, start=0, end=7) == pytest.approx([0, 2, 4, 6, 6.9], abs=0.3)


def test_a_key_frame_is_a_possible_change_and_so_is_looked_at() -> None:
    activity = Activity(keys=(0.0, 5.0, 10.0), spans=(), end_seconds=12.0)
    assert activity.changes_between(0.0, 5.0) is None
    assert activity.changes_between(0.0, 5.1) == (5.0, 5.0)
    assert activity.times_to_look(2.0, start=0, end=12) == [0, 5.0, 10.0]
    assert activity.times_to_look(2.0, start=6, end=12) == [6, 10.0]


def test_frames_that_are_all_keys_are_looked_at_now_and_then() -> None:
    activity = Activity(keys=tuple(number / 10 for number in range(100)), spans=(), end_seconds=9.9)
    times = activity.times_to_look(2.0, start=0, end=9.9)
    assert 6 <= len(times) <= 8
    assert max(after - before for before, after in pairwise(times)) <= 2.0


def test_a_recording_without_packets_for_a_while_stays_still_so_long(
    run: Run, making: ModuleType, tmp_path: Path
) -> None:
    path = tmp_path / "screen.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10, options={"tune": "zerolatency"})
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
        for number in (0, 40, 90):
            frame = av.VideoFrame.from_image(making.slide(f"Only when it changes {number}"))
            frame.pts, frame.time_base = number, Fraction(1, 10)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    activity = find_activity(path, "screen.mkv", run=run)
    assert activity.changes_between(0.1, 3.9) is None
    assert activity.changes_between(0.1, 8.9) == (4.0, 4.0)
    assert activity.lively_seconds(0, 9) == 0


def test_in_avi_changes_have_the_times_of_the_frames(run: Run, broken: ModuleType, tmp_path: Path) -> None:
    options = {"bf": "3", "x264-params": "b-pyramid=normal:scenecut=0"}
    path = broken.numbered(tmp_path / "a.avi", 50, gop=20, options=options)
    found = find_activity(path, "a.avi", run=run)
    assert (found.keys, found.end_seconds) == ((0.0, 0.8, 1.6), 1.96)
