"""Client CPU of one streamed answer, ours against a loop over the typed `openai` client, from 0 to 40 turns of history.

python benchmarks/think.py

A second process serves 50 pieces of text, then a tool call and the count of tokens: all at once, as through a proxy
that gathers them, or 2 ms apart, as from a fast model. Only this process is measured, the clients in turn. A turn of
history is a tool call and its result of 4 KB. The last table is of whole runs: the model calls a tool in every answer
until it is given none, in our graph with linter, journal and checkpoints, and in the typed loop.
"""

import asyncio
import json
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.messages.tool import tool_call
from pydantic import BaseModel

from sensorium.agent.assistant import Assistant
from sensorium.agent.endpoint import EndpointBrain
from sensorium.agent.plan_reader import ObjectReader
from sensorium.agent.stream import Piece
from sensorium.agent.wire import wire_messages, wire_tool
from sensorium.tools.base.endpoints import Endpoint, ServedModel
from sensorium.tools.base.run import Run
from sensorium.tools.base.settings import Settings
from sensorium.tools.base.tool import tool

TURNS = (0, 10, 40)
PIECES = 50
PAUSE_SECONDS = 0.002
STEPS = 25
RUNS = 5
WARMUPS = 3
RESULT = "x" * 4096
TOOLS = [
    {
        "name": f"tool_{number}",
        "description": "Does one thing to one file, and says what it found.",
        "input_schema": {
            "type": "object",
            "properties": {name: {"type": "string", "description": "What it is."} for name in ("media", "query", "at")},
        },
    }
    for number in range(12)
]

Step = Callable[[list[BaseMessage]], Awaitable[None]]


def serve(address: Connection) -> None:
    """Answer every request in the same way, on a port that is told through `address`."""
    events = [{"choices": [{"index": 0, "delta": {"content": f"word{n} "}}]} for n in range(PIECES)]
    function = {"name": "tool_1", "arguments": json.dumps({"media": "first", "query": "budget"})}
    call = {"index": 0, "id": "call_1", "type": "function", "function": function}
    events.append({"choices": [{"index": 0, "delta": {"tool_calls": [call]}}]})
    events.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]})
    events.append({"choices": [], "usage": {"prompt_tokens": 900, "completion_tokens": 60, "total_tokens": 960}})
    lines = [f"data: {json.dumps(one)}\n\n".encode() for one in events] + [b"data: [DONE]\n\n"]

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while not reader.at_eof():
            with suppress(asyncio.IncompleteReadError):
                await reply(reader, writer)

    async def reply(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        size = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        body = await reader.readexactly(int(size.split(b":")[1]))
        pause = PAUSE_SECONDS if b'"model":"paced"' in body else 0.0
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
        for line in lines:
            writer.write(b"%x\r\n%s\r\n" % (len(line), line))
            if pause:
                await asyncio.sleep(pause)
        writer.write(b"0\r\n\r\n")

    async def run() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0, limit=2**24)
        address.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


def history(turns: int) -> list[BaseMessage]:
    """Return a conversation of so many tool calls with their results."""
    messages: list[BaseMessage] = [SystemMessage("You plan. " * 200), HumanMessage("Analyze this video.")]
    for number in range(turns):
        call = tool_call(name="tool_1", args={"media": "$files[0]", "query": f"budget {number}"}, id=f"call_{number}")
        messages += [AIMessage("", tool_calls=[call]), ToolMessage(RESULT, tool_call_id=f"call_{number}")]
    return messages


def typed_loop(url: str, model: str) -> Step:
    """Return a step as a loop over the typed client does it."""
    from openai import AsyncOpenAI

    client = AsyncOpenAI(base_url=url, api_key="none", max_retries=0)
    served = ServedModel(endpoint=Endpoint(name="bench", base_url=url), name=model, role="think")

    async def step(messages: list[BaseMessage]) -> None:
        wired: Any = wire_messages(messages, served)
        tools: Any = [wire_tool(one) for one in TOOLS]
        stream = await client.chat.completions.create(
            model=model, messages=wired, tools=tools, stream=True, stream_options={"include_usage": True}
        )
        text, arguments, usage = "", "", None
        async for chunk in stream:
            usage = chunk.usage or usage
            for choice in chunk.choices:
                text += choice.delta.content or ""
                for call in choice.delta.tool_calls or []:
                    arguments += (call.function.arguments if call.function else None) or ""
        assert text.endswith("word49 ") and json.loads(arguments)["query"] == "budget" and usage

    return step


def ours(url: str, model: str) -> Step:
    """Return a step of the brain as the graph takes it, with what follows the calls while they are written."""
    served = ServedModel(endpoint=Endpoint(name="bench", base_url=url), name=model, role="think")
    brain = EndpointBrain(served=served)

    async def step(messages: list[BaseMessage]) -> None:
        said: list[str] = []
        reader = ObjectReader()
        complete: list[str] = []

        def hear(piece: Piece) -> None:
            said.append(piece.text)
            for call in piece.calls:
                complete.extend(reader.feed(call.arguments))

        answer = await brain.tell(messages, TOOLS, hear)
        assert "".join(said) == answer.text and said and answer.text.endswith("word49 ")
        assert answer.tool_calls[0]["args"]["query"] == "budget" == json.loads(complete[0])["query"]
        assert answer.usage_metadata

    return step


def streamed(url: str, model: str) -> Step:
    """Return a step of the brain as LangChain streams it."""
    served = ServedModel(endpoint=Endpoint(name="bench", base_url=url), name=model, role="think")
    brain = EndpointBrain(served=served).bind_tools(TOOLS)

    async def step(messages: list[BaseMessage]) -> None:
        chunks = [chunk async for chunk in brain.astream(messages)]
        last: Any = chunks[-1]
        assert chunks[-2].content == "word49 " and last.tool_calls[0]["args"]["query"] == "budget"
        assert last.usage_metadata

    return step


async def cpu_ms(steps: Sequence[Step], turns: int) -> list[float]:
    """Return for each client the median CPU milliseconds of a step after this many turns."""
    messages = history(turns)
    spent: list[list[float]] = [[] for _ in steps]
    for number in range(WARMUPS + STEPS):
        for step, times in zip(steps, spent, strict=True):
            started = time.process_time()
            await step(messages)
            if number >= WARMUPS:
                times.append((time.process_time() - started) * 1000)
    return [statistics.median(times) for times in spent]


class Found(BaseModel):
    """What the tool of the whole runs gives."""

    text: str


@tool(effect="writes", resource="network")
async def tool_1(media: str, query: str, *, run: Run) -> Found:
    """Do one thing to one file, and say what it found."""
    return Found(text=RESULT)


async def whole_run(url: str, home: Path) -> tuple[int, float]:
    """Return the model calls of a run of ours, and the CPU milliseconds of each."""
    endpoints = {"bench": Endpoint(name="bench", base_url=url)}
    settings = Settings(home=home, offline=True, models={"think": "bench:burst"}, endpoints=endpoints)
    with Assistant(settings, tools={"tool_1": tool_1}) as assistant:
        started = time.process_time()
        answer = await assistant.run("Look for the budget.")
        spent = time.process_time() - started
    calls = sum(one["calls"] for one in answer.usage)
    assert len(answer.steps) == calls - 1 and all(one["status"] == "done" for one in answer.steps)
    return calls, spent * 1000 / calls


async def typed_run(step: Step, calls: int) -> float:
    """Return the CPU milliseconds of each model call of a loop whose history grows by a turn with each."""
    histories = [history(turns) for turns in range(calls)]
    started = time.process_time()
    for messages in histories:
        await step(messages)
    return (time.process_time() - started) * 1000 / calls


async def measure_runs(url: str) -> None:
    typed, pairs = typed_loop(url, "burst"), []
    with tempfile.TemporaryDirectory() as home:
        for number in range(WARMUPS + RUNS):
            calls, own = await whole_run(url, Path(home))
            pairs.append((own, await typed_run(typed, calls)))
            del pairs[: number < WARMUPS]
    own, other = (statistics.median(one) for one in zip(*pairs, strict=True))
    print(f"| whole runs of {calls} calls: CPU ms a call, median of {RUNS} | typed `openai` loop | ours |")
    print("|---|---|---|")
    print(f"| with tools, linter, journal and checkpoints in ours | {other:.2f} | {own:.2f} ({own / other:.2f} x) |")


async def measure(url: str) -> None:
    for model in ("burst", "paced"):
        steps = [typed_loop(url, model), ours(url, model), streamed(url, model)]
        rows = list(zip(*[await cpu_ms(steps, turns) for turns in TURNS], strict=True))
        print(f"| {model}: CPU ms a step, median of {STEPS} | {' | '.join(f'{n} turns' for n in TURNS)} | growth |")
        print("|---|---|---|---|---|")
        for name, row in zip(("typed `openai` loop", "ours", "ours as LangChain streams it"), rows, strict=True):
            print(f"| {name} | {' | '.join(f'{one:.2f}' for one in row)} | {row[-1] / row[0]:.2f} x |")
        ratios = " | ".join(f"{own / typed:.2f} x" for typed, own in zip(rows[0], rows[1], strict=True))
        print(f"| ours / typed | {ratios} | |\n")


if __name__ == "__main__":
    context = multiprocessing.get_context("spawn")
    receiving, sending = context.Pipe(duplex=False)
    server = context.Process(target=serve, args=(sending,), daemon=True)
    server.start()
    url = f"http://127.0.0.1:{receiving.recv()}/v1"
    asyncio.run(measure(url))
    asyncio.run(measure_runs(url))
    server.terminate()
