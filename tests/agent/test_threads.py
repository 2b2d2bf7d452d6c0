"""Conversations: each turn is a run, and what earlier turns gave is used instead of being made again."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from sensorium.agent.answer import Answer
from sensorium.agent.assistant import Assistant
from sensorium.agent.events import AguiWriter, Event, RunFinished, RunStarted
from sensorium.tools.base.endpoints import Endpoint
from sensorium.tools.base.errors import ArgumentError, ProviderError
from sensorium.tools.base.settings import Settings
from sensorium.tools.base.tool import Tool

ECHO = {"id": "one", "tool": "echo", "args": {"text": "first"}}


def plan(*steps: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    return ("make_plan", {"goal": "echo", "steps": list(steps)})


@pytest.fixture
def assistant(settings: Settings, server: Any, small_tools: dict[str, Tool]) -> Iterator[Assistant]:
    endpoint = Endpoint(name="house", base_url=server.url)
    known = replace(settings, models={"think": "house:big"}, endpoints={"house": endpoint})
    with Assistant(known, tools=small_tools) as opened:
        yield opened


@pytest.fixture
def talk(assistant: Assistant, server: Any, script: ModuleType) -> Callable[..., Any]:
    """Say the model's part of each turn, then ask."""

    async def ask(request: str, *replies: Any, thread: str | None = "last", files: Any = ()) -> Answer:
        server.play(*replies)
        return await assistant.run(request, files, thread=thread)

    return ask


def roles(server: Any) -> list[str]:
    return [one["role"] for one in server.requests[-1]["messages"]]


async def test_a_turn_sees_what_was_said_and_refers_to_what_was_found(
    talk: Callable[..., Any], server: Any, script: ModuleType, calls: list[str], assistant: Assistant
) -> None:
    first = await talk("Say it", script.calls(plan(ECHO)), script.says("Said."), thread=None)
    again = {"id": "two", "tool": "echo", "args": {"text": "${one.text} again"}}
    second = await talk("And again", script.calls(plan(again)), script.says("Said again."))
    assert (first.thread, second.thread, first.run_id != second.run_id) == (first.run_id, first.run_id, True)
    assert calls == ["first", "first again"]
    assert (second.status, [one["id"] for one in second.steps]) == ("done", ["two"])
    exchange = ["user", "assistant", "tool", "assistant"]
    assert roles(server) == ["system", *exchange, "user", "assistant", "tool"]
    assert [one["calls"] for one in (*first.usage, *second.usage)] == [2, 2]
    thread = assistant.threads.get("last")
    assert (thread.title, thread.runs) == ("Say it", [first.run_id, second.run_id])


async def test_a_step_that_an_earlier_turn_did_is_not_done_again(
    talk: Callable[..., Any], script: ModuleType, calls: list[str], assistant: Assistant
) -> None:
    await talk("Say it", script.calls(plan(ECHO)), script.says("Said."), thread=None)
    more = {"id": "two", "tool": "echo", "args": {"text": "${one.text}!"}}
    answer = await talk("Say it louder", script.calls(plan(ECHO, more)), script.says("Said."))
    assert calls == ["first", "first!"]
    assert [one["cached"] for one in answer.steps] == [True, False]
    assert answer.steps[0]["seconds"] == 0.0
    # The turn's own journal has it, so that it can be resumed, shown and replayed by itself.
    assert [one.step for one in assistant.show(answer.run_id).steps] == ["one", "two"]
    await talk("Elsewhere", script.calls(plan(ECHO)), script.says("Said."), thread=None)
    assert calls == ["first", "first!", "first"]


async def test_a_step_may_take_the_name_of_one_of_an_earlier_turn(
    talk: Callable[..., Any], script: ModuleType, calls: list[str]
) -> None:
    await talk("Say it", script.calls(plan(ECHO)), script.says("Said."), thread=None)
    other = {**ECHO, "args": {"text": "second"}}
    use = {"id": "two", "tool": "echo", "args": {"text": "${one.text}?"}}
    answer = await talk("Another", script.calls(plan(other, use)), script.says("Said."))
    assert (answer.status, calls) == ("done", ["first", "second", "second?"])
    last = {"id": "three", "tool": "echo", "args": {"text": "${one.text}."}}
    await talk("And?", script.calls(plan(last)), script.says("Said."))
    assert calls[3:] == ["second."]


async def test_what_failed_in_an_earlier_turn_cannot_be_referred_to(
    talk: Callable[..., Any], server: Any, script: ModuleType
) -> None:
    failing = {"id": "bad", "tool": "fail", "args": {}}
    await talk("Fail", script.calls(plan(failing)), script.says("It failed."), thread=None)
    use = {"id": "two", "tool": "echo", "args": {"got": "$bad"}}
    await talk("Use it", script.calls(plan(use)), script.says("I cannot."))
    assert "`$bad` refers to no step" in server.requests[-1]["messages"][-1]["content"]


async def test_files_are_named_once_and_keep_their_names(
    talk: Callable[..., Any], server: Any, script: ModuleType, making: ModuleType, tmp_path: Path
) -> None:
    for name in ("a", "b"):
        making.slide(name).save(tmp_path / f"{name}.png")
    await talk("Look", script.says("Yes."), thread=None, files=[tmp_path / "a.png"])
    await talk("And this", script.says("Yes."), files=[tmp_path / "b.png", tmp_path / "gone.png"])
    look = {"id": "both", "tool": "echo", "args": {"got": ["$files[0]", "$files[1]"]}}
    answer = await talk("Again a", script.calls(plan(look)), script.says("Yes."), files=[tmp_path / "a.png"])
    listed = [line for line in server.requests[0]["messages"][-1]["content"].splitlines() if line.startswith("{")]
    asked = server.requests[2]["messages"][-1]["content"].splitlines()
    shown = [json.loads(line) for line in asked if line.startswith("{")]
    assert [one["name"] for one in map(json.loads, listed)] == ["a.png"]
    assert [(one["file"], one["name"], one.get("attached")) for one in shown] == [
        ("$files[0]", "a.png", None),
        ("$files[1]", "b.png", "earlier"),
    ]
    assert answer.status == "done"


async def test_a_turn_that_was_stopped_or_failed_is_remembered_and_the_thread_goes_on(
    talk: Callable[..., Any], server: Any, script: ModuleType, assistant: Assistant, calls: list[str]
) -> None:
    await talk("Say it", script.calls(plan(ECHO)), script.says("Said."), thread=None)
    with pytest.raises(ProviderError):
        await talk("Break", script.calls(plan(ECHO | {"id": "x"})), script.Reply(status=500, body="down"))
    stopped = assistant.runs()[0].run
    await talk("Go on", script.says("On."))
    assert roles(server)[-3:] == ["user", "assistant", "user"]
    assert "stopped before it was answered" in server.requests[-1]["messages"][-2]["content"]
    server.play(script.says("Mended."))
    assert (await assistant.resume(stopped)).text == "Mended."
    await talk("And now?", script.says("Well."))
    texts = [one["content"] for one in server.requests[-1]["messages"] if one["role"] == "assistant"]
    assert [one for one in texts if one] == ["Said.", "Mended.", "On."]
    assert calls == ["first", "first"]


async def test_the_state_of_a_turn_starts_anew(talk: Callable[..., Any], script: ModuleType) -> None:
    for turn in range(5):
        rounds = [script.calls(("echo", {"text": f"{turn} {number}"})) for number in range(4)]
        answer = await talk("Go", *rounds, script.says("Done."), thread="last" if turn else None)
        assert (answer.status, len(answer.steps)) == ("done", 4)


async def test_events_carry_the_id_of_the_thread(assistant: Assistant, server: Any, script: ModuleType) -> None:
    server.play(script.says("One."), script.says("Two."))
    first = await assistant.run("One")
    told: list[Event] = []
    await assistant.run("Two", thread="last", on_event=told.append)
    assert [one.thread for one in told if isinstance(one, RunStarted)] == [first.thread]
    writer = AguiWriter()
    lines = [line for one in told if isinstance(one, RunStarted | RunFinished) for line in writer.lines(one)]
    assert {line["threadId"] for line in lines if "threadId" in line} == {first.thread}
    assert len({line["runId"] for line in lines if "runId" in line} | {first.run_id}) == 2


async def test_a_thread_that_is_not_there_starts_no_run(assistant: Assistant) -> None:
    with pytest.raises(ArgumentError, match="no conversation yet"):
        await assistant.run("Go on", thread="last")
    assert assistant.runs() == []


async def test_a_deleted_thread_is_gone_with_its_runs_and_checkpoints(
    talk: Callable[..., Any], script: ModuleType, assistant: Assistant
) -> None:
    failing = {"id": "bad", "tool": "fail", "args": {}}
    await talk("Secret words", script.calls(plan(failing)), script.says("It failed."), thread=None)
    await assistant.delete_thread("last")
    with closing(sqlite3.connect(assistant.settings.home / "checkpoints.db")) as db:
        assert db.execute("SELECT count(*) FROM checkpoints").fetchone() == (0,)
    assert assistant.runs() == []
    with closing(sqlite3.connect(assistant.settings.home / "library.db")) as db:
        kept = [str(db.execute(f"SELECT * FROM {table}").fetchall()) for table in ("runs", "turns", "threads", "plans")]
    assert [one for one in kept if "Secret" in one] == []


async def test_a_thread_that_is_worked_on_is_not_deleted(assistant: Assistant) -> None:
    assistant.journal.begin("abc123", "x", [], {})
    assistant.threads.begin("abc123", "x")
    with assistant.journal.lease("abc123"), pytest.raises(ArgumentError, match="being worked on"):
        await assistant.delete_thread("abc123")
    assert assistant.threads.get("last").id == "abc123"
