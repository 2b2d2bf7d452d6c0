"""Open files so that what was checked is what is read, whatever becomes of their names meanwhile."""

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from .errors import MediaError

if TYPE_CHECKING:
    _Path = Path
else:
    _Path = type(Path())  # of this system: `Path` itself cannot be derived from before Python 3.12

# Not a pipe that waits for a writer, nor a terminal that takes this process over.
_READ = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
_BINARY, _NO_LINK = getattr(os, "O_BINARY", 0), getattr(os, "O_NOFOLLOW", 0)
# A folder that is only passed through needs no permission to be listed, where the system has a word for that.
_FOLDER = getattr(os, "O_PATH", os.O_RDONLY) | getattr(os, "O_DIRECTORY", 0) | _NO_LINK | getattr(os, "O_CLOEXEC", 0)
WALKS = os.open in os.supports_dir_fd and os.stat in os.supports_dir_fd and bool(_NO_LINK)
"""Whether this system opens names below an open folder."""


@dataclass(frozen=True)
class Known:
    """What tells a file from any other, and from itself after a change."""

    bytes: int
    modified_ns: int
    identity: str = ""
    """Device and number; empty where they are not known."""

    @classmethod
    def of(cls, state: os.stat_result) -> "Known":
        return cls(state.st_size, state.st_mtime_ns, f"{state.st_dev}:{state.st_ino}")

    def fits(self, other: "Known") -> bool:
        """Return whether both are of the same file, unchanged."""
        same = self.identity == other.identity or not (self.identity and other.identity)
        return same and (self.bytes, self.modified_ns) == (other.bytes, other.modified_ns)


class KeptPath(_Path):
    """The path of a file that was checked: what lies there when it is opened must be that file."""

    known: Known | None = None
    """None for paths that are derived from it."""

    @classmethod
    def to(cls, path: Path, known: Known) -> "KeptPath":
        kept = cls(path)
        kept.known = known
        return kept

    def open(self, mode: str = "r", *more: Any, **named: Any) -> IO[Any]:  # type: ignore[override]
        """Open it to be read.

        Raises:
            MediaError: Something else lies there, or it was changed.
        """
        if self.known is None:
            return super().open(mode, *more, **named)
        descriptor = open_kept(self)
        try:
            return open(descriptor, mode, *more, **named)  # noqa: PTH123 - a descriptor
        except BaseException:
            os.close(descriptor)
            raise


def open_kept(path: Path) -> int:
    """Return a descriptor for reading a regular file; of a `KeptPath` the very file that was checked.

    Raises:
        MediaError: It is not, or cannot be read.
    """
    known = path.known if isinstance(path, KeptPath) else None
    try:
        descriptor = os.open(path, _READ | _BINARY | (_NO_LINK if known else 0))
    except OSError as error:
        raise MediaError(f"{path.name!r} cannot be read: {error.strerror}. Check the file's permission.") from error
    try:
        state = os.fstat(descriptor)
        if not stat.S_ISREG(state.st_mode):
            raise MediaError(f"{path.name!r} is not a regular file. Copy its content to a file.")
        if known and not known.fits(Known.of(state)):
            raise changed(path)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


@contextmanager
def opened(path: Path, state: os.stat_result, *, strict: bool) -> Iterator[int]:
    """Give a descriptor for reading a file that was looked at.

    Args:
        path: Where it is.
        state: What was seen there.
        strict: No part of the path may be a link by now: it was resolved, and its place allowed, by someone else.

    Raises:
        OSError: It cannot be read, or a link stands where there was none.
        MediaError: Something else lies there by now.
    """
    descriptor = _walked(path) if strict else os.open(path, _READ | _BINARY)
    try:
        found = os.fstat(descriptor)
        if not Known.of(found).fits(Known.of(state)) or not stat.S_ISREG(found.st_mode):
            raise changed(path)
        yield descriptor
    finally:
        os.close(descriptor)


def _walked(path: Path) -> int:
    if not WALKS:
        return _followed(path)
    folder = open_folder(path.parent)
    try:
        # A device does something when it is opened, so it is looked at first.
        if not stat.S_ISREG(os.stat(path.name, dir_fd=folder, follow_symlinks=False).st_mode):
            raise changed(path)
        return os.open(path.name, _READ | _NO_LINK, dir_fd=folder)
    finally:
        os.close(folder)


def _followed(path: Path) -> int:
    """Open a path by name, and see afterwards that no link has led elsewhere."""
    descriptor = os.open(path, _READ | _BINARY)
    try:
        if os.path.normcase(_place_of(descriptor)) != os.path.normcase(path):
            raise changed(path)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _place_of(descriptor: int) -> str:
    """Return the path an open file has now; asked of the descriptor, as names can be exchanged while they are read."""
    if sys.platform == "win32":
        import ctypes
        import msvcrt

        name = ctypes.create_unicode_buffer(32768)  # the longest path of that system
        handle = ctypes.c_void_p(msvcrt.get_osfhandle(descriptor))
        if not ctypes.windll.kernel32.GetFinalPathNameByHandleW(handle, name, len(name), 0):
            raise ctypes.WinError()
        return name.value.replace("\\\\?\\UNC\\", "\\\\", 1).removeprefix("\\\\?\\")
    if sys.platform == "darwin":
        import fcntl

        return os.fsdecode(fcntl.fcntl(descriptor, fcntl.F_GETPATH, bytes(1024)).rstrip(b"\0"))
    return str(Path(f"/proc/self/fd/{descriptor}").readlink())


def open_folder(folder: Path, *, make: bool = False) -> int:
    """Return a descriptor of a folder no part of whose absolute path is a link; for systems that walk.

    Args:
        folder: Its path, with links resolved.
        make: Make what is missing of it.

    Raises:
        OSError: It is not there, or a link stands where there was none.
    """
    try:
        return _down(folder, make=make)
    except PermissionError:
        if hasattr(os, "O_PATH"):
            raise
    # Without that word a folder that may be passed through and not listed cannot be opened on the way.
    descriptor = os.open(folder, _FOLDER)
    try:
        if _place_of(descriptor) != str(folder):
            raise OSError(f"{folder} leads elsewhere")
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _down(folder: Path, *, make: bool) -> int:
    at = os.open(folder.anchor, _FOLDER)
    for part in folder.parts[1:]:
        try:
            if make:
                try:
                    os.mkdir(part, dir_fd=at)
                except FileExistsError:
                    pass
                except PermissionError:
                    if not _is_there(part, at):
                        raise
            below = os.open(part, _FOLDER, dir_fd=at)
        finally:
            os.close(at)
        at = below
    return at


def _is_there(name: str, folder: int) -> bool:
    try:
        return stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
    except OSError:
        return False


def changed(path: Path) -> MediaError:
    """Return the error of a file that is no longer the one that was looked at."""
    return MediaError(f"{str(path)!r} has changed since it was read. Name the file again to use the new one.")


def is_of_the_system(path: Path) -> bool:
    """Return whether a path leads to where a system shows itself as files: what is there is no media."""
    return (
        sys.platform != "win32" and path.parts[1:2] in (("proc",), ("sys",), ("dev",)) and path.parts[2:3] != ("shm",)
    )
