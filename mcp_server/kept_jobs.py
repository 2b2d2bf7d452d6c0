"""The jobs that clients were promised: written down, held by who works on them, found again by the next server."""

import asyncio
from collections.abc import Container
from contextlib import AbstractContextManager, ExitStack

from ..tools.base.errors import ArgumentError
from ..tools.base.journal import Journal
from ..tools.base.library import Library
from .job import Job
from .job_store import JobRow, JobStore


class KeptJobs:
    """The jobs of a library."""

    def __init__(self, library: Library, journal: Journal) -> None:
        """Open the jobs of a library.

        Args:
            library: Where they are written down.
            journal: Gives the leases that tell whether somebody works on one.
        """
        self.store = JobStore(library)
        self._journal = journal
        self._left_over: list[JobRow] | None = None

    async def write_down(self, job: Job) -> None:
        """Write a job down, with its end when it has one, and forget those that ended long ago."""
        await asyncio.to_thread(self.store.add, job.id, job.key, job.order, job.began)
        if job.end:  # it was written before there was anything to write it to
            await asyncio.to_thread(self.store.ended, job.id, *job.end)
        await self._sweep()

    async def row(self, job_id: str, owner: str) -> JobRow:
        """Return a job of an owner.

        Raises:
            ArgumentError: He has none of that id.
        """
        row = await asyncio.to_thread(self.store.get, job_id, owner)
        if row is None:
            raise ArgumentError(f"You have no job {job_id!r}. Ask again for what it did: what is known is not redone.")
        return row

    async def again(self, row: JobRow) -> JobRow:
        """Return how a job is written down now."""
        return await asyncio.to_thread(self.store.get, row.job, row.order.owner) or row

    async def left(self, owner: str, key: str, job_id: str | None, here: Container[str]) -> JobRow | None:
        """Return the unfinished job of the same order that another server left behind or works on.

        Args:
            owner: Whose order it is.
            key: The same for the same order.
            job_id: The job whose question the client was asked, if any: its end counts too.
            here: Ids of the jobs of this server.
        """
        if job_id and (asked := await asyncio.to_thread(self.store.get, job_id, owner)) and asked.key == key:
            return asked
        if self._left_over is None:
            await self._sweep()
            self._left_over = await asyncio.to_thread(self.store.unfinished)
        for row in self._left_over:
            if (row.order.owner, row.key) == (owner, key) and row.job not in here:
                now = await asyncio.to_thread(self.store.get, row.job, owner)
                return now if now and now.status == "running" else None
        return None

    def lease(self, job_id: str) -> AbstractContextManager[None]:
        """Hold a job, so that no other process works on it."""
        return self._journal.lease(f"job-{job_id}")

    async def hold(self, job_id: str) -> ExitStack | None:
        """Hold a job, unless a process works on it."""
        if not await asyncio.to_thread(self.is_free, job_id):
            return None
        holding = ExitStack()
        try:
            holding.enter_context(self.lease(job_id))
        except ArgumentError:
            return None
        return holding

    def is_free(self, job_id: str) -> bool:
        """Return whether no process works on a job."""
        return not self._journal.held(f"job-{job_id}")

    def forget_lock(self, job_id: str) -> None:
        """Remove what is left of holding a job that ended."""
        self._journal.forget(f"job-{job_id}")

    async def _sweep(self) -> None:
        """Forget the jobs that ended long ago."""
        for forgotten in await asyncio.to_thread(self.store.forget_old):
            self.forget_lock(forgotten)
