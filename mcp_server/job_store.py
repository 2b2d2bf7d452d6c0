"""Jobs in the library: what a client was promised survives the connection and the server."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ..tools.base.library import Library
from ..tools.base.secrets import redact_plain
from .order import Order
from .questions import Answer, Question

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
    question: Question | None = None
    """What it asks now, and nobody has answered."""
    asked: bool = False
    """It waits for an answer, or has one that its process has not taken yet: it did nothing since."""

    @property
    def standing(self) -> Status:
        """How it stands for its client: in the library a job that asks is a running one."""
        return "asking" if self.status == "running" and self.question else self.status


class JobStore:
    """The jobs of a library."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def add(self, job: str, key: str, order: Order, created: float) -> None:
        """Promise a job."""
        with self._library.transaction() as db:
            db.execute(
                "INSERT OR IGNORE INTO jobs (job, owner, key, ordered, status, created, changed) "
                "VALUES (?,?,?,?,'running',?,?)",
                (job, order.owner, key, json.dumps(redact_plain(order.plain())), created, time.time()),
            )

    def forget_old(self) -> list[str]:
        """Forget the jobs that ended long ago, and return their ids."""
        until = time.time() - KEPT_SECONDS
        with self._library.transaction(durable=False) as db:
            old = db.execute("SELECT job FROM jobs WHERE status != 'running' AND changed < ?", (until,))
            forgotten = [one for (one,) in old]
            db.executemany("DELETE FROM jobs WHERE job=?", [(one,) for one in forgotten])
        return forgotten

    def begun(self, job: str, process: int | None) -> bool:
        """Note which process works on a job, None before one does, and return whether it is still to be done.

        What another process asked before, nobody needs to know any more.
        """
        with self._library.transaction(durable=False) as db:
            noted = db.execute(
                "UPDATE jobs SET process=?, question=NULL, answer=NULL, changed=? WHERE job=? AND status='running'",
                (process, time.time(), job),
            )
        return noted.rowcount > 0

    def asks(self, job: str, question: Question | None) -> None:
        """Note what a job asks, or that it asks nothing any more."""
        asked = json.dumps(redact_plain(question.plain())) if question else None
        with self._library.transaction() as db:
            db.execute(
                "UPDATE jobs SET question=?, answer=NULL, changed=? WHERE job=? AND status='running'",
                (asked, time.time(), job),
            )

    def reply(self, job: str, owner: str, answer: Answer) -> bool:
        """Leave an answer for the process that works on a job; return whether it is the first to what is asked now."""
        with self._library.transaction() as db:
            found = db.execute(
                "SELECT question FROM jobs WHERE job=? AND owner=? AND status='running' AND answer IS NULL",
                (job, owner),
            ).fetchone()
            if not found or not found[0] or json.loads(found[0])["key"] != answer.key:
                return False
            db.execute(
                "UPDATE jobs SET answer=?, changed=? WHERE job=?", (json.dumps(answer.plain()), time.time(), job)
            )
        return True

    def answer(self, job: str) -> Answer | None:
        """Return what was answered to what a job asks now, when another process was told."""
        found = self._library.rows("SELECT answer FROM jobs WHERE job=? AND answer IS NOT NULL", (job,))
        return Answer.of(json.loads(found[0][0])) if found else None

    def progressed(self, job: str, fraction: float | None, note: str) -> None:
        """Note how far a job is."""
        self._set("fraction=?, note=?", (fraction, note), job)

    def ended(self, job: str, status: Status, result: Mapping[str, Any] | None = None) -> None:
        """Note how a job ended; only the first end counts."""
        with self._library.transaction() as db:
            db.execute(
                "UPDATE jobs SET status=?, result=?, question=NULL, answer=NULL, changed=? "
                "WHERE job=? AND status='running'",
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
            "SELECT job, key, ordered, status, fraction, note, result, process, created, changed, question, answer "
            f"FROM jobs {where}",
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
                question=Question.of(json.loads(question)) if question and not answer else None,
                asked=question is not None,
            )
            for job, key, ordered, status, fraction, note, result, process, created, changed, question, answer in rows
        ]
