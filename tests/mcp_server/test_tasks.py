"""Calls that are answered with tasks, for clients that declare the extension."""

import asyncio
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, Literal

import httpx2
import pytest
from mcp import Client, MCPError
from mcp.client.extension import ClaimContext, ClientExtension, NotificationBinding, ResultClaim
from mcp.client.streamable_http import streamable_http_client
from mcp.server.mcpserver import Context
from mcp.types import (
    CallToolResult,
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitResult,
    NotificationParams,
    Request,
    Result,
    SubscriptionFilter,
    SubscriptionsListenRequest,
    SubscriptionsListenRequestParams,
    TextContent,
)
from pydantic import ConfigDict, TypeAdapter
from pydantic.alias_generators import to_camel

from sensorium.mcp_server import door_tool, server_tasks
from sensorium.mcp_server.app import MediaServer
from sensorium.mcp_server.job_store import KEPT_SECONDS, JobStore
from sensorium.mcp_server.jobs import Limits
from sensorium.mcp_server.order import Order
from sensorium.mcp_server.task_call import begin_task
from sensorium.mcp_server.task_wire import IDENTIFIER
from sensorium.tools.base.library import Library
from sensorium.tools.base.settings import Settings

Serve = Callable[..., MediaServer]
Running = Callable[..., AbstractAsyncContextManager[Any]]
AnyContext = Context[Any, Any]
PLAIN: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, Any])
AnyRequest = Request[dict[str, Any], str]
TASK_PARTS = {"taskId", "status", "createdAt", "lastUpdatedAt", "ttlMs", "pollIntervalMs"}
META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {"extensions": {IDENTIFIER: {}}},
}
HERE = Path(__file__).parent

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="it is looked for living processes as on POSIX")


class Made(Result):
    """A task instead of a result."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="allow")

    result_type: Literal["task"] = "task"
    task_id: str
    status: str
    ttl_ms: int
    created_at: str


class News(NotificationParams):
    """What is told of a task."""

    model_config = ConfigDict(extra="allow")


class AboutTask(Request[dict[str, Any], str]):
    """`tasks/…`."""

    name_param = "taskId"


class TakesTasks(ClientExtension):
    """What a client does that waits for its tasks by itself."""

    identifier = IDENTIFIER

    def claims(self) -> list[ResultClaim[Any]]:
        return [ResultClaim(result_type="task", model=Made, resolve=self._resolve)]

    def __init__(self) -> None:
        self.heard: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        """What was told without being asked for."""

    def notifications(self) -> list[NotificationBinding[Any]]:
        return [NotificationBinding(method="notifications/tasks", params_type=News, handler=self._hear)]

    async def _hear(self, news: "News") -> None:
        await self.heard.put(news.model_dump(by_alias=True))

    async def _resolve(self, made: Made, context: ClaimContext) -> CallToolResult:
        asked = AboutTask(method="tasks/get", params={"taskId": made.task_id})
        async with asyncio.timeout(60):
            while (task := await context.session.send_request(asked, PLAIN))["status"] == "working":  # noqa: ASYNC110
                await asyncio.sleep(0.05)  # as clients do
        return CallToolResult.model_validate(task["result"])


@dataclass
class Tasks:
    """What a client does that looks at its tasks itself."""

    client: Client
    heard: asyncio.Queue[dict[str, Any]]

    async def call(self, tool: str, **arguments: Any) -> Any:
        """Return a result or a task."""
        return await self.client.session.call_tool(tool, arguments, allow_claimed=True)

    async def made(self, tool: str, **arguments: Any) -> str:
        """Return the id of the task that a call becomes."""
        made = await self.call(tool, **arguments)
        assert isinstance(made, Made), made
        return made.task_id

    async def ask(self, method: str, task: Any, **more: Any) -> dict[str, Any]:
        """Send a request about a task."""
        params = {"taskId": task, **more}
        return await self.client.session.send_request(AboutTask(method=f"tasks/{method}", params=params), PLAIN)

    async def get(self, task: str) -> dict[str, Any]:
        return await self.ask("get", task)

    async def until(self, task: str, *statuses: str) -> dict[str, Any]:
        """Return a task once it has one of these statuses."""
        async with asyncio.timeout(60):
            while (now := await self.get(task))["status"] not in statuses:  # noqa: ASYNC110 - as clients do
                await asyncio.sleep(0.05)
        return now

    async def code(self, method: str, task: Any, **more: Any) -> int:
        """Return the code of the error that a request about a task gives."""
        with pytest.raises(MCPError) as raised:
            await self.ask(method, task, **more)
        return raised.value.error.code


@asynccontextmanager
async def _with_tasks(server: Any, **given: Any) -> AsyncIterator[Tasks]:
    taking = TakesTasks()
    async with Client(server, mode="2026-07-28", extensions=[taking], **given) as client:
        yield Tasks(client, taking.heard)


@asynccontextmanager
async def _over_http(address: str, token: str = "token-of-the-first-client") -> AsyncIterator[Tasks]:
    http = httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"}, timeout=60)
    async with http, _with_tasks(streamable_http_client(f"{address}/mcp", http_client=http)) as tasks:
        yield tasks


@pytest.fixture(params=["memory", "http"])
def connected(request: pytest.FixtureRequest, running: Running) -> Callable[..., AbstractAsyncContextManager[Tasks]]:
    """Connect with a server that was built, over each transport."""

    @asynccontextmanager
    async def connect(server: MediaServer) -> AsyncIterator[Tasks]:
        if request.param == "memory":
            async with _with_tasks(server) as tasks:
                yield tasks
        else:
            async with running(server) as web, _over_http(web.address) as tasks:
                yield tasks

    return connect


def _text(result: dict[str, Any]) -> str:
    return str(result["content"][0]["text"])


async def test_a_client_that_takes_tasks_gets_the_result_of_a_long_call(
    serve: Serve, connected: Any, mark: Any
) -> None:
    async with connected(serve()) as tasks:
        given = await tasks.client.call_tool("nap", {"seconds": 0.5, "mark": str(mark)})
    assert given.content == [TextContent(type="text", text='{"text":"slept 0.5 s"}')]


async def test_a_task_says_how_it_stands_and_keeps_its_result(serve: Serve, running: Running, mark: Any) -> None:
    async with running(serve()) as web, _over_http(web.address) as tasks:
        made = await tasks.call("nap", seconds=0.6, mark=str(mark))
        assert (made.status, made.ttl_ms, len(made.task_id)) == ("working", 7 * 86_400_000, 32)
        working = await tasks.get(made.task_id)
        assert working.keys() - {"statusMessage"} == TASK_PARTS | {"resultType", "_meta"}
        done = await tasks.until(made.task_id, "completed", "failed", "cancelled")
        assert done["result"]["resultType"] == "complete" and "isError" in done["result"]
        assert _text(done["result"]) == '{"text":"slept 0.6 s"}'
        assert await tasks.get(made.task_id) == done, "it can be asked again, and says the same"
        assert done["createdAt"] == made.created_at == working["createdAt"]
        assert done["lastUpdatedAt"] >= working["lastUpdatedAt"]


async def test_what_a_task_does_is_told(serve: Serve, mark: Any) -> None:
    async with _with_tasks(serve()) as tasks:
        task = await tasks.made("nap", seconds=60, mark=str(mark))
        async with asyncio.timeout(30):
            while "asleep (" not in (await tasks.get(task)).get("statusMessage", ""):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        await tasks.ask("cancel", task)


async def test_a_tool_that_fails_has_completed_with_an_error(serve: Serve, mark: Any) -> None:
    async with _with_tasks(serve(workers=1)) as tasks:
        blocking = await tasks.made("nap", seconds=0.5, mark=str(mark))
        failing = await tasks.made("refuse", letters=3)
        done = await tasks.until(failing, "completed", "failed", "cancelled")
        assert (done["status"], done["result"]["isError"]) == ("completed", True)
        assert _text(done["result"]) == "The film is torn. xxx Mend it."
        await tasks.until(blocking, "completed")


async def test_cancelling_a_task_kills_its_work_and_may_be_said_twice(serve: Serve, connected: Any, mark: Any) -> None:
    async with connected(serve()) as tasks:
        task = await tasks.made("nap", seconds=60, mark=str(mark))
        processes = await mark.processes()
        said = [await tasks.ask("cancel", task) for _ in range(2)]
        assert [one.keys() - {"_meta"} for one in said] == [{"resultType"}] * 2
        assert await mark.all_end(processes)
        cancelled = await tasks.get(task)
        assert cancelled["status"] == "cancelled" and cancelled.keys() <= TASK_PARTS | {"resultType", "_meta"}
        await tasks.ask("update", task, inputResponses={"late": {"action": "accept"}})
        assert await tasks.get(task) == cancelled


async def test_a_task_is_known_only_to_whom_it_belongs(serve: Serve, running: Running, mark: Any) -> None:
    async with running(serve()) as web, _over_http(web.address) as mine:
        task = await mine.made("nap", seconds=60, mark=str(mark))
        processes = await mark.processes()
        async with _over_http(web.address, "token-of-the-second-client") as other:
            codes = [await other.code("get", task), await other.code("cancel", task)]
            codes.append(await other.code("update", task, inputResponses={}))
            strange = [await other.code("get", "0" * 32), await other.code("cancel", "0" * 32)]
        assert codes == [-32602] * 3 and strange == [-32602] * 2
        assert (await mine.get(task))["status"] == "working" and all(map(mark.lives, processes))
        await mine.ask("cancel", task)


async def test_a_task_outlives_its_connection_and_its_server(serve: Serve, mark: Any) -> None:
    async with _with_tasks(serve()) as tasks:
        made = await tasks.call("nap", seconds=1.2, mark=str(mark))
        processes = await mark.processes()
    assert all(map(mark.lives, processes)), "the first server is gone, its worker is not"
    async with _with_tasks(serve()) as tasks:
        done = await tasks.until(made.task_id, "completed", "failed", "cancelled")
        assert _text(done["result"]) == '{"text":"slept 1.2 s"}'
        assert done["createdAt"] == made.created_at
    assert mark.naps() == 1, "it was done once"


async def test_what_was_kept_for_its_time_is_forgotten_by_the_next_server(serve: Serve, settings: Settings) -> None:
    library = Library(settings.home)
    store, order = JobStore(library), Order(owner="local", tool="nap", module="misbehaving_tools", arguments={})
    for job in ("old", "new"):
        store.add(job, job, order, time.time())
        store.ended(job, "done", {"content": []})
    with library.transaction() as db:
        db.execute("UPDATE jobs SET changed=? WHERE job='old'", (time.time() - KEPT_SECONDS - 1,))
    async with _with_tasks(serve()) as tasks:
        await tasks.call("chatter", lines=1)
        assert await tasks.code("get", "old") == -32602
        assert (await tasks.get("new"))["status"] == "completed"


async def test_what_ends_while_it_is_written_down_has_ended(
    serve: Serve, mark: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended, has_ended, add = JobStore.ended, threading.Event(), JobStore.add

    def ending(self: JobStore, *given: Any) -> None:
        ended(self, *given)
        has_ended.set()

    def late(self: JobStore, *given: Any) -> None:
        assert has_ended.wait(30)
        add(self, *given)

    monkeypatch.setattr(JobStore, "ended", ending)
    monkeypatch.setattr(JobStore, "add", late)
    async with _with_tasks(serve()) as tasks:
        await tasks.client.call_tool("nap", {"seconds": 0.2, "mark": str(mark)})
        store = JobStore(Library(settings.home))
        assert store.unfinished() == []
        assert [one.status for one in store.latest("local")] == ["done"]


@asynccontextmanager
async def _on_standard_input(home: Path, films: Path) -> AsyncIterator[Callable[..., Awaitable[dict[str, Any]]]]:
    """Start a server and give what asks it; at the end it is killed."""
    command = [sys.executable, str(HERE / "misbehaving_server.py"), str(home), str(films)]
    server = await asyncio.create_subprocess_exec(
        *command, env={**os.environ, "PYTHONPATH": str(HERE)}, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )

    async def ask(method: str, **params: Any) -> dict[str, Any]:
        assert server.stdin and server.stdout
        asked = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {**params, "_meta": META}}
        server.stdin.write(json.dumps(asked).encode() + b"\n")
        return dict(json.loads(await server.stdout.readline())["result"])

    try:
        yield ask
    finally:
        server.kill()
        await server.wait()


async def test_a_task_survives_the_kill_of_its_server(tmp_path: Path, films: Path, mark: Any) -> None:
    async with _on_standard_input(tmp_path / "home", films) as ask:
        made = await ask("tools/call", name="nap", arguments={"seconds": 1.2, "mark": str(mark)})
        assert (made["resultType"], made["status"]) == ("task", "working")
        processes = await mark.processes()
    assert all(map(mark.lives, processes))
    async with _on_standard_input(tmp_path / "home", films) as ask, asyncio.timeout(60):
        while (now := await ask("tasks/get", taskId=made["taskId"]))["status"] == "working":  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    assert _text(now["result"]) == '{"text":"slept 1.2 s"}'
    assert mark.naps() == 1


async def test_a_task_whose_process_died_with_the_server_is_begun_again(serve: Serve, mark: Any) -> None:
    async with _with_tasks(serve()) as tasks:
        task = await tasks.made("nap", seconds=0.5, mark=str(mark))
        processes = await mark.processes()
    for process in processes:
        os.kill(process, 9)
    assert await mark.all_end(processes)
    async with _with_tasks(serve()) as tasks:
        assert (await tasks.until(task, "completed", "failed", "cancelled"))["status"] == "completed"
    assert mark.naps() == 2


async def test_what_reaches_outside_is_not_begun_again_and_its_task_says_so(serve: Serve, mark: Any) -> None:
    async with _with_tasks(serve(approved=True)) as tasks:
        task = await tasks.made("post", mark=str(mark))
        processes = await mark.processes()
    os.kill(processes[0], 9)
    assert await mark.all_end(processes)
    async with _with_tasks(serve()) as tasks:
        left = await tasks.get(task)
        assert left["status"] == "cancelled" and "whether it had its effect is not known" in left["statusMessage"]
    assert mark.naps() == 1


async def test_the_same_call_beside_a_task_waits_for_the_same_result(serve: Serve, mark: Any) -> None:
    async with _with_tasks(serve()) as tasks:
        task = await tasks.made("nap", seconds=1, mark=str(mark))
        again = await tasks.call("nap", seconds=1, mark=str(mark))
        assert again.content == [TextContent(type="text", text='{"text":"slept 1 s"}')], "no second task of that id"
        assert (await tasks.get(task))["status"] == "completed"
    assert mark.naps() == 1


async def test_more_short_tasks_than_jobs_can_be_asked_for_at_once(serve: Serve, mark: Any) -> None:
    async with _with_tasks(serve(limits=Limits(most_jobs=2))) as tasks:
        made = [await tasks.made("nap", seconds=60 + n, mark=str(mark)) for n in range(4)]
        assert len(set(made)) == 4
        for task in made:
            await tasks.ask("cancel", task)


async def test_a_client_without_the_extension_sees_nothing_of_it(serve: Serve, era: str, body: Any, mark: Any) -> None:
    async with Client(serve(limits=Limits(answer_seconds=0.3)), mode=era) as client:
        told = body(await client.call_tool("nap", {"seconds": 60, "mark": str(mark)}))
        assert told["status"] == "running"
        code = await Tasks(client, asyncio.Queue()).code("get", told["job_id"])
        assert code == (-32601 if era == "legacy" else -32021)
        await client.call_tool("job_cancel", {"job_id": told["job_id"]})


@pytest.mark.parametrize("era", ["legacy", "auto"])
async def test_only_a_modern_client_is_told_of_the_extension(serve: Serve, era: str) -> None:
    async with Client(serve(), mode=era) as client:
        capabilities = client.server_capabilities
    assert capabilities is not None
    assert (IDENTIFIER in (capabilities.extensions or {})) is (era == "auto")


async def test_a_strange_id_is_an_invalid_parameter(serve: Serve) -> None:
    strange: list[Any] = [None, 7, True, [], {}, "", "x" * 65, "x" * 100_000, "\0", "a' OR '1'='1", "é😀"]
    methods = (("get", {}), ("cancel", {}), ("update", {"inputResponses": {}}))
    async with _with_tasks(serve()) as tasks:
        for task, (method, more) in product(strange, methods):
            with pytest.raises(MCPError) as raised:
                asked = AnyRequest(method=f"tasks/{method}", params={"taskId": task, **more})
                await tasks.client.session.send_request(asked, PLAIN)
            assert raised.value.error.code == -32602, task
            assert len(raised.value.error.message) < 200


async def test_strange_answers_are_an_invalid_parameter(office: MediaServer) -> None:
    async with _with_tasks(office) as tasks:
        task = await tasks.made("decorate", colours=1)
        for responses in (None, 7, "x", [], [1], {"colour 0": None}, {"colour 0": {"action": "accept", "content": 7}}):
            assert await tasks.code("update", task, inputResponses=responses) == -32602
        assert (await tasks.get(task))["status"] == "input_required"


async def test_the_header_must_name_the_task(office: MediaServer, running: Running) -> None:
    async with running(office) as web, _over_http(web.address) as tasks:
        task = await tasks.made("decorate", colours=1)
        names = (None, "another", "=?base64?bm9uZQ==?=", "=?base64?!?=")
        for name, method in product(names, ("get", "update", "cancel")):
            answer = await _post(web.address, f"tasks/{method}", {"taskId": task, "inputResponses": {}}, name)
            assert (answer.status_code, answer.json()["error"]["code"]) == (400, -32020)
        assert (await tasks.get(task))["status"] == "input_required"


async def _post(address: str, method: str, params: dict[str, Any], name: str | None) -> httpx2.Response:
    async with _posting(address, method, params, name) as answer:
        await answer.aread()
    return answer


@asynccontextmanager
async def _posting(
    address: str, method: str, params: dict[str, Any], name: str | None, token: str = "token-of-the-first-client"
) -> AsyncIterator[httpx2.Response]:
    headers = {
        "Authorization": f"Bearer {token}",
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": "2026-07-28",
        "Mcp-Method": method,
        **({} if name is None else {"Mcp-Name": name}),
    }
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {**params, "_meta": META}}
    async with (
        httpx2.AsyncClient(timeout=30) as http,
        http.stream("POST", f"{address}/mcp", json=body, headers=headers) as answer,
    ):
        yield answer


@pytest.fixture
def office(serve: Serve) -> MediaServer:
    """A server with a tool of its own, which asks and works in the server."""
    server = serve()

    @server.tool()
    async def commission(context: AnyContext) -> str:
        """Have something made, which nobody can wait for."""
        begin_task(context, required=True)
        return "made"

    @server.tool()
    async def decorate(colours: int, context: AnyContext, hold: bool = False) -> str:
        """Decorate."""
        task = begin_task(context)
        if not task:
            return "decorated at once"
        asked = {f"colour {n}": _question(f"Which colour is number {n}?") for n in range(colours)}
        given = await task.ask(asked) if asked else {}
        if hold:
            await asyncio.Event().wait()
        return ", ".join(sorted(str(getattr(one, "content", None)) for one in given.values()))

    return server


def _question(message: str) -> ElicitRequest:
    schema = {"type": "object", "properties": {"colour": {"type": "string"}}, "required": ["colour"]}
    return ElicitRequest(params=ElicitRequestFormParams(message=message, requested_schema=schema))


async def test_an_instant_result_is_no_task(office: MediaServer, connected: Any) -> None:
    async with connected(office) as tasks:
        given = await tasks.call("decorate", colours=0)
    assert isinstance(given, CallToolResult)
    assert office.service.tasks.get("", "local") is None and not office.service.tasks._tasks


async def test_a_tool_that_is_of_no_use_without_tasks_says_so(office: MediaServer, running: Running) -> None:
    async with running(office) as web:
        async with web.client() as client:
            with pytest.raises(MCPError) as raised:
                await client.call_tool("commission", {})
        assert raised.value.error.code == -32021
        assert raised.value.error.data == {"requiredCapabilities": {"extensions": {IDENTIFIER: {}}}}
        async with _over_http(web.address) as tasks:
            assert (await tasks.call("commission")).content[0].text == "made"


async def test_what_a_task_asks_is_answered_bit_by_bit(office: MediaServer, connected: Any) -> None:
    async with connected(office) as tasks:
        task = await tasks.made("decorate", colours=2)
        asked = await tasks.until(task, "input_required")
        assert asked["inputRequests"]["colour 0"] == {
            "method": "elicitation/create",
            "params": _question("Which colour is number 0?").params.model_dump(
                by_alias=True, mode="json", exclude_none=True
            ),
        }
        wrong = {"colour 1": {"action": "perhaps"}, "colour 0": {"action": "accept", "content": {"colour": "red"}}}
        assert await tasks.code("update", task, inputResponses=wrong) == -32602
        assert (await tasks.get(task))["inputRequests"].keys() == {"colour 0", "colour 1"}, "none of it was taken"
        right = {"colour 1": {"action": "accept", "content": {"colour": "red"}}, "unknown": 7}
        said = await tasks.ask("update", task, inputResponses=right)
        assert said.keys() - {"_meta"} == {"resultType"}
        still = await tasks.get(task)
        assert (still["status"], still["inputRequests"].keys()) == ("input_required", {"colour 0"})
        await tasks.ask("update", task, inputResponses=right)
        await tasks.ask("update", task, inputResponses={"colour 0": {"action": "decline"}})
        done = await tasks.until(task, "completed", "failed", "cancelled")
        assert _text(done["result"]) == "None, {'colour': 'red'}"
        await tasks.ask("update", task, inputResponses={"colour 0": {"action": "accept"}})
        assert await tasks.get(task) == done


async def test_a_task_in_the_server_belongs_to_its_owner_and_can_be_cancelled(
    office: MediaServer, running: Running
) -> None:
    async with running(office) as web, _over_http(web.address) as mine:
        task = await mine.made("decorate", colours=0, hold=True)
        async with _over_http(web.address, "token-of-the-second-client") as other:
            assert [await other.code(one, task) for one in ("get", "cancel")] == [-32602] * 2
        await mine.ask("cancel", task)
        await mine.ask("cancel", task)
        assert (await mine.get(task))["status"] == "cancelled"


async def test_a_task_in_the_server_is_forgotten_when_its_time_is_over(
    office: MediaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_tasks, "KEPT_SECONDS", 0.3)
    async with _with_tasks(office) as tasks:
        made = await tasks.call("decorate", colours=1)
        assert made.ttl_ms == 300
        kept = office.service.tasks._tasks[made.task_id]
        async with asyncio.timeout(10):
            while office.service.tasks._tasks:  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.02)
        assert kept.status == "cancelled"
        assert await tasks.code("get", made.task_id) == -32602


async def test_an_owner_has_only_so_many_tasks_in_the_server(
    office: MediaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_tasks, "MOST_TASKS", 2)
    async with _with_tasks(office) as tasks:
        for _ in range(2):
            await tasks.made("decorate", colours=1)
        refused = await tasks.call("decorate", colours=1)
        assert refused.is_error and "You have 2 tasks" in refused.content[0].text


def _listening(*tasks: Any) -> SubscriptionsListenRequest:
    wanted = SubscriptionFilter.model_validate({"taskIds": list(tasks)})
    return SubscriptionsListenRequest(params=SubscriptionsListenRequestParams(notifications=wanted))


async def test_who_listens_is_told_how_tasks_stand(
    serve: Serve, office: MediaServer, connected: Any, mark: Any
) -> None:
    async with connected(office) as tasks:
        asks = await tasks.made("decorate", colours=1)
        naps = await tasks.made("nap", seconds=0.4, mark=str(mark))
        stream = asyncio.create_task(tasks.client.session.send_request(_listening(asks, naps, "unknown"), PLAIN))
        told: dict[str, list[dict[str, Any]]] = {asks: [], naps: []}
        async with asyncio.timeout(60):
            while not all(news and news[-1]["status"] == "completed" for news in told.values()):
                news = await tasks.heard.get()
                assert news["_meta"].keys() == {"io.modelcontextprotocol/subscriptionId"}
                told[news["taskId"]].append(news)
                if news["status"] == "input_required":
                    await tasks.ask("update", asks, inputResponses={"colour 0": {"action": "cancel"}})
        assert [one["status"] for one in told[asks]] in (
            ["input_required", "working", "completed"], ["input_required", "completed"]
        )  # fmt: skip
        assert {one["status"] for one in told[naps]} == {"working", "completed"}
        assert _text(told[naps][-1]["result"]) == '{"text":"slept 0.4 s"}'
        stream.cancel()


async def test_a_stream_says_first_which_tasks_it_will_tell_of(office: MediaServer, running: Running) -> None:
    async with running(office) as web, _over_http(web.address) as mine:
        task = await mine.made("decorate", colours=1)
        heads = []
        for token in ("token-of-the-first-client", "token-of-the-second-client"):
            params = {"notifications": {"toolsListChanged": True, "taskIds": [task, "other", task]}}
            async with _posting(web.address, "subscriptions/listen", params, None, token) as answer:
                frames = (line async for line in answer.aiter_lines() if line.startswith("data:"))
                heads.append(json.loads((await anext(frames)).removeprefix("data:")))
                if token == "token-of-the-first-client":
                    assert json.loads((await anext(frames)).removeprefix("data:"))["params"]["taskId"] == task
    assert [one["method"] for one in heads] == ["notifications/subscriptions/acknowledged"] * 2
    assert [one["params"]["notifications"] for one in heads] == [
        {"toolsListChanged": True, "taskIds": [task]},
        {"toolsListChanged": True, "taskIds": []},
    ]


async def test_a_stream_about_strange_ids_is_an_invalid_parameter(serve: Serve) -> None:
    async with _with_tasks(serve()) as tasks:
        for asked in (7, "x", [1], {"a": 1}, [None]):
            listen = AnyRequest(method="subscriptions/listen", params={"notifications": {"taskIds": asked}})
            with pytest.raises(MCPError) as raised:
                await tasks.client.session.send_request(listen, PLAIN)
            assert raised.value.error.code == -32602


async def _never(context: Any, params: Any) -> ElicitResult:
    """Declare that users can be asked; what tasks ask comes with them."""
    raise NotImplementedError


async def test_what_a_job_asks_is_answered_with_the_task(serve: Serve, mark: Any) -> None:
    async with _with_tasks(serve(), elicitation_callback=_never) as tasks:
        task = await tasks.made("post", mark=str(mark))
        asked = await tasks.until(task, "input_required", "completed")
        ((key, request),) = asked["inputRequests"].items()
        assert request["method"] == "elicitation/create" and "post" in request["params"]["message"]
        assert request["params"]["requestedSchema"]["properties"].keys() == {"approve"}
        assert await tasks.code("update", task, inputResponses={key: {"action": 1}}) == -32602
        await tasks.ask("update", task, inputResponses={"0": {"action": "accept", "content": {"approve": True}}})
        assert (await tasks.get(task))["status"] == "input_required", "it was for another question"
        await tasks.ask("update", task, inputResponses={key: {"action": "accept", "content": {"approve": True}}})
        processes = await mark.processes()
        assert (await tasks.get(task))["status"] == "working"
        await tasks.ask("cancel", task)
        assert await mark.all_end(processes)


@pytest.mark.parametrize("response", [{"action": "decline"}, {"action": "accept", "content": {"approve": "yes"}}])
async def test_what_was_not_approved_is_not_done(serve: Serve, mark: Any, response: dict[str, Any]) -> None:
    async with _with_tasks(serve(), elicitation_callback=_never) as tasks:
        task = await tasks.made("post", mark=str(mark))
        (key,) = (await tasks.until(task, "input_required", "completed"))["inputRequests"]
        await tasks.ask("update", task, inputResponses={key: response})
        done = await tasks.until(task, "completed", "failed", "cancelled")
    assert done["result"]["isError"] and "needs approval" in _text(done["result"])
    assert not mark.path.exists()


@pytest.mark.parametrize("worker", ["cold", "warm"])
async def test_a_client_that_cannot_ask_is_told_what_to_do(
    serve: Serve, mark: Any, worker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with _with_tasks(serve()) as tasks:
        if worker == "warm":  # so that it asks before there is a task
            await tasks.client.call_tool("chatter", {"lines": 1})
            monkeypatch.setattr(door_tool, "INSTANT_SECONDS", 10)
        given = await tasks.call("post", mark=str(mark))
        seen = set()
        async with asyncio.timeout(60):
            while isinstance(given, Made) and (now := await tasks.get(given.task_id))["status"] != "completed":
                seen.add(now["status"])
                await asyncio.sleep(0.05)
    told = now["result"] if isinstance(given, Made) else given.model_dump(by_alias=True)
    assert told["isError"] and "--yes" in _text(told)
    assert seen <= {"working"} and not mark.path.exists()


async def test_a_question_outlives_the_server_that_asked_it(serve: Serve, mark: Any) -> None:
    async with _with_tasks(serve(), elicitation_callback=_never) as tasks:
        task = await tasks.made("post", mark=str(mark))
        first = await tasks.until(task, "input_required", "completed")
    async with _with_tasks(serve(), elicitation_callback=_never) as tasks:
        now = await tasks.until(task, "input_required", "completed", "cancelled")
        assert now["inputRequests"] == first["inputRequests"]
        (key,) = now["inputRequests"]
        await tasks.ask("update", task, inputResponses={key: {"action": "accept", "content": {"approve": True}}})
        processes = await mark.processes()
        await tasks.ask("cancel", task)
        assert await mark.all_end(processes)
    assert mark.naps() == 1
