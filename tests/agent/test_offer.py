"""What a chat model is told of the tools."""

import json
from typing import Any

import pytest
from pydantic import BaseModel, Field

from sensorium.agent.offer import shortened, tool_schemas
from sensorium.agent.plan import Plan
from sensorium.tools.base.catalog import catalog
from sensorium.tools.base.moments import Findings


class Point(BaseModel):
    """A place."""

    title: str
    x: float = 0.0


class Wanted(BaseModel):
    """What a tool takes."""

    title: str | None = Field(None, description="Made when left out.")
    points: list[Point]
    best: Point | int | None = None
    found: list[Findings] | None = Field(None, description="Results.")


class Tree(BaseModel):
    """A model that holds itself."""

    branches: "list[Tree]"


def test_a_schema_is_whole_in_itself_and_names_results() -> None:
    point = {
        "description": "A place.",
        "type": "object",
        "required": ["title"],
        "properties": {"title": {"type": "string"}, "x": {"type": "number", "default": 0.0}},
    }
    reference = {"type": "string", "description": 'A reference to a result, for example "$speech".'}
    assert shortened(Wanted.model_json_schema()) == {
        "description": "What a tool takes.",
        "type": "object",
        "required": ["points"],
        "properties": {
            "title": {"type": "string", "description": "Made when left out."},
            "points": {"type": "array", "items": point},
            "best": {"anyOf": [point, {"type": "integer"}]},
            "found": {"type": "array", "description": "Results.", "items": reference},
        },
    }


def test_a_model_that_holds_itself_ends() -> None:
    schema = shortened(Tree.model_json_schema())
    assert "$ref" not in json.dumps(schema)


@pytest.mark.parametrize("offered", tool_schemas(catalog()), ids=lambda one: one["name"])
def test_every_tool_is_offered_without_references_and_with_all_its_arguments(offered: dict[str, Any]) -> None:
    written = json.dumps(offered["input_schema"])
    assert "$ref" not in written and "$defs" not in written
    known = Plan.model_fields if offered["name"] == "make_plan" else catalog()[offered["name"]].arguments.model_fields
    later = {"sentences", "author"} if offered["name"] == "write_report" else set()
    assert list(offered["input_schema"]["properties"]) == [name for name in known if name not in later]


def test_a_tool_says_which_parts_its_result_has() -> None:
    told = {one["name"]: one["description"] for one in tool_schemas(catalog())}
    assert told["extract_frames"].endswith(
        "Gives items[] (picture, at_seconds, asked_seconds), sheet, moments[], measures[]."
    )
    assert told["find_scenes"].endswith(
        "Gives scenes[] (start_seconds, end_seconds, begins_with), method, key_frame_spacing_seconds, moments[], "
        "measures[]."
    )
    assert "\n" not in "".join(told.values())
