"""What a run may spend, and that nothing is ordered twice."""

import asyncio
import re
import tomllib
from collections.abc import Callable

import pytest

from sensorium.tools.base.budget import Budget, Caps, Order, OutcomeUnknown, OverBudget, Spent, usd
from sensorium.tools.base.endpoints import Endpoint, ServedModel, read_endpoints
from sensorium.tools.base.errors import ProviderError, SettingsError, StorageError
from sensorium.tools.base.ledger import Ledger
from sensorium.tools.base.price import quote_of
from sensorium.tools.base.run import Run

PRICED = Endpoint(name="house", base_url="https://far.test/v1", prices={"*": {"calls": 0.25, "pictures": 0.5}})
UNPRICED = Endpoint(name="dark", base_url="https://far.test/v1")
Make = Callable[..., Budget]


def order(key: str = "a", *, endpoint: Endpoint = PRICED, calls: float = 1, again: bool = False) -> Order:
    served = ServedModel(endpoint=endpoint, name="big", role="see")
    return Order(served=served, key=key, quote=quote_of(served, {"calls": calls}), call=f"call-{key}", asks_again=again)


@pytest.fixture
def make(run: Run) -> Make:
    """Make a budget over the same ledger, as a further process would."""
    return lambda usd=None, **units: Budget(Ledger(run.library), "run", Caps(usd=usd, units=units))


async def buy(budget: Budget, ordered: Order, said: object = "ok") -> object:
    async with budget.paying(ordered) as payment:
        if payment.outcome is None:
            payment.settle(outcome=said)
    return payment.outcome


async def test_what_is_settled_is_spent(make: Make) -> None:
    budget = make(1.0)
    assert budget.left_usd == 1.0
    async with budget.paying(order(calls=3)) as payment:
        assert budget.left_usd == 0.25
        payment.settle(outcome="ok", units={"calls": 2, "pictures": 0})
    assert budget.left_usd == 0.5
    assert budget.spent == Spent(usd=0.5, units={"calls": 2, "pictures": 0}, orders=1)
    assert budget.spent_by("call-a") == 0.5


async def test_what_the_provider_says_it_charged_counts_more_than_the_price(make: Make) -> None:
    budget = make(1.0)
    async with budget.paying(order()) as payment:
        payment.settle(outcome="ok", usd=0.125)
    assert budget.spent.usd == 0.125


async def test_what_could_go_over_the_cap_is_refused_before_it_is_sent(make: Make) -> None:
    budget = make(0.6)
    await buy(budget, order("a"))
    async with budget.paying(order("b")) as held:
        with pytest.raises(OverBudget, match=r"may cost \$0.2500, and \$0.1000 of the budget of \$0.6000 is left"):
            await buy(budget, order("c"))
        held.settle(outcome="ok", usd=0.0)
    assert await buy(budget, order("c")) == "ok"


async def test_units_have_caps_too(make: Make) -> None:
    budget = make(calls=2)
    await buy(budget, order("a"))
    with pytest.raises(OverBudget, match=r"may use 2 calls, and 1 of 2 are left. .*`calls` in `.budget.`"):
        await buy(budget, order("b", calls=2))
    assert await buy(budget, order("b", endpoint=UNPRICED)) == "ok"


async def test_without_a_price_there_is_no_cap_on_money(make: Make) -> None:
    with pytest.raises(SettingsError, match=r"its price is not known. Write it into `\[providers.dark.price\]`"):
        await buy(make(1.0), order(endpoint=UNPRICED))
    budget = make()
    await buy(budget, order(endpoint=UNPRICED))
    assert (budget.spent.usd, budget.spent.unpriced, budget.spent.orders) == (0, 1, 1)


@pytest.mark.parametrize("units", [{"calls": 1, "video_seconds": 5}, {"calls": 1}, {"characters": 2e6}])
async def test_what_a_refusal_tells_to_write_sets_the_price(make: Make, units: dict[str, float]) -> None:
    def film(endpoint: Endpoint) -> Order:
        served = ServedModel(endpoint=endpoint, name="big-2.5/x", role="film")
        return Order(served=served, key=str(units), quote=quote_of(served, units), call="call")

    with pytest.raises(SettingsError) as refused:
        await buy(make(9.0), film(UNPRICED))
    line = re.search(r'as `("[^`]+)`', str(refused.value))
    assert line
    table = {"base_url": "https://far.test/v1", "price": tomllib.loads(line[1].replace("X", "0.5"))}
    ordered = film(read_endpoints([], {"dark": table}, {})["dark"])
    assert ordered.quote.high_usd == {"video_seconds": 2.5, "calls": 0.5, "characters": 1.0}[list(units)[-1]]
    assert await buy(make(9.0), ordered) == "ok"


async def test_the_same_order_is_answered_from_the_ledger(make: Make) -> None:
    assert await buy(make(0.3), order(), {"text": "你好"}) == {"text": "你好"}
    later = make(0.3)
    assert await buy(later, order(), "something else") == {"text": "你好"}
    assert (later.spent.usd, later.spent.orders, later.left_usd) == (0.25, 1, pytest.approx(0.05))


async def test_the_same_order_twice_at_once_is_sent_once(make: Make) -> None:
    budget, sent = make(), []

    async def ask() -> None:
        async with budget.paying(order()) as payment:
            if payment.outcome is None:
                sent.append(1)
                await asyncio.sleep(0.01)
                payment.settle(outcome="ok")

    await asyncio.gather(ask(), ask(), ask())
    assert (sent, budget.spent.orders) == ([1], 1)


@pytest.mark.parametrize("error", [SettingsError("no key"), ProviderError("refused")])
async def test_a_request_that_was_not_worked_on_gives_the_money_back(make: Make, error: Exception) -> None:
    budget = make(0.25)
    with pytest.raises(type(error)):
        async with budget.paying(order()):
            raise error
    assert (budget.left_usd, budget.spent) == (0.25, Spent())
    assert await buy(budget, order()) == "ok"
    assert [one.state for one in budget.ledger.orders("run")] == ["refunded", "done"]


@pytest.mark.parametrize("error", [ProviderError("silent", may_be_paid=True), asyncio.CancelledError(), ValueError()])
async def test_a_request_that_may_have_been_worked_on_stays_charged_and_is_not_repeated(
    make: Make, error: BaseException
) -> None:
    budget = make(1.0)
    with pytest.raises(type(error)):
        async with budget.paying(order()):
            raise error
    for one in (budget, make(1.0)):
        assert one.spent == Spent(unknown_usd=0.25, units={"calls": 1}, orders=1, unknown=1)
        assert one.left_usd == 0.75
        with pytest.raises(OutcomeUnknown, match=r"its answer never came, so it may have been paid \(up to \$0.2500\)"):
            await buy(one, order())


async def test_an_order_left_open_by_a_process_that_is_gone_is_unknown(make: Make, run: Run) -> None:
    one = order()
    make().ledger.intend(
        "run", one.key, call="", role="see", provider="house", model="big", units=one.quote.units, usd=0.25
    )
    later = make(0.3)
    with pytest.raises(OutcomeUnknown) as raised:
        await buy(later, one)
    assert raised.value.order == one
    later.allow_again(one.key)
    with pytest.raises(OverBudget):  # the first may have been paid
        await buy(later, one)
    bought = make(0.5)
    bought.allow_again(one.key)
    assert await buy(bought, one) == "ok"
    assert (bought.spent.usd, bought.spent.unknown_usd) == (0.25, 0.25)


async def test_an_order_whose_end_could_not_be_written_is_not_repeated(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    budget = make(1.0)

    def full(*_: object, **__: object) -> None:
        raise StorageError("The disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "settle", full)
        patch.setattr(Ledger, "close", full)
        with pytest.raises(StorageError):
            await buy(budget, order())
    with pytest.raises(OutcomeUnknown, match="may have been paid"):
        await buy(budget, order())
    assert budget.spent.unknown_usd == 0.25


async def test_an_answer_that_no_database_can_hold_is_kept(make: Make) -> None:
    budget = make(1.0)
    assert await buy(budget, order(), {"text": "half a letter \ud83e"}) == {"text": "half a letter \ud83e"}
    assert await buy(make(1.0), order()) == {"text": "half a letter ?"}


async def test_who_plans_asks_again_by_itself(make: Make) -> None:
    with pytest.raises(asyncio.CancelledError):
        async with make().paying(order()):
            raise asyncio.CancelledError
    budget = make()
    assert await buy(budget, order(again=True)) == "ok"
    assert (budget.spent.usd, budget.spent.unknown_usd) == (0.25, 0.25)


async def test_answers_that_were_of_no_use_are_retired_and_stay_paid(make: Make) -> None:
    budget = make()
    await buy(budget, order("a"), "plan")
    await buy(budget, order("b"), "nothing")
    budget.ledger.retire("run", "see", 1)
    again = make()
    assert (await buy(again, order("a"), "new"), await buy(again, order("b"), "new")) == ("plan", "new")
    assert again.spent.usd == 0.75


async def test_what_was_answered_can_be_forgotten_and_what_was_paid_stays(make: Make) -> None:
    budget = make()
    await buy(budget, order(), "a secret")
    budget.ledger.forget("run")
    [row] = budget.ledger.orders("run")
    assert (row.outcome, row.usd, row.state) == (None, 0.25, "done")
    assert make().spent.usd == 0.25


async def test_what_is_free_leaves_no_intent_and_may_be_sent_again(make: Make) -> None:
    free = Endpoint(name="here", base_url="http://localhost:1/v1")
    budget = make(0.0)
    with pytest.raises(asyncio.CancelledError):
        async with budget.paying(order(endpoint=free)):
            assert budget.ledger.orders("run") == []
            raise asyncio.CancelledError
    assert budget.spent == Spent()
    assert await buy(budget, order(endpoint=free)) == "ok"
    assert await buy(make(), order(endpoint=free), "other") == "ok"
    assert [(one.state, one.usd, one.units) for one in budget.ledger.orders("run")] == [("done", 0, {"calls": 1})]


async def test_who_watches_is_told_of_every_order(make: Make, run: Run) -> None:
    told: list[Spent] = []
    budget = Budget(Ledger(run.library), "run", on_spent=told.append)
    await buy(budget, order("a"))
    with pytest.raises(ValueError, match="odd"):
        async with budget.paying(order("b")):
            raise ValueError("odd")
    assert [(one.usd, one.unknown_usd) for one in told] == [(0.25, 0.0), (0.25, 0.25)]


def test_runs_over_one_library_have_budgets_of_their_own(run: Run) -> None:
    other = run.begin("other", caps=Caps(usd=2))
    assert (other.id, other.budget.run, other.budget.left_usd, run.budget.left_usd) == ("other", "other", 2, None)
    assert other.cancelled is not run.cancelled


def test_money_is_written_for_people() -> None:
    amounts = (0.0, 12.5, 0.25, 0.00123, 0.000081, 1e-9, None)
    assert [usd(one) for one in amounts] == [
        "$0.00", "$12.50", "$0.2500", "$0.0012", "$0.000081", "$0.000001", "an unknown amount"
    ]  # fmt: skip
