"""Subtitles are added as a track, or drawn into the picture, at their times."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from sensorium.tools.base.run import Run

Edit = Callable[..., Any]
Shown = list[tuple[float, int]]


@pytest.fixture(scope="module")
def subtitles(folder: Path) -> Path:
    path = folder / "words.srt"
    path.write_text("1\n00:00:01,000 --> 00:00:02,000\nHello <b>there</b>\n\n2\n00:00:03,500 --> 00:00:04,250\nBye\n")
    return path


@pytest.mark.parametrize("form", ["mp4", "mkv", "webm", "mov"])
async def test_subtitles_can_be_switched_on(  # noqa: PLR0917
    edit: Edit, run: Run, film: Path, subtitles: Path, form: str, shown: Callable[..., Shown]
) -> None:
    made = await edit("add_subtitles", film, subtitles=str(subtitles), language="en", format=form)
    with av.open(str(run.path(made.file.handle))) as container:
        (track,) = container.streams.subtitles
        assert track.language == "eng"
        found = [
            (float(one.pts * one.time_base), float((one.duration or 0) * one.time_base), bytes(one))
            for one in container.demux(track)
            if one.size > 2
        ]
    assert [(start, length) for start, length, _ in found] == [(1.0, 1.0), (3.5, 0.75)]
    assert b"Hello there" in found[0][2] and b"Bye" in found[1][2]
    assert [number for _, number in shown(made)] == list(range(150))


async def test_burned_subtitles_are_seen_at_their_time(
    edit: Edit, run: Run, making: ModuleType, tmp_path: Path, subtitles: Path
) -> None:
    source = making.video(tmp_path / "grey.mp4", lambda _: Image.new("RGB", (320, 180), "#808080"), seconds=5, fps=10)
    made = await edit("burn_subtitles", source, subtitles=str(subtitles))
    with av.open(str(run.path(made.file.handle))) as container:
        frames = {round(one.time, 1): one.to_ndarray(format="gray") for one in container.decode(video=0)}
    changed = sorted(at for at, one in frames.items() if np.abs(one.astype(int) - 128).max() > 60)
    assert changed == [one / 10 for one in [*range(10, 20), *range(35, 43)]]
    assert np.abs(frames[1.5][:90].astype(int) - 128).max() < 20, "words stand in the lower half"
