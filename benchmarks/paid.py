"""What is paid after a run is killed at each boundary of each order and resumed, and what the ledger costs a call.

python benchmarks/paid.py

A run has four orders: the model plans, a paid tool looks twice, the model answers. The server counts the requests. For
the ledger, only this process is measured: one streamed answer of 50 pieces, asked with no ledger, with one for a model
that is free (not written through to the disk), with one for a model that has a price (two commits that are), and
answered from it; the clients in turn.
"""

import asyncio
import importlib.util
import multiprocessing
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from multiprocessing.connection import Connection
from pathlib import Path
from types import ModuleType
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langchain_core.messages.tool import tool_call

from sensorium.agent.endpoint import EndpointBrain
from sensorium.tools.base.budget import Budget
from sensorium.tools.base.endpoints import Endpoint, ServedModel
from sensorium.tools.base.run import Run
from sensorium.tools.base.settings import Settings

TURNS = (0, 40)
STEPS, WARMUPS = 40, 5
PIECES = 50
PRICE = {"*": {"input_tokens": 1e-6, "output_tokens": 1e-5}}


def helper(name: str) -> ModuleType:
    """Return a helper of the tests."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).parent.parent / "tests" / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def kills(script: ModuleType, killing: ModuleType) -> None:
    """Print for each boundary of each order what was sent, and what the answer says of it."""
    names = {1: "plan", 2: "first look", 3: "second look", 4: "answer"}
    print(f"| killed | {' | '.join(f'at the {names[order]}' for order in killing.ORDERS)} |")
    print("|---|---|---|---|---|")
    worst = unsaid = 0
    with killing.runner() as runner:
        for boundary in killing.BOUNDARIES:
            cells = []
            for order, kind in killing.ORDERS.items():
                with tempfile.TemporaryDirectory() as folder, script.serving() as server:
                    home = killing.furnish(Path(folder) / "home", server, script)
                    died = runner.do(home, server, key="sk-none", request="Look twice", die=(boundary, order))
                    assert died == {"died": True}
                    ended = runner.do(home, server, key="sk-none", resume="last")
                    sent = Counter(killing.asked(one) for one in server.requests)
                said = "may have been paid" in ended["text"]
                again = sum(number - 1 for number in sent.values())
                worst = max(worst, *sent.values()) if not said else worst
                unsaid += bool(again) and not said
                cells.append(f"sent {sent[kind]} x{', said to be unknown' if said else ''}; {ended['status']}")
            print(f"| {boundary} | {' | '.join(cells)} |")
    print(f"\nMost often that one order was sent without being said to be unknown: {worst}.")
    print(f"Runs that sent something twice and did not say so: {unsaid} of {len(killing.BOUNDARIES) * len(names)}.\n")


def serve(address: Connection) -> None:
    """Answer every request in the same way, at an address that is told."""
    script = helper("scripted")
    pieces = script.says(*(f"word{number} " for number in range(PIECES)))
    with script.serving() as server:
        server.answering = lambda request: pieces
        address.send(server.url)
        threading.Event().wait()


def history(turns: int, number: int) -> list[BaseMessage]:
    """Return a conversation of so many tool calls with results of 4 KB, another one for each number."""
    messages: list[BaseMessage] = [HumanMessage(f"Analyze this video. {number}")]
    for turn in range(turns):
        call = tool_call(name="tool_1", args={"media": "$files[0]"}, id=f"call_{turn}")
        messages += [AIMessage("", tool_calls=[call]), ToolMessage("x" * 4096, tool_call_id=f"call_{turn}")]
    return messages


async def cost(url: str, run: Run) -> None:
    """Print CPU and wall of a call for each way to pay."""

    def brain(budget: Budget | None, **more: Any) -> Callable[[list[BaseMessage]], Awaitable[Any]]:
        served = ServedModel(endpoint=Endpoint(name="bench", base_url=url, **more), name="big", role="think")
        model = EndpointBrain(served=served, budget=budget)
        return lambda messages: model.tell(messages, [], lambda piece: None)

    ways = {
        "no ledger": brain(None),
        "ledger, a free model": brain(run.begin("free").budget),
        "ledger, a priced model": brain(run.begin("priced").budget, prices=PRICE),
        "answered from the ledger": brain(run.begin("priced").budget, prices=PRICE),
    }
    for turns in TURNS:
        cpu: dict[str, list[float]] = {name: [] for name in ways}
        wall: dict[str, list[float]] = {name: [] for name in ways}
        for number in range(WARMUPS + STEPS):
            messages = history(turns, number)
            for name, ask in ways.items():
                started, spent = time.perf_counter(), time.process_time()
                await ask(messages)
                if number >= WARMUPS:
                    cpu[name].append((time.process_time() - spent) * 1000)
                    wall[name].append((time.perf_counter() - started) * 1000)
        print(f"| {turns} turns of history, median of {STEPS} | CPU ms | wall ms |")
        print("|---|---|---|")
        for name in ways:
            print(f"| {name} | {statistics.median(cpu[name]):.2f} | {statistics.median(wall[name]):.2f} |")
        print()


def main() -> None:
    kills(helper("scripted"), helper("killing"))
    context = multiprocessing.get_context("spawn")
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=serve, args=(sending,), daemon=True)
    process.start()
    with tempfile.TemporaryDirectory() as home:
        run = Run.open(Settings(home=Path(home), offline=True))
        asyncio.run(cost(receiving.recv(), run))
        run.library.close()
    process.terminate()


if __name__ == "__main__":
    main()
