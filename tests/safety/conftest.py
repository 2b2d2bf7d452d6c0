"""Fixtures of the attacks: one run of a group for each user, judged by many tests."""

import importlib.util
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


def _load(name: str) -> ModuleType:
    qualified = f"sensorium_safety_{name}"
    if qualified in sys.modules:
        return sys.modules[qualified]
    spec = importlib.util.spec_from_file_location(qualified, Path(__file__).parent / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[qualified] = module
    spec.loader.exec_module(module)
    return module


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a test of each probe, named by its group; `GROUPS` of the module says which groups it judges."""
    if {"group", "probe"} <= set(metafunc.fixturenames):
        pairs = [(group, probe) for group in metafunc.module.GROUPS for probe in _load("attacking").probes(group)]
        metafunc.parametrize(("group", "probe"), pairs, ids=[f"{group}-{probe}" for group, probe in pairs])


@pytest.fixture(scope="session")
def attacking() -> ModuleType:
    """The host's side of the attacks, `attacking.py`."""
    return _load("attacking")


@pytest.fixture(scope="module", params=["root", "ordinary"] if os.geteuid() == 0 else ["ordinary"])
def user(request: pytest.FixtureRequest) -> str:
    """As whom the sessions are made: as root where we are root, and always as an ordinary user."""
    who: str = request.param
    return who


@pytest.fixture(scope="session")
def or_excused(attacking: ModuleType) -> Callable[[Exception], None]:
    """Skip where attacks cannot be run here, with the reason; on CI nothing is left out."""

    def excuse(error: Exception) -> None:
        if os.environ.get("CI") == "true":
            pytest.fail(f"the attacks did not run, and on CI nothing is left out: {error}")
        pytest.skip(str(error))

    return excuse


@pytest.fixture(scope="module")
def attacked(
    request: pytest.FixtureRequest, attacking: ModuleType, user: str, or_excused: Callable[[Exception], None]
) -> Iterator[dict[str, Any]]:
    """What came of every attack of a module's one group, each in a session of its own, whose `steps` the module has."""
    judge = request.module
    (group,) = judge.GROUPS
    with attacking.baited(judge.LIMITS) as bait:
        jobs = [
            {
                "name": name,
                "limits": judge.LIMITS,
                "steps": judge.steps(name, attacking.attack(group, bait.facts, f"{name}()")),
            }
            for name in attacking.probes(group)
        ]
        try:
            told = attacking.send(user, jobs, bait, parallel=judge.SIDE_BY_SIDE)
        except attacking.Unable as error:
            or_excused(error)
        yield {**told, "bait": bait}
