"""References between steps."""

import pytest

from sensorium.agent.plan import MISSING, PlanError, Step, literal, references, resolve

SCOPE = {"frames": {"items": [{"picture": "p0", "at": 1.5}, {"picture": "p1"}], "text": "two"}, "lost": MISSING}


def test_a_whole_reference_keeps_its_type() -> None:
    assert resolve("$frames.items[0].at", SCOPE) == 1.5
    assert resolve("$frames.items[-1]", SCOPE) == {"picture": "p1"}


def test_a_reference_inside_text_becomes_text() -> None:
    assert resolve("saw ${frames.text}: ${frames.items[1]}", SCOPE) == 'saw two: {"picture":"p1"}'


def test_dollar_signs_of_a_user_stay_what_they_are() -> None:
    for text in ("$frames costs $5", "${frames.text}", "$$", "100 $", "$frames"):
        assert list(references(literal(text))) == []
        assert resolve(literal(text), SCOPE) == text
    assert resolve("$5 per month", SCOPE) == "$5 per month"


def test_what_a_failed_optional_step_would_give_is_left_out() -> None:
    assert resolve({"findings": ["$lost", "$frames.text"], "file": "$lost.x[0]"}, SCOPE) == {"findings": ["two"]}


def test_a_reference_that_leads_nowhere_says_where_it_ends() -> None:
    with pytest.raises(PlanError, match=r"ends at `\$frames.items`, which is a list of 2"):
        resolve("$frames.items[2]", SCOPE)
    with pytest.raises(PlanError, match="which has: items, text"):
        resolve("$frames.words", SCOPE)


def test_a_step_needs_what_it_refers_to() -> None:
    step = Step(
        id="a", tool="t", args={"x": ["$b.y", {"z": "see ${c}"}], "r": "$run"}, for_each="$d.e", depends_on=["f"]
    )
    assert step.needs() == {"b", "c", "d", "f"}
