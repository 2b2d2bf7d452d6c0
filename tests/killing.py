"""A run with four paid orders at a scripted server, in processes that are killed at a boundary of any of them."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

BOUNDARIES = ("before the intent", "before it is sent", "in flight", "after the answer", "after the outcome")
UNKNOWN = BOUNDARIES[1:4]
"""Killed there, nobody can tell whether the order was paid."""
PLAN = {
    "goal": "Look twice",
    "steps": [
        {"id": "one", "tool": "look", "args": {"question": "What is it?"}},
        {"id": "two", "tool": "look", "args": {"question": "${one.text} Where?"}},
    ],
}
ORDERS = {1: "plan", 2: "What is it?", 3: "A kite. Where?", 4: "answer"}
"""The model plans, a paid tool looks twice, the model answers."""
BY_TOOL = (2, 3)
_SETTINGS = """
[models]
think = "house:big"
[policy]
look = "safe"
[providers.house]
base_url = "{url}"
key = "HOUSE_KEY"
[providers.house.price]
input_tokens = 1
output_tokens = 10
"""


def furnish(home: Path, server: Any, script: ModuleType) -> Path:
    """Make a home whose models are at the scripted server, which answers whatever order comes."""
    home.mkdir()
    (home / "sensorium.toml").write_text(_SETTINGS.format(url=server.url), encoding="utf-8")

    def answer(request: dict[str, Any]) -> Any:
        kind = asked(request)
        if kind == "plan":
            return script.calls(("make_plan", PLAN))
        if kind == "answer":
            return script.says("It is a kite.")
        text = "A kite." if kind == ORDERS[2] else "In the sky."
        return script.Reply(body={"choices": [{"message": {"content": text}}], "usage": script.USAGE})

    server.answering = answer
    return home


def asked(request: dict[str, Any]) -> str:
    """Return what a request is, as `ORDERS` names it."""
    if request["model"] == "eye":
        return str(request["messages"][0]["content"])
    return "answer" if any(one["role"] == "tool" for one in request["messages"]) else "plan"


class Runner:
    """Runs and resumes, each in a process of its own that may be killed."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def do(
        self, home: Path, server: Any, *, key: str, die: tuple[str, int] | None = None, **what: str
    ) -> dict[str, Any]:
        """Return how `request=TEXT` or `resume=ID` ended, or that it died at a boundary of its n-th order."""
        assert self._process.stdin and self._process.stdout
        before, answer, pid = len(server.requests), server.answering, 0

        def kill(request: dict[str, Any]) -> Any:
            if die and die[0] == "in flight" and len(server.requests) - before == die[1]:
                os.kill(pid, signal.SIGKILL)
            return answer(request)

        server.answering = kill
        self._process.stdin.write(json.dumps({"home": str(home), "key": key, "die": die, **what}) + "\n")
        self._process.stdin.flush()
        pid = json.loads(self._process.stdout.readline())["pid"]
        ended: dict[str, Any] = json.loads(self._process.stdout.readline())
        server.answering = answer
        return ended


@contextmanager
def runner() -> Iterator[Runner]:
    """Give a runner, which needs a system that forks."""
    program = [sys.executable, str(Path(__file__).parent / "paying.py")]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Runner(process)
        finally:
            process.communicate()
