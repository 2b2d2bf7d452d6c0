"""Put what a run made into a folder of the user's."""

import errno
import filecmp
import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..tools.base.errors import ArgumentError, StorageError
from ..tools.base.workspace import Artifact
from .printing import clean

# Not allowed in a name on Windows; a slash on no system.
_FORBIDDEN = frozenset('<>:"/\\|?*')
_DEVICES = {"con", "prn", "aux", "nul", *(f"{name}{number}" for name in ("com", "lpt") for number in range(1, 10))}
_MAX_NAME_BYTES = 200


@dataclass(frozen=True, kw_only=True)
class Delivered:
    """What lies in the folder now."""

    folder: Path
    files: list[Path]
    notes: list[str] = field(default_factory=list)
    """What a reader should know, for example a name that was taken."""


def prepare(folder: Path) -> None:
    """Make the folder and see that it can be written, before anything runs.

    Raises:
        ArgumentError: It cannot be used; the message says why.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except (FileExistsError, NotADirectoryError) as error:
        there = next((one for one in (folder, *folder.parents) if one.is_file()), folder)
        raise ArgumentError(f"`-o` needs a folder, and {str(there)!r} is a file. Choose another name.") from error
    except OSError as error:
        raise ArgumentError(
            f"`-o`: the folder {str(folder)!r} cannot be written: {error.strerror}. Choose another one."
        ) from error


def deliver(
    artifacts: Iterable[Artifact], content: Callable[[str], Path], sources: Sequence[Path], folder: Path
) -> Delivered:
    """Copy artifacts into a folder under their own names, and lay the source media beside a report.

    What an earlier run left there is replaced; a file the user gave to this run is not.

    Args:
        artifacts: What the run made.
        content: Returns where the content of a handle lies.
        sources: The user's files.
        folder: Where to; it exists.

    Raises:
        StorageError: A file cannot be written: the disk is full, or a folder has its name.
    """
    sources = [one for one in sources if one.is_file()]
    taken: set[str] = set()
    files, notes = [], []
    try:
        for artifact in artifacts:
            target = _free(folder / safe_name(artifact.name), taken, sources)
            if target.is_dir() and not target.is_symlink():
                raise StorageError(
                    f"{str(target)!r} is a folder, and a file of that name is to be written. Remove it, or give "
                    "another folder with `-o`."
                )
            _copy(content(artifact.handle), target)
            files.append(target)
        if any(one.suffix == ".html" for one in files):
            notes += [note for one in sources if (note := _lay_beside(one, folder / one.name, taken))]
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        remedy = "Free the disk, then ask again." if full else "Give another folder with `-o`."
        raise StorageError(f"{str(folder)!r} cannot be written: {error.strerror}. {remedy}") from error
    return Delivered(folder=folder, files=files, notes=notes)


def safe_name(name: str) -> str:
    """Return a name that every system accepts and that stays in its folder."""
    name = "".join("_" if letter in _FORBIDDEN else letter for letter in clean(name, keep="")).strip(" .") or "file"
    stem, ending = os.path.splitext(name)  # noqa: PTH122 - a name, not a path
    stem = stem.encode()[: _MAX_NAME_BYTES - len(ending.encode())].decode(errors="ignore")
    return f"_{stem}{ending}" if stem.partition(".")[0].casefold() in _DEVICES else stem + ending


def _free(target: Path, taken: set[str], sources: Sequence[Path]) -> Path:
    """Return `target`, or a numbered name where that one is taken by this delivery or is a source."""
    candidate, number = target, 1
    while candidate.name.casefold() in taken or (
        candidate.exists() and any(candidate.samefile(one) for one in sources)
    ):
        number += 1
        candidate = target.with_stem(f"{target.stem}-{number}")
    taken.add(candidate.name.casefold())
    return candidate


def _copy(source: Path, target: Path) -> None:
    """Copy so that `target` is always whole; what was linked under its name is left as it is."""
    temporary = target.with_name(f".{uuid.uuid4().hex}.part")
    try:
        shutil.copyfile(source, temporary)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def _lay_beside(source: Path, target: Path, taken: set[str]) -> str | None:
    """Put a source beside the report that plays it: a hard link costs no space."""
    if target.name.casefold() in taken:
        return f"{str(source)!r} was not laid beside the report: the name is taken by what the run made."
    if target.exists():
        if target.samefile(source) or filecmp.cmp(source, target, shallow=False):
            return None
        return f"{str(target)!r} is another file than {str(source)!r}; the report would play that one."
    try:
        os.link(source.resolve(), target)
    except OSError:  # another disk, or a file system without links
        _copy(source, target)
    return None
