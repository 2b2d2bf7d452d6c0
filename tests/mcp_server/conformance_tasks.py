"""What the conformance suite asks of tasks, on our server."""

import asyncio
from typing import Any

from conformance_rounds import answer, ask, said
from mcp import MCPError
from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import INTERNAL_ERROR, CallToolResult, ElicitResult, InputRequiredResult

from sensorium.mcp_server.task_call import begin_task

AnyContext = Context[Any, Any]
NOTE = "For the conformance suite."
WORK_SECONDS = 1.0
"""Longer than what counts as an instant result."""


def add_tasks(server: MCPServer[Any]) -> None:
    """Register the tools whose calls may become tasks, and one whose calls never do."""

    @server.tool(description=NOTE)
    async def greet(name: str) -> str:
        return f"Hello, {name}!"

    @server.tool(description=NOTE)
    async def slow_compute(seconds: float, context: AnyContext, label: str = "") -> str:
        task = begin_task(context)
        if task:
            task.tell(f"computing {label}")
        await asyncio.sleep(seconds)
        return f"{label} took {seconds} s"

    @server.tool(description=NOTE)
    async def failing_job(context: AnyContext) -> str:
        begin_task(context, required=True)
        await asyncio.sleep(WORK_SECONDS)
        raise ToolError("This job fails always.")

    @server.tool(description=NOTE)
    async def protocol_error_job(context: AnyContext) -> str:
        begin_task(context)
        await asyncio.sleep(WORK_SECONDS)
        raise MCPError(INTERNAL_ERROR, "This job breaks off always.", {"job": "protocol_error_job"})

    @server.tool(description=NOTE)
    async def confirm_delete(filename: str, context: AnyContext) -> str:
        given = await _asked(context, {"confirm": ask(f"Delete {filename}?", "confirm", "boolean")})
        return f"{filename}: {given['confirm'].action}"

    @server.tool(description=NOTE)
    async def multi_input(context: AnyContext) -> str:
        given = await _asked(context, {"first": ask("Who?", "name"), "second": ask("Sure?", "confirm", "boolean")})
        return ", ".join(f"{key}: {one.content}" for key, one in sorted(given.items()))

    @server.tool(description=NOTE)
    async def test_tool_with_task(context: AnyContext) -> CallToolResult | InputRequiredResult:
        name = answer(context, "user_name", "name")
        if name is None:
            return InputRequiredResult(input_requests={"user_name": ask("What is your name?", "name")})
        begin_task(context, required=True)
        await asyncio.sleep(WORK_SECONDS)
        return said(f"Done for {name}.")


async def _asked(context: AnyContext, requests: dict[str, Any]) -> dict[str, ElicitResult]:
    task = begin_task(context, required=True)
    assert task
    given = await task.ask(requests)
    return {key: one for key, one in given.items() if isinstance(one, ElicitResult)}
