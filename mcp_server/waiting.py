"""A client that waits for a job: it hears how far it is, and its user is asked what the job asks."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from types import TracebackType

from .questions import AskUser, Question, Reply, cannot_ask

Report = Callable[[float | None, str], Awaitable[None]]
"""Tells the client how far its call is: fraction, note."""
PULSE_SECONDS = 0.5
"""How often it is looked whether there is something to report."""


class Waiting:
    """One call that waits; a context, at whose end nobody is asked any more."""

    def __init__(
        self, report: Report, ask: AskUser | None, reply: Reply, *, seconds: float, heartbeat_seconds: float
    ) -> None:
        """Begin to wait.

        Args:
            report: Hears of progress.
            ask: Asks the client's user, in the open call; None: the call returns, and its client sees to the question.
            reply: Takes the answer.
            seconds: How long it waits.
            heartbeat_seconds: How often the client hears something, news or not.
        """
        self._report = report
        self._ask = ask
        self._reply = reply
        self._heartbeat_seconds = heartbeat_seconds
        self._reported = time.monotonic()
        self._until = self._reported + seconds
        self._told: tuple[float | None, str] = (None, "")
        self._question: Question | None = None
        self._asking: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Waiting":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._asking:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)

    @property
    def left(self) -> float:
        """How long it still waits, in seconds."""
        return self._until - time.monotonic()

    async def tell(self, fraction: float | None, note: str) -> None:
        """Let the client hear what is new, or at its time that nothing is."""
        now, at = (fraction, note), time.monotonic()
        if now != self._told or at - self._reported >= self._heartbeat_seconds - PULSE_SECONDS:
            self._told, self._reported = now, at
            await self._report(*now)

    def sees(self, question: Question | None, shown: set[str]) -> bool:
        """Have the user asked what a job asks now; return whether the call must end for it.

        Args:
            question: What it asks; None when it asks nothing.
            shown: Keys of the questions that users are shown.
        """
        if question == self._question:
            return False
        self._question = question
        if self._asking and not self._asking.done():
            self._asking.cancel()  # somebody else has answered
        if question is None:
            return False
        if self._ask is None:
            shown.add(question.key)
            return True
        if self._ask is cannot_ask and question.key in shown:
            return False  # another client's user is thinking about it
        if self._ask is not cannot_ask:
            shown.add(question.key)
        self._asking = asyncio.create_task(self._bring(question, self._ask))
        return False

    async def _bring(self, question: Question, ask: AskUser) -> None:
        await self._reply(await ask(question))
