"""What those who serve a plan say against it before it runs, and what it will cost as they will be asked."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sensorium.agent.assistant import Assistant
from sensorium.agent.foreseeing import foreseen
from sensorium.agent.plan import Plan, Step
from sensorium.agent.quote import quote_plan
from sensorium.tools.base.catalog import catalog
from sensorium.tools.base.errors import SettingsError
from sensorium.tools.base.models import Models
from sensorium.tools.base.settings import Settings


@pytest.fixture
def kling(tmp_path: Path) -> Settings:
    return Settings.read(
        {
            "SENSORIUM_HOME": str(tmp_path),
            "SENSORIUM_FILM": "kling:kling-v1-6",
            "SENSORIUM_DRAW": "openai:gpt-image-1",
            "KLING_API_KEY": "k" * 20,
            "OPENAI_API_KEY": "o" * 20,
        },
        tmp_path,
    )


def plan(**steps: dict[str, Any]) -> Plan:
    return Plan(goal="g", steps=[Step(id=name.partition("__")[0], tool=name.partition("__")[2], args=args)
                                 for name, args in steps.items()])  # fmt: skip


def told(made: Plan, settings: Settings) -> list[str]:
    return [f"{one.step}: {one.message}" for one in foreseen(made, catalog(), Models(settings))]


def test_a_clip_longer_than_the_provider_makes_is_told_before_anything_runs(kling: Settings) -> None:
    (message,) = told(plan(film__make_video={"prompt": "a dog", "seconds": 30}), kling)
    assert message.startswith("film: `kling:kling-v1-6` takes 5, 10 s as `seconds`, and 30 s was asked for.")


def test_what_is_known_only_while_it_runs_speaks_against_nothing(kling: Settings) -> None:
    made = plan(
        words__summarize_text={"text": "x"},
        frame__make_image={"prompt": "${words.text}", "aspect": "16:9"},
        film__make_video={"prompt": "${words.text}", "picture": "$frame.pictures[0]", "seconds": 5},
        more__make_video={"video": "$film.video", "prompt": "it goes on"},
        mask__edit_image={"picture": "$frame.pictures[0]", "task": "inpaint", "prompt": "a hat", "mask": "$files[0]"},
        grid__edit_image={"picture": "$frame.pictures[0]", "task": "pick", "index": 2},
    )
    assert told(made, kling) == []


def test_what_does_not_fit_together_is_told_before_anything_runs(kling: Settings, tmp_path: Path) -> None:
    made = plan(
        a__make_video={"prompt": "x", "last_frame": "$files[0]"},
        b__edit_image={"picture": "$files[0]", "task": "inpaint", "prompt": "a hat"},
        c__make_image={"prompt": "x", "aspect": "wide"},
        d__make_video={},
        e__edit_image={"picture": "$files[0]", "task": "outpaint", "prompt": "more"},
    )
    found = told(made, kling)
    assert [one[0] for one in found] == ["a", "b", "c", "d", "e"]
    assert "`inpaint` needs `mask`" in found[1]
    # With no model at all there is nobody to ask, and what does not fit together still does not.
    assert len(told(made, Settings(home=tmp_path))) == 5
    assert told(plan(film__make_video={"prompt": "x", "seconds": 300}), Settings(home=tmp_path)) == []


def test_a_film_is_quoted_with_the_seconds_that_will_be_ordered(kling: Settings) -> None:
    prices = {"*": {"video_seconds": 0.1}}
    endpoints = {name: replace(one, prices=prices) for name, one in kling.endpoints.items()}
    priced = replace(kling, endpoints=endpoints)
    for seconds, usd in (({"seconds": 4}, 0.5), ({"seconds": 10}, 1.0), ({}, 0.5)):
        quote = quote_plan(plan(film__make_video={"prompt": "a dog", **seconds}), catalog(), priced)
        assert quote.cost.high_usd == pytest.approx(usd)


async def test_a_recipe_that_wants_what_nobody_makes_is_refused_before_it_runs(kling: Settings, tmp_path: Path) -> None:
    recipe = tmp_path / "film.toml"
    recipe.write_text(
        """
schema = "sensorium.recipe/1"
goal = "Film a dog"
request = "Film a dog."

[[steps]]
id = "film"
tool = "make_video"
args = { prompt = "a dog", seconds = 60 }
""",
        encoding="utf-8",
    )
    with Assistant(kling) as assistant, pytest.raises(SettingsError, match=r"step `film` .*takes 5, 10 s as `seconds`"):
        await assistant.fit(recipe, [])
