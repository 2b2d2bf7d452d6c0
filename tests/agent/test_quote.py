"""What a plan takes and costs, before it runs."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sensorium.agent.lint import errors
from sensorium.agent.plan import Plan
from sensorium.agent.quote import PlanQuote, StepQuote, beyond_budget, quote_plan
from sensorium.tools.base.budget import Caps
from sensorium.tools.base.catalog import catalog
from sensorium.tools.base.policy import may_be_paid
from sensorium.tools.base.run import Run
from sensorium.tools.base.settings import Settings
from sensorium.tools.report.chinese import in_chinese

FILM = {"handle": "x", "name": "talk.mp4", "kind": "video", "seconds": 600.0, "has_sound": True, "has_pictures": True}
PICTURE = {"handle": "y", "name": "cat.png", "kind": "picture"}


def step(id: str, tool: str, **args: Any) -> dict[str, Any]:
    return {"id": id, "tool": tool, "args": args}


@pytest.fixture
def priced(tmp_path: Path) -> Settings:
    """Settings under which two roles are served by an endpoint that says its prices."""
    (tmp_path / "sensorium.toml").write_text(
        '[models]\nsee = "house:eye"\nhear = "house:ear"\n'
        '[providers.house]\nbase_url = "http://house.test/v1"\n'
        "[providers.house.price]\ninput_tokens = 1.0\noutput_tokens = 2.0\naudio_minutes = 0.01\n"
    )
    return Settings.read({"SENSORIUM_HOME": str(tmp_path)}, tmp_path)


def quote(settings: Settings, *steps: dict[str, Any], facts: Any = (FILM,)) -> PlanQuote:
    return quote_plan(Plan.model_validate({"goal": "x", "steps": list(steps)}), catalog(), settings, facts)


def test_what_is_done_here_is_free_and_counted_all_the_same(settings: Settings) -> None:
    plain = quote(
        settings,
        step("speech", "transcribe", media="$files[0]"),
        step("frames", "extract_frames", media="$files[0]", count=12),
        step("voice", "speak", text="Hello there"),
    ).plain()
    assert plain["units"] == {
        "audio_minutes": {"low": 10, "likely": 10, "high": 10},
        "frames": {"low": 12, "likely": 12, "high": 12},
        "characters": {"low": 11, "likely": 11, "high": 11},
    }
    assert (plain["low_usd"], plain["likely_usd"], plain["high_usd"]) == (0, 0, 0)


def test_for_each_over_frames_is_counted_as_there_may_be_frames(settings: Settings) -> None:
    frames = step("frames", "extract_frames", media="$files[0]")
    each = {**step("facts", "image_facts", media="$item.picture"), "for_each": "$frames.items"}
    assert quote(settings, frames, each).plain()["units"]["pictures"] == {"low": 1, "likely": 10, "high": 40}
    unknown = {**step("facts", "image_facts", media="$item"), "for_each": "$frames.sheet"}
    assert quote(settings, frames, unknown).plain()["units"]["pictures"]["high"] == 500
    files = {**step("facts", "image_facts", media="$item"), "for_each": "$files"}
    assert quote(settings, files, facts=[PICTURE, PICTURE]).plain()["units"]["pictures"]["likely"] == 2


def test_who_serves_a_role_says_what_it_costs(priced: Settings) -> None:
    quoted = quote(priced, step("speech", "transcribe", media="$files[0]"), step("look", "look_at", media="$files[0]"))
    speech, look = quoted.steps
    assert (speech.served_by, look.served_by) == ("house:ear", "house:eye")
    assert speech.cost.likely_usd == pytest.approx(0.1)
    assert look.cost.low_usd is not None and look.cost.likely_usd is not None and look.cost.high_usd is not None
    assert 0 < look.cost.low_usd < look.cost.likely_usd < look.cost.high_usd
    assert quoted.cost.high_usd == pytest.approx(0.1 + look.cost.high_usd)
    assert set(quoted.plain()["units"]) >= {"calls", "input_tokens", "output_tokens", "audio_minutes", "pictures"}


def test_without_a_price_the_cost_is_unknown_and_the_units_are_not(tmp_path: Path) -> None:
    environ = {"SENSORIUM_HOME": str(tmp_path), "SENSORIUM_HEAR": "openai:ears", "OPENAI_API_KEY": "sk-x"}
    (tmp_path / "sensorium.toml").write_text("[providers.openai]\n")
    plain = quote(Settings.read(environ, tmp_path), step("speech", "transcribe", media="$files[0]")).plain()
    assert plain["units"]["audio_minutes"]["high"] == 10
    assert plain["high_usd"] is None


def test_a_film_without_sound_takes_no_minutes(settings: Settings) -> None:
    silent = FILM | {"has_sound": False}
    assert quote(settings, step("a", "transcribe", media="$files[0]"), facts=[silent]).plain()["units"] == {}


def test_the_length_of_what_is_only_made_is_a_guess(settings: Settings) -> None:
    units = quote(
        settings, step("voice", "speak", text="$request"), step("heard", "transcribe", media="$voice.audio")
    ).plain()["units"]
    assert units["audio_minutes"]["low"] < units["audio_minutes"]["likely"] < units["audio_minutes"]["high"]


@pytest.mark.parametrize("tool", sorted(name for name, one in catalog().items() if one.units))
def test_every_estimate_is_in_order_even_when_nothing_is_known(tool: str) -> None:
    found = catalog()[tool]
    for args in ({}, dict.fromkeys(found.arguments.model_fields)):
        for facts in ({}, {"media": FILM}, {"media": PICTURE}):
            made = found.units(args, facts) if found.units else None
            assert made is not None
            for name, high in made.high.items():
                assert 0 <= made.low.get(name, 0) <= made.likely.get(name, 0) <= high


def test_what_the_budget_cannot_pay_is_told_before_it_is_tried(priced: Settings, run: Run) -> None:
    quoted = quote(priced, step("speech", "transcribe", media="$files[0]"))
    for cap, told in ((0.05, ["over-budget"]), (1.0, []), (None, [])):
        budget = run.begin("capped", caps=Caps(usd=cap)).budget
        found = beyond_budget(quoted, budget, degrade=False)
        assert [(one.rule, one.severity) for one in found] == [(rule, "error") for rule in told]
    minutes = run.begin("minutes", caps=Caps(units={"audio_minutes": 5})).budget
    assert [one.message for one in beyond_budget(quoted, minutes, degrade=True)] == [
        "`house:ear` takes at least 10 audio minutes, and 5 audio minutes of the budget are left."
    ]
    assert beyond_budget(quoted, minutes, degrade=True)[0].severity == "warning"


def test_what_scenes_say_is_quoted_also_where_another_step_writes_it(priced: Settings) -> None:
    settings = replace(priced, models={**priced.models, "speak": "house:voice"})  # of no known price

    def film(scenes: Any) -> StepQuote:
        return quote(settings, step("film", "compose_video", scenes=scenes)).steps[0]

    assert film([{"title": "A"}, {"title": "B", "say": ""}]).cost.high_usd == 0
    assert film([{"title": "A", "say": "Four"}]).cost.high_usd is None
    told = film([{"title": "A", "say": "$script.first[0]"}, {"title": "B", "say": "Four"}])
    assert (told.units.low["characters"], told.units.high["characters"]) == (4, 5004)
    assert film("$slides.scenes").cost.high_usd is None


def test_a_dialogue_that_a_model_writes_is_quoted_and_not_begun_before_its_plan(priced: Settings) -> None:
    settings = replace(priced, models={**priced.models, "think": "house:brain"})
    given, written = (
        quote(settings, step("script", "write_script", **args)).steps[0].cost.high_usd
        for args in ({"text": "$request"}, {"form": "dialogue", "topic": "shoes"})
    )
    assert given == 0 and written
    assert may_be_paid(catalog()["write_script"], settings)


@pytest.fixture
def filming(tmp_path: Path) -> Settings:
    """Settings under which pictures and films cost money, and nothing here makes films."""
    (tmp_path / "sensorium.toml").write_text(
        "[providers.kling.price]\nvideo_seconds = 0.1\n[providers.openai.price]\noutput_tokens = 40.0\n"
    )
    environ = {"SENSORIUM_FILM": "kling:kling-v1-6", "SENSORIUM_DRAW": "openai:gpt-image-1"}
    keys = {"SENSORIUM_HOME": str(tmp_path), "KLING_API_KEY": "k" * 20, "OPENAI_API_KEY": "o" * 20}
    return Settings.read(environ | keys, tmp_path)


def films(settings: Settings, count: int, **more: Any) -> PlanQuote:
    return quote(
        settings, *(step(f"film{n}", "make_video", prompt=f"dog {n}", seconds=5, **more) for n in range(count))
    )


def test_steps_that_together_cost_more_than_the_budget_are_refused(filming: Settings, run: Run) -> None:
    quoted = films(filming, 3)
    for cap, told in ((1.49, ["error"]), (1.5, []), (0.4, ["error"] * 3), (None, [])):
        budget = run.begin(f"cap {cap}", caps=Caps(usd=cap)).budget
        assert [one.severity for one in beyond_budget(quoted, budget, degrade=True)] == told
    budget = run.begin("capped", caps=Caps(usd=1.0)).budget
    (found,) = beyond_budget(quoted, budget, degrade=True)
    assert found.message == (
        "The steps together take $1.50, and $1.00 of the budget of $1.00 is left: `film0` $0.5000 by `kling:kling-v1-6`"
        ", `film1` $0.5000 by `kling:kling-v1-6`, `film2` $0.5000 by `kling:kling-v1-6`. Raise `--budget-usd`, or "
        "`usd` in `[budget]` of sensorium.toml, leave out a step, or set a cheaper model."
    )
    assert in_chinese(found.message).startswith("各步骤合计需要 $1.50，而 $1.00 的预算还剩 $1.00")
    assert beyond_budget(quoted, budget, degrade=True, done={"film1"}) == []
    minute = run.begin("minute", caps=Caps(units={"video_seconds": 12})).budget
    (found,) = beyond_budget(quoted, minute, degrade=True)
    assert found.message.startswith(
        "The steps together take 15 video seconds, and 12 video seconds of the budget of 12"
    )


def test_a_price_that_holds_for_what_a_model_does_unasked_is_quoted(tmp_path: Path) -> None:
    # Who is shown a dance orders 720p, and that has a price of its own.
    environ = {"SENSORIUM_HOME": str(tmp_path), "SENSORIUM_FILM": "kling:kling-v2-6", "KLING_API_KEY": "k" * 20}
    settings = Settings.read(environ, tmp_path)
    danced = step("film", "make_video", picture="$files[0]", video="$files[1]")
    (quoted,) = quote(settings, danced, facts=[PICTURE, {**FILM, "seconds": 10.0}]).steps
    per_second = settings.endpoints["kling"].prices["kling-v2-6, task=dance, resolution=720p"]["video_seconds"]
    likely, high = (each["video_seconds"] * per_second for each in (quoted.units.likely, quoted.units.high))
    assert (quoted.cost.likely_usd, quoted.cost.high_usd) == (pytest.approx(likely), pytest.approx(high))


def test_steps_that_only_may_cost_too_much_are_warned_of(filming: Settings, run: Run) -> None:
    quoted = quote(filming, *(step(f"a{n}", "make_image", prompt="a red fox in snow") for n in range(3)))
    cost = quoted.cost
    assert cost.low_usd and cost.likely_usd and cost.high_usd and cost.low_usd < cost.likely_usd < cost.high_usd
    for cap, severity in ((cost.likely_usd - 0.01, "error"), (cost.likely_usd + 0.01, "warning")):
        budget = run.begin(f"cap {cap}", caps=Caps(usd=cap)).budget
        assert [one.severity for one in beyond_budget(quoted, budget, degrade=True)] == [severity]


def test_what_another_can_do_instead_is_not_refused_for_its_price(filming: Settings, run: Run) -> None:
    cards = quote(filming, *(step(f"a{n}", "make_image", prompt="title card: Hello") for n in range(3)))
    drawn = quote(filming, *(step(f"a{n}", "make_image", prompt="a red fox") for n in range(3)))
    budget = run.begin("capped", caps=Caps(usd=0.1)).budget
    assert {one.severity for one in beyond_budget(cards, budget, degrade=True)} == {"warning"}
    assert {one.severity for one in beyond_budget(cards, budget, degrade=False)} == {"error"}
    assert {one.severity for one in beyond_budget(drawn, budget, degrade=True)} == {"error"}


def test_what_a_step_has_paid_before_a_run_was_interrupted_is_not_counted_again(filming: Settings, run: Run) -> None:
    budget = run.begin("again", caps=Caps(usd=1.5)).budget
    number = budget.ledger.intend(
        "again", "k", call="again-film0", role="film", provider="kling", model="kling-v1-6", units={}, usd=0.5
    )
    budget.ledger.began(number, "job-1")  # its answer is still to come
    assert budget.left_usd == 1.0
    assert beyond_budget(films(filming, 3), budget, degrade=True) == []
    assert errors(beyond_budget(films(filming, 4), budget, degrade=True))


def test_only_the_calls_of_a_step_that_are_still_to_be_done_are_paid(filming: Settings, run: Run) -> None:
    each = {**step("film", "make_video", picture="$item", prompt="run", seconds=5), "for_each": "$files"}
    plan = Plan.model_validate({"goal": "x", "steps": [each]})
    whole, two, one = (
        quote_plan(plan, catalog(), filming, [PICTURE] * 10, counts=counts) for counts in ({}, {"film": 2}, {"film": 1})
    )
    assert (whole.cost.low_usd, two.cost.low_usd, one.cost.low_usd) == (5.0, 1.0, 0.5)
    budget = run.begin("small", caps=Caps(usd=0.5)).budget
    assert errors(beyond_budget(whole, budget, degrade=False))
    assert errors(beyond_budget(whole, budget, degrade=False, ahead=two))
    assert beyond_budget(whole, budget, degrade=False, ahead=one) == []


def test_units_that_a_step_has_used_before_it_was_interrupted_are_not_counted_again(
    filming: Settings, run: Run
) -> None:
    budget = run.begin("again", caps=Caps(units={"video_seconds": 12})).budget
    number = budget.ledger.intend(
        "again", "k", call="again-film0", role="film", provider="kling", model="x", units={"video_seconds": 5}, usd=0.5
    )
    budget.ledger.began(number, "job-1")  # its answer is still to come
    assert budget.left("video_seconds") == 7
    assert beyond_budget(films(filming, 2), budget, degrade=True) == []
    assert errors(beyond_budget(films(filming, 3), budget, degrade=True))
