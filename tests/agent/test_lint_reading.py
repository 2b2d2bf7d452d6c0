"""Plans in the shapes that models and other systems write."""

import json
from typing import Any

import pytest

from sensorium.agent.lint import check, mend, repair
from sensorium.agent.plan import Plan

TOOLS = [
    {"name": "listen", "outputs": ["text"], "arguments": {"type": "object", "required": ["media"], "properties": {
        "media": {"kind": "audio"}}}},
    {"name": "write", "arguments": {"type": "object", "required": ["text"], "properties": {
        "text": {"type": "string"}, "title": {"type": "string"}}}, "outputs": ["text"], "effect": "writes"},
]  # fmt: skip
LISTEN = {"id": "a", "tool": "listen", "args": {"media": "$files[0]"}}
WRITE = {"id": "b", "tool": "write", "args": {"text": "$a"}}
RIGHT = {"goal": "write it down", "steps": [LISTEN, WRITE]}


def shaped(*steps: Any, **more: Any) -> dict[str, Any]:
    return {"goal": "write it down", "steps": list(steps), **more}


SHAPES: list[Any] = [
    json.dumps(RIGHT),
    f"```json\n{json.dumps(RIGHT)}\n```",
    str(RIGHT),
    [LISTEN, WRITE],
    {"steps": [LISTEN, WRITE], "goal": "write it down", "thought": "first listen"},
    {"plan": RIGHT},
    {"goal": "write it down", "plan": [LISTEN, WRITE]},
    {"goal": "write it down", "steps": {"a": {k: LISTEN[k] for k in ("tool", "args")}, "b": WRITE}},
    {"goal": "write it down", "steps": json.dumps([LISTEN, WRITE])},
    shaped({**LISTEN, "thought": "so", "depends_on": None, "optional": None, "for_each": None}, WRITE),
    shaped({**LISTEN, "args": json.dumps(LISTEN["args"])}, WRITE),
    shaped({**LISTEN, "args": ["$files[0]"]}, WRITE),
    shaped({**LISTEN, "args": [{"name": "media", "value": "$files[0]"}]}, WRITE),
    shaped({"id": "a", "name": "listen", "arguments": {"media": "$files[0]"}}, WRITE),
    shaped(
        {"id": "a", "function": {"name": "listen", "arguments": '{"media": "$files[0]"}'}, "type": "function"}, WRITE
    ),
    shaped(LISTEN, {"step_id": "b", "action": "write", "action_input": {"text": "$a"}}),
    shaped(LISTEN, {**WRITE, "args": {"text": "{{a}}"}}),
    shaped(LISTEN, {**WRITE, "args": {"text": "{{ steps.a }}"}}),
    shaped(LISTEN, {**WRITE, "args": {"text": "<a>"}}),
    shaped(LISTEN, {**WRITE, "args": {"text": "<node-0>"}}),
]


@pytest.mark.parametrize("given", SHAPES)
def test_every_shape_is_read_as_the_same_plan(given: Any) -> None:
    mended = mend(given, TOOLS)
    assert mended.plan is not None and mended.findings == []
    assert [one.model_dump(exclude_defaults=True) for one in mended.plan.steps] == [LISTEN, WRITE]
    assert {one.rule for one in mended.repairs} == {"plan-shape"}
    assert all(one.severity == "warning" for one in check(given, TOOLS))


@pytest.mark.parametrize(
    ("ids", "text"),
    [((1, 2), "$1"), (("1", "2"), "${1}"), (("step-1", "step-2"), "$step-1"), (("E1", "E2"), "#E1"),
     (("erster Schritt", "zweiter"), "{{erster Schritt}}"), ((None, None), "$listen")],
)  # fmt: skip
def test_ids_that_are_no_names_are_written_anew(ids: tuple[Any, Any], text: str) -> None:
    first, second = ({**one, "id": id} for one, id in zip((LISTEN, WRITE), ids, strict=True))
    second = {**second, "args": {"text": text}, "depends_on": [ids[0]]}
    mended = mend(shaped(first, second), TOOLS)
    assert mended.plan is not None
    a, b = mended.plan.steps
    if text != "{{erster Schritt}}":
        assert mended.findings == []
        assert b.needs() == {a.id}
    assert a.id.isidentifier() and b.id.isidentifier()


@pytest.mark.parametrize(
    ("depends_on", "read"),
    [("a", ["a"]), ("$a", ["a"]), ([-1], []), ("", []), ([], []), (["a", "zz"], ["a"])],
)
def test_what_a_step_waits_for_may_be_written_in_many_ways(depends_on: Any, read: list[str]) -> None:
    mended = mend(shaped(LISTEN, {**WRITE, "depends_on": depends_on}), TOOLS)
    assert mended.plan is not None and mended.plan.steps[1].depends_on == read


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (shaped({**LISTEN, "args": '{"media": "$fil'}), "break off"),
        (shaped({**LISTEN, "args": ["a", "b", "c"]}), "3 values without names"),
        (shaped({"id": "a", "args": {}}), "names no `tool`"),
        (shaped("dance"), "'dance'"),
        (shaped({**LISTEN, "for_each": 5}), "`for_each` of `a`"),
        (shaped({**LISTEN, "depends_on": 5.5}), "`depends_on` of `a`"),
        ({"goal": "x"}, "no `steps`"),
        ("I cannot do that.", "not JSON"),
    ],
)
def test_what_may_mean_several_things_is_refused_with_a_reason(given: Any, words: str) -> None:
    found = check(given, TOOLS)
    assert [(one.rule, one.severity) for one in found] == [("plan-shape", "error")]
    assert words in found[0].message


def test_a_text_that_only_looks_like_a_reference_stays() -> None:
    texts = ["<b>bold</b>", "{{unknown}}", "It costs $5 or #E9", "<node-x>", "a < b > c", "${", "$$a"]
    given = shaped(*({"id": f"s{at}", "tool": "write", "args": {"text": text}} for at, text in enumerate(texts)))
    plan, repairs = repair(given, TOOLS)
    assert plan is not None and repairs == []
    assert [one.args["text"] for one in plan.steps] == texts


def test_a_plan_longer_than_any_run_takes_is_told() -> None:
    steps = [{"id": f"s{at}", "tool": "write", "args": {"text": str(at)}} for at in range(70)]
    assert [one.rule for one in check({"goal": "x", "steps": steps}, TOOLS)] == ["too-many-steps"]


def test_a_plan_object_is_taken_as_it_is() -> None:
    plan = Plan.model_validate(RIGHT)
    assert repair(plan, TOOLS) == (plan, [])
