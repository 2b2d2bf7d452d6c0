"""What left this machine: each request that was sent, to which host, with how much of what."""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from .contents import Contents
from .errors import StorageError
from .library import Library
from .outward import is_this_machine

State = Literal["sending", "sent", "not sent"]
"""`sending`: it was about to be, and how it ended is not known; `not sent`: no connection was made."""
_NOTHING = Contents()


@dataclass(frozen=True, kw_only=True)
class Sent:
    """One request as the library knows it."""

    number: int
    run: str
    call: str
    """The tool call that sent it; empty for the model that plans."""
    role: str
    """`think`, `see`, `hear`, `speak` …, or `fetch` for an address that was asked."""
    host: str
    """With its port where that is not the usual one."""
    is_local: bool
    """The host is on this machine: what it does with what it gets is not known here."""
    to: str
    """The model that was asked, or the way of asking."""
    state: State
    bytes: int
    """Of the whole request, without its headers."""
    contents: Contents
    created: float

    @property
    def step(self) -> str:
        """Which step of the run sent it; nothing for the model that plans, and for a call without a plan."""
        own = f"{self.run}-"
        return self.call.removeprefix(own) if self.call.startswith(own) else ""

    def plain(self) -> dict[str, Any]:
        """Return it as JSON data."""
        shown = ("role", "host", "is_local", "to", "state", "bytes")
        named = {name: getattr(self, name) for name in shown}
        return {"step": self.step, **named, **asdict(self.contents), "created": self.created}


@dataclass(frozen=True, kw_only=True)
class HostTotal:
    """What one host was sent in a run."""

    host: str
    is_local: bool
    requests: int
    addresses: int
    """Requests that ask for what lies at an address."""
    unsure: int
    """Requests of which it is not known whether they were sent: the process ended meanwhile."""
    bytes: int
    contents: Contents
    roles: tuple[str, ...]
    steps: tuple[str, ...]

    def plain(self) -> dict[str, Any]:
        """Return it as JSON data."""
        shown = {name: getattr(self, name) for name in ("host", "is_local", "requests", "addresses", "unsure", "bytes")}
        return {**shown, **asdict(self.contents), "roles": list(self.roles), "steps": list(self.steps)}


@dataclass(frozen=True)
class Egress:
    """The requests of one run, as one call of it sends them."""

    library: Library
    run: str
    call: str = ""

    def begin(self, *, role: str, host: str, to: str = "", bytes: int = 0, contents: Contents = _NOTHING) -> int:
        """Commit that a request is about to be sent, and return its number: nothing leaves without it.

        Raises:
            StorageError: It cannot be written down, so it must not be sent.
        """
        is_local = is_this_machine(urlsplit(f"//{host}").hostname or "")
        values = (self.run, self.call, role, host, is_local, to, bytes)
        held = (
            contents.characters,
            contents.pictures,
            contents.picture_bytes,
            contents.sound_seconds,
            contents.sound_bytes,
        )
        with self.library.transaction(durable=False) as db:
            row = db.execute(
                "INSERT INTO egress (run, call, role, host, is_local, sent_to, bytes, characters, pictures, "
                "picture_bytes, sound_seconds, sound_bytes, state, created) "
                "VALUES (?,?,?,?,?,?,?,?,?,?,?,?,'sending',?)",
                (*values, *held, time.time()),
            )
            assert row.lastrowid is not None
            return row.lastrowid

    def end(self, number: int, *, was_sent: bool, bytes: int | None = None) -> None:
        """Note how it ended.

        Args:
            number: From `begin`.
            was_sent: Whether anything left; false when no connection could be made.
            bytes: How much it was, where that was not known before.
        """
        state: State = "sent" if was_sent else "not sent"
        with suppress(StorageError), self.library.transaction(durable=False) as db:
            db.execute("UPDATE egress SET state=?, bytes=coalesce(?, bytes) WHERE number=?", (state, bytes, number))

    @contextmanager
    def asking(self, host: str, address: str) -> Iterator[None]:
        """Note an address that is asked inside, which is what its host learns; it may hold anything, so not itself.

        Raises:
            StorageError: It cannot be written down, so it must not be asked.
        """
        number = self.begin(role="fetch", host=host, to="GET", contents=Contents(characters=len(address)))
        try:
            yield
        finally:
            self.end(number, was_sent=True)

    def rows(self) -> list[Sent]:
        """Return the requests of the run, in their order."""
        found = self.library.rows(
            "SELECT number, call, role, host, is_local, sent_to, state, bytes, characters, pictures, picture_bytes, "
            "sound_seconds, sound_bytes, created FROM egress WHERE run=? ORDER BY number",
            (self.run,),
        )
        return [
            Sent(
                number=number, run=self.run, call=call, role=role, host=host, is_local=bool(is_local), to=to,
                state=state, bytes=size,
                contents=Contents(
                    characters=held[0], pictures=held[1], picture_bytes=held[2], sound_seconds=held[3],
                    sound_bytes=held[4],
                ),
                created=created,
            )
            for number, call, role, host, is_local, to, state, size, *held, created in found
        ]  # fmt: skip

    def totals(self) -> list[HostTotal]:
        """Return what each host was sent, in the order they were first asked; what was not sent is left out."""
        return totals(self.rows())


def totals(sent: Iterable[Sent]) -> list[HostTotal]:
    """Return what each host was sent, in the order they were first asked."""
    hosts: dict[str, list[Sent]] = {}
    for one in sent:
        if one.state != "not sent":
            hosts.setdefault(one.host, []).append(one)
    return [_total(host, requests) for host, requests in hosts.items()]


def _total(host: str, sent: Sequence[Sent]) -> HostTotal:
    return HostTotal(
        host=host,
        is_local=all(one.is_local for one in sent),
        requests=len(sent),
        addresses=sum(one.role == "fetch" for one in sent),
        unsure=sum(one.state == "sending" for one in sent),
        bytes=sum(one.bytes for one in sent),
        contents=sum((one.contents for one in sent), Contents()),
        roles=tuple(dict.fromkeys(one.role for one in sent)),
        steps=tuple(dict.fromkeys(one.step for one in sent if one.step)),
    )
