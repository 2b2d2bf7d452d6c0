"""Wall time of a request that takes 8 tools: a plan run while it is written, against a serial and a parallel-call loop.

python benchmarks/plan_wall.py [TRIES]

A second process plays the model: it thinks 500 ms before every answer and then writes at a pace, 4 letters a token.
The tools take 200 ms and give 4 KB; five need nothing, three need the one before. The loops are what people write over
the typed `openai` client: one call a message, or all calls that are possible at once; their system message is a line.
Ours is the whole of it: `Assistant`, graph, linter, journal and checkpoints, in a library that knows none of the calls.
Its tools can be called early or, as `writes`, only when the plan is whole. The bound is what the model and the tools
take by themselves; the first tool's milliseconds count from the moment when its call was written to its end.
"""

import asyncio
import itertools
import json
import multiprocessing
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import cache
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel

from sensorium.agent.assistant import Assistant
from sensorium.agent.wire import wire_tool
from sensorium.tools.base.endpoints import Endpoint
from sensorium.tools.base.run import Run
from sensorium.tools.base.settings import Settings
from sensorium.tools.base.tool import Tool, tool

THINK_SECONDS = 0.5
TOOL_SECONDS = 0.2
RESULT = "A line of what was found, with a time and a place in it.\n" * 72
LETTERS_A_TOKEN = 4
PACES = (0, 400, 100)
"""Tokens a second; 0: all at once."""
SIDE_BY_SIDE = 5
NAMES = [f"look_{n}" for n in range(SIDE_BY_SIDE)] + ["join", "sort", "tell"]
ANSWER = "The five views were joined, sorted and told: the kite rises at 0:12 and falls at 1:40, twice as fast."
REQUEST = "Look at the five views on day {day}, join what they show, sort it and tell me."


def args_of(name: str, day: int) -> dict[str, Any]:
    """Return the arguments of a call as a model writes them that has read the results before."""
    number = NAMES.index(name)
    return {"query": f"kite, day {day}"} | ({"view": number} if number < SIDE_BY_SIDE else {"found": "the kite rises"})


def needs_of(number: int) -> list[str]:
    """Return the names of the calls that one needs."""
    return (
        NAMES[:SIDE_BY_SIDE] if number == SIDE_BY_SIDE else NAMES[number - 1 : number] if number > SIDE_BY_SIDE else []
    )


def plan(day: int) -> str:
    """Return the arguments of `make_plan` as a model writes them."""
    steps = []
    for number, name in enumerate(NAMES):
        found = {"found": [f"${one}.title" for one in needs_of(number)]} if number >= SIDE_BY_SIDE else {}
        steps.append({"id": name, "tool": name, "args": args_of(name, day) | found})
    return json.dumps({"goal": "Tell what the views show", "steps": steps})


@dataclass(frozen=True)
class Message:
    """What the model writes in one answer."""

    calls: tuple[tuple[str, str], ...] = ()
    text: str = ""

    @property
    def letters(self) -> int:
        return len(self.text) + sum(len(arguments) for _, arguments in self.calls)


def message(mode: str, results: int, day: int) -> Message:
    """Return the next answer of the model: so many results of tools are in the request."""
    if mode == "plan":
        return Message(calls=(("make_plan", plan(day)),)) if not results else Message(text=ANSWER)
    if results == len(NAMES):
        return Message(text=ANSWER)
    if mode == "parallel" and not results:
        return Message(calls=tuple((one, json.dumps(args_of(one, day))) for one in NAMES[:SIDE_BY_SIDE]))
    return Message(calls=((NAMES[results], json.dumps(args_of(NAMES[results], day))),))


def bound(mode: str, pace: int) -> float:
    """Return the seconds that a request takes when nothing but the model and the tools takes any."""
    writing = 0.0 if not pace else 1 / (pace * LETTERS_A_TOKEN)
    if mode != "plan":
        done, ended = 0, 0.0
        while done < len(NAMES):
            said = message(mode, done, 10)
            ended += THINK_SECONDS + said.letters * writing + TOOL_SECONDS
            done += len(said.calls)
        return ended + THINK_SECONDS + len(ANSWER) * writing
    text = plan(10)
    ends: dict[str, float] = {}
    for number, name in enumerate(NAMES):
        complete = text.index("}}", text.index(f'"id": "{name}"')) + 2
        start = max([THINK_SECONDS + complete * writing, *(ends[one] for one in needs_of(number))])
        ends[name] = start + TOOL_SECONDS
    return max([*ends.values(), THINK_SECONDS + len(text) * writing]) + THINK_SECONDS + len(ANSWER) * writing


def serve(address: Connection) -> None:
    """Answer as the script says, on a port that is told through `address`; model names are MODE-PACE.

    `GET` gives what was asked since the last one: the bytes of all requests, their number, and when the first call that
    can run was written to its end.
    """
    seen: dict[str, Any] = {}

    def forget() -> None:
        seen.update(bytes=0, requests=0, written=None)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while not reader.at_eof():
            with suppress(asyncio.IncompleteReadError, ConnectionError):
                await reply(reader, writer)

    async def reply(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if head.startswith(b"GET"):
            body = json.dumps(seen).encode()
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body))
            forget()
            return
        size = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        body = await reader.readexactly(int(size.split(b":")[1]))
        asked = json.loads(body)
        seen["bytes"] += len(body)
        seen["requests"] += 1
        mode, pace = asked["model"].split("-")
        results = sum(one["role"] == "tool" for one in asked["messages"])
        day = int(asked["messages"][1]["content"].split(" on day ")[1].split(",")[0])
        await asyncio.sleep(THINK_SECONDS)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
        await write(writer, message(mode, results, day), int(pace))

    async def write(writer: asyncio.StreamWriter, said: Message, pace: int) -> None:
        begun, tokens = time.monotonic(), 0
        for part, call in pieces(said):
            tokens += bool(part)
            if pace and (wait := begun + tokens / pace - time.monotonic()) > 0:
                await asyncio.sleep(wait)
            send(writer, {"choices": [{"index": 0, "delta": call}]})
            if seen["written"] is None and part.endswith("\0"):
                seen["written"] = time.monotonic()
        send(writer, {"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls" if said.calls else "stop"}]})
        send(writer, {"choices": [], "usage": {"prompt_tokens": 900, "completion_tokens": tokens}})
        writer.write(b"%x\r\n%s\r\n0\r\n\r\n" % (14, b"data: [DONE]\n\n"))

    async def run() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0, limit=2**24)
        address.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    forget()
    asyncio.run(run())


def pieces(said: Message) -> list[tuple[str, dict[str, Any]]]:
    """Return each token with the delta that brings it; what completes a call that can run ends in a NUL."""
    made = [(one, {"content": one}) for one in tokens_of(said.text)]
    for index, (name, arguments) in enumerate(said.calls):
        head = {"index": index, "id": f"call_{time.monotonic_ns()}", "type": "function"}
        made.append(("", {"tool_calls": [{**head, "function": {"name": name, "arguments": ""}}]}))
        ready = arguments.index("}}") + 2 if name == "make_plan" else len(arguments)
        written = 0
        for one in tokens_of(arguments):
            is_ready = written < ready <= written + len(one)
            written += len(one)
            made.append((one + "\0" * is_ready, {"tool_calls": [{"index": index, "function": {"arguments": one}}]}))
    return made


def send(writer: asyncio.StreamWriter, event: Mapping[str, Any]) -> None:
    line = f"data: {json.dumps(event)}\n\n".encode()
    writer.write(b"%x\r\n%s\r\n" % (len(line), line))


def tokens_of(text: str) -> list[str]:
    return [text[at : at + LETTERS_A_TOKEN] for at in range(0, len(text), LETTERS_A_TOKEN)]


class Found(BaseModel):
    """What a tool of this benchmark gives."""

    title: str
    text: str


began: list[float] = []
"""When tools began to work, since this was cleared."""


async def work() -> None:
    began.append(time.monotonic())
    await asyncio.sleep(TOOL_SECONDS)


def make_tools(effect: Literal["pure", "writes"]) -> dict[str, Tool]:
    """Return the eight tools."""

    def make(name: str) -> Tool:
        async def look(query: str, view: int = 0, found: Any = None, *, run: Run) -> Found:
            """Find what a view shows of something, with the times at which it is seen."""
            await work()
            return Found(title=name, text=RESULT)

        look.__name__ = name
        return tool(effect=effect, resource="network")(look)

    return {name: make(name) for name in NAMES}


@dataclass(frozen=True)
class Measured:
    """One request, answered."""

    wall_ms: float
    cpu_ms: float
    """Of this process, a model call."""
    first_ms: float
    """From the moment the first call was written to its end to the moment its tool began."""
    requests: int
    kilobytes: float


Ask = Callable[[str, str], Awaitable[str]]
"""Answers a request with a model."""


def loop(url: str) -> Ask:
    """Return what answers a request as a loop over the typed client does."""
    from openai import AsyncOpenAI

    client = AsyncOpenAI(base_url=url, api_key="none", max_retries=0)
    tools: Any = [
        wire_tool({"name": one.name, "description": one.description, "input_schema": one.input_schema})
        for one in make_tools("writes").values()
    ]

    async def ask(model: str, request: str) -> str:
        messages: list[Any] = [
            {"role": "system", "content": "Answer with the tools."},
            {"role": "user", "content": request},
        ]
        while True:
            stream = await client.chat.completions.create(
                model=model, messages=messages, tools=tools, stream=True, stream_options={"include_usage": True}
            )
            text = ""
            calls: dict[int, dict[str, Any]] = {}
            async for chunk in stream:
                for choice in chunk.choices:
                    text += choice.delta.content or ""
                    for piece in choice.delta.tool_calls or []:
                        call = calls.setdefault(piece.index, {"id": piece.id, "name": "", "arguments": ""})
                        call["name"] += (piece.function and piece.function.name) or ""
                        call["arguments"] += (piece.function and piece.function.arguments) or ""
            if not calls:
                return text
            made = [
                {"id": one["id"], "type": "function", "function": {"name": one["name"], "arguments": one["arguments"]}}
                for one in calls.values()
            ]
            messages.append({"role": "assistant", "content": text, "tool_calls": made})
            await asyncio.gather(*(work() for _ in calls))
            messages += [{"role": "tool", "tool_call_id": one["id"], "content": RESULT} for one in calls.values()]

    return ask


def ours(url: str, home: Path, effect: Literal["pure", "writes"], opened: ExitStack) -> Ask:
    """Return what answers a request with a plan."""
    tools = make_tools(effect)
    endpoints = {"bench": Endpoint(name="bench", base_url=url)}

    @cache
    def assistant(model: str) -> Assistant:
        settings = Settings(home=home, offline=True, models={"think": f"bench:{model}"}, endpoints=endpoints)
        return opened.enter_context(Assistant(settings, tools=tools))

    async def ask(model: str, request: str) -> str:
        answer = await assistant(model).run(request)
        assert answer.status == "done" and len(answer.steps) == len(NAMES), answer
        assert not any(one["cached"] for one in answer.steps)
        return answer.text

    return ask


async def measure(url: str, model: str, ask: Ask, day: int) -> Measured:
    began.clear()
    wall, cpu = time.perf_counter(), time.process_time()
    text = await ask(model, REQUEST.format(day=day))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    assert text.startswith(ANSWER), text
    seen = await asked(url)
    return Measured(
        wall_ms=wall * 1000,
        cpu_ms=cpu * 1000 / seen["requests"],
        first_ms=(began[0] - seen["written"]) * 1000,
        requests=seen["requests"],
        kilobytes=seen["bytes"] / 1000,
    )


async def asked(url: str) -> dict[str, Any]:
    """Return what the server saw since it was last asked."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(url.removesuffix("/v1").rpartition(":")[2]))
    writer.write(b"GET / HTTP/1.1\r\n\r\n")
    head = await reader.readuntil(b"\r\n\r\n")
    seen: dict[str, Any] = json.loads(
        await reader.readexactly(int(head.lower().split(b"content-length:")[1].split()[0]))
    )
    writer.close()
    return seen


async def compare(url: str, home: Path, tries: int, opened: ExitStack) -> None:
    contenders: list[tuple[str, str, Ask]] = [
        ("serial loop", "serial", loop(url)),
        ("parallel-call loop", "parallel", loop(url)),
        ("ours, tools that wait for the whole plan", "plan", ours(url, home / "late", "writes", opened)),
        ("ours", "plan", ours(url, home / "early", "pure", opened)),
    ]
    days = itertools.count(10)
    for pace in PACES:
        runs: dict[str, list[Measured]] = {name: [] for name, _, _ in contenders}
        for number in range(1 + tries):
            for name, mode, ask in contenders:
                one = await measure(url, f"{mode}-{pace}", ask, next(days))
                if number:  # before it: imports, and the first use of everything
                    runs[name].append(one)
        own = median(runs["ours"], "wall_ms")
        told = f"{pace} tokens a second" if pace else "all tokens at once"
        print(f"| {told} | wall ms | / bound | ours is faster | first tool ms | calls | prompt KB | CPU ms a call |")
        print("|---|---|---|---|---|---|---|---|")
        for name, mode, _ in contenders:
            made = runs[name]
            wall = median(made, "wall_ms")
            print(
                f"| {name} | {wall:.0f} | {wall / bound(mode, pace) / 1000:.3f} x | {wall / own:.2f} x "
                f"| {median(made, 'first_ms'):.1f} | {made[0].requests} | {made[0].kilobytes:.1f} "
                f"| {median(made, 'cpu_ms'):.1f} |"
            )
        print()


def median(made: Sequence[Measured], what: str) -> float:
    return statistics.median(getattr(one, what) for one in made)


if __name__ == "__main__":
    context = multiprocessing.get_context("spawn")
    receiving, sending = context.Pipe(duplex=False)
    server = context.Process(target=serve, args=(sending,), daemon=True)
    server.start()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as opened:
        url = f"http://127.0.0.1:{receiving.recv()}/v1"
        asyncio.run(compare(url, Path(folder), int(sys.argv[1]) if len(sys.argv) > 1 else 5, opened))
    server.terminate()
