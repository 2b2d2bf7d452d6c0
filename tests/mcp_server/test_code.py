"""Code through the server: its group, its sessions, and what a cancellation leaves."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp.types import CallToolResult

from sensorium.mcp_server.access import Access
from sensorium.mcp_server.app import MediaServer, build_server
from sensorium.mcp_server.faces import annotations, offers
from sensorium.mcp_server.groups import DEFAULT_GROUPS
from sensorium.mcp_server.jobs import Limits
from sensorium.mcp_server.service import Options
from sensorium.tools import catalog
from sensorium.tools.base.settings import Settings
from sensorium.tools.sandbox.isolation import try_bubblewrap

needs_sandbox = pytest.mark.skipif(
    not try_bubblewrap().works and not os.environ.get("CI"), reason=f"no sandbox: {try_bubblewrap().why}"
)
Body = Callable[[CallToolResult], dict[str, Any]]
CODE = frozenset({"code"})


@pytest.fixture
def coding(settings: Settings, tmp_path: Path) -> Callable[..., MediaServer]:
    """Build a server with the group `code` only."""
    (tmp_path / "allowed").mkdir()
    (tmp_path / "allowed" / "numbers.txt").write_text("1 2 3")

    def build(**options: Any) -> MediaServer:
        given = replace(Options(groups=CODE), **options)
        return build_server(settings, catalog(), Access.to([tmp_path / "allowed"], private=settings.home), given)

    return build


def test_code_is_offered_only_when_asked_for(settings: Settings) -> None:
    named = {one.name for one in offers(catalog(), settings, DEFAULT_GROUPS)}
    assert not named & {"run_python", "analyze_code"}
    hints = {one.name: annotations(one) for one in offers(catalog(), settings, CODE)}
    assert hints == {
        "analyze_code": {
            "readOnlyHint": True,
            "destructiveHint": False,
            "idempotentHint": True,
            "openWorldHint": False,
        },
        "run_python": {
            "readOnlyHint": False,
            "destructiveHint": False,
            "idempotentHint": False,
            "openWorldHint": False,
        },
    }


@needs_sandbox
async def test_the_calls_of_a_client_share_their_variables(coding: Callable[..., MediaServer], body: Body) -> None:
    async with Client(coding()) as client:
        given = {"code": "x = open('/work/in/numbers.txt').read().split()", "files": ["numbers.txt"]}
        first = body(await client.call_tool("run_python", given))
        # Another call in between takes another process, and leaves the session's alone.
        script = {"file": "numbers.txt"}
        others = [client.call_tool("analyze_code", script), client.call_tool("run_python", {"code": "len(x)"})]
        _, second = await asyncio.gather(*others)
    assert (first["ended"], first["inputs"]) == ("done", ["/work/in/numbers.txt"])
    assert (body(second)["value"], body(second)["cells"]) == ("3", 2)


@needs_sandbox
async def test_files_that_code_makes_can_be_read_by_the_client(coding: Callable[..., MediaServer], body: Body) -> None:
    async with Client(coding()) as client:
        made = body(await client.call_tool("run_python", {"code": "open('/work/out/a.txt', 'w').write('hello')"}))
    copy = Path(made["artifacts"][0]["path"])
    assert await asyncio.to_thread(copy.read_text) == "hello"
    assert made["notice"]


@needs_sandbox
async def test_a_cancelled_job_ends_the_code_and_the_loss_is_said(
    coding: Callable[..., MediaServer], body: Body
) -> None:
    server = coding()
    jobs, patient = server.service.jobs, Limits()
    async with Client(server) as client:
        await client.call_tool("run_python", {"code": "x = 1"})
        slow = {"code": "import time\ntime.sleep(200)", "timeout_seconds": 250}
        jobs._limits = Limits(answer_seconds=0.5, heartbeat_seconds=0.5)
        job = body(await client.call_tool("run_python", slow))
        jobs._limits = patient
        ended = body(await client.call_tool("job_cancel", {"job_id": job["job_id"]}))
        following = body(await client.call_tool("run_python", {"code": "'x' in globals()"}))
    assert ended["status"] == "cancelled"
    assert (following["value"], following["state_lost"]) == ("False", True)


@needs_sandbox
async def test_two_clients_share_nothing(settings: Settings, coding: Callable[..., MediaServer], body: Body) -> None:
    async with Client(coding()) as first, Client(coding()) as second:
        await first.call_tool("run_python", {"code": "x = 1"})
        seen = body(await second.call_tool("run_python", {"code": "'x' in globals()"}))
    assert (seen["value"], seen["cells"]) == ("False", 1)
