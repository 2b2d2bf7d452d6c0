"""The journal of a run while its steps run: what is done is not made again, and what ended is committed at once."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from ..tools.base.journal import Journal, StepRow
from ..tools.base.memo import digest
from ..tools.base.tool import Tool
from .plan import MISSING, Step, resolve

Keep = Callable[[StepRow], Awaitable[None]]


def call_key(step: Step, name: str, tool: Tool, scope: Mapping[str, Any]) -> str:
    """Return what identifies a call of a step; what ran so far differs from run to run, so it is no part of it."""
    return digest(name, tool.name, tool.version, resolve(step.args, {**scope, "run": MISSING}))


class StepJournal:
    """The calls of one run that ended."""

    def __init__(self, journal: Journal, run: str, elapsed: Callable[[], float]) -> None:
        self.rows = {row.key: row for row in journal.steps(run)}
        """What is committed, by key."""
        self._journal = journal
        self._run = run
        self._elapsed = elapsed
        self._ended: list[StepRow] = []
        self._committing: asyncio.Task[None] | None = None

    def handles(self) -> set[str]:
        """Return the artifacts that the calls made."""
        return {handle for row in self.rows.values() for handle in row.record["artifacts"]}

    async def keep(self, *rows: StepRow) -> None:
        """Journal calls that ended: they will not be made again in this run."""
        self._ended += rows
        if self._committing is None:
            self._committing = asyncio.create_task(self._commit())
        await asyncio.shield(self._committing)

    async def settle(self) -> None:
        """Wait until what ended is journalled."""
        if self._committing:
            await self._committing

    async def _commit(self) -> None:
        """Journal what ended until now, all at once: each commit waits for the disk, and calls end side by side."""
        await asyncio.sleep(0)
        rows, self._ended, self._committing = self._ended, [], None
        self._journal.record_all(self._run, rows, self._elapsed())
        self.rows.update({row.key: row for row in rows})
