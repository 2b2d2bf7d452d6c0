"""Small calculations in an interpreter of their own, where no sandbox works: no files, no packages, few modules."""

import asyncio
import contextlib
import os
import signal
import threading
import time
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ..base.errors import Cancelled, UnavailableError
from .limits import Limits
from .outcome import CodeError, CodeOutcome

if TYPE_CHECKING:
    from pydantic_monty import Monty, MontyRuntimeError, MontySession, MontySyntaxError

MEND = "`pip install 'sensorium[calculator]'`"
MEMORY_BYTES = 256 * 2**20
MOST_CALLS = 500
"""Of functions, one inside the other."""
MOST_SLEEP_SECONDS = 1.0
LOOK_SECONDS = 0.05
"""How often whoever ends a session looks whether its process is there to be ended: it may be beginning."""
SHOWN_CHARS = 20_000
"""Of a value or a traceback."""


def is_installed() -> bool:
    """Return whether pydantic-monty is there."""
    return find_spec("pydantic_monty") is not None


class CalculatorSession:
    """Runs code as a `CodeSession` does, in pydantic-monty's interpreter, which has a process of its own."""

    def __init__(self, *, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self.used_at = time.monotonic()
        self._lock = threading.Lock()
        self._pool: Monty | None = None
        self._session: MontySession | None = None
        self._process: int | None = None
        self._cells: list[str] = []

    async def run(
        self, code: str, files: Mapping[str, Path | int] | None = None, timeout_seconds: float | None = None
    ) -> CodeOutcome:
        """Do as `execute` does, without keeping the loop waiting; cancelling ends the call and its process."""
        stop = threading.Event()
        work = asyncio.ensure_future(asyncio.to_thread(self.execute, code, files, timeout_seconds, stop))
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            stop.set()
            with contextlib.suppress(Exception):
                await work
            raise

    def execute(
        self,
        code: str,
        files: Mapping[str, Path | int] | None = None,
        timeout_seconds: float | None = None,
        stop: threading.Event | None = None,
    ) -> CodeOutcome:
        """Run code and wait for what comes of it.

        Args:
            code: Python.
            files: None can be given here.
            timeout_seconds: For this call; the limit of the session when left out.
            stop: Ends the call, and no other, when it is set from another thread; also one that has not begun.

        Raises:
            UnavailableError: It is given files, or the interpreter does not start.
            Cancelled: It was stopped before it began.
        """
        if files:
            raise UnavailableError(
                "Code cannot be given files here: no sandbox works, and the calculator that is left has none. "
                "`sensorium doctor` says what is missing."
            )
        stop = stop or threading.Event()
        while not self._lock.acquire(timeout=LOOK_SECONDS):
            _heed(stop)
        try:
            _heed(stop)
            session = self._open()
            self._cells.append(code)
            seconds = self.limits.wall_seconds if timeout_seconds is None else timeout_seconds
            outcome = self._run(session, code, seconds, stop)
            if outcome.state_lost:
                self._end()
            self.used_at = time.monotonic()
            return outcome
        finally:
            self._lock.release()

    def close(self) -> None:
        """End the session, and a call that is being made."""
        while not self._lock.acquire(timeout=LOOK_SECONDS):
            self._kill()
        try:
            self._end()
        finally:
            self._lock.release()

    @property
    def alive(self) -> bool:
        """Whether there are variables to go on with."""
        return self._session is not None

    def _open(self) -> "MontySession":
        import pydantic_monty as monty

        if self._session is not None:
            return self._session
        try:
            self._pool = monty.Monty(max_processes=1).__enter__()
            self._session = self._pool.checkout(
                script_name="code",
                limits=monty.ResourceLimits(
                    max_memory=MEMORY_BYTES,
                    max_recursion_depth=MOST_CALLS,
                    max_total_sleep_secs=MOST_SLEEP_SECONDS,
                ),
            ).__enter__()
            # Asked for now: while code runs the session answers nothing.
            self._process = self._session.worker_pid
        except (OSError, RuntimeError, TimeoutError, monty.MontyError) as error:
            self._end()
            raise UnavailableError(f"The calculator cannot be started: {error}. Install it anew: {MEND}.") from error
        return self._session

    def _run(self, session: "MontySession", code: str, seconds: float, stop: threading.Event) -> CodeOutcome:
        import pydantic_monty as monty

        printed = _Printed(self.limits)
        ending = threading.Lock()
        has_ended = has_expired = False

        def watch() -> None:
            nonlocal has_expired
            was_stopped = stop.wait(seconds)
            with ending:  # what is killed is this call, and never one that comes after it
                if not has_ended:
                    has_expired = not was_stopped
                    self._kill()

        started = time.monotonic()
        threading.Thread(target=watch, daemon=True).start()
        value: str | None = None
        error: CodeError | None = None
        status: Literal["done", "error", "timeout", "killed", "crashed"] = "done"
        why = ""
        try:
            given = session.feed_run(code, print_callback=printed.add)
            value = None if given is None else repr(given)[:SHOWN_CHARS]
        except (monty.MontyRuntimeError, monty.MontySyntaxError) as raised:
            status, error = "error", _described(raised)
            why = f"{error.type}: {error.message}"
        except monty.MontyError as raised:
            status, why = "crashed", str(raised) or "the interpreter ended"
        finally:
            with ending:
                has_ended = True
            stop.set()
        if has_expired:
            status, why, value, error = "timeout", f"it took longer than {seconds:g} s", None, None
        elif printed.is_too_much:
            status, why, value, error = "killed", "it printed too much", None, None
        taken = time.monotonic() - started
        return CodeOutcome(
            status=status,
            why=why,
            stdout=printed.text("stdout"),
            stderr=printed.text("stderr"),
            truncated=printed.is_truncated,
            value=value,
            error=error,
            seconds=taken,
            cpu_seconds=taken,  # it waits for nothing
            state_lost=status not in ("done", "error"),
            cells=tuple(self._cells),
        )

    def _kill(self) -> None:
        if self._process is not None:
            with contextlib.suppress(OSError):
                os.kill(self._process, getattr(signal, "SIGKILL", signal.SIGTERM))

    def _end(self) -> None:
        import pydantic_monty as monty

        for one in (self._session, self._pool):
            if one is not None:
                with contextlib.suppress(OSError, RuntimeError, monty.MontyError):
                    one.__exit__(None, None, None)
        self._session = self._pool = self._process = None
        self._cells = []


def _heed(stop: threading.Event) -> None:
    if stop.is_set():
        raise Cancelled("The calculation was stopped before it began.")


class _TooMuch(Exception):
    """Code printed more than anybody would read."""


class _Printed:
    """What was printed, as much as is kept."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._parts: dict[str, list[str]] = {"stdout": [], "stderr": []}
        self._letters = 0
        self.is_truncated = False
        self.is_too_much = False

    def add(self, stream: str, text: str) -> None:
        room = self._limits.output_bytes - self._letters
        self._letters += len(text)
        if len(text) > room:
            self.is_truncated = True
        if room > 0:
            self._parts[stream].append(text[:room])
        if self._letters > self._limits.output_killed_bytes:
            self.is_too_much = True
            raise _TooMuch(f"It printed more than {self._limits.output_killed_bytes} bytes.")

    def text(self, stream: str) -> str:
        return "".join(self._parts[stream])


def _described(raised: "MontyRuntimeError | MontySyntaxError") -> CodeError:
    frames = raised.traceback()
    inner: Any = raised.exception()
    message = str(inner)
    if isinstance(inner, ModuleNotFoundError):
        message += ". The calculator has no packages, and little of the standard library"
    return CodeError(
        type=type(inner).__name__,
        message=message[:SHOWN_CHARS],
        line=frames[0].line if frames else None,
        traceback=raised.display("traceback")[-SHOWN_CHARS:],
    )
