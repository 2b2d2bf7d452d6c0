"""Who gives up what: a wait leaves its job alone, and what is stopped ends with every process it started."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx2
import pytest
from mcp import Client, MCPError
from mcp.types import CallToolResult

from sensorium.mcp_server.access import Access
from sensorium.mcp_server.app import MediaServer, build_server
from sensorium.mcp_server.jobs import Limits
from sensorium.tools import catalog
from sensorium.tools.base.endpoints import Endpoint
from sensorium.tools.base.settings import Settings
from sensorium.tools.sandbox.isolation import try_bubblewrap

Body = Callable[[CallToolResult], dict[str, Any]]
Connect = Callable[[str], AbstractAsyncContextManager[Client]]
QUICK = Limits(answer_seconds=0.3)
TOKEN = {"Authorization": "Bearer token-of-the-first-client"}
HEADERS = {**TOKEN, "Accept": "application/json, text/event-stream", "Content-Type": "application/json"}

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="it is looked for living processes as on POSIX")


@pytest.fixture(params=["stdio", "http"])
def connect(
    request: pytest.FixtureRequest, serve: Callable[..., Any], running: Callable[..., Any], over_stdio: Any
) -> Connect:
    """Connect to a server that soon gives a job, over one of the transports."""

    @asynccontextmanager
    async def over_http(mode: str) -> AsyncIterator[Client]:
        async with running(serve(limits=QUICK)) as web, web.client(mode) as client:
            yield client

    return over_http if request.param == "http" else lambda mode: over_stdio(mode, str(QUICK.answer_seconds))


async def test_giving_up_a_wait_leaves_the_job_alone_until_it_is_stopped(
    connect: Connect, era: str, body: Body, mark: Any
) -> None:
    async with connect(era) as client:
        job = body(await client.call_tool("nap", {"seconds": 60, "mark": str(mark)}))["job_id"]
        processes = await mark.processes()
        waiting = asyncio.create_task(client.call_tool("job_status", {"job_id": job}))
        with pytest.raises((MCPError, TimeoutError)):
            await client.call_tool("job_status", {"job_id": job}, read_timeout_seconds=0.2)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        standing = body(await client.call_tool("job_status", {"job_id": job, "wait_seconds": 0}))
        assert standing["status"] == "running"
        assert all(map(mark.lives, processes))
        assert body(await client.call_tool("job_cancel", {"job_id": job}))["status"] == "cancelled"
        assert await mark.all_end(processes)
    assert mark.naps() == 1


def below(process: int) -> set[int]:
    """Return the processes that one has started, with those that they have."""
    found = set[int]()
    for one in Path(f"/proc/{process}/task").glob("*/children"):
        with suppress(OSError):
            for child in map(int, one.read_text().split()):
                found |= {child, *below(child)}
    return found


def says(process: int, words: str) -> bool:
    with suppress(OSError):
        return words in Path(f"/proc/{process}/cmdline").read_text()
    return False


@pytest.fixture
def planning(settings: Settings, server: Any, films: Path) -> MediaServer:
    """A server whose agent asks a model for its plans."""
    endpoints = {"house": Endpoint(name="house", base_url=server.url)}
    given = replace(settings, models={"think": "house:big"}, endpoints=endpoints)
    return build_server(given, catalog(), Access.to([films], private=settings.home))


@pytest.mark.skipif(sys.platform != "linux", reason="the processes are looked for in /proc")
@pytest.mark.skipif(not try_bubblewrap().works, reason=f"no sandbox: {try_bubblewrap().why}")
async def test_a_task_that_is_given_up_takes_its_code_with_it(
    planning: MediaServer, running: Callable[..., Any], server: Any, script: ModuleType, mark: Any
) -> None:
    code = "import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'import time; time.sleep(611)'])"
    steps = [{"id": "wait", "tool": "run_python", "args": {"code": code}}]
    server.play(script.calls(("make_plan", {"goal": "Wait", "steps": steps})), script.says("Done."))
    before = below(os.getpid())
    async with running(planning) as web, web.client() as client:
        task = asyncio.create_task(client.call_tool("run_agent", {"request": "Wait"}))
        async with asyncio.timeout(60):
            while not (inside := {one for one in below(os.getpid()) - before if says(one, "time.sleep(611)")}):
                assert not task.done(), task.result()
                await asyncio.sleep(0.05)
        started = below(os.getpid()) - before
        assert len(started) > len(inside)
        task.cancel()
        assert await mark.all_end(list(started))


@pytest.mark.parametrize("ended", [False, True])
async def test_a_broken_connection_of_the_old_era_is_none(
    serve: Callable[..., Any], running: Callable[..., Any], mark: Any, ended: bool
) -> None:
    """A connection may break and come again there; a session that its client ends takes its calls with it."""
    initialize = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    call = {"name": "nap", "arguments": {"seconds": 60, "mark": str(mark)}}
    async with running(serve()) as web, httpx2.AsyncClient(base_url=web.address, headers=HEADERS, timeout=60) as http:

        async def post(message: dict[str, Any]) -> httpx2.Response:
            return await http.post("/mcp", json={"jsonrpc": "2.0", **message})

        begun = await post({"id": 1, "method": "initialize", "params": initialize})
        http.headers["Mcp-Session-Id"] = begun.headers["mcp-session-id"]
        await post({"method": "notifications/initialized"})
        request = asyncio.create_task(post({"id": 2, "method": "tools/call", "params": call}))
        processes = await mark.processes(request)
        request.cancel()
        await asyncio.gather(request, return_exceptions=True)
        await post({"id": 3, "method": "ping"})
        assert all(map(mark.lives, processes))
        if ended:
            assert (await http.delete("/mcp")).status_code == 200
        else:
            await post({"method": "notifications/cancelled", "params": {"requestId": 2}})
        assert await mark.all_end(processes)
