"""The jobs that this server has begun, and the work on them."""

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from ..tools.base.errors import ArgumentError, StorageError, ToolError
from ..tools.base.secret_logs import logger_of
from .failures import failed
from .job import Job, end_of
from .kept_jobs import KeptJobs
from .order import Order
from .pool import Pool, Watch
from .questions import Answer, Question
from .waiting import PULSE_SECONDS
from .worker_process import TakenError, WorkerProcess

logger = logger_of(__name__)

RUN_ID_LETTERS = 12
"""Of a job's id: its run's."""
REMEMBERED_SECONDS = 900.0
"""How long a result waits here for the same call; the library has it longer."""
MOST_REMEMBERED = 50
"""Results that wait here."""
MOST_CALLS = 100
"""Calls of one owner that may be under way at once; most of them wait for a place."""

TOO_MANY = "Several jobs ask something already, and are to be answered first."


class BegunJobs:
    """The jobs that are worked on for this server, and those whose results wait to be fetched."""

    def __init__(
        self, kept: KeptJobs, pool: Pool, heard: Callable[[str], None], *, most_jobs: int, long_seconds: float
    ) -> None:
        """Begin with none.

        Args:
            kept: Where promised jobs are written down.
            pool: Who does the work.
            heard: Hears whose job has ended.
            most_jobs: Jobs of one owner that may take long at once, or ask something.
            long_seconds: A promised job that has gone on for so long takes long.
        """
        self.is_closing = False
        self._kept = kept
        self._pool = pool
        self._heard = heard
        self._most_jobs = most_jobs
        self._long_seconds = long_seconds
        self._jobs: dict[str, Job] = {}
        self._writing: set[asyncio.Task[None]] = set()
        """Jobs that are being written down."""

    def __contains__(self, job_id: object) -> bool:
        return job_id in self._jobs

    def __iter__(self) -> Iterator[Job]:
        return iter(list(self._jobs.values()))

    def get(self, job_id: str, owner: str) -> Job | None:
        """Return a job of this owner; another's is as unknown as one that never was."""
        job = self._jobs.get(job_id)
        return job if job and job.order.owner == owner else None

    def attached(self, owner: str, key: str) -> Job | None:
        """Return the job of the same order, running or with a result that was not fetched; not one that failed."""
        same = [one for one in self._jobs.values() if (one.order.owner, one.key) == (owner, key)]
        good = ("running", "asking", "done")
        return next((one for one in same if not one.task.cancelling() and one.standing().status in good), None)

    def same(self, job_id: str | None, owner: str, key: str) -> Job | None:
        """Return a job of this server, however it ended, if it is of this order."""
        job = self._jobs.get(job_id or "")
        return job if job and (job.order.owner, job.key) == (owner, key) else None

    def begin(self, order: Order, key: str, job_id: str) -> Job:
        """Begin to work on an order.

        Raises:
            ArgumentError: The owner has too much running already.
        """
        mine = [one for one in self._jobs.values() if one.order.owner == order.owner and not one.task.done()]
        # A client that takes tasks is promised a job at once; it may have as many short ones as others have calls.
        long = time.time() - self._long_seconds
        promised = [one.id for one in mine if one.promised and one.began <= long]
        if len(promised) >= self._most_jobs or len(mine) >= MOST_CALLS:
            named = ", ".join(promised) or "none"
            raise ArgumentError(
                f"You have {len(mine)} calls under way, of them {len(promised)} jobs ({named}). "
                f"The limits are {MOST_CALLS} calls and {self._most_jobs} jobs that take long: wait with "
                "`job_status`, or stop one with `job_cancel`."
            )
        order = replace(order, run=job_id[:RUN_ID_LETTERS])
        job = Job(id=job_id, key=key, order=order, began=time.time())
        job.task = asyncio.create_task(self._work(job))
        self._jobs[job.id] = job
        job.task.add_done_callback(lambda _: self._ended(job))
        return job

    async def promise(self, job: Job) -> None:
        """Write a job down and let its worker know, before its client does."""
        job.written = True
        writing = asyncio.create_task(self._kept.write_down(job))
        self._writing.add(writing)
        writing.add_done_callback(self._writing.discard)
        await asyncio.shield(writing)
        if job.promised or job.task.done():
            return
        job.promised = True
        if job.question:  # its process writes that too, if it lives so long
            await asyncio.to_thread(self._kept.store.asks, job.id, job.question)
        if job.worker:
            await asyncio.to_thread(job.worker.keep, job.id)
        else:
            job.holding.enter_context(self._kept.lease(job.id))

    def forget(self, job: Job) -> None:
        """Keep a job no longer."""
        if self._jobs.get(job.id) is job:  # it may have been begun again
            del self._jobs[job.id]
        if job.forgetting:
            job.forgetting.cancel()  # it would hold the result for so long

    async def close(self) -> None:
        """Stop what nobody was promised; the rest goes on without this server."""
        self.is_closing = True
        jobs = list(self._jobs.values())
        for job in jobs:
            if job.promised and job.worker:
                job.worker.is_left_alone = True
            job.task.cancel()
        self._pool.close()
        if ending := [*(job.task for job in jobs), *self._writing]:
            await asyncio.wait(ending)

    async def _work(self, job: Job) -> dict[str, Any]:
        def begun(worker: WorkerProcess) -> str | None:
            job.worker = worker
            job.holding.close()
            return job.id if job.promised else None

        def asked(question: Question | None) -> None:
            if question and self._asks_too_much(job) and job.worker:
                job.worker.reply(Answer(key=question.key, action="decline", reason=TOO_MANY))
            else:
                job.ask(question)

        try:
            while True:
                try:
                    given = await self._pool.do(job.order, Watch(progressed=job.progressed, asked=asked, begun=begun))
                    result, job.lasting = given.result, given.lasting
                    break
                except TakenError:
                    job.worker = None
                    if ended := await self._elsewhere(job):
                        return ended
        except ToolError as error:
            result = failed(str(error))
        except OSError as error:  # no more processes, or no memory for one
            result = failed(
                f"No process could be started for `{job.order.tool}`: {error}. Try again when there is room."
            )
        except asyncio.CancelledError:
            if not (self.is_closing and job.promised):
                job.end = ("cancelled", None)
                await self._write_end(job)
            raise
        finally:
            job.holding.close()
        job.end = (end_of(result), result)
        # The worker wrote this too, unless it ended, or was told of the promise, in the last moment.
        await self._write_end(job)
        return result

    async def _write_end(self, job: Job) -> None:
        """Write down how a job ended; what cannot be written is known here for a while."""
        if not (job.written and job.end):
            return
        try:
            await asyncio.to_thread(self._kept.store.ended, job.id, *job.end)
        except StorageError as error:
            job.written = False
            logger.warning("the end of a job of `%s` could not be written down: %s", job.order.tool, error)

    def _asks_too_much(self, job: Job) -> bool:
        """Return whether so many jobs of its owner ask something already that this one may not: each is a process."""
        asking = [one for one in self._jobs.values() if one.order.owner == job.order.owner and one.question]
        return len(asking) >= self._most_jobs

    async def _elsewhere(self, job: Job) -> dict[str, Any] | None:
        """Wait for a job that another server took a moment earlier; return its result, or nothing when it was left."""
        find = self._kept.store.get
        while (row := await asyncio.to_thread(find, job.id, job.order.owner)) and row.status == "running":
            job.progressed(row.fraction, row.note)
            job.ask(row.question)
            if await asyncio.to_thread(self._kept.is_free, job.id):
                return None
            await asyncio.sleep(2 * PULSE_SECONDS)
        if row is None or row.result is None:
            raise asyncio.CancelledError  # as it was there
        return row.result

    def _ended(self, job: Job) -> None:
        self._heard(job.order.owner)
        if job.promised:
            job.forgetting = job.task.get_loop().call_later(REMEMBERED_SECONDS, self.forget, job)
            for one in [one for one in self._jobs.values() if one.promised and one.task.done()][:-MOST_REMEMBERED]:
                self.forget(one)
        else:
            self.forget(job)
