"""What was ordered from providers: the intent committed before it is sent, the outcome after."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypedDict, Unpack

from .egress import Egress
from .library import Library

State = Literal["intent", "done", "refunded", "unknown"]
"""`intent`: sent, or about to be; `refunded`: certainly not worked on; `unknown`: it may have been paid for."""

_COLUMNS = (
    "number, run, key, call, role, provider, model, state, quoted_units, quoted_usd, "
    "units, usd, outcome, created, ended, job"
)


class Who(TypedDict):
    """Who orders, and from whom."""

    call: str
    role: str
    provider: str
    model: str


@dataclass(frozen=True, kw_only=True)
class OrderRow:
    """One order as the library knows it."""

    number: int
    run: str
    key: str
    """What was asked of whom: the same in the same run is not ordered twice."""
    call: str
    """The tool call that ordered it; empty for the model that plans."""
    role: str
    provider: str
    model: str
    state: State
    quoted_units: dict[str, float]
    quoted_usd: float | None
    """The most it was to cost; None: the price is unknown."""
    units: dict[str, float]
    usd: float | None
    outcome: Any
    """The answer as JSON data; None when there is none to be used again."""
    created: float
    ended: float | None
    job: str = ""
    """The provider's id of it, by which it is asked what became of it; empty: there is none, or it is not known."""

    def plain(self) -> dict[str, Any]:
        """Return it as JSON data for people: without the answer."""
        shown = ("call", "role", "provider", "model", "state", "quoted_usd", "units", "usd", "created", "ended", "job")
        return {name: getattr(self, name) for name in shown}


class Ledger:
    """The orders of the runs of a library."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def egress(self, run: str) -> Egress:
        """Return where what a run sends is written down."""
        return Egress(self._library, run)

    def intend(self, run: str, key: str, *, units: Mapping[str, float], usd: float | None, **who: Unpack[Who]) -> int:
        """Commit that something is about to be ordered, and return its number."""
        with self._library.transaction() as db:
            row = db.execute(
                "INSERT INTO orders (run, key, call, role, provider, model, state, quoted_units, quoted_usd, created) "
                "VALUES (?,?,?,?,?,?,'intent',?,?,?)",
                (run, key, *_ordered(who), json.dumps(dict(units)), usd, time.time()),
            )
            assert row.lastrowid is not None
            return row.lastrowid

    def note(
        self, run: str, key: str, *, units: Mapping[str, float], usd: float | None, outcome: Any, **who: Unpack[Who]
    ) -> None:
        """Commit what an order gave that was free, and so had no intent: it may be sent again without harm."""
        counted, now = json.dumps(dict(units)), time.time()
        with self._library.transaction(durable=False) as db:
            db.execute(
                "INSERT INTO orders (run, key, call, role, provider, model, state, quoted_units, quoted_usd, units, "
                "usd, outcome, created, ended) VALUES (?,?,?,?,?,?,'done',?,0,?,?,?,?,?)",
                (run, key, *_ordered(who), counted, counted, usd, _written(outcome), now, now),
            )

    def settle(self, number: int, *, units: Mapping[str, float], usd: float | None, outcome: Any) -> None:
        """Commit what an order gave, and what it really cost."""
        written = _written(outcome)
        with self._library.transaction() as db:
            db.execute(
                "UPDATE orders SET state='done', units=?, usd=?, outcome=?, ended=? WHERE number=?",
                (json.dumps(dict(units)), usd, written, time.time(), number),
            )

    def began(self, number: int, job: str) -> None:
        """Commit by which id an order can be asked for: it survives whatever happens next."""
        with self._library.transaction() as db:
            db.execute("UPDATE orders SET job=? WHERE number=?", (job, number))

    def reopen(self, number: int) -> None:
        """Commit that an order whose outcome is unknown is taken up again."""
        with self._library.transaction() as db:
            db.execute("UPDATE orders SET state='intent', ended=NULL WHERE number=?", (number,))

    def open_job(self, run: str, key: str, since: float) -> OrderRow | None:
        """Return the latest job that another run has ordered and nobody has seen the end of."""
        rows = self._select(
            "WHERE key=? AND run<>? AND job<>'' AND state IN ('intent', 'unknown') AND created>=? "
            "ORDER BY number DESC LIMIT 1",
            (key, run, since),
        )
        return rows[0] if rows else None

    def settle_open(self, number: int, *, outcome: Any) -> None:
        """Commit what the order of another run gave, unless that run has done so; it costs what it was to cost."""
        with self._library.transaction() as db:
            db.execute(
                "UPDATE orders SET state='done', units=quoted_units, usd=quoted_usd, outcome=?, ended=? "
                "WHERE number=? AND state IN ('intent', 'unknown')",
                (_written(outcome), time.time(), number),
            )

    def refund_open(self, number: int) -> None:
        """Commit that the order of another run was not charged, unless that run knows better."""
        with self._library.transaction() as db:
            db.execute(
                "UPDATE orders SET state='refunded', ended=? WHERE number=? AND state IN ('intent', 'unknown')",
                (time.time(), number),
            )

    def close(self, number: int, state: Literal["refunded", "unknown"]) -> None:
        """Commit that an order ended without an outcome."""
        with self._library.transaction() as db:
            db.execute("UPDATE orders SET state=?, ended=? WHERE number=?", (state, time.time(), number))

    def find(self, run: str, key: str) -> OrderRow | None:
        """Return the latest order of this kind that was not refunded."""
        rows = self._select("WHERE run=? AND key=? AND state<>'refunded' ORDER BY number DESC LIMIT 1", (run, key))
        return rows[0] if rows else None

    def orders(self, run: str) -> list[OrderRow]:
        """Return the orders of a run, in their order."""
        return self._select("WHERE run=? ORDER BY number", (run,))

    def retire(self, run: str, role: str, count: int) -> None:
        """Use the latest answers of a role no more: they were paid, and were of no use."""
        with self._library.transaction() as db:
            db.execute(
                "UPDATE orders SET key='', outcome=NULL WHERE number IN (SELECT number FROM orders "
                "WHERE run=? AND role=? AND state='done' AND outcome IS NOT NULL ORDER BY number DESC LIMIT ?)",
                (run, role, count),
            )

    def forget(self, run: str) -> None:
        """Delete what was answered in a run; what it paid stays."""
        with self._library.transaction() as db:
            db.execute("UPDATE orders SET outcome=NULL WHERE run=?", (run,))

    def _select(self, where: str, values: tuple[Any, ...]) -> list[OrderRow]:
        names = [name.strip() for name in _COLUMNS.split(",")]
        found = []
        for row in self._library.rows(f"SELECT {_COLUMNS} FROM orders {where}", values):
            known = dict(zip(names, row, strict=True))
            for name in ("quoted_units", "units", "outcome"):
                known[name] = None if known[name] is None else json.loads(known[name])
            found.append(OrderRow(**known))
        return found


def _written(outcome: Any) -> str:
    """Return an answer as JSON that the database can hold: what was paid for is not lost for half a letter."""
    return json.dumps(outcome, ensure_ascii=False).encode("utf-8", "replace").decode()


def _ordered(who: Who) -> tuple[str, str, str, str]:
    return who["call"], who["role"], who["provider"], who["model"]
