"""Whatever it is given, the linter answers with findings, and soon."""

import random
from typing import Any

import pytest

from sensorium.agent.lint import check, errors, mend

KINDS = [
    {"name": "Video-to-Audio", "inputs": ["video"], "outputs": ["audio"]},
    {"name": "Audio-to-Text", "inputs": ["audio"], "outputs": ["text"]},
]
WORDS = [
    "steps", "plan", "id", "tool", "name", "args", "arguments", "task_nodes", "task_links", "depends_on", "for_each",
    "inputs", "outputs", "input-type", "parameters", "input_schema", "output_schema", "properties", "type", "required",
    "items", "$defs", "$ref", "#/$defs/a", "enum", "anyOf", "prefixItems", "minimum", "maxItems", "limits", "aliases",
    "string", "array", "video", "a", "b", "$a", "$a.x[0]", "${a.b}", "<node-0>", "<node-99999999999>", "$files[9]",
    "$item", "x.mp4", "#E1", "{{a}}", "-1", "", "$", "${", "\ud800", "kind", "seconds", "has_sound", "files",
]  # fmt: skip


def junk(dice: random.Random, depth: int = 0) -> Any:
    if depth > 4 or dice.random() < 0.35:
        return dice.choice([None, True, 0, -1, 1e308, float("nan"), float("inf"), 10**30, *dice.choices(WORDS, k=8)])
    if dice.random() < 0.4:
        return [junk(dice, depth + 1) for _ in range(dice.randint(0, 4))]
    return {dice.choice(WORDS): junk(dice, depth + 1) for _ in range(dice.randint(0, 6))}


def step(dice: random.Random) -> dict[str, Any]:
    args = {dice.choice(WORDS): junk(dice, 2) for _ in range(dice.randint(0, 3))}
    more = {dice.choice(WORDS): junk(dice, 2)} if dice.random() < 0.2 else {}
    return {"id": dice.choice("abcd"), "tool": dice.choice("ab"), "args": args, **more}


def tool(dice: random.Random) -> dict[str, Any]:
    fields = {dice.choice(WORDS): junk(dice, 1) for _ in range(dice.randint(0, 6))}
    properties = {dice.choice(WORDS): junk(dice, 2) for _ in range(2)}
    return {**fields, "name": dice.choice("ab"), "input_schema": {"properties": properties, "required": junk(dice, 3)}}


@pytest.mark.parametrize("seed", range(100))
def test_random_data_gives_findings_and_no_traceback(seed: int) -> None:
    dice = random.Random(seed)
    mend(junk(dice), KINDS, bold=True)
    plan = {"steps": [step(dice) for _ in range(3)]}
    mend(plan, junk(dice), bold=True)
    mend(plan, [tool(dice) for _ in range(3)], facts=[junk(dice, 1), {"name": junk(dice, 3), "kind": junk(dice, 3)}])


def nested(depth: int) -> Any:
    value: Any = "x"
    for _ in range(depth):
        value = {"a": [value]}
    return value


def endless() -> Any:
    value: dict[str, Any] = {}
    value["a"] = value
    return value


@pytest.mark.parametrize("deep", [nested(600), nested(5000), endless()], ids=["600", "5000", "endless"])
def test_what_is_nested_too_deep_is_told(deep: Any) -> None:
    for given in (deep, {"steps": [{"id": "a", "tool": "Audio-to-Text", "args": {"x": deep}}]}):
        (finding,) = check(given, KINDS)
        assert finding.rule == "plan-shape" and "nested more than" in finding.message
    plan = {"steps": [{"id": "a", "tool": "t", "args": {"x": 1}}, {"id": "b", "tool": "t", "args": {"x": "$a.x.y"}}]}
    schema = {"properties": {"x": deep}}
    check(plan, [{"name": "t", "input_schema": schema, "output_schema": deep, "limits": deep, "inputs": deep}])


@pytest.mark.parametrize("catalog", [None, 3, "tools", [], {}, [None, 3], {"tools": None}, {"nodes": [[]]}])
def test_a_catalog_that_is_none_has_no_tools(catalog: Any) -> None:
    found = check({"steps": [{"id": "a", "tool": "t"}]}, catalog)
    assert [one.rule for one in found] == ["unknown-tool"]


@pytest.mark.parametrize(
    "own",
    [
        {"$ref": "#/$defs/a"},
        {"anyOf": [{"$ref": "#/$defs/a"}, {"$ref": "#/$defs/a"}]},
        {"type": "array", "items": {"$ref": "#/$defs/a"}},
        {"type": "object", "properties": {"p": {"$ref": "#/$defs/a"}}},
    ],
)
def test_a_schema_may_refer_to_itself(own: Any) -> None:
    port, definitions = {"$ref": "#/$defs/a"}, {"a": own}
    schema = {"type": "object", "properties": {"x": port}, "$defs": definitions}
    plan = {"steps": [{"id": "a", "tool": "t", "args": {"x": [1]}}, {"id": "b", "tool": "t", "args": {"x": "$a.x.p"}}]}
    mend(plan, [{"name": "t", "input_schema": schema, "output_schema": schema}])


@pytest.mark.parametrize("text", ["A" * 400_000, "$a." * 90_000, "<node-" + "1" * 200_000 + ">", "1" * 200_000])
def test_a_huge_text_is_read_or_refused(text: str) -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}, "audio": {"type": "string"}}}
    plan = {"steps": [{"id": "a", "tool": "t", "args": {"n": text, "audio": f"${text}"}}]}
    assert mend(plan, [{"name": "t", "input_schema": schema}]).findings != []
    assert mend(text, KINDS).plan is None


@pytest.mark.parametrize("reference", ["$s{before}", "$s{after}", "<node-{before}>", "$zz{after}", "x.mp4"], ids=str)
def test_a_plan_of_thousands_of_steps_is_refused_for_that(reference: str) -> None:
    steps = [
        {"id": f"s{at}", "tool": "Audio-to-Text", "args": {"audio": reference.format(before=at - 1, after=at + 1)}}
        for at in range(5000)
    ]
    (finding,) = mend({"goal": "", "steps": steps}, KINDS).findings
    assert (finding.rule, finding.message) == ("too-many-steps", "The plan has 5000 steps; the limit is 64.")


def test_a_step_whose_id_is_taken_is_looked_at_once_it_has_its_own() -> None:
    steps = [
        {"id": "a", "tool": "Video-to-Audio", "args": {"video": "x.mp4"}},
        {"id": "a", "tool": "Audio-to-Text", "args": {"sound": "y.mp4"}},
    ]
    assert [one.rule for one in check({"goal": "", "steps": steps}, KINDS)] == ["step-id"]
    mended = mend({"goal": "", "steps": steps}, KINDS)
    assert errors(mended.findings) == [] and [one.rule for one in mended.repairs] == ["step-id", "wrong-kind"]
