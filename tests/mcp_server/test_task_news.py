"""Who listens is told how their tasks stand, and nobody else's."""

import asyncio
import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from types import ModuleType
from typing import Any

import pytest
from mcp import MCPError
from mcp.types import (
    Request,
    SubscriptionFilter,
    SubscriptionsListenRequest,
    SubscriptionsListenRequestParams,
)

from sensorium.mcp_server.app import MediaServer

Serve = Callable[..., MediaServer]
Running = Callable[..., AbstractAsyncContextManager[Any]]
AnyRequest = Request[dict[str, Any], str]


def _listening(*tasks: Any) -> SubscriptionsListenRequest:
    wanted = SubscriptionFilter.model_validate({"taskIds": list(tasks)})
    return SubscriptionsListenRequest(params=SubscriptionsListenRequestParams(notifications=wanted))


async def test_who_listens_is_told_how_tasks_stand(
    tasking: ModuleType, serve: Serve, office: MediaServer, connected: Any, mark: Any
) -> None:
    async with connected(office) as tasks:
        asks = await tasks.made("decorate", colours=1)
        naps = await tasks.made("nap", seconds=60, mark=str(mark))
        stream = asyncio.create_task(
            tasks.client.session.send_request(_listening(asks, naps, "unknown"), tasking.PLAIN)
        )
        told: dict[str, list[dict[str, Any]]] = {asks: [], naps: []}
        async with asyncio.timeout(60):
            while not all(news and news[-1]["status"] == "completed" for news in told.values()):
                news = await tasks.heard.get()
                assert news["_meta"].keys() == {"io.modelcontextprotocol/subscriptionId"}
                told[news["taskId"]].append(news)
                if (news["taskId"], news["status"]) == (naps, "working"):
                    mark.wake()
                if news["status"] == "input_required":
                    await tasks.ask("update", asks, inputResponses={"colour 0": {"action": "cancel"}})
        assert [one["status"] for one in told[asks]] in (
            ["input_required", "working", "completed"], ["input_required", "completed"]
        )  # fmt: skip
        assert {one["status"] for one in told[naps]} == {"working", "completed"}
        assert tasking.text_of(told[naps][-1]["result"]) == '{"text":"slept 60 s"}'
        stream.cancel()


async def test_a_stream_says_first_which_tasks_it_will_tell_of(
    tasking: ModuleType, office: MediaServer, running: Running
) -> None:
    async with running(office) as web, tasking.over_http(web.address) as mine:
        task = await mine.made("decorate", colours=1)
        heads = []
        for token in ("token-of-the-first-client", "token-of-the-second-client"):
            params = {"notifications": {"toolsListChanged": True, "taskIds": [task, "other", task]}}
            async with tasking.posting(web.address, "subscriptions/listen", params, None, token) as answer:
                frames = (line async for line in answer.aiter_lines() if line.startswith("data:"))
                heads.append(json.loads((await anext(frames)).removeprefix("data:")))
                if token == "token-of-the-first-client":
                    assert json.loads((await anext(frames)).removeprefix("data:"))["params"]["taskId"] == task
    assert [one["method"] for one in heads] == ["notifications/subscriptions/acknowledged"] * 2
    assert [one["params"]["notifications"] for one in heads] == [
        {"toolsListChanged": True, "taskIds": [task]},
        {"toolsListChanged": True, "taskIds": []},
    ]


async def test_a_stream_about_strange_ids_is_an_invalid_parameter(tasking: ModuleType, serve: Serve) -> None:
    async with tasking.with_tasks(serve()) as tasks:
        for asked in (7, "x", [1], {"a": 1}, [None]):
            listen = AnyRequest(method="subscriptions/listen", params={"notifications": {"taskIds": asked}})
            with pytest.raises(MCPError) as raised:
                await tasks.client.session.send_request(listen, tasking.PLAIN)
            assert raised.value.error.code == -32602
