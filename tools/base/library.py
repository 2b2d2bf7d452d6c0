"""The library: one SQLite file that remembers artifacts, results and runs."""

import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .errors import StorageError

# The number of migrations that were applied is kept in `user_version`; append, never edit.
MIGRATIONS = (
    """
    CREATE TABLE artifacts (
        sha256 TEXT PRIMARY KEY, media_type TEXT NOT NULL, bytes INTEGER NOT NULL, name TEXT NOT NULL,
        facts TEXT NOT NULL, location TEXT NOT NULL, modified_ns INTEGER NOT NULL, created REAL NOT NULL);
    CREATE INDEX artifacts_by_location ON artifacts (location);
    CREATE TABLE provenance (
        sha256 TEXT NOT NULL, run TEXT NOT NULL, tool TEXT NOT NULL, arguments TEXT NOT NULL, inputs TEXT NOT NULL,
        provider TEXT NOT NULL, created REAL NOT NULL, PRIMARY KEY (sha256, run, tool, arguments));
    CREATE TABLE memo (
        key TEXT PRIMARY KEY, tool TEXT NOT NULL, result TEXT NOT NULL, provider TEXT NOT NULL, created REAL NOT NULL);
    CREATE TABLE runs (
        run TEXT PRIMARY KEY, request TEXT NOT NULL, files TEXT NOT NULL, options TEXT NOT NULL, status TEXT NOT NULL,
        answer TEXT NOT NULL DEFAULT '{}', created REAL NOT NULL, seconds REAL NOT NULL DEFAULT 0,
        owner TEXT NOT NULL DEFAULT '');
    CREATE TABLE steps (
        run TEXT NOT NULL, key TEXT NOT NULL, step TEXT NOT NULL, tool TEXT NOT NULL, record TEXT NOT NULL,
        result TEXT, created REAL NOT NULL, PRIMARY KEY (run, key));
    """,
    """
    CREATE TABLE jobs (
        job TEXT PRIMARY KEY, owner TEXT NOT NULL, key TEXT NOT NULL, ordered TEXT NOT NULL, status TEXT NOT NULL,
        fraction REAL, note TEXT NOT NULL DEFAULT '', result TEXT, process INTEGER, created REAL NOT NULL,
        changed REAL NOT NULL);
    CREATE INDEX jobs_by_key ON jobs (owner, key);
    CREATE TABLE belongings (
        owner TEXT NOT NULL, thing TEXT NOT NULL, created REAL NOT NULL, PRIMARY KEY (owner, thing));
    """,
    """
    CREATE TABLE orders (
        number INTEGER PRIMARY KEY, run TEXT NOT NULL, key TEXT NOT NULL, call TEXT NOT NULL, role TEXT NOT NULL,
        provider TEXT NOT NULL, model TEXT NOT NULL, state TEXT NOT NULL, quoted_units TEXT NOT NULL, quoted_usd REAL,
        units TEXT NOT NULL DEFAULT '{}', usd REAL, outcome TEXT, created REAL NOT NULL, ended REAL);
    CREATE INDEX orders_by_run ON orders (run, key);
    """,
    """
    CREATE TABLE threads (
        thread TEXT PRIMARY KEY, title TEXT NOT NULL, created REAL NOT NULL, changed REAL NOT NULL);
    CREATE TABLE turns (
        run TEXT PRIMARY KEY, thread TEXT NOT NULL, number INTEGER NOT NULL, files TEXT NOT NULL DEFAULT '[]',
        records TEXT NOT NULL DEFAULT '{}', messages TEXT NOT NULL DEFAULT '[]');
    CREATE INDEX turns_by_thread ON turns (thread, number);
    CREATE TABLE plans (
        run TEXT NOT NULL, key TEXT NOT NULL, plan TEXT NOT NULL, created REAL NOT NULL, PRIMARY KEY (run, key));
    CREATE TABLE user_facts (number INTEGER PRIMARY KEY AUTOINCREMENT, text TEXT NOT NULL, created REAL NOT NULL);
    ALTER TABLE steps ADD COLUMN args TEXT NOT NULL DEFAULT '{}';
    """,
    """
    CREATE TABLE decisions (
        number INTEGER PRIMARY KEY, run TEXT NOT NULL, decision TEXT NOT NULL, created REAL NOT NULL);
    CREATE INDEX decisions_by_run ON decisions (run);
    """,
    """
    ALTER TABLE provenance ADD COLUMN labels TEXT NOT NULL DEFAULT '[]';
    ALTER TABLE memo ADD COLUMN labels TEXT NOT NULL DEFAULT '[]';
    ALTER TABLE plans ADD COLUMN labels TEXT NOT NULL DEFAULT '["tool:think#unknown"]';
    """,
    """
    CREATE TABLE egress (
        number INTEGER PRIMARY KEY, run TEXT NOT NULL, call TEXT NOT NULL, role TEXT NOT NULL, host TEXT NOT NULL,
        is_local INTEGER NOT NULL, sent_to TEXT NOT NULL, bytes INTEGER NOT NULL, characters INTEGER NOT NULL,
        pictures INTEGER NOT NULL, picture_bytes INTEGER NOT NULL, sound_seconds REAL NOT NULL,
        sound_bytes INTEGER NOT NULL, state TEXT NOT NULL, created REAL NOT NULL);
    CREATE INDEX egress_by_run ON egress (run);
    """,
    """
    ALTER TABLE artifacts ADD COLUMN identity TEXT NOT NULL DEFAULT '';
    """,
    """
    ALTER TABLE jobs ADD COLUMN question TEXT;
    ALTER TABLE jobs ADD COLUMN answer TEXT;
    """,
    """
    ALTER TABLE orders ADD COLUMN job TEXT NOT NULL DEFAULT '';
    CREATE INDEX orders_by_job ON orders (key) WHERE job <> '';
    """,
    """
    CREATE TABLE vectors (key TEXT PRIMARY KEY, vector BLOB NOT NULL) WITHOUT ROWID;
    """,
)

_LOCKED_SECONDS = 30.0
"""Longest time to wait for another process that writes."""


class Library:
    """A connection that several threads may share, and several processes may open at once."""

    def __init__(self, home: Path) -> None:
        """Open or create `home/library.db`.

        Raises:
            StorageError: The folder cannot be created or written.
        """
        try:
            home.mkdir(mode=0o700, parents=True, exist_ok=True)  # what is in it may be private
            self._connection = sqlite3.connect(
                home / "library.db", timeout=_LOCKED_SECONDS, isolation_level=None, check_same_thread=False
            )
            self._write_ahead()
            self._migrate()
        except (OSError, sqlite3.Error) as error:
            raise StorageError(
                f"The library in {str(home)!r} cannot be opened: {error}. "
                "Free the disk or the permission, or set `SENSORIUM_HOME` to a folder that can be written."
            ) from error
        self._lock = threading.RLock()

    def _write_ahead(self) -> None:
        """Have changes written to a log first; of two that begin this at once SQLite lets one fail without waiting."""
        deadline = time.monotonic() + _LOCKED_SECONDS
        while True:
            try:
                self._connection.execute("PRAGMA journal_mode=WAL")
                return
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                    raise
                time.sleep(0.01)

    def _migrate(self) -> None:
        db = self._connection
        if db.execute("PRAGMA user_version").fetchone()[0] >= len(MIGRATIONS):
            return
        db.execute("BEGIN IMMEDIATE")  # two processes may open a new library at once
        done = db.execute("PRAGMA user_version").fetchone()[0]
        for number, script in enumerate(MIGRATIONS[done:], done + 1):
            for statement in filter(str.strip, script.split(";")):
                db.execute(statement)
            db.execute(f"PRAGMA user_version={number}")
        db.execute("COMMIT")

    @contextmanager
    def transaction(self, *, durable: bool = True) -> Iterator[sqlite3.Connection]:
        """Give the connection inside a transaction; commit at the end, roll back on any error.

        Args:
            durable: Survive a power cut. What can be computed again does not need it and is then cheaper.
        """
        with self._lock:
            try:
                self._connection.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
                self._connection.execute("BEGIN IMMEDIATE")
                try:
                    yield self._connection
                    self._connection.execute("COMMIT")
                except BaseException:
                    if self._connection.in_transaction:  # SQLite rolls back by itself when the disk is full
                        self._connection.execute("ROLLBACK")
                    raise
            except sqlite3.OperationalError as error:
                raise cannot_write(error) from error

    def rows(self, sql: str, values: Iterable[Any] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        with self._lock:
            return self._connection.execute(sql, tuple(values)).fetchall()

    def close(self) -> None:
        with self._lock:
            self._connection.close()


def cannot_write(error: Exception) -> StorageError:
    """Return what to tell a user of a database that cannot be written."""
    return StorageError(
        f"The library cannot be written: {error}. Free some disk space, then run `sensorium resume last`."
    )
