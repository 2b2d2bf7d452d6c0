"""A job of eight minutes for a client that waits one: handle, heartbeats, many waits, one execution."""

import asyncio
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from mcp.types import CallToolResult

from sensorium.mcp_server import jobs, waiting
from sensorium.mcp_server.jobs import Limits

Body = Callable[[CallToolResult], dict[str, Any]]
SCALE = 0.025
"""Seconds here for one of the client's and the server's patience."""
PATIENCE_SECONDS = 60 * SCALE + 10
"""A busy machine is late by seconds, whatever the scale."""
POLLS = (480 - 2 * 40) // 25
"""Times that a client asks for a job of eight minutes after two calls of forty seconds."""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the naps are counted as on POSIX")


async def test_an_impatient_client_gets_an_eight_minute_result_that_was_made_once(
    serve: Callable[..., Any], running: Callable[..., Any], body: Body, mark: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (jobs, waiting):
        monkeypatch.setattr(module, "PULSE_SECONDS", 0.5 * SCALE)
    limits = Limits(answer_seconds=40 * SCALE, heartbeat_seconds=5 * SCALE)
    server = serve(limits=limits)
    async with running(server) as web:

        async def work(era: str, token: str) -> None:
            mine = replace(mark, path=Path(f"{mark}-{era}"))
            heard: list[float] = []

            async def hear(progress: float, total: float | None, message: str | None) -> None:
                heard.append(progress)

            async def call(tool: str, **arguments: Any) -> dict[str, Any]:
                result = await client.call_tool(
                    tool, arguments, read_timeout_seconds=PATIENCE_SECONDS, progress_callback=hear
                )
                assert result.is_error is False, result
                return body(result)

            async with web.client(era, token=token) as client:
                first = await call("nap", seconds=480, mark=str(mine))
                assert first["status"] == "running"
                assert len(heard) >= 40 // 5 / 2, "half of what is due, as a machine may be busy"
                assert heard == sorted(set(heard))
                again = await call("nap", seconds=480, mark=str(mine))
                assert again["job_id"] == first["job_id"], "the same request attaches"
                for _ in range(POLLS):
                    asked = await call("job_status", job_id=first["job_id"], wait_seconds=SCALE)
                    assert asked["status"] == "running"
                mine.wake()
                while (last := await call("job_status", job_id=first["job_id"], wait_seconds=25 * SCALE))[
                    "status"
                ] == "running":
                    pass
                assert last["status"] == "done"
                assert (await call("job_status", job_id=first["job_id"]))["status"] == "done"
            assert mine.naps() == 1

        await asyncio.gather(work("legacy", "token-of-the-first-client"), work("auto", "token-of-the-second-client"))
