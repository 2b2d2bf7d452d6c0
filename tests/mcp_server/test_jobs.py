"""Calls that take longer than a client waits."""

import asyncio
import gc
import re
import sys
import time
import weakref
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from mcp import Client
from mcp.types import CallToolResult, TextContent

from sensorium.mcp_server.app import MediaServer
from sensorium.mcp_server.job_store import JobStore
from sensorium.mcp_server.jobs import Limits
from sensorium.tools.base.library import Library
from sensorium.tools.base.settings import Settings

Serve = Callable[..., MediaServer]
Body = Callable[[CallToolResult], dict[str, Any]]
QUICK = Limits(answer_seconds=0.5, heartbeat_seconds=1.0)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="it is looked for living processes as on POSIX")


async def test_a_long_call_gives_a_job_in_time_and_its_result_later(
    serve: Serve, era: str, body: Body, mark: Any
) -> None:
    async with Client(serve(limits=QUICK), mode=era) as client:
        first = await client.call_tool("nap", {"seconds": 60, "mark": str(mark)})
        told = body(first)
        assert (first.is_error, told["status"], told["tool"]) == (False, "running", "nap")
        assert first.structured_content == told
        assert re.fullmatch(r"[0-9a-f]{32}", told["job_id"])
        assert "job_status" in told["next"] and "Do not call `nap` again" in told["next"]
        waiting = await client.call_tool("job_status", {"job_id": told["job_id"], "wait_seconds": 0})
        assert body(waiting)["status"] == "running"
        mark.wake()
        done = await client.call_tool("job_status", {"job_id": told["job_id"], "wait_seconds": 25})
        assert body(done)["status"] == "done"
        assert isinstance(done.content[1], TextContent)
        assert done.content[1].text == '{"text":"slept 60 s"}'
        again = await client.call_tool("job_status", {"job_id": told["job_id"]})
        assert again.content[1] == done.content[1]


async def test_the_same_call_again_attaches_to_the_same_job(serve: Serve, body: Body, mark: Any) -> None:
    arguments = {"seconds": 60, "mark": str(mark)}
    async with Client(serve(limits=QUICK)) as client:
        first = body(await client.call_tool("nap", arguments))
        other = body(await client.call_tool("nap", {**arguments, "seconds": 61}))
        second = body(await client.call_tool("nap", arguments))
        assert first["job_id"] == second["job_id"] != other["job_id"]
        await mark.processes()
        mark.wake()
        for job in (first, other):
            await client.call_tool("job_status", {"job_id": job["job_id"]})
        assert mark.naps() == 2


async def test_a_result_that_was_not_fetched_is_given_to_the_same_call(
    serve: Serve, body: Body, mark: Any, settings: Settings
) -> None:
    arguments = {"seconds": 60, "mark": str(mark)}
    jobs = JobStore(Library(settings.home))
    async with Client(serve(limits=QUICK)) as client:
        job = body(await client.call_tool("nap", arguments))["job_id"]
        await mark.processes()
        mark.wake()
        while (row := jobs.get(job, "local")) and row.status == "running":  # noqa: ASYNC110 - another process writes
            await asyncio.sleep(0.05)
        assert body(await client.call_tool("nap", arguments))["text"] == "slept 60 s"
        assert mark.naps() == 1
        await client.call_tool("nap", arguments)
        assert mark.naps() == 2, "it was fetched: this is a new one"


async def test_progress_grows_and_is_told_again_and_again(serve: Serve, era: str, mark: Any) -> None:
    heard: list[tuple[float, float | None, str | None]] = []

    async def progressed(progress: float, total: float | None, message: str | None) -> None:
        heard.append((progress, total, message))

    async with Client(serve(limits=Limits(heartbeat_seconds=0.25)), mode=era) as client:
        await client.call_tool("nap", {"seconds": 2, "mark": str(mark)}, progress_callback=progressed)
    values = [progress for progress, _, _ in heard]
    assert len(values) >= 3
    assert all(later > earlier for earlier, later in pairwise(values))
    assert {total for _, total, _ in heard} == {100}
    assert heard[-1][2] == "asleep" and values[-1] > 50


async def test_a_call_that_only_waits_for_a_place_has_a_heartbeat_too(serve: Serve, mark: Any) -> None:
    notes: list[str | None] = []

    async def progressed(progress: float, total: float | None, message: str | None) -> None:
        notes.append(message)

    async with Client(serve(workers=1, limits=Limits(answer_seconds=1.5, heartbeat_seconds=0.3))) as client:
        first = asyncio.create_task(client.call_tool("nap", {"seconds": 60, "mark": str(mark)}))
        await mark.processes()
        await client.call_tool("nap", {"seconds": 61, "mark": str(mark)}, progress_callback=progressed)
        first.cancel()
    assert len(notes) >= 3
    assert notes[-1] == "waiting for a free place"


async def test_a_cancelled_call_is_killed_with_all_that_it_started(serve: Serve, era: str, mark: Any) -> None:
    async with Client(serve(), mode=era) as client:
        call = asyncio.create_task(client.call_tool("nap", {"seconds": 60, "mark": str(mark)}))
        processes = await mark.processes(call)
        assert all(map(mark.lives, processes)) and len(processes) == 2
        call.cancel()
        assert await mark.all_end(processes)


async def test_a_call_that_two_wait_for_goes_on_when_one_leaves(serve: Serve, body: Body, mark: Any) -> None:
    arguments = {"seconds": 60, "mark": str(mark)}
    server = serve()
    async with Client(server) as one, Client(server) as other:
        leaving = asyncio.create_task(one.call_tool("nap", arguments))
        staying = asyncio.create_task(other.call_tool("nap", arguments))
        await mark.processes(staying)
        leaving.cancel()
        mark.wake()
        assert body(await staying)["text"] == "slept 60 s"
    assert mark.naps() == 1


async def test_job_cancel_kills_the_work(serve: Serve, era: str, body: Body, mark: Any) -> None:
    async with Client(serve(limits=QUICK), mode=era) as client:
        job = body(await client.call_tool("nap", {"seconds": 60, "mark": str(mark)}))["job_id"]
        processes = await mark.processes()
        cancelled = body(await client.call_tool("job_cancel", {"job_id": job}))
        assert cancelled["status"] == "cancelled"
        assert await mark.all_end(processes)
        assert body(await client.call_tool("job_status", {"job_id": job}))["status"] == "cancelled"
        assert body(await client.call_tool("job_cancel", {"job_id": job}))["status"] == "cancelled"


async def test_a_failed_job_is_an_error_that_says_why(serve: Serve, body: Body, mark: Any) -> None:
    async with Client(serve(workers=1, limits=QUICK)) as client:
        blocking = body(await client.call_tool("nap", {"seconds": 60, "mark": str(mark)}))
        waiting = body(await client.call_tool("refuse", {"letters": 3}))
        assert waiting["status"] == "running"
        mark.wake()
        failed = await client.call_tool("job_status", {"job_id": waiting["job_id"]})
        assert failed.is_error is True
        assert body(failed)["status"] == "failed"
        assert isinstance(failed.content[1], TextContent)
        assert failed.content[1].text == "The film is torn. xxx Mend it."
        await client.call_tool("job_status", {"job_id": blocking["job_id"]})


async def test_a_call_whose_job_failed_is_made_again(serve: Serve, body: Body, mark: Any, settings: Settings) -> None:
    jobs = JobStore(Library(settings.home))
    server = serve(workers=1, limits=QUICK)
    async with Client(server) as client:
        blocking = body(await client.call_tool("nap", {"seconds": 60, "mark": str(mark)}))["job_id"]
        failing = body(await client.call_tool("refuse", {"letters": 3}))["job_id"]
        mark.wake()
        await client.call_tool("job_status", {"job_id": blocking})
        while (row := jobs.get(failing, "local")) and row.status == "running":  # noqa: ASYNC110 - another process writes
            await asyncio.sleep(0.05)
        server.service.jobs._limits = Limits()  # however long a busy machine takes
        again = await client.call_tool("refuse", {"letters": 3})
        assert again.is_error is True and "job_id" not in again.model_dump_json()
        assert len(jobs.latest("local")) == 2, "the second call took no job"


async def test_too_many_jobs_are_refused_with_their_names(serve: Serve, body: Body, mark: Any) -> None:
    limits = Limits(answer_seconds=0.3, most_jobs=2)
    async with Client(serve(limits=limits)) as client:
        jobs = [body(await client.call_tool("nap", {"seconds": 60 + n, "mark": str(mark)}))["job_id"] for n in range(2)]
        third = await client.call_tool("nap", {"seconds": 90, "mark": str(mark)})
        assert third.is_error is True
        assert isinstance(third.content[0], TextContent)
        assert all(job in third.content[0].text for job in jobs) and "job_cancel" in third.content[0].text
        for job in jobs:
            await client.call_tool("job_cancel", {"job_id": job})


async def test_a_result_that_was_fetched_takes_no_memory_any_more(serve: Serve, body: Body, mark: Any) -> None:
    server = serve(limits=QUICK)
    async with Client(server) as client:
        job = body(await client.call_tool("nap", {"seconds": 60, "mark": str(mark)}))["job_id"]
        kept = weakref.ref(server.service.jobs.begun.get(job, "local"))
        mark.wake()
        assert body(await client.call_tool("job_status", {"job_id": job}))["status"] == "done"
        gc.collect()
        assert kept() is None


async def test_a_clock_that_is_set_back_gives_no_negative_times(
    serve: Serve, body: Body, mark: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time
    async with Client(serve(limits=QUICK)) as client:
        job = body(await client.call_tool("nap", {"seconds": 60, "mark": str(mark)}))["job_id"]
        monkeypatch.setattr(time, "time", lambda: now() - 3600)
        assert body(await client.call_tool("job_status", {"job_id": job, "wait_seconds": 0}))["seconds"] == 0
        mark.wake()
        assert body(await client.call_tool("job_status", {"job_id": job}))["seconds"] == 0
