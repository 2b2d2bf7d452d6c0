"""The folder of files that a session was given, which its cage sees read-only.

Never an open descriptor of a user's file: its holder could change the file's mode and times.
"""

import contextlib
import errno
import functools
import os
import secrets
import shutil
import stat
import tempfile
import weakref
from collections.abc import Mapping
from pathlib import Path

from ..base.opening import open_kept
from .collect import safe_name
from .launcher import release

_PIECE_BYTES = 2**20
_PREFIX = "sensorium-in"


class Inbox:
    """Made when it is first needed."""

    def __init__(self, beside: Path | None = None) -> None:
        """Make the folder in `beside`, or where temporary files are."""
        self._beside = beside
        self._folder: Path | None = None
        self._removing: weakref.finalize[..., Inbox] | None = None
        self._held: dict[str, tuple[int, ...]] = {}

    def folder(self) -> Path:
        """Return the folder."""
        if self._folder is None:
            if self._beside:
                self._beside.mkdir(parents=True, exist_ok=True)
            sweep(self._beside or Path(tempfile.gettempdir()))
            self._folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}-{os.getpid()}-", dir=self._beside))
            self._folder.chmod(0o755)  # in the cage is another user
            self._removing = weakref.finalize(self, _remove, self._folder, os.getpid())
        return self._folder

    def hold(self, files: Mapping[str, Path | int]) -> None:
        """Put files there under their names, in the place of others that had them.

        Raises:
            OSError: One cannot be read.
        """
        for name, source in files.items():
            self._hold(safe_name(name), source)

    def remove(self) -> None:
        """Remove the folder and what is in it."""
        if self._removing:
            self._removing()
        self._folder, self._held = None, {}

    def _hold(self, name: str, source: Path | int) -> None:
        opened = os.dup(source) if isinstance(source, int) else open_kept(source)
        try:
            about = os.fstat(opened)
            if not stat.S_ISREG(about.st_mode):
                raise OSError(errno.EINVAL, "only a regular file can be given to code", str(source))
            signature = (about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns)
            if self._held.get(name) == signature:
                return
            place = self.folder() / name
            fresh = self.folder() / f".{secrets.token_hex(8)}"
            try:
                if isinstance(source, int) or not _link(source, fresh, about):
                    _copy(opened, fresh)
                fresh.replace(place)
            finally:
                fresh.unlink(missing_ok=True)
            self._held[name] = signature
        finally:
            os.close(opened)


def _remove(folder: Path, owner: int) -> None:
    if os.getpid() == owner:  # not in a child that was forked
        release(folder)
        shutil.rmtree(folder, ignore_errors=True)


@functools.cache
def sweep(beside: Path) -> None:
    """Once in a process, remove what processes left there that were killed."""
    for folder in beside.glob(f"{_PREFIX}-*-*"):
        pid = folder.name.split("-")[2]
        if pid.isdigit() and Path("/proc").is_dir() and not Path("/proc", pid).exists():
            shutil.rmtree(folder, ignore_errors=True)


def _link(source: Path, place: Path, about: os.stat_result) -> bool:
    """Make a link to a file that was opened, unless something else has its name by now."""
    if os.geteuid() == 0 and not about.st_mode & os.R_OK:  # only its owner may read it, not the user in the cage
        return False
    with contextlib.suppress(OSError):  # on another disk, or not ours
        os.link(source, place, follow_symlinks=False)
        if os.path.samestat(place.lstat(), about):
            return True
        place.unlink()
    return False


def _copy(opened: int, place: Path) -> None:
    """Copy an open file."""
    target = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    at = 0
    try:
        while piece := os.pread(opened, _PIECE_BYTES, at):
            at += len(piece)
            view = memoryview(piece)
            while view:
                view = view[os.write(target, view) :]
        os.fchmod(target, 0o644)
    finally:
        os.close(target)
