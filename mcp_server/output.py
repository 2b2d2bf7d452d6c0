"""Copies of what was made, in one folder, under names that people understand."""

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ..tools.base.errors import StorageError
from ..tools.base.file_names import FORBIDDEN, is_device
from ..tools.base.placing import placed

if TYPE_CHECKING:
    from ..tools.base.run import Run
    from ..tools.base.workspace import Artifact

LONGEST_STEM = 80


def lay_out(artifact: "Artifact", folder: Path, run: "Run") -> Path:
    """Return where an artifact lies for its user: a user's own file at its place, what was made in `folder`.

    The copy has the start of the content's hash in its name, so nothing is replaced and nothing is copied twice.

    Raises:
        StorageError: The folder cannot be written.
        MediaError: The content was moved, removed or changed since.
    """
    source = run.path(artifact.handle)
    if not source.is_relative_to(run.settings.home):
        return source
    return _copied(source, folder, made_name(artifact.name, artifact.sha256))


def lay_out_run(artifacts: Sequence["Artifact"], sources: Sequence[str], folder: Path, run: "Run") -> dict[str, Path]:
    """Copy what a run made into a folder of its own, under plain names: its report refers to them by these.

    Args:
        artifacts: What it made.
        sources: Handles of the media it was about; laid beside the report, which plays them, where that costs no space.
        folder: Where to.
        run: Knows where the contents are.

    Returns:
        Where each artifact lies, by handle.

    Raises:
        StorageError: The folder cannot be written.
        MediaError: A content was moved, removed or changed since.
    """
    places: dict[str, Path] = {}
    taken: set[str] = set()
    for artifact in artifacts:
        plain = made_name(artifact.name)
        name = plain if plain.casefold() not in taken else made_name(artifact.name, artifact.sha256)
        taken.add(name.casefold())
        places[artifact.handle] = _copied(run.path(artifact.handle), folder, name)
    for handle in sources:
        beside = made_name(run.name(handle))
        if beside.casefold() not in taken:
            # Nothing was made, it is there, on another disk, or links are not known here.
            with suppress(OSError), placed(folder) as place:
                place.link(run.path(handle), beside)
    return places


def _copied(source: Path, folder: Path, name: str) -> Path:
    """Copy unless that was done, so that what has the name is always whole."""
    try:
        with placed(folder, make=True) as place:
            return folder / name if place.holds(name, source) else place.copy(source, name)
    except OSError as error:
        raise StorageError(
            f"{str(folder)!r} cannot be written: {error.strerror or error}. Free the disk, or restart the server with "
            "another `--out-dir`."
        ) from error


def made_name(name: str, sha256: str = "") -> str:
    """Return a name that every system accepts and that stays in its folder; with the hash, it is the content's own."""
    plain = "".join("_" if letter in FORBIDDEN or not letter.isprintable() else letter for letter in name)
    stem, ending = os.path.splitext(plain.strip(" ."))  # noqa: PTH122 - a name, not a path
    stem = stem.encode()[:LONGEST_STEM].decode(errors="ignore").strip(" .")
    if sha256 or is_device(stem):
        stem = f"{stem or 'file'}-{sha256[:8]}"
    return f"{stem or 'file'}{ending[:12]}"
