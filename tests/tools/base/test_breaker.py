"""An endpoint that keeps failing is left alone for a while."""

import pytest

from sensorium.tools.base.breaker import MAX_FAILURES, OPEN_SECONDS, WINDOW_SECONDS, Breaker
from sensorium.tools.base.endpoints import Endpoint, ServedModel
from sensorium.tools.base.errors import ProviderError

MODEL = ServedModel(endpoint=Endpoint(name="house", base_url="https://far.test/v1"), name="big", role="see")


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker(clock)


def ask(breaker: Breaker, *, works: bool = False, is_outage: bool = True) -> str:
    """Return what asking gives: an answer, its failure, or that nothing was sent."""
    try:
        with breaker.trying(MODEL):
            if not works:
                raise ProviderError("down", is_outage=is_outage)
            return "answered"
    except ProviderError as error:
        return "left alone" if "is left alone" in str(error) else str(error)


def test_after_several_failures_nothing_is_sent(breaker: Breaker) -> None:
    assert [ask(breaker) for _ in range(MAX_FAILURES + 1)] == ["down"] * MAX_FAILURES + ["left alone"]
    words = r"`house` failed 5 times in a row .* again in 30 s. Nothing was sent"
    with pytest.raises(ProviderError, match=words) as raised, breaker.trying(MODEL):
        pass
    assert not raised.value.may_be_paid


def test_a_success_between_them_starts_the_count_again(breaker: Breaker) -> None:
    for _ in range(2):
        assert [ask(breaker) for _ in range(MAX_FAILURES - 1)] == ["down"] * (MAX_FAILURES - 1)
        assert ask(breaker, works=True) == "answered"


def test_refusals_are_no_failures(breaker: Breaker) -> None:
    assert [ask(breaker, is_outage=False) for _ in range(2 * MAX_FAILURES)] == ["down"] * 2 * MAX_FAILURES


def test_failures_long_ago_do_not_count(breaker: Breaker, clock: Clock) -> None:
    for _ in range(2 * MAX_FAILURES):
        assert ask(breaker) == "down"
        clock.seconds += WINDOW_SECONDS / 2


def test_after_a_pause_one_request_decides(breaker: Breaker, clock: Clock) -> None:
    for _ in range(MAX_FAILURES):
        ask(breaker)
    clock.seconds = OPEN_SECONDS
    with breaker.trying(MODEL):
        assert ask(breaker, works=True) == "left alone"  # while it is tried
    assert ask(breaker) == "down"


def test_a_failed_trial_closes_the_way_again(breaker: Breaker, clock: Clock) -> None:
    for _ in range(MAX_FAILURES):
        ask(breaker)
    clock.seconds = OPEN_SECONDS
    assert [ask(breaker), ask(breaker)] == ["down", "left alone"]
    clock.seconds += OPEN_SECONDS
    assert ask(breaker, works=True) == "answered"
