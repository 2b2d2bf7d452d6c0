"""A model that plans and a model that sees, each behind an endpoint, in one run."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from sensorium.agent.assistant import Assistant
from sensorium.tools.base.endpoints import Endpoint
from sensorium.tools.base.settings import Settings


@pytest.fixture
def planning(settings: Settings, server: Any) -> Settings:
    endpoint = Endpoint(name="house", base_url=server.url, takes=("picture",), timeout_seconds=20.0)
    return replace(settings, models={"think": "house:big"}, endpoints={"house": endpoint})


@pytest.fixture
def seeing(planning: Settings) -> Iterator[Assistant]:
    with Assistant(replace(planning, models={**planning.models, "see": "house:eyes"})) as assistant:
        yield assistant


@pytest.fixture
def picture(making: ModuleType, tmp_path: Path) -> str:
    making.slide("Harvest", colour="yellow").save(tmp_path / "slide.png")
    return str(tmp_path / "slide.png")


def offered(request: dict[str, Any]) -> set[str]:
    return {one["function"]["name"] for one in request["tools"]}


async def test_what_was_seen_reaches_the_model_that_plans(
    seeing: Assistant, server: Any, script: ModuleType, eyes: ModuleType, picture: str
) -> None:
    args = {"media": "$files[0]", "task": "answer", "question": "Which colour is the slide?"}

    def answer_of(request: dict[str, Any]) -> Any:
        if request["model"] == "eyes":
            return script.whole('{"answer": "It is yellow.", "seen": [{"picture": 1, "text": "a yellow slide"}]}')
        planned = any(one["role"] == "tool" for one in request["messages"])
        return script.says("The slide is yellow.") if planned else script.calls(("look_at", args))

    server.answering = answer_of
    answer = await seeing.run("Which colour is the slide?", [picture])
    asked, looked, told = server.requests[:3]
    assert "look_at" in offered(asked) and (asked["model"], looked["model"]) == ("big", "eyes")
    (sent,) = eyes.pictures(looked)
    assert eyes.colour(sent.image, (0.6, 0.6, 0.9, 0.9)) == (255, 255, 0)
    assert "It is yellow." in str(told["messages"])
    assert "data:image" not in str(told["messages"]), "the picture went to the model that sees, and nowhere else"
    assert "The slide is yellow" in answer.text


async def test_without_a_model_that_sees_it_is_not_offered(
    planning: Settings, server: Any, script: ModuleType, picture: str
) -> None:
    server.play(script.says("I cannot see it."))
    with Assistant(planning) as assistant:
        await assistant.run("Which colour is the slide?", [picture])
    assert "look_at" not in offered(server.requests[0]) and "read_text" in offered(server.requests[0])
