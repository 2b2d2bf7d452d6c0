"""What a resumed run, and a further plan of a run, can refer to."""

import json
from collections.abc import Callable, Iterator
from contextlib import aclosing
from types import ModuleType
from typing import Any

import pytest

from sensorium.agent.assistant import Assistant
from sensorium.agent.endpoint import EndpointBrain
from sensorium.agent.events import Event, PlanMade, StepStarted
from sensorium.tools.base.errors import ProviderError
from sensorium.tools.base.settings import Settings
from sensorium.tools.base.tool import Tool


@pytest.fixture
def assistant(settings: Settings, brain: EndpointBrain, small_tools: dict[str, Tool]) -> Iterator[Assistant]:
    with Assistant(settings, brain=brain, tools=small_tools) as opened:
        yield opened


@pytest.fixture
def planned(script: ModuleType) -> Callable[..., Any]:
    """A reply of the model that is a plan of these steps."""
    return lambda *steps: script.calls(("make_plan", {"goal": "test", "steps": list(steps)}))


@pytest.fixture
def broken_off(script: ModuleType) -> Any:
    """A reply that ends in the middle."""
    return script.Reply(events=[script.delta(content="So")], cut=True)


def listed(*seconds: float) -> dict[str, Any]:
    return {"id": "list", "tool": "echo", "args": {"got": list(seconds)}}


NAPS = {"id": "naps", "tool": "wait", "for_each": "$list.got", "args": {"seconds": "$item"}}
SEEN = {"id": "seen", "tool": "echo", "args": {"got": "$naps"}}


def texts(server: Any) -> list[str]:
    """Return what the step `seen` was given, as the model was told in the last request."""
    told = json.loads(server.requests[-1]["messages"][-1]["content"])
    return [one["text"] for one in told["results"]["seen"]["output"]["got"]]


async def test_after_a_resume_the_items_of_a_step_are_in_the_order_of_its_list(
    assistant: Assistant, server: Any, script: ModuleType, planned: Callable[..., Any], broken_off: Any
) -> None:
    server.play(planned(listed(0.2, 0.0), NAPS), broken_off)
    with pytest.raises(ProviderError):
        await assistant.run("Wait")
    server.play(planned(SEEN), script.says("Done."))
    assert (await assistant.resume("last")).status == "done"
    assert texts(server) == ["0.2", "0.0"]


async def test_after_a_resume_a_step_has_only_the_items_of_its_last_attempt(
    assistant: Assistant, server: Any, script: ModuleType, planned: Callable[..., Any], broken_off: Any
) -> None:
    server.play(planned(listed(0.01, 0.02, -1.0), NAPS), script.says("I could wait only twice."))
    assert (await assistant.run("Wait")).status == "partial"
    server.play(planned(listed(0.03), NAPS), broken_off)
    with pytest.raises(ProviderError):
        await assistant.resume("last")
    server.play(planned(SEEN), script.says("Done."))
    assert (await assistant.resume("last")).status == "done"
    assert texts(server) == ["0.03"]


async def test_a_run_resumed_in_the_middle_of_a_plan_tells_the_plan_again(
    assistant: Assistant, server: Any, planned: Callable[..., Any], script: ModuleType
) -> None:
    server.play(planned(listed(0.0), {"id": "long", "tool": "wait", "args": {"seconds": 0.5}}))

    async def stopped() -> None:
        async with aclosing(assistant.stream("Wait")) as events:
            async for event in events:
                if isinstance(event, StepStarted) and event.step == "long":
                    return

    await stopped()
    told: list[Event] = []
    server.play(script.says("Done."))
    assert (await assistant.resume("last", on_event=told.append)).status == "done"
    plans = [event for event in told if isinstance(event, PlanMade)]
    assert [[step["id"] for step in one.steps] for one in plans] == [["list", "long"]]
    assert told.index(plans[0]) < min(told.index(one) for one in told if isinstance(one, StepStarted))


async def test_a_failed_step_can_be_planned_again_under_its_own_id(
    assistant: Assistant, server: Any, script: ModuleType, planned: Callable[..., Any]
) -> None:
    failing = {"id": "again", "tool": "fail", "args": {"when": -1}}
    server.play(
        planned(failing),
        planned({**failing, "args": {"when": 1}}),
        script.says("Done."),
    )
    answer = await assistant.run("Try")
    assert (answer.status, len(server.requests)) == ("done", 3)
