"""Sessions are kept by key, few and not for ever."""

import time
from collections.abc import Mapping
from pathlib import Path

from sensorium.tools.sandbox.outcome import CodeOutcome
from sensorium.tools.sandbox.sessions import Sessions


class Counted:
    """A session that knows whether it was closed."""

    def __init__(self) -> None:
        self.used_at = time.monotonic()
        self.alive = True

    async def run(
        self, code: str, files: Mapping[str, Path | int] | None = None, timeout_seconds: float | None = None
    ) -> CodeOutcome:
        return CodeOutcome(status="done")

    def close(self) -> None:
        self.alive = False


def test_the_first_session_of_a_key_is_kept() -> None:
    sessions = Sessions()
    first = sessions.keep(("home", "a"), Counted())
    assert sessions.keep(("home", "a"), Counted()) is first
    assert sessions.get(("home", "b")) is None
    sessions.end(("home", "a"))
    assert not first.alive
    assert sessions.get(("home", "a")) is None
    sessions.end_all()


def test_the_one_that_rested_longest_ends_when_there_are_too_many() -> None:
    sessions = Sessions(most=2)
    kept = [sessions.keep(("home", name), Counted()) for name in "abc"]
    assert [one.alive for one in kept] == [False, True, True]
    assert sessions.why_ended(("home", "a")) == "2 other sessions were used since"
    assert sessions.why_ended(("home", "a")) == ""
    sessions.end_all()
    assert not any(one.alive for one in kept)


def test_idle_sessions_end() -> None:
    sessions = Sessions(idle_seconds=60)
    old, new = (sessions.keep(("home", name), Counted()) for name in "ab")
    old.used_at -= 61
    sessions.end_idle()
    assert (old.alive, new.alive) == (False, True)
    assert sessions.why_ended(("home", "a")) == "the session was not used for 1 minutes"
    sessions.end_all()
