"""Places for the work of a server, and the processes that do it: started when needed, reused, ended when idle."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from ..tools.base.settings import Settings
from .order import Given, Order
from .places import Place, Places
from .questions import Question
from .worker_process import Asked, Progressed, WorkerProcess

IDLE_SECONDS = 600.0
"""A process without work is ended after this: it may hold a gigabyte of models."""
MOST_SESSIONS = 8
"""Processes that are kept for the variables of sessions; of more, the one that was used longest ago is ended."""
STARTING_NOTE = "starting"
WAITING_NOTE = "waiting for a free place"


@dataclass(frozen=True, kw_only=True)
class Watch:
    """Who is told how a call goes."""

    progressed: Progressed
    """Called with fraction and note."""
    asked: Asked
    """Called with what the call asks, and with None when that was answered. Meanwhile others have its place."""
    begun: Callable[[WorkerProcess], str | None]
    """Called with the process that does it; returns the id of the job when it was promised already."""


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
        self._places = Places(size)
        self._idle: list[WorkerProcess] = []
        self._sessions: dict[str, _Session] = {}
        """By name, the one that was used last at the end."""

    async def do(self, order: Order, watch: Watch) -> Given:
        """Make a call in a process of its own as soon as there is a place; cancelled, the process is killed.

        The calls of a session are made by the same process, one after the other.
        """
        watch.progressed(None, WAITING_NOTE)
        if order.session is not None:
            return await self._in_session(order, order.session, watch)
        async with Place(self._places, order.owner) as place:
            watch.progressed(None, STARTING_NOTE)
            worker = await self._take()
            result = await _done(worker, place, order, watch)
            self._idle.append(worker)
            if not worker.is_timed:  # one timer for each process: there may be many calls
                worker.is_timed = True
                asyncio.get_running_loop().call_later(IDLE_SECONDS, self._retire, worker)
            return result

    async def _in_session(self, order: Order, name: str, watch: Watch) -> Given:
        session = self._sessions.pop(name) if name in self._sessions else _Session()
        self._sessions[name] = session
        async with session.turn, Place(self._places, order.owner) as place:
            watch.progressed(None, STARTING_NOTE)
            worker = session.worker
            if worker is None or not worker.is_alive:
                order = replace(order, session_lost=session.had_worker)
                worker = session.worker = await self._take()
                session.had_worker = True
            try:
                result = await _done(worker, place, order, watch)
            except BaseException:
                session.worker = None
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
        worker.is_timed = False  # one that works is looked at again after that
        if worker in self._idle:
            self._idle.remove(worker)
            worker.dismiss()


async def _done(worker: WorkerProcess, place: Place, order: Order, watch: Watch) -> Given:
    """Return what a process made of a call; one that did not come to its end is killed."""

    def turned(question: Question | None) -> None:
        if question:
            place.leave()
        else:
            watch.progressed(None, WAITING_NOTE)
            place.come_back(worker.let_on)
        watch.asked(question)

    try:
        return await worker.do(order, watch.begun(worker), watch.progressed, turned)
    except BaseException:
        if worker.is_left_alone:
            worker.dismiss()
        else:
            worker.kill()
        raise
