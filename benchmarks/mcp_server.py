"""The MCP server against a bare `MCPServer` with one tool: start, trivial calls, many calls, pings beside work.

    python benchmarks/mcp_server.py [VIDEO]
    python benchmarks/mcp_server.py --long-job

Without a video it takes the talk among the media samples (see `samples.py`). Bare and ours take turns, so that what
else the machine does meets both. A cell is the median, the time that 99 of 100 calls stay under, and what a call costs
the server and its workers in CPU time; the ratios are of the medians and of the CPU times.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import anyio
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp_servers import Served, Servers
from samples import TALK
from videos import numbered

STARTS, ROUNDS, CALLS_A_ROUND = 15, 40, 10
LOAD_ROUNDS, LOAD_CALLS, LOADS = 5, 200, (10, 64)
JOB_SECONDS, MINUTES = 30.0, 20
LONG_SECONDS, LIMIT_SECONDS = 480.0, 60.0

HELLO = {"text": "hello"}
NO_FILE = "a call that needs no file"

Call = Callable[[], Awaitable[Any]]


def main() -> None:
    options = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    options.add_argument("video", nargs="?", type=Path, default=TALK)
    options.add_argument("--long-job", action="store_true", help="eight minutes through a client that waits for one")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        if chosen.long_job:
            asyncio.run(_long_jobs(Path(folder)))
        elif chosen.video.is_file():
            asyncio.run(_measure(chosen.video.resolve(), Path(folder)))
        else:
            sys.exit("Give a video: python benchmarks/mcp_server.py VIDEO")


async def _measure(video: Path, folder: Path) -> None:
    film = numbered(MINUTES)
    servers = Servers(folder, [video.parent, film.parent])
    print("| what | bare | ours | ratio: time, CPU |\n|---|---|---|---|")
    await _starts(servers)
    async with servers.stdio(bare=True) as bare, servers.stdio(bare=False) as ours:
        await _calls("stdio", bare, ours, video)
    async with servers.http(bare=True) as bare, servers.http(bare=False) as ours:
        await _calls("HTTP", bare, ours, video)
        for at_once in LOADS:
            await _loads(at_once, bare.client, ours.client, video)
    async with servers.stdio(bare=True) as bare, servers.stdio(bare=False) as ours:
        await _pings(bare.client, ours.client, video, film)


@dataclass
class Took:
    """What some calls took."""

    seconds: list[float] = field(default_factory=list)
    cpu_microseconds: float = 0.0

    def __str__(self) -> str:
        milliseconds = [1000 * one for one in self.seconds]
        cpu = f", CPU {self.cpu / 1000:.2f}" if self.cpu else ""
        return f"{self.median * 1000:.2f} ms, 99 % {statistics.quantiles(milliseconds, n=100)[98]:.1f}{cpu}"

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    @property
    def cpu(self) -> float:
        return self.cpu_microseconds / len(self.seconds)


async def _starts(servers: Servers) -> None:
    took = {True: Took(), False: Took()}
    for _ in range(STARTS):
        for bare, one in took.items():
            began = time.perf_counter()
            async with servers.stdio(bare=bare) as served:
                await served.client.list_tools()
                one.seconds.append(time.perf_counter() - began)
                one.cpu_microseconds += served.cpu_microseconds()
    _row("start to the first `tools/list`", took[True], took[False])


def _kinds(ours: Client, video: Path) -> dict[str, Call]:
    """Return calls of ours that cost more and more."""
    probe = {"media": str(video)}
    pages = count(2)  # each is another call: the library knows its result, the server does not
    return {
        NO_FILE: lambda: ours.call_tool("job_status", {"job_id": "unknown", "wait_seconds": 0}),
        "`probe_media` again": lambda: ours.call_tool("probe_media", probe),
        "`probe_media`, known to the library alone": lambda: ours.call_tool(
            "probe_media", {**probe, "page": next(pages) % 9000 + 2}
        ),
    }


async def _calls(name: str, bare: Served, ours: Served, video: Path) -> None:
    # It decodes, then the library knows, then the server.
    first = [await _timed(lambda: ours.client.call_tool("probe_media", {"media": str(video)})) for _ in range(3)]
    if name == "stdio":
        print(f"| the first `probe_media`, which starts a process and decodes | | {1000 * first[0]:.0f} ms | |")
    for kind, call in _kinds(ours.client, video).items():
        took = Took(), Took()
        for _ in range(ROUNDS):
            await _round(bare, lambda: bare.client.call_tool("echo", HELLO), took[0])
            await _round(ours, call, took[1])
        _row(f"{kind}, {name}", *took)


async def _round(served: Served, call: Call, took: Took) -> None:
    before = served.cpu_microseconds()
    for _ in range(CALLS_A_ROUND):
        took.seconds.append(await _timed(call))
    took.cpu_microseconds += served.cpu_microseconds() - before


async def _timed(call: Call) -> float:
    started = time.perf_counter()
    await call()
    return time.perf_counter() - started


async def _loads(at_once: int, bare: Client, ours: Client, video: Path) -> None:
    for kind, call in _kinds(ours, video).items():
        rates: tuple[list[float], list[float]] = [], []
        failed = 0
        for _ in range(LOAD_ROUNDS):
            rates[0].append((await _rate(lambda: bare.call_tool("echo", HELLO), at_once))[0])
            rate, errors = await _rate(call, at_once)
            rates[1].append(rate)
            failed += errors
        one, other = map(statistics.median, rates)
        # That there is no such job is said as an error.
        errors_said = "" if kind == NO_FILE else f", {failed} errors in {LOAD_ROUNDS * LOAD_CALLS}"
        what = f"{LOAD_CALLS} calls, {at_once} at a time: {kind}, HTTP"
        print(f"| {what} | {one:.0f}/s | {other:.0f}/s{errors_said} | {other / one:.2f} |", flush=True)


async def _rate(call: Call, at_once: int) -> tuple[float, int]:
    left, errors = LOAD_CALLS, 0

    async def work() -> None:
        nonlocal left, errors
        while left > 0:
            left -= 1
            try:
                errors += bool((await call()).is_error)
            except Exception:
                errors += 1

    started = time.perf_counter()
    async with anyio.create_task_group() as group:
        for _ in range(at_once):
            group.start_soon(work)
    return LOAD_CALLS / (time.perf_counter() - started), errors


async def _pings(bare: Client, ours: Client, talk: Path, film: Path) -> None:
    """Ping both servers by turns, while nothing runs and while ours works on two films as hard as it may."""
    calm = await _pinged(bare, ours, until=time.perf_counter() + JOB_SECONDS / 3)
    print(f"| a ping, while nothing runs | {calm[0]} | {calm[1]} | |")
    # The same one again, in other words, when it ends too early: there is work as long as there are pings.
    lanes = [
        [("transcribe", {"media": str(talk), **one}) for one in ({}, {"language": "en"}, {"language": "de"})],
        [("find_scenes", {"media": str(film), "exact": True, "sensitivity": one}) for one in ("normal", "high", "low")],
    ]
    work = [asyncio.create_task(_worked(ours, lane)) for lane in lanes]
    busy = await _pinged(bare, ours, until=time.perf_counter() + JOB_SECONDS)
    for one in work:
        if one.done():
            await one  # to say why: there must be work as long as there are pings
            raise AssertionError("The work ended before the pings. Give a longer video.")
        one.cancel()
    what = f"`transcribe` of {talk.stem} and exact `find_scenes` of {MINUTES} minutes of 720p, for {JOB_SECONDS:g} s"
    print(f"| a ping beside {what} | {busy[0]} | {busy[1]} | |", flush=True)


async def _worked(client: Client, calls: list[tuple[str, dict[str, Any]]]) -> None:
    for name, arguments in calls:
        result = await client.call_tool(name, arguments)
        assert not result.is_error, result.content


async def _pinged(bare: Client, ours: Client, *, until: float) -> tuple[Took, Took]:
    took = Took(), Took()
    while time.perf_counter() < until:
        for one, client in zip(took, (bare, ours), strict=True):
            one.seconds.append(await _timed(client.session.send_ping))
        await asyncio.sleep(0.01)
    return took


async def _long_jobs(folder: Path) -> None:
    """Have both eras wait for a job of eight minutes, through a client that waits for no answer longer than one."""
    print("| an eight-minute job, a client with a limit of 60 s | requests | the longest | done after | result |")
    print("|---|---|---|---|---|", flush=True)
    await asyncio.gather(*(_long_job(era, folder / era) for era in ("legacy", "2026-07-28")))


async def _long_job(era: str, folder: Path) -> None:
    await asyncio.to_thread(folder.mkdir)
    code = "import napping; napping.main()"
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}  # workers look for the tool there, too
    command = StdioServerParameters(command=sys.executable, args=["-c", code, str(folder / "home")], env=env)
    requests: list[float] = []
    began = time.perf_counter()

    async with Client(stdio_client(command), mode=era, read_timeout_seconds=LIMIT_SECONDS) as client:

        async def ask(tool: str, arguments: dict[str, Any]) -> list[Any]:
            started = time.perf_counter()
            result = await client.call_tool(tool, arguments)
            requests.append(time.perf_counter() - started)
            return [one.text for one in result.content]

        said = json.loads((await ask("nap", {"seconds": LONG_SECONDS}))[0])
        while said["status"] == "running":
            said, *rest = map(json.loads, await ask("job_status", {"job_id": said["job_id"], "wait_seconds": 25}))
    taken = time.perf_counter() - began
    print(f"| {era} | {len(requests)} | {max(requests):.1f} s | {taken:.1f} s | {said['status']}: {rest} |", flush=True)


def _row(name: str, bare: Took, ours: Took) -> None:
    cpu = f", {ours.cpu / bare.cpu:.2f}" if bare.cpu else ""
    print(f"| {name} | {bare} | {ours} | {ours.median / bare.median:.2f}{cpu} |", flush=True)


if __name__ == "__main__":
    main()
