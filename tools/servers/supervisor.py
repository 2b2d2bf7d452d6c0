"""Starts a program for a process, and ends it with all that it started when that process is gone: POSIX only.

It runs as a script of its own, without this package: `python -I -S supervisor.py PARENT PROGRAM ARGUMENT…`.
"""

import os
import select
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

LOOK_SECONDS = 0.5
"""How often it is looked whether the process is still there: how long an orphan may live."""
LEAVE_SECONDS = 0.6
"""How long the program may take to end when its group is told to: less than whoever tells it waits before it kills."""
_PR_SET_CHILD_SUBREAPER = 36


class Supervisor:
    """Waits for the end of a program, or of the process that wants it."""

    def __init__(self, parent: int) -> None:
        self._parent = parent
        self._ends_at: float | None = None

    def run(self, command: list[str]) -> None:
        """Run the program until it ends, or the process that wants it does; then nothing of it is left."""
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            # What the whole group is told is for the program; who ends before it could not see that it ends.
            signal.signal(number, self._told)
        adopt()
        child = os.fork()
        if child == 0:
            try:
                os.execvp(command[0], command)
            except OSError as error:
                os.write(2, f"{command[0]} cannot be started: {error.strerror}\n".encode())
            os._exit(127)
        for standard in (0, 1):  # the program's own are the ones that count
            os.close(standard)
        while child not in reaped() and self._may_go_on():
            select.select([reader], [], [], LOOK_SECONDS / 5 if self._ends_at else LOOK_SECONDS)
        sweep()
        os.killpg(0, signal.SIGKILL)

    def _told(self, number: int, frame: object) -> None:
        if number != signal.SIGCHLD and self._ends_at is None:
            self._ends_at = time.monotonic() + LEAVE_SECONDS

    def _may_go_on(self) -> bool:
        return os.getppid() == self._parent and (self._ends_at is None or time.monotonic() < self._ends_at)


def adopt() -> None:
    """Become the parent of whatever a descendant leaves behind, also of what left the group; Linux can do that."""
    if sys.platform == "linux":
        with suppress(Exception):
            import ctypes

            ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def reaped() -> list[int]:
    """Take leave of the children that ended, the adopted ones too, and return them."""
    ended = []
    with suppress(ChildProcessError):
        while number := os.waitpid(-1, os.WNOHANG)[0]:
            ended.append(number)
    return ended


def sweep() -> None:
    """Kill the children, and theirs as they become ours, until there are none."""
    for _ in range(100):
        children = _children()
        if not children:
            return
        for one in children:
            with suppress(OSError):
                os.kill(one, signal.SIGKILL)
        reaped()
        time.sleep(0.005)


def _children() -> list[int]:
    """Return the children of this process that are not dead; none where the system does not tell."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, ValueError):
            state, parent = stat.read_text(errors="replace").rpartition(")")[2].split()[:2]
            if int(parent) == os.getpid() and state != "Z":
                found.append(int(stat.parent.name))
    return found


if __name__ == "__main__":
    Supervisor(int(sys.argv[1])).run(sys.argv[2:])
