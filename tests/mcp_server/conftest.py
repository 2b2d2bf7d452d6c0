"""A server with some tools that misbehave beside those of the catalog."""

import asyncio
import importlib
import json
import os
import shutil
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx2
import pytest
import uvicorn
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CallToolResult

from sensorium.mcp_server.access import Access
from sensorium.mcp_server.app import MediaServer, build_server
from sensorium.mcp_server.groups import ALL
from sensorium.mcp_server.serve import web_app
from sensorium.mcp_server.service import Options
from sensorium.mcp_server.tokens import Tokens
from sensorium.tools import catalog
from sensorium.tools.base.settings import Settings
from sensorium.tools.base.tool import Tool

TOKENS = {"token-of-the-first-client": "first", "token-of-the-second-client": "second"}


@contextmanager
def _module(name: str) -> Iterator[ModuleType]:
    """Load a helper module of this folder, which is no package."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(Path(__file__).parent))
        yield importlib.import_module(name)
        sys.modules.pop(name)


@pytest.fixture(scope="session")
def misbehaving() -> Iterator[Mapping[str, Tool]]:
    """Tools in a module that worker processes find too."""
    with pytest.MonkeyPatch.context() as patch, _module("misbehaving_tools") as module:
        patch.setenv("PYTHONPATH", str(Path(__file__).parent))
        yield {name: one for name, one in vars(module).items() if isinstance(one, Tool)}


@pytest.fixture(scope="session")
def provider() -> Iterator[ModuleType]:
    """An identity provider's keys and tokens, `issuing.py`."""
    with _module("issuing") as module:
        yield module


@pytest.fixture(scope="session")
def tasking() -> Iterator[ModuleType]:
    """Clients that take tasks, `tasking.py`."""
    with _module("tasking") as module:
        yield module


@pytest.fixture
def issuer(provider: ModuleType) -> Iterator[Any]:
    """Run that provider on loopback."""
    with provider.issuing() as running:
        yield running


@pytest.fixture(scope="session")
def _films(tmp_path_factory: pytest.TempPathFactory, making: ModuleType) -> Path:
    folder = tmp_path_factory.mktemp("films")
    slides = [making.slide("First slide"), making.slide("Second slide", colour="navy", ink="white")]
    making.video(folder / "talk.mp4", lambda n: slides[n // 20], seconds=4, sound=making.tone(4))
    making.slide("A picture\nwith two lines", width=1600, height=900).save(folder / "slide.png")
    return folder


@pytest.fixture
def films(tmp_path: Path, _films: Path) -> Path:
    """An allowed folder with a short film and a picture, made once and copied for each test."""
    return shutil.copytree(_films, tmp_path.resolve() / "films")


@pytest.fixture
def serve(settings: Settings, films: Path, misbehaving: Mapping[str, Tool]) -> Callable[..., MediaServer]:
    """Build a server with all tools; keyword arguments are its options."""

    def build(**options: Any) -> MediaServer:
        given = replace(Options(groups=frozenset({ALL})), **options)
        return build_server(settings, {**catalog(), **misbehaving}, Access.to([films], private=settings.home), given)

    return build


@pytest.fixture
def body() -> Callable[[CallToolResult], dict[str, Any]]:
    """Return the JSON of a result's first text."""

    def read(result: CallToolResult) -> dict[str, Any]:
        first = result.content[0]
        assert first.type == "text" and first.text.startswith("{"), result
        return dict(json.loads(first.text))

    return read


@pytest.fixture(params=["legacy", "2026-07-28"])
def era(request: pytest.FixtureRequest) -> str:
    """Which handshake the client speaks."""
    return str(request.param)


@dataclass(frozen=True)
class Mark:
    """The file in which napping tools leave the numbers of their processes; as text, its path."""

    path: Path

    def __str__(self) -> str:
        return str(self.path)

    def naps(self) -> int:
        """Return how many naps began."""
        return len(self.path.read_text().splitlines())

    def wake(self) -> None:
        """Let the naps end, those that begin later too."""
        Path(f"{self.path}.woken").touch()

    async def processes(self, call: "asyncio.Task[Any] | None" = None) -> list[int]:
        """Return the processes of the naps that began, as soon as one did; the call for it must not end before."""
        async with asyncio.timeout(30):
            while not (self.path.exists() and self.path.read_text().endswith("\n")):
                if call and call.done():
                    pytest.fail(f"the call ended before its work began: {call!r}")
                await asyncio.sleep(0.02)
        return [int(one) for one in self.path.read_text().split()]

    @staticmethod
    def lives(process: int) -> bool:
        """Tell whether a process is there and no zombie; where there is no `/proc`, zombies count too."""
        try:
            state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            try:
                os.kill(process, 0)
            except OSError:
                return False
            return not Path("/proc/self").exists()
        return state != "Z"

    async def all_end(self, processes: list[int]) -> bool:
        """Tell whether all these processes end within ten seconds."""
        for _ in range(200):
            if not any(map(self.lives, processes)):
                return True
            await asyncio.sleep(0.05)
        return False


@pytest.fixture
def mark(tmp_path: Path) -> Mark:
    """The file that the naps of a test share."""
    return Mark(tmp_path / "mark")


@dataclass(frozen=True)
class Running:
    """A server on loopback."""

    address: str

    @asynccontextmanager
    async def client(self, mode: str = "auto", *, token: str = "token-of-the-first-client") -> AsyncIterator[Client]:
        """Connect with a token."""
        http = httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"}, timeout=60)
        transport = streamable_http_client(f"{self.address}/mcp", http_client=http)
        async with http, Client(transport, mode=mode) as client:
            yield client


@asynccontextmanager
async def _running(loopback: ModuleType, server: MediaServer, **given: Any) -> AsyncIterator[Running]:
    with loopback.listening() as bound:
        host = f"127.0.0.1:{bound.getsockname()[1]}"
        chosen = {"hosts": [host], "origins": [f"http://{host}"], "max_upload_bytes": 3_000_000, **given}
        tokens = chosen.pop("tokens", None) or Tokens.of(TOKENS)
        app = web_app(server, tokens, **chosen)
        web = loopback.Server(uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=2))
        serving = asyncio.create_task(web.serve(sockets=[bound]))
        while not web.started:  # noqa: ASYNC110 - it has no event for this
            await asyncio.sleep(0.01)
        try:
            yield Running(f"http://{host}")
        finally:
            web.end()
            await serving


@pytest.fixture
def running(loopback: ModuleType) -> Callable[..., AbstractAsyncContextManager[Running]]:
    """Run a server over HTTP, with two tokens."""
    return partial(_running, loopback)


@pytest.fixture
def over_stdio(tmp_path: Path, films: Path) -> Callable[..., AbstractAsyncContextManager[Client]]:
    """Start a server of its own for a client, and speak with it over its pipes."""

    @asynccontextmanager
    async def connect(mode: str, *more: str, **given: Any) -> AsyncIterator[Client]:
        here = Path(__file__).parent
        arguments = [str(here / "misbehaving_server.py"), str(tmp_path / "home"), str(films), *more]
        command = StdioServerParameters(command=sys.executable, args=arguments, env={"PYTHONPATH": str(here)})
        with (tmp_path / "log").open("w") as log:
            async with Client(stdio_client(command, errlog=log), mode=mode, **given) as client:
                yield client

    return connect


@pytest.fixture
def office(serve: Callable[..., MediaServer], tasking: ModuleType) -> MediaServer:
    """A server with tools of its own, which ask and work in it."""
    server: MediaServer = tasking.with_own_tools(serve())
    return server


@pytest.fixture(params=["memory", "http"])
def connected(
    request: pytest.FixtureRequest, running: Callable[..., Any], tasking: ModuleType
) -> Callable[[MediaServer], AbstractAsyncContextManager[Any]]:
    """Connect a client that takes tasks with a server that was built, over each transport."""

    @asynccontextmanager
    async def connect(server: MediaServer) -> AsyncIterator[Any]:
        if request.param == "memory":
            async with tasking.with_tasks(server) as tasks:
                yield tasks
        else:
            async with running(server) as web, tasking.over_http(web.address) as tasks:
                yield tasks

    return connect
