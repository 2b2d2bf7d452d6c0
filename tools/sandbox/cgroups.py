"""A control group for the memory of a cage, where we may make one.

It counts what a sum over processes cannot: files in memory, buffers of sockets, tables of the kernel. Version 1 and 2
are used as they are found; where neither can be written, the watchdog is alone.
"""

import contextlib
import errno
import functools
import itertools
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_PREFIX = "sensorium"
_LEVELS_UP = 3
"""Version 2 allows no group beside processes: the group is made in an ancestor of our own that we may write."""
_REMOVALS, _REMOVAL_SECONDS = 50, 0.02
_counter = itertools.count()


@dataclass(frozen=True, kw_only=True)
class MemoryGroup:
    """One control group."""

    folder: Path
    version: int

    @classmethod
    def make(cls, limit_bytes: int, pids: list[int]) -> "MemoryGroup | None":
        """Make a group with this limit and move processes into it; None where that is not allowed."""
        sweep()
        for version, parent in _parents():
            group = cls(folder=parent / f"{_PREFIX}-{os.getpid()}-{next(_counter)}", version=version)
            try:
                group.folder.mkdir()
            except OSError:
                continue
            try:
                group._limit(limit_bytes)
                for pid in pids:
                    group._write("cgroup.procs", str(pid))
            except OSError:
                group.remove()
                continue
            return group
        return None

    def loosen(self) -> None:
        """Let go of the limit: processes that are killed while they wait for memory end sooner."""
        with contextlib.suppress(OSError):
            self._write(
                "memory.limit_in_bytes" if self.version == 1 else "memory.max", "-1" if self.version == 1 else "max"
            )

    def ran_out(self) -> bool:
        """Whether the kernel killed a process because the limit was reached."""
        name = "memory.oom_control" if self.version == 1 else "memory.events"
        with contextlib.suppress(OSError):
            for line in (self.folder / name).read_text().splitlines():
                if line.startswith("oom_kill "):
                    return int(line.split()[1]) > 0
        return False

    def remove(self) -> None:
        """Remove the group, whose processes have ended; later, when the kernel has not yet let go of the last one."""
        if not self._is_removed():
            threading.Thread(target=self._remove_later, name="sensorium-group", daemon=True).start()

    def _remove_later(self) -> None:
        for _ in range(_REMOVALS):
            time.sleep(_REMOVAL_SECONDS)
            if self._is_removed():
                return

    def _is_removed(self) -> bool:
        try:
            self.folder.rmdir()
        except OSError as error:
            return error.errno == errno.ENOENT
        return True

    def _limit(self, limit_bytes: int) -> None:
        if self.version == 1:
            self._write("memory.limit_in_bytes", str(limit_bytes))
            with contextlib.suppress(OSError):  # only where swap is accounted
                self._write("memory.memsw.limit_in_bytes", str(limit_bytes))
            return
        self._write("memory.max", str(limit_bytes))
        with contextlib.suppress(OSError):
            self._write("memory.swap.max", "0")

    def _write(self, name: str, text: str) -> None:
        # Without O_CREAT: where the controller is not on, there is no such file.
        opened = os.open(self.folder / name, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.write(opened, text.encode())
        finally:
            os.close(opened)


@functools.cache
def sweep() -> None:
    """Once in a process, remove the empty groups of processes of ours that were killed."""
    for _, parent in _parents():
        for group in parent.glob(f"{_PREFIX}-*-*"):
            pid = group.name.split("-")[1]
            if pid.isdigit() and not Path("/proc", pid).exists():
                with contextlib.suppress(OSError):
                    group.rmdir()


def _parents() -> Iterator[tuple[int, Path]]:
    """Yield where a group may be made: of version 1 below our own, of version 2 there and above."""
    try:
        own = dict(_memberships())
        mounts = list(_mounts())
    except OSError:
        return
    for kind, root, point in mounts:
        path = own.get(kind)
        if path is None or not path.is_relative_to(root):
            continue
        here = point / path.relative_to(root)
        if kind == "cgroup":
            yield 1, here
        else:
            for folder in [here, *here.parents][: _LEVELS_UP + 1]:
                if folder.is_relative_to(point):
                    yield 2, folder


def _memberships() -> Iterator[tuple[str, Path]]:
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        number, controllers, path = line.split(":", 2)
        if "memory" in controllers.split(","):
            yield "cgroup", Path(path)
        elif number == "0":
            yield "cgroup2", Path(path)


def _mounts() -> Iterator[tuple[str, Path, Path]]:
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        before, _, after = line.partition(" - ")
        kind, _, options = after.split(" ", 2)
        if kind == "cgroup2" or (kind == "cgroup" and "memory" in options.split(",")):
            fields = before.split(" ")
            yield kind, Path(fields[3]), Path(fields[4])
