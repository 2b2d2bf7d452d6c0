"""What a client reads before it calls anything: the tools' names, words, schemas and their size."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp.server import MCPServer
from mcp.types import CallToolResult, ImageContent, ResourceLink, TextContent, Tool

from sensorium.mcp_server.access import Access
from sensorium.mcp_server.app import build_server
from sensorium.mcp_server.faces import FACES, curated, face_of
from sensorium.mcp_server.groups import GROUPS
from sensorium.mcp_server.service import Options
from sensorium.tools import catalog
from sensorium.tools.base.endpoints import Endpoint
from sensorium.tools.base.settings import Settings

Serve = Callable[..., MCPServer[Any]]
Body = Callable[[CallToolResult], dict[str, Any]]
MOST_BYTES = 66_000
"""Of the usual `tools/list`: a model may pay for all of it in every request."""
MOST_READ_BYTES = 35_000
"""Of what every model is given of it: names, descriptions, arguments."""
RESULT_WORDS = {"path", "shown", "page", "pages", "next_page", "job_id", "next", "status", "running"}
VOICE_WORDS = {"happy", "sad", "male", "female"}


@pytest.fixture
def seeing(settings: Settings) -> Settings:
    """Settings that name a model that sees."""
    far = Endpoint(name="far", base_url="https://models.example/v1")
    return replace(settings, models={**settings.models, "see": "far:eyes"}, endpoints={"far": far})


async def _tools(settings: Settings, films: Path, **options: Any) -> list[Tool]:
    server = build_server(settings, catalog(), Access.to([films], private=settings.home), Options(**options))
    async with Client(server) as client:
        return (await client.list_tools()).tools


def _names(schema: Any) -> set[str]:
    """Return every property's name and every fixed word of a schema."""
    if isinstance(schema, list):
        return {name for one in schema for name in _names(one)}
    if not isinstance(schema, Mapping):
        return set()
    own = {*schema.get("properties", {}), *(one for one in schema.get("enum", []) if isinstance(one, str))}
    return own | {name for one in schema.values() for name in _names(one)}


async def test_the_usual_list_is_short(settings: Settings, films: Path) -> None:
    tools = await _tools(settings, films)
    wire = [one.model_dump(mode="json", by_alias=True, exclude_none=True) for one in tools]
    read = [{key: one[key] for key in ("name", "description", "inputSchema")} for one in wire]
    assert len(json.dumps(wire)) <= MOST_BYTES
    assert len(json.dumps(read)) <= MOST_READ_BYTES


async def test_descriptions_speak_only_of_what_a_client_has(seeing: Settings, films: Path) -> None:
    tools = await _tools(seeing, films, groups=frozenset(GROUPS))
    offered = {one.name for one in tools}
    assert curated(GROUPS, seeing) <= offered
    for one in tools:
        returned = _names(catalog()[one.name].output_schema) if one.name in catalog() else set()
        known = offered | _names(one.input_schema) | _names(one.output_schema) | returned | RESULT_WORDS | VOICE_WORDS
        said = [one.description or "", *(part["description"] for part in one.input_schema["properties"].values())]
        words = {word for text in said for word in re.findall(r"`([a-z]+(?:_[a-z]+)*)`", text)}
        languages = {word for word in words if len(word) == 2}
        assert words - languages <= known, one.name


async def test_descriptions_say_what_for_when_and_what_comes_back(settings: Settings, films: Path) -> None:
    for one in await _tools(settings, films):
        text = one.description or ""
        assert "\n" not in text and 80 < len(text) < 700, one.name
        assert 20 < len(text.partition(". ")[0]) <= 130, f"{one.name}: its first sentence is what a list shows"
        if one.name in FACES and one.name != "view_media":
            assert "Gives `" in text, one.name


async def test_asking_a_model_is_offered_where_there_is_one(settings: Settings, seeing: Settings, films: Path) -> None:
    assert "look_at" not in {one.name for one in await _tools(settings, films)}
    (looking,) = [one for one in await _tools(seeing, films) if one.name == "look_at"]
    assert looking.annotations and looking.annotations.open_world_hint, "pictures leave the machine"
    assert {"question", "task", "compare_with", "page"} <= looking.input_schema["properties"].keys()
    assert "findings" not in looking.input_schema["properties"]
    assert "look_at" not in {one.name for one in await _tools(seeing, films, groups=frozenset({"make"}))}


async def test_clients_elsewhere_are_told_of_links_and_not_of_paths(settings: Settings, films: Path) -> None:
    near = {one.name: one.description or "" for one in await _tools(settings, films)}
    far = {one.name: one.description or "" for one in await _tools(settings, films, nearby=False)}
    assert "`path`" in near["extract_frames"]
    assert "`path`" not in "".join(far.values())
    assert "links" in far["extract_frames"]


def test_a_schema_of_a_result_says_what_may_be_missing_and_has_no_tuples() -> None:
    from sensorium.mcp_server.schemas import result_schema

    for tool in catalog().values():
        schema = result_schema(tool.returns, face_of(tool).left_out)
        shown = json.dumps(schema)
        assert "prefixItems" not in shown and '"default": null' not in shown, tool.name
        assert "required" not in schema
        assert set(re.findall(r"#/\$defs/(\w+)", shown)) == schema.get("$defs", {}).keys(), tool.name


async def test_of_a_task_the_reports_are_linked_first(serve: Serve, body: Body) -> None:
    heard: list[str] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        heard.append(message or "")

    async with Client(serve()) as client:
        asked = {"request": "Analyze this picture and write a report", "files": ["slide.png"]}
        result = await client.call_tool("run_agent", asked, progress_callback=hear)
    links = [one for one in result.content if isinstance(one, ResourceLink)]
    assert [one.name for one in links][:3] == ["report.md", "report.html", "report.json"]
    assert len(links) <= 6
    assert body(result)["report"]["path"].endswith("/report.md")
    assert any(re.search(r"\d of \d steps done; \w+ \(\w+\)", one) for one in heard), heard
    assert all(len(one) <= 200 for one in heard)


async def test_clients_elsewhere_learn_no_path_from_results(serve: Serve, settings: Settings, films: Path) -> None:
    async with Client(serve(nearby=False)) as client:
        given = [
            await client.call_tool("read_text", {"media": "talk.mp4"}),
            await client.call_tool("transcribe", {"media": "talk.mp4"}),
            await client.call_tool("probe_media", {"media": "tolk.mp4"}),
            await client.call_tool("run_agent", {"request": "Read the text", "files": ["slide.png"]}),
        ]
    for result in given:
        told = result.model_dump_json(by_alias=True)
        assert str(settings.home) not in told and str(films.parent) not in told and '"path"' not in told


async def test_many_frames_come_in_pages_with_their_own_pictures(serve: Serve, body: Body) -> None:
    async with Client(serve()) as client:
        first = await client.call_tool("extract_frames", {"media": "talk.mp4", "every_seconds": 0.05})
        count = body(first)["pages"]
        pages = [
            await client.call_tool("extract_frames", {"media": "talk.mp4", "every_seconds": 0.05, "page": number})
            for number in range(1, count + 1)
        ]
    assert count > 1
    times = [item["at_seconds"] for page in pages for item in body(page)["items"]]
    assert times == sorted(times) and len(times) >= 40
    for page in pages:
        told = body(page)
        assert sum(len(one.text) for one in page.content if isinstance(one, TextContent)) <= 20_000
        named = {item["picture"]["handle"] for item in told["items"]}
        assert all(Path(item["picture"]["path"]).is_file() for item in told["items"])  # noqa: ASYNC240
        assert {one.uri for one in page.content if isinstance(one, ResourceLink)} <= named
        assert len([one for one in page.content if isinstance(one, ImageContent)]) == len(told.get("shown", "1"))
    assert "page=2" in body(first)["next_page"]
