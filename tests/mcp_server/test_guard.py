"""The door of the HTTP server: pages, streams that end with their token, connections on which nothing comes."""

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx2
import pytest
import uvicorn

from sensorium.mcp_server import guard, patience
from sensorium.mcp_server.guard import LARGEST_HEAD_BYTES
from sensorium.mcp_server.issuer_keys import keys_at
from sensorium.mcp_server.jwt_tokens import LEEWAY_SECONDS, JwtTokens
from sensorium.mcp_server.patience import ImpatientProtocol
from sensorium.mcp_server.protected_resource import ProtectedResource
from sensorium.mcp_server.serve import Web, own_hosts, serve_http
from sensorium.tools.base.errors import SettingsError

pytestmark = pytest.mark.usefixtures("loopback")

TOKEN = {"Authorization": "Bearer token-of-the-first-client"}
PAGE = "https://page.example"
JSON = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}
INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}},
}
LISTEN = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "subscriptions/listen",
    "params": {
        "notifications": {"toolsListChanged": True},
        "_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
            "io.modelcontextprotocol/clientCapabilities": {},
        },
    },
}


async def test_a_page_that_is_allowed_can_call_and_read_the_answer_and_no_other_can(
    serve: Callable[..., Any], running: Callable[..., Any]
) -> None:
    asking = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,mcp-method"}
    async with (
        running(serve(), origins=[PAGE]) as web,
        httpx2.AsyncClient(base_url=web.address, headers={"Origin": PAGE}, timeout=30) as page,
    ):
        asked = await page.options("/mcp", headers=asking)
        assert asked.status_code == 200
        assert asked.headers["access-control-allow-origin"] == PAGE
        assert "authorization" in asked.headers["access-control-allow-headers"]
        assert "access-control-allow-credentials" not in asked.headers
        called = await page.post("/mcp", headers=JSON | TOKEN, json=INITIALIZE)
        assert (called.status_code, called.headers["access-control-allow-origin"]) == (200, PAGE)
        assert "Mcp-Session-Id" in called.headers["access-control-expose-headers"]
        unknown = await page.post("/mcp", headers=JSON, json=INITIALIZE)
        assert (unknown.status_code, unknown.headers["access-control-allow-origin"]) == (401, PAGE)
        for origin in ("https://evil.example", "http://page.example", f"{PAGE}.evil.example", "null", web.address):
            for answer in (
                await page.options("/mcp", headers={**asking, "Origin": origin}),
                await page.post("/mcp", headers={**JSON, **TOKEN, "Origin": origin}, json=INITIALIZE),
            ):
                assert answer.status_code == 403, origin
                assert "access-control-allow-origin" not in answer.headers
        assert (await page.options("/mcp", headers={**asking, "Host": "evil.example"})).status_code == 421


async def test_a_stream_ends_with_the_token_that_opened_it(
    serve: Callable[..., Any],
    running: Callable[..., Any],
    provider: ModuleType,
    issuer: Any,
    caplog: pytest.LogCaptureFixture,
) -> None:
    believing = JwtTokens(keys=keys_at(issuer.url), issuer=provider.ISSUER, audience=provider.AUDIENCE)
    async with running(serve(), jwt=believing) as web, httpx2.AsyncClient(base_url=web.address, timeout=20) as http:
        lasting = {"Authorization": f"Bearer {provider.token()}"}
        opened = await http.post("/mcp", headers=JSON | lasting, json=INITIALIZE)
        session = {"MCP-Protocol-Version": "2025-11-25", "Mcp-Session-Id": opened.headers["mcp-session-id"]}
        short = provider.token(exp=int(time.time() - LEEWAY_SECONDS + 3))
        ending = {**JSON, **session, "Authorization": f"Bearer {short}"}
        listens = {**ending, "MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "subscriptions/listen"}
        async with (
            asyncio.timeout(10),
            http.stream("GET", "/mcp", headers=ending) as old,
            http.stream("POST", "/mcp", headers=listens, json=LISTEN) as new,
        ):
            assert (old.status_code, new.status_code) == (200, 200)
            assert await old.aread() == b""
            assert b"acknowledged" in await new.aread()
        assert (await http.get("/mcp", headers=ending)).status_code == 401
        ping = {"jsonrpc": "2.0", "id": 2, "method": "ping"}
        assert (await http.post("/mcp", headers=JSON | lasting | session, json=ping)).status_code == 200
    assert not [one for one in caplog.records if one.levelname == "ERROR"]


async def test_one_caller_leaves_room_for_others(
    serve: Callable[..., Any], running: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "EACH", 2)
    async with running(serve()) as web, httpx2.AsyncClient(base_url=web.address, timeout=20) as http:
        opened = await http.post("/mcp", headers=JSON | TOKEN, json=INITIALIZE)
        session = {**JSON, "MCP-Protocol-Version": "2025-11-25", "Mcp-Session-Id": opened.headers["mcp-session-id"]}
        ping = {"jsonrpc": "2.0", "id": 2, "method": "ping"}

        async def statuses() -> list[int]:
            other = {"Authorization": "Bearer token-of-the-second-client"}
            answers = [await http.post("/mcp", headers=session | TOKEN, json=ping)]
            answers.append(await http.post("/mcp", headers=JSON | other, json=INITIALIZE))
            return [one.status_code for one in answers]

        began, go = asyncio.Event(), asyncio.Event()

        async def body() -> AsyncIterator[bytes]:
            yield b"x"
            began.set()
            await go.wait()

        async with http.stream("GET", "/mcp", headers=session | TOKEN):
            assert await statuses() == [200, 200]
            upload = asyncio.create_task(http.post("/upload", headers=TOKEN, content=body()))
            await began.wait()
            while (told := await statuses()) == [200, 200]:  # noqa: ASYNC110 - nothing tells when its head was read
                await asyncio.sleep(0.01)
            assert told == [429, 200]
            go.set()
            assert (await upload).status_code == 201
            assert await statuses() == [200, 200]


@asynccontextmanager
async def impatient(app: Any) -> AsyncIterator[int]:
    from sensorium_test_loopback import Server

    config = uvicorn.Config(
        app,
        port=0,
        log_config=None,
        lifespan="off",
        http=ImpatientProtocol,
    )
    server = Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - it has no event for this
        await asyncio.sleep(0.01)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.end()
        await serving


async def refusing(scope: Any, receive: Any, send: Any) -> None:
    """Answer without reading what came."""
    await send({"type": "http.response.start", "status": 401, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body"})


@pytest.mark.parametrize(
    ("head", "drip"),
    [
        (b"", b""),
        (b"", b"X-Slow: 1\r\n"),
        (b"POST / HTTP/1.1\r\nHost: x\r\n", b"X-Slow: 1\r\n"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    ],
    ids=["silent", "no request", "slow head", "slow body that nobody reads"],
)
async def test_a_connection_on_which_nothing_comes_is_closed(
    monkeypatch: pytest.MonkeyPatch, head: bytes, drip: bytes
) -> None:
    monkeypatch.setattr(patience, "HEAD_SECONDS", 0.3)
    async with impatient(refusing) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(head or (b"GET / HTTP/1.1\r\n" if drip else b""))

        async def keep_dripping() -> None:
            while drip:
                writer.write(drip)
                await writer.drain()
                await asyncio.sleep(0.05)

        dripping = asyncio.create_task(keep_dripping())
        with contextlib.suppress(ConnectionError):
            await asyncio.wait_for(reader.read(), 10)  # to the end: it was closed
        dripping.cancel()
        await asyncio.gather(dripping, return_exceptions=True)
        writer.close()


@pytest.mark.parametrize("times", [2000, 300_000], ids=["closed with a rest", "more than fits"])
async def test_a_connection_on_which_nobody_reads_is_closed(monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    monkeypatch.setattr(patience, "HEAD_SECONDS", 0.2)
    monkeypatch.setattr(patience, "UNREAD_SECONDS", 0.3)
    lost = asyncio.Event()

    class Watched(ImpatientProtocol):
        def connection_made(self, transport: Any) -> None:
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
            super().connection_made(transport)

        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            lost.set()

    monkeypatch.setattr(f"{__name__}.ImpatientProtocol", Watched)
    async with impatient(refusing) as port:
        with socket.socket() as deaf:
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            deaf.setblocking(False)
            loop = asyncio.get_running_loop()
            await loop.sock_connect(deaf, ("127.0.0.1", port))
            asking = asyncio.create_task(loop.sock_sendall(deaf, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * times))
            await asyncio.wait_for(lost.wait(), 10)
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)


@pytest.mark.parametrize("is_answered", [False, True], ids=["at once", "after the answer"])
async def test_a_body_that_turns_into_nonsense_is_no_error_of_ours(
    caplog: pytest.LogCaptureFixture, *, is_answered: bool
) -> None:
    head, answer = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", b""
    async with impatient(refusing) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        if is_answered:
            writer.write(head)
            answer, head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10), b""
        writer.write(head + b"nonsense\r\n")
        answer += await asyncio.wait_for(reader.read(), 10)
        writer.close()
    assert answer.startswith(b"HTTP/1.1 401" if is_answered else b"HTTP/1.1 400") and answer.count(b"HTTP/1.1") == 1
    assert not [one for one in caplog.records if one.levelname == "ERROR"]


async def test_a_request_that_is_served_may_take_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "HEAD_SECONDS", 0.5)

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        while (await receive())["more_body"]:
            pass
        await asyncio.sleep(0.4)
        await refusing(scope, receive, send)

    async def body() -> AsyncIterator[bytes]:
        for _ in range(3):
            await asyncio.sleep(0.1)
            yield b"x"

    async with impatient(slow) as port, httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as http:
        answers = [await http.post("/", content=body()) for _ in range(2)]
    assert [one.status_code for one in answers] == [401, 401]


@pytest.mark.parametrize("leaves", [False, True])
async def test_a_body_that_never_comes_is_not_waited_for(
    serve: Callable[..., Any],
    running: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    *,
    leaves: bool,
) -> None:
    monkeypatch.setattr(guard, "BODY_SECONDS", 0.3)
    async with running(serve()) as web:
        host, port = web.address.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        lines = ["POST /mcp HTTP/1.1", f"Host: {host}:{port}", "Content-Length: 9"]
        lines += [f"{name}: {value}" for name, value in (JSON | TOKEN).items()]
        writer.write(("\r\n".join(lines) + "\r\n\r\n{").encode())
        if leaves:
            await asyncio.sleep(0.1)
        else:
            assert b" 408 " in await asyncio.wait_for(reader.readline(), 10)
        writer.close()
    assert not [one for one in caplog.records if one.levelname == "ERROR"]


async def test_a_slash_at_the_end_of_the_address_changes_nothing(
    serve: Callable[..., Any], running: Callable[..., Any]
) -> None:
    async with running(serve()) as web, httpx2.AsyncClient(base_url=web.address, timeout=30) as http:
        assert (await http.post("/mcp/", headers=JSON | TOKEN, json=INITIALIZE)).status_code == 200
        assert (await http.post("/mcp/", headers=JSON, json=INITIALIZE)).status_code == 401
        assert (await http.post("/upload/", headers=TOKEN, content=b"x")).status_code == 404, "and leads nowhere else"


async def test_a_head_that_is_too_large_is_refused(serve: Callable[..., Any], running: Callable[..., Any]) -> None:
    async with running(serve()) as web, httpx2.AsyncClient(base_url=web.address, timeout=30) as http:
        large = "x" * LARGEST_HEAD_BYTES
        for answer in (
            await http.get("/", headers={**TOKEN, "X-Large": large}),
            await http.get(f"/{large}", headers=TOKEN),
            await http.get("/", params={"x": large}, headers=TOKEN),
        ):
            assert answer.status_code == 431


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"hosts": ["sensorium.example"]},
        {"token": True},
        {"jwt": True},
        {"hosts": ["sensorium.example"], "missing": True},
    ],
    ids=["nothing", "hosts alone", "a token alone", "an issuer alone", "a token file that is not there"],
)
def test_other_machines_are_served_only_with_names_and_tokens(
    serve: Callable[..., Any], tmp_path: Path, provider: ModuleType, given: dict[str, Any]
) -> None:
    file = tmp_path / "tokens"
    if "token" in given:
        file.write_text("0123456789abcdef\n")
    jwt = (
        JwtTokens(keys=keys_at("http://127.0.0.1:1"), issuer=provider.ISSUER, audience="x") if "jwt" in given else None
    )
    chosen = Web(
        host="0.0.0.0",
        port=0,
        token_file=None if jwt else file,
        hosts=given.get("hosts", ()),
        jwt=jwt,
    )
    with pytest.raises(SettingsError, match="--allow-host NAME"):
        serve_http(serve(), chosen)


def test_a_token_file_that_cannot_be_looked_at_is_refused_in_words(serve: Callable[..., Any], tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        serve_http(serve(), Web(host="127.0.0.1", port=0, token_file=tmp_path / ("x" * 300)))


@pytest.mark.parametrize(
    ("host", "public", "url", "metadata"),
    [
        ("127.0.0.1:8000", None, "http://127.0.0.1:8000/mcp", "http://127.0.0.1:8000/.well-known/{}/mcp"),
        ("[::1]:8000", None, "http://[::1]:8000/mcp", "http://[::1]:8000/.well-known/{}/mcp"),
        ("localhost:8000", None, "http://localhost:8000/mcp", "http://localhost:8000/.well-known/{}/mcp"),
        ("s.example", None, "https://s.example/mcp", "https://s.example/.well-known/{}/mcp"),
        ("inner:80", "https://s.example/a/mcp", "https://s.example/a/mcp", "https://s.example/.well-known/{}/a/mcp"),
    ],
)
def test_a_client_finds_the_metadata_where_it_looks(host: str, public: str | None, url: str, metadata: str) -> None:
    resource = ProtectedResource(issuer="https://issuer.example", scopes=[], path="/mcp", public_url=public)
    found = metadata.format("oauth-protected-resource")
    assert (resource.url(host), resource.metadata_url(host)) == (url, found)
    assert resource.document(host)["resource"] == url
    assert resource.is_at(found.split("/", 3)[3].join(["/", ""]))
    assert not resource.is_at("/mcp")


def test_the_usual_port_is_left_out_of_names() -> None:
    assert {"127.0.0.1:80", "127.0.0.1", "localhost", "[::1]"} <= set(own_hosts(80))
    assert set(own_hosts(8000)) == {"127.0.0.1:8000", "localhost:8000", "[::1]:8000"}
