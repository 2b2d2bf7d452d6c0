"""The filtering proxy: what a program behind it can reach, and what it cannot."""

import asyncio
import base64
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from sensorium.tools.fetching.dialling import Dialler
from sensorium.tools.fetching.proxy import FilteringProxy


def proxy_of(web: Any, most_bytes: int = 1_000_000) -> FilteringProxy:
    return FilteringProxy(dialler=Dialler(rules=web.rules), most_bytes=most_bytes)


async def ask(proxy: FilteringProxy, head: str, *, secret: str | None = None, more: bytes = b"") -> bytes:
    """Send a request to the proxy and return all that comes back."""
    known = proxy.url.partition("//")[2].partition("@")[0] if secret is None else secret
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    authorization = base64.b64encode(known.encode()).decode()
    writer.write(f"{head}\r\nProxy-Authorization: Basic {authorization}\r\n\r\n".encode() + more)
    answer = await reader.read(-1)
    writer.close()
    return answer


@pytest.fixture
def web(web: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The same web; connections of the test to its own proxy are no dials."""
    own = asyncio.open_connection

    async def uncounted(host: str, port: int) -> Any:
        opened = await own(host, port)
        web.dialled.remove((host, port))
        return opened

    monkeypatch.setattr(asyncio, "open_connection", uncounted)
    return web


async def test_a_request_is_passed_on_to_the_host_that_was_dialled(web: Any, answer: Any) -> None:
    async with web.serving(answer(b"hello"), host="127.0.0.2") as port, proxy_of(web).listening() as proxy:
        said = await ask(
            proxy,
            f"GET http://good.example:{port}/a?b HTTP/1.1\r\nHost: 169.254.169.254\r\nProxy-Connection: x\r\nX-A: b",
        )
    assert said.endswith(b"\r\n\r\nhello")
    assert web.heads == [
        f"GET /a?b HTTP/1.1\r\nHost: good.example:{port}\r\nX-A: b\r\nConnection: close\r\n\r\n".encode()
    ]
    assert proxy.hosts == ["good.example"] and proxy.refused == []


@pytest.mark.parametrize("end", "\r\n")
async def test_no_header_is_smuggled_in_another(end: str, web: Any) -> None:
    async with proxy_of(web).listening() as proxy:
        assert await ask(proxy, f"GET http://good.example/ HTTP/1.1\r\nX-A: b{end}Host: other.example") == b""
    assert web.asked == []


async def test_a_second_request_does_not_go_where_the_first_one_went(web: Any) -> None:
    first = "POST http://good.example:{}/a HTTP/1.1\r\nContent-Length: 5"
    second = b"GET http://other.example/ HTTP/1.1\r\nCookie: of-other\r\n\r\n"
    received = b""

    async def keeping(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal received
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
        with suppress(TimeoutError):
            async with asyncio.timeout(0.5):
                while data := await reader.read(1000):
                    received += data
        writer.close()

    server = await asyncio.start_server(keeping, "127.0.0.2", 0)
    port = server.sockets[0].getsockname()[1]
    web.rules = replace(web.rules, ports=frozenset({port}))
    async with server, proxy_of(web).listening() as proxy:
        await ask(proxy, first.format(port), more=b"12345" + second)
    assert received.endswith(b"\r\n\r\n12345")


async def test_a_tunnel_leads_to_the_host_that_was_dialled(web: Any, answer: Any) -> None:
    async with web.serving(answer(b"hello"), host="127.0.0.2") as port, proxy_of(web).listening() as proxy:
        said = await ask(proxy, f"CONNECT good.example:{port} HTTP/1.1", more=b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert said.startswith(b"HTTP/1.1 200 Connection established\r\n\r\nHTTP/1.1 200 OK")
    assert said.endswith(b"hello")


@pytest.mark.parametrize(
    "head",
    (
        "CONNECT 127.0.0.1:80 HTTP/1.1",
        "CONNECT 127.0.0.1:443 HTTP/1.1",
        "CONNECT localhost:443 HTTP/1.1",
        "CONNECT [::1]:443 HTTP/1.1",
        "CONNECT [::ffff:127.0.0.1]:443 HTTP/1.1",
        "CONNECT 169.254.169.254:80 HTTP/1.1",
        "CONNECT inside.example:443 HTTP/1.1",
        "CONNECT mixed.example:443 HTTP/1.1",
        "CONNECT good.example:22 HTTP/1.1",
        "CONNECT 2130706433:443 HTTP/1.1",
        "CONNECT user@127.0.0.1:443 HTTP/1.1",
        "CONNECT good.example:443/../ HTTP/1.1",
        "GET http://127.0.0.1/ HTTP/1.1",
        "GET http://inside.example/ HTTP/1.1",
        "GET http://good.example@127.0.0.1/ HTTP/1.1",
        "GET https://good.example/ HTTP/1.1",
        "GET ftp://good.example/ HTTP/1.1",
        "GET /etc/passwd HTTP/1.1",
        "DELETE http://good.example/ HTTP/1.1",
    ),
)
async def test_what_may_not_be_dialled_is_refused(head: str, web: Any) -> None:
    web.names |= {"inside.example": ["10.0.0.1"], "localhost": ["127.0.0.1"]}
    web.names |= {"mixed.example": ["127.0.0.2", "127.0.0.1"]}
    async with proxy_of(web).listening() as proxy:
        said = await ask(proxy, head)
    if "443/../" in head:
        assert said.startswith((b"HTTP/1.1 403", b"HTTP/1.1 502"))
    else:
        assert said.startswith(b"HTTP/1.1 403 Forbidden")
        assert len(proxy.refused) == 1
        assert web.dialled == []


@pytest.mark.parametrize("secret", ("", "sensorium:", "sensorium:guess", "other:guess"))
async def test_nobody_else_on_this_machine_can_use_it(secret: str, web: Any) -> None:
    async with proxy_of(web).listening() as proxy:
        said = await ask(proxy, "GET http://good.example/ HTTP/1.1", secret=secret)
    assert said.startswith(b"HTTP/1.1 407 Proxy Authentication Required")
    assert web.asked == []


@pytest.mark.parametrize(
    "sent",
    (
        b"\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET a b c\r\n\r\n",
        bytes(70_000),
        b"GET " + b"a" * 70_000,
    ),
)
async def test_what_is_no_request_is_cut_off(sent: bytes, web: Any) -> None:
    async with proxy_of(web).listening() as proxy:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.write(sent)
        with suppress(ConnectionError):
            assert b"200" not in await reader.read(-1)
        writer.close()
    assert web.asked == []


async def test_more_bytes_than_allowed_end_it(web: Any, answer: Any) -> None:
    async with (
        web.serving(answer(bytes(900_000)), host="127.0.0.2") as port,
        proxy_of(web, most_bytes=200_000).listening() as proxy,
    ):
        said = await ask(proxy, f"GET http://good.example:{port}/ HTTP/1.1")
        assert len(said) <= 200_000 and proxy.is_full
        assert (await ask(proxy, f"GET http://good.example:{port}/ HTTP/1.1")).startswith(b"HTTP/1.1 403")


async def test_it_ends_with_the_call(web: Any, answer: Any) -> None:
    web.rules = replace(web.rules, read_seconds=20.0)

    async def silent(head: bytes, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(20)

    async with web.serving(silent, host="127.0.0.2") as port:
        async with proxy_of(web).listening() as proxy:
            asking = asyncio.create_task(ask(proxy, f"GET http://good.example:{port}/ HTTP/1.1"))
            while not web.heads:  # noqa: ASYNC110 - the server is another's
                await asyncio.sleep(0.01)
        assert await asyncio.wait_for(asking, 10) == b""
        with pytest.raises(OSError):
            await asyncio.open_connection("127.0.0.1", proxy.port)
        web.dialled.remove(("127.0.0.1", proxy.port))
