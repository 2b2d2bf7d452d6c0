"""Nothing that code in a session does reaches files, processes, sockets or settings of the host."""

import ast
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest

GROUPS = ("files", "kernel", "network", "identity")


@pytest.fixture(scope="module")
def attacked(attacking: ModuleType, user: str, or_excused: Callable[[Exception], None]) -> Iterator[dict[str, Any]]:
    """What each probe got through, and what the host saw, for sessions of one user."""
    with attacking.baited({}) as bait:
        jobs = []
        for group in GROUPS:
            every = ", ".join(f"{name!r}: {name}" for name in attacking.probes(group))
            code = attacking.attack(group, bait.facts, f"_prelude.report({{{every}}})")
            jobs.append({"name": group, "limits": {}, "steps": [{"code": code, "seconds": 60}]})
        try:
            told = attacking.send(user, jobs, bait)
        except attacking.Unable as error:
            or_excused(error)
        yield {**told, "bait": bait, "user": user}


def test_a_probe_is_held(attacked: dict[str, Any], group: str, probe: str) -> None:
    outcome = attacked["jobs"][group][0]
    assert outcome.get("status") == "done", outcome
    assert ast.literal_eval(outcome["value"])[probe] == []


def test_nobody_came_to_the_sockets_of_the_host(attacked: dict[str, Any]) -> None:
    assert attacked["bait"].visitors() == []


def test_the_files_of_the_host_are_as_before(attacked: dict[str, Any]) -> None:
    assert attacked["bait"].changed() == []
    assert attacked["bait"].droppings() == []
    assert attacked["host"]["after"]["scratch"] == []


def test_nothing_secret_came_out(attacked: dict[str, Any]) -> None:
    assert attacked["bait"].secret not in repr(attacked["jobs"]) + attacked["log"]


def test_nothing_is_left_running(attacked: dict[str, Any]) -> None:
    assert [one[-1]["survivors"] for one in attacked["jobs"].values()] == [[]] * len(GROUPS)


def test_the_sessions_were_made_by_the_user_that_is_meant(attacked: dict[str, Any]) -> None:
    assert (attacked["host"]["after"]["uid"] == 0) == (attacked["user"] == "root")
