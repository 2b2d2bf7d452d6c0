"""Start a bare MCP server and ours, and speak to both the same way."""

import asyncio
import os
import re
import socket
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client

MOST_CONNECTIONS = 80
_NO_LOG = Path(os.devnull).open("w")  # noqa: SIM115 - for as long as the process lives
BARE = """
import sys
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


@dataclass
class Served:
    """A server, with a client that is connected to it."""

    client: Client
    process: int

    def cpu_microseconds(self) -> float:
        """Return what the server and its workers have computed until now (Linux only, else 0)."""
        found = [self.process, *_children(self.process)]
        return sum(_cpu_nanoseconds(one) for one in found) / 1000


@dataclass
class Servers:
    """How both are started."""

    folder: Path
    """For the bare server's code and our home."""
    allowed: Sequence[Path]
    """Folders whose files ours may read."""
    env: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        (self.folder / "bare.py").write_text(BARE)
        self.env = {**os.environ, "SENSORIUM_HOME": str(self.folder / "home"), "SENSORIUM_OFFLINE": "1"}

    def command(self, *, bare: bool) -> StdioServerParameters:
        """Return what serves on standard input."""
        ours = ["-m", "sensorium.mcp_server", "--allow-dir", *map(str, self.allowed)]
        arguments = [str(self.folder / "bare.py")] if bare else ours
        return StdioServerParameters(command=sys.executable, args=arguments, env=self.env)

    @asynccontextmanager
    async def stdio(self, *, bare: bool) -> AsyncIterator[Served]:
        """Serve on standard input, with the handshake that most clients have."""
        before = set(_children(os.getpid()))
        async with Client(stdio_client(self.command(bare=bare), errlog=_NO_LOG), mode="legacy") as client:
            started = set(_children(os.getpid())) - before
            yield Served(client, next(iter(started), 0))

    @asynccontextmanager
    async def http(self, *, bare: bool) -> AsyncIterator[Served]:
        """Serve over HTTP, without a handshake."""
        process = await asyncio.create_subprocess_exec(
            *self._http_command(bare=bare), env=self.env, stderr=asyncio.subprocess.PIPE
        )
        assert process.stderr
        try:
            address, headers = f"http://127.0.0.1:{self._port}", {}
            if not bare:
                address, headers = _said((await process.stderr.readline()).decode())
            draining = asyncio.create_task(process.stderr.read())
            while not await _answers(address):  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.1)
            # Sooner than uvicorn's 5 s: a request must not meet the end of an idle connection.
            limits = httpx2.Limits(max_connections=MOST_CONNECTIONS, keepalive_expiry=2)
            http = httpx2.AsyncClient(headers=headers, timeout=120, limits=limits)
            transport = streamable_http_client(f"{address}/mcp", http_client=http)
            async with http, Client(transport, mode="2026-07-28") as client:
                yield Served(client, process.pid)
            draining.cancel()
        finally:
            process.terminate()
            await process.wait()

    def _http_command(self, *, bare: bool) -> Sequence[str]:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        serving = self.command(bare=bare)
        more = [str(self._port)] if bare else ["--http", f"127.0.0.1:{self._port}"]
        return [serving.command, *serving.args, *more]


def _said(line: str) -> tuple[str, dict[str, str]]:
    """Return the address and the headers that our server's first line tells of."""
    found = re.search(r"Serving (http://[\d.:]+)/mcp; the token is in (.+)", line)
    assert found, line
    return found[1], {"Authorization": f"Bearer {Path(found[2].strip()).read_text().strip()}"}


async def _answers(address: str) -> bool:
    try:
        async with httpx2.AsyncClient() as http:
            await http.get(address)
    except httpx2.TransportError:
        return False
    return True


def _children(process: int) -> list[int]:
    found = []
    for one in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(one.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue  # it has ended
        if parent == process:
            found.append(int(one.parent.name))
    return found


def _cpu_nanoseconds(process: int) -> int:
    total = 0
    for one in Path(f"/proc/{process}/task").glob("*/schedstat"):
        try:
            total += int(one.read_text().split()[0])
        except OSError:
            continue
    return total
