"""Calls that answer in time: with the result, or with a job that goes on and can be asked for."""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from ..tools.base.errors import ArgumentError, ToolError
from ..tools.base.journal import Journal
from ..tools.base.library import Library
from .job_store import JobRow, JobStore, Status
from .order import Order
from .pool import Pool, TakenError, WorkerProcess, end_group
from .questions import Answer, Question
from .shaping import failed

Report = Callable[[float | None, str], Awaitable[None]]
"""Tells the client how far its call is: fraction, note."""

PULSE_SECONDS = 0.5
"""How often it is looked whether there is something to report."""
JOB_ID_BYTES = 16
"""A job's id is no secret to rely on, and still must not be guessed."""
REMEMBERED_SECONDS = 900.0
"""How long a result waits here for the same call; the library has it longer."""
MOST_CALLS = 100
"""Calls of one owner that may be under way at once; most of them wait for a place."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How long a client waits, and how much it may ask for at once."""

    answer_seconds: float = 40.0
    """Claude Desktop gives up after 60."""
    heartbeat_seconds: float = 5.0
    most_jobs: int = 4
    """Jobs of one owner that may run at once."""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How a job stands."""

    job: str
    tool: str
    status: Status
    """`asking`: it waits for the answer to `question`, which `Jobs.reply` takes."""
    fraction: float | None = None
    note: str = ""
    seconds: float = 0.0
    created: float = 0.0
    changed: float = 0.0
    """When it was ordered and when there was news of it last, as Unix time."""
    result: dict[str, Any] | None = None
    lasting: Sequence[str] | None = None
    """The artifacts that the result names, where the same call may be given it again."""
    question: Question | None = None


@dataclass(eq=False, kw_only=True)
class _Job:
    id: str
    key: str
    order: Order
    began: float
    task: "asyncio.Task[dict[str, Any]]" = field(init=False)
    changed: float = field(init=False)
    fraction: float | None = None
    note: str = ""
    worker: WorkerProcess | None = None
    waiting: int = 0
    """How many calls wait for it."""
    written: bool = False
    """It is in the library, or is just being written."""
    lasting: Sequence[str] | None = None
    promised: bool = False
    """Its client was told of it, or is just being told."""
    holding: ExitStack = field(default_factory=ExitStack)
    """Holds a promised job until a worker does."""

    def __post_init__(self) -> None:
        self.changed = self.began

    def progressed(self, fraction: float | None, note: str) -> None:
        self.fraction, self.note, self.changed = fraction, note, time.time()

    def standing(self) -> Standing:
        seconds = time.time() - self.began
        if not self.task.done():
            return Standing(
                job=self.id,
                tool=self.order.tool,
                status="running",
                fraction=self.fraction,
                note=self.note,
                seconds=seconds,
                created=self.began,
                changed=self.changed,
            )
        result = None if self.task.cancelled() else self.task.result()
        status = "cancelled" if result is None else _status_of(result)
        return Standing(
            job=self.id,
            tool=self.order.tool,
            status=status,
            seconds=seconds,
            created=self.began,
            changed=self.changed,
            result=result,
            lasting=self.lasting,
        )


class Jobs:
    """The jobs of a server."""

    def __init__(
        self, library: Library, journal: Journal, pool: Pool, limits: Limits, renew: Callable[[Order], Order]
    ) -> None:
        """Open the jobs of a library.

        Args:
            library: Where promised jobs are written down.
            journal: Gives the leases that tell whether somebody works on a job.
            pool: Who does the work.
            limits: How long to wait and how much to allow.
            renew: Returns an order as this server allows it now, for one that an earlier server left behind.
        """
        self._store = JobStore(library)
        self._journal = journal
        self._pool = pool
        self._limits = limits
        self._renew = renew
        self._jobs: dict[str, _Job] = {}
        self._left_over: list[JobRow] | None = None
        self._closing = False

    async def answer(self, order: Order, key: str, report: Report, seconds: float | None = None) -> Standing:
        """Do what is ordered and return the result, or how the job stands when it takes longer than a client waits.

        The same order again attaches to the same job. A cancellation before a job was promised kills the work.

        Args:
            order: What to do.
            key: The same for the same order.
            report: Hears of progress.
            seconds: How long this client waits, when not as long as others.

        Raises:
            ArgumentError: The owner has too much running already.
        """
        seconds = self._limits.answer_seconds if seconds is None else seconds
        if left := await self._left(order.owner, key):
            return await self._wait_for(left, seconds, report)
        job = self._attached(order.owner, key) or self._begin(order, key, secrets.token_hex(JOB_ID_BYTES))
        job.waiting += 1
        try:
            await self._wait(job, seconds, report)
            if not job.task.done():
                await self._promise(job)
        finally:
            job.waiting -= 1
            if not job.task.done() and not job.promised and job.waiting == 0:
                job.task.cancel()
        if job.task.done():
            self._forget(job)
        return job.standing()

    async def status(self, job_id: str, owner: str, wait_seconds: float, report: Report) -> Standing:
        """Return how a job stands after it ended or the wait is over; one that a server left behind is begun again.

        Raises:
            ArgumentError: The owner has no such job.
        """
        if (job := self._jobs.get(job_id)) and job.order.owner == owner:
            await self._wait(job, wait_seconds, report)
            if not job.task.done():
                return job.standing()
            self._forget(job)
            if self._closing or not job.written:
                return job.standing()
        return await self._wait_for(await self._row(job_id, owner), wait_seconds, report)

    async def look(self, job_id: str, owner: str) -> Standing:
        """Return how a job stands, and leave it as it is.

        Raises:
            ArgumentError: The owner has no such job.
        """
        if (job := self._jobs.get(job_id)) and job.order.owner == owner and not job.task.done():
            return job.standing()
        return _standing(await self._row(job_id, owner))

    async def cancel(self, job_id: str, owner: str) -> Standing:
        """Kill a job's work and return how it stands.

        Raises:
            ArgumentError: The owner has no such job.
        """
        row = await asyncio.to_thread(self._store.get, job_id, owner)
        if row is None:
            raise ArgumentError(f"You have no job {job_id!r}, so nothing was cancelled.")
        await asyncio.to_thread(self._store.ended, job_id, "cancelled")
        job = self._jobs.pop(job_id, None)
        if job:
            job.task.cancel()
            await asyncio.wait({job.task})
        if row.status == "running" and not (job and job.worker) and not self._is_free(job_id):
            # As long as the job is held, the process that holds it has the number noted since, and no other has.
            row = await self._again(row)
            if row.process:
                end_group(row.process)
        return _standing(await self._again(row))

    async def reply(self, job_id: str, owner: str, answer: Answer) -> bool:
        """Pass an answer on to a job that asks, and return whether it was for what is asked now.

        The first answer counts; that of another owner, or to another question, does nothing.
        """
        return False

    def names(self, owner: str, *, limit: int = 20) -> list[str]:
        """Return the ids of an owner's jobs, newest first."""
        return [row.job for row in self._store.latest(owner, limit=limit)]

    async def close(self) -> None:
        """Stop what nobody was promised; the rest goes on without this server."""
        self._closing = True
        jobs = list(self._jobs.values())
        for job in jobs:
            if job.promised and job.worker:
                job.worker.is_left_alone = True
            job.task.cancel()
        self._pool.close()
        if jobs:
            await asyncio.wait([job.task for job in jobs])

    def _attached(self, owner: str, key: str) -> _Job | None:
        """Return the job of the same order, running or with a result that was not fetched; not one that failed."""
        same = [one for one in self._jobs.values() if (one.order.owner, one.key) == (owner, key)]
        wanted = (one for one in same if not one.task.cancelling() and one.standing().status in ("running", "done"))
        return next(wanted, None)

    def _begin(self, order: Order, key: str, job_id: str) -> _Job:
        mine = [one for one in self._jobs.values() if one.order.owner == order.owner and not one.task.done()]
        # A client that takes tasks is promised a job at once; it may have as many short ones as others have calls.
        long = time.time() - self._limits.answer_seconds
        promised = [one.id for one in mine if one.promised and one.began <= long]
        if len(promised) >= self._limits.most_jobs or len(mine) >= MOST_CALLS:
            named = ", ".join(promised) or "none"
            raise ArgumentError(
                f"You have {len(mine)} calls under way, of them {len(promised)} jobs ({named}). "
                f"The limit is {self._limits.most_jobs} jobs: wait with `job_status`, or stop one with `job_cancel`."
            )
        job = _Job(id=job_id, key=key, order=order, began=time.time())
        job.task = asyncio.create_task(self._work(job))
        self._jobs[job.id] = job
        job.task.add_done_callback(lambda _: self._ended(job))
        return job

    async def _work(self, job: _Job) -> dict[str, Any]:
        def begun(worker: WorkerProcess) -> str | None:
            job.worker = worker
            job.holding.close()
            return job.id if job.promised else None

        try:
            while True:
                try:
                    result = await self._pool.do(job.order, job.progressed, begun=begun)
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
            if job.written and not (self._closing and job.promised):
                self._store.ended(job.id, "cancelled")
            raise
        finally:
            job.holding.close()
        if job.written:
            # The worker wrote this too, unless it ended, or was told of the promise, in the last moment.
            await asyncio.to_thread(self._store.ended, job.id, _status_of(result), result)
        return result

    async def _elsewhere(self, job: _Job) -> dict[str, Any] | None:
        """Wait for a job that another server took a moment earlier; return its result, or nothing when it was left."""
        while (row := await asyncio.to_thread(self._store.get, job.id, job.order.owner)) and row.status == "running":
            job.progressed(row.fraction, row.note)
            if await asyncio.to_thread(self._is_free, job.id):
                return None
            await asyncio.sleep(2 * PULSE_SECONDS)
        if row is None or row.result is None:
            raise asyncio.CancelledError  # as it was there
        return row.result

    async def _promise(self, job: _Job) -> None:
        """Write a job down and let its worker know, before its client does."""
        job.written = True
        for forgotten in await asyncio.to_thread(self._store.add, job.id, job.key, job.order, job.began):
            self._journal.forget(f"job-{forgotten}")
        if job.promised or job.task.done():
            return
        job.promised = True
        if job.worker:
            await asyncio.to_thread(job.worker.keep, job.id)
        else:
            job.holding.enter_context(self._journal.lease(f"job-{job.id}"))

    def _ended(self, job: _Job) -> None:
        if job.promised:
            job.task.get_loop().call_later(REMEMBERED_SECONDS, self._forget, job)
        else:
            self._forget(job)

    def _forget(self, job: _Job) -> None:
        self._jobs.pop(job.id, None)

    async def _wait(self, job: _Job, seconds: float, report: Report) -> None:
        """Wait for a job's end, telling the client how far it is at least every heartbeat."""
        started = reported = time.monotonic()
        told: tuple[float | None, str] = (None, "")
        while (left := started + seconds - time.monotonic()) > 0 and not job.task.done():
            await asyncio.wait({job.task}, timeout=min(PULSE_SECONDS, left))
            now = (job.fraction, job.note)
            if job.task.done():
                return
            if now != told or time.monotonic() - reported >= self._limits.heartbeat_seconds - PULSE_SECONDS:
                told, reported = now, time.monotonic()
                await report(*now)

    async def _wait_for(self, row: JobRow, seconds: float, report: Report) -> Standing:
        """Wait for a job that this server did not begin; begin it again when nobody works on it any more."""
        started, seconds = time.monotonic(), max(seconds, PULSE_SECONDS)
        while row.status == "running" and (left := started + seconds - time.monotonic()) > 0:
            if job := self._jobs.get(row.job):  # somebody else who waits has begun it
                await self._wait(job, left, report)
                return job.standing()
            if holding := await self._hold(row.job):
                with holding:
                    row = await self._again(row)
                    if row.status == "running" and row.job not in self._jobs:
                        await self._begin_again(row, holding)
                continue
            await report(row.fraction, row.note)
            await asyncio.sleep(min(2 * PULSE_SECONDS, left))
            row = await self._again(row)
        return _standing(row)

    async def _row(self, job_id: str, owner: str) -> JobRow:
        row = await asyncio.to_thread(self._store.get, job_id, owner)
        if row is None:
            raise ArgumentError(f"You have no job {job_id!r}. Ask again for what it did: what is known is not redone.")
        return row

    async def _again(self, row: JobRow) -> JobRow:
        now = await asyncio.to_thread(self._store.get, row.job, row.order.owner)
        return now or row

    async def _begin_again(self, row: JobRow, holding: ExitStack) -> None:
        """Do again what a server that was stopped left behind; what its tools remember is not redone.

        It stays held until its worker holds it, so that nobody else begins it as well.
        """
        if row.order.load().effect not in ("pure", "writes"):
            await asyncio.to_thread(self._store.ended, row.job, "cancelled")
            raise ToolError(
                f"The server was stopped while `{row.order.tool}` ran, and whether it had its effect is not known. "
                "It was not begun again; look, and ask again if you want it."
            )
        # Its last process is gone, and the system may give the number to another.
        await asyncio.to_thread(self._store.begun, row.job, None)
        job = self._begin(self._renew(row.order), row.key, row.job)
        job.began, job.written, job.promised = row.created, True, True
        job.holding = holding.pop_all()

    async def _left(self, owner: str, key: str) -> JobRow | None:
        """Return the unfinished job of the same order that another server left behind or works on."""
        if self._left_over is None:
            self._left_over = await asyncio.to_thread(self._store.unfinished)
        for row in self._left_over:
            if (row.order.owner, row.key) == (owner, key) and row.job not in self._jobs:
                now = await asyncio.to_thread(self._store.get, row.job, owner)
                return now if now and now.status == "running" else None
        return None

    async def _hold(self, job: str) -> ExitStack | None:
        """Hold a job, unless a process works on it."""
        if not await asyncio.to_thread(self._is_free, job):
            return None
        holding = ExitStack()
        try:
            holding.enter_context(self._journal.lease(f"job-{job}"))
        except ArgumentError:
            return None
        return holding

    def _is_free(self, job: str) -> bool:
        """Return whether no process works on a job."""
        return not self._journal.held(f"job-{job}")


def _status_of(result: dict[str, Any]) -> Status:
    return "failed" if result.get("isError") else "done"


def _standing(row: JobRow) -> Standing:
    return Standing(
        job=row.job,
        tool=row.order.tool,
        status=row.status,
        fraction=row.fraction,
        note=row.note,
        seconds=time.time() - row.created,
        created=row.created,
        changed=row.changed,
        result=row.result,
    )
