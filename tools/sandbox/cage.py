"""A cage: a confined process tree that runs one of our guests, with a channel to it."""

import contextlib
import json
import os
import select
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .cgroups import MemoryGroup
from .channel import Channel, ChannelError
from .collect import Collected, Signature, collect
from .launcher import quietly_close
from .limits import Limits
from .starting import Bind, CageError, find_bubblewrap, start_guest
from .watchdog import IDLE_CPU_SECONDS, excess, leave, taken, watch_over

__all__ = ["Cage", "CageError", "find_bubblewrap"]

START_SECONDS = 30.0
_KILL_SECONDS = 10.0
_RESTING_PROCESSES = 2
"""bubblewrap's first one, and the guest."""


class Cage:
    """One confined process tree. Made by `start`, ended by `kill`."""

    def __init__(self, process: "subprocess.Popen[bytes]", channel: Channel, stdout: int, stderr: int, limits: Limits):
        self.channel = channel
        self.stdout = stdout
        """The end of a pipe to read what is printed; it does not block."""
        self.stderr = stderr
        self.limits = limits
        self._process = process
        self._pidfd = -1
        self._root = -1
        self._why = ""
        self._ended = False
        self._group: MemoryGroup | None = None
        self.passed_a_limit = False
        """Whether it ended because it took too much, as far as the kernel says."""
        self._call: bool | None = None
        self._cpu_before: float | None = None
        self._turn = 0
        self._cpu_most = limits.cpu_seconds
        self._lock = threading.Lock()

    @classmethod
    def start(
        cls,
        guest: Path,
        *,
        limits: Limits,
        binds: Sequence[Bind] = (),
        environment: Mapping[str, str] | None = None,
    ) -> "Cage":
        """Start the program `guest`, a file of ours with a `main()`, in a fresh cage and wait until it is about to run.

        Args:
            guest: It may import the standard library, `channel` and the installed packages. Its end of the channel has
                the number that `SENSORIUM_CHANNEL` says.
            limits: Those of processes hold from its first line on.
            binds: Files and folders it may read, at their own paths; as a pair, at another path.
            environment: More variables.

        Raises:
            CageError: It cannot be started.
        """
        started = start_guest(guest, limits=limits, binds=binds, environment=environment or {})
        cage = cls(started.process, started.channel, started.stdout, started.stderr, limits)
        try:
            cage._await_guest(started.information)
        finally:
            os.close(started.information)
        return cage

    @property
    def root(self) -> Path:
        """The root of the cage's files, as seen from here. Everything below it is hostile."""
        return Path(f"/proc/self/fd/{self._root}")

    @property
    def root_descriptor(self) -> int:
        """A descriptor of the root, for `openat`."""
        return self._root

    @property
    def end_descriptor(self) -> int:
        """A descriptor that can be read when the tree has ended."""
        return self._pidfd

    @property
    def alive(self) -> bool:
        """Whether the process tree still stands."""
        return self._pidfd >= 0 and not _is_readable(self._pidfd, 0)

    def await_end(self, seconds: float) -> bool:
        """Wait until the tree has ended by itself, and say whether it has."""
        return self._pidfd < 0 or _is_readable(self._pidfd, seconds)

    def why_ended(self) -> str:
        """Return why the tree ended, or nothing while it stands; all of it is known after `kill`."""
        if self.alive:
            return ""
        return self._why or "its process ended"

    def begin(self, cpu_seconds: float | None = None) -> None:
        """Count processor time for a call from here on, which may use so much; as much as usual when left out."""
        self._turn += 1
        self._call, self._cpu_before = True, None
        self._cpu_most = self.limits.cpu_seconds if cpu_seconds is None else cpu_seconds

    def rest(self) -> None:
        """Expect no more work until the next `begin`: who computes on is ended."""
        self._turn += 1
        self._call, self._cpu_before = False, None

    def look(self) -> None:
        """Look once what the tree takes, and end it when that is too much."""
        with self._lock:
            if self._ended or not self.alive:
                return
            turn, in_call, before = self._turn, self._call, self._cpu_before
            now = taken(self._root)
            if turn != self._turn:  # another thread began or ended a call meanwhile
                return
            if before is None:
                before = self._cpu_before = now.cpu_seconds
            limits = self.limits
            why = excess(now, limits, root_descriptor=self._root, counted=self._group is not None)
            if self._group and in_call is not None and self._group.ran_out():
                # The kernel ended one process of a call; what the others make of that is worth nothing.
                why = self._too_much_memory()
            used = now.cpu_seconds - before
            if in_call and used > self._cpu_most:
                why = f"it used more than {self._cpu_most:g} s of processor time"
            elif in_call is False and (used > IDLE_CPU_SECONDS or now.processes > _RESTING_PROCESSES):
                why = "it went on working after its call had ended"
        if why:
            # Who works with the descriptors closes them: a number that is closed may be another file's a moment later.
            self._end(why)

    def kill(self, why: str = "it was killed") -> None:
        """End the whole tree, wait until nothing of it is left, and close what is open here. May be called again."""
        self._end(why)
        with self._lock:
            open_here = (self.stdout, self.stderr, self._root, self._pidfd)
            self.stdout = self.stderr = self._root = self._pidfd = -1
            self.channel.close()
            for one in open_here:
                if one >= 0:
                    quietly_close(one)

    def _end(self, why: str) -> None:
        with self._lock:
            if self._ended:
                return
            self._ended = True
            leave(self)
            stood = self.alive
            if self._pidfd >= 0:
                with contextlib.suppress(ProcessLookupError):
                    signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
                if self._group:
                    self._group.loosen()
                # Its first process is gone only when every other one of its namespace is.
                _is_readable(self._pidfd, _KILL_SECONDS)
            self._reap()
            self._why = why if stood else self._own_end()
            if self._group:
                self._group.remove()

    def take_out(self, seen: dict[str, Signature]) -> Collected:
        """Return the files in `/work/out` that are new or changed.

        Args:
            seen: What was taken before; brought up to date.
        """
        return collect(self._root, self.limits, seen)

    def _await_guest(self, information: int) -> None:
        ends = time.monotonic() + START_SECONDS
        try:
            child = _child_pid(information, ends)
            self._pidfd = os.pidfd_open(child)
            if self.channel.receive(ends - time.monotonic()).body != {"ready": True}:
                raise ChannelError("the guest said something else")
            self._root = os.open(f"/proc/{child}/root", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
            self._group = MemoryGroup.make(self.limits.total_memory_bytes, _with_children(child))
            os.set_blocking(self.stdout, False)
            os.set_blocking(self.stderr, False)
            watch_over(self)
        except (ChannelError, OSError, ValueError) as error:
            said = self._last_words() or str(error)
            self.kill()
            raise CageError(f"The sandbox did not start: {said}") from error

    def _reap(self) -> None:
        # bubblewrap itself ends when the tree has; killed before, it would leave its child to whoever adopts it.
        try:
            self._process.wait(1.0 if self._pidfd >= 0 else 0.0)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)  # with what a program that only calls itself bwrap started
            self._process.wait(_KILL_SECONDS)

    def _too_much_memory(self) -> str:
        return f"it used more than {self.limits.total_memory_bytes // 2**20} MiB of memory in all"

    def _own_end(self) -> str:
        status = self._process.returncode
        if self._group and self._group.ran_out():
            self.passed_a_limit = True
            return self._too_much_memory()
        # bubblewrap says a signal of what it ran as the shell does.
        number = status - 128 if status > 128 else -status
        if number == signal.SIGXCPU:
            self.passed_a_limit = True
            return f"it used more than {self._cpu_most:g} s of processor time"
        if number > 0:
            return f"its process ended by signal {number} ({signal.strsignal(number) or 'unknown'})"
        return f"its process ended with exit status {status}"

    def _last_words(self) -> str:
        os.set_blocking(self.stderr, False)
        _is_readable(self.stderr, 1.0)
        with contextlib.suppress(BlockingIOError):
            return os.read(self.stderr, 4096).decode(errors="replace").strip()
        return ""


def _child_pid(information: int, ends: float) -> int:
    data = b""
    while b"}" not in data:
        if not _is_readable(information, ends - time.monotonic()):
            raise OSError("bubblewrap says nothing")
        part = os.read(information, 4096)
        if not part:
            raise OSError("bubblewrap ended")
        data += part
    told: Any = json.loads(data)
    return int(told["child-pid"])


def _with_children(pid: int) -> list[int]:
    # What is in the cage so far: bubblewrap's own first process, and the guest. What they start will be where they are.
    try:
        told = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except FileNotFoundError:  # a kernel without CONFIG_PROC_CHILDREN
        return [pid]
    return [pid, *map(int, told.split())]


def _is_readable(descriptor: int, seconds: float) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(max(0.0, seconds) * 1000))
