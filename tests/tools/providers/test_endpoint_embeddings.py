"""Search by meaning: what is sent, what is paid, and that words serve without a model."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest

from sensorium.tools import call
from sensorium.tools.base.budget import Caps
from sensorium.tools.base.endpoints import Endpoint, Quirks
from sensorium.tools.base.errors import ProviderError
from sensorium.tools.base.meaning import fused, standing_out
from sensorium.tools.base.models import Embedder
from sensorium.tools.base.moments import Findings, Moment, Source
from sensorium.tools.base.run import Run
from sensorium.tools.base.settings import Settings

Opening = Callable[..., Run]
SAID = [
    "Welcome to the show, everybody.",
    "My kitten sleeps all day.",
    "We drove there in an old automobile.",
    "The storm took the roof off.",
    "It is 20 past nine.",
    "She wrote three letters.",
    "They painted the door green.",
    "Nobody answered the bell.",
    "Goodbye, and thank you.",
]


@pytest.fixture
def house(openai_media: ModuleType) -> Iterator[Any]:
    with openai_media.serving() as running:
        yield running


@pytest.fixture
def searching(settings: Settings, house: Any) -> Iterator[Opening]:
    opened: list[Run] = []

    def open_run(**more: Any) -> Run:
        prices = {"*": {"input_tokens": 2e-8}}
        endpoint = Endpoint(name="house", base_url=house.url, timeout_seconds=20.0, prices=prices)
        models = {"embed": "house:text-embedding-3-small"}
        opened.append(Run.open(replace(settings, models=models, endpoints={"house": endpoint}, **more)))
        return opened[-1]

    yield open_run
    for run in opened:
        run.library.close()


@pytest.fixture
def said() -> Findings:
    source = Source(tool="transcribe", quality="good")
    moments = [Moment(kind="speech", text=text, start_seconds=at, source=source) for at, text in enumerate(SAID)]
    return Findings(moments=moments)


async def test_what_means_the_same_is_found_without_a_common_word(
    searching: Opening, house: Any, said: Findings
) -> None:
    run = searching()
    found = await call("find_moments", {"findings": [said], "query": "feline"}, run)
    assert [one.moment.text for one in found.matches] == ["My kitten sleeps all day."]
    assert found.matches[0].meaning > 0.9 and found.matches[0].words == []
    assert house.requests[0].fields == {"model": "text-embedding-3-small", "input": ["feline", *SAID]}
    assert run.budget.spent.units["input_tokens"] == sum(len(one) // 4 + 1 for one in ("feline", *SAID))


async def test_each_text_is_paid_once_also_in_another_run(searching: Opening, house: Any, said: Findings) -> None:
    await call("find_moments", {"findings": [said], "query": "feline"}, searching())
    found = await call("find_moments", {"findings": [said], "query": "weather"}, searching())
    assert found.matches[0].moment.text == "The storm took the roof off."
    assert [one.fields["input"] for one in house.requests[1:]] == [["weather"]]
    again = searching()
    assert await call("find_moments", {"findings": [said], "query": "weather"}, again) == found
    assert (len(house.requests), again.budget.spent.orders) == (2, 0)


async def test_words_and_meanings_together_come_before_either(searching: Opening, house: Any, said: Findings) -> None:
    found = await call("find_moments", {"findings": [said], "query": "a cat that sleeps, or a letter"}, searching())
    assert [one.moment.text for one in found.matches][:1] == ["My kitten sleeps all day."]
    assert "She wrote three letters." in [one.moment.text for one in found.matches]


@pytest.mark.parametrize("fault", ["failed", "nothing", "cut"])
async def test_words_are_compared_when_the_model_fails_and_that_is_said(
    searching: Opening, house: Any, said: Findings, fault: Any
) -> None:
    house.faults = [fault]
    found = await call("find_moments", {"findings": [said], "query": "kitten"}, searching())
    assert [one.moment.text for one in found.matches] == ["My kitten sleeps all day."]
    assert found.matches[0].meaning is None
    assert found.limits[-1].startswith("house:text-embedding-3-small: ")
    assert found.limits[-1].endswith("Words were compared, not meanings.")
    house.faults = [fault]
    with pytest.raises(ProviderError):
        await call("find_moments", {"findings": [said], "query": "puppy"}, searching(degrade=False))


@pytest.mark.parametrize("number", [10**400, 1e300])
async def test_numbers_that_are_too_large_are_a_failure(
    searching: Opening, openai_media: ModuleType, said: Findings, monkeypatch: pytest.MonkeyPatch, number: float
) -> None:
    monkeypatch.setattr(openai_media, "meaning", lambda text: [number] * 8)
    found = await call("find_moments", {"findings": [said], "query": "kitten"}, searching())
    assert found.limits[-1].endswith("Words were compared, not meanings.")


async def test_rows_of_another_length_are_asked_for_anew(searching: Opening, house: Any) -> None:
    short = Endpoint(name="house", base_url=house.url, quirks=Quirks(body={"dimensions": 4}))
    for run in (first := searching(), Run.open(replace(first.settings, endpoints={"house": short}))):
        await run.models.ladder("embed")[0].embed(["a cat"], run=run)
    run.library.close()
    assert [one.fields.get("dimensions") for one in house.requests] == [None, 4]


async def test_a_cap_is_held(searching: Opening, house: Any, said: Findings) -> None:
    found = await call("find_moments", {"findings": [said], "query": "kitten"}, searching(caps=Caps(usd=1e-9)))
    assert "of the budget of" in found.limits[-1] and house.requests == []


async def test_long_lists_go_in_several_requests(searching: Opening, house: Any) -> None:
    run = searching()
    engine: Embedder = run.models.ladder("embed")[0]
    rows = await engine.embed([f"text {number}" for number in range(300)] + ["text 7"], run=run)
    assert [len(one.fields["input"]) for one in house.requests] == [256, 44]
    assert rows.shape == (301, 8) and (rows[7] == rows[300]).all()


async def test_it_is_tried_out_without_paying(searching: Opening, house: Any) -> None:
    run = searching()
    assert await run.models.ladder("embed")[0].try_out(run) is None
    assert [one.path for one in house.requests] == ["/v1/models"]


def test_only_what_stands_out_of_the_others_is_near() -> None:
    assert standing_out([0.8] * 20 + [0.9, 0.7], 5) == [20]
    assert standing_out([0.5, 0.45, 0.1], 5) == [0, 1]
    assert standing_out([-0.1, -0.2], 5) == standing_out([], 5) == []
    assert list(fused([1, 2], [2, 3])) == [2, 1, 3]
