"""The processes that work: told orders of any length, and ended when nobody needs them."""

import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest
from mcp import Client
from mcp.types import CallToolResult, TextContent
from pydantic import TypeAdapter

from sensorium.mcp_server import pool
from sensorium.mcp_server.app import MediaServer
from sensorium.mcp_server.order import Order
from sensorium.mcp_server.worker_process import WorkerProcess
from sensorium.tools.base.errors import ToolError
from sensorium.tools.base.settings import Settings

Serve = Callable[..., MediaServer]
Body = Callable[[CallToolResult], dict[str, Any]]
LONGER_THAN_A_PIPE = 200_000


async def test_an_order_of_any_length_reaches_a_process_that_works_already(serve: Serve) -> None:
    async with Client(serve(workers=1)) as client:
        for letters in (3, LONGER_THAN_A_PIPE, 4):
            failed = await client.call_tool("refuse", {"letters": min(letters, 4)})
            assert isinstance(failed.content[0], TextContent)
            assert failed.content[0].text.startswith("The film is torn.")
            broken = await client.call_tool("break_down", {"secret": "s" * letters})
            assert isinstance(broken.content[0], TextContent)
            assert "failed because of an error in it" in broken.content[0].text


@pytest.mark.skipif(sys.platform == "win32", reason="it is looked for living processes as on POSIX")
async def test_a_process_without_work_is_ended_after_a_while(
    serve: Serve, body: Body, mark: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "IDLE_SECONDS", 0.3)
    async with Client(serve()) as client:
        processes = [body(await client.call_tool("chatter", {"lines": lines}))["process"] for lines in (1, 2)]
        assert await mark.all_end(processes)
        later = body(await client.call_tool("chatter", {"lines": 3}))["process"]
        assert later not in processes
        assert await mark.all_end([later])


async def test_a_process_that_ends_in_the_middle_of_a_line_has_failed() -> None:
    says_half = "import sys; sys.stdin.readline(); sys.stdout.write('{\"done\": ')"
    command = [sys.executable, "-c", says_half]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:  # noqa: ASYNC220 - short
        worker = WorkerProcess(process, asyncio.get_running_loop())
        threading.Thread(target=worker._listen).start()
        order = Order(owner="local", tool="chatter", module="misbehaving_tools", arguments={})
        async with asyncio.timeout(30):
            with pytest.raises(ToolError, match="ended before it was done"):
                await worker.do(order, None, lambda fraction, note: None, lambda question: None)


@pytest.mark.parametrize("line", [b"", b'{"order": {"ow'])
def test_a_process_ends_with_a_server_that_was_killed_in_the_middle_of_a_line(settings: Settings, line: bytes) -> None:
    told = {"settings": TypeAdapter(Settings).dump_python(settings, mode="json"), "secrets": []}
    command = [sys.executable, "-P", "-m", "sensorium.mcp_server.worker"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True) as process:
        try:
            process.communicate(json.dumps(told).encode() + b"\n" + line, timeout=30)
        finally:
            process.kill()
    assert process.returncode == 0
