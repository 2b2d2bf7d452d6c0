"""One call of code in a cage: everything it may do wrong ends in an outcome, within its time."""

import contextlib
import os
import secrets
import select
import threading
import time
from dataclasses import dataclass, field
from typing import Any, Protocol

from .channel import Channel, ChannelClosed, ChannelError
from .collect import Collected, Signature
from .limits import Limits
from .outcome import CodeError, CodeOutcome, Status
from .output import Output
from .watchdog import TICK_SECONDS

_MARKS_SECONDS = 1.0
"""How long the ends of the output may take after the result."""
_END_SECONDS = 0.5
"""How long the tree may take to end by itself after its guest has."""
_PIECE_BYTES = 2**16
_BACKGROUND_PART = 8
_MANY = 10**9
"""More seconds, and lines, than there can be."""


class Confined(Protocol):
    """A confined process tree with `guest.py` in it: a `Cage`, or what another engine makes."""

    passed_a_limit: bool
    """Whether it ended because it took too much."""

    @property
    def channel(self) -> Channel:
        """The end to speak to the guest."""

    @property
    def stdout(self) -> int:
        """What it prints, to be read without waiting; negative when it has ended."""

    @property
    def stderr(self) -> int:
        """The same."""

    @property
    def end_descriptor(self) -> int:
        """A descriptor that can be read when it has ended; negative when there is none."""

    @property
    def alive(self) -> bool:
        """Whether it stands."""

    def begin(self, cpu_seconds: float) -> None:
        """A call begins, which may use so much processor time."""

    def rest(self) -> None:
        """The call has ended by itself."""

    def look(self) -> None:
        """See whether it takes too much, and end it then."""

    def await_end(self, seconds: float) -> bool:
        """Wait until it has ended by itself."""

    def why_ended(self) -> str:
        """Why it ended, in words."""

    def kill(self, why: str = ...) -> None:
        """End all of it."""

    def take_out(self, seen: dict[str, Signature]) -> Collected:
        """Return the files that are new or changed."""


class LimitedElsewhere:
    """A cage whose limits others keep, such as an engine or each process for itself: calls are no news to it."""

    def begin(self, cpu_seconds: float) -> None:
        """Do nothing."""

    def rest(self) -> None:
        """Do nothing."""

    def look(self) -> None:
        """Do nothing."""


class _Stopped(Exception):
    """The call did not end by itself."""

    def __init__(self, status: Status, why: str) -> None:
        super().__init__(why)
        self.status = status


@dataclass(kw_only=True)
class Call:
    """One call. `make` is used once."""

    cage: Confined
    limits: Limits
    timeout_seconds: float
    stop: threading.Event
    mark: bytes = field(default_factory=lambda: b"\0" + secrets.token_hex(16).encode() + b"\n")
    id: str = field(default_factory=lambda: secrets.token_hex(16))

    def make(self, code: str) -> CodeOutcome:
        """Run the code; when the outcome says that the state is lost, the cage has ended."""
        most = self.limits.output_bytes
        self._outputs = {one: Output(most, self.mark) for one in (self.cage.stdout, self.cage.stderr)}
        self._background = Output(most // _BACKGROUND_PART)
        for pipe in self._outputs:
            self._background.add(_read_available(pipe, _PIECE_BYTES)[0])
        self._started = time.monotonic()
        self._ends = self._started + self.timeout_seconds
        self.cage.begin(self.limits.cpu_for(self.timeout_seconds))
        try:
            said = self._said(code)
        except (_Stopped, ChannelError) as error:
            return self._lost(error)
        raised = CodeError(**said["error"]) if said["error"] else None
        return self._outcome(
            "error" if raised else "done",
            f"{raised.type}: {raised.message}" if raised else "",
            value=said["value"],
            error=raised,
            cpu_seconds=said["cpu_seconds"],
            printed_behind=said["background"],
        )

    def _said(self, code: str) -> dict[str, Any]:
        asked = {
            "id": self.id,
            "mark": self.mark.decode(),
            "cpu_seconds": self.limits.cpu_for(self.timeout_seconds),
        }
        self.cage.channel.send(asked, [code.encode()], timeout_seconds=self.timeout_seconds)
        self._wait_for_frame()
        left = max(TICK_SECONDS, self._ends - time.monotonic())
        said = _checked(self.cage.channel.receive(left, max_bytes=0).body, self.id)
        self._finish_output()
        return said

    def _wait_for_frame(self) -> None:
        channel, ended = self.cage.channel.fileno(), self.cage.end_descriptor
        poll = _poll(channel, ended, *self._outputs)
        look_at = self._started + TICK_SECONDS
        while True:
            now = time.monotonic()
            if now >= self._ends:
                raise _Stopped("timeout", f"it did not end within {self.timeout_seconds:g} s")
            if self.stop.is_set():
                raise _Stopped("killed", "the call was given up")
            if now >= look_at:
                self.cage.look()
                look_at = time.monotonic() + TICK_SECONDS
                if not self.cage.alive:
                    raise _Stopped("killed", self.cage.why_ended())
            ready = dict(poll.poll(1000 * max(0.0, min(self._ends, look_at) - now) + 1))
            for pipe in self._outputs.keys() & ready:
                self._take(pipe, poll)
            if channel in ready:
                return
            if ended in ready:
                raise _Stopped("crashed", "")

    def _finish_output(self) -> None:
        poll = _poll(*self._outputs)
        ends = time.monotonic() + _MARKS_SECONDS
        while not all(one.ended for one in self._outputs.values()) and time.monotonic() < ends:
            for pipe, _ in poll.poll(1000 * _MARKS_SECONDS):
                self._take(pipe, poll)

    def _take(self, pipe: int, poll: "select.poll") -> None:
        data, is_open = _read_available(pipe, _PIECE_BYTES)
        self._outputs[pipe].add(data)
        if not is_open:
            poll.unregister(pipe)
            self._outputs[pipe].ended = True
        if sum(one.total for one in self._outputs.values()) > self.limits.output_killed_bytes:
            raise _Stopped("killed", f"it printed more than {self.limits.output_killed_bytes // 2**20} MiB")

    def _lost(self, error: _Stopped | ChannelError) -> CodeOutcome:
        for pipe, output in self._outputs.items():
            if self.cage.stdout >= 0:
                output.add(_read_available(pipe, self.limits.output_bytes)[0])
        if isinstance(error, ChannelClosed):
            self.cage.await_end(_END_SECONDS)
        self.cage.kill(str(error))
        if isinstance(error, _Stopped) and error.status != "crashed":
            return self._outcome(error.status, str(error), state_lost=True)
        # What ended by itself, or said nonsense, knows no better reason than the kernel's.
        status: Status = "killed" if self.cage.passed_a_limit else "crashed"
        return self._outcome(status, self.cage.why_ended(), state_lost=True)

    def _outcome(self, status: Status, why: str, *, printed_behind: str = "", **more: Any) -> CodeOutcome:
        stdout, stderr = self._outputs.values()
        for one in (printed_behind.encode(), stdout.after_mark, stderr.after_mark):
            self._background.add(one)
        return CodeOutcome(
            status=status,
            why=why,
            stdout=stdout.text(),
            stderr=stderr.text(),
            truncated=stdout.truncated or stderr.truncated,
            background_output=self._background.text(),
            seconds=time.monotonic() - self._started,
            **more,
        )


def _poll(*descriptors: int) -> "select.poll":
    poll = select.poll()
    for one in descriptors:
        if one >= 0:
            poll.register(one, select.POLLIN)
    return poll


def _read_available(pipe: int, most_bytes: int) -> tuple[bytes, bool]:
    """Return what can be read without waiting, and whether there may be more later."""
    parts: list[bytes] = []
    left = most_bytes
    with contextlib.suppress(BlockingIOError):
        while left > 0:
            part = os.read(pipe, min(left, _PIECE_BYTES))
            if not part:
                return b"".join(parts), False
            parts.append(part)
            left -= len(part)
    return b"".join(parts), True


def _checked(said: dict[str, Any], number: str) -> dict[str, Any]:
    """Return the end frame when it is one: who sends anything else has code in it that speaks for the guest."""
    error, value, cpu = said.get("error"), said.get("value"), said.get("cpu_seconds")
    texts = (
        [value, *(error.get(one) for one in ("type", "message", "traceback"))] if isinstance(error, dict) else [value]
    )
    line = error.get("line") if isinstance(error, dict) else None
    is_whole = (
        said.get("id") == number
        and set(said) == {"id", "value", "error", "cpu_seconds", "background"}
        and (error is None or (isinstance(error, dict) and set(error) == {"type", "message", "line", "traceback"}))
        and (value is None or isinstance(value, str))
        and all(isinstance(one, str) for one in texts[1:])
        and (line is None or (isinstance(line, int) and not isinstance(line, bool) and abs(line) < _MANY))
        and isinstance(said["background"], str)
        and isinstance(cpu, int | float)
        and 0 <= cpu < _MANY
    )
    if not is_whole:
        raise ChannelError("The cage sent an answer that is none")
    whole: dict[str, Any] = _writable(said)
    return whole


def _writable(said: Any) -> Any:
    """Return an answer whose texts can be written down: JSON may hold halves of characters, which are none."""
    if isinstance(said, dict):
        return {name: _writable(one) for name, one in said.items()}
    return said.encode(errors="backslashreplace").decode() if isinstance(said, str) else said
