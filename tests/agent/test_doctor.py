"""What doctor says about a model behind an endpoint."""

from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest

from sensorium.agent.doctor import Check, check_fetching, check_policy, check_roles, check_think
from sensorium.tools.base.endpoints import Endpoint
from sensorium.tools.base.policy import Policy, Rule
from sensorium.tools.base.settings import Settings
from sensorium.tools.fetching.rules import FetchRules


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


def role(name: str, settings: Settings, *, online: bool = False) -> Check:
    return next(one for one in check_roles(settings, online=online) if one.name == name)


@pytest.fixture
def sensing(settings: Settings, server: Any) -> Settings:
    endpoint = Endpoint(name="house", base_url=server.url)
    models = {"see": "house:eyes", "hear": "house:ears"}
    return Settings(home=settings.home, offline=True, models=models, endpoints={"house": endpoint})


def test_without_a_model_that_sees_it_is_said_what_adds_one(settings: Settings) -> None:
    check = role("see", settings)
    assert (check.state, check.found) == (
        "less",
        "plain-sight: text and measures only, nothing says what a picture shows",
    )
    assert check.fix == "set SENSORIUM_SEE to a model that does, for example openai:gpt-4o-mini"


def test_models_that_see_and_hear_are_asked_only_when_it_is_wished(sensing: Settings, server: Any) -> None:
    for name, model in (("see", "house:eyes"), ("hear", "house:ears")):
        found = f"{model}; `sensorium doctor --online` asks it once"
        assert role(name, sensing) == Check(name=name, state="ok", found=found)
    assert server.requests == []


def test_models_that_see_and_hear_are_tried_with_one_tiny_call_each(
    sensing: Settings, server: Any, script: ModuleType, eyes: ModuleType
) -> None:
    def answer(request: dict[str, Any]) -> dict[str, Any]:
        (sent,) = eyes.pictures(request)
        red, green, blue = eyes.colour(sent.image)
        return {"answer": "Red" if red > 200 and green + blue < 30 else "something else"}

    server.answering = eyes.answering(script, answer)
    server.hearing = lambda form: script.Reply(body={"text": "", "segments": []})
    checks = {one.name: one.found for one in check_roles(sensing, online=True)}
    assert checks["see"].startswith("house:eyes answered in ")
    assert checks["hear"].startswith("house:ears answered in ")
    assert len(server.requests) == 2
    assert len(server.requests[1]["file"]) < 33_000
    assert not (sensing.home / "library.db").exists(), "trying leaves nothing behind"


def test_a_model_that_is_blind_or_fails_is_said_to_be_with_what_serves_instead(
    sensing: Settings, server: Any, script: ModuleType
) -> None:
    gone = script.Reply(status=404, body={"error": {"message": "model `ears` does not exist"}})
    server.play(script.whole('{"answer": "Blue"}'), gone)
    checks = {one.name: one for one in check_roles(sensing, online=True)}
    assert (checks["see"].state, checks["see"].found.split(":")[0]) == ("less", "plain-sight")
    assert checks["see"].fix == "it said 'Blue' of a red picture"
    assert checks["hear"].state == "less" and "Set `SENSORIUM_HEAR`" in checks["hear"].fix


def test_where_nobody_was_named_it_is_said_how_to_find_who_makes_media(settings: Settings) -> None:
    for name in ("draw", "film", "play"):
        check = role(name, settings)
        lists = f"set SENSORIUM_{name.upper()} to `provider:model`; `sensorium providers` lists them"
        assert (check.state, check.fix) == ("less", lists)


def test_a_provider_nobody_knows_is_missing_with_what_to_change(settings: Settings) -> None:
    check = role("hear", Settings(home=settings.home, models={"hear": "nowhere:ears"}))
    assert (check.state, "faster-whisper" in check.fix) == ("missing", True)


def test_a_mistyped_name_in_the_policy_is_found(settings: Settings) -> None:
    good = Policy(tools={"speak": "ask", "run_agent": "deny"}, rules=(Rule(tool="make_*", decision="ask"),))
    assert check_policy(replace(settings, policy=good)) == Check(
        name="policy", state="ok", found="2 for tools, 1 rules, asks above $1"
    )
    check = check_policy(replace(settings, policy=Policy(tools={"speek": "deny"})))
    assert (check.state, check.found) == ("less", "no tool is called 'speek'")
    assert check.fix == "Change 'speek' in `[policy]` of sensorium.toml. Did you mean `speak`?"


def test_what_may_be_fetched_is_said(settings: Settings) -> None:
    assert check_fetching(settings).found == "no address is fetched (`offline`)"
    online = check_fetching(replace(settings, offline=False, fetch=FetchRules(allow=("example.org",))))
    assert "asked about unless you name them or they lie in 1 places of `allow`" in online.found
