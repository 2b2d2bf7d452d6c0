"""Which files a client may name: regular ones inside the allowed folders, and nothing else."""

import difflib
import os
import re
import stat
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ..tools.base.errors import ArgumentError, MediaError
from ..tools.base.opening import is_of_the_system

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")
_DRIVE = re.compile(r"[A-Za-z]:")
# Half a letter, as stands for a byte of a name that is no text, cannot be written into a message.
_UNSEEN = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
LONGEST_PATH = 16_384
"""Letters; no system opens a longer one, and one of a million folders takes hours to look at."""
NEAR_NAMES = 5
MOST_NAMES, MOST_LETTERS = 40, 1200
"""Of what lies in a folder, as far as it fits into an error."""


@dataclass(frozen=True)
class Access:
    """The folders whose files a client may name, with links resolved; none when it may only name artifacts."""

    folders: tuple[Path, ...] = ()
    private: Path | None = None
    """A folder whose files are refused even inside an allowed one; an allowed folder inside it counts more."""
    is_told: bool = True
    """Clients are told the paths of the folders; not those on another machine."""

    @classmethod
    def to(cls, folders: Sequence[str | Path], *, private: Path | None = None) -> "Access":
        """Allow these folders.

        Args:
            folders: What may be read, with all that is inside.
            private: Sensorium's own folder, which holds other runs and the server's token.

        Raises:
            ArgumentError: One is missing, or is no folder.
        """
        resolved = []
        for folder in folders:
            try:
                resolved.append(Path(folder).expanduser().resolve(strict=True))
            except (OSError, RuntimeError) as error:
                raise ArgumentError(f"The allowed folder {str(folder)!r} cannot be opened: {error}.") from error
            if not resolved[-1].is_dir():
                raise ArgumentError(f"The allowed folder {str(folder)!r} is a file. Give the folder it is in.")
        return cls(tuple(dict.fromkeys(resolved)), private.resolve() if private else None)

    def plus(self, folder: Path) -> "Access":
        """Return this access with one more folder, named without links; without it where one has taken its place.

        A link that has taken the place of a folder above it leads to files that are not inside.
        """
        if folder.is_symlink():
            return self
        return replace(self, folders=(*self.folders, folder))

    def open(self, named: str) -> Path:
        """Return the real path of a file that a client named.

        A link is followed only to a place inside the allowed folders. What lies outside is refused in the same words
        whether it exists or not.

        Raises:
            ArgumentError: The form of the path is refused, or it is not inside the allowed folders.
            MediaError: There is no such file, or it is no regular file.
        """
        if len(named) > LONGEST_PATH:
            raise ArgumentError(f"A path has at most {LONGEST_PATH:,} letters, and this one has {len(named):,}.")
        path = self._find(_plain_path(named), named)
        try:
            real = path.resolve(strict=True)
        except (OSError, RuntimeError) as error:  # RuntimeError: a loop of links
            if self._contains(Path(os.path.normpath(path))) and self._contains(Path(os.path.realpath(path))):
                raise MediaError(f"{named!r} does not exist.{self._near(path, named)}") from error
            raise self._outside(named) from error
        if not self._contains(real) or (is_of_the_system(real) and not any(map(is_of_the_system, self.folders))):
            raise self._outside(named)
        try:
            mode = real.lstat().st_mode  # a link by now is none of the kinds that are opened
        except OSError as error:
            raise MediaError(f"{named!r} does not exist any more. Name it again.") from error
        if stat.S_ISDIR(mode):
            raise MediaError(f"{named!r} is a folder, and a file is needed.{_content(real)}")
        if not stat.S_ISREG(mode):
            raise MediaError(f"{named!r} is not a regular file (a device, pipe or socket). Name a regular file.")
        return real

    def check(self, real: Path) -> None:
        """Refuse a path, whose links were resolved by the one who opened it, that is not inside the allowed folders.

        Raises:
            ArgumentError: It is not.
        """
        if not self._contains(real):
            raise self._outside(real.name)

    def listing(self, beginning: str, limit: int = 100) -> list[str]:
        """Return files of the allowed folders whose path starts so: completions of what a user types."""
        found: list[str] = []
        if len(beginning) > LONGEST_PATH or _UNSEEN.search(beginning):
            return found
        for folder in self.folders:
            typed = Path(os.path.normpath(folder / beginning))
            parent = typed if beginning.endswith("/") or not beginning else typed.parent
            if not self._contains(parent) or not self._contains(Path(os.path.realpath(parent))):
                continue
            start = "" if parent == typed else typed.name.casefold()
            try:
                names = [one for one in _names(parent) if one.casefold().startswith(start)]
            except OSError:
                continue
            shown = parent if self.is_told else parent.relative_to(folder)
            found += [str(shown / one) + ("/" if (parent / one).is_dir() else "") for one in names]
        return found[:limit]

    def _find(self, path: Path, named: str) -> Path:
        """Return an absolute path; a relative one is looked for in each allowed folder."""
        if not self.folders:
            raise ArgumentError(
                f"{named!r} is a path, and this server reads no folder. Upload the file (`POST /upload`) and give the "
                "`artifact://…` handle that it answers with."
            )
        if path.is_absolute():
            return path
        candidates = [folder / path for folder in self.folders]
        return next((one for one in candidates if _is_there(one)), candidates[0])

    def _contains(self, path: Path) -> bool:
        allowed = [folder for folder in self.folders if path.is_relative_to(folder)]
        if self.private and path.is_relative_to(self.private):
            return any(folder.is_relative_to(self.private) for folder in allowed)
        return bool(allowed)

    def _outside(self, named: str) -> ArgumentError:
        if not self.is_told:
            return ArgumentError(
                f"{named!r} is not inside the folders that this server may read. Name a file in them by its relative "
                "path, or upload the file (`POST /upload`) and give the handle that it answers with."
            )
        folders = ", ".join(str(one) for one in self.folders) or "none"
        return ArgumentError(
            f"{named!r} is not inside the folders that this server may read: {folders}. A link that leads out of them "
            "is not followed. Copy the file there, or restart the server with another `--allow-dir`."
        )

    def _near(self, path: Path, named: str) -> str:
        """Say which files of that folder have similar names, to be named alike; of any other folder nothing is said."""
        parent = Path(os.path.realpath(path.parent))
        if not self._contains(parent) or not _is_there(parent) or not parent.is_dir():
            return f" The folders are: {', '.join(str(one) for one in self.folders)}." if self.is_told else ""
        others = [one for one in _names(parent) if one != path.name]  # a link may have that name and lead nowhere
        near = difflib.get_close_matches(path.name, others, n=NEAR_NAMES, cutoff=0.5)
        folder = named.removesuffix(path.name) if named.endswith(path.name) else ""
        return f" Did you mean {' or '.join(repr(folder + one) for one in near)}?" if near else _content(parent)


def _plain_path(named: str) -> Path:
    """Return what a client wrote as a path of this system, without looking at the disk.

    Raises:
        ArgumentError: It is an address, or has a form that is refused everywhere or on this system.
    """
    text = named
    if text[:5].lower() == "file:":
        try:
            address = urlsplit(text)
        except ValueError as error:  # brackets that are no IPv6 address
            raise ArgumentError(f"{named!r} is no address of a file. Write the path.") from error
        if address.netloc not in ("", "localhost"):
            raise ArgumentError(f"{named!r} names a file of another machine. Give a path of this one.")
        text = unquote(address.path)  # once: what is still encoded afterwards is part of a name
        if sys.platform == "win32" and _DRIVE.match(text[1:]):
            text = text[1:]
    elif _SCHEME.match(text) and not _DRIVE.fullmatch(text[:2]):
        raise ArgumentError(f"{named!r} is an address, and files are read from disk only. Download it first.")
    if not text.strip() or _UNSEEN.search(text):
        raise ArgumentError(f"{named!r} is empty, or has letters that no path has (NUL, line breaks). Write the path.")
    if text[:2] in ("\\\\", "//", "\\/", "/\\"):
        raise ArgumentError(f"{named!r} is the path of a network share or a device. Give a path on a disk.")
    if sys.platform == "win32":
        if ":" in text[2:] or (text[1:2] == ":" and text[2:3] not in ("\\", "/")):
            raise ArgumentError(f"{named!r} has a colon that no whole path has. Write it as `C:\\folder\\file`.")
    elif _DRIVE.match(text) and text[2:3] in ("\\", "/"):
        raise ArgumentError(f"{named!r} is a Windows path, and this server runs on {sys.platform}. Give its path here.")
    if ".." in re.split(r"[/\\]", text):
        raise ArgumentError(f"{named!r} goes up with `..`. Write the path without it.")
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise ArgumentError(f"{named!r} begins with a user's name that is not known. Write the whole path.") from error


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name too long for the disk, for example
        return False


def _names(folder: Path) -> list[str]:
    """Return the names in a folder that a client can read and write; hidden ones are left out."""
    return sorted(one for one in os.listdir(folder) if one[0] != "." and not _UNSEEN.search(one))  # noqa: PTH208


def _content(folder: Path) -> str:
    """Say what lies in a folder: a client may have no other way to see it."""
    names = [f"{one}/" if _is_folder(folder / one) else one for one in _names(folder)]
    if not names:
        return " There are no files in it."
    shown = names[:MOST_NAMES]
    while len(shown) > 1 and sum(map(len, shown)) > MOST_LETTERS:
        shown.pop()
    more = f" and {len(names) - len(shown)} more" if len(names) > len(shown) else ""
    return f" In that folder are: {', '.join(shown)}{more}."


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()
