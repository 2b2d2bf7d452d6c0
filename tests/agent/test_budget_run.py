"""A run within its budget: the cap holds, the answer says what is missing, and what it cost is told everywhere."""

import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pydantic import BaseModel

from sensorium.agent.answer import Answer, Options
from sensorium.agent.assistant import Assistant
from sensorium.agent.events import AguiWriter, Event, Spending, TextDelta
from sensorium.tools.base.budget import Caps, OverBudget
from sensorium.tools.base.endpoints import Endpoint, ServedModel
from sensorium.tools.base.errors import ProviderError, SettingsError
from sensorium.tools.base.estimate import exactly
from sensorium.tools.base.paid import request_json
from sensorium.tools.base.policy import Policy
from sensorium.tools.base.price import quote_of
from sensorium.tools.base.run import Run
from sensorium.tools.base.settings import Settings
from sensorium.tools.base.tool import Tool, tool

CANARY = "sk-canary-0a1b2c3d"
INPUT_USD, OUTPUT_USD = 1e-6, 1e-5
LOOK_USD = 0.01
"""What one look is quoted at."""
PLAN = {"goal": "Look", "steps": [{"id": f"look{n}", "tool": "look", "args": {"question": f"{n}?"}} for n in range(3)]}
Open = Callable[..., Assistant]


class Seen(BaseModel):
    """What the paid tool gives."""

    text: str = ""


@pytest.fixture
def look() -> Tool:
    @tool(effect="network", resource="network", cost="paid", roles=("see",))
    async def look(question: str, *, run: Run) -> Seen:
        """Look, for money."""
        served = ServedModel(endpoint=run.settings.endpoints["house"], name="eye", role="see")
        body = {"model": "eye", "messages": [{"role": "user", "content": question}]}
        answer = await request_json(
            run, served, "/chat/completions", body, quote=quote_of(served, {"calls": 1, "output_tokens": 1000})
        )
        return Seen(text=answer["choices"][0]["message"]["content"])

    return look


@pytest.fixture
def opened(tmp_path: Path, server: Any, look: Tool) -> Iterator[Open]:
    """Open an assistant whose model and paid tool are at the scripted server."""
    assistants: list[Assistant] = []

    def make(**more: Any) -> Assistant:
        prices = {"*": {"input_tokens": INPUT_USD, "output_tokens": OUTPUT_USD}}
        known: dict[str, Any] = {"key": "HOUSE_KEY", "secret": CANARY, "prices": prices} | more.pop("house", {})
        tools = more.pop("tools", {"look": look})
        endpoints = {"house": Endpoint(name="house", base_url=server.url, **known)} | more.pop("endpoints", {})
        settings = Settings(
            home=tmp_path / "home",
            offline=True,
            models={"think": "house:big"},
            endpoints=endpoints,
            policy=Policy(tools={"look": "safe"}),
            **more,
        )
        assistants.append(Assistant(settings, tools=tools))
        return assistants[-1]

    yield make
    for one in assistants:
        one.close()


@pytest.fixture
def told() -> list[Event]:
    """The events of a run."""
    return []


@pytest.fixture
def holding(tmp_path: Path) -> Callable[[str], list[str]]:
    """Return the names of all files that hold a text."""

    def files(text: str) -> list[str]:
        found = [one for one in tmp_path.rglob("*") if one.is_file()]
        return [one.name for one in found if text.encode() in one.read_bytes()]

    return files


@pytest.fixture
def answers(server: Any, script: ModuleType) -> Callable[[dict[str, Any]], Any]:
    """Plan three looks, look, answer: whatever order comes."""

    def answer(request: dict[str, Any]) -> Any:
        if request["model"] == "eye":
            usage = {"prompt_tokens": 0, "completion_tokens": 1000}
            return script.Reply(body={"choices": [{"message": {"content": "A kite."}}], "usage": usage})
        if request["messages"][-1]["role"] == "user" and "last word" in str(request["messages"][-1]["content"]):
            return script.says("One kite.", usage={"prompt_tokens": 900, "completion_tokens": 30})
        if any(one["role"] == "tool" for one in request["messages"]):
            return script.says("Three kites.", usage={"prompt_tokens": 2000, "completion_tokens": 20})
        return script.calls(("make_plan", PLAN), usage={"prompt_tokens": 1000, "completion_tokens": 100})

    server.answering = answer
    return answer


@pytest.mark.usefixtures("answers")
async def test_what_a_run_costs_is_told_while_it_runs_in_the_answer_and_afterwards(
    opened: Open, told: list[Event], server: Any
) -> None:
    assistant = opened()
    answer = await assistant.run("How many?", options=Options(budget_usd=1.0), on_event=told.append)
    cost = 3 * LOOK_USD + 3000 * INPUT_USD + 120 * OUTPUT_USD
    assert (answer.status, answer.text, len(server.requests)) == ("done", "Three kites.", 5)
    assert (answer.cost_usd, answer.unknown_usd, answer.unpriced) == (pytest.approx(cost), 0, 0)
    assert [one["cost_usd"] for one in answer.steps] == [pytest.approx(LOOK_USD)] * 3
    spent = [one for one in told if isinstance(one, Spending)]
    assert [one.spent.orders for one in spent] == [1, 2, 3, 4, 5]
    assert (spent[-1].spent.usd, spent[-1].cap_usd) == (pytest.approx(cost), 1.0)
    lines = [line for event in told for line in AguiWriter().lines(event)]
    assert [line["value"]["cap_usd"] for line in lines if line.get("name") == "spending"] == [1.0] * 5
    shown = assistant.show("last").plain()
    assert shown["run"]["cost_usd"] == pytest.approx(cost)
    assert [one["role"] for one in shown["orders"]] == ["think", "see", "see", "see", "think"]
    assert sum(one["usd"] for one in shown["orders"]) == pytest.approx(cost)


@pytest.mark.usefixtures("answers")
async def test_an_answer_may_be_no_longer_than_what_is_left(opened: Open, server: Any) -> None:
    assistant = opened()
    await assistant.run("How many?")
    assert "max_tokens" not in server.requests[0]
    await assistant.run("How many?", options=Options(budget_usd=1.0))
    assert server.requests[5]["max_tokens"] == 8192
    await assistant.run("How many?", options=Options(budget_usd=0.05))
    given = server.requests[10]["max_tokens"]
    assert 512 <= given < 8192
    text_bytes = len(json.dumps({**server.requests[10], "max_tokens": 0}, separators=(",", ":"), ensure_ascii=False))
    assert given * OUTPUT_USD + text_bytes / 2 * INPUT_USD == pytest.approx(0.05, abs=0.001)


async def test_an_answer_that_the_budget_cut_says_so_and_how_to_go_on(
    opened: Open, server: Any, script: ModuleType
) -> None:
    assistant, usage = opened(), {"prompt_tokens": 100, "completion_tokens": 10}
    server.play(script.says("A ki", finish="length", usage=usage))
    answer = await assistant.run("Look", options=Options(budget_usd=0.05))
    assert answer.status == "partial"
    assert f"cut where the budget ends. To go on: `sensorium resume {answer.run_id} --budget-usd X`." in answer.text
    server.play(script.says("A kite.", usage=usage))
    answer = await assistant.resume("last", budget_usd=1.0)
    assert (answer.status, len(server.requests)) == ("done", 2)


@pytest.mark.usefixtures("answers")
async def test_at_the_cap_the_model_says_a_last_word_and_what_is_missing_is_told(
    opened: Open, told: list[Event], server: Any
) -> None:
    answer = await opened().run("How many?", options=Options(budget_usd=0.0235), on_event=told.append)
    assert answer.status == "partial"
    assert answer.cost_usd <= 0.0235
    assert sum(one["model"] == "eye" for one in server.requests) < 3
    missing = [one["id"] for one in answer.steps if one["status"] == "failed"]
    assert missing and {one["error"]["type"] for one in answer.steps if one["error"]} == {"OverBudget"}
    assert "The budget is used up: $" in answer.text and f"Not done: {', '.join(missing)}." in answer.text
    assert f"`sensorium resume {answer.run_id} --budget-usd X`" in answer.text
    assert "".join(one.text for one in told if isinstance(one, TextDelta)).endswith(answer.text)


@pytest.mark.parametrize(
    ("request_", "words"),
    [("How many?", "So the model's answer is missing"), ("有几个？", "预算已用完（上限 $0.0400")],
)
@pytest.mark.usefixtures("answers")
async def test_when_not_even_a_last_word_can_be_paid_it_is_said_what_there_is(
    opened: Open, server: Any, script: ModuleType, answers: Callable[[Any], Any], *, request_: str, words: str
) -> None:
    def dear(request: dict[str, Any]) -> Any:
        if request["model"] == "big":  # charged more than was reserved, as a server may
            return script.calls(
                ("make_plan", PLAN), usage={"prompt_tokens": 9000, "completion_tokens": 90, "cost": 0.03}
            )
        return answers(request)

    server.answering = dear
    answer = await opened().run(request_, options=Options(budget_usd=0.04))
    assert (answer.status, [one["model"] for one in server.requests]) == ("partial", ["big", "eye"])
    assert words in answer.text and "look0" in answer.text and "look1, look2" in answer.text.replace("、", ", ")


async def test_a_budget_too_small_for_any_plan_fails_and_costs_nothing(opened: Open, server: Any) -> None:
    answer = await opened().run("How many?", options=Options(budget_usd=0.0001))
    assert (answer.status, answer.cost_usd, server.requests) == ("failed", 0, [])
    assert answer.text.startswith("The budget is used up: $0.00 of $0.0001. So the model's answer is missing. No step")


@pytest.mark.usefixtures("answers")
async def test_a_run_at_its_cap_goes_on_with_more_and_pays_nothing_again(opened: Open, server: Any) -> None:
    assistant = opened()
    first = await assistant.run("How many?", options=Options(budget_usd=0.0235))
    looked = [one["messages"][0]["content"] for one in server.requests if one["model"] == "eye"]
    answer = await assistant.resume(first.run_id, budget_usd=1.0)
    assert (answer.status, answer.text) == ("done", "Three kites.")
    questions = [one["messages"][0]["content"] for one in server.requests if one["model"] == "eye"]
    assert questions[: len(looked)] == looked and sorted(questions) == ["0?", "1?", "2?"]
    assert answer.cost_usd > first.cost_usd


@pytest.mark.usefixtures("answers")
async def test_the_cap_of_the_settings_holds_where_none_is_given(opened: Open) -> None:
    assistant = opened(caps=Caps(usd=0.0235, units={"calls": 9}))
    assert (await assistant.run("How many?")).status == "partial"
    assert (await assistant.run("How many?", options=Options(budget_usd=1.0))).status == "done"
    units = opened(caps=Caps(units={"calls": 2}))
    answer = await units.run("How many?")
    assert answer.status == "partial" and "`calls` in `[budget]`" in str(answer.steps)


@pytest.mark.parametrize(
    ("house", "budget_usd", "words"),
    [({"prices": {}}, 1.0, r"price is not known. Write it into `\[providers.house.price\]`"),
     ({}, 0.0, "The budget is .0.00, and `house:big` costs money. Raise `--budget-usd`")],
)  # fmt: skip
async def test_a_budget_that_cannot_be_held_is_refused_before_anything_runs(
    opened: Open, server: Any, house: Any, budget_usd: float, words: str
) -> None:
    assistant = opened(house=house)
    with pytest.raises(SettingsError, match=words):
        await assistant.run("How many?", options=Options(budget_usd=budget_usd))
    assert (server.requests, assistant.runs()) == ([], [])


@pytest.mark.usefixtures("answers")
async def test_without_a_price_it_is_said_that_none_is_known(opened: Open) -> None:
    answer = await opened(house={"prices": {}}).run("How many?")
    assert (answer.cost_usd, answer.unpriced) == (0, 5)


async def test_what_the_provider_charged_is_what_it_cost(opened: Open, server: Any, script: ModuleType) -> None:
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "cost": 0.0125}
    server.play(script.says("Hello.", usage=usage))
    assert (await opened(house={"prices": {}}).run("Hello")).cost_usd == 0.0125


@pytest.mark.usefixtures("answers")
async def test_a_fallback_plans_when_the_first_is_down_and_the_result_says_so(opened: Open, server: Any) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}/v1"
        down = Endpoint(name="down", base_url=url, prices={"*": {"output_tokens": OUTPUT_USD}})
        assistant = opened(endpoints={"down": down}, fallbacks={"think": ("house:big",)})
        settings = assistant.settings
        object.__setattr__(settings, "models", {"think": "down:first"})
        answer: Answer = await assistant.run("How many?")
    assert answer.text == "Three kites."
    assert [(one["provider"], one["model"], one["calls"], one["instead_of"]) for one in answer.usage] == [
        ("house", "big", 2, "down:first")
    ]
    orders = [(one.provider, one.state) for one in assistant.show("last").orders if one.role == "think"]
    assert orders == [("down", "refunded"), ("house", "done")] * 2


async def test_no_fallback_is_asked_after_the_first_began_to_answer(
    opened: Open, server: Any, script: ModuleType
) -> None:
    spare = Endpoint(name="spare", base_url=server.url)
    server.play(script.Reply(events=[script.delta(content="Hal")], cut=True), script.says("Hello."))
    with pytest.raises(ProviderError, match="broke off"):
        await opened(endpoints={"spare": spare}, fallbacks={"think": ("spare:m",)}).run("Hello")
    assert len(server.requests) == 1


async def test_an_answer_of_no_use_is_asked_for_anew_when_the_run_is_resumed(
    opened: Open, server: Any, script: ModuleType
) -> None:
    assistant = opened()
    server.play(script.says(""), script.says("Hello."))
    first = await assistant.run("Hello")
    assert first.status == "failed"
    answer = await assistant.resume(first.run_id)
    assert (answer.text, len(server.requests), answer.cost_usd) == ("Hello.", 2, pytest.approx(2 * first.cost_usd))


@pytest.mark.usefixtures("answers")
async def test_the_key_is_nowhere_but_in_the_requests(
    opened: Open, told: list[Event], server: Any, holding: Callable[[str], list[str]]
) -> None:
    assistant = opened()
    answer = await assistant.run("How many?", options=Options(budget_usd=0.0235), on_event=told.append)
    writer = AguiWriter()
    said = [line for event in told for line in writer.lines(event)], assistant.show("last").plain(), answer.plain()
    assert CANARY not in json.dumps(said)
    assert {one["authorization"] for one in server.headers} == {f"Bearer {CANARY}"}
    assert holding(CANARY) == []
    assert {"library.db", "checkpoints.db"} <= set(holding("SQLite format 3"))


async def test_over_budget_is_an_error_that_a_tools_caller_can_act_on(opened: Open) -> None:
    run = opened(caps=Caps(usd=0.005))._base
    with pytest.raises(OverBudget, match=r"may cost \$0.0100, and \$0.0050 of the budget of \$0.0050 is left"):
        from sensorium.tools.base.call import call

        await call(opened().tools["look"], {"question": "?"}, run)


FILMS = {"goal": "Film", "steps": [{"id": f"film{n}", "tool": "film", "args": {"about": f"{n}"}} for n in range(3)]}
FILM_USD = 0.5


@pytest.fixture
def filming(opened: Open, server: Any, script: ModuleType) -> Callable[[], Assistant]:
    """Open an assistant whose model plans three films, each of which has its price, and which nothing else makes."""

    @tool(effect="pure", resource="network", roles=("draw",), units=lambda args, files: exactly(video_seconds=5.0))
    async def film(about: str, *, run: Run) -> Seen:
        """Film, for money."""
        served = ServedModel(endpoint=run.settings.endpoints["house"], name="eye", role="draw")
        quote = quote_of(served, {"video_seconds": 5.0})
        body = {"model": "eye", "messages": [{"role": "user", "content": about}]}
        answer = await request_json(run, served, "/chat/completions", body, quote=quote)
        return Seen(text=answer["choices"][0]["message"]["content"])

    def answer(request: dict[str, Any]) -> Any:
        if request["model"] == "eye":
            return script.Reply(body={"choices": [{"message": {"content": "A film."}}]})
        done = any("A film." in str(one.get("content")) for one in request["messages"])
        return script.says("Filmed.") if done else script.calls(("make_plan", FILMS))

    def make() -> Assistant:
        prices = {"big*": {"output_tokens": OUTPUT_USD}, "*": {"video_seconds": FILM_USD / 5}}
        assistant = opened(house={"prices": prices}, tools={"film": film}, degrade=False)
        assistant.settings.models["draw"] = "house:eye"  # type: ignore[index]
        return assistant

    server.answering = answer
    return make


def films_of(server: Any) -> list[str]:
    return [one["messages"][0]["content"] for one in server.requests if one["model"] == "eye"]


async def test_a_plan_whose_steps_together_are_beyond_the_budget_pays_nothing(
    filming: Callable[[], Assistant], server: Any
) -> None:
    answer = await filming().run("Film it", options=Options(budget_usd=1.2, yes=True))
    assert (answer.status, films_of(server), answer.steps) == ("failed", [], [])
    assert "The steps together take $1.50" in answer.text and "`film2` $0.5000 by `house:eye`" in answer.text


async def test_a_run_that_goes_on_counts_only_what_is_still_to_be_paid(
    filming: Callable[[], Assistant], server: Any, script: ModuleType
) -> None:
    assistant, answering = filming(), server.answering
    server.answering = lambda request: script.Reply(status=400) if request["model"] == "eye" and "2" in str(
        request["messages"]) else answering(request)  # fmt: skip
    first = await assistant.run("Film it", options=Options(budget_usd=2.0, yes=True))
    assert {one["id"]: one["status"] for one in first.steps} == {"film0": "done", "film1": "done", "film2": "failed"}
    server.answering, known = answering, len(films_of(server))
    again = await assistant.resume(first.run_id)
    assert (again.status, films_of(server)[known:]) == ("done", ["2"])
    # What is remembered is free, so that this one costs nothing.
    cheap = await assistant.run("Film it", options=Options(budget_usd=0.4, yes=True))
    assert (cheap.status, len(films_of(server))) == ("done", known + 1)


async def test_a_recipe_beyond_the_budget_is_not_run_and_nobody_plans_another(
    filming: Callable[[], Assistant], server: Any, tmp_path: Path
) -> None:
    recipe = tmp_path / "films.toml"
    steps = "".join(f'[[steps]]\nid = "film{n}"\ntool = "film"\nargs = {{ about = "{n}" }}\n' for n in range(3))
    recipe.write_text(f'schema = "sensorium.recipe/1"\ngoal = "Film"\nrequest = "Film it"\n{steps}')
    assistant = filming()
    answer = await assistant.run("", recipe=recipe, options=Options(budget_usd=1.2, yes=True))
    assert (answer.status, server.requests) == ("failed", [])
    assert answer.text.startswith("The recipe was not run: The steps together take $1.50, and $1.20 of the budget of")
    assert (await assistant.resume(answer.run_id, budget_usd=2.0)).status == "done"
    assert sorted(films_of(server)) == ["0", "1", "2"]
