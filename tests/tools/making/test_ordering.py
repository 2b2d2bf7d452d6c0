"""How a wish becomes orders: several where one is too large, by its id what a provider made itself."""

import re
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from sensorium.tools.base.errors import ArgumentError, ProviderError, UnavailableError
from sensorium.tools.base.makers import Fitted, Maker, Wish
from sensorium.tools.base.models import Models
from sensorium.tools.base.run import Run
from sensorium.tools.base.settings import Settings
from sensorium.tools.making.ordering import TASK_WORDS, WHO, fit, make, parts

HANDLE = ("artifact://sha256/" + "a" * 64,)


def maker(role: str, model: str, home: Path) -> Maker:
    keys = ("KLING_API_KEY", "MIDJOURNEY_API_SECRET", "GEMINI_API_KEY", "OPENAI_API_KEY", "MINIMAX_API_KEY")
    environ = {"SENSORIUM_HOME": str(home), f"SENSORIUM_{role.upper()}": model, **dict.fromkeys(keys, "k" * 20)}
    found: Maker = Models(Settings.read(environ, home)).ladder(role)[0]
    return found


def test_those_who_are_named_as_serving_a_role_do_serve_it(tmp_path: Path) -> None:
    named = [
        one for said in WHO.values() for one in re.findall(r"`SENSORIUM_(\w+)=([^`]+)`|or `([\w:.-]+:[\w.-]+)`", said)
    ]
    roles = [(role.lower(), model) for role, model, _ in named if role]
    assert {role for role, _ in roles} == set(WHO)
    for role, model in roles:
        assert maker(role, model, tmp_path).missing() is None, model


def test_there_are_words_for_every_task() -> None:
    from sensorium.tools.base.makers import TASKS

    assert set(TASK_WORDS) == {task for tasks in TASKS.values() for task in tasks}


def test_what_a_provider_made_is_gone_on_from_by_its_id_and_by_the_file_elsewhere(tmp_path: Path) -> None:
    pick = Wish(task="pick", values={"index": 2, "job": "j-1"}, files={"picture": HANDLE})
    known = fit(maker("draw", "midjourney:v7", tmp_path), pick).wish
    assert (dict(known.values), dict(known.files)) == ({"index": 2, "job": "j-1"}, {})
    vary = Wish(task="vary", values={"job": "j-1"}, files={"picture": HANDLE})
    by_file = fit(maker("draw", "openai:gpt-image-1", tmp_path), vary).wish
    assert ("job" in by_file.values, dict(by_file.files)) == (False, {"picture": HANDLE})
    extend = Wish(task="extend", values={"prompt": "on"}, files={"video": HANDLE})
    with pytest.raises(UnavailableError, match="goes on only from what it made itself"):
        fit(maker("film", "kling:kling-v1-6", tmp_path), extend)


async def test_more_pictures_than_a_maker_makes_at_once_are_several_orders(run: Run, atelier: ModuleType) -> None:
    class Few(atelier.Studio):  # type: ignore[misc, name-defined]
        def fit(self, wish: Wish) -> Fitted:
            if int(wish.values.get("count", 1)) > 2:
                raise ArgumentError("It makes up to 2 at once.")
            fitted: Fitted = super().fit(wish)
            return fitted

    one = Few(gives=[("image/png", atelier.picture(60 + number, 40)) for number in range(5)])
    made = await make(
        "draw",
        Wish(task="image", values={"prompt": "a fox", "count": 5, "seed": 7}),
        atelier.served(run, "draw", [one]),
    )
    assert [file.facts["width_pixels"] for file in made.files] == [60, 61, 62, 63, 64]
    assert [dict(wish.values) for wish in one.wishes] == [
        {"prompt": "a fox", "count": 2, "seed": 7},
        {"prompt": "a fox", "count": 2, "seed": 8},
        {"prompt": "a fox", "seed": 9},
    ]
    assert len({wish.salt for wish in one.wishes}) == 3
    with pytest.raises(ArgumentError, match="too many letters"):
        parts(atelier.Studio(fit_fails=ArgumentError("too many letters")), Wish(task="image", values={"count": 4}))


async def test_what_is_begun_by_one_is_not_made_again_by_another(settings: Settings, atelier: ModuleType) -> None:
    class Breaking(atelier.Studio):  # type: ignore[misc, name-defined]
        def fit(self, wish: Wish) -> Fitted:
            if "count" in wish.values:
                raise ArgumentError("It makes one at a time.")
            fitted: Fitted = super().fit(wish)
            return fitted

        async def make(self, wish: Wish, *, run: Run) -> Any:
            if self.wishes:
                raise ProviderError("It broke off.")
            return await super().make(wish, run=run)

    run = Run.open(replace(settings, models={"draw": "house:studio"}))
    gives = [("image/png", atelier.picture())]
    first, second = Breaking(gives=gives), atelier.Studio(gives=gives)
    with pytest.raises(ProviderError, match="It broke off"):
        await make("draw", Wish(task="image", values={"count": 2}), atelier.served(run, "draw", [first, second]))
    assert second.wishes == []
    run.library.close()


@pytest.mark.parametrize("may_be_paid", [True, False])
async def test_another_is_asked_only_where_nothing_can_have_been_paid(
    settings: Settings, atelier: ModuleType, may_be_paid: bool
) -> None:
    class Silent(atelier.Studio):  # type: ignore[misc, name-defined]
        async def make(self, wish: Wish, *, run: Run) -> Any:
            raise ProviderError("Its deadline passed.", may_be_paid=may_be_paid)

    run = Run.open(replace(settings, models={"draw": "house:studio"}))
    gives = [("image/png", atelier.picture())]
    second = atelier.Studio(gives=gives)
    served = atelier.served(run, "draw", [Silent(gives=gives), second])
    if may_be_paid:
        with pytest.raises(ProviderError, match="deadline"):
            await make("draw", Wish(task="image"), served)
    else:
        await make("draw", Wish(task="image"), served)
    assert len(second.wishes) == (0 if may_be_paid else 1)
    run.library.close()
