"""What runs were asked, and which of their steps have ended: the ground that `resume` stands on."""

import json
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .errors import ArgumentError
from .labels import NOTHING, Labels
from .library import Library
from .memo import digest

LEASE_WAIT_SECONDS = 1.0
"""How long a run that somebody looks at, or is about to let go, is waited for."""


@dataclass(frozen=True, kw_only=True)
class RunRow:
    """A run as the library knows it."""

    run: str
    request: str
    files: list[str]
    options: dict[str, Any]
    status: str
    """running, interrupted (its process is gone), waiting (for an approval), done, partial, failed or cancelled."""
    answer: dict[str, Any]
    created: float
    seconds: float


@dataclass(frozen=True, kw_only=True)
class StepRow:
    """A step that ended."""

    step: str
    key: str
    record: dict[str, Any]
    result: Any
    args: dict[str, Any] = field(default_factory=dict)
    """What it was called with, long values shortened; the key holds all of it."""


class Journal:
    """The runs of a library and the steps of each, committed before the scheduler moves on."""

    def __init__(self, library: Library, home: Path) -> None:
        self._library = library
        self._locks = home / "locks"

    def begin(self, run: str, request: str, files: list[str], options: Mapping[str, Any]) -> None:
        with self._library.transaction() as db:
            db.execute(
                "INSERT INTO runs (run, request, files, options, status, created) VALUES (?,?,?,?,'running',?)",
                (run, request, json.dumps(files), json.dumps(dict(options)), time.time()),
            )

    def end(self, run: str, status: str, answer: Mapping[str, Any], seconds: float) -> None:
        with self._library.transaction() as db:
            db.execute(
                "UPDATE runs SET status=?, answer=?, seconds=? WHERE run=?",
                (status, json.dumps(dict(answer), ensure_ascii=False), seconds, run),
            )
        if status == "done":
            self.forget(run)

    def forget(self, run: str) -> None:
        """Remove the lock of a run that nobody takes up again."""
        with suppress(OSError):  # held: some systems remove no open file
            for file in self._locks.glob(f"{run}.lock*"):  # a process that was killed leaves SQLite's journal as well
                file.unlink(missing_ok=True)

    def get(self, run: str) -> RunRow:
        """Return a run by its id, by the start of its id, or the latest one for `last`.

        Raises:
            ArgumentError: There is no such run, or several start so.
        """
        rows = self.latest(limit=1) if run == "last" else self._select("WHERE run LIKE ? || '%' LIMIT 2", (run,))
        if run == "last" and not rows:
            raise ArgumentError("There is no run yet. Start one with `sensorium run`.")
        if not rows or not run.isalnum():
            raise ArgumentError(f"There is no run {run!r}. `sensorium runs` lists them.")
        if len(rows) > 1:
            raise ArgumentError(f"Several runs start with {run!r}. Give more of the id; `sensorium runs` lists them.")
        return rows[0]

    def latest(self, *, limit: int = 50) -> list[RunRow]:
        """Return the latest runs, newest first."""
        return self._select("ORDER BY created DESC, rowid DESC LIMIT ?", (limit,))

    def _select(self, where: str, values: tuple[Any, ...]) -> list[RunRow]:
        rows = self._library.rows(
            f"SELECT run, request, files, options, status, answer, created, seconds FROM runs {where}", values
        )
        return [
            RunRow(
                run=run,
                request=request,
                files=json.loads(files),
                options=json.loads(options),
                status="interrupted" if status == "running" and not self.held(run) else status,
                answer=json.loads(answer),
                created=created,
                seconds=seconds,
            )
            for run, request, files, options, status, answer, created, seconds in rows
        ]

    def record(self, run: str, row: StepRow, seconds: float) -> None:
        """Commit that a step ended, and how; `seconds` is how long the run has worked so far."""
        self.record_all(run, [row], seconds)

    def record_all(self, run: str, rows: Iterable[StepRow], seconds: float) -> None:
        """Commit several steps that ended, at once."""
        with self._library.transaction() as db:
            db.execute("UPDATE runs SET seconds=? WHERE run=?", (seconds, run))
            db.executemany(
                "INSERT OR REPLACE INTO steps (run, key, step, tool, record, result, created, args) "
                "VALUES (?,?,?,?,?,?,?,?)",
                [
                    (
                        run,
                        row.key,
                        row.step,
                        row.record.get("tool", ""),
                        json.dumps(row.record, ensure_ascii=False),
                        json.dumps(row.result, ensure_ascii=False),
                        time.time(),
                        json.dumps(row.args, ensure_ascii=False),
                    )
                    for row in rows
                ],
            )

    def steps(self, run: str) -> list[StepRow]:
        """Return the steps of a run that ended, in the order they did."""
        return self._steps("WHERE run=? ORDER BY rowid", (run,))

    def step_of_thread(self, run: str, key: str) -> StepRow | None:
        """Return the step with this key of another run of the same thread, the latest; None when there is none."""
        same = "(SELECT run FROM turns WHERE thread=(SELECT thread FROM turns WHERE run=?) AND run!=?)"
        rows = self._steps(f"WHERE key=? AND run IN {same} ORDER BY rowid DESC LIMIT 1", (key, run, run))
        return rows[0] if rows else None

    def _steps(self, where: str, values: tuple[Any, ...]) -> list[StepRow]:
        rows = self._library.rows(f"SELECT step, key, record, result, args FROM steps {where}", values)
        return [
            StepRow(step=step, key=key, record=json.loads(record), result=json.loads(result), args=json.loads(args))
            for step, key, record, result, args in rows
        ]

    def plan(self, run: str, plan: Mapping[str, Any], labels: Labels = NOTHING) -> None:
        """Record a plan that is about to run, and what had been read when it was written; the same one only once."""
        with self._library.transaction() as db:
            db.execute(
                "INSERT OR IGNORE INTO plans VALUES (?,?,?,?,?)",
                (
                    run,
                    digest(plan),
                    json.dumps(dict(plan), ensure_ascii=False),
                    time.time(),
                    json.dumps(sorted(labels)),
                ),
            )

    def plans(self, run: str) -> list[dict[str, Any]]:
        """Return the plans of a run, in the order they ran."""
        rows = self._library.rows("SELECT plan FROM plans WHERE run=? ORDER BY rowid", (run,))
        return [json.loads(plan) for (plan,) in rows]

    def read_before(self, run: str) -> list[Labels]:
        """Return what had been read when each plan of a run was written, in the order they ran."""
        rows = self._library.rows("SELECT labels FROM plans WHERE run=? ORDER BY rowid", (run,))
        return [frozenset(json.loads(labels)) for (labels,) in rows]

    def decide(self, run: str, decisions: Iterable[Mapping[str, Any]]) -> None:
        """Record what the user decided about calls."""
        with self._library.transaction() as db:
            db.executemany(
                "INSERT INTO decisions (run, decision, created) VALUES (?,?,?)",
                [(run, json.dumps(dict(one), ensure_ascii=False), time.time()) for one in decisions],
            )

    def decisions(self, run: str) -> list[dict[str, Any]]:
        """Return what the user decided about calls of a run, in order."""
        rows = self._library.rows("SELECT decision FROM decisions WHERE run=? ORDER BY number", (run,))
        return [json.loads(one) for (one,) in rows]

    def held(self, run: str) -> bool:
        """Return whether a process works on a run; looking keeps nobody from it."""
        file = self._locks / f"{run}.lock"
        if not file.exists():
            return False
        with closing(sqlite3.connect(file, timeout=0)) as lock:
            try:
                lock.execute("SELECT 1 FROM sqlite_master").fetchall()  # takes a lock that many may have
            except sqlite3.OperationalError:
                return True
        return False

    @contextmanager
    def lease(self, run: str) -> Iterator[None]:
        """Hold a run, so that no second process works on it; the system lets go when the process ends, however it does.

        Raises:
            ArgumentError: Another process is working on it.
        """
        self._locks.mkdir(parents=True, exist_ok=True)
        file = self._locks / f"{run}.lock"
        lock = sqlite3.connect(file, timeout=LEASE_WAIT_SECONDS, isolation_level=None)
        try:
            try:
                lock.execute("BEGIN EXCLUSIVE")
            except sqlite3.OperationalError as error:
                raise ArgumentError(
                    f"The run {run} is being worked on by another process. Wait for it, or stop that one first."
                ) from error
            yield
        finally:
            lock.close()
