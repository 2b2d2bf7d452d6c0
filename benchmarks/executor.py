"""Makespan of a 12-step plan with known sleeps, and CPU a step of the executor with the journal on.

python benchmarks/executor.py
"""

import asyncio
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from sensorium.agent.act import Executor
from sensorium.agent.plan import Plan
from sensorium.tools.base.journal import Journal
from sensorium.tools.base.run import Run
from sensorium.tools.base.settings import Settings
from sensorium.tools.base.tool import Tool, tool

# A job like a report on a video: 4.25 s one after the other, 1.70 s along the critical path.
STEPS: list[tuple[str, float, list[str]]] = [
    ("probe", 0.05, []),
    ("frames", 0.30, ["probe"]),
    ("audio", 0.10, ["probe"]),
    ("asr", 1.20, ["audio"]),
    ("look1", 0.40, ["frames"]),
    ("look2", 0.40, ["frames"]),
    ("look3", 0.40, ["frames"]),
    ("look4", 0.40, ["frames"]),
    ("ocr", 0.45, ["frames"]),
    ("timeline", 0.20, ["asr", "look1", "look2", "look3", "look4", "ocr"]),
    ("report", 0.15, ["timeline"]),
    ("cover", 0.20, ["frames"]),
]


class Said(BaseModel):
    """What the benchmark's tools give."""

    text: str = ""


@tool(effect="writes", resource="network")
async def nap(seconds: float = 0.0, after: Any = None, *, run: Run) -> Said:
    """Sleep."""
    await asyncio.sleep(seconds)
    return Said(text="done")


@tool(effect="writes", resource="network")
async def nothing(after: Any = None, *, run: Run) -> Said:
    """Do nothing."""
    return Said(text="done")


def critical_path() -> float:
    ends: dict[str, float] = {}
    for name, seconds, needs in STEPS:
        ends[name] = seconds + max((ends[need] for need in needs), default=0.0)
    return max(ends.values())


async def act(steps: list[dict[str, Any]], tools: dict[str, Tool]) -> tuple[float, float]:
    """Return wall and CPU seconds of one plan in an empty library."""
    with tempfile.TemporaryDirectory() as folder:
        run = Run.open(Settings(home=Path(folder), offline=True))
        executor = Executor(run=run, journal=Journal(run.library, Path(folder)), catalog=tools, emit=lambda event: None)
        plan = Plan.model_validate({"goal": "benchmark", "steps": steps})
        wall, cpu = time.perf_counter(), time.process_time()
        records = await executor.act(plan)
        spent = time.perf_counter() - wall, time.process_time() - cpu
        assert all(one["status"] == "done" for one in records.values()), records
        run.library.close()
    return spent


async def main() -> None:
    tools = {one.name: one for one in (nap, nothing)}
    dag = [
        {"id": name, "tool": "nap", "args": {"seconds": seconds, "after": [f"${need}" for need in needs]}}
        for name, seconds, needs in STEPS
    ]
    walls = [(await act(dag, tools))[0] for _ in range(5)]
    best = critical_path()
    chain = [{"id": f"s{n}", "tool": "nothing", "args": {"after": f"$s{n - 1}.text"} if n else {}} for n in range(50)]
    wide = [{"id": f"s{n}", "tool": "nothing"} for n in range(50)]
    chains = [(await act(chain, tools))[1] / 50 * 1000 for _ in range(9)]
    wides = [(await act(wide, tools))[1] / 50 * 1000 for _ in range(9)]
    print("| what | figure |")
    print("|---|---|")
    print(f"| critical path | {best:.2f} s |")
    print(f"| makespan, median of 5 | {statistics.median(walls):.3f} s = {statistics.median(walls) / best:.3f} x |")
    print(f"| CPU a step, chain of 50, median of 9 | {statistics.median(chains):.2f} ms (least {min(chains):.2f}) |")
    print(f"| CPU a step, 50 side by side, median of 9 | {statistics.median(wides):.2f} ms (least {min(wides):.2f}) |")


asyncio.run(main())
