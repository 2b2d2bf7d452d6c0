"""What doctor says about a model behind an endpoint."""

from types import ModuleType
from typing import Any

import pytest

from sensorium.agent.doctor import Check, check_think
from sensorium.tools.base.endpoints import Endpoint
from sensorium.tools.base.settings import Settings


@pytest.fixture
def thinking(settings: Settings, server: Any) -> Settings:
    endpoint = Endpoint(name="house", base_url=server.url, key="HOUSE_KEY", secret="k")
    return Settings(home=settings.home, models={"think": "house:big"}, endpoints={"house": endpoint})


def test_nobody_is_asked_unless_it_is_wished(thinking: Settings, server: Any) -> None:
    found = f"house:big at {server.url}; `sensorium doctor --online` asks it once"
    assert check_think(thinking, online=False) == Check(name="think", state="ok", found=found)
    assert server.requests == []


def test_a_model_that_answers_is_said_to(thinking: Settings, server: Any, script: ModuleType) -> None:
    server.play(script.says("ready"))
    check = check_think(thinking, online=True)
    assert check.state == "ok"
    assert check.found.startswith(f"house:big at {server.url} answered in ")


def test_a_model_that_does_not_work_is_missing_with_what_to_change(
    thinking: Settings, server: Any, script: ModuleType
) -> None:
    server.play(script.Reply(status=401, body={}))
    fix = "`house` refused the key in `HOUSE_KEY` (401). Set `HOUSE_KEY` anew."
    assert check_think(thinking, online=True) == Check(
        name="think", state="missing", found="house:big does not work", fix=fix
    )


def test_a_missing_key_is_found_without_asking(settings: Settings) -> None:
    endpoint = Endpoint(name="house", base_url="https://house.test/v1", key="HOUSE_KEY")
    check = check_think(
        Settings(home=settings.home, models={"think": "house:big"}, endpoints={"house": endpoint}), online=False
    )
    assert (check.state, "Set `HOUSE_KEY` to it" in check.fix) == ("missing", True)


def test_the_embedded_brain_needs_nothing(settings: Settings) -> None:
    assert check_think(settings, online=True).found.startswith("embedded")
