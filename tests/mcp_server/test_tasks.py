"""Calls that are answered with tasks, for clients that declare the extension."""

import asyncio
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from mcp import Client
from mcp.types import TextContent

from sensorium.mcp_server.app import MediaServer
from sensorium.mcp_server.job_store import KEPT_SECONDS, JobStore
from sensorium.mcp_server.jobs import Limits
from sensorium.mcp_server.order import Order
from sensorium.mcp_server.task_wire import IDENTIFIER
from sensorium.tools.base.library import Library
from sensorium.tools.base.settings import Settings

Serve = Callable[..., MediaServer]
Running = Callable[..., AbstractAsyncContextManager[Any]]
TASK_PARTS = {"taskId", "status", "createdAt", "lastUpdatedAt", "ttlMs", "pollIntervalMs"}
HERE = Path(__file__).parent

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="it is looked for living processes as on POSIX")


async def test_a_client_that_takes_tasks_gets_the_result_of_a_long_call(
    serve: Serve, connected: Any, mark: Any
) -> None:
    async with connected(serve()) as tasks:
        given = await tasks.client.call_tool("nap", {"seconds": 0.5, "mark": str(mark)})
    assert given.content == [TextContent(type="text", text='{"text":"slept 0.5 s"}')]


async def test_a_task_says_how_it_stands_and_keeps_its_result(
    tasking: ModuleType, serve: Serve, running: Running, mark: Any
) -> None:
    async with running(serve()) as web, tasking.over_http(web.address) as tasks:
        made = await tasks.call("nap", seconds=60, mark=str(mark))
        assert (made.status, made.ttl_ms, len(made.task_id)) == ("working", 7 * 86_400_000, 32)
        working = await tasks.get(made.task_id)
        mark.wake()
        assert working.keys() - {"statusMessage"} == TASK_PARTS | {"resultType", "_meta"}
        done = await tasks.until(made.task_id, "completed", "failed", "cancelled")
        assert done["result"]["resultType"] == "complete" and "isError" in done["result"]
        assert tasking.text_of(done["result"]) == '{"text":"slept 60 s"}'
        assert await tasks.get(made.task_id) == done, "it can be asked again, and says the same"
        assert done["createdAt"] == made.created_at == working["createdAt"]
        assert done["lastUpdatedAt"] >= working["lastUpdatedAt"]


async def test_what_a_task_does_is_told(tasking: ModuleType, serve: Serve, mark: Any) -> None:
    async with tasking.with_tasks(serve()) as tasks:
        task = await tasks.made("nap", seconds=60, mark=str(mark))
        async with asyncio.timeout(30):
            while "asleep (" not in (await tasks.get(task)).get("statusMessage", ""):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        await tasks.ask("cancel", task)


async def test_a_tool_that_fails_has_completed_with_an_error(tasking: ModuleType, serve: Serve, mark: Any) -> None:
    async with tasking.with_tasks(serve(workers=1)) as tasks:
        blocking = await tasks.made("nap", seconds=0.5, mark=str(mark))
        failing = await tasks.made("refuse", letters=3)
        done = await tasks.until(failing, "completed", "failed", "cancelled")
        assert (done["status"], done["result"]["isError"]) == ("completed", True)
        assert tasking.text_of(done["result"]) == "The film is torn. xxx Mend it."
        await tasks.until(blocking, "completed")


async def test_cancelling_a_task_kills_its_work_and_may_be_said_twice(serve: Serve, connected: Any, mark: Any) -> None:
    async with connected(serve()) as tasks:
        task = await tasks.made("nap", seconds=60, mark=str(mark))
        processes = await mark.processes()
        said = [await tasks.ask("cancel", task) for _ in range(2)]
        assert [one.keys() - {"_meta"} for one in said] == [{"resultType"}] * 2
        assert await mark.all_end(processes)
        cancelled = await tasks.get(task)
        assert cancelled["status"] == "cancelled" and cancelled.keys() <= TASK_PARTS | {"resultType", "_meta"}
        await tasks.ask("update", task, inputResponses={"late": {"action": "accept"}})
        assert await tasks.get(task) == cancelled


async def test_a_task_is_known_only_to_whom_it_belongs(
    tasking: ModuleType, serve: Serve, running: Running, mark: Any
) -> None:
    async with running(serve()) as web, tasking.over_http(web.address) as mine:
        task = await mine.made("nap", seconds=60, mark=str(mark))
        processes = await mark.processes()
        async with tasking.over_http(web.address, "token-of-the-second-client") as other:
            codes = [await other.code("get", task), await other.code("cancel", task)]
            codes.append(await other.code("update", task, inputResponses={}))
            strange = [await other.code("get", "0" * 32), await other.code("cancel", "0" * 32)]
        assert codes == [-32602] * 3 and strange == [-32602] * 2
        assert (await mine.get(task))["status"] == "working" and all(map(mark.lives, processes))
        await mine.ask("cancel", task)


async def test_a_task_outlives_its_connection_and_its_server(tasking: ModuleType, serve: Serve, mark: Any) -> None:
    async with tasking.with_tasks(serve()) as tasks:
        made = await tasks.call("nap", seconds=60, mark=str(mark))
        processes = await mark.processes()
    assert all(map(mark.lives, processes)), "the first server is gone, its worker is not"
    mark.wake()
    async with tasking.with_tasks(serve()) as tasks:
        done = await tasks.until(made.task_id, "completed", "failed", "cancelled")
        assert tasking.text_of(done["result"]) == '{"text":"slept 60 s"}'
        assert done["createdAt"] == made.created_at
    assert mark.naps() == 1, "it was done once"


async def test_what_was_kept_for_its_time_is_forgotten_by_the_next_server(
    tasking: ModuleType, serve: Serve, settings: Settings
) -> None:
    library = Library(settings.home)
    store, order = JobStore(library), Order(owner="local", tool="nap", module="misbehaving_tools", arguments={})
    for job in ("old", "new"):
        store.add(job, job, order, time.time())
        store.ended(job, "done", {"content": []})
    with library.transaction() as db:
        db.execute("UPDATE jobs SET changed=? WHERE job='old'", (time.time() - KEPT_SECONDS - 1,))
    async with tasking.with_tasks(serve()) as tasks:
        await tasks.call("chatter", lines=1)
        assert await tasks.code("get", "old") == -32602
        assert (await tasks.get("new"))["status"] == "completed"


async def test_what_ends_while_it_is_written_down_has_ended(
    tasking: ModuleType, serve: Serve, mark: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended, has_ended, add = JobStore.ended, threading.Event(), JobStore.add

    def ending(self: JobStore, *given: Any) -> None:
        ended(self, *given)
        has_ended.set()

    def late(self: JobStore, *given: Any) -> None:
        assert has_ended.wait(30)
        add(self, *given)

    monkeypatch.setattr(JobStore, "ended", ending)
    monkeypatch.setattr(JobStore, "add", late)
    async with tasking.with_tasks(serve()) as tasks:
        await tasks.client.call_tool("nap", {"seconds": 0.2, "mark": str(mark)})
        store = JobStore(Library(settings.home))
        assert store.unfinished() == []
        assert [one.status for one in store.latest("local")] == ["done"]


@asynccontextmanager
async def _on_standard_input(
    meta: dict[str, Any], home: Path, films: Path
) -> AsyncIterator[Callable[..., Awaitable[dict[str, Any]]]]:
    """Start a server and give what asks it; at the end it is killed."""
    command = [sys.executable, str(HERE / "misbehaving_server.py"), str(home), str(films)]
    server = await asyncio.create_subprocess_exec(
        *command, env={**os.environ, "PYTHONPATH": str(HERE)}, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )

    async def ask(method: str, **params: Any) -> dict[str, Any]:
        assert server.stdin and server.stdout
        asked = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {**params, "_meta": meta}}
        server.stdin.write(json.dumps(asked).encode() + b"\n")
        return dict(json.loads(await server.stdout.readline())["result"])

    try:
        yield ask
    finally:
        server.kill()
        await server.wait()


async def test_a_task_survives_the_kill_of_its_server(
    tasking: ModuleType, tmp_path: Path, films: Path, mark: Any
) -> None:
    async with _on_standard_input(tasking.META, tmp_path / "home", films) as ask:
        made = await ask("tools/call", name="nap", arguments={"seconds": 60, "mark": str(mark)})
        assert (made["resultType"], made["status"]) == ("task", "working")
        processes = await mark.processes()
    assert all(map(mark.lives, processes))
    mark.wake()
    async with _on_standard_input(tasking.META, tmp_path / "home", films) as ask, asyncio.timeout(60):
        while (now := await ask("tasks/get", taskId=made["taskId"]))["status"] == "working":  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    assert tasking.text_of(now["result"]) == '{"text":"slept 60 s"}'
    assert mark.naps() == 1


async def test_a_task_whose_process_died_with_the_server_is_begun_again(
    tasking: ModuleType, serve: Serve, mark: Any
) -> None:
    async with tasking.with_tasks(serve()) as tasks:
        task = await tasks.made("nap", seconds=60, mark=str(mark))
        processes = await mark.processes()
    for process in processes:
        os.kill(process, 9)
    assert await mark.all_end(processes)
    mark.wake()
    async with tasking.with_tasks(serve()) as tasks:
        assert (await tasks.until(task, "completed", "failed", "cancelled"))["status"] == "completed"
    assert mark.naps() == 2


async def test_what_reaches_outside_is_not_begun_again_and_its_task_says_so(
    tasking: ModuleType, serve: Serve, mark: Any
) -> None:
    async with tasking.with_tasks(serve(approved=True)) as tasks:
        task = await tasks.made("post", mark=str(mark))
        processes = await mark.processes()
    os.kill(processes[0], 9)
    assert await mark.all_end(processes)
    async with tasking.with_tasks(serve()) as tasks:
        left = await tasks.get(task)
        assert left["status"] == "cancelled" and "whether it had its effect is not known" in left["statusMessage"]
    assert mark.naps() == 1


async def test_the_same_call_beside_a_task_waits_for_the_same_result(
    tasking: ModuleType, serve: Serve, mark: Any
) -> None:
    server = serve()
    async with tasking.with_tasks(server) as tasks, asyncio.timeout(60):
        task = await tasks.made("nap", seconds=60, mark=str(mark))
        calling = asyncio.create_task(tasks.call("nap", seconds=60, mark=str(mark)))
        while not server.service.jobs.begun.get(task, "local").waiting:  # noqa: ASYNC110 - it has no event for this
            await asyncio.sleep(0.02)
        mark.wake()
        again = await calling
        assert again.content == [TextContent(type="text", text='{"text":"slept 60 s"}')], "no second task of that id"
        assert (await tasks.get(task))["status"] == "completed"
    assert mark.naps() == 1


async def test_more_short_tasks_than_jobs_can_be_asked_for_at_once(
    tasking: ModuleType, serve: Serve, mark: Any
) -> None:
    async with tasking.with_tasks(serve(limits=Limits(most_jobs=2))) as tasks:
        made = [await tasks.made("nap", seconds=60 + n, mark=str(mark)) for n in range(4)]
        assert len(set(made)) == 4
        for task in made:
            await tasks.ask("cancel", task)


async def test_a_client_without_the_extension_sees_nothing_of_it(
    tasking: ModuleType, serve: Serve, era: str, body: Any, mark: Any
) -> None:
    async with Client(serve(limits=Limits(answer_seconds=0.3)), mode=era) as client:
        told = body(await client.call_tool("nap", {"seconds": 60, "mark": str(mark)}))
        assert told["status"] == "running"
        code = await tasking.Tasks(client, asyncio.Queue()).code("get", told["job_id"])
        assert code == (-32601 if era == "legacy" else -32021)
        await client.call_tool("job_cancel", {"job_id": told["job_id"]})


@pytest.mark.parametrize("era", ["legacy", "auto"])
async def test_only_a_modern_client_is_told_of_the_extension(serve: Serve, era: str) -> None:
    async with Client(serve(), mode=era) as client:
        capabilities = client.server_capabilities
    assert capabilities is not None
    assert (IDENTIFIER in (capabilities.extensions or {})) is (era == "auto")
