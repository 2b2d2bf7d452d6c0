"""An error that nobody foresaw, anywhere: its words reach nobody, and the server goes on."""

import importlib
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx2
import pytest
from mcp import Client, MCPError
from mcp.types import PromptReference, ResourceTemplateReference

from sensorium.mcp_server import app, prompts, resources
from sensorium.mcp_server.access import Access
from sensorium.mcp_server.belongings import Belongings
from sensorium.mcp_server.groups import ALL
from sensorium.mcp_server.job_store import JobStore
from sensorium.mcp_server.service import Options, Service
from sensorium.tools.base.settings import Settings
from sensorium.tools.base.tool import Tool
from sensorium.tools.base.workspace import Workspace

WORDS = "sk-canary at /private/place"
LEAKS = ("canary", "/private", "Traceback", "Error:", ".py")
FILES = {"video": "talk.mp4", "picture": "slide.png", "text": "words.txt"}
PROMPT = PromptReference(name="video_report")
JOB = ResourceTemplateReference(uri="job://{job_id}")
TOKEN = {"Authorization": "Bearer token-of-the-first-client"}
Serve = Callable[..., app.MediaServer]


def fail(*_: object, **__: object) -> Any:
    raise KeyError(WORDS)


@pytest.fixture(scope="module")
def raising(misbehaving: Mapping[str, Tool]) -> Iterator[ModuleType]:
    """Every tool, raising what it should not, in a module that workers find beside that of the misbehaving ones."""
    with pytest.MonkeyPatch.context() as patch:
        module = importlib.import_module("raising_tools")
        patch.setattr(app, "view_media", module.TOOLS["view_media"])
        patch.setattr(app, "run_agent", module.TOOLS["run_agent"])
        yield module
        sys.modules.pop("raising_tools")


def given(tool: Tool, name: str, schema: Mapping[str, Any]) -> Any:
    """Return something that an argument takes."""
    for argument in tool.media_arguments:
        if argument.name == name:
            file = next(FILES[kind] for kind in argument.kinds if kind in FILES)
            return [file] if argument.many else file
    if name == "scenes":
        return [{"title": "x"}]  # nothing of a scene is required, and one must show something
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema:
        return given(tool, "", schema["anyOf"][0])
    kind = schema["type"]
    if kind == "array":
        return [given(tool, "", schema["items"])]
    if kind == "object":
        return {name: given(tool, "", schema["properties"][name]) for name in schema.get("required", [])}
    return {"string": "https://example.org" if name == "url" else "x"}.get(kind, schema.get("minimum", 1))


async def test_no_tool_tells_the_words_of_an_error(
    settings: Settings, films: Path, raising: ModuleType, era: str, capfd: pytest.CaptureFixture[str]
) -> None:
    (films / "words.txt").write_text("x")
    options = Options(groups=frozenset({ALL}), approved=True)
    server = app.build_server(settings, raising.TOOLS, Access.to([films]), options)
    told = {}
    async with Client(server, mode=era) as client:
        tools = {one.name: one for one in (await client.list_tools()).tools}
        for name, tool in raising.TOOLS.items():
            if shown := tools.get(name):
                properties = shown.input_schema["properties"]
                arguments = {one: given(tool, one, properties[one]) for one in shown.input_schema.get("required", [])}
                told[name] = await client.call_tool(name, arguments, read_timeout_seconds=20)
    assert len(told) >= 15
    for name, result in told.items():
        wire = result.model_dump_json()
        assert result.is_error is True and not result.structured_content, name
        assert "in the server's log" in wire or "ended before it was done" in wire, (name, wire)
        assert not [one for one in LEAKS if one in wire], (name, wire)
    assert capfd.readouterr().err.count(WORDS) >= len(told), "whoever runs the server can read them"


REQUESTS: Mapping[str, tuple[type | ModuleType, str, Callable[[Client], Awaitable[Any]]]] = {
    "a call": (Service, "order", lambda client: client.call_tool("view_media", {"media": "slide.png"})),
    "job_status": (JobStore, "get", lambda client: client.call_tool("job_status", {"job_id": "a"})),
    "job_cancel": (JobStore, "get", lambda client: client.call_tool("job_cancel", {"job_id": "a"})),
    "a list": (Belongings, "artifacts", lambda client: client.list_resources()),
    "an artifact": (Belongings, "has", lambda client: client.read_resource("artifact://sha256/" + 64 * "0")),
    "a job": (JobStore, "get", lambda client: client.read_resource("job://a")),
    "a run": (Belongings, "has", lambda client: client.read_resource("run://a")),
    "a file": (Service, "order", lambda client: client.read_resource("media://slide.png")),
    "the limits": (resources, "compact", lambda client: client.read_resource("config://limits")),
    "a prompt": (prompts, "load", lambda client: client.get_prompt("video_report", {"path": "slide.png"})),
    "a completed path": (Access, "listing", lambda client: client.complete(PROMPT, {"name": "path", "value": ""})),
    "a completed job": (JobStore, "latest", lambda client: client.complete(JOB, {"name": "job_id", "value": ""})),
}


async def test_no_other_answer_tells_the_words_of_an_error(
    serve: Serve, running: Callable[..., Any], era: str, caplog: pytest.LogCaptureFixture
) -> None:
    told = {}
    async with running(serve()) as web, web.client(era) as client:
        for name, (where, what, ask) in REQUESTS.items():
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(where, what, fail)
                caplog.clear()
                try:
                    result = await ask(client)
                except MCPError as error:
                    told[name] = f"{error.error!r}"
                else:
                    assert result.is_error is True, name
                    told[name] = result.model_dump_json()
                assert WORDS in caplog.text, f"{name}: whoever runs the server can read them"
            assert not [one for one in LEAKS if one in told[name]], (name, told[name])
        assert (await client.call_tool("refuse", {"letters": 1})).is_error is True
        assert (await client.list_resources()).resources


async def test_no_route_tells_the_words_of_an_error(serve: Serve, running: Callable[..., Any]) -> None:
    async with running(serve()) as web, httpx2.AsyncClient(base_url=web.address, headers=TOKEN, timeout=30) as http:
        handle = (await http.post("/upload", content=b"words")).json()["handle"]
        for what, ask in {
            (Workspace, "put"): lambda: http.post("/upload", content=b"other words"),
            (Belongings, "held_bytes"): lambda: http.post("/upload", content=b"other words"),
            (Belongings, "has"): lambda: http.get(f"/artifacts/{handle[-64:]}"),
        }.items():
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(*what, fail)
                answer = await ask()
            assert answer.status_code == 500, what
            assert not [one for one in LEAKS if one in answer.text], answer.text
        assert (await http.get(f"/artifacts/{handle[-64:]}")).text == "words"
