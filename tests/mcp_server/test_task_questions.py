"""What a task asks its user: answered with it, once, and after a restart too."""

import asyncio
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from mcp.types import ElicitResult

from sensorium.mcp_server import door_tool
from sensorium.mcp_server.app import MediaServer

Serve = Callable[..., MediaServer]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="it is looked for living processes as on POSIX")


async def _never(context: Any, params: Any) -> ElicitResult:
    """Declare that users can be asked; what tasks ask comes with them."""
    raise NotImplementedError


async def test_what_a_job_asks_is_answered_with_the_task(tasking: ModuleType, serve: Serve, mark: Any) -> None:
    async with tasking.with_tasks(serve(), elicitation_callback=_never) as tasks:
        task = await tasks.made("post", mark=str(mark))
        asked = await tasks.until(task, "input_required", "completed")
        ((key, request),) = asked["inputRequests"].items()
        assert request["method"] == "elicitation/create" and "post" in request["params"]["message"]
        assert request["params"]["requestedSchema"]["properties"].keys() == {"approve"}
        assert await tasks.code("update", task, inputResponses={key: {"action": 1}}) == -32602
        await tasks.ask("update", task, inputResponses={"0": {"action": "accept", "content": {"approve": True}}})
        assert (await tasks.get(task))["status"] == "input_required", "it was for another question"
        await tasks.ask("update", task, inputResponses={key: {"action": "accept", "content": {"approve": True}}})
        processes = await mark.processes()
        assert (await tasks.get(task))["status"] == "working"
        await tasks.ask("cancel", task)
        assert await mark.all_end(processes)


@pytest.mark.parametrize("response", [{"action": "decline"}, {"action": "accept", "content": {"approve": "yes"}}])
async def test_what_was_not_approved_is_not_done(
    tasking: ModuleType, serve: Serve, mark: Any, response: dict[str, Any]
) -> None:
    async with tasking.with_tasks(serve(), elicitation_callback=_never) as tasks:
        task = await tasks.made("post", mark=str(mark))
        (key,) = (await tasks.until(task, "input_required", "completed"))["inputRequests"]
        await tasks.ask("update", task, inputResponses={key: response})
        done = await tasks.until(task, "completed", "failed", "cancelled")
    assert done["result"]["isError"] and "needs approval" in tasking.text_of(done["result"])
    assert not mark.path.exists()


@pytest.mark.parametrize("worker", ["cold", "warm"])
async def test_a_client_that_cannot_ask_is_told_what_to_do(
    tasking: ModuleType, serve: Serve, mark: Any, worker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with tasking.with_tasks(serve()) as tasks:
        if worker == "warm":  # so that it asks before there is a task
            await tasks.client.call_tool("chatter", {"lines": 1})
            monkeypatch.setattr(door_tool, "INSTANT_SECONDS", 10)
        given = await tasks.call("post", mark=str(mark))
        seen = set()
        async with asyncio.timeout(60):
            while isinstance(given, tasking.Made) and (now := await tasks.get(given.task_id))["status"] != "completed":
                seen.add(now["status"])
                await asyncio.sleep(0.05)
    told = now["result"] if isinstance(given, tasking.Made) else given.model_dump(by_alias=True)
    assert told["isError"] and "--yes" in tasking.text_of(told)
    assert seen <= {"working"} and not mark.path.exists()


async def test_a_question_outlives_the_server_that_asked_it(tasking: ModuleType, serve: Serve, mark: Any) -> None:
    async with tasking.with_tasks(serve(), elicitation_callback=_never) as tasks:
        task = await tasks.made("post", mark=str(mark))
        first = await tasks.until(task, "input_required", "completed")
    async with tasking.with_tasks(serve(), elicitation_callback=_never) as tasks:
        now = await tasks.until(task, "input_required", "completed", "cancelled")
        assert now["inputRequests"] == first["inputRequests"]
        (key,) = now["inputRequests"]
        await tasks.ask("update", task, inputResponses={key: {"action": "accept", "content": {"approve": True}}})
        processes = await mark.processes()
        await tasks.ask("cancel", task)
        assert await mark.all_end(processes)
    assert mark.naps() == 1
