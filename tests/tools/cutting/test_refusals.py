"""What cannot be done is refused with its limit, and nothing is left of it."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from PIL import Image

from sensorium.tools.base.call import call
from sensorium.tools.base.errors import ArgumentError, Cancelled, MediaError, ToolError
from sensorium.tools.base.run import Run

Edit = Callable[..., Any]


@pytest.mark.parametrize(
    ("given", "error", "says"),
    [
        ({"task": "trim", "start_seconds": 5, "end_seconds": 3}, ArgumentError, "is not after"),
        ({"task": "trim", "start_seconds": 60}, ArgumentError, "lasts 6.00 s"),
        ({"task": "trim", "end_seconds": 60}, ArgumentError, "Leave the end out"),
        ({"task": "trim", "speed": 2}, ArgumentError, "`trim` does not take `speed`"),
        ({"task": "speed", "speed": 0}, ArgumentError, "greater than or equal to 0.1"),
        ({"task": "speed"}, ArgumentError, "needs `speed`"),
        ({"task": "split", "at_seconds": [9]}, ArgumentError, "from 0 to 6.00 s"),
        ({"task": "remove", "parts": [(0, 6)]}, ArgumentError, "nothing would be left"),
        ({"task": "remove", "parts": [(0, 3), (2, 4)]}, ArgumentError, "overlap"),
        ({"task": "crop", "width_pixels": 999, "height_pixels": 20}, ArgumentError, "160×96"),
        ({"task": "crop", "aspect": "wide"}, ArgumentError, "Give two numbers"),
        ({"task": "join"}, ArgumentError, "needs `files`"),
        ({"task": "convert"}, ArgumentError, "needs `format`"),
        ({"task": "convert", "format": "png"}, ArgumentError, "extract_frames"),
        ({"task": "rotate"}, ArgumentError, "needs `degrees`"),
    ],
)
async def test_what_cannot_be_is_refused_with_its_limit(
    edit: Edit, film: Path, given: dict[str, Any], error: type[ToolError], says: str
) -> None:
    with pytest.raises(error, match=says):
        await edit(media=film, **given)


async def test_files_that_lack_what_is_needed_are_named(  # noqa: PLR0917
    edit: Edit, run: Run, film: Path, tone: Path, broken: ModuleType, tmp_path: Path
) -> None:
    mute = broken.numbered(tmp_path / "mute.mp4", 30)
    picture = tmp_path / "still.png"
    Image.new("RGB", (20, 20)).save(picture)
    with pytest.raises(MediaError, match="no sound to extract"):
        await edit("extract_sound", mute)
    with pytest.raises(MediaError, match="at_seconds"):
        await edit("split", mute)
    with pytest.raises(MediaError, match="no picture to crop"):
        await edit("crop", tone, aspect="1:1")
    with pytest.raises(MediaError, match="is a still picture"):
        await edit("trim", picture, end_seconds=1)
    with pytest.raises(MediaError, match="compose_video"):
        await edit("join", film, files=[str(picture)])
    with pytest.raises(MediaError, match="is no text"):
        await edit("burn_subtitles", film, subtitles=str(picture))
    with pytest.raises(MediaError, match="Are they of this film"):
        late = tmp_path / "late.srt"
        late.write_text("1\n00:10:00,000 --> 00:10:02,000\nlater\n")
        await edit("add_subtitles", film, subtitles=str(late))


async def test_nothing_is_left_of_an_edit_that_fails(run: Run, tone: Path) -> None:
    from dataclasses import replace

    small = replace(run, settings=replace(run.settings, max_bytes=200_000))
    with pytest.raises(ToolError, match="SENSORIUM_MAX_BYTES"):
        await call("edit_media", {"task": "speed", "media": str(tone), "speed": 0.1}, small)
    scratch = run.settings.home / "scratch"
    assert not scratch.exists() or not list(scratch.rglob("*.*"))


async def test_an_edit_that_is_cancelled_leaves_nothing(run: Run, film: Path) -> None:
    from dataclasses import replace

    watched = replace(run, on_progress=lambda progress: run.cancelled.set())
    with pytest.raises(Cancelled):
        await call("edit_media", {"task": "reverse", "media": str(film)}, watched)
    assert not list((run.settings.home / "scratch").rglob("*.*"))
