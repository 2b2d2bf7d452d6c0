"""Servers that the SDK makes, over pipes and over HTTP, of both eras, and what becomes of a call when one restarts."""

import asyncio
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

import pytest
from mcp.server import MCPServer
from mcp.server.mcpserver import Context, Elicit, Resolve
from mcp.server.mcpserver.exceptions import ToolError as RemoteError
from mcp_types import EmbeddedResource, InputRequiredResult, TextResourceContents
from pydantic import BaseModel, Field

from sensorium.tools.base.budget import OutcomeUnknown
from sensorium.tools.base.call import call, perform
from sensorium.tools.base.errors import ArgumentError, ToolError, TransientError, UnavailableError
from sensorium.tools.base.run import Run
from sensorium.tools.base.secrets import known as known_secrets
from sensorium.tools.base.settings import Settings
from sensorium.tools.servers import link
from sensorium.tools.servers.offering import ask_servers, remote_tools, standings

KEY = "sk-notes-0a1b2c3d4e5f"
Plain = dict[str, Any]


class Note(BaseModel):
    """What is noted."""

    text: str
    tags: list[str] = []


class Sure(BaseModel):
    """An answer of a user."""

    yes: bool


def ask_user() -> Elicit[Sure]:
    return Elicit("Really?", Sure)


class House:
    """A server with a few tools, and what they were called with."""

    def __init__(self) -> None:
        self.calls: list[Plain] = []
        self.went_on = threading.Event()
        self.cancelled = threading.Event()
        self.server = MCPServer("house", version="2")

        @self.server.tool()
        async def add_note(
            note: Note, times: Annotated[int, Field(ge=1, le=3, description="How often.")] = 1, to: str | None = None
        ) -> Note:
            """Add a note."""
            self.calls.append({"note": note.model_dump(), "times": times, "to": to})
            return Note(text=note.text * times, tags=note.tags)

        @self.server.tool()
        async def refuse(why: str) -> str:
            """Refuse."""
            raise RemoteError(why)

        @self.server.tool()
        async def wait(seconds: float, context: Context) -> str:
            """Wait."""
            self.calls.append({"seconds": seconds})
            await context.report_progress(1, 2, "half \x1b[31mway")
            self.went_on.set()
            try:
                await asyncio.sleep(seconds)
            except BaseException:
                self.cancelled.set()
                raise
            return "waited"

        @self.server.tool()
        async def ask(sure: Annotated[Sure, Resolve(ask_user)]) -> str:
            """Ask the user."""
            return f"{sure.yes}"

        @self.server.tool()
        async def put_off() -> InputRequiredResult:
            """Ask to be asked again."""
            return InputRequiredResult(request_state="later")

        @self.server.tool()
        async def grow(context: Context) -> str:
            """Get a tool more."""

            @self.server.tool()
            async def later() -> str:
                """Come later."""
                return "here"

            await context.notify_tools_changed()
            return "grown"

        @self.server.tool()
        async def page() -> list[EmbeddedResource]:
            """Give a page."""
            inside = TextResourceContents(uri="note://1", text="page one", mime_type="text/plain")
            return [EmbeddedResource(type="resource", resource=inside)]


@contextmanager
def listening(house: House, port: int = 0, **options: Any) -> Iterator[int]:
    """Run a server on loopback until the end of the block, and give its port."""
    from sensorium_test_loopback import listening as bound
    from sensorium_test_loopback import running

    listener = bound(port)
    app = house.server.streamable_http_app(**options)

    async def guarded(scope: Any, receive: Any, send: Any) -> None:
        headers = dict(scope.get("headers", ()))
        if scope["type"] == "http" and headers.get(b"authorization") != f"Bearer {KEY}".encode():
            await send({"type": "http.response.start", "status": 401, "headers": []})
            await send({"type": "http.response.body", "body": KEY.encode()})
            return
        await app(scope, receive, send)

    with running(guarded, listener, lifespan="on", patience_seconds=0):
        yield listener.getsockname()[1]


@pytest.fixture
def house(loopback: ModuleType) -> House:
    return House()


@pytest.fixture
def at(settings_with: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Settings]:
    """Return settings with the house at a port."""
    monkeypatch.setenv("NOTES_KEY", KEY)
    return lambda port, **more: settings_with(
        house={"url": f"http://127.0.0.1:{port}/mcp", "key": "NOTES_KEY", "timeout_seconds": 20, **more}
    )


async def test_a_tool_over_http_is_called_with_typed_arguments_and_gives_data(
    house: House, at: Any, open_run: Any
) -> None:
    with listening(house) as port:
        settings = at(port)
        assert await ask_servers(settings) == {}
        listing = standings(settings)[0].listing
        assert listing and (listing.era, listing.server) == ("2026-07-28", "house 2")
        tool = remote_tools(settings)["house__add_note"]
        assert tool.input_schema["required"] == ["note"]
        assert tool.input_schema["properties"]["note"]["properties"]["text"] == {"type": "string"}
        run = open_run(settings)
        outcome = await perform("house__add_note", {"note": {"text": "ab", "tags": ["x"]}, "times": "2"}, run)
        assert outcome.result.data == {"text": "abab", "tags": ["x"]}
        assert (outcome.result.text, outcome.provider) == ("", "mcp:house")
        assert house.calls == [{"note": {"text": "ab", "tags": ["x"]}, "times": 2, "to": None}]
        with pytest.raises(ArgumentError, match="`times`: 9 is greater than the maximum of 3"):
            await call("house__add_note", {"note": {"text": "a"}, "times": 9}, run)
        with pytest.raises(ArgumentError, match="note"):
            await call("house__add_note", {"note": {"tags": 3}}, run)
        with pytest.raises(ToolError, match="answered `refuse` with an error"):
            await call("house__refuse", {"why": "no"}, run)
        assert (await call("house__page", {}, run)).text == "page one"
        with pytest.raises(ToolError, match=r"did not declare the form elicitation|asks its user something"):
            await call("house__ask", {}, run)
        with pytest.raises(ToolError, match="asks its user something, and Sensorium answers no server's questions"):
            await call("house__put_off", {}, run)
        sent = [(one.host, one.is_local, one.role, one.state) for one in run.egress.rows()]
        assert set(sent) == {(f"127.0.0.1:{port}", True, "mcp", "sent")}
        await link.close_links()


@pytest.mark.parametrize("options", [{}, {"stateless_http": True}])
async def test_a_restarted_server_is_connected_to_again(
    house: House, at: Any, open_run: Any, options: Plain, monkeypatch: pytest.MonkeyPatch
) -> None:
    with listening(house, **options) as port:
        settings = at(port)
        await ask_servers(settings)
        run = open_run(settings)
        await call("house__add_note", {"note": {"text": "1"}}, run)
    monkeypatch.setattr("sensorium.tools.base.call.RETRY_WAITS_SECONDS", (0.05,))
    with pytest.raises((TransientError, UnavailableError), match=r"could not be connected to|connect"):
        await call("house__add_note", {"note": {"text": "lost"}}, run)
    with listening(House(), port, **options):
        answer = await call("house__add_note", {"note": {"text": "2"}}, run)
        assert answer.data == {"text": "2", "tags": []}
        await link.close_links()
    assert [one["note"]["text"] for one in house.calls] == ["1"]


async def test_a_call_in_flight_when_the_server_goes_is_not_sent_again(house: House, at: Any, open_run: Any) -> None:
    with listening(house) as port:
        settings = at(port)
        await ask_servers(settings)
        run = open_run(settings)
        waiting = asyncio.create_task(call("house__wait", {"seconds": 60}, run))
        await asyncio.to_thread(house.went_on.wait, 20)
    again = House()
    with listening(again, port):
        with pytest.raises(OutcomeUnknown, match="not known, so it was not sent again"):
            await waiting
        await call("house__add_note", {"note": {"text": "2"}}, run)
        await link.close_links()
    assert (len(house.calls), [one for one in again.calls if "seconds" in one]) == (1, [])


async def test_a_cancelled_call_is_cancelled_at_the_server(house: House, at: Any, open_run: Any) -> None:
    said: list[str] = []
    with listening(house) as port:
        settings = at(port)
        await ask_servers(settings)
        run = replace(open_run(settings), on_progress=lambda one: said.append(one.note))
        waiting = asyncio.create_task(call("house__wait", {"seconds": 60}, run))
        async with asyncio.timeout(20):
            while not said:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert await asyncio.to_thread(house.cancelled.wait, 20)
        await link.close_links()
    assert said == ["half [31mway"]


async def test_a_wrong_key_is_said_to_be_one_and_never_shown(
    house: House, settings_with: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WRONG_KEY", "sk-wrong-1234567890")
    with listening(house) as port:
        settings = settings_with(house={"url": f"http://127.0.0.1:{port}/mcp", "key": "WRONG_KEY"})
        why = (await ask_servers(settings))["house"]
    assert "answered with status 401: it wants another key" in why and "sk-" not in why
    assert "sk-wrong-1234567890" in known_secrets()


async def test_the_tools_are_looked_at_again_when_the_server_says_that_they_changed(
    house: House, at: Any, open_run: Any
) -> None:
    with listening(house) as port:
        settings = at(port)
        await ask_servers(settings)
        assert "house__later" not in remote_tools(settings)

        await call("house__grow", {}, open_run(settings))
        async with asyncio.timeout(20):
            while "house__later" not in remote_tools(settings):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        assert (await call("house__later", {}, open_run(settings))).text == "here"
        await link.close_links()


async def test_a_call_whose_answer_came_before_we_were_killed_is_not_made_again(
    house: House, at: Any, open_run: Any
) -> None:
    with listening(house) as port:
        settings = at(port)
        await ask_servers(settings)
        first: Run = open_run(settings)
        given = {"note": {"text": "once"}}
        await perform("house__add_note", given, first, call_id="r-note")
        await link.close_links()  # as another process has none
        again = replace(Run.open(settings, run_id=first.id))
        outcome = await perform("house__add_note", given, again, call_id="r-note")
        assert (outcome.result.data, len(house.calls)) == ({"text": "once", "tags": []}, 1)
        again.library.close()
        await link.close_links()


async def test_a_call_that_was_sent_before_we_were_killed_is_sent_again_only_when_the_user_says_so(
    house: House, at: Any, open_run: Any
) -> None:
    with listening(house) as port:
        settings = at(port)
        await ask_servers(settings)
        first: Run = open_run(settings)
        waiting = asyncio.create_task(perform("house__wait", {"seconds": 60}, first, call_id="r-wait"))
        assert await asyncio.to_thread(house.went_on.wait, 20)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        await link.close_links()
        again = Run.open(settings, run_id=first.id)
        with pytest.raises(OutcomeUnknown) as error:
            await perform("house__wait", {"seconds": 60}, again, call_id="r-wait")
        again.budget.allow_again(error.value.order.key)
        house.went_on.clear()
        waiting = asyncio.create_task(perform("house__wait", {"seconds": 60}, again, call_id="r-wait"))
        assert await asyncio.to_thread(house.went_on.wait, 20)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        again.library.close()
        await link.close_links()
    assert len(house.calls) == 2


PROGRAM = """
import sys
from pathlib import Path
from mcp.server import MCPServer
server = MCPServer("files")
@server.tool()
def measure(path: str, unit: str = "bytes") -> dict[str, object]:
    "Measure a file."
    return {"bytes": Path(path).stat().st_size, "name": Path(path).name, "path": path}
server.run()
"""


async def test_a_program_is_given_the_path_of_a_copy_where_the_settings_call_an_argument_a_file(
    settings_with: Any, strange: Any, open_run: Any, tmp_path: Path
) -> None:
    (tmp_path / "server.py").write_text(PROGRAM)
    (tmp_path / "notes.txt").write_text("twelve bytes")
    table = {"command": sys.executable, "args": [str(tmp_path / "server.py")], "files": ["path"]}
    settings = settings_with(files=table)
    assert await ask_servers(settings) == {}
    run = open_run(settings)
    given = await perform("files__measure", {"path": str(tmp_path / "notes.txt")}, run)
    data = given.result.data.get("result", given.result.data)
    assert (data["bytes"], data["name"]) == (12, "notes.txt")
    assert not Path(data["path"]).exists()  # noqa: ASYNC240
    assert Path(data["path"]) != tmp_path / "notes.txt"
    other = settings_with(odd=strange())
    await ask_servers(other)
    untouched = await call("odd__echo", {"text": str(tmp_path / "notes.txt")}, open_run(other))
    assert untouched.text == f"echo: {tmp_path / 'notes.txt'}"
    handle = run.workspace.adopt(tmp_path / "notes.txt").handle
    with pytest.raises(ArgumentError, match=r"write `files = \['text'\]` into `\[mcp.servers.odd\]`"):
        await call("odd__echo", {"text": handle}, open_run(other))
    await link.close_links()
