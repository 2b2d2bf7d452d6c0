"""What belongs to whom: a handle opens something only for the owner it was given to."""

import json
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from ..tools.base.errors import ArgumentError
from ..tools.base.library import Library
from ..tools.base.memo import handles_in
from ..tools.base.workspace import PREFIX


class Given(NamedTuple):
    """An artifact of an owner's."""

    handle: str
    at: float
    """When it was given last, as Unix time."""
    place: int
    """In the list of all that was ever given."""


class Belongings:
    """The artifacts and runs that each owner was given; a hash of some content is no secret."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def give(self, owner: str, things: Iterable[str]) -> None:
        """Note that these are the owner's: handles of artifacts, and `run:ID`."""
        rows = [(owner, thing, time.time()) for thing in things]
        if rows:
            with self._library.transaction(durable=False) as db:
                db.executemany("INSERT OR REPLACE INTO belongings VALUES (?,?,?)", rows)

    def has_all(self, owner: str, things: Sequence[str]) -> bool:
        """Return whether all of these are the owner's."""
        lacking = self._library.rows(
            "SELECT 1 FROM json_each(?) WHERE NOT EXISTS (SELECT 1 FROM belongings WHERE owner=? AND thing=value)",
            (json.dumps(things), owner),
        )
        return not lacking

    def has(self, owner: str, thing: str) -> bool:
        """Return whether this is the owner's."""
        return bool(self._library.rows("SELECT 1 FROM belongings WHERE owner=? AND thing=?", (owner, thing)))

    def held_bytes(self, owner: str) -> int:
        """Return how much of an owner's lies in Sensorium's own folder; files of a user's stay where they are."""
        rows = self._library.rows(
            "SELECT coalesce(sum(bytes), 0) FROM artifacts JOIN belongings ON thing = ? || sha256 "
            "WHERE owner=? AND modified_ns=0",
            (PREFIX, owner),
        )
        return int(rows[0][0])

    def latest(self, owner: str, beginning: str = PREFIX, *, limit: int = 50) -> list[str]:
        """Return what an owner was given last, newest first."""
        rows = self._library.rows(
            "SELECT thing FROM belongings WHERE owner=? AND thing LIKE ? || '%' ORDER BY created DESC, rowid DESC "
            "LIMIT ?",
            (owner, beginning, limit),
        )
        return [thing for (thing,) in rows]

    def artifacts(self, owner: str, *, before: int | None, limit: int) -> list[Given]:
        """Return the artifacts that an owner was given last, newest first; only those before a place if one is told."""
        rows = self._library.rows(
            "SELECT thing, created, rowid FROM belongings WHERE owner=? AND thing LIKE ? || '%' AND rowid < ? "
            "ORDER BY rowid DESC LIMIT ?",
            (owner, PREFIX, sys.maxsize if before is None else before, limit),
        )
        return [Given(*row) for row in rows]

    def check(self, owner: str, arguments: Mapping[str, Any]) -> None:
        """Refuse arguments that name an artifact, anywhere inside them, that is not the owner's.

        Raises:
            ArgumentError: One does; nothing is said about whether it exists.
        """
        for handle in handles_in(arguments):
            if not self.has(owner, handle):
                raise ArgumentError(
                    f"{handle!r} is not an artifact that this server gave to you. Use a handle from an earlier result, "
                    "or give the file's path."
                )
