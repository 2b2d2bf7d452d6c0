"""Catalogs of other systems, with the words that they have for the same."""

from itertools import pairwise
from typing import Any

import pytest

from sensorium.agent.lint import check, mend

TEXT, NUMBER = {"type": "string"}, {"type": "number"}
TRIM = {"type": "object", "required": ["video_path", "start"], "properties": {"video_path": TEXT, "start": NUMBER}}
HOUSE = [
    {"tool": "Camera Snapshot", "Accepts": ["Device"], "Produces": ["Image"]},
    {"tool": "Describe Scene", "inputTypes": ["Image"], "outputTypes": ["Text"]},
    {"tool": "Speech Maker", "input-type": ["TEXT"], "output-type": ["AUDIO"]},
    {"tool": "Dictation", "input_types": "audio", "output_types": "text"},
    {"tool": "Announce", "consumes": [{"type": "Audio"}], "produces": []},
]


def graph(*nodes: tuple[str, str]) -> dict[str, Any]:
    names = [name for name, _ in nodes]
    links = [{"source": one, "target": other} for one, other in pairwise(names)]
    return {"task_nodes": [{"task": name, "arguments": [given]} for name, given in nodes], "task_links": links}


def rules(plan: Any, catalog: Any) -> list[str]:
    return [one.rule for one in check(plan, catalog)]


def test_fields_and_kinds_are_known_however_they_are_spelt() -> None:
    assert rules(graph(("Camera Snapshot", "door"), ("Describe Scene", "<node-0>")), HOUSE) == []
    assert rules(graph(("Camera Snapshot", "door"), ("Announce", "<node-0>")), HOUSE)[0] == "wrong-kind"


@pytest.mark.parametrize("field", ["inputSchema", "input_schema", "parameters", "inputs"])
def test_a_tool_without_arguments_takes_none(field: str) -> None:
    catalog = {"tools": [{"name": "list_projects", field: {"type": "object", "properties": {}}}]}
    assert rules([{"name": "list_projects", "arguments": {}}], catalog) == ["plan-shape"] * 4
    assert "unknown-argument" in rules([{"name": "list_projects", "arguments": {"folder": "x"}}], catalog)


def test_an_argument_for_a_file_is_known_with_and_without_path() -> None:
    catalog = [{"name": "trim_clip", "inputSchema": TRIM}, {"name": "show", "parameters": {"picture": "Image"}}]
    steps = [
        {"id": "a", "tool": "trim_clip", "args": {"video": "in.mp4", "start": 1}},
        {"id": "b", "tool": "show", "args": {"picture_path": "in.png"}},
    ]
    mended = mend({"goal": "", "steps": steps}, catalog)
    assert mended.findings == [] and mended.plan is not None
    assert [one.args for one in mended.plan.steps] == [{"video_path": "in.mp4", "start": 1}, {"picture": "in.png"}]


def test_a_picture_is_not_spoken_in_order_to_be_dictated() -> None:
    plan = graph(("Camera Snapshot", "door"), ("Dictation", "<node-0>"))
    mended = mend(plan, HOUSE)
    assert mended.repairs == [] and {one.rule for one in mended.findings} == {"wrong-kind"}


def test_a_converter_is_put_in_once_where_a_link_says_the_same_as_a_reference() -> None:
    mended = mend(graph(("Camera Snapshot", "door"), ("Announce", "<node-0>")), HOUSE)
    assert mended.findings == [] and mended.plan is not None
    names = [one.tool for one in mended.plan.steps]
    assert names == ["Camera Snapshot", "Describe Scene", "Speech Maker", "Announce"]


@pytest.mark.parametrize("name", ["scan.pdf", "mask.png", "room.json"])
def test_a_file_may_be_of_a_kind_that_its_name_does_not_say(name: str) -> None:
    catalog = [{"name": "fill", "inputs": ["image", "mask", "document", "device"], "outputs": ["image"]}]
    assert rules({"goal": "", "steps": [{"id": "a", "tool": "fill", "args": {"document": name}}]}, catalog) == []
