"""The same server on standard input and over HTTP, in both eras: results, cancellation, clean ends."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp import Client, MCPError, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.types import CallToolResult

Body = Callable[[CallToolResult], dict[str, Any]]
Connect = Callable[[str], AbstractAsyncContextManager[Client]]
HERE = Path(__file__).parent

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="it is looked for living processes as on POSIX")


@pytest.fixture(params=["stdio", "http"])
def connect(
    request: pytest.FixtureRequest, serve: Callable[..., Any], running: Callable[..., Any], over_stdio: Connect
) -> Connect:
    """Connect to the server over one of the transports, in a given era."""

    @asynccontextmanager
    async def over_http(mode: str) -> AsyncIterator[Client]:
        async with running(serve()) as web, web.client(mode) as client:
            yield client

    return over_http if request.param == "http" else over_stdio


async def test_a_call_gives_its_result_and_its_errors(connect: Connect, era: str, body: Body) -> None:
    async with connect(era) as client:
        given = await client.call_tool("chatter", {"lines": 1})
        refused = await client.call_tool("break_down", {"secret": "sk-canary"})
    assert body(given)["text"] == "line 0 of many, with some words"
    assert refused.is_error is True
    assert "canary" not in refused.model_dump_json()


async def test_giving_up_kills_the_work_and_nothing_else(connect: Connect, era: str, mark: Any, tmp_path: Path) -> None:
    async with connect(era) as client:
        for number, how in enumerate(("cancel", "time-out")):
            # A process is there before the clock runs: what was not asked before takes one.
            before = await client.call_tool("chatter", {"lines": 1 + number})
            assert before.is_error is False
            own = replace(mark, path=tmp_path / how)
            arguments = {"seconds": 60, "mark": str(own)}
            call = asyncio.create_task(
                client.call_tool("nap", arguments, read_timeout_seconds=2 if how == "time-out" else None)
            )
            processes = await own.processes(call)
            assert len(processes) == 2
            if how == "cancel":
                call.cancel()
            with pytest.raises((asyncio.CancelledError, MCPError, TimeoutError)):
                await call
            assert await own.all_end(processes)
        after = await client.call_tool("chatter", {"lines": 3})
        assert after.is_error is False


async def test_a_broken_connection_kills_the_work_in_the_new_era(
    serve: Callable[..., Any], running: Callable[..., Any], mark: Any
) -> None:
    version = "2026-07-28"
    call = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {
            "name": "nap",
            "arguments": {"seconds": 60, "mark": str(mark)},
            "_meta": {
                "io.modelcontextprotocol/protocolVersion": version,
                "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
                "io.modelcontextprotocol/clientCapabilities": {},
            },
        },
    }
    headers = {
        "Authorization": "Bearer token-of-the-first-client",
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": version,
        "Mcp-Method": "tools/call",
        "Mcp-Name": "nap",
    }
    async with running(serve()) as web, httpx2.AsyncClient(headers=headers, timeout=60) as http:
        request = asyncio.create_task(http.post(f"{web.address}/mcp", json=call))
        processes = await mark.processes(request)
        request.cancel()
        assert await mark.all_end(processes)


@pytest.mark.parametrize("how", ["SIGKILL", "SIGINT"])
async def test_a_server_that_is_killed_or_stopped_with_ctrl_c_leaves_no_work_behind(
    tmp_path: Path, films: Path, mark: Any, how: str
) -> None:
    command = [sys.executable, str(HERE / "misbehaving_server.py"), str(tmp_path / "home"), str(films)]
    server = await asyncio.create_subprocess_exec(
        *command,
        env={**os.environ, "PYTHONPATH": str(HERE)},
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # what runs the tests may ignore it
    )
    assert server.stdin
    client = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    call = {"name": "nap", "arguments": {"seconds": 60, "mark": str(mark)}}
    for message in (
        {"id": 1, "method": "initialize", "params": client},
        {"method": "notifications/initialized"},
        {"id": 2, "method": "tools/call", "params": call},
    ):
        server.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
    processes = await mark.processes()
    assert len(processes) == 2
    server.send_signal(getattr(signal, how))
    async with asyncio.timeout(30):
        await server.wait()
    assert await mark.all_end(processes)


async def test_closing_standard_input_ends_the_server_and_the_work(
    tmp_path: Path, films: Path, environment: Callable[[Path], dict[str, str]]
) -> None:
    env = environment(tmp_path / "home")
    command = [sys.executable, "-m", "sensorium.mcp_server", "--allow-dir", str(films)]
    ended = subprocess.run(command, env=env, input="", capture_output=True, text=True, timeout=60, check=False)  # noqa: ASYNC221
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


async def test_the_real_server_answers_on_standard_input(tmp_path: Path, films: Path, era: str, body: Body) -> None:
    command = StdioServerParameters(
        command=sys.executable,
        args=["-m", "sensorium.mcp_server", "--allow-dir", str(films), "--out-dir", str(tmp_path / "out")],
        env={"SENSORIUM_HOME": str(tmp_path / "home"), "SENSORIUM_OFFLINE": "1"},
    )
    with (tmp_path / "log").open("w") as log:
        async with Client(stdio_client(command, errlog=log), mode=era) as client:
            seen = await client.call_tool("view_media", {"media": "talk.mp4"})
    assert Path(body(seen)["picture"]["path"]).parent == tmp_path / "out"
