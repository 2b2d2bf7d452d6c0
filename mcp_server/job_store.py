"""Jobs in the library: what a client was promised survives the connection and the server."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ..tools.base.library import Library
from ..tools.base.secrets import redact_plain
from .order import Order

Status = Literal["running", "asking", "done", "failed", "cancelled"]
KEPT_SECONDS = 7 * 86_400.0
"""How long the result of a job that ended is kept."""


@dataclass(frozen=True, kw_only=True)
class JobRow:
    """A job as the library knows it."""

    job: str
    key: str
    order: Order
    status: Status
    fraction: float | None
    note: str
    result: dict[str, Any] | None
    process: int | None
    created: float
    changed: float


class JobStore:
    """The jobs of a library."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def add(self, job: str, key: str, order: Order, created: float) -> list[str]:
        """Promise a job, and forget those that ended long ago; return their ids."""
        now = time.time()
        with self._library.transaction() as db:
            db.execute(
                "INSERT OR IGNORE INTO jobs (job, owner, key, ordered, status, created, changed) "
                "VALUES (?,?,?,?,'running',?,?)",
                (job, order.owner, key, json.dumps(redact_plain(order.plain())), created, now),
            )
            old = db.execute("SELECT job FROM jobs WHERE status != 'running' AND changed < ?", (now - KEPT_SECONDS,))
            forgotten = [one for (one,) in old]
            db.executemany("DELETE FROM jobs WHERE job=?", [(one,) for one in forgotten])
        return forgotten

    def begun(self, job: str, process: int | None) -> bool:
        """Note which process works on a job, None before one does, and return whether it is still to be done."""
        with self._library.transaction(durable=False) as db:
            now = time.time()
            noted = db.execute(
                "UPDATE jobs SET process=?, changed=? WHERE job=? AND status='running'", (process, now, job)
            )
        return noted.rowcount > 0

    def progressed(self, job: str, fraction: float | None, note: str) -> None:
        """Note how far a job is."""
        self._set("fraction=?, note=?", (fraction, note), job)

    def ended(self, job: str, status: Status, result: Mapping[str, Any] | None = None) -> None:
        """Note how a job ended; only the first end counts."""
        with self._library.transaction() as db:
            db.execute(
                "UPDATE jobs SET status=?, result=?, changed=? WHERE job=? AND status='running'",
                (status, json.dumps(result) if result else None, time.time(), job),
            )

    def get(self, job: str, owner: str) -> JobRow | None:
        """Return a job of this owner; another's is as unknown as one that never was."""
        return next(iter(self._select("WHERE job=? AND owner=?", (job, owner))), None)

    def unfinished(self) -> list[JobRow]:
        """Return the jobs that were promised and have not ended, as far as the library knows."""
        return self._select("WHERE status='running' ORDER BY created", ())

    def latest(self, owner: str, *, limit: int = 20) -> list[JobRow]:
        """Return an owner's jobs, newest first."""
        return self._select("WHERE owner=? ORDER BY created DESC LIMIT ?", (owner, limit))

    def _set(self, what: str, values: tuple[Any, ...], job: str) -> None:
        with self._library.transaction(durable=False) as db:
            db.execute(f"UPDATE jobs SET {what}, changed=? WHERE job=?", (*values, time.time(), job))

    def _select(self, where: str, values: tuple[Any, ...]) -> list[JobRow]:
        rows = self._library.rows(
            f"SELECT job, key, ordered, status, fraction, note, result, process, created, changed FROM jobs {where}",
            values,
        )
        return [
            JobRow(
                job=job,
                key=key,
                order=Order.of(json.loads(ordered)),
                status=status,
                fraction=fraction,
                note=note,
                result=json.loads(result) if result else None,
                process=process,
                created=created,
                changed=changed,
            )
            for job, key, ordered, status, fraction, note, result, process, created, changed in rows
        ]
