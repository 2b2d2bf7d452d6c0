"""The MCP server against a bare `MCPServer` with one tool: start, trivial calls, many calls, pings beside work.

    python benchmarks/mcp_server.py [VIDEO]

Without a video it takes the talk among the media samples (see `samples.py`).
"""

import asyncio
import contextlib
import os
import re
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

import anyio
import httpx2
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client
from samples import TALK

STARTS, CALLS, LOAD_CALLS, IN_FLIGHT, PING_SECONDS = 11, 200, 200, 64, 20.0
_NO_LOG = Path(os.devnull).open("w")  # noqa: SIM115 - for as long as the process lives
BARE = """
import sys, time
from mcp.server import MCPServer
server = MCPServer("bare", log_level="WARNING")
@server.tool()
async def echo(text: str) -> str:
    "Give a text back."
    return text
if len(sys.argv) > 1:
    server.run("streamable-http", port=int(sys.argv[1]))
else:
    server.run("stdio")
"""


def main() -> None:
    video = Path(sys.argv[1]) if len(sys.argv) > 1 else TALK
    if not video.is_file():
        sys.exit("Give a video: python benchmarks/mcp_server.py VIDEO")
    print("| what | bare | ours | ratio |")
    print("|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder, contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_measure(video, Path(folder)))


async def _measure(video: Path, folder: Path) -> None:
    (folder / "bare.py").write_text(BARE)
    env = {**os.environ, "SENSORIUM_HOME": str(folder / "home"), "SENSORIUM_OFFLINE": "1"}
    bare = StdioServerParameters(command=sys.executable, args=[str(folder / "bare.py")], env=env)
    arguments = ["-m", "sensorium.mcp_server", "--allow-dir", str(video.parent)]
    ours = StdioServerParameters(command=sys.executable, args=arguments, env=env)
    probe = {"media": str(video)}

    starts: dict[str, list[float]] = {"bare": [], "ours": []}
    for _ in range(STARTS):  # by turns, so that other load meets both
        starts["bare"].append(await _start(bare))
        starts["ours"].append(await _start(ours))
    _row("start to the first tools/list, median", statistics.median(starts["bare"]), statistics.median(starts["ours"]))

    async with _stdio(bare) as one, _stdio(ours) as other:
        await _row_of_calls("stdio", one, other, probe)
    async with _http(["python", str(folder / "bare.py")], env, bare=True) as one, _http(arguments, env) as other:
        await _row_of_calls("HTTP", one, other, probe)
        await _load("200 calls, 10 at a time: calls a second", one, other, probe, 10)
        await _load(f"{IN_FLIGHT} in flight: calls a second", one, other, probe, IN_FLIGHT)
    async with _stdio(ours) as client:
        await _pings(client, video)


async def _start(command: StdioServerParameters) -> float:
    started = time.perf_counter()
    async with _stdio(command) as client:
        await client.list_tools()
        return time.perf_counter() - started


@asynccontextmanager
async def _stdio(command: StdioServerParameters) -> AsyncIterator[Client]:
    async with Client(stdio_client(command, errlog=_NO_LOG), mode="legacy") as client:
        yield client


@asynccontextmanager
async def _http(arguments: Sequence[str], env: dict[str, str], *, bare: bool = False) -> AsyncIterator[Client]:
    command = [sys.executable, arguments[1], "8765"] if bare else [sys.executable, *arguments, "--http", "127.0.0.1:0"]
    process = await asyncio.create_subprocess_exec(*command, env=env, stderr=asyncio.subprocess.PIPE)
    assert process.stderr
    headers, address = {}, "http://127.0.0.1:8765"
    if not bare:
        found = re.search(
            r"Serving (http://[\d.:]+)/mcp; the token is in (.+)", (await process.stderr.readline()).decode()
        )
        assert found
        address, headers = found[1], {"Authorization": f"Bearer {_token(found[2])}"}
    while not await _answers(address):  # noqa: ASYNC110 - another process
        await asyncio.sleep(0.1)
    draining = asyncio.create_task(process.stderr.read())
    try:
        http = httpx2.AsyncClient(headers=headers, timeout=120, limits=httpx2.Limits(max_connections=IN_FLIGHT + 8))
        transport = streamable_http_client(f"{address}/mcp", http_client=http)
        async with http, Client(transport, mode="2026-07-28") as client:
            yield client
    finally:
        process.terminate()
        await process.wait()
        draining.cancel()


async def _answers(address: str) -> bool:
    try:
        async with httpx2.AsyncClient() as http:
            await http.get(address)
    except httpx2.TransportError:
        return False
    return True


def _token(path: str) -> str:
    return Path(path.strip()).read_text().strip()


async def _row_of_calls(name: str, bare: Client, ours: Client, probe: dict[str, str]) -> None:
    await ours.call_tool("probe_media", probe)  # the first call starts a worker and decodes
    unknown = {"job_id": "unknown", "wait_seconds": 0}
    times: dict[str, list[float]] = {"bare": [], "in the server": [], "through the door": []}
    for _ in range(CALLS):
        times["bare"].append(await _timed(lambda: bare.call_tool("echo", {"text": "hello"})))
        times["in the server"].append(await _timed(lambda: ours.call_tool("job_status", unknown)))
        times["through the door"].append(await _timed(lambda: ours.call_tool("probe_media", probe)))
    base = statistics.median(times["bare"])
    for kind in ("in the server", "through the door"):
        _row(f"a trivial call {kind}, {name}, median", base, statistics.median(times[kind]))


async def _timed(call: Callable[[], Awaitable[object]]) -> float:
    started = time.perf_counter()
    await call()
    return time.perf_counter() - started


async def _load(name: str, bare: Client, ours: Client, probe: dict[str, str], at_once: int) -> None:
    numbers = count(1)  # the same call at the same time would be one call
    one, _ = await _rate(lambda: bare.call_tool("echo", {"text": "hello"}), at_once)
    other, errors = await _rate(
        lambda: ours.call_tool("probe_media", {**probe, "page": 1 + next(numbers) % 5000}), at_once
    )
    print(f"| {name} | {one:.0f} | {other:.0f}, {errors} errors | {other / one:.2f} |", flush=True)


async def _rate(call: Callable[[], Awaitable[object]], at_once: int) -> tuple[float, int]:
    left, errors = LOAD_CALLS, 0

    async def work() -> None:
        nonlocal left, errors
        while left > 0:
            left -= 1
            errors += bool(getattr(await call(), "is_error", True))

    started = time.perf_counter()
    async with anyio.create_task_group() as group:
        for _ in range(at_once):
            group.start_soon(work)
    return LOAD_CALLS / (time.perf_counter() - started), errors


async def _pings(client: Client, video: Path) -> None:
    """Ping while a transcription keeps both cores busy, and without it."""
    calm = [await _timed(client.session.send_ping) for _ in range(CALLS)]
    job = asyncio.create_task(client.call_tool("transcribe", {"media": str(video)}))
    await asyncio.sleep(3)
    busy: list[float] = []
    until = time.perf_counter() + PING_SECONDS
    while time.perf_counter() < until and not job.done():
        busy.append(await _timed(client.session.send_ping))
        await asyncio.sleep(0.01)
    job.cancel()
    p99 = [1000 * statistics.quantiles(one, n=100)[98] for one in (calm, busy)]
    print(f"| ping p99 beside a transcription (bare: without it), ms | {p99[0]:.1f} | {p99[1]:.1f} | |", flush=True)


def _row(name: str, bare: float, ours: float) -> None:
    print(f"| {name}, ms | {1000 * bare:.1f} | {1000 * ours:.1f} | {ours / bare:.2f} |", flush=True)


if __name__ == "__main__":
    main()
