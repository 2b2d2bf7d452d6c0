"""Chapters of a video."""

import json
from pathlib import Path
from types import ModuleType

import pytest

from sensorium.tools import call
from sensorium.tools.base.errors import ArgumentError
from sensorium.tools.base.moments import Coverage, Findings, Moment, Source
from sensorium.tools.base.run import Run


async def test_slides_become_chapters_in_the_files_players_read(run: Run, slides: Findings, speech: Findings) -> None:
    made = await call("make_chapters", {"findings": [slides, speech]}, run)
    assert [(one.start_seconds, one.end_seconds, one.title) for one in made.chapters] == [
        (0.0, 20.0, "Energy of a pendulum"),
        (20.0, 45.0, "Work against gravity"),
        (45.0, 60.0, "Release from rest"),
    ]
    assert run.path(made.text.handle).read_text().splitlines()[1] == "0:20 Work against gravity"
    assert (
        run.path(made.vtt.handle)
        .read_text()
        .startswith("WEBVTT\n\n00:00:00.000 --> 00:00:20.000\nEnergy of a pendulum\n\n00:00:20.000 --> 00:00:45.000\n")
    )
    assert made.limits == []


async def test_a_report_has_the_same_chapters(run: Run, slides: Findings, speech: Findings) -> None:
    made = await call("make_chapters", {"findings": [slides, speech]}, run)
    report = await call("write_report", {"findings": [slides, speech, made]}, run)
    data = json.loads(run.path(report.data.handle).read_text())
    keys = ("start_seconds", "end_seconds", "title")
    assert [[one[key] for key in keys] for one in data["chapters"]] == [
        [getattr(one, key) for key in keys] for one in made.chapters
    ]


async def test_a_heading_that_looks_like_markup_is_escaped_in_webvtt(run: Run, handle: str) -> None:
    evil = Moment(
        kind="text",
        start_seconds=0.0,
        end_seconds=60.0,
        text="<b>then 00:01 --> 00:02</b>",
        box=(0, 0, 1, 0.2),
        source=Source(tool="read_text"),
    )
    found = Findings(media=handle, moments=[evil], coverage=Coverage(seconds=60.0))
    made = await call("make_chapters", {"findings": [found]}, run)
    assert "&lt;b&gt;then 00:01 --&gt; 00:02&lt;/b&gt;" in run.path(made.vtt.handle).read_text()


async def test_a_file_without_parts_is_one_chapter_and_says_why(run: Run, voices: Findings) -> None:
    made = await call("make_chapters", {"findings": [voices], "language": "zh"}, run)
    assert [one.title for one in made.chapters] == ["整段视频"]
    assert "Nothing tells parts of 'lecture.mp4' apart" in made.limits[0]


async def test_findings_about_two_files_are_refused(
    run: Run, slides: Findings, making: ModuleType, tmp_path: Path
) -> None:
    path = tmp_path / "x.png"
    making.slide("x").save(path)
    other = Findings(media=run.workspace.adopt(path).handle)
    with pytest.raises(ArgumentError, match=r"about: 'lecture.mp4', 'x.png'"):
        await call("make_chapters", {"findings": [slides, other]}, run)
