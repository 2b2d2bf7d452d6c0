"""The server over HTTP: who may call, what is refused, files in and out, owners apart."""

import asyncio
import json
import logging
import os
import re
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp.types import CallToolResult, PromptReference

from sensorium.mcp_server.command import main
from sensorium.mcp_server.files_http import UploadLimits
from sensorium.mcp_server.principals import Principal
from sensorium.mcp_server.tokens import Tokens
from sensorium.tools.base.errors import SettingsError
from sensorium.tools.base.settings import Settings

Body = Callable[[CallToolResult], dict[str, Any]]
Environment = Callable[[Path], dict[str, str]]
TOKEN = {"Authorization": "Bearer token-of-the-first-client"}
OTHER = {"Authorization": "Bearer token-of-the-second-client"}
INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}},
}
JSON = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}


@pytest.fixture
async def http(serve: Callable[..., Any], running: Callable[..., Any]) -> AsyncIterator[httpx2.AsyncClient]:
    """A plain HTTP client of a running server."""
    async with running(serve()) as web, httpx2.AsyncClient(base_url=web.address, timeout=30) as client:
        yield client


async def test_a_request_without_right_host_origin_and_token_is_refused_everywhere(http: httpx2.AsyncClient) -> None:
    cases: list[tuple[dict[str, str], int]] = [
        ({}, 401),
        ({"Authorization": "Bearer wrong"}, 401),
        ({"Authorization": "Bearer"}, 401),
        ({"Authorization": "Basic dXNlcjpwYXNz"}, 401),
        ({"Authorization": "token-of-the-first-client"}, 401),
        ({**TOKEN, "Host": "evil.example"}, 421),
        ({**TOKEN, "Host": "127.0.0.1"}, 421),
        ({**TOKEN, "Host": f"{http.base_url.netloc.decode()}.evil.example"}, 421),
        ({**TOKEN, "Origin": "http://evil.example"}, 403),
        ({**TOKEN, "Origin": "null"}, 403),
        ({"Host": "evil.example"}, 421),
    ]
    routes = [("POST", "/mcp"), ("GET", "/mcp"), ("POST", "/upload"), ("GET", "/artifacts/" + 64 * "0"), ("GET", "/")]
    for method, path in routes:
        for headers, status in cases:
            answer = await http.request(method, path, headers=JSON | headers, content=json.dumps(INITIALIZE))
            assert answer.status_code == status, (method, path, headers)
            assert ("www-authenticate" in answer.headers) == (status == 401)
            assert "token-of" not in answer.text


async def test_a_request_with_all_of_them_is_served(http: httpx2.AsyncClient) -> None:
    origin = {"Origin": str(http.base_url).rstrip("/")}
    answer = await http.post("/mcp", headers=JSON | TOKEN | origin, json=INITIALIZE)
    assert answer.status_code == 200
    assert "access-control-allow-origin" not in answer.headers


async def test_bodies_that_are_too_large_or_no_json_are_refused(http: httpx2.AsyncClient) -> None:
    large = await http.post("/mcp", headers=JSON | TOKEN, content=b'{"a": "' + b"x" * 5_000_000 + b'"}')
    plain = await http.post("/mcp", headers=JSON | TOKEN | {"Content-Type": "text/plain"}, json=INITIALIZE)
    assert (large.status_code, plain.status_code) == (413, 400)


async def test_an_uploaded_file_can_be_worked_on_and_what_is_made_downloaded(
    serve: Callable[..., Any], running: Callable[..., Any], films: Path, body: Body
) -> None:
    content = (films / "slide.png").read_bytes()
    async with (
        running(serve(nearby=False)) as web,
        httpx2.AsyncClient(base_url=web.address, headers=TOKEN, timeout=30) as http,
    ):
        answer = await http.post("/upload", params={"name": "../../my slide.png"}, content=content)
        stored = answer.json()
        assert answer.status_code == 201
        assert (stored["name"], stored["media_type"], stored["bytes"]) == ("my slide.png", "image/png", len(content))
        async with web.client() as client:
            seen = await client.call_tool("view_media", {"media": stored["handle"]})
            by_path = await client.call_tool("view_media", {"media": str(films / "slide.png")})
        assert body(seen)["width_pixels"] == 1600
        assert by_path.is_error is False, "an allowed folder is one over HTTP too"
        handle = body(seen)["picture"]["handle"]
        fetched = await http.get(f"/artifacts/{handle.rpartition('/')[2]}")
        assert fetched.status_code == 200
        assert (fetched.content[:3], fetched.headers["content-type"]) == (b"\xff\xd8\xff", "image/jpeg")
        assert fetched.headers["content-disposition"].startswith("attachment")
        assert fetched.headers["x-content-type-options"] == "nosniff"
        part = await http.get(f"/artifacts/{handle.rpartition('/')[2]}", headers={"Range": "bytes=0-9"})
        assert (part.status_code, len(part.content)) == (206, 10)


@pytest.mark.parametrize("declared", [True, False])
async def test_an_upload_that_is_too_large_is_cut_off(http: httpx2.AsyncClient, declared: bool) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b"x" * 100_000

    answer = await http.post("/upload", headers=TOKEN, content=b"x" * 4_000_000 if declared else chunks())
    assert answer.status_code == 413
    assert "3,000,000 bytes" in answer.text


async def test_what_lies_here_for_one_client_has_a_limit_for_all_of_it(
    serve: Callable[..., Any], running: Callable[..., Any]
) -> None:
    limits = UploadLimits(owner_bytes=2_500_000)
    async with (
        running(serve(), uploads=limits) as web,
        httpx2.AsyncClient(base_url=web.address, timeout=30) as http,
    ):

        async def chunks(letter: bytes) -> AsyncIterator[bytes]:
            for _ in range(10):
                yield letter * 100_000

        answers = [
            await http.post("/upload", headers=TOKEN, content=b"a" * 1_000_000),
            await http.post("/upload", headers=TOKEN, content=chunks(b"b")),
            await http.post("/upload", headers=TOKEN, content=b"c" * 1_000_000),
            await http.post("/upload", headers=TOKEN, content=chunks(b"d")),
            await http.post("/upload", headers=OTHER, content=chunks(b"d")),
            await http.post("/upload", headers=TOKEN, content=b"e" * 400_000),
        ]
        side_by_side = await asyncio.gather(
            *(http.post("/upload", headers=OTHER, content=chunks(bytes([one]))) for one in b"fghi")
        )
    assert [one.status_code for one in answers] == [201, 201, 507, 507, 201, 201]
    assert "2,000,000 bytes lie here for you already" in answers[2].text
    assert sum(one.status_code == 201 for one in side_by_side) <= 1


async def test_uploads_that_overlap_have_that_limit_together(
    serve: Callable[..., Any], running: Callable[..., Any]
) -> None:
    limits = UploadLimits(owner_bytes=1_500_000)
    async with running(serve(), uploads=limits) as web, httpx2.AsyncClient(base_url=web.address, timeout=30) as http:
        began, go = asyncio.Event(), asyncio.Event()

        async def late() -> AsyncIterator[bytes]:
            yield b"a"
            began.set()
            await go.wait()
            yield b"a" * 900_000

        second = asyncio.create_task(http.post("/upload", headers=TOKEN, content=late()))
        await began.wait()
        first = await http.post("/upload", headers=TOKEN, content=b"b" * 900_000)
        go.set()
        assert (first.status_code, (await second).status_code) == (201, 507)


@pytest.mark.parametrize("kind", ["silent", "drip"])
async def test_an_upload_that_never_ends_is_ended(
    serve: Callable[..., Any], running: Callable[..., Any], kind: str, settings: Settings
) -> None:
    limits = UploadLimits(idle_seconds=0.3)
    async with running(serve(), uploads=limits) as web:
        host, port = web.address.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        token = TOKEN["Authorization"]
        head = f"POST /upload HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: {token}\r\n"
        writer.write(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())

        async def drip() -> None:
            while kind == "drip":
                writer.write(b"1\r\nx\r\n")
                await writer.drain()
                await asyncio.sleep(0.05)

        dripping = asyncio.create_task(drip())
        answer = await asyncio.wait_for(reader.read(1000), 10)
        dripping.cancel()
        await asyncio.gather(dripping, return_exceptions=True)
        writer.close()
    assert b" 408 " in answer.splitlines()[0]
    assert b"The upload was ended" in answer
    assert not list((settings.home / "scratch").rglob("upload"))


async def test_a_full_disk_is_said_and_the_next_upload_works(
    http: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    import errno

    from sensorium.tools.base.workspace import Workspace

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Workspace, "put", full)
        answer = await http.post("/upload", headers=TOKEN, content=b"x")
    assert (answer.status_code, "No space left" in answer.text) == (507, True)
    assert (await http.post("/upload", headers=TOKEN, content=b"x")).status_code == 201


async def test_an_empty_upload_is_refused(http: httpx2.AsyncClient) -> None:
    assert (await http.post("/upload", headers=TOKEN)).status_code == 400


async def test_what_is_no_artifact_of_the_caller_cannot_be_downloaded(http: httpx2.AsyncClient) -> None:
    for path in ("0" * 64, "..%2f..%2fmcp-token", "xyz", "%00"):
        assert (await http.get(f"/artifacts/{path}", headers=TOKEN)).status_code == 404


async def test_two_clients_never_see_each_others_artifacts_and_jobs(
    serve: Callable[..., Any], running: Callable[..., Any], films: Path, tmp_path: Path, body: Body
) -> None:
    from sensorium.mcp_server.jobs import Limits

    async with (
        running(serve(limits=Limits(answer_seconds=0.3))) as web,
        httpx2.AsyncClient(base_url=web.address, timeout=30) as http,
        web.client() as first,
        web.client(token="token-of-the-second-client") as second,
    ):
        content = (films / "slide.png").read_bytes() + b"only the first has this"
        handle = (await http.post("/upload", headers=TOKEN, content=content)).json()["handle"]
        assert (await http.get(f"/artifacts/{handle[-64:]}", headers=TOKEN)).status_code == 200
        assert (await http.get(f"/artifacts/{handle[-64:]}", headers=OTHER)).status_code == 404
        stolen = await second.call_tool("view_media", {"media": handle})
        assert stolen.is_error is True
        job = body(await first.call_tool("nap", {"seconds": 60, "mark": str(tmp_path / "mark")}))["job_id"]
        for tool in ("job_status", "job_cancel"):
            foreign = await second.call_tool(tool, {"job_id": job})
            assert foreign.is_error is True and "You have no job" in foreign.model_dump_json()
        same = body(await second.call_tool("nap", {"seconds": 60, "mark": str(tmp_path / "mark")}))["job_id"]
        assert same != job, "the same call of another client is another job"
        for client, mine in ((first, job), (second, same)):
            assert body(await client.call_tool("job_cancel", {"job_id": mine}))["status"] == "cancelled"


async def test_what_is_made_for_one_client_lies_apart_from_the_others(
    serve: Callable[..., Any], running: Callable[..., Any], body: Body
) -> None:
    async with (
        running(serve()) as web,
        web.client() as first,
        web.client(token="token-of-the-second-client") as second,
    ):
        made = body(await first.call_tool("view_media", {"media": "slide.png"}))["picture"]["path"]
        assert Path(made).parent.name == "first"
        mine = await first.call_tool("view_media", {"media": made})
        foreign = await second.call_tool("view_media", {"media": made})
    assert (mine.is_error, foreign.is_error) == (False, True)


def test_tokens_are_read_with_their_owners(tmp_path: Path) -> None:
    file = tmp_path / "tokens"
    file.write_text("# two people\nana  0123456789abcdef\n\nfedcba9876543210\n")
    tokens = Tokens.read(file)
    assert tokens.principal("0123456789abcdef") == Principal("ana")
    assert tokens.principal("fedcba9876543210") == Principal("default")
    assert tokens.principal("0123456789abcdeF") is tokens.principal("") is None


@pytest.mark.parametrize("content", ["", "# nothing\n", "short\n", "../x 0123456789abcdef\n", "a b 0123456789abcdef\n"])
def test_a_token_file_that_cannot_be_used_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "tokens"
    file.write_text(content)
    with pytest.raises(SettingsError, match="token"):
        Tokens.read(file)


def test_a_made_token_is_only_for_its_user(tmp_path: Path) -> None:
    file = tmp_path / "home" / "mcp-token"
    made = Tokens.make(file)
    assert made.principal(file.read_text().strip()) == Principal("default")
    assert len(file.read_text().strip()) >= 40
    assert os.name == "nt" or file.stat().st_mode & 0o777 == 0o600
    with pytest.raises(SettingsError):
        Tokens.make(file)


async def test_clients_elsewhere_are_told_no_paths(
    serve: Callable[..., Any], running: Callable[..., Any], films: Path
) -> None:
    (films / "empty.mp4").touch()
    (films / "link.mp4").symlink_to(films.parent / "elsewhere.mp4")
    async with running(serve(nearby=False)) as web, web.client() as client:
        limits = json.loads((await client.read_resource("config://limits")).contents[0].text)
        told = [
            str((await client.call_tool("probe_media", {"media": named})).content[0])
            for named in ("/etc/passwd", "missing.mp4", "missing/talk.mp4", "empty.mp4", "link.mp4")
        ]
        completed = await client.complete(
            PromptReference(type="ref/prompt", name="video_report"), {"name": "path", "value": "ta"}
        )
    assert limits["allowed_folders"] is None
    assert len(told) == 5 and [one for one in told if str(films.parent) in one] == []
    assert "empty.mp4" in told[3] and "0 bytes" in told[3]
    assert completed.completion.values == ["talk.mp4"]


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        ([], 2, "--allow-dir DIR"),
        (["--allow-dir", "/no/such/folder"], 2, "cannot be opened"),
        (["--http", "0.0.0.0:0"], 3, "--allow-host NAME"),
        (["--http", "8000"], 2, "must be HOST:PORT"),
        (["--http", "192.0.2.1:0", "--allow-host", "x", "--token-file", "{token}"], 3, "cannot be used"),
        (["--tools", "media,magic", "--allow-dir", "."], 2, "'magic' is none of"),
        (["--images", "huge"], 2, "invalid choice"),
    ],
)
def test_a_wrong_start_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *,
    arguments: list[str], code: int, says: str,
) -> None:  # fmt: skip
    monkeypatch.setenv("SENSORIUM_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SENSORIUM_OFFLINE", "1")
    token = tmp_path / "token"
    token.write_text("0123456789abcdef\n")
    log = logging.getLogger("mcp")
    level = log.level
    try:
        ended = main([one.format(token=token) for one in arguments])
    except SystemExit as left:
        ended = int(left.code or 0)
    finally:
        log.setLevel(level)
    out, err = capsys.readouterr()
    assert ended == code, err
    assert says in err and "Traceback" not in err and out == ""


async def test_the_command_serves_on_loopback_with_a_token_it_made(
    tmp_path: Path, films: Path, environment: Environment
) -> None:
    command = [sys.executable, "-m", "sensorium.mcp_server", "--allow-dir", str(films), "--http", "127.0.0.1:0"]
    process = await asyncio.create_subprocess_exec(
        *command, env=environment(tmp_path / "home"), stderr=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stderr and process.stdout
    try:
        line = (await process.stderr.readline()).decode()
        found = re.search(r"Serving (http://127\.0\.0\.1:\d+)/mcp; the token is in (.+)$", line)
        assert found, line
        token = Path(found[2].strip()).read_text().strip()  # noqa: ASYNC240
        assert token not in line
        async with httpx2.AsyncClient(
            base_url=found[1], headers={"Authorization": f"Bearer {token}"}, timeout=30
        ) as http:
            while True:
                try:
                    answer = await http.post("/mcp", headers=JSON, json=INITIALIZE)
                    break
                except httpx2.ConnectError:
                    await asyncio.sleep(0.05)
            assert answer.status_code == 200
            evil = await http.post("/mcp", headers=JSON | {"Host": "evil.example"}, json=INITIALIZE)
            assert evil.status_code == 421
    finally:
        process.terminate()
        await asyncio.wait_for(process.wait(), 20)
        rest = await process.stdout.read()
    assert rest == b""
