"""A chat completions server on loopback that says what a script tells it to."""

import asyncio
import json
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sensorium_test_loopback import listening, running
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

Plain = dict[str, Any]
HOLD_SECONDS = 30.0
"""How long an answer is held at most; a test that needs it has failed."""
USAGE = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}


@dataclass(frozen=True, kw_only=True)
class Reply:
    """One answer: data of server-sent events, or a body."""

    events: Sequence[Plain | str | bytes | threading.Event] = ()
    """Objects are sent as JSON with `[DONE]` at the end; text as the data of an event; bytes as they are; what comes
    after a `threading.Event` is sent when that is set."""
    done: bool = True
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Plain | list[Any] | str | bytes | None = None
    pause_seconds: float = 0.0
    """Before every event."""
    cut: bool = False
    """Break the connection after the last event."""


@dataclass
class Server:
    """A running server: its address, its script, and what it was asked."""

    url: str
    script: list[Reply] = field(default_factory=list)
    requests: list[Plain] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    peers: list[Any] = field(default_factory=list)
    """The connection each request came on."""
    asked: threading.Event = field(default_factory=threading.Event)
    """Set when the first request is here."""
    answering: "Callable[[Plain], Reply] | None" = None
    """Answers a chat request from what is in it, when the script is over."""
    hearing: "Callable[[Plain], Reply] | None" = None
    """Answers a form with sound; its file is the bytes under `file`, a field that is there twice a list."""

    def play(self, *replies: Reply) -> None:
        """Answer the next requests so, one after the other; a request beyond the script gets status 599."""
        self.script[:] = replies


def says(*texts: str, finish: str | None = "stop", usage: Plain | None = USAGE, **more: Any) -> Reply:
    """Return a streamed answer of text in these pieces."""
    return Reply(events=[*(delta(content=text) for text in texts), *ending(finish, usage)], **more)


def calls(*made: tuple[str, Any], text: str = "", usage: Plain | None = USAGE, **more: Any) -> Reply:
    """Return streamed calls as OpenAI sends them: first id and name, then the arguments in small pieces."""
    events = [delta(content=text)] if text else []
    for index, (name, arguments) in enumerate(made):
        written = arguments if isinstance(arguments, str) else json.dumps(arguments)
        function = {"name": name, "arguments": ""}
        events.append(
            delta(tool_calls=[{"index": index, "id": f"id{index}", "type": "function", "function": function}])
        )
        for start in range(0, len(written), 9):
            piece = {"index": index, "function": {"arguments": written[start : start + 9]}}
            events.append(delta(tool_calls=[piece]))
    return Reply(events=[*events, *ending("tool_calls", usage)], **more)


def whole(content: str, *, usage: Plain | None = USAGE, finish: str = "stop", **more: Any) -> Reply:
    """Return an answer that is not streamed."""
    message = {"role": "assistant", "content": content}
    choice = {"index": 0, "message": message, "finish_reason": finish}
    body: Plain = {"object": "chat.completion", "choices": [choice], **({"usage": usage} if usage else {})}
    return Reply(body=body, **more)


def delta(**part: Any) -> Plain:
    return {"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": part, "finish_reason": None}]}


def ending(finish: str | None, usage: Plain | None) -> list[Plain]:
    events = [{"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]}] if finish else []
    return [*events, {"choices": [], "usage": usage}] if usage else events


@contextmanager
def serving(listener: socket.socket | None = None) -> Iterator[Server]:
    """Run a server in a thread until the end of the block, on a socket that is bound or on one of its own."""
    listener = listener or listening()
    server = Server(url=f"http://127.0.0.1:{listener.getsockname()[1]}/v1")

    async def complete(request: Request) -> Response:
        server.requests.append(await request.json())
        server.headers.append(dict(request.headers))
        server.peers.append(request.client)
        server.asked.set()
        if server.script or server.answering is None:
            return _response(server.script.pop(0) if server.script else Reply(status=599, body="the script is over"))
        return _response(await asyncio.to_thread(server.answering, server.requests[-1]))

    async def hear(request: Request) -> Response:
        given: Plain = {}
        async with request.form() as form:
            for name in dict.fromkeys(form):
                values = [one if isinstance(one, str) else await one.read() for one in form.getlist(name)]
                given[name] = values if len(values) > 1 else values[0]
        server.requests.append(given)
        server.headers.append(dict(request.headers))
        server.asked.set()
        if server.script or server.hearing is None:
            return _response(server.script.pop(0) if server.script else Reply(status=599, body="the script is over"))
        return _response(await asyncio.to_thread(server.hearing, given))

    paths = ("/v1/chat/completions", "/v1/audio/speech")
    routes = [*((path, complete) for path in paths), ("/v1/audio/transcriptions", hear)]
    app = Starlette(routes=[Route(path, answer, methods=["POST"]) for path, answer in routes])
    with running(app, listener):
        yield server


def _response(reply: Reply) -> Response:
    if isinstance(reply.body, bytes):
        return Response(reply.body, status_code=reply.status, media_type="application/octet-stream")
    if reply.body is not None:
        page = isinstance(reply.body, str)
        content = reply.body if isinstance(reply.body, str) else json.dumps(reply.body)
        kind = ("text/html" if content.startswith("<") else "text/plain") if page else "application/json"
        return Response(content, status_code=reply.status, headers=dict(reply.headers), media_type=kind)
    return StreamingResponse(
        _events(reply), status_code=reply.status, headers=dict(reply.headers), media_type="text/event-stream"
    )


async def _events(reply: Reply) -> AsyncIterator[bytes]:
    for event in reply.events:
        await asyncio.sleep(reply.pause_seconds)
        if isinstance(event, threading.Event):
            assert await asyncio.to_thread(event.wait, HOLD_SECONDS), "nobody let the answer go on"
        elif isinstance(event, bytes):
            yield event
        else:
            yield f"data: {event if isinstance(event, str) else json.dumps(event)}\n\n".encode()
    if reply.cut:
        raise ConnectionAbortedError("as the script says")
    if reply.done:
        yield b"data: [DONE]\n\n"
