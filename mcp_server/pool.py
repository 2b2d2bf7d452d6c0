"""The processes that do the work: started when needed, reused, killed with all they started."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import TypeAdapter

from ..tools.base.errors import ToolError
from ..tools.base.secrets import known
from ..tools.base.settings import Settings
from .order import Order

Progressed = Callable[[float | None, str], None]
IDLE_SECONDS = 600.0
"""A process without work is ended after this: it may hold a gigabyte of models."""
MOST_SESSIONS = 8
"""Processes that are kept for the variables of sessions; of more, the one that was used longest ago is ended."""
_FLAGS = ("CREATE_NEW_PROCESS_GROUP", "CREATE_NO_WINDOW", "BELOW_NORMAL_PRIORITY_CLASS")
_WINDOWS_FLAGS = sum(getattr(subprocess, name, 0) for name in _FLAGS)
STARTING_NOTE = "starting"
WAITING_NOTE = "waiting for a free place"


class TakenError(Exception):
    """Another process works on the job, or has ended it."""


@dataclass(frozen=True)
class _Call:
    reply: "asyncio.Future[dict[str, Any]]"
    progressed: Progressed


@dataclass(eq=False)
class WorkerProcess:
    """One process, which makes one call at a time."""

    process: "subprocess.Popen[bytes]"
    loop: asyncio.AbstractEventLoop
    is_left_alone: bool = False
    """It does a job that is to go on without the server."""
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

    async def do(self, order: Order, job: str | None, progressed: Progressed) -> dict[str, Any]:
        """Make one call and return its result.

        Raises:
            TakenError: It is a job that somebody else has.
            ToolError: The process ended before it had the result.
        """
        self._call = _Call(self.loop.create_future(), progressed)
        try:
            await asyncio.to_thread(self._tell, {"order": order.plain(), "job": job})
            return await self._call.reply
        finally:
            self._call = None

    def keep(self, job: str) -> None:
        """Let the present call go on to its end even without this server."""
        self._tell({"keep": job})

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
        with suppress(OSError, ValueError), self._writing:  # it ended; the listening thread says so
            assert self.process.stdin
            self.process.stdin.write(json.dumps(line).encode() + b"\n")
            self.process.stdin.flush()

    def _listen(self) -> None:
        """Read what the process says, in a thread: parsing a long result would hold up the server."""
        assert self.process.stdout
        with suppress(RuntimeError):  # the loop has ended, and with it the wish to know
            for line in self.process.stdout:
                self.loop.call_soon_threadsafe(self._heard, json.loads(line))
            self.process.wait()
            self.loop.call_soon_threadsafe(self._ended)
        self.process.stdout.close()
        self.process.wait()

    def _heard(self, line: dict[str, Any]) -> None:
        if self._call is None or self._call.reply.done():
            return
        if "done" in line:
            self._call.reply.set_result(line["done"])
        elif "taken" in line:
            self._call.reply.set_exception(TakenError(line["taken"]))
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


@dataclass(eq=False)
class _Session:
    """The process that has the variables of a session, for one call at a time."""

    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    worker: WorkerProcess | None = None
    had_worker: bool = False
    used: float = 0.0
    """When its last call ended, by the loop's clock."""


class Pool:
    """Some processes for the work of a server."""

    def __init__(self, settings: Settings, size: int) -> None:
        self._settings = settings
        self._places = asyncio.Semaphore(size)
        self._idle: list[WorkerProcess] = []
        self._sessions: dict[str, _Session] = {}
        """By name, the one that was used last at the end."""

    async def do(
        self,
        order: Order,
        progressed: Progressed,
        *,
        begun: Callable[[WorkerProcess], str | None],
    ) -> dict[str, Any]:
        """Make a call in a process of its own as soon as there is a place; cancelled, the process is killed.

        The calls of a session are made by the same process, one after the other.

        Args:
            order: What to do.
            progressed: Called with fraction and note.
            begun: Called with the process that does it; returns the id of the job when it was promised already.
        """
        progressed(None, WAITING_NOTE)
        if order.session is not None:
            return await self._in_session(order, order.session, progressed, begun)
        async with self._places:
            progressed(None, STARTING_NOTE)
            worker = await self._take()
            try:
                result = await worker.do(order, begun(worker), progressed)
            except BaseException:
                if worker.is_left_alone:
                    worker.dismiss()
                else:
                    worker.kill()
                raise
            self._idle.append(worker)
            asyncio.get_running_loop().call_later(IDLE_SECONDS, self._retire, worker)
            return result

    async def _in_session(
        self, order: Order, name: str, progressed: Progressed, begun: Callable[[WorkerProcess], str | None]
    ) -> dict[str, Any]:
        session = self._sessions.pop(name) if name in self._sessions else _Session()
        self._sessions[name] = session
        async with session.turn, self._places:
            progressed(None, STARTING_NOTE)
            worker = session.worker
            if worker is None or not worker.is_alive:
                order = replace(order, session_lost=session.had_worker)
                worker = session.worker = await self._take()
                session.had_worker = True
            try:
                result = await worker.do(order, begun(worker), progressed)
            except BaseException:
                session.worker = None
                if worker.is_left_alone:
                    worker.dismiss()
                else:
                    worker.kill()
                raise
        self._end_sessions()
        loop = asyncio.get_running_loop()
        session.used = loop.time()
        loop.call_later(IDLE_SECONDS, self._retire_session, session, session.used)
        return result

    def _end_sessions(self) -> None:
        """End the processes of those sessions that are too many, the one that was used longest ago first."""
        kept = [one for one in self._sessions.values() if one.worker]
        for session in [one for one in kept if not one.turn.locked()][: max(0, len(kept) - MOST_SESSIONS)]:
            self._let_go(session)

    def _let_go(self, session: _Session) -> None:
        if session.worker:
            session.worker.dismiss()
            session.worker = None

    def close(self) -> None:
        """Let the processes go that have no work."""
        for worker in self._idle:
            worker.dismiss()
        self._idle.clear()
        for session in self._sessions.values():
            self._let_go(session)

    async def _take(self) -> WorkerProcess:
        while self._idle:
            worker = self._idle.pop()
            if worker.is_alive:
                return worker
            worker.dismiss()
        starting = asyncio.ensure_future(
            asyncio.to_thread(WorkerProcess.start, self._settings, asyncio.get_running_loop())
        )
        try:
            return await asyncio.shield(starting)
        except asyncio.CancelledError:
            starting.add_done_callback(lambda started: started.result().dismiss())
            raise

    def _retire_session(self, session: _Session, used: float) -> None:
        if session.used == used and not session.turn.locked():
            self._let_go(session)

    def _retire(self, worker: WorkerProcess) -> None:
        # Ended also when it had work in between: a fresh start now and then gives memory back.
        if worker in self._idle:
            self._idle.remove(worker)
            worker.dismiss()


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
