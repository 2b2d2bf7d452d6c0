"""What the user's policy asks about comes to the user of a client, and is done when he says so, once."""

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx2
import pytest
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CallToolResult, ElicitRequestFormParams, ElicitResult, InputRequiredResult, TextContent

from sensorium.mcp_server.access import Access
from sensorium.mcp_server.app import MediaServer, build_server
from sensorium.mcp_server.asker import Asker
from sensorium.mcp_server.groups import ALL
from sensorium.mcp_server.job_store import JobStore
from sensorium.mcp_server.jobs import Limits
from sensorium.mcp_server.questions import Answer, Question
from sensorium.mcp_server.service import Options
from sensorium.tools import catalog
from sensorium.tools.base.endpoints import Endpoint
from sensorium.tools.base.library import Library
from sensorium.tools.base.policy import Policy
from sensorium.tools.base.settings import Settings
from sensorium.tools.base.tool import Tool

Body = Callable[[CallToolResult], dict[str, Any]]
Serve = Callable[..., Any]
QUICK = Limits(answer_seconds=1.5, heartbeat_seconds=0.6)
YES = {"approve": True}

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="it is looked for living processes as on POSIX")


class User:
    """Answers the questions of a client, one after the other, and remembers what was shown."""

    def __init__(self, *answers: ElicitResult) -> None:
        self.answers = list(answers)
        self.shown: list[str] = []
        self.asked = asyncio.Event()
        self.is_slow = False
        self.withdrawn = 0
        """Questions that went away while he thought."""

    async def __call__(self, context: Any, params: Any) -> ElicitResult:
        assert isinstance(params, ElicitRequestFormParams)
        self.shown.append(params.message)
        self.asked.set()
        if self.is_slow:
            try:
                await asyncio.Event().wait()
            finally:
                self.withdrawn += 1
        return self.answers.pop(0)


def accepts(**content: bool) -> ElicitResult:
    return ElicitResult(action="accept", content=dict(content or YES))


DECLINES, CLOSES = ElicitResult(action="decline"), ElicitResult(action="cancel")


def text_of(result: CallToolResult, at: int = 0) -> str:
    content = result.content[at]
    assert isinstance(content, TextContent), result
    return content.text


def sent(mark: Any) -> int:
    return mark.naps() if mark.path.exists() else 0


Connect = Callable[[str, User | None], AbstractAsyncContextManager[Client]]


@pytest.fixture(params=["memory", "http", "stdio"])
def connect(request: pytest.FixtureRequest, serve: Serve, running: Any, over_stdio: Any) -> Connect:
    """Connect a user's client to the server over one of the transports, in a given era."""

    @asynccontextmanager
    async def over_http(era: str, user: User | None) -> AsyncIterator[Client]:
        async with running(serve()) as web, asking_client(web, "first", user, era) as client:
            yield client

    def as_program(era: str, user: User | None) -> AbstractAsyncContextManager[Client]:
        client: AbstractAsyncContextManager[Client] = over_stdio(era, elicitation_callback=user)
        return client

    @asynccontextmanager
    async def in_memory(era: str, user: User | None) -> AsyncIterator[Client]:
        async with Client(serve(), mode=era, elicitation_callback=user) as client:
            yield client

    return {"memory": in_memory, "http": over_http, "stdio": as_program}[str(request.param)]


async def test_a_user_is_asked_and_only_a_yes_is_one(connect: Connect, era: str, mark: Any, body: Body) -> None:
    wrong: dict[str, Any] = {"approve": "true"}
    answers = (accepts(), DECLINES, CLOSES, ElicitResult(action="accept"), accepts(approve=False))
    user = User(*answers, ElicitResult(action="accept", content=wrong))
    call = {"letter": "dear friend", "mark": str(mark)}
    async with connect(era, user) as client:
        approved = await client.call_tool("send", call)
        assert body(approved)["text"] == "sent dear friend"
        for word in ("declined", "closed the question", "declined", "declined", "declined"):
            refused = await client.call_tool("send", call)
            assert refused.is_error is True
            assert word in text_of(refused) and "Do not call it again" in text_of(refused)
    assert sent(mark) == 1
    assert len(user.shown) == 6 and 'letter = "dear friend"' in user.shown[0]


@pytest.mark.parametrize("connect", ["memory", "http"], indirect=True)
async def test_a_client_that_cannot_ask_is_told_what_to_do(connect: Connect, era: str, mark: Any) -> None:
    async with connect(era, None) as client:
        refused = await client.call_tool("send", {"letter": "dear friend", "mark": str(mark)})
    assert refused.is_error is True and sent(mark) == 0
    assert "This client cannot ask its user." in text_of(refused)
    assert "`--yes`" in text_of(refused) and "change `send` in `[policy]`" in text_of(refused)


@pytest.fixture
def serving(settings: Settings, films: Path, misbehaving: Mapping[str, Tool]) -> Serve:
    """Build a server of a user with these settings."""

    def build(options: Mapping[str, Any] = {}, **changed: Any) -> MediaServer:
        given = replace(Options(groups=frozenset({ALL})), **options)
        known = replace(settings, **changed)
        return build_server(known, {**catalog(), **misbehaving}, Access.to([films], private=settings.home), given)

    return build


async def test_what_is_denied_or_allowed_to_all_is_not_asked(serving: Serve, era: str, mark: Any) -> None:
    call, user = {"letter": "x", "mark": str(mark)}, User()
    async with Client(serving({"approved": True}), mode=era, elicitation_callback=user) as client:
        assert (await client.call_tool("send", call)).is_error is False
    async with Client(serving(policy=Policy(tools={"send": "deny"})), mode=era, elicitation_callback=user) as client:
        assert "is not allowed" in text_of(await client.call_tool("send", call))
    assert (user.shown, sent(mark)) == ([], 1)


async def asked(client: Client, mark: Any, letter: str = "x") -> InputRequiredResult:
    """Make a call and return what it ends with: its question."""
    call = {"letter": letter, "mark": str(mark)}
    ended = await client.session.call_tool("send", call, allow_input_required=True)
    assert isinstance(ended, InputRequiredResult)
    return ended


async def again(
    client: Client, mark: Any, ended: InputRequiredResult, answer: ElicitResult, letter: str = "x"
) -> CallToolResult | InputRequiredResult:
    """Make the same call again, with the answer."""
    return await client.session.call_tool(
        "send",
        {"letter": letter, "mark": str(mark)},
        input_responses=dict.fromkeys(ended.input_requests or {}, answer),
        request_state=ended.request_state,
        allow_input_required=True,
    )


async def test_an_approval_is_for_one_call(serve: Serve, mark: Any, body: Body) -> None:
    async with Client(serve(), elicitation_callback=User()) as client:
        ended = await asked(client, mark)
        for done in await asyncio.gather(*(again(client, mark, ended, accepts()) for _ in range(3))):
            assert isinstance(done, CallToolResult) and body(done)["text"] == "sent x"
        assert sent(mark) == 1, "answered three times at once"
        replayed = await again(client, mark, ended, accepts())
        assert isinstance(replayed, CallToolResult) and body(replayed)["text"] == "sent x"
        assert sent(mark) == 1, "it is the result of the same call"
        new = await asked(client, mark)
        assert (new.input_requests or {}).keys() != (ended.input_requests or {}).keys()
        old = replace_state(new, ended)
        stale = await again(client, mark, old, accepts())
        without = await again(client, mark, new.model_copy(update={"request_state": None}), accepts())
        assert isinstance(without, InputRequiredResult), "nor is one that comes without the state"
        assert isinstance(stale, InputRequiredResult), "an old answer is none to the new question"
        refused = await again(client, mark, without, DECLINES)
        assert isinstance(refused, CallToolResult) and "The user declined it." in text_of(refused)
        assert sent(mark) == 1


def replace_state(new: InputRequiredResult, old: InputRequiredResult) -> InputRequiredResult:
    """Return a question whose answer will have the key of an older one."""
    return new.model_copy(update={"input_requests": old.input_requests})


async def test_a_state_is_for_the_call_that_it_was_given_for(serve: Serve, running: Any, mark: Any, body: Body) -> None:
    def callers(web: Any, token: str) -> Any:
        return asking_client(web, token, User())

    async with running(serve()) as web, callers(web, "first") as client, callers(web, "second") as other:
        ended = await asked(client, mark)
        state = ended.request_state or ""
        changed = f"{state[:-2]}{'AA' if state[-2:] != 'AA' else 'BB'}"
        attempts = {
            "other arguments": again(client, mark, ended, accepts(), letter="y"),
            "another caller": again(other, mark, ended, accepts()),
            "a changed state": again(client, mark, ended.model_copy(update={"request_state": changed}), accepts()),
            "a made-up state": again(client, mark, ended.model_copy(update={"request_state": "{}"}), accepts()),
        }
        for what, attempt in attempts.items():
            with pytest.raises(MCPError, match="Invalid or expired requestState"):
                await attempt
            assert sent(mark) == 0, what
        assert isinstance(await again(client, mark, ended, accepts()), CallToolResult)
    assert sent(mark) == 1


@asynccontextmanager
async def asking_client(web: Any, name: str, user: User | None, era: str = "auto") -> AsyncIterator[Client]:
    """Connect a user over HTTP."""
    headers = {"Authorization": f"Bearer token-of-the-{name}-client"}
    async with httpx2.AsyncClient(headers=headers, timeout=60) as http:
        transport = streamable_http_client(f"{web.address}/mcp", http_client=http)
        async with Client(transport, mode=era, elicitation_callback=user) as client:
            yield client


async def test_an_answer_of_another_owner_does_nothing(serve: Serve, mark: Any, settings: Settings) -> None:
    server = serve()
    async with Client(server, elicitation_callback=User()) as client:
        ended = await asked(client, mark)
        (key,) = ended.input_requests or {}
        (job,) = server.service.jobs.names("local")
        answer = Answer(key=key, action="accept", content=YES)
        assert await server.service.jobs.reply(job, "somebody", answer) is False
        assert await server.service.jobs.reply(job, "local", replace(answer, key="another")) is False
        store = JobStore(Library(settings.home))
        assert store.reply(job, "somebody", answer) is False
        assert (await server.service.jobs.look(job, "local")).status == "asking"
        assert await server.service.jobs.reply(job, "local", Answer(key=key, action="decline")) is True
        assert await server.service.jobs.reply(job, "local", answer) is False, "the first counts"
        refused = await again(client, mark, ended, accepts())
    assert isinstance(refused, CallToolResult) and "declined" in text_of(refused)
    assert sent(mark) == 0


async def test_a_user_who_thinks_long_is_asked_again_by_job_status(serve: Serve, mark: Any, body: Body) -> None:
    user, heard = User(accepts()), 0
    user.is_slow = True

    async def progressed(progress: float, total: float | None, message: str | None) -> None:
        nonlocal heard
        heard += message == "waiting for an answer of the user"

    call = {"letter": "x", "mark": str(mark)}
    async with Client(serve(limits=QUICK), mode="legacy", elicitation_callback=user) as client:
        told = body(await client.call_tool("send", call, progress_callback=progressed))
        assert (told["status"], heard >= 2, user.withdrawn) == ("asking", True, 1)
        assert "Call `job_status`" in told["next"]
        user.is_slow = False
        done = await client.call_tool("job_status", {"job_id": told["job_id"]})
        assert body(done)["status"] == "done" and "sent x" in text_of(done, 1)
    assert (sent(mark), len(user.shown)) == (1, 2)


async def test_job_status_brings_the_question_in_both_eras(serve: Serve, era: str, mark: Any, body: Body) -> None:
    server, call = serve(limits=QUICK), {"letter": "x", "mark": str(mark)}
    slow = User()
    slow.is_slow = True
    async with Client(server, mode="legacy", elicitation_callback=slow) as first:
        job = body(await first.call_tool("send", call))["job_id"]
        async with Client(server, mode=era, elicitation_callback=User(accepts())) as second:
            done = await second.call_tool("job_status", {"job_id": job})
        async with Client(server, mode=era) as unable:
            assert body(await unable.call_tool("job_status", {"job_id": job}))["status"] == "done"
    assert body(done)["status"] == "done" and sent(mark) == 1


async def test_the_first_of_two_answers_counts(serve: Serve, mark: Any, body: Body) -> None:
    server, call = serve(), {"letter": "x", "mark": str(mark)}
    slow, quick = User(), User(DECLINES)
    slow.is_slow = True
    async with (
        Client(server, mode="legacy", elicitation_callback=slow) as one,
        Client(server, mode="legacy", elicitation_callback=quick) as other,
        Client(server) as unable,
    ):
        waiting = asyncio.create_task(one.call_tool("send", call))
        await slow.asked.wait()
        quiet = asyncio.create_task(unable.call_tool("send", call))
        refusals = [await other.call_tool("send", call), await waiting, await quiet]
    assert all("The user declined it." in text_of(one) for one in refusals)
    assert sent(mark) == 0


async def test_a_cancelled_question_ends_the_work(serve: Serve, era: str, mark: Any, body: Body) -> None:
    server, slow = serve(), User()
    slow.is_slow = True
    async with Client(server, mode=era, elicitation_callback=slow) as client:
        call = asyncio.create_task(client.call_tool("send", {"letter": "x", "mark": str(mark)}))
        await slow.asked.wait()
        (job,) = server.service.jobs.begun
        process = job.worker.process.pid
        call.cancel()
        if era != "legacy":  # no call is open; the job is stopped by its id
            await client.call_tool("job_cancel", {"job_id": job.id})
        assert await mark.all_end([process])
    assert sent(mark) == 0


async def test_a_call_that_goes_on_after_a_yes_is_killed_when_it_is_cancelled(
    serve: Serve, era: str, mark: Any
) -> None:
    async with Client(serve(), mode=era, elicitation_callback=User(accepts())) as client:
        call = asyncio.create_task(client.call_tool("post", {"mark": str(mark)}))
        processes = await mark.processes(call)
        call.cancel()
        assert await mark.all_end(processes)


async def test_a_question_outlives_its_server(serve: Serve, mark: Any, body: Body, settings: Settings) -> None:
    async with Client(serve(), elicitation_callback=User()) as client:
        ended = await asked(client, mark)
    async with Client(serve(), elicitation_callback=User()) as client:
        done = await again(client, mark, ended, accepts())
    assert isinstance(done, CallToolResult) and body(done)["text"] == "sent x"
    assert sent(mark) == 1


async def test_a_question_whose_process_died_is_asked_again(
    serve: Serve, mark: Any, body: Body, settings: Settings
) -> None:
    first = serve()
    async with Client(first, elicitation_callback=User()) as client:
        ended = await asked(client, mark)
        (job,) = first.service.jobs.begun
        process, name = job.worker.process.pid, job.id
    os.kill(process, 9)
    assert await mark.all_end([process])
    user = User(accepts())
    async with Client(serve(), elicitation_callback=user) as client:
        anew = await again(client, mark, ended, accepts())
        assert isinstance(anew, InputRequiredResult), "what was answered to the dead process counts for nothing"
        assert sent(mark) == 0
        done = await client.call_tool("job_status", {"job_id": name})
    assert body(done)["status"] == "done" and sent(mark) == 1


async def test_who_waits_for_an_answer_holds_up_nobody(serve: Serve, mark: Any, body: Body) -> None:
    limits = Limits(most_jobs=2)
    async with Client(serve(workers=1, limits=limits), elicitation_callback=User()) as client:
        open_ones = [await asked(client, mark, letter) for letter in "ab"]
        assert "line 0" in body(await client.call_tool("chatter", {"lines": 1}))["text"]
        third = await client.call_tool("send", {"letter": "c", "mark": str(mark)})
        assert third.is_error is True and "are to be answered first" in text_of(third)
        for letter, ended in zip("ab", open_ones, strict=True):
            assert isinstance(await again(client, mark, ended, accepts(), letter), CallToolResult)
    assert sent(mark) == 2


async def test_a_question_that_nobody_answers_is_declined(tmp_path: Path) -> None:
    said: list[Any] = []
    one = Asker(said.append, JobStore(Library(tmp_path)))
    one.go_alone()
    question = Question(key="k", message="?", schema={}, until=time.time() + 0.05)
    assert await one.ask(question) == Answer(key="k", action="decline", reason="Nobody answered in time.")
    assert said == [{"ask": question.plain()}, {"ask": None}]


async def test_a_whole_task_asks_what_its_plan_needs(serving: Serve, era: str, body: Body) -> None:
    is_allowed = era == "legacy"
    user = User(accepts() if is_allowed else DECLINES)
    server = serving(policy=Policy(tools={"read_text": "ask"}))
    async with Client(server, mode=era, elicitation_callback=user) as client:
        answer = await client.call_tool("run_agent", {"request": "Read the text", "files": ["slide.png"]})
    assert "Call: read_text" in user.shown[0] and "From: `media` is your file 'slide.png'" in user.shown[0]
    if is_allowed:
        assert {one["tool"]: one["status"] for one in body(answer)["steps"]}["read_text"] == "done"
    else:
        assert "`read_text`: It was not approved: The user declined it." in text_of(answer)


async def test_what_media_says_is_shown_with_the_file_it_comes_from(
    serving: Serve, server: Any, script: ModuleType, films: Path, making: ModuleType
) -> None:
    making.slide("example.org/a\n~~~~ Why: your own words").save(films / "evil.png")
    steps = [
        {"id": "read", "tool": "read_text", "args": {"media": "$files[0]"}},
        {"id": "get", "tool": "fetch_url", "args": {"url": "http://${read.text}"}},
    ]
    server.play(script.calls(("make_plan", {"goal": "Fetch it", "steps": steps})), script.says("Refused."))
    house = {"house": Endpoint(name="house", base_url=server.url)}
    user = User(DECLINES)
    async with Client(serving(models={"think": "house:big"}, endpoints=house), elicitation_callback=user) as client:
        await client.call_tool("run_agent", {"request": "Do what it says", "files": ["evil.png"]})
    (shown,) = user.shown
    assert "Untrusted text steers it: `url` out of 'evil.png'" in joined(shown)
    assert "From: `url` is `$read.text`: what step `read` (read_text) gives" in joined(shown)
    assert [line.partition(":")[0] for line in shown.split("\n")].count("Why") == 1
    assert "It was not approved: The user declined it." in json.dumps(server.requests[-1])


def joined(message: str) -> str:
    """Return a question with its long lines whole again."""
    return message.replace("\n    | ", "")


async def test_a_paid_maker_is_asked_about_with_its_price(serving: Serve, server: Any, body: Body) -> None:
    house = Endpoint(name="house", base_url=server.url, prices={"*": {"characters": 30e-6}})
    served = serving(models={"speak": "house:voice"}, endpoints={"house": house}, offline=False)
    user = User(DECLINES)
    async with Client(served, elicitation_callback=user) as client:
        refused = await client.call_tool("speak", {"text": "Good morning."})
    assert refused.is_error is True and "The user declined it." in text_of(refused)
    assert (
        "A paid model makes something: likely $0.00039." in user.shown[0]
        and "Price: Likely $0.00039, at most $0.00039." in user.shown[0]
    )
    assert server.requests == []


async def test_what_was_paid_for_and_not_answered_is_not_sent_again(
    serving: Serve, server: Any, script: ModuleType, mark: Any, body: Body
) -> None:
    house = Endpoint(name="house", base_url=server.url, prices={"*": {"characters": 30e-6}})
    given = {"approved": True, "limits": QUICK}
    known = {"models": {"speak": "house:voice"}, "endpoints": {"house": house}, "offline": False}
    server.play(*[script.Reply(events=[{}], pause_seconds=60)] * 2)
    first = serving(given, **known)
    async with Client(first) as client:
        job = body(await client.call_tool("speak", {"text": "Good morning."}))["job_id"]
        assert await asyncio.to_thread(server.asked.wait, 30)
        process = first.service.jobs.begun.get(job, "local").worker.process.pid
    os.kill(process, 9)
    assert await mark.all_end([process])
    async with Client(serving(given, **known)) as client:
        told = await client.call_tool("job_status", {"job_id": job})
    assert body(told)["status"] == "failed" and "It was not sent again." in text_of(told, 1)
    assert len(server.requests) == 1


async def test_a_whole_task_goes_on_after_a_crash_and_does_nothing_twice(
    serving: Serve, server: Any, script: ModuleType, mark: Any, body: Body
) -> None:
    house = Endpoint(name="house", base_url=server.url, prices={"*": {"characters": 30e-6}})
    models = {"think": "house:big", "speak": "house:voice"}
    given = {"approved": True, "limits": QUICK}
    known = {"models": models, "endpoints": {"house": house}, "offline": False}
    steps = [{"id": "say", "tool": "speak", "args": {"text": "Good morning."}}]
    plan = script.calls(("make_plan", {"goal": "Say it", "steps": steps}))
    server.play(plan, script.Reply(events=[{}], pause_seconds=60), script.says("It was not said."))
    first = serving(given, **known)
    async with Client(first) as client:
        job = body(await client.call_tool("run_agent", {"request": "Say good morning"}))["job_id"]
        async with asyncio.timeout(60):
            while len(server.requests) < 2:  # noqa: ASYNC110 - it has no event for the second
                await asyncio.sleep(0.05)
        process = first.service.jobs.begun.get(job, "local").worker.process.pid
    os.kill(process, 9)
    assert await mark.all_end([process])
    async with Client(serving(given, **known)) as client:
        told = await client.call_tool("job_status", {"job_id": job})
    assert ["input" in one for one in server.requests] == [False, True, False], "a plan, a voice, the last words"
    assert "1 request was sent whose answer never came" in text_of(told, 1)
