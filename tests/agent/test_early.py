"""Steps that run while the plan that they belong to is still being written."""

import asyncio
import json
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest
from pydantic import BaseModel, Field

from sensorium.agent.act import Executor
from sensorium.agent.approval import Decision, Decisions, Request
from sensorium.agent.assistant import Assistant
from sensorium.agent.endpoint import EndpointBrain
from sensorium.agent.events import AguiWriter, Event, PlanMade, StepEnded, StepStarted
from sensorium.agent.plan import Plan, Step
from sensorium.tools.base.errors import ProviderError, ToolError
from sensorium.tools.base.journal import Journal
from sensorium.tools.base.policy import Policy, Rule
from sensorium.tools.base.run import Run
from sensorium.tools.base.settings import Settings
from sensorium.tools.base.tool import Tool, tool

Ran = dict[str, threading.Event]


class Noted(BaseModel):
    """What the tools of these tests give."""

    text: str = ""
    items: list[str] = Field(default_factory=list)


@pytest.fixture
def ran() -> Ran:
    """Set for each text that a tool was called with; a reply can be held until one is."""
    return defaultdict(threading.Event)


@pytest.fixture
def tools(calls: list[str], ran: Ran) -> dict[str, Tool]:
    """Pure tools: one that notes, one that fails, one that ends only when it is cancelled; and some that are not."""

    async def noted(text: str) -> Noted:
        calls.append(text)
        ran[text].set()
        return Noted(text=text, items=[f"{text} {n}" for n in range(2)])

    @tool(effect="pure", resource="network")
    async def note(text: str, after: Any = None, *, run: Run) -> Noted:
        """Note a text."""
        return await noted(text)

    @tool(effect="writes", resource="network")
    async def write(text: str, *, run: Run) -> Noted:
        """Write a text for the user."""
        return await noted(text)

    @tool(effect="network", resource="network")
    async def send(text: str, *, run: Run) -> Noted:
        """Send a text away."""
        return await noted(text)

    @tool(effect="pure", resource="network")
    async def trip(text: str = "trip", *, run: Run) -> Noted:
        """Fail."""
        await noted(text)
        raise ToolError("It tripped. Try another.")

    @tool(effect="pure", resource="network")
    async def stay(text: str = "stay", *, run: Run) -> Noted:
        """Run for ever."""
        try:
            await noted(text)
            await asyncio.Event().wait()
        finally:
            calls.append(f"{text} ended")
        return Noted()

    return {one.name: one for one in (note, write, send, trip, stay)}


@pytest.fixture
def told() -> list[Event]:
    """The events of a run."""
    return []


@pytest.fixture
def assistant(settings: Settings, brain: EndpointBrain, tools: dict[str, Tool]) -> Iterator[Assistant]:
    with Assistant(settings, brain=brain, tools=tools) as opened:
        yield opened


@pytest.fixture
def writing(script: ModuleType) -> Callable[..., Any]:
    """A reply in which a model writes a call of `make_plan`: steps, and what it waits for before it goes on."""

    def reply(*parts: Any, cut: bool = False, finish: str = "tool_calls") -> Any:
        pieces: list[Any] = ['{"goal": "test", "steps": [']
        for part in parts:
            pieces += [part] if isinstance(part, threading.Event) else [json.dumps(part), ","]
        pieces[-1:] = [] if cut or finish == "length" else (["]}"] if pieces[-1] == "," else [pieces[-1], "]}"])
        begin = {"index": 0, "id": "call", "function": {"name": "make_plan", "arguments": ""}}
        events = [script.delta(tool_calls=[begin])]
        for one in pieces:
            piece = {"index": 0, "function": {"arguments": one}}
            events.append(one if isinstance(one, threading.Event) else script.delta(tool_calls=[piece]))
        return script.Reply(events=[*events, *([] if cut else script.ending(finish, None))], cut=cut)

    return reply


@pytest.fixture
def play(server: Any, script: ModuleType) -> Callable[..., None]:
    """Answer with these replies, then with the last word."""
    return lambda *replies: server.play(*replies, script.says("Done."))


def step(id: str, tool: str = "note", **more: Any) -> dict[str, Any]:
    return {"id": id, "tool": tool, "args": {"text": id}, **more}


def begun_early(told: list[Event]) -> list[str]:
    """Return the steps that began before their plan was whole."""
    whole = next((n for n, one in enumerate(told) if isinstance(one, PlanMade) and one.is_whole), len(told))
    return [one.step for one in told[:whole] if isinstance(one, StepStarted)]


async def test_a_step_runs_while_the_rest_of_its_plan_is_still_being_written(
    assistant: Assistant, play: Callable[..., None], writing: Callable[..., Any], ran: Ran, calls: list[str]
) -> None:
    play(writing(step("one"), ran["one"], step("two")))
    answer = await assistant.run("Note it")
    assert (answer.status, calls) == ("done", ["one", "two"])
    assert [(one["id"], one["status"], one["cached"]) for one in answer.steps] == [
        ("one", "done", False),
        ("two", "done", False),
    ]


async def test_what_needs_an_early_step_runs_early_too(
    assistant: Assistant, play: Callable[..., None], writing: Callable[..., Any], ran: Ran, calls: list[str]
) -> None:
    user = step("user", args={"text": "user", "after": "$first.text"})
    each = step("each", args={"text": "<$" + "{item}>"}, for_each="$first.items")
    play(writing(step("first"), user, each, ran["user"], ran["<first 0>"], ran["<first 1>"]))
    answer = await assistant.run("Note it")
    assert (answer.status, sorted(calls)) == ("done", ["<first 0>", "<first 1>", "first", "user"])
    assert len(assistant.journal.steps(answer.run_id)) == 4


async def test_a_direct_call_runs_while_the_next_is_still_being_written(
    assistant: Assistant, play: Callable[..., None], script: ModuleType, ran: Ran, calls: list[str]
) -> None:
    both = script.calls(("note", {"text": "a"}), ("note", {"text": "b"})).events
    second = next(n for n, one in enumerate(both) if one["choices"][0]["delta"]["tool_calls"][0]["index"] == 1)
    play(script.Reply(events=[*both[:second], ran["a"], *both[second:]]))
    answer = await assistant.run("Note it")
    assert (calls, [one["id"] for one in answer.steps]) == (["a", "b"], ["note_1", "note_2"])
    assert len(assistant.journal.steps(answer.run_id)) == 2


@pytest.mark.parametrize(
    "odd",
    [
        pytest.param(step("odd", "write"), id="writes for the user"),
        pytest.param(step("odd", "send"), id="needs approval"),
        pytest.param(step("odd", "denote"), id="unknown tool"),
        pytest.param(step("odd", args={"text": 7}), id="wrong argument"),
        pytest.param(step("odd", args={"text": "$later.text"}), id="later step"),
        pytest.param(step("odd", args={"text": "odd", "after": "$run.steps"}), id="what ran so far"),
        pytest.param(step("odd", args={"text": "odd", "after": "$fails"}), id="needs a step that failed"),
        pytest.param(step("odd", args={"text": "odd", "after": "$one.nothing"}), id="leads nowhere"),
        pytest.param(step("odd", for_each="$one.text"), id="no list"),
        pytest.param(step("one", args={"text": "again"}), id="id that is taken"),
    ],
)
async def test_what_may_change_or_do_harm_waits_for_the_whole_plan(
    assistant: Assistant, play: Callable[..., None], writing: Callable[..., Any], *,
    ran: Ran, told: list[Event], calls: list[str], odd: Any,
) -> None:  # fmt: skip
    fails = {"id": "fails", "tool": "trip", "optional": True}
    free = step("free", args={"text": "free", "after": "$one.text"})
    play(writing(step("one"), fails, odd, ran["one"], ran["trip"], free, ran["free"], step("later", "write")))
    await assistant.run("Note it", on_event=told.append)
    assert begun_early(told) == ["one", "fails", "free"]
    assert calls[:3] == ["one", "trip", "free"]


async def test_what_the_policy_asks_about_does_not_run_early(
    settings: Settings, brain: EndpointBrain, tools: dict[str, Tool], *,
    play: Callable[..., None], writing: Callable[..., Any], ran: Ran, told: list[Event],
) -> None:  # fmt: skip
    rule = Rule(tool="note", argument="text", matches="asked*", decision="ask")
    guarded = replace(settings, policy=Policy(rules=(rule,)))
    play(writing(step("asked"), step("free"), ran["free"]))
    with Assistant(guarded, brain=brain, tools=tools) as assistant:
        await assistant.run("Note it", on_event=told.append)
    assert begun_early(told) == ["free"]


async def test_what_may_be_paid_for_does_not_run_early(
    settings: Settings, brain: EndpointBrain, tools: dict[str, Tool], *,
    play: Callable[..., None], writing: Callable[..., Any], ran: Ran, told: list[Event],
) -> None:  # fmt: skip
    paid = replace(settings, models={"see": "house:eye"}, endpoints={"house": brain.served.endpoint})
    tools["look"] = replace(tools["note"], roles=("see",))
    play(writing(step("seen", "look"), step("free"), ran["free"]))
    with Assistant(paid, brain=brain, tools=tools) as assistant:
        await assistant.run("Note it", on_event=told.append)
    assert begun_early(told) == ["free"]


async def test_a_refused_plan_leaves_only_what_is_remembered(
    assistant: Assistant, play: Callable[..., None], writing: Callable[..., Any], *,
    ran: Ran, told: list[Event], calls: list[str],
) -> None:  # fmt: skip
    wrong = step("two", args={"loud": True})
    play(writing(step("one"), step("stay", "stay"), ran["one"], ran["stay"], wrong))
    answer = await assistant.run("Note it", on_event=told.append)
    assert calls == ["one", "stay", "stay ended"]
    assert (answer.steps, assistant.journal.steps(answer.run_id)) == ([], [])
    assert isinstance(plans := [one for one in told if isinstance(one, PlanMade)][-1], PlanMade) and not plans.steps
    play(writing(step("one"), step("two")))
    again = await assistant.run("Note it")
    assert [(one["id"], one["cached"]) for one in again.steps] == [("one", True), ("two", False)]


async def test_a_plan_that_is_made_again_uses_what_the_refused_one_gave(
    assistant: Assistant, play: Callable[..., None], writing: Callable[..., Any], ran: Ran, calls: list[str]
) -> None:
    play(writing(step("one"), ran["one"], step("two", "denoted_elsewhere")), writing(step("one"), step("two")))
    answer = await assistant.run("Note it")
    assert (answer.status, calls) == ("done", ["one", "two"])
    assert [one["cached"] for one in answer.steps] == [True, False]


async def test_a_plan_that_is_cut_at_the_limit_leaves_nothing_running(
    assistant: Assistant, play: Callable[..., None], writing: Callable[..., Any], ran: Ran, calls: list[str]
) -> None:
    play(writing(step("one"), step("stay", "stay"), ran["one"], ran["stay"], step("two"), finish="length"))
    answer = await assistant.run("Note it")
    assert answer.steps == []
    assert calls[-1] == "stay ended"


async def test_an_early_step_that_fails_is_a_failed_step(
    assistant: Assistant, play: Callable[..., None], writing: Callable[..., Any], ran: Ran, calls: list[str]
) -> None:
    user = step("user", args={"text": "user", "after": "$bad"})
    play(writing({"id": "bad", "tool": "trip"}, ran["trip"], user, step("free")))
    answer = await assistant.run("Note it")
    assert [(one["id"], one["status"]) for one in answer.steps] == [
        ("bad", "failed"),
        ("user", "skipped"),
        ("free", "done"),
    ]
    assert sorted(calls) == ["free", "trip"]


async def test_a_run_whose_stream_broke_repeats_no_finished_step(
    assistant: Assistant, play: Callable[..., None], writing: Callable[..., Any], *,
    ran: Ran, told: list[Event], calls: list[str],
) -> None:  # fmt: skip
    play(writing(step("one"), step("stay", "stay"), ran["one"], ran["stay"], cut=True))
    with pytest.raises(ProviderError, match="broke off"):
        await assistant.run("Note it", on_event=told.append)
    assert calls == ["one", "stay", "stay ended"]
    play(writing(step("one"), step("two")))
    again: list[Event] = []
    answer = await assistant.resume("last", on_event=again.append)
    assert (answer.status, calls[3:]) == ("done", ["two"])
    first = [
        next(one for one in events if isinstance(one, StepEnded) and one.step == "one") for events in (told, again)
    ]
    assert first[0].call_id == first[1].call_id
    assert [one.cached for one in first] == [False, True]


async def test_a_cancellation_while_the_plan_is_written_leaves_nothing_running(
    assistant: Assistant, play: Callable[..., None], writing: Callable[..., Any], *,
    ran: Ran, told: list[Event], calls: list[str],
) -> None:  # fmt: skip
    hold = threading.Event()
    play(writing(step("stay", "stay"), hold, step("two")))
    before = asyncio.all_tasks()
    work = asyncio.create_task(assistant.run("Note it", on_event=told.append))
    await asyncio.to_thread(ran["stay"].wait, 30)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    hold.set()
    assert calls == ["stay", "stay ended"]
    assert [(one.step, one.status) for one in told if isinstance(one, StepEnded)] == [("stay", "cancelled")]
    assert asyncio.all_tasks() == before
    assert assistant.runs()[0].status == "cancelled"


async def test_watchers_are_told_of_a_step_before_it_runs(
    assistant: Assistant, play: Callable[..., None], writing: Callable[..., Any], ran: Ran, *, told: list[Event]
) -> None:
    play(writing(step("one"), ran["one"], step("two"), ran["two"], step("three", "write")))
    await assistant.run("Note it", on_event=told.append)
    plans = [one for one in told if isinstance(one, PlanMade)]
    assert [(one.is_whole, [at["id"] for at in one.steps]) for one in plans] == [
        (False, ["one"]),
        (False, ["one", "two"]),
        (True, ["one", "two", "three"]),
    ]
    assert [at["status"] for at in plans[-1].steps][2] == "waiting"
    writer, shown = AguiWriter(), {}
    for line in (line for event in told for line in writer.lines(event)):
        if line["type"] == "STATE_SNAPSHOT":
            shown = line["snapshot"]
        for change in line["delta"] if line["type"] == "STATE_DELTA" else []:
            path = change["path"].split("/")
            if path[1] == "plan" and change["op"] == "add":
                shown["plan"].append(change["value"])
            elif path[1] == "plan":
                shown["plan"][int(path[2])]["status"] = change["value"]
    assert [(one["id"], one["status"]) for one in shown["plan"]] == [(name, "done") for name in ("one", "two", "three")]


ONE_AND_TWO = json.dumps({"goal": "test", "steps": [step("one"), step("two")]})


@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param([{"arguments": json.loads(ONE_AND_TWO)}], id="an object"),
        pytest.param([{"arguments": json.dumps(ONE_AND_TWO)}], id="JSON in a string"),
        pytest.param([{"arguments": f"```json\n{ONE_AND_TWO}\n```"}], id="fenced"),
        pytest.param([{"arguments": one} for one in ONE_AND_TWO], id="letter by letter, with the name each time"),
        pytest.param([{"arguments": ONE_AND_TWO}, {"arguments": "]}</tool_call>"}], id="more after its end"),
        pytest.param([{"arguments": ONE_AND_TWO.replace("}, {", "},\n\n{").replace('"}}', '",}}')}], id="commas"),
    ],
)
async def test_however_a_plan_is_written_each_step_runs_once(
    assistant: Assistant, play: Callable[..., None], script: ModuleType, calls: list[str], *, pieces: list[Any]
) -> None:
    deltas = [{"index": 0, "function": {"name": "make_plan", **piece}} for piece in pieces]
    play(script.Reply(events=[*(script.delta(tool_calls=[one]) for one in deltas), *script.ending("stop", None)]))
    answer = await assistant.run("Note it")
    assert (answer.status, sorted(calls), len(answer.steps)) == ("done", ["one", "two"], 2)


async def test_what_the_whole_plan_has_otherwise_runs_again_with_what_needs_it(
    run: Run, tools: dict[str, Tool], plan: Callable[..., Plan], ran: Ran, calls: list[str]
) -> None:
    executor = Executor(
        run=run, journal=Journal(run.library, run.settings.home), catalog=tools, emit=lambda event: None
    )
    user = step("user", args={"text": "user", "after": "$changed.text"})
    for one in (step("same"), step("changed"), user, step("gone")):
        executor.early.add(Step.model_validate(one))
    assert all([await asyncio.to_thread(ran[name].wait, 30) for name in ("same", "changed", "user", "gone")])
    records = await executor.act(plan(step("same"), step("changed", args={"text": "other"}), user))
    assert calls[4:] == ["other", "user"]
    assert {name: one["status"] for name, one in records.items()} == dict.fromkeys(("same", "changed", "user"), "done")
    assert executor.scope["changed"]["text"] == "other"
    assert "gone" not in executor.records
    assert [row.step for row in executor.journal.steps(run.id)] == ["same", "changed", "user"]


async def test_steps_run_on_while_the_user_is_asked_about_others(
    assistant: Assistant, play: Callable[..., None], writing: Callable[..., Any], *, ran: Ran, calls: list[str]
) -> None:
    user = step("user", args={"text": "user", "after": "$one"})

    async def approve(request: Request) -> Decisions:
        await asyncio.to_thread(ran["user"].wait, 30)
        calls.append("the user")
        return [Decision(type="approve")]

    play(writing(step("one"), step("asked", "send"), user))
    answer = await assistant.run("Note it", approve=approve)
    assert answer.status == "done"
    assert calls == ["one", "user", "the user", "asked"]
    assert [(one["id"], one["status"]) for one in answer.steps] == [
        ("one", "done"),
        ("asked", "done"),
        ("user", "done"),
    ]
    assert len(assistant.journal.steps(answer.run_id)) == 3


async def test_a_plan_that_waits_for_the_user_stays_shown(
    assistant: Assistant, play: Callable[..., None], writing: Callable[..., Any], *, ran: Ran, told: list[Event]
) -> None:
    async def approve(request: Request) -> None:
        return None

    play(writing(step("one"), ran["one"], step("stay", "stay"), ran["stay"], step("asked", "send")))
    answer = await assistant.run("Note it", approve=approve, on_event=told.append)
    assert answer.status == "waiting"
    last = [one for one in told if isinstance(one, PlanMade)][-1]
    assert (last.is_whole, [one["id"] for one in last.steps]) == (True, ["one", "stay", "asked"])
    assert [(one.step, one.status) for one in told if isinstance(one, StepEnded)] == [
        ("one", "done"),
        ("stay", "cancelled"),
    ]
