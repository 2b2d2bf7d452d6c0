"""Which files a client may name: regular ones inside the allowed folders, and nothing else."""

import difflib
import os
import re
import stat
import sys
from collections.abc import Iterable, Sequence
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
    made: Path | None = None
    """The one of the folders that what is made is put into."""

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
                why = (isinstance(error, OSError) and error.strerror) or error
                raise ArgumentError(
                    f"The allowed folder {str(folder)!r} cannot be opened: {why}. Make it, or name another."
                ) from error
            if not resolved[-1].is_dir():
                raise ArgumentError(f"The allowed folder {str(folder)!r} is a file. Give the folder it is in.")
        return cls(tuple(dict.fromkeys(resolved)), private.resolve() if private else None)

    def plus(self, folder: Path) -> "Access":
        """Return this access with one more folder, named without links; without it where one has taken its place.

        A link that has taken the place of a folder above it leads to files that are not inside.
        """
        if folder.is_symlink():
            return self
        return replace(self, folders=(*self.folders, folder), made=folder)

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
                if isinstance(error, PermissionError):
                    raise MediaError(f"{named!r} cannot be read: the permission of a folder is missing.") from error
                raise MediaError(f"{named!r} does not exist.{self._near(named)}") from error
            raise self._outside(named) from error
        if not self._contains(real) or (is_of_the_system(real) and not any(map(is_of_the_system, self.folders))):
            raise self._outside(named)
        try:
            mode = real.lstat().st_mode  # a link by now is none of the kinds that are opened
        except OSError as error:
            raise MediaError(f"{named!r} does not exist any more. Name it again.") from error
        if stat.S_ISDIR(mode):
            raise MediaError(f"{named!r} is a folder, and a file is needed.{self._content(self._named(named, real))}")
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
        looked: set[Path] = set()
        if len(beginning) > LONGEST_PATH or _UNSEEN.search(beginning):
            return found
        for folder in self.folders:
            typed = Path(os.path.normpath(folder / beginning))
            parent = typed if beginning.endswith("/") or not beginning else typed.parent
            if not self._contains(parent) or not self._contains(Path(os.path.realpath(parent))):
                continue
            if parent in looked or not parent.is_relative_to(folder):  # a whole path, which is in another folder
                continue
            looked.add(parent)
            start = "" if parent == typed else typed.name.casefold()
            names = [one for one in _names(parent) if one.casefold().startswith(start)]
            shown = parent if self.is_told else parent.relative_to(folder)
            names = names[: limit - len(found)]  # to look at each of thousands takes a second
            found += [str(shown / one) + ("/" if (parent / one).is_dir() else "") for one in names]
        return found

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

    def _near(self, named: str) -> str:
        """Say which files have similar names, to be named alike; of folders that may not be read nothing is said."""
        wanted = _plain_path(named)
        places = [wanted] if wanted.is_absolute() else [folder / wanted for folder in self.folders]
        if folders := self._readable(one.parent for one in places):
            before = named.removesuffix(wanted.name) if named.endswith(wanted.name) else ""
            # A link may have that very name and lead nowhere.
            names = [one for folder in folders for one in _names(folder) if one != wanted.name]
        else:  # the name may be right where the folder before it is not
            folders, before = self._readable(self.folders), ""
            names = [one for folder in folders for one in _names(folder)]
        near = " or ".join(repr(before + one) for one in _similar(wanted.name, names))
        gone = [str(one) for one in self.folders if one != self.made and not _is_there(one)]
        absent = f" Not there now: {', '.join(gone)}." if gone and self.is_told else ""
        return (f" Did you mean {near}?" if near else self._content(folders)) + absent

    def _named(self, named: str, real: Path) -> list[Path]:
        """Return the folders that a name may mean: a relative one is looked for in each of the allowed folders."""
        path = _plain_path(named)
        return [real] if path.is_absolute() else self._readable(folder / path for folder in self.folders)

    def _readable(self, folders: Iterable[Path]) -> list[Path]:
        """Return those of the folders that are there and may be read."""
        real = dict.fromkeys(Path(os.path.realpath(one)) for one in folders)
        return [one for one in real if self._contains(one) and _is_there(one) and one.is_dir()]

    def _content(self, folders: Sequence[Path]) -> str:
        """Say what lies in folders, for a client may have no other way to see it."""
        listed = [one for one in folders if one != self.made] or folders
        letters = MOST_LETTERS // max(1, len(listed))
        if len(listed) == 1:
            return _content(listed[0], "that folder", letters)
        named = [str(one) if self.is_told else "one of the folders" for one in listed]
        return "".join(_content(one, name, letters) for one, name in zip(listed, named, strict=True))


def without_folders(said: str, folders: Iterable[Path | str]) -> str:
    """Return a text that names files of these folders by their relative paths, for a client on another machine."""
    for folder in folders:
        said = said.replace(f"{folder}{os.sep}", "")
    return said


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
    try:
        names = os.listdir(folder)  # noqa: PTH208
    except OSError:  # it may not be read, or is no longer there
        return []
    return sorted(one for one in names if one[0] != "." and not _UNSEEN.search(one))


def _similar(name: str, others: Iterable[str]) -> list[str]:
    """Return names like this one, the most similar first; capitals count nothing."""
    folded = {one.casefold(): one for one in others}
    near = difflib.get_close_matches(name.casefold(), folded, n=NEAR_NAMES, cutoff=0.5)
    return [folded[one] for one in near]


def _content(folder: Path, said: str, letters: int) -> str:
    """Say what lies in a folder, in about so many letters."""
    if not os.access(folder, os.R_OK):
        return f" The permission to read what is in {said} is missing."
    names = [f"{one}/" if _is_folder(folder / one) else one for one in _names(folder)]
    if not names:
        return f" There are no files in {said}."
    shown = names[:MOST_NAMES]
    while len(shown) > 1 and sum(map(len, shown)) > letters:
        shown.pop()
    more = f" and {len(names) - len(shown)} more" if len(names) > len(shown) else ""
    return f" In {said} are: {', '.join(shown)}{more}."


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()
