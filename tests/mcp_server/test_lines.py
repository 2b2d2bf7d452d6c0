"""Whatever comes in on standard input, and whoever reads no answer: the server goes on, and ends when it should."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
VERSION = "2026-07-28"
META = {
    "io.modelcontextprotocol/protocolVersion": VERSION,
    "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}
INITIALIZE = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="it is looked for living processes as on POSIX")


@dataclass(eq=False)
class Raw:
    """A client that sends what it likes."""

    process: asyncio.subprocess.Process
    log: Path
    era: str
    _number: int = field(default=100)

    async def send(self, line: bytes | Mapping[str, Any]) -> None:
        content = line if isinstance(line, bytes) else json.dumps({"jsonrpc": "2.0", **line}).encode()
        assert self.process.stdin
        self.process.stdin.write(content + b"\n")
        await self.process.stdin.drain()

    async def answer(self) -> dict[str, Any]:
        """Return the next line."""
        assert self.process.stdout
        return dict(json.loads(await asyncio.wait_for(self.process.stdout.readline(), 30)))

    async def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """Return the answer to a request, and what came before it is an error."""
        self._number += 1
        meta = {"_meta": META} if self.era == VERSION else {}
        await self.send({"id": self._number, "method": method, "params": {**params, **meta}})
        answer = await self.answer()
        assert answer["id"] == self._number, answer
        return answer

    async def shake_hands(self) -> None:
        """Begin as clients of the old era do."""
        assert "result" in await self.ask("initialize", **INITIALIZE)
        await self.send({"method": "notifications/initialized"})

    async def leave(self, *, unread: bool = False) -> int:
        """Close this end, and with answers `unread` both ends at once, as a client that is killed does."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.close()
        if unread:
            self.process._transport.get_pipe_transport(1).close()  # type: ignore[attr-defined]
        return await asyncio.wait_for(self.process.wait(), 30)


@pytest.fixture
def talk(
    tmp_path: Path, films: Path, environment: Callable[[Path], dict[str, str]]
) -> Callable[[str], AbstractAsyncContextManager[Raw]]:
    """Start a server with tools that misbehave."""

    @asynccontextmanager
    async def start(era: str) -> AsyncIterator[Raw]:
        with (tmp_path / "log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                sys.executable, str(HERE / "misbehaving_server.py"), str(tmp_path / "home"), str(films),
                env={**environment(tmp_path / "home"), "PYTHONPATH": str(HERE)},
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=log, limit=2**22,
            )  # fmt: skip
        try:
            yield Raw(process, tmp_path / "log", era)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    return start


GARBAGE = (
    b"garbage", b"", b"{", b"\x00\x01\x02", b"\xff\xfe\xfa", b"\xe2\x80\xa8", b"[]", b"1", b"null", b'"text"', b"{}",
    b'{"jsonrpc":"1.0","id":7,"method":"tools/list"}', b'{"jsonrpc":"2.0","id":{},"method":"tools/list"}',
    b'{"jsonrpc":"2.0","id":' + b"9" * 5000 + b',"method":"tools/list"}', b"[" * 5_000_000,
    b'{"jsonrpc":"2.0","id":7,"method":"tools/list","params":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"}",
    b'{"jsonrpc":"2.0","id":7,"method":"tools/list","params":{"x":"\\ud800"}}',
    b'[{"jsonrpc":"2.0","id":7,"method":"tools/list"},{"jsonrpc":"2.0","id":8,"method":"tools/list"}]',
    b'{"jsonrpc":"2.0","id":7,"result":{}}', b'{"jsonrpc":"2.0","id":7,"error":{}}',
    b'{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":999}}',
    b'{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":{}}}',
    b'{"jsonrpc":"2.0","method":"notifications/no-such","params":{}}',
)  # fmt: skip
"""Nothing that could be answered."""


async def test_what_is_no_request_is_passed_over(talk: Any, era: str) -> None:
    async with talk(era) as raw:
        if era == "legacy":
            await raw.shake_hands()
        for line in GARBAGE:
            await raw.send(line)
        if era == VERSION:
            meta = {**META, "io.modelcontextprotocol/protocolVersion": "2099-01-01"}
            await raw.send({"id": 1, "method": "tools/list", "params": {"_meta": meta}})
            error = (await raw.answer())["error"]
            assert (error["code"], VERSION in error["data"]["supported"]) == (-32022, True)
        listed = await raw.ask("tools/list")
        assert "nap" in {one["name"] for one in listed["result"]["tools"]}
        assert await raw.leave() == 0


async def test_what_cannot_be_answered_gets_its_error(talk: Any) -> None:
    async with talk("legacy") as raw:
        codes = [
            (await raw.ask(method, **params))["error"]["code"]
            for method, params in (
                ("tools/list", {}),
                ("tools/call", {"name": "chatter", "arguments": {"lines": 1}}),
                ("no/such", {}),
                ("initialize", {}),
            )
        ]
        assert codes == [-32602, -32602, -32601, -32602]
        assert (await raw.ask("initialize", **{**INITIALIZE, "protocolVersion": "1999-01-01"}))["result"][
            "protocolVersion"
        ] >= "2025-11-25"
        await raw.send({"method": "notifications/initialized"})
        assert (await raw.ask("no/such"))["error"]["code"] == -32601
        named = await raw.ask("tools/call", name="x" * 50_000_000)
        assert named["error"]["message"] == "`name` has 50,000,000 letters, and may have 16,384."
        assert (await raw.ask("x" * 100_000))["error"]["code"] == -32602
        assert (await raw.ask("tools/call", name="chatter", arguments={"lines": 1}))["result"]["isError"] is False
        assert await raw.leave() == 0


@pytest.mark.parametrize(("era", "unread"), [("legacy", True), (VERSION, True), (VERSION, False)])
async def test_a_client_that_leaves_or_is_killed_leaves_no_work(talk: Any, mark: Any, era: str, unread: bool) -> None:
    meta = {"_meta": META} if era == VERSION else {}
    async with talk(era) as raw:
        if era == "legacy":
            await raw.shake_hands()
        for number in range(30 if unread else 0):  # more than a pipe holds
            params = {"name": "chatter", "arguments": {"lines": 1000 + number}, **meta}
            await raw.send({"id": number, "method": "tools/call", "params": params})
        params = {"name": "nap", "arguments": {"seconds": 60, "mark": str(mark)}, **meta}
        await raw.send({"id": 99, "method": "tools/call", "params": params})
        processes = await mark.processes()
        assert all(map(mark.lives, processes))
        assert await raw.leave(unread=unread) == 0
        assert await mark.all_end(processes)
        said = raw.log.read_text()
    assert "Traceback" not in said, said
