"""Requests that no client should send: each gets the right status or a typed error, and the server goes on."""

import asyncio
import gzip
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import httpx2
import pytest

from sensorium.mcp_server.guard import EACH
from sensorium.mcp_server.jobs import Limits

VERSION = "2026-07-28"
TOKENS = ("token-of-the-first-client", "token-of-the-second-client")
TOKEN, OTHER = ({"Authorization": f"Bearer {one}"} for one in TOKENS)
PLAIN = {**TOKEN, "Accept": "application/json, text/event-stream", "Content-Type": "application/json"}
MODERN = {**PLAIN, "MCP-Protocol-Version": VERSION, "Mcp-Method": "tools/call", "Mcp-Name": "refuse"}
META = {
    "io.modelcontextprotocol/protocolVersion": VERSION,
    "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}
PARAMS = {"name": "refuse", "arguments": {"letters": 1}, "_meta": META}
GOOD = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": PARAMS})
INITIALIZE = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}


@pytest.fixture
async def http(serve: Callable[..., Any], running: Callable[..., Any]) -> AsyncIterator[httpx2.AsyncClient]:
    """A plain client of a running server."""
    limits = httpx2.Limits(max_connections=None)
    async with (
        running(serve()) as web,
        httpx2.AsyncClient(base_url=web.address, timeout=30, limits=limits) as client,
    ):
        yield client


@pytest.fixture
async def headers(http: httpx2.AsyncClient, era: str) -> Mapping[str, str]:
    """What a good request of the era has; of the old one, in a session."""
    if era == VERSION:
        return MODERN
    message = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": INITIALIZE}
    session = (await http.post("/mcp", headers=PLAIN, json=message)).headers["mcp-session-id"]
    headers = {**PLAIN, "Mcp-Session-Id": session, "MCP-Protocol-Version": "2025-11-25"}
    await http.post("/mcp", headers=headers, json={"jsonrpc": "2.0", "method": "notifications/initialized"})
    return headers


def told(answer: httpx2.Response) -> dict[str, Any]:
    """Return the message of an answer, be it JSON or an event."""
    text = answer.text
    return dict(json.loads(text[text.index("data: ") + 6 :] if text.startswith("event:") else text))


def letters(value: str) -> str:
    return GOOD.replace('"letters": 1', f'"letters": {value}')


NO_JSON = {
    "nothing": b"", "half an object": b"{", "text": b"refuse", "no UTF-8": GOOD.replace("refuse",
    "\xff").encode("latin-1"),
    "5 MB deep": b"[" * 1_900_000 + b"]" * 1_900_000, "deep arguments": letters("[" * 100_000 + "]" * 100_000),
    "deep objects": letters('{"a":' * 100_000 + "1" + "}" * 100_000),
    "an integer of 10 000 digits": letters("9" * 10_000),
    "compressed": gzip.compress(GOOD.encode()),
}  # fmt: skip
NO_REQUEST = {
    "a batch": f"[{GOOD},{GOOD}]", "an empty batch": "[]", "a number": "1", "null": "null", "a text": '"x"',
    "an object": "{}",
    "another version": GOOD.replace('"2.0"', '"1.0"'), "a method that is a number": GOOD.replace('"tools/call"', "7"),
}  # fmt: skip
NO_ARGUMENTS = {
    "NaN": letters("NaN"), "minus infinity": letters("-Infinity"), "more than a float holds": letters("1e999"),
    "a text": letters('"x"'),
    "a deep list": letters("[" * 150 + "]" * 150), "null": letters("null"),
    "an unknown one": GOOD.replace('"letters"', '"lines"'),
    "none": GOOD.replace('{"letters": 1}', "{}"), "a long name": GOOD.replace('"letters"', f'"{"x" * 100_000}"'),
}  # fmt: skip


async def test_a_body_that_is_no_request_has_its_status(http: httpx2.AsyncClient, headers: Mapping[str, str]) -> None:
    for label, body in {**NO_JSON, **NO_REQUEST}.items():
        answer = await http.post("/mcp", headers=headers, content=body)
        assert answer.status_code == 400, label
        codes = (-32700,) if label in NO_JSON else (-32600, -32602)
        assert answer.json()["error"]["code"] in codes, (label, answer.text)
        assert "Traceback" not in answer.text, label
    assert "torn" in told(await http.post("/mcp", headers=headers, content=GOOD))["result"]["content"][0]["text"]


async def test_arguments_that_cannot_be_are_a_typed_error(
    http: httpx2.AsyncClient, headers: Mapping[str, str], capfd: pytest.CaptureFixture[str]
) -> None:
    for label, body in NO_ARGUMENTS.items():
        answer = await http.post("/mcp", headers=headers, content=body)
        result = told(answer)["result"]
        assert (answer.status_code, result["isError"]) == (200, True), label
        said = result["content"][0]["text"]
        assert "It takes: `letters`" in said and len(said) < 2100, (label, said)
    twice = GOOD.replace('"letters": 1', '"letters": "x", "letters": 1')
    assert "torn" in (await http.post("/mcp", headers=headers, content=twice)).text, "the last of the same name counts"
    assert "Traceback" not in capfd.readouterr().err


async def test_half_a_letter_is_refused_in_words(http: httpx2.AsyncClient, capfd: pytest.CaptureFixture[str]) -> None:
    async def asked(method: str, named: str, **params: Any) -> dict[str, Any]:
        message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {**params, "_meta": META}}
        headers = {**MODERN, "Mcp-Method": method, "Mcp-Name": named}
        return told(await http.post("/mcp", headers=headers, content=json.dumps(message)))

    for name, arguments in (("view_media", {"media": "artifact:\ud83d"}), ("speak", {"text": "well done \ud83d"})):
        result = (await asked("tools/call", name, name=name, arguments=arguments))["result"]
        assert result["isError"] and "half a letter" in result["content"][0]["text"]
    about = {"ref": {"type": "ref/prompt", "name": "subtitle"}, "argument": {"name": "path", "value": "\ud83d"}}
    assert (await asked("completion/complete", "subtitle", **about))["result"]["completion"]["values"] == []
    assert "Traceback" not in capfd.readouterr().err


async def test_a_body_of_a_wrong_size_or_kind_has_its_status(
    http: httpx2.AsyncClient, headers: Mapping[str, str]
) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(50):
            yield b" " * 100_000

    assert (await http.post("/mcp", headers=headers, content=b" " * 5_000_000)).status_code == 413
    assert (await http.post("/mcp", headers=headers, content=chunks())).status_code == 413
    for kind in ("text/plain", "", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded"):
        answer = await http.post("/mcp", headers={**headers, "Content-Type": kind}, content=GOOD)
        assert answer.status_code in (400, 415), kind
    for accepted in ("text/html", "application/json", ""):
        answer = await http.post("/mcp", headers={**headers, "Accept": accepted}, content=GOOD)
        assert answer.status_code == 406, accepted
    for version in ("2099-01-01", "x" * 5000, "1"):
        answer = await http.post("/mcp", headers={**headers, "MCP-Protocol-Version": version}, content=GOOD)
        assert answer.status_code == 400, version
    for method in ("PUT", "PATCH", "TRACE", "OPTIONS", "HEAD"):
        assert (await http.request(method, "/mcp", headers=headers)).status_code == 405, method
    assert (await http.post("/mcp", headers=headers, content=GOOD)).status_code == 200


async def test_a_session_that_is_not_ones_own_is_not_found(http: httpx2.AsyncClient) -> None:
    message = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": INITIALIZE}
    session = (await http.post("/mcp", headers=PLAIN, json=message)).headers["mcp-session-id"]
    listing = {"jsonrpc": "2.0", "id": 2, "method": "tools/list"}
    for named, who in ((session, OTHER), ("x" * 32, TOKEN), ("../" + session, TOKEN), ("x" * 5000, TOKEN)):
        for ask in (
            http.post("/mcp", headers={**PLAIN, **who, "Mcp-Session-Id": named}, json=listing),
            http.delete("/mcp", headers={**PLAIN, **who, "Mcp-Session-Id": named}),
        ):
            assert (await ask).status_code == 404, named
    assert (await http.delete("/mcp", headers={**PLAIN, "Mcp-Session-Id": session})).status_code == 200


async def test_only_the_exact_names_of_the_server_are_its_names(http: httpx2.AsyncClient) -> None:
    here = http.base_url.netloc.decode()
    host, port = here.split(":")
    hosts = [
        host, f"{host}:{int(port) + 1}", f"{host}.:{port}", f"{here}.", f"{here}.evil.example", f"evil.example:{port}",
        f"{host}.nip.io:{port}", f"localhost.:{port}", f"[::ffff:127.0.0.1]:{port}", f"2130706433:{port}",
        f"0x7f.1:{port}",
        f"127.1:{port}", f"user@{here}", f"{here}@evil.example", f"{here}:80", "", "*", f"{host}:*", f"0.0.0.0:{port}",
    ]  # fmt: skip
    for named in hosts:
        answer = await http.post("/mcp", headers={**MODERN, "Host": named}, content=GOOD)
        assert answer.status_code in (400, 421), named
    origins = [
        f"https://{here}", f"http://{host}", f"http://{here}.", f"http://{here}.evil.example",
        f"http://evil.example/{here}",
        f"http://{host}:{int(port) + 1}", f"http://user@{here}", f"http://{here}/", "null", "file://", "", "*",
        f"http://{here}, http://evil.example", f"http://{here} http://evil.example",
    ]  # fmt: skip
    for named in origins:
        answer = await http.post("/mcp", headers={**MODERN, "Origin": named}, content=GOOD)
        assert answer.status_code == 403, named
    own = {**MODERN, "Origin": f"http://{here}"}
    assert (await http.post("/mcp", headers=own, content=GOOD)).status_code == 200


async def raw(address: str, *lines: str, body: str = "") -> bytes:
    """Return the first line of the answer to a request that no library would send."""
    host, port = address.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(("\r\n".join(lines) + "\r\n\r\n" + body).encode())
    try:
        return await asyncio.wait_for(reader.readline(), 10)
    finally:
        writer.close()


async def test_a_request_that_no_library_sends_is_refused(http: httpx2.AsyncClient) -> None:
    address = str(http.base_url).rstrip("/")
    here, token = f"Host: {http.base_url.netloc.decode()}", f"Authorization: {TOKEN['Authorization']}"
    post = "POST /mcp HTTP/1.1"
    for status, lines in (
        (400, [post, here, "Host: evil.example", token]),
        (400, [post, token]),
        (401, [post, here, token, token]),
        (400, [post, here, token, "Content-Length: -1"]),
        (400, [post, here, token, "Content-Length: 1", "Content-Length: 2"]),
        (400, [post, here, token, "Content-Length: many"]),
        (400, [post, here, "Content-Length: 5", "Transfer-Encoding: chunked"]),
        (400, [post, here, token, "X-Folded: a", "\x00: b"]),
        (400, ["nonsense"]),
        (401, ["POST http://evil.example/mcp HTTP/1.1", here]),
        (404, ["GET /artifacts/../../etc/passwd HTTP/1.1", here, token]),
        (404, ["GET //etc/passwd HTTP/1.1", here, token]),
        (404, ["GET /artifacts/%2e%2e%2f%2e%2e%2fetc%2fpasswd HTTP/1.1", here, token]),
    ):
        answer = await raw(address, *lines)
        assert f" {status} ".encode() in answer or (status, answer) == (400, b""), (lines, answer)


async def test_many_connections_are_all_answered(http: httpx2.AsyncClient) -> None:
    asked = [http.post("/mcp", headers=MODERN, content=letters(str(number))) for number in range(200)]
    answers = await asyncio.gather(*asked)
    # One owner may have so many requests open, and a hundred calls under way; what comes meanwhile is refused in words.
    served = [one for one in answers if one.status_code == 200]
    refused = [one for one in answers if one.status_code == 429]
    assert len(served) + len(refused) == 200 and len(served) >= EACH
    assert all(one.headers["retry-after"] == "1" and "error" in one.json() for one in refused)
    said = Counter(told(one)["result"]["content"][0]["text"].partition(" ")[0] for one in served)
    assert said.keys() <= {"The", "You"} and said["The"] >= 100, said


async def test_work_of_one_that_lasts_keeps_no_other_waiting(
    serve: Callable[..., Any], running: Callable[..., Any], mark: Any
) -> None:
    async with running(serve(workers=1)) as web, web.client() as first, web.client(token=TOKENS[1]) as second:
        nap = {"seconds": 600, "mark": str(mark)}
        lasting = [asyncio.create_task(first.call_tool("nap", {**nap, "seconds": 600 + n})) for n in range(3)]
        await mark.processes(lasting[0])
        told = await asyncio.wait_for(second.call_tool("refuse", {"letters": 1}), 30)
        assert "torn" in told.content[0].text and mark.naps() == 1
        for one in lasting:
            one.cancel()
        await asyncio.gather(*lasting, return_exceptions=True)


async def test_a_job_over_the_limit_is_refused_for_that_owner_only(
    serve: Callable[..., Any], running: Callable[..., Any], mark: Any
) -> None:
    async def nap(http: httpx2.AsyncClient, seconds: int, who: Mapping[str, str]) -> dict[str, Any]:
        params = {"name": "nap", "arguments": {"seconds": seconds, "mark": str(mark)}, "_meta": META}
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
        return dict(told(await http.post("/mcp", headers={**MODERN, **who, "Mcp-Name": "nap"}, json=message))["result"])

    server = serve(limits=Limits(answer_seconds=0.1, most_jobs=1))
    async with running(server) as web, httpx2.AsyncClient(base_url=web.address, timeout=30) as http:
        first, second, foreign = [await nap(http, *one) for one in ((60, TOKEN), (61, TOKEN), (62, OTHER))]
        for one, who in ((first, TOKEN), (foreign, OTHER)):
            job = json.loads(one["content"][0]["text"])["job_id"]
            params = {"name": "job_cancel", "arguments": {"job_id": job}, "_meta": META}
            message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
            await http.post("/mcp", headers={**MODERN, **who, "Mcp-Name": "job_cancel"}, json=message)
    assert (first["isError"], second["isError"], foreign["isError"]) == (False, True, False)
    refused = second["content"][0]["text"]
    assert json.loads(first["content"][0]["text"])["job_id"] in refused and "job_cancel" in refused
    assert json.loads(foreign["content"][0]["text"])["job_id"] not in refused
