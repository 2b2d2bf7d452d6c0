"""A session of a user's code: calls that share their variables, in a cage of their own."""

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from .cage import Cage
from .calling import Call, Confined
from .collect import Signature
from .inbox import Inbox
from .limits import Limits
from .outcome import CodeOutcome

GUEST = Path(__file__).with_name("guest.py")
# Else each thread takes 64 MiB of the address space for memory of its own, and there is room for a dozen.
ENVIRONMENT = {"MALLOC_ARENA_MAX": "2"}
MAX_CODE_BYTES = 2**19
MOST_SECONDS = 24 * 3600.0
LOOK_SECONDS = 0.05
"""How often whoever ends a session looks whether a call is there to be ended: one may be beginning."""
MOST_CELLS_CHARS = 2**21
"""What is kept of the code of earlier calls."""
Start = Callable[[Limits, Path], Confined]
"""Makes a cage with the guest for limits, in which a folder is `/work/in`."""


class CodeSession:
    """Runs code, one call at a time. Its cage is made by the first call, and anew after one that lost it."""

    def __init__(self, *, limits: Limits | None = None, folder: Path | None = None, start: Start | None = None) -> None:
        """Make a session.

        Args:
            limits: The usual ones when left out.
            folder: Where copies of the files given to it may lie until it ends; best on the disk where they are.
            start: With bubblewrap, when left out.
        """
        self.limits = limits or Limits()
        self.used_at = time.monotonic()
        """When it was last used, on the clock of `time.monotonic`."""
        self.lost = ""
        """Why variables are gone that the next caller may expect: the next outcome says it."""
        self._told = False
        """The last outcome has said that the variables are gone."""
        self._start = start or _start
        self._lock = threading.Lock()
        self._inbox = Inbox(folder)
        self._cage: Confined | None = None
        self._call: Call | None = None
        self._cells: list[str] = []
        self._seen: dict[str, Signature] = {}

    async def run(
        self, code: str, files: Mapping[str, Path | int] | None = None, timeout_seconds: float | None = None
    ) -> CodeOutcome:
        """Do as `execute` does, without keeping the loop waiting; cancelling ends the call and its cage."""
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
            files: Names in `/work/in`, and what they are to hold: paths or open descriptors. They stay there.
            timeout_seconds: For this call; the limit of the session when left out.
            stop: Ends the call, when it is set from another thread.

        Raises:
            CageError: No cage can be made here.
            MediaError: A file is no regular file, or cannot be read; `OSError` where it is a descriptor.
            ValueError: The code is too long, or is no text that Python could read, or the time is none.
        """
        seconds = self.limits.wall_seconds if timeout_seconds is None else timeout_seconds
        if not 0 < seconds <= MOST_SECONDS:
            raise ValueError(f"The time is {seconds!r}; it must be above 0 and at most {MOST_SECONDS:g} seconds.")
        if len(code.encode()) > MAX_CODE_BYTES:
            raise ValueError(f"The code has more than {MAX_CODE_BYTES} bytes. Give what is long as a file.")
        with self._lock:
            self.used_at = time.monotonic()
            self._inbox.hold(files or {})
            cage = self._standing()
            lost, self.lost = self.lost, ""
            call = Call(
                cage=cage,
                limits=self.limits,
                timeout_seconds=seconds,
                stop=stop or threading.Event(),
            )
            self._keep(code)
            self._call = call
            try:
                outcome = replace(call.make(code), cells=tuple(self._cells))
                self._told = outcome.state_lost
                if not outcome.state_lost:
                    found = cage.take_out(self._seen)
                    cage.rest()
                    outcome = replace(outcome, artifacts=found.files, refused=found.refused)
                    if lost:
                        why = "; ".join(filter(None, (outcome.why, f"the variables of earlier calls are gone: {lost}")))
                        outcome = replace(outcome, state_lost=True, why=why)
            except BaseException:
                self._told = True
                cage.kill("the call failed")
                raise
            finally:
                self._call = None
                self.used_at = time.monotonic()
            return outcome

    @property
    def alive(self) -> bool:
        """Whether there are variables to go on with."""
        cage = self._cage
        return cage is not None and cage.alive

    def close(self) -> None:
        """End the session, and the call that is being made; a later call would start it anew."""
        while not self._lock.acquire(timeout=LOOK_SECONDS):
            if call := self._call:
                call.stop.set()
        try:
            if self._cage:
                self._cage.kill("the session was ended")
            self._forget()
            self._inbox.remove()
        finally:
            self._lock.release()

    def _standing(self) -> Confined:
        if self._cage is None or not self._cage.alive:
            if self._cage:
                self._cage.kill()
                # Of what a call lost itself, that call has told.
                self.lost = "" if self._told else f"between the calls {self._cage.why_ended()}"
            self._forget()
            self._cage = self._start(self.limits, self._inbox.folder())
        return self._cage

    def _keep(self, code: str) -> None:
        self._cells.append(code)
        while sum(map(len, self._cells)) > MOST_CELLS_CHARS:
            del self._cells[0]

    def _forget(self) -> None:
        self._cage = None
        self._cells = []
        self._seen = {}


def _start(limits: Limits, inbox: Path) -> Cage:
    return Cage.start(GUEST, limits=limits, binds=[(inbox, "/work/in")], environment=ENVIRONMENT)
