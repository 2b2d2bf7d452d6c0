"""The executor: order, references, failures as data, the journal."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel

from sensorium.agent.act import Executor
from sensorium.agent.events import Event, StepEnded
from sensorium.agent.plan import Plan
from sensorium.tools.base.run import Run
from sensorium.tools.base.tool import Tool, tool

Make = Callable[[], Executor]
Planned = Callable[..., Plan]


class Done(BaseModel):
    """What a tool gives that only does something."""


async def test_a_result_flows_to_the_steps_that_refer_to_it(executor: Make, plan: Planned) -> None:
    made = executor()
    await made.act(
        plan(
            {"id": "b", "tool": "echo", "args": {"text": "<${a.text}>", "got": "$a.items"}},
            {"id": "a", "tool": "echo", "args": {"text": "x", "items": [1, 2]}},
        )
    )
    assert made.scope["b"] == {"text": "<x>", "items": [], "got": [1, 2]}


async def test_a_step_starts_as_soon_as_what_it_needs_is_there(
    executor: Make, plan: Planned, small_tools: dict[str, Tool], events: list[Event]
) -> None:
    opened = asyncio.Event()

    @tool(effect="writes", resource="network")
    async def hold(*, run: Run) -> Done:
        """Wait for the other."""
        await asyncio.wait_for(opened.wait(), 60)
        return Done()

    @tool(effect="writes", resource="network")
    async def open_up(after: Any, *, run: Run) -> Done:
        """Let the other go on."""
        opened.set()
        return Done()

    small_tools |= {one.name: one for one in (hold, open_up)}
    await executor().act(
        plan(
            {"id": "slow", "tool": "hold"},
            {"id": "fast", "tool": "echo"},
            {"id": "after_fast", "tool": "open_up", "args": {"after": "$fast"}},
        )
    )
    ended = [one.step for one in events if isinstance(one, StepEnded)]
    assert (ended[0], sorted(ended[1:])) == ("fast", ["after_fast", "slow"])
    assert {one.status for one in events if isinstance(one, StepEnded)} == {"done"}


async def test_for_each_makes_one_call_an_item_and_gives_a_list_in_order(executor: Make, plan: Planned) -> None:
    made = executor()
    records = await made.act(
        plan(
            {"id": "list", "tool": "echo", "args": {"items": [3, 1, 2]}},
            {"id": "each", "tool": "fail", "for_each": "$list.items", "args": {"when": "$item"}},
        )
    )
    assert [one["text"] for one in made.scope["each"]] == ["3", "1", "2"]
    assert records["each"]["status"] == "done"


async def test_one_failed_item_leaves_the_others_and_is_said(executor: Make, plan: Planned) -> None:
    made = executor()
    records = await made.act(
        plan(
            {"id": "list", "tool": "echo", "args": {"items": [3, -1, 2]}},
            {"id": "each", "tool": "fail", "for_each": "$list.items", "args": {"when": "$item"}},
        )
    )
    assert [one["text"] for one in made.scope["each"]] == ["3", "2"]
    assert records["each"]["partial"] and records["each"]["error"]["message"] == "1 of 3 items failed."


async def test_a_failure_skips_what_needs_it_and_nothing_else(executor: Make, plan: Planned, calls: list[str]) -> None:
    records = await executor().act(
        plan(
            {"id": "bad", "tool": "fail"},
            {"id": "needs", "tool": "echo", "args": {"got": "$bad"}},
            {"id": "needs_that", "tool": "echo", "args": {"got": "$needs"}},
            {"id": "free", "tool": "echo", "args": {"text": "free"}},
        )
    )
    assert {name: one["status"] for name, one in records.items()} == {
        "bad": "failed",
        "needs": "skipped",
        "needs_that": "skipped",
        "free": "done",
    }
    assert records["bad"]["error"] == {"type": "ToolError", "message": "None does not work. Try another."}
    assert calls == ["free"]


async def test_others_go_on_without_a_failed_optional_step(executor: Make, plan: Planned) -> None:
    made = executor()
    records = await made.act(
        plan(
            {"id": "bad", "tool": "fail", "optional": True},
            {"id": "good", "tool": "echo", "args": {"text": "x"}},
            {"id": "end", "tool": "echo", "args": {"got": ["$bad", "$good.text"]}},
        )
    )
    assert made.scope["end"]["got"] == ["x"]
    assert [one["status"] for one in records.values()] == ["failed", "done", "done"]


async def test_a_step_whose_required_argument_is_a_failed_optional_step_is_skipped(
    executor: Make, plan: Planned
) -> None:
    records = await executor().act(
        plan(
            {"id": "bad", "tool": "fail", "optional": True},
            {"id": "nap", "tool": "wait", "args": {"seconds": "$bad.text"}, "optional": True},
            {"id": "each", "tool": "echo", "for_each": "$bad.items", "optional": True},
            {"id": "end", "tool": "echo", "args": {"got": "$nap", "text": "end"}},
        )
    )
    assert [one["status"] for one in records.values()] == ["failed", "skipped", "skipped", "done"]
    assert records["nap"]["error"] == {"type": "Skipped", "message": "`$bad.text` is not there, and `nap` needs it."}


async def test_a_finished_step_does_not_run_again_after_a_restart(
    executor: Make, plan: Planned, calls: list[str]
) -> None:
    steps = plan(
        {"id": "a", "tool": "echo", "args": {"text": "a"}},
        {"id": "b", "tool": "echo", "args": {"text": "b", "got": ["$a", "$run.steps"]}},
    )
    await executor().act(steps)
    await executor().act(steps)
    third = executor()
    await third.act(steps)
    assert sorted(calls) == ["a", "b"]
    assert third.scope["b"]["text"] == "b"


async def test_a_changed_argument_runs_again(executor: Make, plan: Planned, calls: list[str]) -> None:
    await executor().act(plan({"id": "a", "tool": "echo", "args": {"text": "one"}}))
    await executor().act(plan({"id": "a", "tool": "echo", "args": {"text": "two"}}))
    assert calls == ["one", "two"]


async def test_a_failed_step_is_tried_again_after_a_restart(executor: Make, plan: Planned, calls: list[str]) -> None:
    steps = plan(
        {"id": "a", "tool": "stumble"},
        {"id": "b", "tool": "echo", "args": {"text": "b"}},
        {"id": "c", "tool": "echo", "args": {"text": "c", "got": "$a.text"}},
    )
    first = await executor().act(steps)
    second = await executor().act(steps)
    assert [one["status"] for one in first.values()] == ["failed", "done", "skipped"]
    assert [one["status"] for one in second.values()] == ["done", "done", "done"]
    assert sorted(calls) == ["b", "c", "stumble", "stumble"]


async def test_a_cancellation_stops_the_running_steps(executor: Make, plan: Planned, events: list[Event]) -> None:
    made, started = executor(), asyncio.Event()

    def emit(event: Event) -> None:
        events.append(event)
        started.set()

    made.emit = emit
    work = asyncio.create_task(made.act(plan({"id": "long", "tool": "wait", "args": {"seconds": 60}})))
    await started.wait()
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert made.run.cancelled.is_set()
    assert [one.status for one in events if isinstance(one, StepEnded)] == ["cancelled"]


async def test_a_bug_in_one_item_takes_nothing_from_the_others(
    executor: Make, plan: Planned, small_tools: dict[str, Tool], calls: list[str]
) -> None:
    @tool(effect="writes", resource="network")
    async def divide(by: int, *, run: Run) -> Done:
        """Divide one by a number."""
        await asyncio.sleep(by / 10)
        calls.append(f"{1 / by:g}")
        return Done()

    small_tools["divide"] = divide
    records = await executor().act(
        plan(
            {"id": "list", "tool": "echo", "args": {"items": [0, 1]}},
            {"id": "each", "tool": "divide", "for_each": "$list.items", "args": {"by": "$item"}},
        )
    )
    assert (records["each"]["status"], records["each"]["partial"], calls) == ("done", True, ["", "1"])


async def test_a_listener_that_fails_leaves_no_step_running(executor: Make, plan: Planned, events: list[Event]) -> None:
    def emit(event: Event) -> None:
        events.append(event)
        if isinstance(event, StepEnded) and event.step == "short":
            raise OSError("the listener is gone")

    made = executor()
    made.emit = emit
    with pytest.raises(OSError, match="listener is gone"):
        await made.act(
            plan(
                {"id": "long", "tool": "wait", "args": {"seconds": 60}},
                {"id": "short", "tool": "wait", "args": {"seconds": 0}},
            )
        )
    assert made.run.cancelled.is_set()
    assert [one.status for one in events if isinstance(one, StepEnded)] == ["done", "cancelled"]


async def test_call_ids_are_the_same_after_a_restart(executor: Make, plan: Planned, events: list[Event]) -> None:
    steps = plan({"id": "a", "tool": "fail"})
    await executor().act(steps)
    await executor().act(steps)
    assert len({one.call_id for one in events if isinstance(one, StepEnded)}) == 1
