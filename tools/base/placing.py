"""Put files into a folder that stays the same one, whatever its name leads to meanwhile; no name leaves it."""

import os
import shutil
import stat
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from .opening import WALKS, open_folder, open_kept

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
_READ = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
_NOT_THROUGH: dict[str, Any] = {"follow_symlinks": False} if os.link in os.supports_follow_symlinks else {}


class Place:
    """A folder, held open where the system allows that."""

    def __init__(self, folder: Path, descriptor: int | None) -> None:
        self.folder = folder
        self._descriptor = descriptor

    def find(self, name: str) -> os.stat_result | None:
        """Return what a name stands for, itself where it is a link; None for nothing."""
        try:
            return os.stat(self._named(name), dir_fd=self._descriptor, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def copy(self, source: Path, name: str) -> Path:
        """Copy a file so that its name always stands for the whole of it; what had the name, a link too, is replaced.

        Raises:
            OSError: It cannot be written.
            MediaError: The source is no longer what it was.
        """
        temporary = f".{uuid.uuid4().hex}.part"
        descriptor = os.open(self._named(temporary), _NEW, 0o666, dir_fd=self._descriptor)
        try:
            with os.fdopen(descriptor, "wb") as written, os.fdopen(open_kept(source), "rb") as read:
                shutil.copyfileobj(read, written, 1 << 20)
            self._move(temporary, name)
        except BaseException:
            with suppress(OSError):
                os.unlink(self._named(temporary), dir_fd=self._descriptor)
            raise
        return self.folder / name

    def link(self, source: Path, name: str) -> Path:
        """Give a file a second name here, which costs no space.

        Raises:
            OSError: The name is taken, or the file is on another disk, or was exchanged meanwhile.
            MediaError: The source is no longer what it was.
        """
        descriptor = open_kept(source)
        try:
            os.link(source, self._named(name), dst_dir_fd=self._descriptor, **_NOT_THROUGH)
            found = self.find(name)
            if found is None or not os.path.samestat(found, os.fstat(descriptor)):
                os.unlink(self._named(name), dir_fd=self._descriptor)
                raise OSError(f"{source} was exchanged")
        finally:
            os.close(descriptor)
        return self.folder / name

    def open(self, name: str) -> BinaryIO:
        """Open a file to be read; a link is not followed.

        Raises:
            OSError: It cannot be, or is a link.
        """
        return os.fdopen(os.open(self._named(name), _READ, dir_fd=self._descriptor), "rb")

    def holds(self, name: str, source: Path) -> bool:
        """Return whether a name stands for a regular file of the same content.

        Raises:
            MediaError: The source is no longer what it was.
        """
        found = self.find(name)
        if found is None or not stat.S_ISREG(found.st_mode):
            return False
        with os.fdopen(open_kept(source), "rb") as one:
            about = os.fstat(one.fileno())
            if os.path.samestat(about, found):
                return True
            if about.st_size != found.st_size:
                return False
            with self.open(name) as other:
                while piece := one.read(1 << 20):
                    if piece != other.read(1 << 20):
                        return False
        return True

    def _move(self, old: str, new: str) -> None:
        os.replace(self._named(old), self._named(new), src_dir_fd=self._descriptor, dst_dir_fd=self._descriptor)

    def _named(self, name: str) -> str | Path:
        """Return a name as the calls take it; one that could lead elsewhere is a mistake of ours."""
        if not name or name in (".", "..") or any(sign in name for sign in ("/", os.sep, os.altsep or "/", "\0")):
            raise ValueError(f"{name!r} is no name of a file")
        return self.folder / name if self._descriptor is None else name


@contextmanager
def placed(folder: Path, *, make: bool = False) -> Iterator[Place]:
    """Give a folder to put files into.

    Args:
        folder: Its absolute path, with links resolved: one that stands there by now is not followed.
        make: Make what is missing of it.

    Raises:
        OSError: It cannot be made or written, or a link stands where there was none.
    """
    if not WALKS:
        if make:
            folder.mkdir(parents=True, exist_ok=True)
        if os.path.normcase(os.path.realpath(folder)) != os.path.normcase(folder):
            raise OSError(f"{folder} leads elsewhere")
        yield Place(folder, None)
        return
    descriptor = open_folder(folder, make=make)
    try:
        yield Place(folder, descriptor)
    finally:
        os.close(descriptor)
