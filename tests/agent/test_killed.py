"""A run with paid calls, killed at every boundary and resumed: the server counts the requests."""

import asyncio
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from sensorium.agent.assistant import Assistant
from sensorium.tools.base.errors import ArgumentError
from sensorium.tools.base.settings import Settings

CANARY = "sk-canary-0a1b2c3d"
Do = Callable[..., dict[str, Any]]

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the processes that are killed are forked")


@pytest.fixture(scope="module")
def runner(killing: ModuleType) -> Iterator[Any]:
    with killing.runner() as started:
        yield started


@pytest.fixture
def do(tmp_path: Path, runner: Any, killing: ModuleType, server: Any, script: ModuleType) -> Do:
    """Run or resume in a process of its own, which dies where it is told to."""
    home = killing.furnish(tmp_path / "home", server, script)
    return lambda **what: runner.do(home, server, key=CANARY, **what)  # type: ignore[no-any-return]


def sent(server: Any, killing: ModuleType) -> Counter[str]:
    return Counter(killing.asked(one) for one in server.requests)


def canaries(home: Path) -> list[Path]:
    return [one for one in home.rglob("*") if one.is_file() and CANARY.encode() in one.read_bytes()]


@pytest.mark.parametrize("order", [1, 2, 3, 4])
@pytest.mark.parametrize("boundary", ["before the intent", "after the outcome"])
def test_where_it_is_certain_each_order_is_sent_once(
    do: Do, server: Any, killing: ModuleType, tmp_path: Path, *, boundary: str, order: int
) -> None:
    assert do(request="Look twice", die=(boundary, order)) == {"died": True}
    ended = do(resume="last")
    assert (ended["status"], ended["text"], ended["unknown_usd"]) == ("done", "It is a kite.", 0)
    assert sent(server, killing) == dict.fromkeys(killing.ORDERS.values(), 1)
    assert ended["cost_usd"] == pytest.approx(4 * (11 * 1e-6 + 7 * 1e-5))
    assert [one["cost_usd"] for one in ended["steps"]] == [pytest.approx(81e-6)] * 2
    assert not canaries(tmp_path)


@pytest.mark.parametrize("order", [1, 4])
@pytest.mark.parametrize("boundary", ["before it is sent", "in flight", "after the answer"])
def test_where_it_is_not_the_model_is_asked_again_and_the_answer_says_so(
    do: Do, server: Any, killing: ModuleType, tmp_path: Path, *, boundary: str, order: int
) -> None:
    assert do(request="Look twice", die=(boundary, order)) == {"died": True}
    ended = do(resume="last")
    assert (ended["status"], ended["unknown_usd"] > 0) == ("done", True)
    assert ended["text"].startswith(
        "It is a kite.\n\n(1 request was sent whose answer never came; it may have been paid"
    )
    again = 1 if boundary == "before it is sent" else 2
    assert sent(server, killing) == {**dict.fromkeys(killing.ORDERS.values(), 1), killing.ORDERS[order]: again}
    assert not canaries(tmp_path)


@pytest.mark.parametrize("order", [2, 3])
@pytest.mark.parametrize("boundary", ["before it is sent", "in flight", "after the answer"])
def test_where_it_is_not_a_tool_orders_nothing_again_without_the_users_word(
    do: Do, server: Any, killing: ModuleType, tmp_path: Path, *, boundary: str, order: int
) -> None:
    assert do(request="Look twice", die=(boundary, order)) == {"died": True}
    ended = do(resume="last")
    assert ended["unknown_usd"] == pytest.approx(1000e-6 + 100e-5)
    assert "may have been paid, up to $0.0020" in ended["text"]
    times = 0 if boundary == "before it is sent" else 1
    assert sent(server, killing)[killing.ORDERS[order]] == times
    assert max(sent(server, killing).values()) == 1
    failed = ended["steps"][order - 2]
    assert (failed["status"], failed["cost_usd"]) == ("failed", pytest.approx(0.002))
    assert "its answer never came" in failed["error"]["message"]
    assert json.dumps(ended).count(CANARY) == len(canaries(tmp_path)) == 0


def test_a_run_that_is_being_worked_on_is_not_taken_up_a_second_time(
    do: Do, server: Any, killing: ModuleType, tmp_path: Path
) -> None:
    answer, refused = server.answering, []

    def try_to_resume(request: dict[str, Any]) -> Any:
        environ = {"SENSORIUM_HOME": str(tmp_path / "home"), "HOUSE_KEY": CANARY}
        with Assistant(Settings.read(environ, tmp_path)) as assistant:
            try:
                asyncio.run(assistant.resume("last"))
            except ArgumentError as error:
                refused.append(str(error))
        return answer(request)

    server.answering = try_to_resume
    assert do(request="Look twice")["status"] == "done"
    assert sent(server, killing) == dict.fromkeys(killing.ORDERS.values(), 1)
    assert len(refused) == 4
    assert all("is being worked on by another process" in one for one in refused)


def test_killed_again_and_again_it_still_pays_for_each_order_once(do: Do, server: Any, killing: ModuleType) -> None:
    assert do(request="Look twice", die=("after the outcome", 1)) == {"died": True}
    for _ in range(3):
        assert do(resume="last", die=("after the outcome", 1)) == {"died": True}
    assert do(resume="last")["status"] == "done"
    assert sent(server, killing) == dict.fromkeys(killing.ORDERS.values(), 1)
