"""The sessions of this process: who calls again finds the variables of before."""

import atexit
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ..base.errors import UnavailableError
from .isolation import find_isolation
from .outcome import CodeOutcome

if TYPE_CHECKING:
    from ..base.run import Run
    from ..base.settings import Settings

MOST_SESSIONS = 8
"""Each may hold as much memory as its limits say; the one that rested longest ends when there are more."""
MOST_NOTED = 1000
IDLE_SECONDS = 15 * 60.0
_TICK_SECONDS = 30.0
_MOST_REMEMBERED = 256


class Session(Protocol):
    """What is kept: a `CodeSession`, or the calculator's."""

    used_at: float

    async def run(
        self, code: str, files: Mapping[str, Path | int] | None = None, timeout_seconds: float | None = None
    ) -> CodeOutcome:
        """Run code and wait for what comes of it."""

    @property
    def alive(self) -> bool:
        """Whether there is something to go on with."""

    def close(self) -> None:
        """End it."""


@dataclass
class Sessions:
    """Sessions by key, of which the idle ones end."""

    most: int = MOST_SESSIONS
    idle_seconds: float = IDLE_SECONDS
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _held: dict[tuple[str, str], Session] = field(default_factory=dict)
    _stands: dict[tuple[str, str], bool] = field(default_factory=dict)
    """Whether the last call of a session left variables, as its caller was told."""
    _ended: dict[tuple[str, str], str] = field(default_factory=dict)
    _timer: threading.Timer | None = None

    def get(self, key: tuple[str, str]) -> Session | None:
        """Return the session that is kept under this key."""
        with self._lock:
            found = self._held.get(key)
            if found:
                found.used_at = time.monotonic()
            return found

    def keep(self, key: tuple[str, str], session: Session) -> Session:
        """Keep a session, unless another came first; return the one that is kept."""
        with self._lock:
            kept = self._held.setdefault(key, session)
            kept.used_at = time.monotonic()
            over = sorted(self._held, key=lambda one: self._held[one].used_at)[: -self.most]
            ended = [self._give_up(one, f"{self.most} other sessions were used since") for one in over]
            self._tick_later()
        for one in ended:
            one.close()
        return kept

    def note(self, run: "Run", *, cells: int, stands: bool) -> bool:
        """Note how a call ended, and return whether variables were lost before it, which nobody was told yet.

        Args:
            run: Whose call it was.
            cells: How many calls made its variables, with itself.
            stands: Whether they are there for the next one.
        """
        key = key_of(run)
        with self._lock:
            stood = self._stands.pop(key, run.session_lost)
            self._stands[key] = stands
            while len(self._stands) > MOST_NOTED:
                del self._stands[next(iter(self._stands))]
        return stood and cells == 1

    def end(self, key: tuple[str, str]) -> None:
        """End the session of this key, if there is one."""
        with self._lock:
            found = self._held.pop(key, None)
        if found:
            found.close()

    def end_idle(self) -> None:
        """End the sessions that were not used for long."""
        before = time.monotonic() - self.idle_seconds
        with self._lock:
            idle = [key for key, one in self._held.items() if one.used_at < before]
            why = f"the session was not used for {self.idle_seconds / 60:g} minutes"
            ended = [self._give_up(key, why) for key in idle]
            self._timer = None
            if self._held:
                self._tick_later()
        for one in ended:
            one.close()

    def end_all(self) -> None:
        """End every session."""
        with self._lock:
            ended, self._held = list(self._held.values()), {}
            if self._timer:
                self._timer.cancel()
                self._timer = None
        for one in ended:
            one.close()

    def why_ended(self, key: tuple[str, str]) -> str:
        """Return why the session of this key was ended here, once; nothing when it was not."""
        with self._lock:
            return self._ended.pop(key, "")

    def _give_up(self, key: tuple[str, str], why: str) -> Session:
        self._ended[key] = why
        if len(self._ended) > _MOST_REMEMBERED:
            self._ended.pop(next(iter(self._ended)))
        return self._held.pop(key)

    def _tick_later(self) -> None:
        if self._timer is None:
            self._timer = threading.Timer(min(_TICK_SECONDS, self.idle_seconds), self.end_idle)
            self._timer.daemon = True
            self._timer.start()


sessions = Sessions()
atexit.register(sessions.end_all)


def session_of(run: "Run") -> Session:
    """Return the session of a run: that of its conversation, else its own; made when there is none.

    Raises:
        UnavailableError: Nothing confines code here; the message says what would.
    """
    key = key_of(run)
    return sessions.get(key) or sessions.keep(key, open_session(run.settings, lost=sessions.why_ended(key)))


def open_session(settings: "Settings", *, lost: str = "") -> Session:
    """Return a new session with the isolation that there is.

    Args:
        settings: For the isolation and its limits.
        lost: Why one before it ended, whose variables its first caller may expect.

    Raises:
        UnavailableError: Nothing confines code here; the message says what would.
    """
    isolation, limits, scratch = find_isolation(settings), settings.sandbox.limits, settings.home / "scratch"
    if isolation.works and isolation.name == "bubblewrap":
        from .session import CodeSession

        session = CodeSession(limits=limits, folder=scratch)
        session.lost = lost
        return session
    if isolation.works and isolation.name in ("podman", "docker"):
        from .containers import container_session

        engine = isolation.name
        return container_session(engine, settings.sandbox.image, limits=limits, folder=scratch)
    if isolation.works and isolation.name == "seatbelt":
        from .seatbelt import seatbelt_session

        return seatbelt_session(limits=limits, folder=scratch)
    if isolation.works and isolation.name == "monty":
        from .monty import CalculatorSession

        return CalculatorSession(limits=limits)
    raise UnavailableError(f"Nothing here can confine code, so none is run: {isolation.why}. {isolation.mend}".strip())


def key_of(run: "Run") -> tuple[str, str]:
    """Return under which key the session of a run is kept: its conversation's, else its own."""
    return str(run.settings.home), run.session or run.id
