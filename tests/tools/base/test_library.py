"""The database of a library when the disk is full, and when another opens it."""

import functools
import sqlite3
from pathlib import Path

import pytest

from sensorium.tools.base.errors import StorageError
from sensorium.tools.base.library import Library
from sensorium.tools.base.run import Run


def write(run: Run) -> None:
    with run.library.transaction() as db:
        db.execute(
            "INSERT INTO memo (key, tool, result, provider, created) VALUES (?,?,?,?,?)",
            ("key", "tool", "x" * 500_000, "provider", 0),
        )


def test_a_full_disk_is_said_and_what_follows_works(run: Run) -> None:
    pages = run.library.rows("PRAGMA page_count")[0][0]
    run.library.rows(f"PRAGMA max_page_count={pages + 1}")
    for _ in range(2):
        with pytest.raises(StorageError, match="cannot be written: database or disk is full"):
            write(run)
    run.library.rows("PRAGMA max_page_count=1000000")
    write(run)
    assert run.library.rows("SELECT tool FROM memo") == [("tool",)]


def test_a_commit_that_fails_leaves_no_transaction_open(run: Run) -> None:
    class Full(sqlite3.Connection):
        def execute(self, sql: str, *values: object) -> sqlite3.Cursor:
            if sql == "COMMIT" and full:
                raise sqlite3.OperationalError("database or disk is full")
            return super().execute(sql, *values)

    full = True
    run.library.close()
    run.library._connection = sqlite3.connect(
        run.settings.home / "library.db", isolation_level=None, check_same_thread=False, factory=Full
    )
    with pytest.raises(StorageError, match="disk is full"):
        write(run)
    full = False
    assert run.library.rows("SELECT tool FROM memo") == []
    write(run)


def test_who_meets_another_that_opens_a_new_library_waits_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked = [sqlite3.SQLITE_BUSY, sqlite3.SQLITE_BUSY]

    class Met(sqlite3.Connection):
        def execute(self, sql: str, *values: object) -> sqlite3.Cursor:
            if "journal_mode" in sql and locked:
                error = sqlite3.OperationalError("database is locked")
                error.sqlite_errorcode = locked.pop()
                raise error
            return super().execute(sql, *values)

    monkeypatch.setattr(sqlite3, "connect", functools.partial(sqlite3.connect, factory=Met))
    Library(tmp_path).close()
    assert not locked
    locked.append(sqlite3.SQLITE_IOERR)
    with pytest.raises(StorageError, match="cannot be opened"):
        Library(tmp_path)
