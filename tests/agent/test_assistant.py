"""The assistant as a Python user meets it: runs that ended, failed, or are still held."""

import asyncio
import sqlite3
from contextlib import aclosing, closing
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from sensorium.agent.assistant import Assistant
from sensorium.agent.endpoint import EndpointBrain
from sensorium.agent.events import StepStarted
from sensorium.tools.base.errors import ArgumentError, StorageError
from sensorium.tools.base.settings import Settings
from sensorium.tools.base.tool import Tool


@pytest.fixture
def slide(tmp_path: Path, making: ModuleType) -> Path:
    making.slide("Kites and wind").save(tmp_path / "slide.png")
    return tmp_path / "slide.png"


async def test_a_finished_run_gives_its_answer_again_whatever_became_of_its_files(
    assistant: Assistant, slide: Path
) -> None:
    first = await assistant.run("Read the text", slide)
    await asyncio.to_thread(slide.unlink)
    assert await assistant.resume("last") == first
    assert assistant.show("last").row.status == "done"


async def test_a_run_whose_process_is_gone_is_called_interrupted(assistant: Assistant) -> None:
    assistant.journal.begin("abc123", "Write a report", [], {})
    assert assistant.show("abc123").row.status == "interrupted"
    with assistant.journal.lease("abc123"):
        assert assistant.show("abc123").row.status == "running"


async def test_two_processes_cannot_work_on_one_run(assistant: Assistant) -> None:
    assistant.journal.begin("abc123", "Write a report", [], {})
    with assistant.journal.lease("abc123"), pytest.raises(ArgumentError, match="worked on by another process"):
        await assistant.resume("abc123")


async def test_a_disk_that_fills_while_checkpoints_are_written_is_said(
    assistant: Assistant, slide: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: object, **__: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patched:
        patched.setattr("langgraph.checkpoint.sqlite.aio.AsyncSqliteSaver.aput", full)
        with pytest.raises(StorageError, match=r"disk is full.*sensorium resume last"):
            await assistant.run("Read the text", slide)
    assert (await assistant.resume("last")).status == "done"


async def test_a_disk_that_is_full_is_no_fault_of_a_file(
    assistant: Assistant, slide: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise StorageError("The library cannot be written.")

    with monkeypatch.context() as patched:
        patched.setattr("sensorium.tools.base.workspace.Workspace.adopt", full)
        with pytest.raises(StorageError):
            await assistant.run("Read the text", slide)
    assert (await assistant.resume("last")).status == "done"


async def test_the_checkpoints_of_a_finished_run_are_deleted_and_those_of_another_kept(
    assistant: Assistant, slide: Path
) -> None:
    def kept() -> set[str]:
        with closing(sqlite3.connect(assistant.settings.home / "checkpoints.db")) as db:
            rows = [*db.execute("SELECT thread_id FROM checkpoints"), *db.execute("SELECT thread_id FROM writes")]
        return {thread for (thread,) in rows}

    done = await assistant.run("Read the text", slide)
    partial = await assistant.run("Read the text", [slide, "missing.png"])
    assert (done.status, partial.status, kept()) == ("done", "partial", {partial.run_id})


async def test_the_time_of_a_run_is_the_time_it_worked(assistant: Assistant, slide: Path) -> None:
    answer = await assistant.run("Read the text", slide)
    assert assistant.show("last").row.seconds == answer.seconds
    assert (await assistant.resume("last")).seconds == answer.seconds


async def test_who_leaves_a_stream_early_has_stopped_the_run(
    settings: Settings, brain: EndpointBrain, small_tools: dict[str, Tool], server: Any, script: ModuleType
) -> None:
    server.play(script.calls(("wait", {"seconds": 60})))
    with Assistant(settings, brain=brain, tools=small_tools) as assistant:
        async with aclosing(assistant.stream("Wait")) as events:
            async for event in events:
                if isinstance(event, StepStarted):
                    break
        assert assistant.runs()[0].status == "cancelled"


async def test_there_is_no_last_run_in_an_empty_library(assistant: Assistant) -> None:
    with pytest.raises(ArgumentError, match="There is no run yet"):
        await assistant.resume("last")
