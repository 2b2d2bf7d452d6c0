"""What a tool's signature says of its arguments."""

from typing import Annotated

from pydantic import BaseModel, Field

from sensorium.tools.base.catalog import catalog
from sensorium.tools.base.run import Run
from sensorium.tools.base.tool import Control, QuickSchema, tool


class Sent(BaseModel):
    """What became of it."""


@tool(effect="network")
async def send(
    to: Annotated[str, Control(), Field(description="Who gets it.")],
    copies: Annotated[list[Annotated[str, Control()]] | None, Field(description="Who else gets it.")] = None,
    text: Annotated[str, Field(description="What is sent.")] = "",
    *,
    run: Run,
) -> Sent:
    """Send a text."""
    return Sent()


def test_arguments_that_steer_are_marked_where_they_are_typed() -> None:
    assert send.control_arguments == {"to", "copies"}


def test_the_mark_changes_nothing_in_the_schema() -> None:
    assert send.input_schema["properties"]["to"] == {"description": "Who gets it.", "title": "To", "type": "string"}


def test_a_tool_that_reaches_out_or_runs_code_marks_what_steers_it() -> None:
    for one in catalog().values():
        if one.effect in ("network", "runs_code"):
            assert one.control_arguments, f"{one.name} reaches outside, and no argument of it is marked `Control()`"


def test_the_quick_schemas_are_those_that_pydantic_gives() -> None:
    for one in catalog().values():
        assert one.input_schema == one.arguments.model_json_schema(), one.name
        assert one.returns.model_json_schema(schema_generator=QuickSchema) == one.returns.model_json_schema(), one.name
