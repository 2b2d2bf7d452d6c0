"""Every tool of the usual face, on real media: the contract of results."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp.types import CallToolResult, ImageContent

from sensorium.mcp_server.access import Access
from sensorium.mcp_server.app import build_server
from sensorium.mcp_server.faces import FACES, annotations, offers
from sensorium.mcp_server.groups import DEFAULT_GROUPS
from sensorium.mcp_server.run_agent import run_agent
from sensorium.tools import catalog
from sensorium.tools.base.endpoints import Endpoint
from sensorium.tools.base.settings import Settings

Body = Callable[[CallToolResult], dict[str, Any]]
CALLS: Mapping[str, dict[str, Any]] = {
    "probe_media": {"media": "talk.mp4"},
    "find_scenes": {"media": "talk.mp4"},
    "extract_frames": {"media": "talk.mp4", "count": 8},
    "view_media": {"media": "slide.png", "part": [0, 0, 1, 0.5]},
    "read_text": {"media": "talk.mp4"},
    "transcribe": {"media": "talk.mp4"},
    "image_facts": {"media": "slide.png"},
    "compare_media": {"first": "slide.png", "second": "other.png"},
    "read_artifact": {"artifact": "notes.txt"},
    "speak": {"text": "The report is ready."},
    "make_chart": {"series": [{"name": "sales", "x": [1, 2, 3], "y": [3.5, 1, 2]}], "kind": "bar"},
    "describe_sound": {"media": "talk.mp4"},
    "make_image": {"prompt": "title card: Hello"},
    "edit_image": {"picture": "slide.png", "task": "pick", "index": 2},
    "make_music": {"description": "calm piano", "seconds": 2},
    "compose_video": {"scenes": [{"title": "Hello", "seconds": 1}], "height_pixels": 144},
    "edit_media": {"task": "trim", "media": "talk.mp4", "start_seconds": 1, "end_seconds": 2},
    "picture_sound": {"media": "talk.mp4"},
    "run_agent": {"request": "Read the text", "files": ["slide.png"]},
}
"""A call of each; a new tool of the face needs one."""


@pytest.fixture
def more(films: Path, making: Any) -> Path:
    """The allowed folder with a few more files."""
    making.slide("A picture\nwith three lines\nnow", width=1600, height=900).save(films / "other.png")
    (films / "notes.txt").write_text("Some notes.\nA second line.\n", encoding="utf-8")
    return films


def test_every_tool_of_the_face_has_a_call_here() -> None:
    assert CALLS.keys() == {name for name, face in FACES.items() if face.group in DEFAULT_GROUPS and not face.model}


async def test_every_tool_gives_what_it_promised_and_not_too_much(settings: Settings, more: Path, body: Body) -> None:
    server = build_server(settings, catalog(), Access.to([more]))
    async with Client(server) as client:
        tools = {one.name: one for one in (await client.list_tools()).tools}
        assert CALLS.keys() <= tools.keys()
        for name, arguments in CALLS.items():
            # The client itself checks what is structured against the tool's schema.
            result = await client.call_tool(name, arguments)
            assert result.is_error is False, (name, result.content)
            wire = result.model_dump_json(by_alias=True)
            assert len(wire) < 2**20, name
            assert len(result.content[0].text) <= 20_000, name
            pictures = [one for one in result.content if isinstance(one, ImageContent)]
            if FACES[name].gives == "media":
                assert result.structured_content is None and tools[name].output_schema is None, name
                assert len(pictures) <= 6
            else:
                assert result.structured_content == body(result) and not pictures, name
            assert str(settings.home / "artifacts") not in wire, "copies are named, not the store"


async def test_what_was_read_and_heard_comes_with_its_times(settings: Settings, more: Path, body: Body) -> None:
    async with Client(build_server(settings, catalog(), Access.to([more]))) as client:
        read = body(await client.call_tool("read_text", {"media": "talk.mp4"}))
        scenes = body(await client.call_tool("find_scenes", {"media": "talk.mp4"}))
        frames = body(await client.call_tool("extract_frames", {"media": "talk.mp4", "times": [0.5, 3.0]}))
    assert [(one["text"], one["start_seconds"], one["end_seconds"]) for one in read["moments"]] == [
        ("First slide", 0.0, 2.0),
        ("Second slide", 2.0, 4.0),
    ]
    assert all(len(one["box"]) == 4 and "source" not in one for one in read["moments"])
    assert [(one["start_seconds"], one["end_seconds"]) for one in scenes["scenes"]] == [(0.0, 2.0), (2.0, 4.0)]
    assert [one["at_seconds"] for one in frames["items"]] == [0.5, 3.0]
    assert all(Path(one["picture"]["path"]).is_file() for one in frames["items"])  # noqa: ASYNC240


def test_a_task_that_a_far_model_plans_says_so(settings: Settings) -> None:
    endpoints = {
        "far": Endpoint(name="far", base_url="https://models.example/v1"),
        "near": Endpoint(name="near", base_url="http://127.0.0.1:1/v1"),
    }

    def reaching(name: str) -> set[str]:
        given = replace(settings, models={"think": f"{name}:brain"}, endpoints=endpoints)
        tools = {**catalog(), run_agent.name: run_agent}
        return {one.name for one in offers(tools, given, DEFAULT_GROUPS) if annotations(one)["openWorldHint"]}

    assert reaching("far") == {"run_agent"}
    assert reaching("near") == set()
