"""Jobs whose server, or whose process, has ended."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from mcp import Client
from mcp.types import CallToolResult, TextContent

from sensorium.mcp_server.app import MediaServer
from sensorium.mcp_server.job_store import JobStore
from sensorium.mcp_server.jobs import Limits
from sensorium.mcp_server.pool import Pool, WorkerProcess
from sensorium.tools.base.journal import Journal
from sensorium.tools.base.library import Library
from sensorium.tools.base.settings import Settings

Serve = Callable[..., MediaServer]
Body = Callable[[CallToolResult], dict[str, Any]]
QUICK = Limits(answer_seconds=0.5, heartbeat_seconds=1.0)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="it is looked for living processes as on POSIX")


async def test_a_promised_job_outlives_the_server_and_is_found_by_the_next(serve: Serve, body: Body, mark: Any) -> None:
    arguments = {"seconds": 60, "mark": str(mark)}
    async with Client(serve(limits=QUICK)) as client:
        job = body(await client.call_tool("nap", arguments))["job_id"]
        processes = await mark.processes()
    assert all(map(mark.lives, processes)), "the first server is gone, its worker is not"
    async with Client(serve(limits=QUICK)) as client:
        attached = body(await client.call_tool("nap", arguments))
        assert (attached["status"], attached["job_id"]) == ("running", job)
        mark.wake()
        done = await client.call_tool("job_status", {"job_id": job})
        assert body(done)["status"] == "done"
        assert done.content[1] == TextContent(type="text", text='{"text":"slept 60 s"}')
    assert mark.naps() == 1, "it was done once"
    assert await mark.all_end(processes)


async def test_a_job_whose_process_was_killed_with_the_server_is_begun_again(
    serve: Serve, body: Body, mark: Any
) -> None:
    async with Client(serve(limits=QUICK)) as client:
        job = body(await client.call_tool("nap", {"seconds": 60, "mark": str(mark)}))["job_id"]
        processes = await mark.processes()
    for process in processes:
        os.kill(process, 9)
    assert await mark.all_end(processes)
    mark.wake()
    async with Client(serve()) as client:
        done = await client.call_tool("job_status", {"job_id": job})
        assert body(done)["status"] == "done"
    assert mark.naps() == 2


async def _orphan(client: Client, body: Body, mark: Any) -> str:
    """Return the id of a job whose process is killed when the client's server has gone."""
    job = body(await client.call_tool("nap", {"seconds": 60, "mark": str(mark)}))["job_id"]
    await mark.processes()
    return str(job)


async def _killed(mark: Any) -> None:
    for process in await mark.processes():
        os.kill(process, 9)
    assert await mark.all_end(await mark.processes())


async def test_a_job_that_was_left_is_begun_again_once_for_all_who_ask(serve: Serve, body: Body, mark: Any) -> None:
    async with Client(serve(limits=QUICK)) as client:
        job = await _orphan(client, body, mark)
    await _killed(mark)
    one, other = serve(), serve()
    async with Client(one) as first, Client(one) as second, Client(other) as third:
        asking = asyncio.gather(
            first.call_tool("job_status", {"job_id": job}),
            second.call_tool("job_status", {"job_id": job}),
            second.call_tool("nap", {"seconds": 60, "mark": str(mark)}),
            first.call_tool("nap", {"seconds": 60, "mark": str(mark)}),
            third.call_tool("job_status", {"job_id": job}),
        )
        async with asyncio.timeout(30):
            while mark.naps() < 2:  # noqa: ASYNC110 - another process writes
                await asyncio.sleep(0.02)
        mark.wake()
        asked = await asking
    assert [body(one).get("status") or body(one)["text"] for one in asked] == [
        "done", "done", "slept 60 s", "slept 60 s", "done"
    ]  # fmt: skip
    assert mark.naps() == 2


async def test_a_job_that_another_server_took_first_ends_as_it_does_there(
    serve: Serve, body: Body, mark: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Client(serve(limits=QUICK)) as client:
        job = await _orphan(client, body, mark)
    await _killed(mark)
    library = Library(settings.home)
    journal, store, elsewhere = Journal(library, settings.home), JobStore(library), ExitStack()
    take, told = Pool._take, asyncio.Event()

    async def taken(self: Pool) -> WorkerProcess:
        worker = await take(self)
        # Between the server's letting go and its worker's taking.
        monkeypatch.setattr(WorkerProcess, "do", late(WorkerProcess.do))
        return worker

    def late(do: Any) -> Any:
        async def quicker(self: WorkerProcess, *given: Any) -> Any:
            elsewhere.enter_context(journal.lease(f"job-{job}"))
            try:
                return await do(self, *given)
            finally:
                told.set()

        return quicker

    monkeypatch.setattr(Pool, "_take", taken)
    async with Client(serve()) as client:
        asking = asyncio.create_task(client.call_tool("job_status", {"job_id": job}))
        async with asyncio.timeout(30):
            await told.wait()
        await asyncio.sleep(0.3)
        row = store.get(job, "local")
        assert row and row.status == "running", row and row.result
        store.ended(job, "done", {"content": [{"type": "text", "text": '{"text": "done there"}'}]})
        elsewhere.close()
        assert (await asking).content[1] == TextContent(type="text", text='{"text": "done there"}')
    assert mark.naps() == 1


async def test_what_reaches_outside_is_not_begun_again(serve: Serve, body: Body, mark: Any) -> None:
    async with Client(serve(limits=QUICK, approved=True)) as client:
        job = body(await client.call_tool("post", {"mark": str(mark)}))["job_id"]
        processes = await mark.processes()
    os.kill(processes[0], 9)
    assert await mark.all_end(processes)
    async with Client(serve()) as client:
        asked = await client.call_tool("job_status", {"job_id": job})
        assert asked.is_error is True
        assert isinstance(asked.content[0], TextContent)
        assert "whether it had its effect is not known" in asked.content[0].text
        assert body(await client.call_tool("job_status", {"job_id": job}))["status"] == "cancelled"
    assert mark.naps() == 1


async def test_the_next_server_can_stop_what_the_first_left_running(serve: Serve, body: Body, mark: Any) -> None:
    async with Client(serve(limits=QUICK)) as client:
        job = body(await client.call_tool("nap", {"seconds": 60, "mark": str(mark)}))["job_id"]
        processes = await mark.processes()
    async with Client(serve()) as client:
        assert body(await client.call_tool("job_cancel", {"job_id": job}))["status"] == "cancelled"
    assert await mark.all_end(processes)


@pytest.fixture
def stranger() -> Iterator["subprocess.Popen[bytes]"]:
    """A process that is none of ours, with a number that one of ours had before."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
    yield process
    process.kill()
    process.wait()


async def test_cancelling_what_was_begun_again_spares_whoever_has_the_number_of_its_first_process(
    serve: Serve, body: Body, mark: Any, settings: Settings, stranger: "subprocess.Popen[bytes]"
) -> None:
    async with Client(serve(limits=QUICK)) as client:
        job = await _orphan(client, body, mark)
    await _killed(mark)
    store = JobStore(Library(settings.home))
    store.begun(job, stranger.pid)
    async with Client(serve(limits=QUICK, workers=1)) as client, Client(serve()) as other:
        blocking = body(await client.call_tool("nap", {"seconds": 61, "mark": str(mark)}))["job_id"]
        asked = body(await client.call_tool("job_status", {"job_id": job, "wait_seconds": 0}))
        assert (asked["status"], asked["doing"]) == ("running", "waiting for a free place")
        assert body(await other.call_tool("job_cancel", {"job_id": job}))["status"] == "cancelled"
        await client.call_tool("job_cancel", {"job_id": blocking})
        assert body(await client.call_tool("job_status", {"job_id": job}))["status"] == "cancelled"
        assert stranger.poll() is None
    assert mark.naps() == 2


async def test_cancelling_asks_who_holds_a_job_that_was_taken_meanwhile(
    serve: Serve, body: Body, mark: Any, settings: Settings, stranger: "subprocess.Popen[bytes]"
) -> None:
    async with Client(serve(limits=QUICK)) as client:
        job = await _orphan(client, body, mark)
    await _killed(mark)
    library = Library(settings.home)
    journal, store = Journal(library, settings.home), JobStore(library)
    store.begun(job, stranger.pid)
    get = JobStore.get

    def taken_afterwards(self: JobStore, *asked: str) -> Any:
        row = get(self, *asked)
        patch.setattr(JobStore, "get", get)
        store.begun(job, None)
        return row

    async with Client(serve()) as client:
        with journal.lease(f"job-{job}"), pytest.MonkeyPatch.context() as patch:
            patch.setattr(JobStore, "get", taken_afterwards)
            assert body(await client.call_tool("job_cancel", {"job_id": job}))["status"] == "cancelled"
    assert stranger.poll() is None


async def test_a_job_that_ended_long_ago_is_forgotten_and_no_lock_outlives_its_job(
    serve: Serve, body: Body, mark: Any, settings: Settings
) -> None:
    store, locks = JobStore(Library(settings.home)), settings.home / "locks"
    async with Client(serve(limits=QUICK)) as client:
        old = body(await client.call_tool("nap", {"seconds": 60, "mark": str(mark)}))["job_id"]
        mark.wake()
        await client.call_tool("job_status", {"job_id": old})
        with store._library.transaction() as db:
            db.execute("UPDATE jobs SET changed=0")
        new = body(await client.call_tool("nap", {"seconds": 60, "mark": f"{mark}-new"}))["job_id"]
        await client.call_tool("job_cancel", {"job_id": new})
    assert store.get(old, "local") is None
    assert list(locks.iterdir()) == []


async def test_what_nobody_was_promised_ends_with_the_server(serve: Serve, mark: Any) -> None:
    async with Client(serve()) as client:
        call = asyncio.create_task(client.call_tool("nap", {"seconds": 60, "mark": str(mark)}))
        processes = await mark.processes(call)
    call.cancel()
    assert await mark.all_end(processes)
