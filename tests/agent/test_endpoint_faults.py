"""What goes wrong at an endpoint, each fault a script: what is said, what is asked again, and that no key gets out."""

import asyncio
import logging
import socket
import threading
from collections.abc import Callable
from contextlib import ExitStack
from types import ModuleType
from typing import Any

import pytest
from langchain_core.load import dumpd

from sensorium.agent.endpoint import EndpointBrain
from sensorium.tools.base.errors import ProviderError, SensoriumError, SettingsError

CANARY = "sk-canary-0a1b2c3d"
POSTING = "sensorium.tools.base.posting"
Make = Callable[..., EndpointBrain]


ECHO = f"Incorrect API key provided: {CANARY}. See https://x.test\x1b[2J\nfor more."
PAGE = "<!doctype html><html><head><title>Sign in\n to go on</title></head><body>…</body></html>"


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        ({"status": 401, "body": {"error": {"message": ECHO}}}, SettingsError, "refused the key in `HOUSE_KEY`"),
        ({"status": 403, "body": {"error": ECHO}}, SettingsError, "does not let this key use 'big'.*Set `HOUSE_KEY`"),
        (
            {"status": 404, "body": {"error": {"message": "The model `big` does not exist or you have no access"}}},
            SettingsError,
            "has no model 'big'.*Set `SENSORIUM_THINK`",
        ),
        (
            {"status": 400, "body": [{"error": {"message": "big is not a valid model ID"}}]},
            SettingsError,
            "has no model 'big'",
        ),
        ({"status": 404, "body": {"detail": "Not Found"}}, SettingsError, "Not Found.*Set `base_url`"),
        ({"status": 404, "body": PAGE}, SettingsError, r"answered 404 \('Sign in to go on'\).*`base_url`"),
        (
            {"status": 307, "headers": {"location": "https://x.test/v1"}, "body": ""},
            SettingsError,
            "answered 307 .*x.test",
        ),
        (
            {"status": 404, "body": f"<title>{ECHO}</title>"},
            SettingsError,
            "answered 404 .'Incorrect API key provided: .secret.",
        ),
        (
            {"status": 400, "body": [{"error": {"message": "API key not valid. Please pass a valid API key."}}]},
            SettingsError,
            "refused the key in",
        ),
        ({"body": '{"a":' * 100_000}, SettingsError, "answered with something else"),
        ({"status": 400, "body": "[" * 100_000}, ProviderError, "refused the request"),
        ({"status": 400, "body": '{"error":' * 900 + "1" + "}" * 900}, ProviderError, "refused the request"),
        ({"body": PAGE}, SettingsError, r"answered with a web page \('Sign in to go on'\).*`base_url`"),
        ({"body": {"hello": "world"}}, SettingsError, "answered with something else.*hello"),
        ({"body": "pong"}, SettingsError, "answered with something else: 'pong'"),
        ({"body": ""}, SettingsError, "answered with nothing"),
        ({"status": 400, "body": {"error": {"message": ECHO}}}, SettingsError, "refused the key in `HOUSE_KEY` .400"),
        ({"status": 422, "body": {"error": {"message": ECHO}}}, ProviderError, "refused the request"),
        ({"status": 402, "body": {"error": {"message": "Insufficient Balance"}}}, ProviderError, "no credit left"),
        (
            {"status": 429, "body": {"error": {"message": "You exceeded", "code": "insufficient_quota"}}},
            ProviderError,
            "no credit left",
        ),
        ({"status": 429, "headers": {"retry-after": "999"}, "body": "slow"}, ProviderError, "no more requests for now"),
        ({"status": 500, "body": {"message": ECHO}}, ProviderError, "failed .500.*nothing was sent twice"),
        ({"status": 502, "body": PAGE}, ProviderError, "failed .502"),
        ({"status": 503, "body": "busy"}, ProviderError, "failed .503.: busy"),
        ({"body": {"error": {"message": "overloaded", "code": 529}}}, ProviderError, "failed .529.: overloaded"),
        ({"events": [{"error": {"message": "overloaded"}}]}, ProviderError, "failed .500.: overloaded"),
        ({"events": ["<html>no</html>"]}, SettingsError, "answered with a web page"),
    ],
)
async def test_a_refusal_is_one_line_that_says_what_to_change(
    brain: EndpointBrain, server: Any, script: ModuleType, answer: dict[str, Any], *, kind: type[Exception], words: str
) -> None:
    server.play(script.Reply(**answer))
    with pytest.raises(SensoriumError, match=words) as raised:
        await brain.ainvoke("hi")
    assert type(raised.value) is kind
    assert "\n" not in str(raised.value) and "\x1b" not in str(raised.value)
    assert CANARY not in str(raised.value)
    assert raised.value.__cause__ is None and raised.value.__suppress_context__
    assert len(server.requests) == 1


async def test_the_key_goes_nowhere_that_a_server_points_to(
    brain: EndpointBrain, server: Any, script: ModuleType
) -> None:
    with script.serving() as other:
        server.play(script.Reply(status=307, headers={"location": f"{other.url}/chat/completions"}, body=""))
        with pytest.raises(SettingsError, match=r"answered 307 and points to .*Set `base_url`"):
            await brain.ainvoke("hi")
        assert not other.requests


async def test_a_server_that_wants_a_key_names_the_setting(make_brain: Make, server: Any, script: ModuleType) -> None:
    server.play(script.Reply(status=401, body={"error": "unauthorized"}))
    with pytest.raises(SettingsError, match=r"`key` in `\[providers.house\]`"):
        await make_brain(key=None, secret=None).ainvoke("hi")
    assert "authorization" not in server.headers[0]


@pytest.mark.parametrize("more", [{"cut": True}, {"done": False}], ids=["broken connection", "clean end"])
async def test_a_stream_cut_in_the_middle_is_not_an_answer(
    brain: EndpointBrain, server: Any, script: ModuleType, more: dict[str, Any]
) -> None:
    server.play(script.Reply(events=[script.delta(content="The answer is")], **more))
    with pytest.raises(ProviderError, match=r"`house` broke off its answer: .* Try again; .* set `base_url`"):
        await brain.ainvoke("hi")
    assert len(server.requests) == 1


async def test_a_connection_that_breaks_after_the_answers_end_takes_nothing_from_it(
    brain: EndpointBrain, server: Any, script: ModuleType
) -> None:
    server.play(script.says("whole", cut=True), script.Reply(events=[*script.says("whole").events, "[DONE]"], cut=True))
    assert [(await brain.ainvoke("hi")).content for _ in range(2)] == ["whole", "whole"]


async def test_of_a_refusal_without_end_only_the_beginning_is_read(
    brain: EndpointBrain, server: Any, script: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sensorium.tools.base.short_bodies.MOST_BYTES", 100)
    never = threading.Event()
    server.play(script.Reply(status=500, events=[b"over" * 50, never]))
    try:
        with pytest.raises(ProviderError, match=r"failed .500.: overover"):
            await asyncio.wait_for(brain.ainvoke("hi"), 20)
    finally:
        never.set()


async def test_silence_ends_the_wait(make_brain: Make, server: Any, script: ModuleType) -> None:
    server.play(script.says("late", pause_seconds=3))
    with pytest.raises(ProviderError, match=r"said nothing for 0.3 s.*`timeout_seconds`"):
        await make_brain(timeout_seconds=0.3).ainvoke("hi")
    assert len(server.requests) == 1


async def test_slow_pieces_are_waited_for(make_brain: Make, server: Any, script: ModuleType) -> None:
    server.play(script.says(*"slowly", pause_seconds=0.25))
    assert (await make_brain(timeout_seconds=1.2).ainvoke("hi")).content == "slowly"


@pytest.mark.parametrize(
    ("answer", "waits"),
    [
        ({"status": 429, "headers": {"retry-after": "0.1"}, "body": "slow"}, 0.1),
        ({"status": 429, "headers": {"retry-after-ms": "100", "retry-after": "9"}, "body": "slow"}, 0.1),
        ({"status": 503, "headers": {"retry-after": "Thu, 01 Jan 1970 00:00:00 GMT"}, "body": "busy"}, 0.0),
        ({"status": 429, "body": {"error": {"message": "Quota exceeded for requests per minute"}}}, 1.0),
    ],
)
async def test_a_server_that_says_when_is_asked_again(
    brain: EndpointBrain,
    server: Any,
    script: ModuleType,
    caplog: pytest.LogCaptureFixture,
    *,
    answer: dict[str, Any],
    waits: float,
) -> None:
    caplog.set_level(logging.INFO, POSTING)
    server.play(script.Reply(**answer), script.says("ok"))
    assert (await brain.ainvoke("hi")).content == "ok"
    pauses = [record.args for record in caplog.records if record.name == POSTING]
    # Up to a tenth longer, so that many clients do not come back at once.
    assert pauses == [("house", pytest.approx(1.05 * waits, rel=0.05))]
    assert len(server.requests) == 2


async def test_a_server_that_stays_busy_is_given_up(brain: EndpointBrain, server: Any, script: ModuleType) -> None:
    server.play(*[script.Reply(status=503, headers={"retry-after": "0"}, body="busy")] * 9)
    with pytest.raises(ProviderError, match=r"failed .503.: busy"):
        await brain.ainvoke("hi")
    assert len(server.requests) == 4


async def test_an_endpoint_that_is_down_is_said_to_be(make_brain: Make) -> None:
    with socket.socket() as bound:  # bound, so that nobody else listens there
        bound.bind(("127.0.0.1", 0))
        down = make_brain(f"http://127.0.0.1:{bound.getsockname()[1]}/v1", note="Start it with `serve`.")
        with pytest.raises(ProviderError, match=r"the connection was refused.*Start it with `serve`.*set `base_url`"):
            await down.ainvoke("hi")


async def test_a_local_server_may_still_be_starting(make_brain: Make, script: ModuleType) -> None:
    logger = logging.getLogger(POSTING)
    with ExitStack() as stack:
        bound = stack.enter_context(socket.socket())
        bound.bind(("127.0.0.1", 0))

        class Starter(logging.Handler):
            """Starts the server when the first connection was refused."""

            def emit(self, record: logging.LogRecord) -> None:
                stack.enter_context(script.serving(bound)).play(script.says("awake"))

        starter = Starter()
        logger.addHandler(starter)
        logger.setLevel(logging.INFO)
        stack.callback(logger.setLevel, logging.NOTSET)
        stack.callback(logger.removeHandler, starter)
        starting = make_brain(f"http://127.0.0.1:{bound.getsockname()[1]}/v1")
        assert (await starting.ainvoke("hi")).content == "awake"


async def test_a_server_without_tls_is_told_from_one_with_a_wrong_certificate(make_brain: Make, server: Any) -> None:
    with pytest.raises(ProviderError, match=r"it speaks no TLS; its address may begin with `http://`"):
        await make_brain(server.url.replace("http:", "https:")).ainvoke("hi")


async def test_an_unknown_host_is_said_to_be_unknown(make_brain: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(ProviderError, match=r"https://nowhere.invalid/v1: its name is not known.*set `base_url`"):
        await make_brain("https://nowhere.invalid/v1").ainvoke("hi")


async def test_no_proxy_is_asked_for_this_machine(
    make_brain: Make, server: Any, script: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    server.play(script.says("ok"))
    assert (await make_brain().ainvoke("hi")).content == "ok"


async def test_a_proxy_that_cannot_be_used_is_said_without_its_password(
    make_brain: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", f"odd://user:{CANARY}@proxy.test")
    with pytest.raises(SettingsError, match=r"The proxy in `HTTPS_PROXY`.*no proxy's address") as raised:
        await make_brain("https://nowhere.invalid/v1").ainvoke("hi")
    assert CANARY not in str(raised.value)


async def test_the_key_is_in_no_log_and_no_description(
    brain: EndpointBrain, server: Any, script: ModuleType, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.play(script.Reply(status=429, headers={"retry-after": "0"}, body=ECHO), script.says("ok"))
    await brain.ainvoke("hi")
    assert "asked again" in caplog.text
    assert CANARY not in caplog.text
    assert CANARY not in repr(brain) + str(dumpd(brain)) + str(brain.model_dump())


async def test_what_belongs_to_openai_goes_to_nobody_else(
    make_brain: Make, server: Any, script: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_ORG_ID", "org-secret")
    monkeypatch.setenv("OPENAI_ADMIN_KEY", "admin-secret")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "x-gate: gate-secret\nAuthorization: Bearer other-secret")
    server.play(script.says("ok"))
    await make_brain().ainvoke("hi")
    assert "secret" not in str(server.headers[0])
    assert server.headers[0]["authorization"] == f"Bearer {CANARY}"


async def test_a_cancelled_answer_leaves_the_endpoint_usable(
    brain: EndpointBrain, server: Any, script: ModuleType
) -> None:
    server.play(script.says("never", pause_seconds=600), script.says("ok"))
    answering = asyncio.create_task(brain.ainvoke("hi"))
    assert await asyncio.to_thread(server.asked.wait, 60)
    answering.cancel()
    with pytest.raises(asyncio.CancelledError):
        await answering
    assert (await brain.ainvoke("hi")).content == "ok"
