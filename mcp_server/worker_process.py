"""A process that does the work, as the server sees it: told what to do in lines, killed with all it started."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO, Any

from pydantic import TypeAdapter

from ..tools.base.errors import ToolError
from ..tools.base.secrets import known
from ..tools.base.settings import Settings
from .order import Given, Order
from .questions import Answer, Question

Progressed = Callable[[float | None, str], None]
Asked = Callable[[Question | None], None]
"""Told what the work asks now; None: it has its answer, and waits to be let on."""
_FLAGS = ("CREATE_NEW_PROCESS_GROUP", "CREATE_NO_WINDOW", "BELOW_NORMAL_PRIORITY_CLASS")
_WINDOWS_FLAGS = sum(getattr(subprocess, name, 0) for name in _FLAGS)


SHORT_BYTES = 2048
"""So much goes into any system's pipe at once, when all that was written before has been read."""


class TakenError(Exception):
    """Another process works on the job, or has ended it."""


@dataclass(frozen=True)
class _Call:
    reply: "asyncio.Future[Given]"
    progressed: Progressed
    asked: Asked


@dataclass(eq=False)
class WorkerProcess:
    """One process, which makes one call at a time."""

    process: "subprocess.Popen[bytes]"
    loop: asyncio.AbstractEventLoop
    is_left_alone: bool = False
    """It does a job that is to go on without the server."""
    is_timed: bool = False
    """Its pool looks after a while whether it still has work."""
    _has_read: bool = False
    """It has answered, so that its pipe is empty between two calls."""
    _call: _Call | None = None
    _writing: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def start(cls, settings: Settings, loop: asyncio.AbstractEventLoop) -> "WorkerProcess":
        """Start a process and tell it the settings; takes some milliseconds, so call it in a thread."""
        # -P: the folder that the server was started in is not searched for modules. A group of its own, so that it and
        # what it starts can be killed together, and so that a Ctrl-C for the server is not one for a kept job.
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "sensorium.mcp_server.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=sys.platform != "win32",
            creationflags=_WINDOWS_FLAGS,
        )
        worker = cls(process, loop)
        threading.Thread(target=worker._listen, daemon=True).start()
        told = TypeAdapter(Settings).dump_python(settings, mode="json")
        worker._tell({"settings": told, "secrets": known()})
        return worker

    @property
    def is_alive(self) -> bool:
        return self.process.poll() is None

    async def do(self, order: Order, job: str | None, progressed: Progressed, asked: Asked) -> Given:
        """Make one call and return its result.

        Raises:
            TakenError: It is a job that somebody else has.
            ToolError: The process ended before it had the result.
        """
        self._call = _Call(self.loop.create_future(), progressed, asked)
        try:
            line = _line({"order": order.plain(), "job": job})
            if self._has_read and len(line) <= SHORT_BYTES:
                self._write(line)
            else:
                await asyncio.to_thread(self._write, line)
            return await self._call.reply
        finally:
            self._call = None

    def keep(self, job: str) -> None:
        """Let the present call go on to its end even without this server."""
        self._tell({"keep": job})

    def reply(self, answer: Answer) -> None:
        """Pass on what was answered to what the present call asks."""
        self._tell({"answer": answer.plain()})

    def let_on(self) -> None:
        """Let the present call go on after it has its answer."""
        self._tell({"on": True})

    def kill(self) -> None:
        """End the process and all that it started, at once."""
        end_group(self.process.pid)
        self.dismiss()

    def dismiss(self) -> None:
        """Close this end: the process leaves when it has no kept job any more."""
        with suppress(OSError):
            assert self.process.stdin
            self.process.stdin.close()

    def _tell(self, line: dict[str, Any]) -> None:
        self._write(_line(line))

    def _write(self, line: bytes) -> None:
        with suppress(OSError, ValueError), self._writing:  # it ended; the listening thread says so
            assert self.process.stdin
            self.process.stdin.write(line)
            self.process.stdin.flush()

    def _listen(self) -> None:
        """Read what the process says, in a thread: parsing a long result would hold up the server."""
        assert self.process.stdout
        with suppress(RuntimeError):  # the loop has ended, and with it the wish to know
            for line in whole_lines(self.process.stdout):
                self.loop.call_soon_threadsafe(self._heard, line)
            self.process.wait()
            self.loop.call_soon_threadsafe(self._ended)
        self.process.stdout.close()
        self.process.wait()

    def _heard(self, line: dict[str, Any]) -> None:
        self._has_read = True
        if self._call is None or self._call.reply.done():
            return
        if "done" in line:
            self._call.reply.set_result(Given(result=line["done"], lasting=line["lasting"]))
        elif "taken" in line:
            self._call.reply.set_exception(TakenError(line["taken"]))
        elif "ask" in line:
            self._call.asked(Question.of(line["ask"]) if line["ask"] else None)
        else:
            self._call.progressed(*line["progress"])

    def _ended(self) -> None:
        if self._call and not self._call.reply.done():
            self._call.reply.set_exception(
                ToolError(
                    f"The process that did this ended before it was done ({_how(self.process.returncode)}). A damaged "
                    "file or too little memory may be why; other calls are not affected. Try a smaller part of it."
                )
            )


def whole_lines(stream: IO[bytes]) -> Iterator[dict[str, Any]]:
    """Give the lines that the other process wrote; it may have been killed in the middle of the last one."""
    return (json.loads(line) for line in stream if line.endswith(b"\n"))


def _line(said: dict[str, Any]) -> bytes:
    return json.dumps(said).encode() + b"\n"


def end_group(process: int) -> None:
    """Kill a worker and all that it started."""
    with suppress(OSError):
        if sys.platform == "win32":
            os.kill(process, signal.SIGTERM)  # ends it at once there
        else:
            os.killpg(process, signal.SIGKILL)


def _how(code: int | None) -> str:
    if code is not None and code < 0:
        with suppress(ValueError):
            return signal.Signals(-code).name
    return f"exit status {code}"
