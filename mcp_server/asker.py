"""The end of a question in the process that works: it waits for the answer of the server, or of the next one."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from typing import Any

from .job_store import JobStore
from .questions import Answer, Question

Ask = Callable[[Question], Awaitable[Answer]]
asking: ContextVar[Ask] = ContextVar("asking")
"""Asks whoever ordered the present call; not there for a call that nobody can be asked about."""
LOOK_SECONDS = 0.5
"""How often it is looked whether another server was told the answer."""
EXPIRED = "Nobody answered in time."


class Asker:
    """Asks one thing after the other for the present call."""

    def __init__(self, say: Callable[[Mapping[str, Any]], None], store: JobStore) -> None:
        self._say = say
        self._store = store
        self._job: str | None = None
        self._question: Question | None = None
        self._turn = asyncio.Lock()
        self._answered: asyncio.Future[Answer] | None = None
        self._on = asyncio.Event()
        self._is_alone = False

    async def ask(self, question: Question) -> Answer:
        """Return what was answered; a question that nobody answers in its time is declined."""
        async with self._turn:
            self._question, self._answered = question, asyncio.get_running_loop().create_future()
            self._on.clear()
            try:
                if self._job:
                    await asyncio.to_thread(self._store.asks, self._job, question)
                self._say({"ask": question.plain()})
                answer = await self._answer(question, self._answered)
            finally:
                self._question = self._answered = None
                if self._job:
                    # Before anything is done that was approved: what is asked in the library had no effect yet.
                    self._store.asks(self._job, None)
                self._say({"ask": None})
            if not self._is_alone:
                await self._on.wait()
            return answer

    async def _answer(self, question: Question, answered: "asyncio.Future[Answer]") -> Answer:
        while (left := question.until - time.time()) > 0:
            await asyncio.wait({answered}, timeout=min(left, LOOK_SECONDS))
            if answered.done():
                return answered.result()
            told = await asyncio.to_thread(self._store.answer, self._job) if self._job else None
            if told and told.key == question.key:
                return told
        return Answer(key=question.key, action="decline", reason=EXPIRED)

    def hear(self, answer: Answer) -> None:
        """Take an answer; the first to the present question counts."""
        if self._question and self._answered and answer.key == self._question.key and not self._answered.done():
            self._answered.set_result(answer)

    def let_on(self) -> None:
        """Go on after an answer: there is a place for the work."""
        self._on.set()

    def keep(self, job: str | None) -> None:
        """Note as which job the present call is known, None for none, so that another server can pass an answer on."""
        self._job = job
        if job and self._question:
            self._store.asks(job, self._question)

    def go_alone(self) -> None:
        """Wait for no server any more; what a next one was told is in the library."""
        self._is_alone = True
        self._on.set()
