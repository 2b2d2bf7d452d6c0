"""A model's plan that is mended runs at once; what cannot be mended goes back to the model."""

import json
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from sensorium.agent.assistant import Assistant
from sensorium.agent.events import AguiWriter, Event, PlanMended
from sensorium.tools.base.endpoints import Endpoint
from sensorium.tools.base.settings import Settings
from sensorium.tools.base.tool import Tool


@pytest.fixture
def told() -> list[Event]:
    return []


@pytest.fixture
def assistant(tmp_path: Path, server: Any, small_tools: dict[str, Tool]) -> Iterator[Assistant]:
    endpoint = Endpoint(name="house", base_url=server.url)
    settings = Settings(
        home=tmp_path / "home", offline=True, models={"think": "house:big"}, endpoints={"house": endpoint}
    )
    with Assistant(settings, tools=small_tools) as opened:
        yield opened


MENDED: list[tuple[Any, list[str], list[str]]] = [
    ({"goal": "x", "steps": [{"id": 1, "tool": "echo", "args": None, "why": "so"}]}, [""], ["plan-shape"]),
    ({"goal": "x", "steps": {"a": {"tool": "Echo", "args": {"Text": "hi"}}}}, ["hi"],
     ["unknown-tool", "unknown-argument"]),
    ({"steps": [{"id": "a", "tool": "echo", "args": '{"text": "hi"}'}]}, ["hi"], ["plan-shape"]),
    (
        {"goal": "x", "steps": [
            {"id": "a", "tool": "echo", "args": {"text": "hi"}},
            {"id": "b", "tool": "echo", "args": {"text": "{{a.text}} there"}, "depends_on": "a"}]},
        ["hi", "hi there"], ["plan-shape"],
    ),
    (
        {"goal": "x", "steps": [{"id": "a", "tool": "echo", "args": {"text": "hi"}},
                                {"id": "b", "tool": "echo", "args": {"text": "$a"}}]},
        ["hi", "hi"], ["wrong-type"],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("plan", "said", "rules"), MENDED)
async def test_a_plan_that_can_only_be_meant_in_one_way_is_mended_and_run(
    assistant: Assistant, server: Any, script: ModuleType, calls: list[str], told: list[Event], *,
    plan: Any, said: list[str], rules: list[str],
) -> None:  # fmt: skip
    server.play(script.calls(("make_plan", plan)), script.says("Done."))
    answer = await assistant.run("x", on_event=told.append)
    assert (answer.status, answer.text, calls, len(server.requests)) == ("done", "Done.", said, 2)
    mended = [one for event in told if isinstance(event, PlanMended) for one in event.repairs]
    assert set(rules) <= {one["rule"] for one in mended}
    lines = [line for event in told for line in AguiWriter().lines(event) if isinstance(event, PlanMended)]
    assert [(line["type"], line["name"]) for line in lines] == [("CUSTOM", "plan_repaired")]
    results = json.loads(server.requests[1]["messages"][-1]["content"])["results"]
    assert [one["status"] for one in results.values()] == ["done"] * len(said)


async def test_a_direct_call_of_a_tool_is_mended_too(
    assistant: Assistant, server: Any, script: ModuleType, calls: list[str]
) -> None:
    server.play(script.calls(("functions.echo", {"text": 5})), script.says("Done."))
    assert (await assistant.run("x")).status == "done"
    assert calls == ["5"]


async def test_what_is_wrong_goes_back_with_rule_and_step(
    assistant: Assistant, server: Any, script: ModuleType, calls: list[str]
) -> None:
    lost = {"goal": "x", "steps": [{"id": "a", "tool": "echo", "args": {"text": "$b.text"}}]}
    server.play(script.calls(("make_plan", lost)), script.calls(("echo", {"text": "now"})), script.says("Done."))
    answer = await assistant.run("x")
    assert (answer.status, calls) == ("done", ["now"])
    told = server.requests[1]["messages"][-1]["content"]
    assert json.loads(told.removeprefix("The plan was not run: ")) == [
        {"step": "a", "rule": "unknown-reference", "message": "`$b.text` refers to no step. There are: `$files`."}
    ]


async def test_a_warning_keeps_nothing_from_being_run(
    assistant: Assistant, server: Any, script: ModuleType, calls: list[str]
) -> None:
    plan = {"goal": "x", "steps": [{"id": "a", "tool": "echo", "args": {"text": "hi"}, "thought": "…"}]}
    server.play(script.calls(("make_plan", plan)), script.says("Done."))
    assert (await assistant.run("x")).status == "done"
    assert calls == ["hi"]
    planned = server.requests[1]["messages"]
    assert "thought" not in planned[-1]["content"]
