"""The gate: what the policy asks about is asked once for a whole plan, and an approval is for one call."""

import asyncio
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import product
from types import ModuleType
from typing import Any

import pytest
from pydantic import BaseModel, Field

from sensorium.agent.answer import Answer, Options
from sensorium.agent.approval import Decision, Decisions, Request
from sensorium.agent.assistant import Assistant
from sensorium.agent.endpoint import EndpointBrain
from sensorium.agent.events import ApprovalAsked, Event, PlanMade, StepStarted
from sensorium.agent.plan import MAX_ITEMS
from sensorium.tools.base.endpoints import Endpoint
from sensorium.tools.base.errors import ArgumentError, ToolError
from sensorium.tools.base.estimate import exactly
from sensorium.tools.base.policy import Policy, Rule
from sensorium.tools.base.run import Run
from sensorium.tools.base.settings import Settings
from sensorium.tools.base.tool import Tool, tool

Step = dict[str, Any]
APPROVE, REJECT = Decision(type="approve"), Decision(type="reject", message="Not today.")


class Found(BaseModel):
    """What the small tools give."""

    text: str = ""
    items: list[str] = Field(default_factory=list)


@pytest.fixture
def sent() -> list[str]:
    """The texts that were really sent, in order."""
    return []


@pytest.fixture
def tools(sent: list[str]) -> dict[str, Tool]:
    """One tool that reads, and two that reach outside: one always works, one never."""

    @tool(effect="pure", version=7)
    async def look(text: str = "seen", items: list[str] | None = None, *, run: Run) -> Found:
        """Look at something."""
        return Found(text=text, items=items or [])

    @tool(effect="network", resource="network")
    async def send(text: str, to: str = "me", *, run: Run) -> Found:
        """Send a text."""
        sent.append(f"{text} > {to}")
        return Found(text=f"sent {text}")

    @tool(effect="network", resource="network")
    async def lose(text: str, *, run: Run) -> Found:
        """Send a text that gets lost."""
        sent.append(f"lost {text}")
        raise ToolError("It was lost.")

    return {one.name: one for one in (look, send, lose)}


class Desk:
    """Answers requests as it is told, and keeps them."""

    def __init__(self, *answers: Decisions | None) -> None:
        self._answers = list(answers)
        self.requests: list[Request] = []

    async def __call__(self, request: Request) -> Decisions | None:
        self.requests.append(request)
        return self._answers.pop(0)

    @property
    def asked(self) -> list[list[tuple[str, dict[str, Any]]]]:
        """Name and arguments of each call, for each request."""
        return [[(one.name, one.args) for one in request.asks] for request in self.requests]


Make = Callable[..., Assistant]


@pytest.fixture
def make(
    settings: Settings, brain: EndpointBrain, tools: dict[str, Tool], server: Any, script: ModuleType
) -> Iterator[Make]:
    """Make an assistant under a policy; each answer of its model but the last is a plan of steps, or a direct call."""
    opened: list[Assistant] = []

    def make(*plans: Sequence[Step] | tuple[str, Any], **policy: Any) -> Assistant:
        if plans:
            made = [
                script.calls(one if isinstance(one, tuple) else ("make_plan", {"goal": "g", "steps": one}))
                for one in plans
            ]
            server.play(*made, script.says("That is all."))
        assistant = Assistant(replace(settings, policy=Policy(**policy)), brain=brain, tools=tools)
        opened.append(assistant)
        return assistant

    yield make
    for one in opened:
        one.close()


def step(id: str, tool: str, args: dict[str, Any], **more: Any) -> Step:
    return {"id": id, "tool": tool, "args": args, **more}


def statuses(answer: Answer) -> dict[str, str]:
    return {one["id"]: one["status"] for one in answer.steps}


SEND_TWO = [
    step("one", "send", {"text": "a"}),
    step("see", "look", {}),
    step("two", "send", {"text": "b", "to": "you"}),
]


async def test_all_risky_steps_of_a_plan_are_asked_about_in_one_request(make: Make, sent: list[str]) -> None:
    desk = Desk([APPROVE, APPROVE])
    answer = await make(SEND_TWO).run("Send", approve=desk)
    assert desk.asked == [[("one", {"text": "a"}), ("two", {"text": "b", "to": "you"})]]
    assert statuses(answer) == {"one": "done", "see": "done", "two": "done"}
    assert sorted(sent) == ["a > me", "b > you"]


async def test_the_request_has_the_shape_that_chat_pages_know(make: Make) -> None:
    desk = Desk(None)
    answer = await make(SEND_TWO).run("Send", approve=desk)
    assert answer.asked == desk.requests[0].plain()
    assert answer.asked["action_requests"][0] == {
        "name": "send",
        "args": {"text": "a"},
        "description": "Step `one`.\nWhy: It reaches out to the network.",
    }
    assert answer.asked["review_configs"] == [
        {"action_name": "send", "allowed_decisions": ["approve", "edit", "reject"]}
    ] * 2  # fmt: skip


@pytest.mark.parametrize(
    ("way", "kind"), [*product(("direct call", "plan", "for each"), ("approve", "edit", "reject"))]
)
async def test_each_answer_works_for_each_way_to_call(make: Make, sent: list[str], way: str, kind: str) -> None:
    plans = {
        "direct call": [("send", {"text": "a"})],
        "plan": [[step("post", "send", {"text": "a"})]],
        "for each": [
            [step("all", "look", {"items": ["x", "y"]}), step("post", "send", {"text": "$item"}, for_each="$all.items")]
        ],
    }[way]
    edit = Decision(type="edit", name="send", args={"text": "$item" if way == "for each" else "z", "to": "us"})
    desk = Desk([{"approve": APPROVE, "edit": edit, "reject": REJECT}[kind]])
    answer = await make(*plans).run("Send", approve=desk)
    assert len(desk.requests) == 1
    texts = ["x", "y"] if way == "for each" else ["z" if kind == "edit" else "a"]
    to = "us" if kind == "edit" else "me"
    assert sorted(sent) == ([] if kind == "reject" else [f"{text} > {to}" for text in texts])
    name = "send_1" if way == "direct call" else "post"
    assert statuses(answer)[name] == ("rejected" if kind == "reject" else "done")
    assert answer.status == ("done" if kind != "reject" else "partial" if way == "for each" else "failed")


async def test_a_rejection_is_told_to_the_model_and_what_needs_the_step_is_skipped(
    make: Make, server: Any, sent: list[str]
) -> None:
    steps = [
        step("post", "send", {"text": "a"}),
        step("after", "look", {"text": "${post.text}"}),
        step("see", "look", {}),
    ]
    answer = await make(steps).run("Send", approve=Desk([REJECT]))
    assert statuses(answer) == {"post": "rejected", "after": "skipped", "see": "done"}
    told = server.requests[-1]["messages"][-1]["content"]
    assert "It was not approved: Not today." in told
    assert "rejected" in told
    assert (answer.status, answer.text, sent) == ("partial", "That is all.", [])


async def test_with_nobody_there_what_would_be_asked_is_refused_with_the_way_to_allow_it(
    make: Make, sent: list[str]
) -> None:
    answer = await make(SEND_TWO).run("Send")
    assert statuses(answer) == {"one": "rejected", "see": "done", "two": "rejected"}
    message = answer.steps[0]["error"]["message"]
    assert "Nobody was there to approve it." in message
    assert "`--yes`" in message
    assert "`send` in `[policy]` of sensorium.toml" in message
    assert sent == []


async def test_yes_approves_what_would_be_asked_but_not_what_is_denied(make: Make, sent: list[str]) -> None:
    rule = Rule(tool="send", argument="to", matches="you", decision="deny", reason="Never to you.")
    answer = await make(SEND_TWO, rules=(rule,)).run("Send", options=Options(yes=True))
    assert statuses(answer) == {"one": "done", "see": "done", "two": "failed"}
    assert answer.steps[2]["error"]["type"] == "DeniedError"
    assert "Never to you." in answer.steps[2]["error"]["message"]
    assert sent == ["a > me"]


async def test_a_user_policy_asks_about_a_harmless_tool(make: Make) -> None:
    desk = Desk([REJECT])
    answer = await make([step("see", "look", {})], tools={"look": "ask"}).run("Look", approve=desk)
    assert desk.requests[0].asks[0].reason == "`look` is set to be asked about."
    assert statuses(answer) == {"see": "rejected"}


async def test_the_same_call_in_a_further_plan_is_asked_about_again(make: Make, sent: list[str]) -> None:
    steps = [step("post", "lose", {"text": "a"})]
    desk = Desk([APPROVE], [REJECT])
    answer = await make(steps, steps).run("Send", approve=desk)
    assert len(desk.requests) == 2
    assert sent == ["lost a"]
    assert statuses(answer) == {"post": "rejected"}


async def test_two_equal_calls_need_two_approvals(make: Make, sent: list[str]) -> None:
    steps = [step("one", "send", {"text": "a"}), step("two", "send", {"text": "a"}, depends_on=["one"])]
    desk = Desk([APPROVE, REJECT])
    answer = await make(steps).run("Send", approve=desk)
    assert statuses(answer) == {"one": "done", "two": "rejected"}
    assert sent == ["a > me"]


async def test_an_argument_that_is_known_only_later_is_approved_as_it_is_written(make: Make, sent: list[str]) -> None:
    steps = [step("see", "look", {"text": "hello"}), step("post", "send", {"text": "${see.text}!"})]
    desk = Desk([APPROVE])
    answer = await make(steps).run("Send", approve=desk)
    assert desk.asked == [[("post", {"text": "${see.text}!"})]]
    assert desk.requests[0].asks[0].sources == {"text": "`$see.text`: what step `see` (look) gives"}
    assert (statuses(answer)["post"], sent) == ("done", ["hello! > me"])


RULE = Rule(tool="send", argument="text", matches="*secret*", decision="ask", reason="It looks like a secret.")
LATE = [
    step("see", "look", {"text": "a $secret"}),
    step("lost", "look", {"items": ["x"]}),
    step("post", "send", {"text": "${see.text}"}),
    step("after", "look", {"text": "${post.text}"}),
]


async def test_a_rule_about_a_value_asks_when_the_value_is_known(make: Make, sent: list[str]) -> None:
    desk = Desk([APPROVE])
    events: list[Event] = []
    answer = await make(LATE, tools={"send": "safe"}, rules=(RULE,)).run("Send", approve=desk, on_event=events.append)
    assert desk.asked == [[("post", {"text": "a $$secret"})]]
    assert desk.requests[0].asks[0].reason == "It looks like a secret."
    assert set(statuses(answer).values()) == {"done"}
    assert sent == ["a $secret > me"]
    assert [type(one).__name__ for one in events].count("StepStarted") == 4
    assert [one.request for one in events if isinstance(one, ApprovalAsked)] == desk.requests
    assert len([one for one in events if isinstance(one, PlanMade) and one.is_whole]) == 1


async def test_the_plan_is_shown_before_it_is_asked_about(make: Make) -> None:
    events: list[Event] = []
    await make(SEND_TWO).run("Send", approve=Desk([APPROVE, APPROVE]), on_event=events.append)
    [plan] = [one for one in events if isinstance(one, PlanMade) and one.is_whole]
    asked = next(one for one in events if isinstance(one, ApprovalAsked))
    first = next(one for one in events if isinstance(one, StepStarted) and one.tool == "send")
    assert events.index(plan) < events.index(asked) < events.index(first)


async def test_a_step_that_was_approved_as_written_is_asked_about_again_when_a_rule_is_about_its_value(
    make: Make, sent: list[str]
) -> None:
    desk = Desk([APPROVE], [APPROVE])
    await make(LATE, rules=(RULE,)).run("Send", approve=desk)
    assert desk.asked == [[("post", {"text": "${see.text}"})], [("post", {"text": "a $$secret"})]]
    assert sent == ["a $secret > me"]


async def test_a_late_edit_is_made_with_the_values_that_were_shown(make: Make, sent: list[str]) -> None:
    desk = Desk([Decision(type="edit", name="send", args={"text": "$$public", "to": "all"})])
    answer = await make(LATE, tools={"send": "safe"}, rules=(RULE,)).run("Send", approve=desk)
    assert sent == ["$public > all"]
    assert set(statuses(answer).values()) == {"done"}


async def test_items_are_asked_about_one_by_one_where_a_rule_is_about_their_value(make: Make, sent: list[str]) -> None:
    steps = [
        step("all", "look", {"items": ["x", "secret 1", "secret 2"]}),
        step("post", "send", {"text": "$item"}, for_each="$all.items"),
    ]
    desk = Desk([APPROVE, REJECT])
    answer = await make(steps, tools={"send": "safe"}, rules=(RULE,)).run("Send", approve=desk)
    assert [name for name, _ in desk.asked[0]] == ["post[1]", "post[2]"]
    assert {one.allowed for one in desk.requests[0].asks} == {("approve", "reject")}
    assert sorted(sent) == ["secret 1 > me", "x > me"]
    assert answer.status == "partial"


async def test_nothing_is_asked_about_a_list_that_is_too_long_to_run(make: Make, sent: list[str]) -> None:
    steps = [
        step("all", "look", {"items": ["secret"] * (MAX_ITEMS + 1)}),
        step("post", "send", {"text": "$item"}, for_each="$all.items"),
    ]
    desk = Desk()
    answer = await make(steps, [step("other", "look", {})], tools={"send": "safe"}, rules=(RULE,)).run(
        "Send", approve=desk
    )
    assert desk.requests == []
    assert sent == []
    assert statuses(answer)["post"] == "failed"


@pytest.fixture
def priced(make: Make, tools: dict[str, Tool], settings: Settings) -> Callable[[float | None], Assistant]:
    """An assistant whose model plans two looks by a paid model, at this price each."""

    @tool(effect="pure", roles=("see",), units=lambda args, files: exactly(pictures=1))
    async def watch(text: str, *, run: Run) -> Found:
        """Look at a picture."""
        return Found(text=text)

    def priced(usd: float | None) -> Assistant:
        assistant = make([step(f"s{n}", "watch", {"text": f"{n}"}) for n in (1, 2)])
        prices = {} if usd is None else {"big": {"pictures": usd}}
        endpoint = Endpoint(name="shop", base_url="https://shop.example/v1", prices=prices)
        known = replace(assistant.settings, models={"see": "shop:big"}, endpoints={"shop": endpoint})
        return Assistant(known, brain=assistant.runner.own_brain, tools=tools | {"watch": watch})

    return priced


async def test_a_plan_above_the_price_of_the_policy_is_asked_about_as_a_whole(
    priced: Callable[[float | None], Assistant],
) -> None:
    desk = Desk([APPROVE, REJECT])
    with priced(0.6) as assistant:
        answer = await assistant.run("Look", approve=desk)
    assert [one.name for one in desk.requests[0].asks] == ["s1", "s2"]
    assert desk.requests[0].asks[0].reason == (
        "The plan costs likely $1.20, at most $1.20; more than $1.00 is asked about."
    )
    assert desk.requests[0].asks[0].price == "It costs likely $0.6000, at most $0.6000."
    assert statuses(answer) == {"s1": "done", "s2": "rejected"}


@pytest.mark.parametrize("usd", [0.4, None])
async def test_perceiving_below_that_price_or_without_a_known_one_is_not_asked_about(
    priced: Callable[[float | None], Assistant], usd: float | None
) -> None:
    with priced(usd) as assistant:
        assert (await assistant.run("Look", approve=Desk())).status == "done"


async def test_an_edit_is_checked_and_asked_about_again_until_it_can_be_run(
    make: Make, server: Any, sent: list[str]
) -> None:
    wrong = Decision(type="edit", name="send", args={"txt": "z"})
    right = Decision(type="edit", name="send", args={"text": "z"})
    desk = Desk([wrong, APPROVE], [right])
    answer = await make(SEND_TWO).run("Send", approve=desk)
    assert [one.name for one in desk.requests[1].asks] == ["one"]
    assert "txt" in desk.requests[1].asks[0].problem
    assert sorted(sent) == ["b > you", "z > me"]
    assert answer.status == "done"
    told = json.loads(server.requests[-1]["messages"][-1]["content"])["results"]
    assert told["one"]["edited_by_the_user"] == 'send {"text":"z"}'
    assert "edited_by_the_user" not in told["two"]


async def test_an_edit_may_choose_another_tool(make: Make, sent: list[str]) -> None:
    other = Decision(type="edit", name="look", args={"text": "instead"})
    answer = await make([step("post", "send", {"text": "a"})]).run("Send", approve=Desk([other]))
    assert (answer.status, answer.steps[0]["tool"], sent) == ("done", "look", [])


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"decisions": [{"type": "approve"}]}, "2 decisions are needed, and there are 1. In this order: `one` .send."),
        ({"decisions": [{"type": "approve"}, {"type": "maybe"}]}, "`two` has the type 'maybe'; it must be one of"),
        ({"decisions": [{"type": "approve"}, {"type": "edit"}]}, "edit of `two` needs"),
        ({"approve": True}, "Decisions must be"),
    ],
)
async def test_what_is_no_decision_is_an_error_and_the_run_can_be_resumed(
    make: Make, sent: list[str], answer: dict[str, Any], words: str
) -> None:
    assistant = make(SEND_TWO)
    with pytest.raises(ArgumentError, match=words):
        await assistant.run("Send", approve=Desk(answer))
    assert (await assistant.resume("last", approve=Desk([APPROVE, APPROVE]))).status == "done"
    assert sorted(sent) == ["a > me", "b > you"]


async def test_a_run_waits_for_who_cannot_decide_now_and_goes_on_in_another_process(
    make: Make, sent: list[str], server: Any
) -> None:
    first = make(SEND_TWO)
    waiting = await first.run("Send", approve=Desk(None))
    assert (waiting.status, sent) == ("waiting", [])
    assert f"sensorium resume {waiting.run_id}" in waiting.text
    assert first.runs()[0].status == "waiting"
    first.close()
    again = Desk(None)
    assert (await make().resume(waiting.run_id, approve=again)).status == "waiting"
    assert [one.name for one in again.requests[0].asks] == ["one", "two"]
    answer = await make().resume(waiting.run_id, approve=Desk({"decisions": [{"type": "approve"}, {"type": "reject"}]}))
    assert statuses(answer) == {"one": "done", "see": "done", "two": "rejected"}
    assert sent == ["a > me"]
    assert len(server.requests) == 2


async def test_a_run_that_waited_can_be_resumed_with_yes(make: Make, sent: list[str]) -> None:
    waiting = await make(SEND_TWO).run("Send", approve=Desk(None))
    assert (await make().resume(waiting.run_id, yes=True)).status == "done"
    assert len(sent) == 2


async def test_what_was_done_before_a_run_was_stopped_is_not_asked_about_again(
    make: Make, sent: list[str], tools: dict[str, Tool], server: Any, script: ModuleType
) -> None:
    steps = [*SEND_TWO, step("last", "lose", {"text": "c"}, depends_on=["one", "two"])]
    assistant = make(steps)
    answer = await assistant.run("Send", approve=Desk([APPROVE] * 3))
    assert (answer.status, len(sent)) == ("partial", 3)
    server.play(script.calls(("make_plan", {"goal": "g", "steps": steps})), script.says("Again."))
    desk = Desk([APPROVE])
    await assistant.resume(answer.run_id, approve=desk)
    assert desk.asked == [[("last", {"text": "c"})]]
    assert sent[3:] == ["lost c"]


async def test_a_cancelled_question_is_asked_again(make: Make, sent: list[str]) -> None:
    asked = asyncio.Event()

    async def never(request: Request) -> Decisions | None:
        asked.set()
        await asyncio.Event().wait()
        return None

    assistant = make(SEND_TWO)
    work = asyncio.create_task(assistant.run("Send", approve=never))
    await asked.wait()
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)
    assert assistant.runs()[0].status == "cancelled"
    desk = Desk([APPROVE, APPROVE])
    assert (await assistant.resume("last", approve=desk)).status == "done"
    assert len(sent) == 2
