"""Jobs whose end cannot be written down, or not soon."""

import asyncio
import os
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest
from mcp import Client
from mcp.types import CallToolResult

from sensorium.mcp_server.app import MediaServer
from sensorium.mcp_server.job_store import JobStore
from sensorium.mcp_server.jobs import Limits
from sensorium.tools.base.errors import StorageError

Serve = Callable[..., MediaServer]
Body = Callable[[CallToolResult], dict[str, Any]]
QUICK = Limits(answer_seconds=0.5, heartbeat_seconds=1.0)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="it is looked for living processes as on POSIX")


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Make it impossible to write down in this process how a job ended."""

    def fill() -> None:
        def ended(self: JobStore, *given: Any) -> None:
            raise StorageError("The disk is full.")

        monkeypatch.setattr(JobStore, "ended", ended)

    return fill


async def test_a_job_is_stopped_though_that_cannot_be_written_down(
    serve: Serve, body: Body, mark: Any, full: Callable[[], None]
) -> None:
    async with Client(serve(limits=QUICK)) as client:
        job = body(await client.call_tool("nap", {"seconds": 60, "mark": str(mark)}))["job_id"]
        processes = await mark.processes()
        full()
        for tool in ("job_cancel", "job_status"):
            assert body(await client.call_tool(tool, {"job_id": job}))["status"] == "cancelled"
        assert await mark.all_end(processes)


async def test_a_job_is_stopped_at_once_though_writing_that_down_takes_long(
    serve: Serve, body: Body, mark: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, is_free = JobStore.ended, threading.Event()

    def ended(self: JobStore, *given: Any) -> None:
        is_free.wait(30)
        real(self, *given)

    async with Client(serve(limits=QUICK)) as client:
        job = body(await client.call_tool("nap", {"seconds": 60, "mark": str(mark)}))["job_id"]
        processes = await mark.processes()
        monkeypatch.setattr(JobStore, "ended", ended)
        stopping = asyncio.create_task(client.call_tool("job_cancel", {"job_id": job}))
        assert await mark.all_end(processes)
        assert not stopping.done()
        is_free.set()
        assert body(await stopping)["status"] == "cancelled"


async def test_an_end_that_cannot_be_written_down_is_told_and_not_begun_again(
    serve: Serve, body: Body, mark: Any, full: Callable[[], None]
) -> None:
    call = {"seconds": 60, "mark": str(mark)}
    async with Client(serve(limits=QUICK)) as client:
        job = body(await client.call_tool("nap", call))["job_id"]
        (worker, _) = await mark.processes()
        full()
        os.kill(worker, 9)
        for _ in range(2):
            ended = await client.call_tool("job_status", {"job_id": job})
            assert body(ended)["status"] == "failed" and "SIGKILL" in str(ended.content[1])
        assert mark.naps() == 1
        assert body(await client.call_tool("nap", call))["status"] == "running", "a new job"
