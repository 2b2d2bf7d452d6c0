"""The demo: a video whose content is known, and an honest measurement of the report on it."""

import asyncio
import json
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from sensorium.agent import demo_slides
from sensorium.agent.cli import main
from sensorium.agent.demo import edits, verdict
from sensorium.agent.demo_video import SECONDS, Shown, Talk, make_talk
from sensorium.tools import call
from sensorium.tools.base.fonts import find_cjk_font
from sensorium.tools.base.run import Run
from sensorium.tools.base.settings import Settings


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Talk:
    """The talk, made once: the tests only look at it."""
    run = Run.open(Settings(home=tmp_path_factory.mktemp("home"), offline=True))
    try:
        return asyncio.run(make_talk(tmp_path_factory.mktemp("talk"), run))
    finally:
        run.library.close()


async def test_the_talk_is_45_seconds_with_slides_speech_and_their_truth(run: Run, talk: Talk) -> None:
    facts = await call("probe_media", {"media": str(talk.path)}, run)
    assert (facts.kind, facts.has_sound, facts.width_pixels, facts.height_pixels) == ("video", True, 1280, 720)
    assert facts.seconds == pytest.approx(SECONDS, abs=0.1)
    truth = json.loads(talk.path.with_suffix(".truth.json").read_text(encoding="utf-8"))
    assert [one["language"] for one in truth["slides"]] == ["en", "en", "en", "zh", "en"]
    assert (truth["slides"][0]["start_seconds"], truth["slides"][-1]["end_seconds"]) == (0, SECONDS)
    assert [one["end_seconds"] for one in truth["slides"][:-1]] == [one["start_seconds"] for one in truth["slides"][1:]]
    assert truth["slides"][3]["said"].startswith("报告")


async def test_the_same_talk_is_the_same_file(run: Run, talk: Talk, tmp_path: Path) -> None:
    assert (await make_talk(tmp_path, run)).path.read_bytes() == talk.path.read_bytes()


def test_slides_fit_their_picture_and_differ() -> None:
    font = find_cjk_font()
    pictures = [demo_slides.draw(one, font) for one in demo_slides.slides(font)]
    assert len({one.tobytes() for one in pictures}) == 5
    for slide, picture in zip(demo_slides.slides(font), pictures, strict=True):
        ground = Image.new("RGB", picture.size, slide.ground)
        # Beside the stripe at the left edge, which has the picture's full height.
        drawn = ImageChops.difference(picture, ground).crop((30, 0, 1280, 720)).getbbox()
        assert drawn is not None
        assert (drawn[1] > 60, drawn[2] < 1250 - 60, drawn[3] < 720 - 40) == (True, True, True)


def test_without_a_font_the_chinese_part_has_a_latin_slide_and_the_same_speech() -> None:
    without = demo_slides.slides(None)
    assert without[3].title.isascii()
    assert without[3].said == demo_slides.SLIDES[3].said
    assert demo_slides.draw(without[3], None).size == (1280, 720)


def test_edits_are_counted() -> None:
    assert edits("", "") == 0
    assert edits("kitten", "sitting") == 3
    assert edits("abc", "") == edits("", "abc") == 3
    assert edits(["a", "b"], ["b"]) == 1


def _moment(kind: str, start: float, end: float, text: str = "", top: float = 0.0) -> dict[str, object]:
    source = {"tool": "t", "provider": "p", "quality": "draft"}
    return {
        "kind": kind,
        "start_seconds": start,
        "end_seconds": end,
        "text": text,
        "box": [0, top, 1, 1],
        "source": source,
    }


def test_the_verdict_counts_what_is_missing_wrong_and_extra() -> None:
    shown = [
        Shown(start_seconds=0, end_seconds=10, texts=("First", "slide"), said="One two three.", language="en"),
        Shown(start_seconds=10, end_seconds=20, texts=("第二页",), said="二", language="zh"),
        Shown(start_seconds=20, end_seconds=30, texts=("Third",), said="four", language="en"),
    ]
    report = {
        "moments": [
            _moment("cut", 10.1, 10.1),
            _moment("cut", 15.0, 15.0),
            _moment("text", 0, 10, "slide", top=0.5),
            _moment("text", 0, 10, "First", top=0.1),
            _moment("text", 10, 20, "第 二 负"),
            _moment("speech", 1, 4, "one too"),
        ]
    }
    talk = Talk(path=Path("talk.mp4"), shown=shown, chinese_slide=False)
    assert list(verdict(talk, report)) == [
        "Measured against what is known of the video:",
        "- slide changes: 1 of 2 within 0.2 s, 1 that are none, the largest error is 0.10 s",
        "- slide text: 6 of 18 characters wrong (33.3 %)",
        "- English speech: 75 % of 4 words wrong (synthetic speech, p)",
        "- no Chinese slide: no font for Chinese was found here; `sensorium doctor` says what adds one",
    ]


def test_the_demo_reports_on_its_video_and_says_how_right_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SENSORIUM_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SENSORIUM_OFFLINE", "1")
    assert main(["demo", "-o", str(tmp_path / "out")]) == 0
    out = capsys.readouterr().out
    assert "- slide changes: 4 of 4 within 0.2 s, 0 that are none" in out
    wrong, letters = (int(word) for word in out.split("- slide text: ")[1].split()[:3:2])
    assert wrong / letters <= 0.05
    assert f"Report: {tmp_path / 'out' / 'report.html'}" in out
    names = {one.name for one in (tmp_path / "out").iterdir()}
    assert {"talk.mp4", "talk.truth.json", "report.html", "report.md", "report.json"} <= names
    report = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert report["coverage"]["seconds"] == pytest.approx(SECONDS, abs=0.1)
    pictures = [line.split("](")[1].split(")")[0] for line in _picture_lines(tmp_path / "out" / "report.md")]
    assert pictures
    assert [one for one in pictures if not (tmp_path / "out" / one).is_file()] == []


def _picture_lines(page: Path) -> list[str]:
    return [line for line in page.read_text(encoding="utf-8").splitlines() if line.startswith("![")]
