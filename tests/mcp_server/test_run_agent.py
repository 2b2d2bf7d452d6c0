"""A whole task in one call."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx2
import pytest
from mcp import Client
from mcp.types import CallToolResult

from sensorium.mcp_server.app import MediaServer
from sensorium.mcp_server.run_agent import run_agent
from sensorium.tools.base.call import call
from sensorium.tools.base.endpoints import Endpoint
from sensorium.tools.base.errors import ToolError
from sensorium.tools.base.run import Progress, Run

Serve = Callable[..., MediaServer]
Body = Callable[[CallToolResult], dict[str, Any]]
TOKEN = {"Authorization": "Bearer token-of-the-first-client"}


async def test_a_report_comes_back_with_its_files_beside_the_film(
    serve: Serve, films: Path, settings: Any, body: Body
) -> None:
    async with Client(serve()) as client:
        result = await client.call_tool(
            "run_agent", {"request": "Analyze this video and write a report", "files": ["talk.mp4"]}
        )
    assert result.is_error is False, result.content
    answer = body(result)
    assert answer["status"] in ("done", "partial")
    assert "talk.mp4" in answer["answer"]
    folder = settings.home / "outputs" / f"run-{answer['run_id']}"
    assert Path(answer["report"]["path"]) == folder / "report.md"
    assert {"report.md", "report.html", "report.json", "talk.mp4"} <= {one.name for one in folder.iterdir()}
    assert (folder / "talk.mp4").samefile(films / "talk.mp4")
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert report["request"] == "Analyze this video and write a report"
    assert {step["status"] for step in answer["steps"]} <= {"done", "failed", "skipped"}


async def test_a_task_without_its_files_is_told_where_they_are_given(run: Run) -> None:
    with pytest.raises(ToolError, match=r"This needs a file to report on\. .* Here they are given in `files`\.$"):
        await call(run_agent, {"request": "Analyze this video and write a report"}, run)


async def test_progress_names_the_step_and_grows_with_those_that_ended(run: Run, films: Path) -> None:
    heard: list[Progress] = []
    arguments = {"request": "Analyze this video and write a report", "files": [str(films / "talk.mp4")]}
    answer = await call(run_agent, arguments, replace(run, on_progress=heard.append))
    named = {f"{step.id} ({step.tool})" for step in answer.steps if step.status == "done"}
    assert named and named <= {one.note.rpartition("; ")[2] for one in heard}
    assert any(one.note.startswith("1 of 7 steps done; ") for one in heard)
    assert (heard[0].fraction, heard[-1].fraction) == (0, 0.99)


async def test_an_uploaded_file_keeps_its_name_in_the_answer(
    serve: Serve, running: Callable[..., Any], films: Path, body: Body
) -> None:
    async with (
        running(serve(nearby=False)) as web,
        httpx2.AsyncClient(base_url=web.address, headers=TOKEN, timeout=30) as http,
    ):
        content = (films / "slide.png").read_bytes()
        handle = (await http.post("/upload", params={"name": "Übersicht 2026.png"}, content=content)).json()["handle"]
        async with web.client() as client:
            result = await client.call_tool("run_agent", {"request": "Describe this picture", "files": [handle]})
            assert result.is_error is False, result.content
            run = json.loads((await client.read_resource(f"run://{body(result)['run_id']}")).contents[0].text)
    assert run["status"] == "done"
    assert "path" not in json.dumps(body(result)["files"])


async def test_a_request_without_files_is_answered_in_words(serve: Serve, body: Body) -> None:
    async with Client(serve()) as client:
        result = await client.call_tool("run_agent", {"request": "What can you do?"})
    assert len(body(result)["answer"]) > 40


async def test_the_files_of_a_task_must_be_allowed(serve: Serve) -> None:
    async with Client(serve()) as client:
        result = await client.call_tool("run_agent", {"request": "Read it", "files": ["talk.mp4", "/etc/passwd"]})
    assert result.is_error is True
    assert "not inside the folders" in result.model_dump_json()


async def test_a_task_that_fails_says_why(run: Run, tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"\x00\x00\x00\x18ftypmp42" + bytes(2000))
    with pytest.raises(ToolError, match=r"broken\.mp4"):
        await call(run_agent, {"request": "Transcribe it", "files": [str(broken)]}, run)


async def test_a_model_that_plans_opens_only_the_files_of_the_task(
    run: Run, tmp_path: Path, server: Any, script: ModuleType
) -> None:
    files = {"given": tmp_path / "given.txt", "other": tmp_path / "other.txt", "token": run.settings.home / "mcp-token"}
    for name, path in files.items():
        path.write_text(f"the words of {name}")
    paths = {"given": "$files[0]", "other": str(files["other"]), "token": str(files["token"])}
    handles = {"given": "$files[0]", "anothers": run.workspace.adopt(files["other"]).handle}
    plans = [
        [{"id": name, "tool": "read_artifact", "args": {"artifact": of}} for name, of in named.items()]
        for named in (paths, handles)
    ]
    server.play(
        *(script.calls(("make_plan", {"goal": "Read all", "steps": steps})) for steps in plans), script.says("Read.")
    )
    endpoint = Endpoint(name="house", base_url=server.url)
    settings = replace(run.settings, models={"think": "house:big"}, endpoints={"house": endpoint})
    answer = await call(
        run_agent, {"request": "Read it", "files": [str(files["given"])]}, replace(run, settings=settings)
    )
    assert "literal-file" in json.dumps(server.requests[1])  # the linter refuses paths before anything runs
    assert {one.id: one.status for one in answer.steps} == {"given": "done", "anothers": "failed"}
    told = json.dumps(server.requests[-1])
    assert "the words of given" in told
    assert "the words of other" not in told and "the words of token" not in told


def test_only_this_tool_reaches_the_agent() -> None:
    folder = Path(__file__).parent.parent.parent / "mcp_server"
    reaching = [one.name for one in folder.glob("*.py") if "..agent" in one.read_text(encoding="utf-8")]
    assert reaching == ["run_agent.py"]
