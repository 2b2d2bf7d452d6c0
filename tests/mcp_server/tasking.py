"""Clients that take tasks, and a server with tools of its own that make some."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal

import httpx2
import pytest
from mcp import Client, MCPError
from mcp.client.extension import ClaimContext, ClientExtension, NotificationBinding, ResultClaim
from mcp.client.streamable_http import streamable_http_client
from mcp.server.mcpserver import Context
from mcp.types import CallToolResult, ElicitRequest, ElicitRequestFormParams, NotificationParams, Request, Result
from pydantic import ConfigDict, TypeAdapter
from pydantic.alias_generators import to_camel

from sensorium.mcp_server.app import MediaServer
from sensorium.mcp_server.task_call import begin_task
from sensorium.mcp_server.task_wire import IDENTIFIER

AnyContext = Context[Any, Any]
PLAIN: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, Any])
META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {"extensions": {IDENTIFIER: {}}},
}


class Made(Result):
    """A task instead of a result."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="allow")

    result_type: Literal["task"] = "task"
    task_id: str
    status: str
    ttl_ms: int
    created_at: str


class News(NotificationParams):
    """What is told of a task."""

    model_config = ConfigDict(extra="allow")


class AboutTask(Request[dict[str, Any], str]):
    """`tasks/…`."""

    name_param = "taskId"


class TakesTasks(ClientExtension):
    """What a client does that waits for its tasks by itself."""

    identifier = IDENTIFIER

    def claims(self) -> list[ResultClaim[Any]]:
        return [ResultClaim(result_type="task", model=Made, resolve=self._resolve)]

    def __init__(self) -> None:
        self.heard: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        """What was told without being asked for."""

    def notifications(self) -> list[NotificationBinding[Any]]:
        return [NotificationBinding(method="notifications/tasks", params_type=News, handler=self._hear)]

    async def _hear(self, news: "News") -> None:
        await self.heard.put(news.model_dump(by_alias=True))

    async def _resolve(self, made: Made, context: ClaimContext) -> CallToolResult:
        asked = AboutTask(method="tasks/get", params={"taskId": made.task_id})
        async with asyncio.timeout(60):
            while (task := await context.session.send_request(asked, PLAIN))["status"] == "working":  # noqa: ASYNC110
                await asyncio.sleep(0.05)  # as clients do
        return CallToolResult.model_validate(task["result"])


@dataclass
class Tasks:
    """What a client does that looks at its tasks itself."""

    client: Client
    heard: asyncio.Queue[dict[str, Any]]

    async def call(self, tool: str, **arguments: Any) -> Any:
        """Return a result or a task."""
        return await self.client.session.call_tool(tool, arguments, allow_claimed=True)

    async def made(self, tool: str, **arguments: Any) -> str:
        """Return the id of the task that a call becomes."""
        made = await self.call(tool, **arguments)
        assert isinstance(made, Made), made
        return made.task_id

    async def ask(self, method: str, task: Any, **more: Any) -> dict[str, Any]:
        """Send a request about a task."""
        params = {"taskId": task, **more}
        return await self.client.session.send_request(AboutTask(method=f"tasks/{method}", params=params), PLAIN)

    async def get(self, task: str) -> dict[str, Any]:
        return await self.ask("get", task)

    async def until(self, task: str, *statuses: str) -> dict[str, Any]:
        """Return a task once it has one of these statuses."""
        async with asyncio.timeout(60):
            while (now := await self.get(task))["status"] not in statuses:  # noqa: ASYNC110 - as clients do
                await asyncio.sleep(0.05)
        return now

    async def code(self, method: str, task: Any, **more: Any) -> int:
        """Return the code of the error that a request about a task gives."""
        with pytest.raises(MCPError) as raised:
            await self.ask(method, task, **more)
        return raised.value.error.code


@asynccontextmanager
async def with_tasks(server: Any, **given: Any) -> AsyncIterator[Tasks]:
    """Connect with a server, or by a transport."""
    taking = TakesTasks()
    async with Client(server, mode="2026-07-28", extensions=[taking], **given) as client:
        yield Tasks(client, taking.heard)


@asynccontextmanager
async def over_http(address: str, token: str = "token-of-the-first-client") -> AsyncIterator[Tasks]:
    """Connect with a running server."""
    http = httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"}, timeout=60)
    async with http, with_tasks(streamable_http_client(f"{address}/mcp", http_client=http)) as tasks:
        yield tasks


def text_of(result: dict[str, Any]) -> str:
    """Return the first text of a result."""
    return str(result["content"][0]["text"])


async def post(address: str, method: str, params: dict[str, Any], name: str | None) -> httpx2.Response:
    """Send a request that names `name` in its header, and return the answer."""
    async with posting(address, method, params, name) as answer:
        await answer.aread()
    return answer


@asynccontextmanager
async def posting(
    address: str, method: str, params: dict[str, Any], name: str | None, token: str = "token-of-the-first-client"
) -> AsyncIterator[httpx2.Response]:
    """Send such a request, and give the answer while it comes."""
    headers = {
        "Authorization": f"Bearer {token}",
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": "2026-07-28",
        "Mcp-Method": method,
        **({} if name is None else {"Mcp-Name": name}),
    }
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {**params, "_meta": META}}
    async with (
        httpx2.AsyncClient(timeout=30) as http,
        http.stream("POST", f"{address}/mcp", json=body, headers=headers) as answer,
    ):
        yield answer


def with_own_tools(server: MediaServer) -> MediaServer:
    """Return the server with tools of its own, which ask and work in it."""

    @server.tool()
    async def commission(context: AnyContext) -> str:
        """Have something made, which nobody can wait for."""
        begin_task(context, required=True)
        return "made"

    @server.tool()
    async def decorate(colours: int, context: AnyContext, hold: bool = False) -> str:
        """Decorate."""
        task = begin_task(context)
        if not task:
            return "decorated at once"
        asked = {f"colour {n}": question(f"Which colour is number {n}?") for n in range(colours)}
        given = await task.ask(asked) if asked else {}
        if hold:
            await asyncio.Event().wait()
        return ", ".join(sorted(str(getattr(one, "content", None)) for one in given.values()))

    return server


def question(message: str) -> ElicitRequest:
    """Return what `decorate` asks."""
    schema = {"type": "object", "properties": {"colour": {"type": "string"}}, "required": ["colour"]}
    return ElicitRequest(params=ElicitRequestFormParams(message=message, requested_schema=schema))
