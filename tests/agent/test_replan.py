"""After a plan that did not end as it should: what the model is told and may plan again, and when it must answer."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest

from sensorium.agent.approval import Decision, Request
from sensorium.agent.assistant import Assistant
from sensorium.agent.endpoint import EndpointBrain
from sensorium.agent.plan import Plan
from sensorium.agent.replan import MAX_REPLANS, failures_of, is_empty, superseded, tried_enough, troubles, unfinished
from sensorium.tools.base.memo import digest
from sensorium.tools.base.moments import Findings, Moment, Source
from sensorium.tools.base.policy import Policy
from sensorium.tools.base.run import Run
from sensorium.tools.base.settings import Settings
from sensorium.tools.base.tool import Tool, tool

FIRST = {"id": "first", "tool": "echo", "args": {"text": "kept"}}
FAILS = {"id": "odd", "tool": "fail", "args": {"when": -1}}
AFTER = {"id": "after", "tool": "echo", "args": {"text": "after ${odd.text}"}}


@pytest.fixture
def tools(small_tools: dict[str, Tool]) -> dict[str, Tool]:
    @tool(effect="pure", resource="cpu")
    async def search(query: str, *, run: Run) -> Findings:
        """Find what is said; only `budget` is."""
        said = Moment(kind="speech", start_seconds=83.0, text="the budget", source=Source(tool="search"))
        return Findings(moments=[said] if query == "budget" else [])

    return {**small_tools, "search": search}


@pytest.fixture
def assistant(settings: Settings, brain: EndpointBrain, tools: dict[str, Tool]) -> Iterator[Assistant]:
    with Assistant(settings, brain=brain, tools=tools) as opened:
        yield opened


@pytest.fixture
def planned(script: ModuleType) -> Callable[..., Any]:
    """A reply of the model that is a plan of these steps."""
    return lambda *steps: script.calls(("make_plan", {"goal": "test", "steps": list(steps)}))


def told(server: Any, request: int = -1) -> dict[str, Any]:
    """Return what the model was told last before a request."""
    content: dict[str, Any] = json.loads(server.requests[request]["messages"][-1]["content"])
    return content


async def test_after_a_failure_only_what_is_not_done_is_planned_again(
    assistant: Assistant, server: Any, script: ModuleType, planned: Callable[..., Any], calls: list[str]
) -> None:
    again = {"id": "other", "tool": "echo", "args": {"text": "${first.text} and found"}}
    server.play(planned(FIRST, FAILS, AFTER), planned(again), script.says("Done."))
    answer = await assistant.run("Try")
    assert calls == ["kept", "kept and found"]
    assert answer.status == "done"
    assert [(one["id"], one["status"]) for one in answer.steps] == [
        ("first", "done"),
        ("odd", "failed"),
        ("after", "skipped"),
        ("other", "done"),
    ]
    after = told(server, 1)
    assert after["not_done"] == [
        {"step": "odd", "tool": "fail", "args": '{"when":-1}', "problem": "failed",
         "message": "-1 does not work. Try another."},
        {"step": "after", "tool": "echo", "args": '{"text":"after ${odd.text}"}', "problem": "skipped",
         "message": "`odd` did not finish, and `after` needs it."},
    ]  # fmt: skip
    assert "Done, and to be used as they are: $first." in after["next"]
    assert "you can do so 2 more time(s)" in after["next"]
    assert "not_done" not in told(server)


async def test_a_plan_that_repeats_all_steps_runs_only_those_that_are_not_done(
    assistant: Assistant, server: Any, script: ModuleType, planned: Callable[..., Any], calls: list[str]
) -> None:
    mended = {**FAILS, "args": {"when": 7}}
    server.play(planned(FIRST, FAILS, AFTER), planned(FIRST, mended, AFTER), script.says("Done."))
    answer = await assistant.run("Try")
    assert (answer.status, calls) == ("done", ["kept", "after 7"])
    assert told(server)["results"]["first"] == {"status": "done before"}
    assert told(server)["results"]["after"]["output"] == {"text": "after 7"}


async def test_a_step_under_the_name_of_a_finished_one_gets_a_name_of_its_own(
    assistant: Assistant, server: Any, script: ModuleType, planned: Callable[..., Any], calls: list[str]
) -> None:
    other = {"id": "first", "tool": "echo", "args": {"text": "new"}}
    uses = {"id": "after", "tool": "echo", "args": {"text": "after ${first.text}"}}
    server.play(planned(FIRST, FAILS), planned(other, uses), script.says("Done."))
    answer = await assistant.run("Try")
    assert (answer.status, calls) == ("done", ["kept", "new", "after new"])
    assert [one["id"] for one in answer.steps if one["status"] == "done"] == ["first", "first_2", "after"]
    assert list(told(server)["results"]) == ["first_2", "after"]


async def test_a_plan_of_which_nothing_is_left_is_answered_without_running_it(
    assistant: Assistant, server: Any, script: ModuleType, planned: Callable[..., Any], calls: list[str]
) -> None:
    server.play(planned(FIRST), planned(FIRST), script.says("Kept."))
    answer = await assistant.run("Try")
    assert (answer.text, calls) == ("Kept.", ["kept"])
    assert "All steps of this plan are done already" in server.requests[-1]["messages"][-1]["content"]


async def test_the_same_failing_call_is_not_tried_a_third_time(
    assistant: Assistant, server: Any, script: ModuleType, planned: Callable[..., Any], tools: dict[str, Tool]
) -> None:
    named_anew = {**FAILS, "id": "once_more"}
    server.play(planned(FAILS), planned(named_anew), planned(FAILS), script.says("It does not work."))
    answer = await assistant.run("Try")
    assert (answer.text, len(server.requests)) == ("It does not work.", 4)
    refused = server.requests[3]["messages"][-1]["content"]
    assert "tried-enough" in refused and "This call of `fail` failed 2 times: -1 does not work." in refused
    assert [one["status"] for one in answer.steps] == ["failed", "failed"]


async def test_nor_is_it_where_its_arguments_come_from_another_step_of_the_plan(
    assistant: Assistant, server: Any, script: ModuleType, planned: Callable[..., Any]
) -> None:
    def attempt(number: int) -> Any:
        gives = {"id": f"gives{number}", "tool": "echo", "args": {"items": [-1], "text": str(number)}}
        return planned(gives, {"id": "odd", "tool": "fail", "args": {"when": f"$gives{number}.items[0]"}})

    server.play(*map(attempt, range(3)), script.says("It does not work."))
    answer = await assistant.run("Try")
    assert [one["status"] for one in answer.steps if one["id"] == "odd"] == ["skipped"]
    assert "This call of `fail` failed 2 times" in told(server)["not_done"][0]["message"]


async def test_after_two_further_plans_the_model_must_answer(
    assistant: Assistant, server: Any, script: ModuleType, planned: Callable[..., Any]
) -> None:
    attempts = [planned({**FAILS, "args": {"when": -number}}) for number in range(1, MAX_REPLANS + 2)]
    server.play(*attempts, script.says("It is missing."))
    answer = await assistant.run("Try")
    assert (answer.status, answer.text, len(server.requests)) == ("failed", "It is missing.", MAX_REPLANS + 2)
    assert ["tools" in one for one in server.requests] == [True, True, True, False]
    assert told(server)["next"].startswith("No further plan will be run.")
    assert "1 more time" in told(server, 2)["next"]


async def test_an_optional_step_that_fails_is_no_reason_to_plan_again(
    assistant: Assistant, server: Any, script: ModuleType, planned: Callable[..., Any]
) -> None:
    server.play(planned(FIRST, {**FAILS, "optional": True}), script.says("Done."))
    answer = await assistant.run("Try")
    assert (answer.status, len(server.requests)) == ("partial", 2)
    assert told(server).keys() == {"results"}
    assert told(server)["results"]["odd"]["error"] == "-1 does not work. Try another."


async def test_a_required_step_that_found_nothing_is_told_as_such(
    assistant: Assistant, server: Any, script: ModuleType, planned: Callable[..., Any]
) -> None:
    nothing = {"id": "found", "tool": "search", "args": {"query": "costs"}}
    server.play(planned(nothing), planned({**nothing, "args": {"query": "budget"}}), script.says("At 1:23."))
    answer = await assistant.run("When?")
    assert (answer.status, answer.text) == ("done", "At 1:23.")
    assert [one["problem"] for one in told(server, 1)["not_done"]] == ["empty"]
    assert told(server)["results"]["found_2"]["output"] == {"moments": ["[found_2.m1] 1:23 speech: the budget"]}


async def test_further_plans_after_good_ones_are_not_counted(
    assistant: Assistant, server: Any, script: ModuleType, calls: list[str]
) -> None:
    server.play(*[script.calls(("echo", {"text": str(number)})) for number in range(5)], script.says("Done."))
    assert (await assistant.run("Go on")).status == "done"
    assert calls == ["0", "1", "2", "3", "4"]


async def test_a_call_that_was_rejected_is_planned_in_another_way_and_not_asked_about_again(
    settings: Settings, brain: EndpointBrain, tools: dict[str, Tool], server: Any, *,
    script: ModuleType, planned: Callable[..., Any], calls: list[str],
) -> None:  # fmt: skip
    async def reject(request: Request) -> list[Decision]:
        asked.append([one.tool for one in request.asks])
        return [Decision(type="reject", message="Too loud.") for _ in request.asks]

    asked: list[list[str]] = []
    loud = {"id": "loud", "tool": "echo", "args": {"text": "LOUD"}}
    found = {"id": "found", "tool": "search", "args": {"query": "budget"}}
    server.play(planned(loud), planned({**loud, "id": "again"}), planned(found), script.says("Done."))
    policy = Policy(tools={"echo": "ask"})
    with Assistant(replace(settings, policy=policy), brain=brain, tools=tools) as assistant:
        answer = await assistant.run("Say it", approve=reject)
    assert (answer.status, asked, calls) == ("done", [["echo"]], [])
    assert [(one["id"], one["status"]) for one in answer.steps] == [("loud", "rejected"), ("found", "done")]
    assert told(server, 1)["not_done"][0]["problem"] == "rejected"
    assert "This call of `echo` is not asked about again: It was not approved: Too loud." in str(server.requests[2])


def record(status: str, key: str = "", message: str = "") -> dict[str, Any]:
    return {"status": status, "key": key, "error": {"message": message} if message else None}


def test_what_the_user_refused_is_a_reason_to_plan_again_and_is_not_asked_twice(plan: Callable[..., Plan]) -> None:
    asked = plan(FIRST, FAILS)
    records = {"first": record("done"), "odd": record("rejected", message="Not now.")}
    assert [(one["step"], one["problem"]) for one in troubles(asked, records, {"first": {}})] == [("odd", "rejected")]
    failures = failures_of(asked, {}, records, {})
    found = list(tried_enough(plan({**FAILS, "id": "again"}), failures, {}))
    assert [(one.step, one.rule) for one in found] == [("again", "tried-enough")]
    assert "This call of `fail` is not asked about again: Not now." in found[0].message
    assert list(tried_enough(plan({**FAILS, "args": {"when": 3}}), failures, {})) == []


def test_a_call_is_the_same_whatever_its_step_is_called_and_wherever_its_values_come_from(
    plan: Callable[..., Plan],
) -> None:
    given = plan({"id": "a", "tool": "fail", "args": {"when": "$x.items[0]"}})
    scope = {"x": {"items": [-1]}}
    once = failures_of(given, {}, {"a": record("failed")}, scope)
    twice = failures_of(plan(FAILS), {"failures": once}, {"odd": record("failed")}, scope)
    assert [one["times"] for one in twice.values()] == [2]
    assert len(list(tried_enough(given, twice, scope))) == 1


def test_steps_for_each_item_are_done_when_all_their_items_are(
    plan: Callable[..., Plan], small_tools: dict[str, Tool]
) -> None:
    each = {"id": "each", "tool": "echo", "for_each": "$x.items", "args": {"text": "${item}"}}
    version = small_tools["echo"].version
    keys = [digest(f"each[{number}]", "echo", version, {"text": str(number)}) for number in range(2)]
    done = {"each": {"status": "done", "key": keys}}
    assert unfinished(plan(each), done, {"x": {"items": [0, 1]}}, small_tools).plan is None
    more = unfinished(plan(each), done, {"x": {"items": [0, 1, 2]}}, small_tools)
    assert more.plan and [step.id for step in more.plan.steps] == ["each_2"]


def test_what_was_left_unfinished_is_stale_once_a_further_plan_ended_well() -> None:
    before = [{"step": "odd", "problem": "failed"}]
    records = {"odd": record("failed"), "other": record("done")}
    assert superseded(before, [], records)["odd"]["superseded"] is True
    assert superseded(before, [{"step": "other"}], records) == records


@pytest.mark.parametrize(
    ("result", "empty"),
    [
        ({"moments": [], "measures": [], "limits": ["draft"], "text": ""}, True),
        ({"moments": [], "measures": [{"name": "x", "value": 1}]}, False),
        ({"moments": [], "measures": [], "items": [1]}, False),
        ([{"moments": [], "measures": []}, {"moments": [1], "measures": []}], False),
        ({"text": ""}, False),
        ([], False),
    ],
)
def test_only_perception_can_find_nothing(result: Any, *, empty: bool) -> None:
    assert is_empty(result) is empty
