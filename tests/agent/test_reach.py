"""Which files a plan may use: those the user named and those it made, whatever the model writes."""

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from sensorium.agent.act import Executor
from sensorium.agent.answer import Answer
from sensorium.agent.assistant import Assistant
from sensorium.agent.plan import Plan
from sensorium.tools.base.endpoints import Endpoint
from sensorium.tools.base.journal import Journal
from sensorium.tools.base.run import Run
from sensorium.tools.base.settings import Settings

SECRET = "a word that nobody was told"
Ask = Callable[..., Any]


@pytest.fixture
def ask(tmp_path: Path, server: Any, script: ModuleType) -> Ask:
    """Run a request about files with a model that plans these steps, with `SECRET` in a file that nobody named."""
    endpoint = Endpoint(name="house", base_url=server.url)
    settings = Settings(
        home=tmp_path / "home", offline=True, models={"think": "house:big"}, endpoints={"house": endpoint}
    )
    (tmp_path / "secret.txt").write_text(SECRET)

    async def asked(*steps: dict[str, Any], files: list[Path]) -> tuple[Answer, str]:
        server.play(script.calls(("make_plan", {"goal": "Read", "steps": list(steps)})), script.says("That is all."))
        with Assistant(settings) as assistant:
            answer = await assistant.run("Read it", files)
        return answer, json.dumps(server.requests[-1])

    return asked


def read(of: str, name: str = "read") -> dict[str, Any]:
    return {"id": name, "tool": "read_artifact", "args": {"artifact": of}}


@pytest.fixture
def secret(tmp_path: Path, ask: Ask) -> str:
    """The handle of the file that nobody named, left in the library by another run."""
    run = Run.open(Settings(home=tmp_path / "home", offline=True))
    handle = run.workspace.adopt(tmp_path / "secret.txt").handle
    run.library.close()
    return handle


async def test_a_plan_cannot_open_a_file_that_the_user_did_not_name(ask: Ask, tmp_path: Path) -> None:
    answer, told = await ask(read(str(tmp_path / "secret.txt")), files=[])
    assert answer.steps == []
    assert SECRET not in told
    assert "literal-file" in told and "secret.txt" in told


async def test_what_a_plan_names_that_nobody_checked_is_refused_at_the_door(run: Run, tmp_path: Path) -> None:
    from sensorium.tools.base.catalog import find_tool

    (tmp_path / "secret.txt").write_text(SECRET)
    executor = Executor(
        run=run, journal=Journal(run.library, run.settings.home), emit=lambda event: None,
        catalog={"read_artifact": find_tool("read_artifact")},
    )  # fmt: skip
    plan = Plan.model_validate({"goal": "Read", "steps": [read(str(tmp_path / "secret.txt"))]})
    record = (await executor.act(plan))["read"]
    assert record["status"] == "failed" and "secret.txt" in record["error"]["message"]


async def test_a_plan_cannot_use_an_artifact_of_another_run(ask: Ask, secret: str) -> None:
    answer, told = await ask(read(secret), files=[])
    assert [one["status"] for one in answer.steps] == ["failed"]
    assert SECRET not in told


async def test_a_plan_cannot_show_an_artifact_of_another_run_by_naming_it_in_findings(
    ask: Ask, secret: str, tmp_path: Path
) -> None:
    (tmp_path / "own.txt").write_text("mine")
    report = {"id": "report", "tool": "write_report", "args": {"findings": [{"media": secret}], "media": ["$files[0]"]}}
    answer, _ = await ask(report, files=[tmp_path / "own.txt"])
    assert [one["status"] for one in answer.steps] == ["failed"]
    assert "not among the files" in answer.steps[0]["error"]["message"]


async def test_a_plan_reads_what_the_user_named_and_what_its_steps_made(
    ask: Ask, tmp_path: Path, making: ModuleType
) -> None:
    picture = tmp_path / "slide.png"
    making.slide("Kites").save(picture)
    report = {
        "id": "report",
        "tool": "write_report",
        "args": {"findings": ["$facts"], "media": ["$files[0]"], "run_facts": "$run"},
    }
    facts = {"id": "facts", "tool": "image_facts", "args": {"media": "$files[0]"}}
    for _ in range(2):  # the second time from memory
        answer, told = await ask(facts, report, read("$report.markdown.handle"), files=[picture])
        assert [one["status"] for one in answer.steps] == ["done"] * 3
        assert "slide.png" in json.loads(told)["messages"][-1]["content"]


async def test_a_plan_of_a_resumed_run_uses_what_it_made_before(run: Run) -> None:
    journal = Journal(run.library, run.settings.home)
    from sensorium.tools.base.catalog import find_tool

    tools = {name: find_tool(name) for name in ("make_chart", "read_artifact")}
    chart = {"id": "chart", "tool": "make_chart", "args": {"kind": "bar", "series": [{"x": ["a"], "y": [1]}]}}

    def executor() -> Executor:
        return Executor(run=run, journal=journal, catalog=tools, emit=lambda event: None)

    first = await executor().act(Plan.model_validate({"goal": "Draw", "steps": [chart]}))
    drawing = first["chart"]["artifacts"][1]
    second = await executor().act(Plan.model_validate({"goal": "Read", "steps": [read(drawing)]}))
    assert (first["chart"]["status"], second["read"]["status"]) == ("done", "done"), (first, second)
