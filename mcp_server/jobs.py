"""Calls that answer in time: with the result, or with a job that goes on and can be asked for."""

import asyncio
import secrets
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

from ..tools.base.errors import ArgumentError, StorageError, ToolError
from ..tools.base.journal import Journal
from ..tools.base.library import Library
from .begun_jobs import BegunJobs
from .job import Job, Standing, standing_of
from .job_store import JobRow
from .kept_jobs import KeptJobs
from .order import Order
from .pool import Pool
from .questions import Answer, AskUser, Question
from .waiting import PULSE_SECONDS, Report, Waiting
from .worker_process import end_group

JOB_ID_BYTES = 16
"""A job's id is no secret to rely on, and still must not be guessed."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How long a client waits, and how much it may ask for at once."""

    answer_seconds: float = 40.0
    """Claude Desktop gives up after 60."""
    heartbeat_seconds: float = 5.0
    most_jobs: int = 4
    """Jobs of one owner that may run at once."""


class Jobs:
    """The jobs of a server."""

    def __init__(
        self,
        library: Library,
        journal: Journal,
        pool: Pool,
        limits: Limits,
        *,
        renew: Callable[[Order], Order],
        heard: Callable[[str], None],
    ) -> None:
        """Open the jobs of a library.

        Args:
            library: Where promised jobs are written down.
            journal: Gives the leases that tell whether somebody works on a job.
            pool: Who does the work.
            limits: How long to wait and how much to allow.
            renew: Returns an order as this server allows it now, for one that an earlier server left behind.
            heard: Hears whose job has ended.
        """
        self._kept = KeptJobs(library, journal)
        self._store = self._kept.store
        self._limits = limits
        self._renew = renew
        self.begun = BegunJobs(self._kept, pool, heard, most_jobs=limits.most_jobs, long_seconds=limits.answer_seconds)
        self._shown: set[str] = set()
        """Keys of questions that users are shown."""

    async def answer(
        self,
        order: Order,
        key: str,
        report: Report,
        seconds: float | None = None,
        *,
        ask: AskUser | None = None,
        is_told: bool = True,
        job_id: str | None = None,
    ) -> Standing:
        """Do what is ordered and return the result, or how the job stands when it takes longer than a client waits.

        The same order again attaches to the same job. A cancellation before a job was promised kills the work.

        Args:
            order: What to do.
            key: The same for the same order.
            report: Hears of progress.
            seconds: How long this client waits, when not as long as others.
            ask: Asks the client's user what the job asks. None: it is returned at once when a job asks something.
            is_told: The client learns the id of a job that asks, so that it can wait for it and stop it.
            job_id: The job to go on with, if it is of the same order: its client had to answer something first.

        Raises:
            ArgumentError: The owner has too much running already.
        """
        seconds = self._limits.answer_seconds if seconds is None else seconds
        job = self.begun.same(job_id, order.owner, key)
        if job is None and (left := await self._kept.left(order.owner, key, job_id, self.begun)):
            async with self._waiting(report, ask, left.job, order.owner, seconds) as waiting:
                return await self._wait_for(left, waiting)
        if job := job or self.begun.attached(order.owner, key):
            # Another call may have made it its task, and a client that is told of one task twice at once refuses it.
            seconds = max(seconds, self._limits.answer_seconds)
        else:
            job = self.begun.begin(order, key, secrets.token_hex(JOB_ID_BYTES))
        job.waiting += 1
        job.is_awaited, is_left = False, True
        try:
            async with self._waiting(report, ask, job.id, order.owner, seconds) as waiting:
                await self._wait(job, waiting)
            if not job.task.done():
                await self.begun.promise(job)
                job.is_awaited = not is_told and job.question is not None
                job.is_told = job.is_told or not job.is_awaited
            is_left = False
        finally:
            job.waiting -= 1
            if is_left and not (job.task.done() or job.is_told or job.is_awaited or job.waiting):
                job.task.cancel()
        if job.task.done():
            self.begun.forget(job)
        return job.standing()

    async def status(
        self, job_id: str, owner: str, wait_seconds: float, report: Report, ask: AskUser | None = None
    ) -> Standing:
        """Return how a job stands after it ended or the wait is over; one that a server left behind is begun again.

        `ask` is as for `answer`.

        Raises:
            ArgumentError: The owner has no such job.
        """
        if job := self.begun.get(job_id, owner):
            async with self._waiting(report, ask, job_id, owner, wait_seconds) as waiting:
                await self._wait(job, waiting)
            if not job.task.done() or self.begun.is_closing or not job.written:
                return job.standing()
            self.begun.forget(job)
        row = await self._kept.row(job_id, owner)
        # To see who works on it, and to begin it again, takes a moment.
        async with self._waiting(report, ask, job_id, owner, max(wait_seconds, PULSE_SECONDS)) as waiting:
            return await self._wait_for(row, waiting)

    async def look(self, job_id: str, owner: str) -> Standing:
        """Return how a job stands, and leave it as it is.

        Raises:
            ArgumentError: The owner has no such job.
        """
        if (job := self.begun.get(job_id, owner)) and not job.task.done():
            return job.standing()
        return standing_of(await self._kept.row(job_id, owner))

    async def cancel(self, job_id: str, owner: str) -> Standing:
        """Kill a job's work and return how it stands.

        Raises:
            ArgumentError: The owner has no such job.
        """
        row = await asyncio.to_thread(self._store.get, job_id, owner)
        if row is None:
            raise ArgumentError(f"You have no job {job_id!r}, so nothing was cancelled.")
        if job := self.begun.get(job_id, owner):
            job.task.cancel()  # before it is written down: that may take long, and fail
        unwritten: StorageError | None = None
        try:
            await asyncio.to_thread(self._store.ended, job_id, "cancelled")
        except StorageError as error:
            unwritten = error
        if job:
            await asyncio.wait({job.task})
            if unwritten:
                return job.standing()
            self.begun.forget(job)
        if row.status == "running" and not (job and job.worker) and not self._kept.is_free(job_id):
            # As long as the job is held, the process that holds it has the number noted since, and no other has.
            row = await self._kept.again(row)
            if row.process:
                end_group(row.process)
        if unwritten:
            raise unwritten
        self._kept.forget_lock(job_id)
        return standing_of(await self._kept.again(row))

    async def reply(self, job_id: str, owner: str, answer: Answer) -> bool:
        """Pass an answer on to a job that asks, and return whether it was for what is asked now.

        The first answer counts; that of another owner, or to another question, does nothing.
        """
        job = self.begun.get(job_id, owner)
        if job is None or job.worker is None:
            return await asyncio.to_thread(self._store.reply, job_id, owner, answer)
        if job.question is None or job.question.key != answer.key:
            return False
        # At once, whoever stops waiting now: a short line into a pipe that is always read.
        job.worker.reply(answer)
        job.ask(None)
        return True

    def show(self, question: Question) -> None:
        """Note that a user is shown a question, so that a client that cannot ask does not decline it."""
        self._shown.add(question.key)

    def is_shown(self, question: Question) -> bool:
        """Return whether a user is shown a question."""
        return question.key in self._shown

    def names(self, owner: str, *, limit: int = 20) -> list[str]:
        """Return the ids of an owner's jobs, newest first."""
        return [row.job for row in self._store.latest(owner, limit=limit)]

    async def close(self) -> None:
        """Stop what nobody was promised; the rest goes on without this server."""
        await self.begun.close()

    def _waiting(self, report: Report, ask: AskUser | None, job_id: str, owner: str, seconds: float) -> Waiting:
        async def reply(answer: Answer) -> None:
            await self.reply(job_id, owner, answer)

        heartbeat = self._limits.heartbeat_seconds
        return Waiting(report, ask, reply, seconds=seconds, heartbeat_seconds=heartbeat)

    async def _wait(self, job: Job, waiting: Waiting) -> None:
        """Wait for a job's end, or for a question that the client sees to."""
        while waiting.left > 0 and not job.task.done():
            if waiting.sees(job.question, self._shown):
                return
            pulse = min(PULSE_SECONDS, waiting.left)
            await asyncio.wait(job.news, timeout=pulse, return_when=asyncio.FIRST_COMPLETED)
            if not job.task.done():
                await waiting.tell(job.fraction, job.note)

    async def _wait_for(self, row: JobRow, waiting: Waiting) -> Standing:
        """Wait for a job that this server did not begin; begin it again when nobody works on it any more."""
        while row.status == "running" and waiting.left > 0:
            if job := self.begun.get(row.job, row.order.owner):  # somebody else who waits has begun it
                await self._wait(job, waiting)
                return job.standing()
            if holding := await self._kept.hold(row.job):
                with holding:
                    row = await self._kept.again(row)
                    if row.status == "running" and row.job not in self.begun:
                        await self._begin_again(row, holding)
                continue
            if waiting.sees(row.question, self._shown):
                break
            await waiting.tell(row.fraction, row.note)
            await asyncio.sleep(min(2 * PULSE_SECONDS, max(0.0, waiting.left)))
            row = await self._kept.again(row)
        return standing_of(row)

    async def _begin_again(self, row: JobRow, holding: ExitStack) -> None:
        """Do again what a server that was stopped left behind; what its tools remember is not redone.

        It stays held until its worker holds it, so that nobody else begins it as well.
        """
        if not row.asked and row.order.load().effect not in ("pure", "writes"):
            await asyncio.to_thread(self._store.ended, row.job, "cancelled")
            raise ToolError(
                f"The server was stopped while `{row.order.tool}` ran, and whether it had its effect is not known. "
                "It was not begun again; look, and ask again if you want it."
            )
        # Its last process is gone, and the system may give the number to another.
        await asyncio.to_thread(self._store.begun, row.job, None)
        job = self.begun.begin(self._renew(row.order), row.key, row.job)
        job.began, job.written, job.promised, job.is_told = row.created, True, True, True
        job.holding = holding.pop_all()
