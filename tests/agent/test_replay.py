"""Runs run again from their record, with no provider and no tool."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pydantic import BaseModel

from sensorium.agent.approval import Decision, Request
from sensorium.agent.assistant import Assistant
from sensorium.agent.cli import main
from sensorium.agent.endpoint import EndpointBrain
from sensorium.agent.messages import load
from sensorium.tools.base.endpoints import Endpoint
from sensorium.tools.base.errors import ArgumentError, ProviderError
from sensorium.tools.base.run import Run
from sensorium.tools.base.settings import Settings
from sensorium.tools.base.tool import Tool, tool


class Sent(BaseModel):
    """What was sent."""

    text: str


PLAN = {
    "goal": "Say it",
    "steps": [
        {"id": "one", "tool": "echo", "args": {"text": "first", "items": [1, -2]}},
        {"id": "bad", "tool": "fail", "args": {}, "optional": True},
        {"id": "each", "tool": "fail", "args": {"when": "$item"}, "for_each": "$one.items"},
        {"id": "two", "tool": "echo", "args": {"text": "${one.text} again", "got": "$each"}},
    ],
}


@pytest.fixture
def house(tmp_path: Path, server: Any) -> Settings:
    endpoint = Endpoint(name="house", base_url=server.url)
    return Settings(home=tmp_path / "home", offline=True, models={"think": "house:big"}, endpoints={"house": endpoint})


@pytest.fixture
def open_assistant(house: Settings, small_tools: dict[str, Tool]) -> Iterator[Callable[..., Assistant]]:
    opened: list[Assistant] = []

    def start(tools: dict[str, Tool] | None = None, settings: Settings = house) -> Assistant:
        opened.append(Assistant(settings, tools=tools or small_tools))
        return opened[-1]

    yield start
    for one in opened:
        one.close()


def kept(settings: Settings) -> list[tuple[Any, ...]]:
    """Return all that the library has of runs."""
    with Assistant(settings) as assistant:
        rows = assistant._base.library.rows
        tables = ("runs", "steps", "plans", "turns", "orders", "threads", "artifacts", "decisions")
        return [(table, rows(f"SELECT * FROM {table}")) for table in tables]


async def test_a_run_goes_the_same_way_without_a_provider_or_a_tool(
    open_assistant: Callable[..., Assistant], server: Any, script: ModuleType, calls: list[str], house: Settings
) -> None:
    server.play(
        script.calls(("make_plan", {"goal": "x", "steps": [{"id": "no", "tool": "ecko", "args": {"z": 1}}]})),
        script.calls(("make_plan", PLAN), text="I plan."),
        script.says("Said ", "twice."),
    )
    answer = await open_assistant().run("Say it")
    before, asked = kept(house), len(server.requests)
    moved = {"house": replace(house.endpoints["house"], base_url="http://127.0.0.1:9/v1")}
    for settings in (house, replace(house, endpoints=moved), replace(house, endpoints={}, models={})):
        replayed = await open_assistant(settings=settings).replay("last")
        assert (replayed.differences, replayed.same) == ([], True)
        assert (replayed.text, replayed.run_id) == (answer.text, answer.run_id)
        assert (replayed.answers, replayed.steps) == (3, 3)
    assert (len(server.requests), calls) == (asked, ["first", "first again"])
    assert kept(house) == before


async def test_a_later_turn_is_replayed_with_what_was_said_before_it(
    open_assistant: Callable[..., Assistant], server: Any, script: ModuleType
) -> None:
    assistant = open_assistant()
    use = {"id": "three", "tool": "echo", "args": {"text": "${two.text}!"}}
    server.play(
        script.calls(("make_plan", PLAN)),
        script.says("One."),
        script.calls(("make_plan", {"goal": "g", "steps": [use]})),
        script.says("Two."),
        script.says("Three."),
    )
    first = await assistant.run("Say it")
    second = await assistant.run("Louder", thread="last")
    await assistant.run("Thanks", thread="last")
    for run in (first.run_id, second.run_id, "last"):
        assert (await assistant.replay(run)).differences == []


async def test_a_changed_prompt_is_a_difference(
    open_assistant: Callable[..., Assistant], server: Any, script: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    assistant = open_assistant()
    server.play(script.calls(("make_plan", PLAN)), script.says("Done."))
    await assistant.run("Say it")
    monkeypatch.setattr(
        "sensorium.agent.messages.load",
        lambda name, **values: load(name, **values) + (" Be kind." if name == "plan" else ""),
    )
    replayed = await assistant.replay("last")
    assert not replayed.same
    assert "What the model is asked for answer 1 is not what it was asked then" in replayed.differences[0]
    assert replayed.text == "Done."


async def test_a_changed_tool_is_a_difference(
    open_assistant: Callable[..., Assistant],
    server: Any,
    script: ModuleType,
    small_tools: dict[str, Tool],
    calls: list[str],
) -> None:
    server.play(script.calls(("make_plan", PLAN)), script.says("Done."))
    await open_assistant().run("Say it")
    newer = {**small_tools, "echo": replace(small_tools["echo"], version=7)}
    replayed = await open_assistant(newer).replay("last")
    assert replayed.differences == [
        "The step `one`: `echo` has version 7 now, and had version 1 then.",
        "The step `two`: `echo` has version 7 now, and had version 1 then.",
    ]
    gone = {name: one for name, one in small_tools.items() if name != "echo"}
    assert not (await open_assistant(gone).replay("last")).same
    assert calls == ["first", "first again"]


async def test_what_the_user_approved_and_refused_is_taken_from_the_record(
    settings: Settings, brain: EndpointBrain, server: Any, script: ModuleType
) -> None:
    sent: list[str] = []

    @tool(effect="network", resource="network")
    async def send(text: str, *, run: Run) -> Sent:
        """Send a text."""
        sent.append(text)
        return Sent(text=text)

    async def decide(request: Request) -> list[Decision]:
        return [Decision(type="approve"), Decision(type="reject", message="Not today.")]

    steps = [{"id": name, "tool": "send", "args": {"text": name}} for name in ("a", "b")]
    server.play(script.calls(("make_plan", {"goal": "g", "steps": steps})), script.says("One was sent."))
    with Assistant(settings, brain=brain, tools={"send": send}) as assistant:
        await assistant.run("Send", approve=decide)
        replayed = await assistant.replay("last")
        assert [one["type"] for one in assistant.show("last").decisions] == ["approve", "reject"]
    assert (replayed.differences, replayed.answers, replayed.steps) == ([], 2, 1)
    assert (sent, len(server.requests)) == (["a"], 2)


async def test_a_run_without_an_answer_cannot_be_replayed(
    open_assistant: Callable[..., Assistant], server: Any, script: ModuleType
) -> None:
    assistant = open_assistant()
    server.play(script.Reply(status=500, body="down"))
    with pytest.raises(ProviderError):
        await assistant.run("Say it")
    with pytest.raises(ArgumentError, match=r"is failed and has no answer.*sensorium resume"):
        await assistant.replay("last")
    with pytest.raises(ArgumentError, match="There is no run"):
        await assistant.replay("nothing")
    server.play(script.calls(("make_plan", PLAN)), script.Reply(status=500, body="down"), script.says("Done."))
    with pytest.raises(ProviderError):
        await assistant.resume("last")
    assert (await assistant.resume("last")).text == "Done."
    assert (await assistant.replay("last")).differences == []


def test_the_command_replays_what_the_embedded_brain_did_and_tells_what_changed(
    tmp_path: Path, making: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SENSORIUM_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SENSORIUM_OFFLINE", "1")
    slide = tmp_path / "slide.png"
    making.slide("Kites and wind").save(slide)
    assert main(["run", "Read the text", str(slide)]) == 0
    slide.unlink()
    capsys.readouterr()
    assert main(["replay", "last"]) == 0
    assert capsys.readouterr().out == "same: 1 calls and the answer are as they were\n"
    with Assistant(Settings.read()) as assistant, assistant._base.library.transaction() as db:
        db.execute("UPDATE runs SET answer=replace(answer, 'Kites', 'Kitten')")
    assert main(["replay", "last"]) == 1
    assert "different: The answer differs from character" in capsys.readouterr().out
    assert main(["replay", "last", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["same"] is False
    assert main(["replay", "xyz"]) == 2
