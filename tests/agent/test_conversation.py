"""Conversations with the brain that needs no model: what was seen and heard once is not looked at again."""

import asyncio
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from sensorium.agent.answer import Answer
from sensorium.agent.assistant import Assistant
from sensorium.tools.base.settings import Settings

PERCEIVING = {"probe_media", "find_scenes", "extract_frames", "read_text", "transcribe", "measure_speech"}


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory, making: ModuleType) -> Path:
    """Six seconds: a slide about kites, then one about the budget."""
    slides = [making.slide("Kites and wind"), making.slide("The budget\nof 2025", colour="navy", ink="white")]
    path: Path = making.video(
        tmp_path_factory.mktemp("clip") / "clip.mp4", lambda n: slides[n // 30], seconds=6, sound=making.tone(6)
    )
    return path


@pytest.fixture
def assistant(settings: Settings) -> Iterator[Assistant]:
    with Assistant(settings) as opened:
        yield opened


def looked_again(answer: Answer) -> list[str]:
    """Return the steps that decoded or listened, instead of remembering."""
    return [one["tool"] for one in answer.steps if one["tool"] in PERCEIVING and not one["cached"]]


async def test_the_second_half_of_a_report_is_made_of_what_was_seen_before(assistant: Assistant, clip: Path) -> None:
    first = await assistant.run("Write a report on this video", clip)
    assert len(looked_again(first)) == 5
    second = await assistant.run("now only the second half", thread=first.thread)
    assert (second.status, looked_again(second), second.thread) == ("done", [], first.run_id)
    data = next(one for one in second.artifacts if one.name == "report.json")
    report = json.loads(assistant.path(data.handle).read_text(encoding="utf-8"))
    told = {one["text"] for one in report["moments"] if one["kind"] == "text"}
    assert "budget" in str(told)
    assert "Kites" not in str(told)


@pytest.mark.parametrize(
    ("request_", "words", "without"),
    [
        ("make it shorter", "Summary", "Chapters:"),
        ("in Chinese", "章节：", "Chapters:"),
        ("and what about the budget?", "[0:03] on screen: “The budget", "Kites"),
        ("那预算（budget）呢？", "画面文字：“The budget", "Kites"),
    ],
)
async def test_a_follow_up_works_on_what_is_known(
    assistant: Assistant, clip: Path, request_: str, words: str, without: str
) -> None:
    await assistant.run("Write a report on this video", clip)
    answer = await assistant.run(request_, thread="last")
    assert (answer.status, looked_again(answer)) == ("done", [])
    assert words in answer.text
    assert without not in answer.text


async def test_a_follow_up_needs_the_file_no_more_when_nothing_new_is_looked_at(
    assistant: Assistant, clip: Path, tmp_path: Path
) -> None:
    moved = tmp_path / "mine.mp4"
    shutil.copy(clip, moved)
    await assistant.run("Read the text on the slides", moved)
    await asyncio.to_thread(moved.unlink)
    answer = await assistant.run("only the second half", thread="last")
    assert answer.status == "done"
    assert "budget" in answer.text
    assert "mine.mp4" not in answer.text


async def test_another_conversation_knows_nothing_of_this_one(assistant: Assistant, clip: Path) -> None:
    await assistant.run("Write a report on this video", clip)
    answer = await assistant.run("now only the second half")
    assert answer.status == "failed"
    assert answer.steps == []
