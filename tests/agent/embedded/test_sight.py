"""What the brain without a model plans when there is one that sees, and what it says of it."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from sensorium.agent.assistant import Assistant
from sensorium.agent.embedded.facts import read_files
from sensorium.agent.embedded.intents import Facts, Find, Look, Report, Transcribe
from sensorium.agent.embedded.sight import with_sight
from sensorium.agent.embedded.understand import understand
from sensorium.tools.base.endpoints import Endpoint
from sensorium.tools.base.settings import Settings


@pytest.fixture
def seeing(settings: Settings, server: Any) -> Iterator[Assistant]:
    """An assistant with the embedded brain and a model that sees."""
    endpoint = Endpoint(name="house", base_url=server.url, takes=("picture",))
    chosen = replace(settings, models={"see": "house:eyes"}, endpoints={"house": endpoint})
    with Assistant(chosen) as assistant:
        yield assistant


def steps(plan: Any) -> dict[str, dict[str, Any]]:
    return {step.tool: step.args for step in plan.plan.steps}


@pytest.fixture
def picture(making: ModuleType, tmp_path: Path) -> str:
    making.slide("Harvest").save(tmp_path / "slide.png")
    return str(tmp_path / "slide.png")


@pytest.fixture
def clip(making: ModuleType, tmp_path: Path) -> str:
    slides = [making.slide("Harvest"), making.slide("Orchard", colour="yellow")]
    path = making.video(tmp_path / "clip.mp4", lambda at: slides[at // 20], seconds=4, fps=10, sound=making.tone(4.0))
    return str(path)


@pytest.mark.parametrize(
    ("request_", "task", "language"),
    [
        ("Describe this picture", "describe", "en"),
        ("What is in the picture?", "answer", "en"),
        ("图里有什么？", "answer", "zh"),
    ],
)
async def test_a_picture_is_looked_at_and_the_answer_told(
    seeing: Assistant,
    server: Any,
    script: ModuleType,
    eyes: ModuleType,
    *,
    picture: str,
    request_: str,
    task: str,
    language: str,
) -> None:
    server.answering = eyes.answering(script, lambda request: {"answer": "A white slide."})
    answer = await seeing.run(request_, [picture])
    assert answer.status == "done"
    assert "A white slide." in answer.text and "house:eyes" in answer.text
    assert "cannot" not in answer.text and "不能" not in answer.text
    told = eyes.prompt(server.requests[0])
    assert request_ in told and {"en": "in English.", "zh": "in Chinese"}[language] in told
    assert ("Describe what is shown" in told) == (task == "describe")


async def test_a_question_about_a_video_brings_what_was_heard_and_read(
    seeing: Assistant, server: Any, script: ModuleType, eyes: ModuleType, clip: str
) -> None:
    planned = await seeing.plan("What can be seen in the video?", [clip])
    args = steps(planned)
    assert args["look_at"]["question"] == "What can be seen in the video?"
    assert args["look_at"]["findings"] == ["$speech", "$text"]
    assert "write_report" not in args


async def test_a_report_says_what_a_model_saw(
    seeing: Assistant, server: Any, script: ModuleType, eyes: ModuleType, clip: str, *, tmp_path: Path
) -> None:
    def answer(request: dict[str, Any]) -> dict[str, Any]:
        seen = [{"picture": 1, "text": "A hand writes with chalk."}]
        return {"answer": "Slides.", "enough": True, "seen": seen}

    server.answering = eyes.answering(script, answer)
    answered = await seeing.run("Analyze this video and write a report", [clip])
    assert answered.status == "done"
    seeing.save(answered, tmp_path / "out")
    report = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    seen = [one for one in report["moments"] if one["source"]["tool"] == "look_at"]
    assert [(one["kind"], one["text"]) for one in seen] == [("picture", "A hand writes with chalk.")]
    sentences = [one for chapter in report["chapters"] for one in chapter["sentences"]] + report["summary"]
    assert any(seen[0]["id"] in one["evidence"] for one in sentences)
    assert len(server.requests) == 1


async def test_without_a_model_that_sees_nothing_changes(assistant: Assistant, picture: str) -> None:
    planned = await assistant.plan("Describe this picture", [picture])
    assert set(steps(planned)) == {"image_facts", "read_text"}
    answer = await assistant.run("Describe this picture", [picture])
    assert "SENSORIUM_SEE=provider:model" in answer.text


VIDEO = read_files(
    [{"name": "a.mp4", "handle": "h", "kind": "video", "seconds": 4.0, "has_sound": True, "has_pictures": True}]
)
PICTURE = read_files([{"name": "a.png", "handle": "h", "kind": "picture"}])


@pytest.mark.parametrize(
    ("asked", "files", "wanted"),
    [
        ("What is shown in the video?", VIDEO, [Look]),
        ("What can be seen in the video?", VIDEO, [Look]),
        ("Which animal appears in the video?", VIDEO, [Look]),
        ("Which animal does he mention?", VIDEO, [Find]),
        ("他什么时候提到动能？", VIDEO, [Find]),
        ("Analyze this video and write a report", VIDEO, [Report]),
        ("Write a report and describe the pictures", VIDEO, [Report, Look]),
        ("Describe this picture", PICTURE, [Look]),
        ("Give the facts of this picture and describe it", PICTURE, [Facts, Look]),
        ("Which colours are in this picture?", PICTURE, [Facts]),
        ("Transcribe it", VIDEO, [Transcribe]),
    ],
)
def test_only_what_needs_eyes_is_looked_at(asked: str, files: Any, wanted: list[type]) -> None:
    assert [type(one) for one in with_sight(understand(asked, files), files).intents] == wanted
