"""The processes that work: told orders of any length, and ended when nobody needs them."""

import sys
from collections.abc import Callable
from typing import Any

import pytest
from mcp import Client
from mcp.types import CallToolResult, TextContent

from sensorium.mcp_server import pool
from sensorium.mcp_server.app import MediaServer

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
