"""Good plans stay as they are; spoilt ones are found, and where it is certain mended, whatever the plan."""

import importlib
import random
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from sensorium.agent.lint import check, errors, mend

FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def plans(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The maker of plans that the benchmark measures with."""
    monkeypatch.syspath_prepend(str(FOLDER))
    yield importlib.import_module("plans")


@pytest.fixture
def defects(plans: ModuleType) -> dict[str, Any]:
    """The ways to spoil a plan, by name."""
    spoilers: dict[str, Any] = importlib.import_module("defects").DEFECTS
    return spoilers


def test_good_plans_have_no_findings_and_stay_as_they_are(plans: ModuleType) -> None:
    tools = plans.catalog()
    for seed in range(60):
        dice = random.Random(seed)
        good = plans.good_plan(dice, dice.randint(2, 14))
        assert check(good, tools, facts=plans.FILES) == [], good
        mended = mend(good, tools, facts=plans.FILES)
        assert mended.plan is not None and mended.repairs == []
        assert [one.model_dump(exclude_defaults=True) for one in mended.plan.steps] == good["steps"]


@pytest.mark.parametrize("bold", [False, True])
def test_every_defect_is_found_and_a_second_repair_finds_nothing_to_do(
    plans: ModuleType, defects: dict[str, Any], bold: bool
) -> None:
    tools = plans.catalog()
    for number, (name, spoil) in enumerate(defects.items()):
        for seed in range(12):
            dice = random.Random(1000 * number + seed)
            spoilt = spoil(plans.good_plan(dice, dice.randint(3, 10)), dice)
            if spoilt is None:
                continue
            found = check(spoilt.plan, tools, facts=plans.FILES)
            assert any(one.rule in spoilt.rules for one in found), (name, spoilt.plan)
            mended = mend(spoilt.plan, tools, facts=plans.FILES, bold=bold)
            assert mended.plan is not None
            left = check(mended.plan, tools, facts=plans.FILES, bold=bold)
            assert [one for one in left if one.repair] == [], (name, spoilt.plan)
            again = mend(mended.plan, tools, facts=plans.FILES, bold=bold)
            assert (again.plan, again.repairs) == (mended.plan, [])


def test_several_defects_at_once_are_mended_together(plans: ModuleType, defects: dict[str, Any]) -> None:
    tools = plans.catalog()
    certain = ("tool name respelt", "argument under another name", "circle by `depends_on`", "step twice")
    mended_plans = 0
    for seed in range(30):
        dice = random.Random(seed)
        plan: Any = plans.good_plan(dice, 8)
        for name in certain:
            spoilt = defects[name](plan, dice) if all(s["tool"] in plans.TAKES for s in plan["steps"]) else None
            plan = spoilt.plan if spoilt else plan
        mended = mend(plan, tools, facts=plans.FILES)
        mended_plans += errors(mended.findings) == []
    assert mended_plans == 30


def test_no_plan_raises_whatever_is_in_it(plans: ModuleType) -> None:
    tools = plans.catalog()
    junk: list[Any] = [None, "", "$", "${", "$s1.x[0]", "$item", "$files[9]", [], {}, [[]], -1, 1e99, True, "<node-7>"]
    for seed in range(150):
        dice = random.Random(seed)
        plan = plans.good_plan(dice, 5)
        for step in plan["steps"]:
            if dice.random() < 0.5:
                step["args"][dice.choice([*step["args"], "more"])] = dice.choice(junk)
            if dice.random() < 0.3:
                step[dice.choice(["id", "tool", "args", "depends_on", "for_each", "optional"])] = dice.choice(junk)
        check(plan, tools, facts=plans.FILES)
        mended = mend(plan, tools, facts=plans.FILES, bold=True)
        if mended.plan is not None:
            again = mend(mended.plan, tools, facts=plans.FILES, bold=True)
            assert again.repairs == []
