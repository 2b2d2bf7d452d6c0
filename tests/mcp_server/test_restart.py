"""A server that ends in the middle of jobs: the next one gives their results, and nothing is lost or done twice."""

import asyncio
import json
import os
import re
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

HERE = Path(__file__).parent
VERSION = "2026-07-28"
TOKEN = "0123456789abcdef"
META = {
    "io.modelcontextprotocol/protocolVersion": VERSION,
    "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}
HEADERS = {
    "Authorization": f"Bearer {TOKEN}",
    "Accept": "application/json, text/event-stream",
    "MCP-Protocol-Version": VERSION,
    "Mcp-Method": "tools/call",
}
Call = Callable[..., Awaitable[dict[str, Any]]]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="it is looked for living processes as on POSIX")


def _told(message: str) -> dict[str, Any]:
    """Return the first text of a result, which is JSON."""
    return dict(json.loads(json.loads(message)["result"]["content"][0]["text"]))


def _asked(tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
    params = {"name": tool, "arguments": arguments, "_meta": META}
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}


@asynccontextmanager
async def _server(transport: str, tmp_path: Path, films: Path, ending: signal.Signals) -> AsyncIterator[Call]:
    """Start a server and give what calls its tools; at the end it gets a signal."""
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    more = [str(tmp_path / "token")] if transport == "http" else []
    log = tmp_path / f"log-{time.monotonic_ns()}"  # no pipe: workers that go on would hold it
    with log.open("wb") as file:
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(HERE / "misbehaving_server.py"), str(tmp_path / "home"), str(films), "0.3", *more,
            env={**os.environ, "PYTHONPATH": str(HERE)},
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=file,
        )  # fmt: skip
    assert process.stdin and process.stdout
    stdin, stdout = process.stdin, process.stdout

    async def over_stdio(tool: str, **arguments: Any) -> dict[str, Any]:
        stdin.write(json.dumps(_asked(tool, arguments)).encode() + b"\n")
        return _told((await stdout.readline()).decode())

    async def over_http(tool: str, **arguments: Any) -> dict[str, Any]:
        answer = await http.post(f"{address}/mcp", headers={"Mcp-Name": tool}, json=_asked(tool, arguments))
        return _told(answer.text[answer.text.index("{") :])

    try:
        async with asyncio.timeout(120), httpx2.AsyncClient(headers=HEADERS, timeout=60) as http:
            while more and not (found := re.search(r"(http://[\d.:]+)/mcp", log.read_text())):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
            address = found[1] if more else ""
            yield over_http if more else over_stdio
            process.send_signal(ending)
            await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.mark.parametrize("transport", ["stdio", "http"])
async def test_jobs_outlive_two_ends_of_their_server(transport: str, tmp_path: Path, films: Path, mark: Any) -> None:
    left = replace(mark, path=tmp_path / "left")
    living, dead = {"seconds": 60, "mark": str(mark)}, {"seconds": 60, "mark": str(left)}
    async with _server(transport, tmp_path, films, signal.SIGTERM) as call:
        one, other = await call("nap", **living), await call("nap", **dead)
        assert (one["status"], other["status"]) == ("running", "running")
        processes, killed = await mark.processes(), await left.processes()
    assert all(map(mark.lives, processes)), "its worker goes on without it"
    for process in killed:
        os.kill(process, signal.SIGKILL)
    assert await mark.all_end(killed)
    async with _server(transport, tmp_path, films, signal.SIGKILL) as call:
        assert (await call("nap", **living))["job_id"] == one["job_id"], "the same request attaches"
        assert (await call("job_status", job_id=other["job_id"], wait_seconds=0.5))["status"] == "running"
        async with asyncio.timeout(60):
            while left.naps() < 2:  # noqa: ASYNC110 - another process writes
                await asyncio.sleep(0.02)
    async with _server(transport, tmp_path, films, signal.SIGTERM) as call:
        assert (await call("job_status", job_id=other["job_id"], wait_seconds=0))["status"] == "running"
        mark.wake()
        left.wake()
        for job in (one, other):
            assert (await call("job_status", job_id=job["job_id"]))["status"] == "done"
    assert (mark.naps(), left.naps()) == (1, 2), "the one was done once, the other begun again once"
    assert await mark.all_end(processes)
