"""Tasks of tools that run in the server itself, and strange requests about tasks."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from itertools import product
from types import ModuleType
from typing import Any

import pytest
from mcp import MCPError
from mcp.types import (
    CallToolResult,
    Request,
)

from sensorium.mcp_server import server_tasks
from sensorium.mcp_server.app import MediaServer
from sensorium.mcp_server.task_wire import IDENTIFIER

Serve = Callable[..., MediaServer]
Running = Callable[..., AbstractAsyncContextManager[Any]]
AnyRequest = Request[dict[str, Any], str]


async def test_a_strange_id_is_an_invalid_parameter(tasking: ModuleType, serve: Serve) -> None:
    strange: list[Any] = [None, 7, True, [], {}, "", "x" * 65, "x" * 100_000, "\0", "a' OR '1'='1", "é😀"]
    methods = (("get", {}), ("cancel", {}), ("update", {"inputResponses": {}}))
    async with tasking.with_tasks(serve()) as tasks:
        for task, (method, more) in product(strange, methods):
            with pytest.raises(MCPError) as raised:
                asked = AnyRequest(method=f"tasks/{method}", params={"taskId": task, **more})
                await tasks.client.session.send_request(asked, tasking.PLAIN)
            assert raised.value.error.code == -32602, task
            assert len(raised.value.error.message) < 200


async def test_strange_answers_are_an_invalid_parameter(tasking: ModuleType, office: MediaServer) -> None:
    async with tasking.with_tasks(office) as tasks:
        task = await tasks.made("decorate", colours=1)
        for responses in (None, 7, "x", [], [1], {"colour 0": None}, {"colour 0": {"action": "accept", "content": 7}}):
            assert await tasks.code("update", task, inputResponses=responses) == -32602
        assert (await tasks.get(task))["status"] == "input_required"


async def test_the_header_must_name_the_task(tasking: ModuleType, office: MediaServer, running: Running) -> None:
    async with running(office) as web, tasking.over_http(web.address) as tasks:
        task = await tasks.made("decorate", colours=1)
        names = (None, "another", "=?base64?bm9uZQ==?=", "=?base64?!?=")
        for name, method in product(names, ("get", "update", "cancel")):
            answer = await tasking.post(web.address, f"tasks/{method}", {"taskId": task, "inputResponses": {}}, name)
            assert (answer.status_code, answer.json()["error"]["code"]) == (400, -32020)
        assert (await tasks.get(task))["status"] == "input_required"


async def test_an_instant_result_is_no_task(office: MediaServer, connected: Any) -> None:
    async with connected(office) as tasks:
        given = await tasks.call("decorate", colours=0)
    assert isinstance(given, CallToolResult)
    assert office.service.tasks.get("", "local") is None and not office.service.tasks._tasks


async def test_a_tool_that_is_of_no_use_without_tasks_says_so(
    tasking: ModuleType, office: MediaServer, running: Running
) -> None:
    async with running(office) as web:
        async with web.client() as client:
            with pytest.raises(MCPError) as raised:
                await client.call_tool("commission", {})
        assert raised.value.error.code == -32021
        assert raised.value.error.data == {"requiredCapabilities": {"extensions": {IDENTIFIER: {}}}}
        async with tasking.over_http(web.address) as tasks:
            assert (await tasks.call("commission")).content[0].text == "made"


async def test_what_a_task_asks_is_answered_bit_by_bit(
    tasking: ModuleType, office: MediaServer, connected: Any
) -> None:
    async with connected(office) as tasks:
        task = await tasks.made("decorate", colours=2)
        asked = await tasks.until(task, "input_required")
        assert asked["inputRequests"]["colour 0"] == {
            "method": "elicitation/create",
            "params": tasking.question("Which colour is number 0?").params.model_dump(
                by_alias=True, mode="json", exclude_none=True
            ),
        }
        wrong = {"colour 1": {"action": "perhaps"}, "colour 0": {"action": "accept", "content": {"colour": "red"}}}
        assert await tasks.code("update", task, inputResponses=wrong) == -32602
        assert (await tasks.get(task))["inputRequests"].keys() == {"colour 0", "colour 1"}, "none of it was taken"
        right = {"colour 1": {"action": "accept", "content": {"colour": "red"}}, "unknown": 7}
        said = await tasks.ask("update", task, inputResponses=right)
        assert said.keys() - {"_meta"} == {"resultType"}
        still = await tasks.get(task)
        assert (still["status"], still["inputRequests"].keys()) == ("input_required", {"colour 0"})
        await tasks.ask("update", task, inputResponses=right)
        await tasks.ask("update", task, inputResponses={"colour 0": {"action": "decline"}})
        done = await tasks.until(task, "completed", "failed", "cancelled")
        assert tasking.text_of(done["result"]) == "None, {'colour': 'red'}"
        await tasks.ask("update", task, inputResponses={"colour 0": {"action": "accept"}})
        assert await tasks.get(task) == done


async def test_a_task_in_the_server_belongs_to_its_owner_and_can_be_cancelled(
    tasking: ModuleType, office: MediaServer, running: Running
) -> None:
    async with running(office) as web, tasking.over_http(web.address) as mine:
        task = await mine.made("decorate", colours=0, hold=True)
        async with tasking.over_http(web.address, "token-of-the-second-client") as other:
            assert [await other.code(one, task) for one in ("get", "cancel")] == [-32602] * 2
        await mine.ask("cancel", task)
        await mine.ask("cancel", task)
        assert (await mine.get(task))["status"] == "cancelled"


async def test_a_task_in_the_server_is_forgotten_when_its_time_is_over(
    tasking: ModuleType, office: MediaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_tasks, "KEPT_SECONDS", 0.3)
    async with tasking.with_tasks(office) as tasks:
        made = await tasks.call("decorate", colours=1)
        assert made.ttl_ms == 300
        kept = office.service.tasks._tasks[made.task_id]
        async with asyncio.timeout(10):
            while office.service.tasks._tasks:  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.02)
        assert kept.status == "cancelled"
        assert await tasks.code("get", made.task_id) == -32602


async def test_an_owner_has_only_so_many_tasks_in_the_server(
    tasking: ModuleType, office: MediaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_tasks, "MOST_TASKS", 2)
    async with tasking.with_tasks(office) as tasks:
        for _ in range(2):
            await tasks.made("decorate", colours=1)
        refused = await tasks.call("decorate", colours=1)
        assert refused.is_error and "You have 2 tasks" in refused.content[0].text
