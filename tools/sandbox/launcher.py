"""Starts processes from one thread that lasts as long as this process.

The kernel's death signal, with which a cage follows us, is sent when the *thread* ends that started it.

As root the thread also has a mount namespace of its own. There, folders that only root may enter are replaced by empty
ones that everyone may, with just the sources of the cages in them: an interpreter below `/root` can then be bound by
the unprivileged user that cages run as, and nothing beside it is reachable.
"""

import os
import queue
import stat
import subprocess
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

DROPPED_ID = 65534
"""The user and group `nobody`, that cages run as when we are root."""
_CLONE_NEWNS = 0x00020000
_MNT_DETACH = 2
_MS_NOSUID, _MS_NODEV, _MS_BIND, _MS_REC, _MS_PRIVATE = 2, 4, 0x1000, 0x4000, 0x40000


class UnreachableError(Exception):
    """A source lies where the user that cages run as cannot read it, and this cannot be helped here."""


@dataclass
class _Thread:
    jobs: "queue.SimpleQueue[tuple[Callable[[], Any], Future[Any]]]" = field(default_factory=queue.SimpleQueue)
    opened: dict[str, int] = field(default_factory=dict)
    """Folders only root may enter, and descriptors of what they were before they were replaced."""
    bound: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Sources that can be reached, and which file or folder each was."""
    unshared: bool = False
    number: int = 0

    def work(self) -> None:
        self.number = threading.get_ident()
        while True:
            job, future = self.jobs.get()
            try:
                future.set_result(job())
            except BaseException as error:
                future.set_exception(error)


@dataclass
class _Launcher:
    lock: threading.Lock = field(default_factory=threading.Lock)
    thread: _Thread | None = None


_launcher = _Launcher()


def launch(command: Sequence[str], sources: Sequence[str], **how: Any) -> "subprocess.Popen[bytes]":
    """Start a program that will read `sources`, as an unprivileged user when we are root.

    Raises:
        UnreachableError: A source cannot be read by that user.
        OSError: The program cannot be started.
    """
    thread = _lasting_thread()

    def start() -> "subprocess.Popen[bytes]":
        if os.geteuid() != 0:
            return subprocess.Popen(command, **how)
        for source in sources:
            _make_reachable(thread, os.path.realpath(source))
        return subprocess.Popen(command, user=DROPPED_ID, group=DROPPED_ID, extra_groups=[], **how)

    return in_lasting_thread(start)


def in_lasting_thread(job: Callable[[], T]) -> T:
    """Do something in the lasting thread and return what comes of it."""
    thread = _lasting_thread()
    if thread.number == threading.get_ident():  # what is collected as garbage may ask from here
        return job()
    future: Future[T] = Future()
    thread.jobs.put((job, future))
    return future.result()


def _lasting_thread() -> _Thread:
    with _launcher.lock:
        if _launcher.thread is None:
            _launcher.thread = _Thread()
            threading.Thread(target=_launcher.thread.work, name="sensorium-launcher", daemon=True).start()
        return _launcher.thread


def _forget() -> None:
    # A forked child has no thread but its own.
    _launcher.lock, _launcher.thread = threading.Lock(), None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def release(source: Path) -> None:
    """Let go of a source that no cage will need again."""
    name = os.path.realpath(source)

    def let_go() -> None:
        thread = _launcher.thread
        if thread and thread.bound.pop(name, None) and any(Path(name).is_relative_to(one) for one in thread.opened):
            with suppress(OSError):
                _system_call("umount2", os.fsencode(name), _MNT_DETACH)
                Path(name).rmdir()

    if (thread := _launcher.thread) and name in thread.bound:
        in_lasting_thread(let_go)


def _make_reachable(thread: _Thread, source: str) -> None:
    # What is made in a folder after it was replaced is not in the empty one.
    replaced = next((one for one in thread.opened if Path(source).is_relative_to(one)), None)
    closed = replaced or _closed_folder(source)
    if closed is None:
        about = os.stat(source)  # noqa: PTH116 - paths are strings here, for bwrap
    else:
        try:
            about = _bind_openly(thread, closed, source)
        except OSError as error:
            raise UnreachableError(
                f"{source!r} lies in {closed!r}, which only root may enter, and cannot be bound elsewhere "
                f"({error.strerror}). Start Sensorium as an ordinary user, or install Python and Sensorium where every "
                f"user may read."
            ) from error
    if not about.st_mode & os.R_OK:
        raise UnreachableError(f"{source!r} may only be read by its owner; `chmod -R o+rX {source}` lets others read.")
    thread.bound[source] = (about.st_dev, about.st_ino)


def _closed_folder(source: str) -> str | None:
    """Return the outermost folder on the way that others may not enter."""
    parents = [str(one) for one in reversed(Path(source).parents)]
    return next((one for one in parents if not Path(one).stat().st_mode & os.X_OK), None)


def _bind_openly(thread: _Thread, closed: str, source: str) -> os.stat_result:
    if not thread.unshared:
        _system_call("unshare", _CLONE_NEWNS)
        _mount(None, "/", None, _MS_REC | _MS_PRIVATE)
        thread.unshared = True
    if closed not in thread.opened:
        thread.opened[closed] = os.open(closed, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        _mount("tmpfs", closed, "tmpfs", _MS_NOSUID | _MS_NODEV, "size=1m,mode=0755")
    inside = os.path.relpath(source, closed)
    found = os.open(inside, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=thread.opened[closed])
    try:
        about = os.fstat(found)
        if thread.bound.get(source) != (about.st_dev, about.st_ino):
            _bind(found, about, Path(source))
    finally:
        os.close(found)
    return about


def _bind(found: int, about: os.stat_result, place: Path) -> None:
    if stat.S_ISDIR(about.st_mode):
        place.mkdir(parents=True, exist_ok=True)
    else:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch()
    _mount(f"/proc/thread-self/fd/{found}", str(place), None, _MS_BIND | _MS_REC)


def _mount(source: str | None, target: str, kind: str | None, flags: int, options: str | None = None) -> None:
    words = [None if one is None else os.fsencode(one) for one in (source, target, kind)]
    _system_call("mount", *words, flags, None if options is None else options.encode())


def _system_call(name: str, *arguments: Any) -> None:
    import ctypes

    library = ctypes.CDLL(None, use_errno=True)
    wrapped = [ctypes.c_ulong(one) if isinstance(one, int) and name == "mount" else one for one in arguments]
    if getattr(library, name)(*wrapped) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), name)


def quietly_close(descriptor: int) -> None:
    """Close a descriptor that may be closed already."""
    with suppress(OSError):
        os.close(descriptor)
