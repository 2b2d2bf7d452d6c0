"""What a whole run makes of files that are wrong, odd or broken: a typed error or a partial report, never a crash."""

import asyncio
import json
from pathlib import Path
from types import ModuleType

import pytest

from sensorium.agent.answer import Answer
from sensorium.agent.assistant import Assistant

REQUEST = "Analyze this and write a report"


def names(answer: Answer) -> set[str]:
    return {artifact.name for artifact in answer.artifacts}


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda at: at / "missing.mp4", ["missing.mp4", "does not exist"]),
        (lambda at: "~nosuch.mp4", ["~nosuch.mp4", "does not exist"]),
        (lambda at: (at / "empty.mp4").touch() or at / "empty.mp4", ["empty.mp4", "is empty"]),
        (lambda at: (at / "folder").mkdir() or at / "folder", ["folder", "is a folder"]),
        (lambda at: (at / "notes.mp4").write_text("hello\n" * 50) and at / "notes.mp4", ["notes.mp4", "text/plain"]),
        (
            lambda at: (at / "list.mp4").write_text("#EXTM3U\n#EXTINF:1,\n/etc/hosts\n") and at / "list.mp4",
            ["list.mp4", "playlist"],
        ),
        (lambda at: (at / "noise.mp4").write_bytes(bytes(range(256)) * 40) and at / "noise.mp4", ["noise.mp4"]),
    ],
    ids=["missing", "tilde", "empty", "folder", "text", "playlist", "noise"],
)
async def test_a_file_that_cannot_be_used_is_named_with_what_it_is(
    assistant: Assistant, tmp_path: Path, make: object, words: list[str]
) -> None:
    assert callable(make)
    answer = await assistant.run(REQUEST, [make(tmp_path)])
    assert answer.status in ("failed", "partial")
    for word in words:
        assert word in answer.text, answer.text


async def test_a_gigantic_picture_is_named_with_its_pixels(
    assistant: Assistant, tmp_path: Path, broken: ModuleType
) -> None:
    answer = await assistant.run(REQUEST, [broken.png_header(tmp_path / "huge.png", 30_000, 30_000)])
    assert answer.status in ("failed", "partial")
    assert "huge.png" in answer.text and "900,000,000 pixels" in answer.text


async def test_one_bad_file_does_not_lose_the_other(assistant: Assistant, tmp_path: Path, making: ModuleType) -> None:
    making.slide("Kites and wind").save(tmp_path / "good.png")
    answer = await assistant.run(REQUEST, [tmp_path / "good.png", tmp_path / "missing.mp4"])
    assert answer.status == "partial"
    assert "missing.mp4" in answer.text
    report = next(one for one in answer.artifacts if one.name == "report.json")
    limits = json.loads(await asyncio.to_thread(assistant.path(report.handle).read_text, encoding="utf-8"))["limits"]
    assert any("missing.mp4 was not used" in limit for limit in limits)


async def test_a_video_cut_off_half_way_gives_a_partial_report(
    assistant: Assistant, tmp_path: Path, making: ModuleType
) -> None:
    slides = [making.slide(text) for text in ("First part", "Second part")]
    options = {"movflags": "faststart"}
    whole = making.video(tmp_path / "whole.mp4", lambda n: slides[n // 40], seconds=8, options=options, gop=10)
    half = tmp_path / "half.mp4"
    half.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    answer = await assistant.run(REQUEST, [half])
    assert answer.status in ("partial", "failed")
    assert "half.mp4" in answer.text


@pytest.mark.parametrize("seconds", [0.1, 3.0])
async def test_a_video_without_sound_is_reported_on(
    assistant: Assistant, tmp_path: Path, making: ModuleType, seconds: float
) -> None:
    picture = making.slide("Silent film")
    video = making.video(tmp_path / "silent.mp4", lambda n: picture, seconds=seconds)
    answer = await assistant.run(REQUEST, [video])
    assert answer.status == "done", answer
    assert {"report.md", "report.html", "report.json"} <= names(answer)


async def test_a_recording_without_pictures_is_reported_on(
    assistant: Assistant, tmp_path: Path, making: ModuleType
) -> None:
    answer = await assistant.run(REQUEST, [making.wav(tmp_path / "tone.wav", making.tone(3))])
    assert answer.status == "done", answer
    assert "report.html" in names(answer)
