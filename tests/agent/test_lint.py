"""What the linter refuses before anything runs."""

from collections.abc import Callable
from typing import Any

import pytest

from sensorium.agent.lint import check
from sensorium.agent.plan import Plan
from sensorium.tools.base.tool import Tool

Planned = Callable[..., Plan]


def echo(id: str, **more: Any) -> dict[str, Any]:
    return {"id": id, "tool": "echo", **more}


def test_a_good_plan_has_no_findings(plan: Planned, small_tools: dict[str, Tool]) -> None:
    steps = [
        echo("a", args={"items": [1, 2], "text": "$request"}),
        {"id": "b", "tool": "fail", "for_each": "$a.items", "args": {"when": "$item"}},
        echo("c", args={"got": ["$b", "$files[0]", "$run"]}, depends_on=["a"]),
    ]
    assert check(plan(*steps), small_tools) == []


@pytest.mark.parametrize(
    ("steps", "step", "rule", "words"),
    [
        ([{"id": "a", "tool": "ecco"}], "a", "unknown-tool", "Did you mean `echo`?"),
        ([echo("a", args={"txt": "x"})], "a", "unknown-argument", "takes: `text`, `items`, `got`"),
        ([{"id": "a", "tool": "wait"}], "a", "missing-argument", "needs the argument `seconds`"),
        ([{"id": "a", "tool": "wait", "args": {"seconds": -1}}], "a", "wrong-argument", "greater than or equal to 0"),
        ([echo("a", args={"text": "$b.text"})], "a", "unknown-reference", "refers to no step"),
        ([echo("a"), echo("b", args={"text": "$a.word"})], "b", "unknown-reference", "gives no 'word'"),
        ([echo("a", args={"text": "$item"})], "a", "unknown-reference", "for_each"),
        ([echo("a", depends_on=["z"])], "a", "unknown-reference", "no step"),
        ([echo("a"), echo("a")], "a", "step-id", "taken"),
        ([echo("files")], "files", "step-id", "taken"),
        ([echo("a", args={"text": "$b.text"}), echo("b", args={"text": "$a.text"})], "a", "cycle", "a -> b -> a"),
        ([echo("a", args={"text": "$a.text"})], "a", "cycle", "a -> a"),
    ],
)
def test_a_wrong_plan_is_refused_and_the_step_named(
    plan: Planned, small_tools: dict[str, Tool], steps: list[dict[str, Any]], step: str, *, rule: str, words: str
) -> None:
    found = check(plan(*steps), small_tools)
    assert [(one.step, one.rule) for one in found] == [(step, rule)]
    assert words in found[0].message or set(words.split(" -> ")) <= set(found[0].message.replace(".", "").split(" -> "))


def test_results_of_earlier_steps_may_be_referred_to(plan: Planned, small_tools: dict[str, Tool]) -> None:
    earlier = {"old": {"text": "x"}}
    assert check(plan(echo("a", args={"text": "$old.text"})), small_tools, earlier) == []
    assert check(plan(echo("a", args={"text": "$old.word"})), small_tools, earlier)[0].rule == "unknown-reference"
