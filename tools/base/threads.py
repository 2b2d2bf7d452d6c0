"""Conversations: which runs are the turns of one, and what the next turn needs of those before it."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from .errors import ArgumentError
from .library import Library

TITLE_LETTERS = 80
Plain = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Turn:
    """One run of a thread."""

    run: str
    files: list[Plain] = field(default_factory=list)
    """The facts of all files of the thread as this turn knew them; see `agent.ingest`."""
    records: dict[str, Plain] = field(default_factory=dict)
    """Step id -> how it ended; the results are in the journal."""
    messages: list[Plain] = field(default_factory=list)
    """What was said in this turn; one that was stopped has only the request."""


@dataclass(frozen=True, kw_only=True)
class Thread:
    """A conversation with its turns, the oldest first."""

    id: str
    title: str
    created: float
    changed: float
    turns: list[Turn]

    @property
    def runs(self) -> list[str]:
        return [one.run for one in self.turns]

    @property
    def files(self) -> list[Plain]:
        """The files that can be used, each once; one keeps its place, and with it the name `$files[n]`."""
        known: dict[str, Plain] = {}
        for turn in self.turns:
            for one in turn.files:
                if one.get("handle"):
                    known.setdefault(one["handle"], one)
        return list(known.values())

    @property
    def records(self) -> dict[str, Plain]:
        """How the steps ended that are done; of two of one name, the later."""
        ended = {name: one for turn in self.turns for name, one in turn.records.items()}
        return {name: one for name, one in ended.items() if one["status"] == "done"}


class Threads:
    """The conversations of a library. A thread's id is that of its first run."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def begin(self, run: str, title: str, thread: str | None = None, *, is_listed: bool = True) -> str:
        """Make a run the next turn of a thread, or the first of a new one; return the thread's id.

        One that is not listed is found by its id only: it is not among the user's own, and never the latest.
        """
        now = time.time()
        changed = now if is_listed else 0.0
        with self._library.transaction() as db:
            if thread is None:
                thread = run
                words = " ".join(title.split())
                short = words if len(words) <= TITLE_LETTERS else f"{words[: TITLE_LETTERS - 1]}…"
                db.execute("INSERT INTO threads VALUES (?,?,?,?)", (thread, short, now, changed))
            db.execute("UPDATE threads SET changed=? WHERE thread=? AND changed>0", (now, thread))
            db.execute(
                "INSERT INTO turns (run, thread, number) "
                "SELECT ?, ?, 1 + COALESCE(MAX(number), 0) FROM turns WHERE thread=?",
                (run, thread, thread),
            )
        return thread

    def keep(self, turn: Turn) -> None:
        """Keep what the next turns need of this one, instead of what was kept of it before."""
        kept = (json.dumps(one, ensure_ascii=False) for one in (turn.files, turn.records, turn.messages))
        with self._library.transaction() as db:
            db.execute("UPDATE turns SET files=?, records=?, messages=? WHERE run=?", (*kept, turn.run))

    def get(self, thread: str) -> Thread:
        """Return a thread by its id, the start of it, the id of any of its runs, or the latest one for `last`.

        Raises:
            ArgumentError: There is none, or several start so.
        """
        if thread == "last":
            rows = self._library.rows(
                "SELECT thread FROM threads WHERE changed>0 ORDER BY changed DESC, rowid DESC LIMIT 1"
            )
            if not rows:
                raise ArgumentError("There is no conversation yet. Start one with `sensorium chat` or `sensorium run`.")
        else:
            rows = self._library.rows(
                "SELECT DISTINCT thread FROM turns WHERE thread LIKE ? || '%' OR run=? LIMIT 2", (thread, thread)
            )
            if not rows or not thread.isalnum():
                raise ArgumentError(f"There is no thread {thread!r}. `sensorium threads` lists them.")
            if len(rows) > 1:
                raise ArgumentError(
                    f"Several threads start with {thread!r}. Give more of the id; `sensorium threads` lists them."
                )
        return self._select("WHERE thread=?", (rows[0][0],))[0]

    def of(self, run: str) -> str:
        """Return the thread of a run; a run from before there were threads is one of its own."""
        rows = self._library.rows("SELECT thread FROM turns WHERE run=?", (run,))
        return str(rows[0][0]) if rows else run

    def turn(self, run: str) -> Turn:
        """Return what is kept of a run."""
        rows = self._library.rows("SELECT run, files, records, messages FROM turns WHERE run=?", (run,))
        return _turn(rows[0]) if rows else Turn(run=run)

    def before(self, run: str) -> Thread:
        """Return the thread of a run as it was before it."""
        id = self.of(run)
        threads = self._select("WHERE thread=?", (id,))
        if not threads:
            return Thread(id=id, title="", created=0.0, changed=0.0, turns=[])
        one = threads[0]
        turns = one.turns[: one.runs.index(run)]
        return Thread(id=one.id, title=one.title, created=one.created, changed=one.changed, turns=turns)

    def latest(self, *, limit: int = 50) -> list[Thread]:
        """Return the threads in which something happened last, newest first, with the runs of their turns only."""
        rows = self._library.rows(
            "SELECT thread, title, created, changed FROM threads WHERE changed>0 "
            "ORDER BY changed DESC, rowid DESC LIMIT ?",
            (limit,),
        )
        runs = "SELECT run FROM turns WHERE thread=? ORDER BY number"
        return [
            Thread(
                id=id,
                title=title,
                created=created,
                changed=changed,
                turns=[Turn(run=run) for (run,) in self._library.rows(runs, (id,))],
            )
            for id, title, created, changed in rows
        ]

    def rename(self, thread: str, title: str) -> None:
        with self._library.transaction() as db:
            db.execute("UPDATE threads SET title=? WHERE thread=?", (" ".join(title.split())[:TITLE_LETTERS], thread))

    def delete(self, thread: str) -> None:
        """Remove a thread with its runs; what they made stays among the artifacts, what they paid in the ledger."""
        runs = "(SELECT run FROM turns WHERE thread=?)"
        with self._library.transaction() as db:
            for table in ("decisions", "plans", "steps", "runs"):
                db.execute(f"DELETE FROM {table} WHERE run IN {runs}", (thread,))
            db.execute("DELETE FROM turns WHERE thread=?", (thread,))
            db.execute("DELETE FROM threads WHERE thread=?", (thread,))

    def _select(self, where: str, values: Sequence[Any]) -> list[Thread]:
        rows = self._library.rows(f"SELECT thread, title, created, changed FROM threads {where}", values)
        return [
            Thread(id=id, title=title, created=created, changed=changed, turns=self._turns(id))
            for id, title, created, changed in rows
        ]

    def _turns(self, thread: str) -> list[Turn]:
        rows = self._library.rows(
            "SELECT run, files, records, messages FROM turns WHERE thread=? ORDER BY number", (thread,)
        )
        return [_turn(one) for one in rows]


def _turn(row: tuple[Any, ...]) -> Turn:
    run, files, records, messages = row
    return Turn(run=run, files=json.loads(files), records=json.loads(records), messages=json.loads(messages))
