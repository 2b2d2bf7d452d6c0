"""One paid request of a tool: real HTTP, every fault a script, and the server counts."""

from collections.abc import Callable
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest
from pydantic import BaseModel

from sensorium.tools.base import faults
from sensorium.tools.base.budget import OutcomeUnknown
from sensorium.tools.base.call import perform
from sensorium.tools.base.endpoints import Endpoint, ServedModel
from sensorium.tools.base.errors import ArgumentError, ProviderError, SettingsError, TransientError
from sensorium.tools.base.paid import order_key, request_json
from sensorium.tools.base.price import quote_of
from sensorium.tools.base.run import Run
from sensorium.tools.base.tool import Tool, tool

CANARY = "sk-canary-0a1b2c3d"
SAID = {"choices": [{"message": {"content": "A kite."}}], "usage": {"prompt_tokens": 1000, "completion_tokens": 10}}
PATH = "/chat/completions"
Ask = Callable[..., Any]


class Seen(BaseModel):
    text: str = ""


def house(url: str, **more: Any) -> Endpoint:
    prices = {"*": {"input_tokens": 1e-6, "output_tokens": 1e-5}}
    known: dict[str, Any] = {"prices": prices, "key": "HOUSE_KEY", "secret": CANARY, "timeout_seconds": 10.0}
    return Endpoint(name=more.pop("name", "house"), base_url=url, **(known | more))


@pytest.fixture
def ask(run: Run, server: Any) -> Ask:
    """Ask the scripted server as a tool does."""

    async def request(text: str = "What is it?", *, given: Run | None = None, **more: Any) -> Any:
        files = more.pop("files", None)
        units = more.pop("units", {"input_tokens": 2000, "output_tokens": 100})
        served = ServedModel(endpoint=house(server.url, **more), name="eye", role="see")
        body = {"model": "eye", "messages": [{"role": "user", "content": text}]}
        return await request_json(given or run, served, PATH, body, quote=quote_of(served, units), files=files)

    return request


async def test_an_answer_is_paid_once_and_kept(ask: Ask, run: Run, server: Any, script: ModuleType) -> None:
    server.play(script.Reply(body=SAID))
    assert [await ask(), await ask(), await ask(given=run.begin(run.id))] == [SAID] * 3
    assert len(server.requests) == 1
    assert run.budget.spent.usd == pytest.approx(0.0011)
    assert run.budget.spent.units == {"calls": 1, "input_tokens": 1000, "output_tokens": 10}


async def test_another_question_or_another_run_is_another_order(
    ask: Ask, run: Run, server: Any, script: ModuleType
) -> None:
    server.play(*[script.Reply(body=SAID)] * 3)
    await ask("one")
    await ask("two")
    await ask("one", given=run.begin("other"))
    assert len(server.requests) == 3


async def test_what_the_server_does_not_count_is_charged_as_reserved(
    ask: Ask, run: Run, server: Any, script: ModuleType
) -> None:
    server.play(script.Reply(body={"text": "hi"}), script.Reply(body={"usage": {"cost": 0.5}}))
    await ask("one")
    assert run.budget.spent.usd == pytest.approx(0.003)
    await ask("two")
    assert run.budget.spent.usd == pytest.approx(0.503)


@pytest.mark.parametrize(
    "usage",
    [
        {"prompt_tokens": 10**400, "completion_tokens": 10**400},
        {"prompt_tokens": -5, "completion_tokens": -5},
        {"prompt_tokens": 10**12, "completion_tokens": 10**12},
        {"prompt_tokens": "11", "completion_tokens": True},
        {"prompt_tokens": 0, "cost": 10**400},
        {"cost": -1.0},
        {"cost": 1e300},
        {"type": "duration", "seconds": -60},
        {"type": "duration", "seconds": 10**400},
        [7],
    ],
    ids=str,
)
async def test_a_count_that_cannot_be_true_is_charged_as_reserved(
    ask: Ask, run: Run, server: Any, script: ModuleType, usage: Any
) -> None:
    server.play(script.Reply(body={"choices": [], "usage": usage}))
    await ask(units={"input_tokens": 2000, "output_tokens": 100, "audio_minutes": 1})
    assert run.budget.spent.usd == pytest.approx(0.003)
    assert run.budget.spent.units == {"calls": 1, "input_tokens": 2000, "output_tokens": 100, "audio_minutes": 1}


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        ({"status": 401, "body": {"error": CANARY}}, SettingsError, "Set `HOUSE_KEY` anew"),
        ({"status": 400, "body": {"error": "too many"}}, ProviderError, "refused the request"),
        ({"status": 429, "headers": {"retry-after": "999"}, "body": "slow"}, ProviderError, "no more requests"),
        ({"body": "<html><title>Sign in</title></html>"}, SettingsError, "answered with a web page"),
        ({"body": []}, SettingsError, "answered with something else"),
    ],
)
async def test_what_was_certainly_not_worked_on_costs_nothing_and_may_be_asked_again(
    ask: Ask, run: Run, server: Any, script: ModuleType, *, answer: Any, error: type[Exception], words: str
) -> None:
    server.play(script.Reply(**answer), script.Reply(body=SAID))
    with pytest.raises(error, match=words) as raised:
        await ask()
    assert CANARY not in str(raised.value)
    assert run.budget.spent.orders == 0
    assert await ask() == SAID


@pytest.mark.parametrize(
    "answer",
    [{"status": 500, "body": "oh"}, {"status": 504, "body": "<html/>"}, {"events": ["{"], "cut": True},
     {"body": {"error": {"message": "overloaded"}}}, {"events": ["late"], "pause_seconds": 5.0}],
    ids=["500", "504", "cut", "error in the answer", "silence"],
)  # fmt: skip
async def test_what_may_have_been_worked_on_is_charged_and_never_sent_again(
    ask: Ask, run: Run, server: Any, script: ModuleType, answer: Any
) -> None:
    server.play(*[script.Reply(**answer)] * 3)
    with pytest.raises(ProviderError):
        await ask(timeout_seconds=0.3)
    for given in (run, run.begin(run.id)):
        with pytest.raises(OutcomeUnknown):
            await ask(given=given)
    assert len(server.requests) == 1
    assert run.budget.spent.unknown_usd == pytest.approx(0.003)


async def test_the_doors_second_try_does_not_order_again(
    run: Run, ask: Ask, server: Any, script: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sensorium.tools.base.call.RETRY_WAITS_SECONDS", (0, 0))
    tries = []

    @tool(effect="network", resource="network", cost="paid")
    async def look(*, run: Run) -> Seen:
        """Look."""
        answer = await ask(given=run)
        tries.append(1)
        if len(tries) < 3:
            raise TransientError("It stumbled after it had paid.")
        return Seen(text=answer["choices"][0]["message"]["content"])

    server.play(*[script.Reply(body=SAID)] * 3)
    outcome = await perform(look, {}, run)
    assert (outcome.result, len(tries), len(server.requests)) == (Seen(text="A kite."), 3, 1)
    assert outcome.cost_usd == pytest.approx(0.0011)
    assert outcome.units == {"calls": 1, "input_tokens": 1000, "output_tokens": 10}
    assert outcome.provider == "house:eye"


async def test_what_was_paid_before_an_interruption_is_the_same_calls_cost(
    run: Run, ask: Ask, server: Any, script: ModuleType, paying_tool: Tool
) -> None:
    server.play(script.Reply(body=SAID))
    first = await perform(paying_tool, {}, run, call_id="run-a")
    again = await perform(paying_tool, {}, run.begin(run.id), call_id="run-a")
    other = await perform(paying_tool, {}, run.begin(run.id), call_id="run-b")
    assert [first.cost_usd, again.cost_usd, other.cost_usd] == [pytest.approx(0.0011)] * 2 + [0]


@pytest.fixture
def paying_tool(ask: Ask) -> Tool:
    @tool(effect="network", resource="network", cost="paid")
    async def look(*, run: Run) -> Seen:
        """Look."""
        return Seen(text=str(await ask(given=run)))

    return look


async def test_a_fallback_serves_when_the_first_is_down_and_is_noted(
    run: Run, ask: Ask, server: Any, script: ModuleType, *, paying_tool: Tool,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    spare = house(server.url, name="spare", secret=None, key=None, prices={"*": {"output_tokens": 1e-6}})
    settings = replace(run.settings, fallbacks={"see": ("spare:lens",)}, endpoints={"spare": spare})
    server.play(script.Reply(status=402, body={"error": "Insufficient Balance"}), script.Reply(body=SAID))
    outcome = await perform(paying_tool, {}, replace(run, settings=settings))
    assert (outcome.provider, outcome.cost_usd) == ("spare:lens", pytest.approx(1e-5))
    assert [one["model"] for one in server.requests] == ["eye", "lens"]
    assert [(one.provider, one.state) for one in run.budget.ledger.orders(run.id)] == [
        ("house", "refunded"), ("spare", "done")
    ]  # fmt: skip
    assert "has no credit left" in caplog.text and "`spare:lens` is asked instead" in caplog.text


async def test_a_fallback_is_not_paid_for_what_may_have_been_paid(
    run: Run, server: Any, script: ModuleType, *, paying_tool: Tool
) -> None:
    spare = house(server.url, name="spare", secret=None, key=None)
    settings = replace(run.settings, fallbacks={"see": ("spare:lens",)}, endpoints={"spare": spare})
    server.play(script.Reply(status=500, body={"error": "out of order"}))
    with pytest.raises(ProviderError, match=r"failed \(500\): out of order"):
        await perform(paying_tool, {}, replace(run, settings=settings))
    assert [one["model"] for one in server.requests] == ["eye"]
    free = replace(run, settings=replace(settings, endpoints={"spare": replace(spare, prices={})}), id="other")
    server.play(script.Reply(status=500, body={"error": "out of order"}), script.Reply(body=SAID))
    outcome = await perform(paying_tool, {}, replace(free, budget=run.begin("other").budget))
    assert outcome.provider == "spare:lens"


async def test_only_who_is_free_is_asked_after_who_may_have_been_paid_however_many_fail(
    run: Run, server: Any, script: ModuleType, *, paying_tool: Tool
) -> None:
    dear = {one: house(server.url, name=one, secret=None, key=None) for one in ("spare", "last")}
    free = {one: house(server.url, name=one, secret=None, key=None, prices={}) for one in ("own", "older")}
    settings = replace(
        run.settings,
        endpoints={**dear, **free},
        fallbacks={"see": ("spare:lens", "own:lamp", "last:glass", "older:candle")},
    )
    server.play(*[script.Reply(status=500, body={"error": "out of order"})] * 2, script.Reply(body=SAID))
    outcome = await perform(paying_tool, {}, replace(run, settings=settings))
    assert outcome.provider == "older:candle"
    assert [one["model"] for one in server.requests] == ["eye", "lamp", "candle"]


async def test_what_is_beyond_the_providers_limits_is_not_sent(ask: Ask, server: Any) -> None:
    limits = {"*": {"audio_minutes": 25.0, "bytes": 100.0}}
    with pytest.raises(ArgumentError, match=r"takes at most 25 audio minutes in a request, and this has 40"):
        await ask(units={"audio_minutes": 40}, limits=limits)
    with pytest.raises(ArgumentError, match=r"takes at most 100 bytes .*`\[providers.house.limits\]`"):
        await ask(files={"file": ("a.wav", b"x" * 101, "audio/wav")}, limits=limits)
    assert not server.requests


def test_of_a_refusal_without_end_the_beginning_is_looked_through() -> None:
    house = Endpoint(name="house", base_url="http://127.0.0.1:1")
    served = ServedModel(endpoint=house, name="one", role="draw")
    for begins, is_policy in (("", True), ("model " * 5000, False)):
        error = faults.refused(served, 400, f'{begins}"moderation_blocked"')
        assert isinstance(error, ProviderError) and error.is_policy is is_policy


def test_an_order_is_known_by_who_is_asked_and_what() -> None:
    one = ServedModel(endpoint=house("https://a.test"), name="eye", role="see")
    files = {"file": ("a.wav", b"1", "audio/wav")}
    keys = [
        order_key(one, PATH, b"{}"),
        order_key(replace(one, name="lens"), PATH, b"{}"),
        order_key(replace(one, endpoint=house("https://a.test", name="other")), PATH, b"{}"),
        order_key(one, "/other", b"{}"),
        order_key(one, PATH, b"[]"),
        order_key(one, PATH, b"{}", files),
        order_key(one, PATH, b"{}", {"file": ("a.wav", b"2", "audio/wav")}),
    ]
    assert len(set(keys)) == len(keys)
    assert keys[0] == order_key(replace(one, endpoint=house("https://b.test", secret="other")), PATH, b"{}")
