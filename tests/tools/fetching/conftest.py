"""Servers on loopback that behave as they should not, names that lead where a test says, and a count of all dials."""

import asyncio
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from sensorium.tools.fetching.addresses import networks
from sensorium.tools.fetching.dialling import Dialler
from sensorium.tools.fetching.rules import FetchRules
from sensorium.tools.fetching.spelling import read_location
from sensorium.tools.fetching.transport import Fetched, Fetching

Handler = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Web:
    """What a test's internet consists of: names, servers on loopback, and what was dialled."""

    names: dict[str, Sequence[str] | Callable[[], Sequence[str]]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    heads: list[bytes] = field(default_factory=list)
    """What the servers were sent."""
    dialled: list[tuple[str, int]] = field(default_factory=list)
    rules: FetchRules = field(default_factory=FetchRules)

    def resolve(self, host: str, port: int) -> Sequence[str]:
        """Answer as a resolver does."""
        self.asked.append(host)
        answer = self.names.get(host)
        if answer is None:
            raise OSError(f"no address for {host}")
        return answer() if callable(answer) else answer

    async def fetch(self, url: str, folder: Path) -> tuple[Fetched, bytes]:
        """Fetch as the tool does; return what is known of it and its content."""
        fetched = await Fetching(dialler=Dialler(rules=self.rules)).to_file(read_location(url), folder / "content")
        return fetched, (folder / "content").read_bytes()

    @asynccontextmanager
    async def serving(
        self, handler: Handler, *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"
    ) -> AsyncIterator[int]:
        """Serve on a free port, which may then be fetched from."""

        answering: set[asyncio.Task[None]] = set()

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task
            answering.add(task)
            try:
                head = await reader.readuntil(b"\r\n\r\n")
                self.heads.append(head)
                await handler(head, writer)
                await writer.drain()
            except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError, ssl.SSLError):
                pass  # the client went away, as most of these tests mean it to, or the test is over
            finally:
                writer.close()

        server = await asyncio.start_server(answer, host, 0, ssl=tls)
        port = server.sockets[0].getsockname()[1]
        self.rules = replace(self.rules, ports=self.rules.ports | {port})
        try:
            yield port
        finally:
            server.close()
            for task in answering:
                task.cancel()
            await asyncio.gather(*answering, return_exceptions=True)


@pytest.fixture(scope="session")
def tripwire() -> list[list[tuple[str, int]]]:
    """Lists that get every connection that this process dials, by whatever way; there is no way to take it off."""
    counting: list[list[tuple[str, int]]] = []

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if event == "socket.connect" and isinstance(args[1], tuple):
            for dialled in counting:
                dialled.append((str(args[1][0]), int(args[1][1])))

    sys.addaudithook(hook)
    return counting


@pytest.fixture
def web(tripwire: list[list[tuple[str, int]]]) -> Iterator[Web]:
    """A web on 127.0.0.2, which counts as public here; any dial to elsewhere that is not public fails the test."""
    made = Web()
    made.rules = FetchRules(
        resolver=made.resolve,
        also_public=networks(["127.0.0.2/32"]),
        seconds=30.0,
        connect_seconds=10.0,
        read_seconds=10.0,
        max_bytes=1_000_000,
    )
    made.names["good.example"] = ["127.0.0.2"]
    tripwire.append(made.dialled)
    yield made
    tripwire.remove(made.dialled)
    forbidden = [one for one in made.dialled if not (ip_address(one[0]).is_global or one[0] == "127.0.0.2")]
    assert forbidden == []


@pytest.fixture
def answer() -> Callable[..., Handler]:
    """Return a server's handler that gives one answer to everything."""

    def make(body: bytes = b"", status: str = "200 OK", **headers: str) -> Handler:
        async def handler(head: bytes, writer: asyncio.StreamWriter) -> None:
            lines = {"Content-Length": str(len(body))} | {name.replace("_", "-"): one for name, one in headers.items()}
            writer.write(f"HTTP/1.1 {status}\r\n".encode())
            writer.write("".join(f"{name}: {one}\r\n" for name, one in lines.items()).encode() + b"\r\n" + body)

        return handler

    return make


@pytest.fixture(scope="session")
def certificate(
    tmp_path_factory: pytest.TempPathFactory, needs_program: Callable[..., str]
) -> Callable[[str], tuple[Path, Path]]:
    """Make a self-signed certificate for a name; returns its file and that of its key."""
    openssl = needs_program("openssl")

    def make(name: str) -> tuple[Path, Path]:
        folder = tmp_path_factory.mktemp("certificates")
        command = [openssl, "req", "-x509", "-nodes", "-days", "2", "-newkey", "ec", "-pkeyopt"]
        command += ["ec_paramgen_curve:prime256v1", "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}"]
        command += ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
        subprocess.run(command, check=True, capture_output=True)
        return folder / "cert.pem", folder / "key.pem"

    return make
