"""Those who listen hear what became of their jobs and artifacts, and of nobody else's."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from mcp import Client
from mcp.server import MCPServer
from mcp.server.subscriptions import ResourcesListChanged, ResourceUpdated
from mcp.types import CallToolResult

from sensorium.mcp_server.jobs import Limits

Serve = Callable[..., MCPServer[Any]]
Body = Callable[[CallToolResult], dict[str, Any]]


async def _status(client: Client, job: str) -> dict[str, Any]:
    read = await client.read_resource(f"job://{job}", cache_mode="bypass")
    return dict(json.loads(read.contents[0].text))  # type: ignore[union-attr]


async def test_who_listens_to_a_job_hears_of_its_end(serve: Serve, body: Body, mark: Any) -> None:
    async with Client(serve(limits=Limits(answer_seconds=0.1)), mode="2026-07-28") as client:
        job = body(await client.call_tool("nap", {"seconds": 60, "mark": str(mark)}))["job_id"]
        uri = f"job://{job}"
        async with client.listen(resource_subscriptions=[uri], resources_list_changed=True) as heard:
            assert heard.honored.resource_subscriptions == [uri]
            mark.wake()
            async with asyncio.timeout(30):
                async for event in heard:
                    if isinstance(event, ResourcesListChanged):
                        break
                    assert event == ResourceUpdated(uri=uri)
            assert (await _status(client, job))["status"] == "done"


async def test_who_listens_hears_of_new_artifacts(serve: Serve) -> None:
    async with (
        Client(serve(), mode="2026-07-28") as client,
        client.listen(resources_list_changed=True) as heard,
    ):
        before = (await client.list_resources(cache_mode="bypass")).resources
        await client.call_tool("view_media", {"media": "slide.png"})
        async with asyncio.timeout(30):
            assert await anext(aiter(heard)) == ResourcesListChanged()
        after = (await client.list_resources(cache_mode="bypass")).resources
    assert len(after) > len(before)


async def test_nobody_hears_of_what_is_somebody_elses(
    serve: Serve, running: Callable[..., Any], body: Body, mark: Any
) -> None:
    other = "token-of-the-second-client"
    async with (
        running(serve(limits=Limits(answer_seconds=0.1))) as web,
        web.client("2026-07-28") as mine,
        web.client("2026-07-28", token=other) as theirs,
    ):
        job = body(await mine.call_tool("nap", {"seconds": 60, "mark": str(mark)}))["job_id"]
        wanted: dict[str, Any] = {"resource_subscriptions": [f"job://{job}"], "resources_list_changed": True}
        async with mine.listen(**wanted) as here, theirs.listen(**wanted) as there:
            listening = asyncio.create_task(anext(aiter(there)))
            mark.wake()
            async with asyncio.timeout(30):
                async for event in here:
                    if isinstance(event, ResourcesListChanged):
                        break
            assert not listening.done()
            # It becomes a job that goes on without its call, and is heard of all the same.
            await theirs.call_tool("view_media", {"media": "slide.png"})
            async with asyncio.timeout(30):
                assert await listening == ResourcesListChanged(), "of their own they hear"


@pytest.mark.parametrize(
    "uris", [["job://unknown", "job://", "artifact://sha256/x"], [f"job://{n}" for n in range(300)]]
)
async def test_listening_to_what_is_not_there_is_quiet(serve: Serve, uris: list[str]) -> None:
    async with (
        Client(serve(), mode="2026-07-28") as client,
        client.listen(resource_subscriptions=uris) as heard,
    ):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.7):
                await anext(aiter(heard))
        assert (await client.list_tools()).tools
