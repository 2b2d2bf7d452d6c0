"""See from outside what the processes of a cage take together.

Limits of the kernel are for each process. What follows is for all of them, read from the cage's own view of its
processes: nothing in a cage can hide from it there, nor change it.
"""

import atexit
import contextlib
import os
import threading
import time
import weakref
from dataclasses import dataclass, field
from typing import Protocol

from .limits import Limits

TICK_SECONDS = 0.05
"""How often one looks while a call runs."""
IDLE_TICK_SECONDS = 1.0
"""How often between calls."""
IDLE_CPU_SECONDS = 1.0
"""What code may go on computing after its call has ended."""
_ADDRESSES_FOR_MEMORY = 2
"""Memory that is shared and then let go is counted for no process: from here on one looks for it."""
_MAPS_BYTES = 2**20
_MAX_SOCKETS = 256
"""Their buffers are memory of the kernel's."""
_TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
_FOLDERS = ("work", "tmp", "dev/shm")


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What a cage has taken."""

    cpu_seconds: float
    memory_bytes: int
    address_bytes: int
    disk_bytes: int
    disk_files: int
    processes: int
    sockets: int


def taken(root_descriptor: int) -> Taken:
    """Read what the processes below a cage's root have taken."""
    ticks = pages = addresses = processes = sockets = 0
    proc = os.open("proc", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=root_descriptor)
    try:
        for name in os.listdir(proc):  # noqa: PTH208 - of a descriptor
            if not name.isdigit() or not (line := _read(f"{name}/stat", proc)):
                continue
            # Behind the name, which may hold anything; see proc_pid_stat(5), where the state is number 3.
            numbers = line.rpartition(b")")[2].split()
            ticks += sum(map(int, numbers[11:15]))
            addresses += int(numbers[20])
            pages += int(numbers[21])
            processes += 1
        for line in _read("1/net/sockstat", proc).splitlines():
            if line.startswith(b"sockets: used "):
                sockets = int(line.split()[2])
    finally:
        os.close(proc)
    used = files = 0
    for folder in _FOLDERS:
        about = os.statvfs(f"/proc/self/fd/{root_descriptor}/{folder}")
        used += (about.f_blocks - about.f_bfree) * about.f_frsize
        files += about.f_files - about.f_ffree
    return Taken(
        cpu_seconds=ticks / _TICKS,
        memory_bytes=pages * _PAGE_BYTES + used,
        address_bytes=addresses,
        disk_bytes=used,
        disk_files=files,
        processes=processes,
        sockets=sockets,
    )


def _read(name: str, folder: int, most_bytes: int = 4096) -> bytes:
    try:
        opened = os.open(name, os.O_RDONLY | os.O_CLOEXEC, dir_fd=folder)
    except OSError:  # it has just ended
        return b""
    try:
        data = part = os.read(opened, most_bytes)
        while part and len(data) < most_bytes:  # the kernel gives a page at a time
            part = os.read(opened, most_bytes - len(data))
            data += part
    except OSError:
        return b""
    else:
        return data
    finally:
        os.close(opened)


def excess(now: Taken, limits: Limits, *, root_descriptor: int, counted: bool) -> str:
    """Return which limit is passed, in words; nothing when none is.

    Args:
        now: What `taken` found.
        limits: What is allowed.
        root_descriptor: Of the cage's root.
        counted: Whether a control group counts the memory, better than can be done here.
    """
    most = limits.total_memory_bytes
    if not counted and now.memory_bytes > most and now.disk_bytes + _own_memory(root_descriptor) > most:
        return f"it used more than {most // 2**20} MiB of memory in all"
    if not counted and now.address_bytes > _ADDRESSES_FOR_MEMORY * most and _shareable(root_descriptor) > most:
        return f"its processes reserved more than {most // 2**20} MiB to share"
    if now.disk_files > limits.disk_files:
        return f"it made more than {limits.disk_files} files"
    if now.sockets > _MAX_SOCKETS:
        return f"it opened more than {_MAX_SOCKETS} sockets"
    return ""


def _own_memory(root_descriptor: int) -> int:
    """Return the memory of the processes, with what several share counted once, where they let us see it."""
    proc = os.open("proc", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=root_descriptor)
    total = 0
    try:
        for name in os.listdir(proc):  # noqa: PTH208 - of a descriptor
            if not name.isdigit():
                continue
            rows = dict(one.partition(b":")[::2] for one in _read(f"{name}/smaps_rollup", proc).splitlines())
            if b"Pss" in rows:
                total += int(rows[b"Pss"].split()[0]) * 1024
            elif line := _read(f"{name}/statm", proc):
                total += int(line.split()[1]) * _PAGE_BYTES
    finally:
        os.close(proc)
    return total


def _shareable(root_descriptor: int) -> int:
    """Return the size of what processes may have in memory together, or all they reserved where they hide it."""
    proc = os.open("proc", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=root_descriptor)
    sizes: dict[bytes, int] = {}
    try:
        for name in os.listdir(proc):  # noqa: PTH208 - of a descriptor
            if not name.isdigit():
                continue
            lines = _read(f"{name}/maps", proc, _MAPS_BYTES).splitlines()
            if not lines and (about := _read(f"{name}/statm", proc)):
                sizes[name.encode()] = int(about.split()[0]) * _PAGE_BYTES
            here: dict[bytes, int] = {}
            for addresses, rights, _, device, number, *_ in (line.split() for line in lines if line.count(b" ") >= 4):
                if rights.endswith(b"s"):
                    start, end = (int(one, 16) for one in addresses.split(b"-"))
                    thing = device + b" " + number
                    here[thing] = here.get(thing, 0) + end - start
            for thing, size in here.items():
                sizes[thing] = max(size, sizes.get(thing, 0))
    finally:
        os.close(proc)
    return sum(sizes.values())


class Watched(Protocol):
    """What the watch looks after: a cage."""

    def look(self) -> None:
        """Look once, and end the tree when it takes too much."""

    def kill(self, why: str = ...) -> None:
        """End the tree."""


@dataclass
class _Watch:
    lock: threading.Lock = field(default_factory=threading.Lock)
    cages: "weakref.WeakSet[Watched]" = field(default_factory=weakref.WeakSet)
    thread: threading.Thread | None = None

    def work(self) -> None:
        while True:
            time.sleep(IDLE_TICK_SECONDS)
            with self.lock:
                cages = list(self.cages)
                if not cages:
                    self.thread = None
                    return
            for one in cages:
                with contextlib.suppress(OSError):
                    one.look()
            del cages


_watch = _Watch()


def end_all() -> None:
    """End every cage of this process."""
    with _watch.lock:
        cages = list(_watch.cages)
    for one in cages:
        one.kill("the program ended")


atexit.register(end_all)


def watch_over(cage: Watched) -> None:
    """Look after a cage, from time to time, until `leave`."""
    with _watch.lock:
        _watch.cages.add(cage)
        if _watch.thread is None:
            _watch.thread = threading.Thread(target=_watch.work, name="sensorium-watchdog", daemon=True)
            _watch.thread.start()


def leave(cage: Watched) -> None:
    """Look after it no more."""
    with _watch.lock:
        _watch.cages.discard(cage)


def _forget() -> None:
    _watch.lock, _watch.thread = threading.Lock(), None
    _watch.cages = weakref.WeakSet()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
