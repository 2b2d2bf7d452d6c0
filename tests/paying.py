"""Does runs with paid calls, each in a process that dies where a line on standard input says; see `killing.py`.

    <- {"home": …, "request": … or "resume": ID, "die": [boundary, order] or null}
    -> {"pid": …}
    -> {"status", "text", "cost_usd", "unknown_usd", "steps"}, {"error"}, or {"died": true}

Each run is in a process of its own, forked from this one so that what takes a second to import is there.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import langgraph.checkpoint.sqlite.aio  # noqa: F401 - before the fork
import openai  # noqa: F401
from pydantic import BaseModel

import sensorium.agent.endpoint
import sensorium.agent.graph  # noqa: F401
from sensorium.agent.assistant import Assistant
from sensorium.tools.base.endpoints import served_model
from sensorium.tools.base.ledger import Ledger
from sensorium.tools.base.paid import request_json
from sensorium.tools.base.price import quote_of
from sensorium.tools.base.run import Run
from sensorium.tools.base.settings import Settings
from sensorium.tools.base.tool import tool

# In flight the server kills the process.
_METHODS = {
    "before the intent": ("intend", True),
    "before it is sent": ("intend", False),
    "after the answer": ("settle", True),
    "after the outcome": ("settle", False),
}


class Seen(BaseModel):
    """What the paid tool gives."""

    text: str = ""


@tool(effect="network", resource="network", cost="paid")
async def look(question: str, *, run: Run) -> Seen:
    """Look, for money."""
    served = served_model("house:eye", "see", run.settings.endpoints)
    body = {"model": "eye", "messages": [{"role": "user", "content": question}]}
    quote = quote_of(served, {"calls": 1, "input_tokens": 1000, "output_tokens": 100})
    answer = await request_json(run, served, "/chat/completions", body, quote=quote)
    return Seen(text=answer["choices"][0]["message"]["content"])


def die_at(boundary: str, order: int) -> None:
    """Kill this process at a boundary of its n-th order."""
    name, before = _METHODS[boundary]
    original: Callable[..., Any] = getattr(Ledger, name)
    orders = count(1)

    def dying(*args: Any, **kwargs: Any) -> Any:
        is_it = next(orders) == order
        if is_it and before:
            os.kill(os.getpid(), signal.SIGKILL)
        result = original(*args, **kwargs)
        if is_it:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(Ledger, name, dying)


async def work(line: dict[str, Any]) -> dict[str, Any]:
    """Run, or go on with a run, and return how it ended."""
    environ = {"SENSORIUM_HOME": line["home"], "HOUSE_KEY": line["key"], "SENSORIUM_OFFLINE": "1"}
    with Assistant(Settings.read(environ, Path(line["home"])), tools={"look": look}) as assistant:
        try:
            if "resume" in line:
                answer = await assistant.resume(line["resume"])
            else:
                answer = await assistant.run(line["request"])
        except Exception as error:
            return {"error": f"{type(error).__name__}: {error}"}
        return answer.plain()


def main() -> None:
    for told in sys.stdin:
        line = json.loads(told)
        reading, writing = os.pipe()
        if not (pid := os.fork()):
            os.close(reading)
            boundary, order = line.get("die") or ("in flight", 0)
            if boundary in _METHODS:
                die_at(boundary, order)
            with os.fdopen(writing, "w") as out:
                json.dump(asyncio.run(work(line)), out)
            os._exit(0)
        os.close(writing)
        print(json.dumps({"pid": pid}), flush=True)
        with os.fdopen(reading) as ended:
            said = ended.read()
        os.waitpid(pid, 0)
        print(said or json.dumps({"died": True}), flush=True)


if __name__ == "__main__":
    main()
