"""Put what a run made into a folder of the user's."""

import errno
import os
import stat
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..tools.base.errors import ArgumentError, StorageError
from ..tools.base.file_names import FORBIDDEN, is_device
from ..tools.base.placing import Place, placed
from ..tools.base.visible import clean
from ..tools.base.workspace import Artifact, Workspace

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


def deliver(artifacts: Iterable[Artifact], workspace: Workspace, sources: Sequence[Path], folder: Path) -> Delivered:
    """Copy artifacts into a folder under their own names, and lay the source media beside a report.

    What an earlier run left there is replaced, for the library has it; anything else stays, and a number is added to
    the name of what is written.

    Args:
        artifacts: What the run made.
        workspace: It has them.
        sources: The user's files.
        folder: Where to; it exists.

    Raises:
        StorageError: A file cannot be written: the disk is full.
    """
    sources = [one.resolve() for one in sources if one.is_file()]
    taken: set[str] = set()
    files, notes = [], []
    try:
        # The folder that the user named, links and all; from here on it is that one, whatever its name leads to.
        with placed(folder.resolve()) as place:
            for artifact in artifacts:
                content, wanted = workspace.path(artifact.handle), safe_name(artifact.name)
                name = _free(wanted, content, place, taken, sources=sources, workspace=workspace)
                if name != wanted and wanted.casefold() not in taken:
                    notes.append(f"{str(folder / wanted)!r} was there before, and stays; {name!r} was written.")
                taken.add(name.casefold())
                place.copy(content, name)
                files.append(folder / name)
            if any(one.suffix == ".html" for one in files):
                notes += [note for one in sources if (note := _lay_beside(one, place, folder, taken))]
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        remedy = "Free the disk, then ask again." if full else "Give another folder with `-o`."
        raise StorageError(f"{str(folder)!r} cannot be written: {error.strerror or error}. {remedy}") from error
    return Delivered(folder=folder, files=files, notes=notes)


def safe_name(name: str) -> str:
    """Return a name that every system accepts and that stays in its folder."""
    name = "".join("_" if letter in FORBIDDEN else letter for letter in clean(name, keep="")).strip(" .") or "file"
    stem, ending = os.path.splitext(name)  # noqa: PTH122 - a name, not a path
    stem = stem.encode()[: _MAX_NAME_BYTES - len(ending.encode())].decode(errors="ignore")
    return f"_{stem}{ending}" if is_device(stem) else stem + ending


def _free(
    wanted: str, content: Path, place: Place, taken: set[str], *, sources: Sequence[Path], workspace: Workspace
) -> str:
    """Return `wanted`, or a numbered name where this delivery has that one, or what is there would be lost."""
    stem, ending = os.path.splitext(wanted)  # noqa: PTH122 - a name, not a path
    candidate, number = wanted, 1
    while (
        candidate.casefold() in taken
        or _is_one_of(place.folder / candidate, sources)
        or not (_may_go(candidate, place, workspace) or place.holds(candidate, content))
    ):
        number += 1
        candidate = f"{stem}-{number}{ending}"
    return candidate


def _may_go(name: str, place: Place, workspace: Workspace) -> bool:
    """Tell whether nothing has a name, or a file whose content the library has."""
    found = place.find(name)
    if found is None or not stat.S_ISREG(found.st_mode):
        return found is None
    with place.open(name) as file:
        return workspace.has(file)


def _is_one_of(path: Path, sources: Sequence[Path]) -> bool:
    """Return whether a name stands for one of the user's files, be it as a link to it."""
    return path.exists() and any(path.samefile(one) for one in sources)


def _lay_beside(source: Path, place: Place, folder: Path, taken: set[str]) -> str | None:
    """Put a source beside the report that plays it: a hard link costs no space."""
    if source.name.casefold() in taken:
        return f"{str(source)!r} was not laid beside the report: the name is taken by what the run made."
    if place.find(source.name):
        if _is_one_of(place.folder / source.name, [source]) or place.holds(source.name, source):
            return None
        return f"{str(folder / source.name)!r} is another file than {str(source)!r}; the report would play that one."
    try:
        place.link(source, source.name)
    except OSError:  # another disk, or a file system without links
        place.copy(source, source.name)
    return None
