"""Copies of what was made, in one folder, under names that people understand."""

import os
import shutil
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

from ..tools.base.errors import StorageError

if TYPE_CHECKING:
    from ..tools.base.run import Run
    from ..tools.base.workspace import Artifact

LONGEST_STEM = 80
_USUAL = frozenset("-_. ()+")


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
    target = folder / made_name(artifact.name, artifact.sha256)
    try:
        if target.is_file() and target.stat().st_size == artifact.bytes:
            return target
        folder.mkdir(parents=True, exist_ok=True)
        temporary = folder / f".{uuid.uuid4().hex}.part"
        try:
            shutil.copyfile(source, temporary)
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise StorageError(
            f"{str(folder)!r} cannot be written: {error.strerror}. Free the disk, or restart the server with another "
            "`--out-dir`."
        ) from error
    return target


def made_name(name: str, sha256: str) -> str:
    """Return a name that every system accepts, that stays in its folder and that is the content's own."""
    plain = "".join(letter if letter.isalnum() or letter in _USUAL else "_" for letter in name)
    stem, ending = os.path.splitext(plain.strip(" ."))  # noqa: PTH122 - a name, not a path
    stem = stem.encode()[:LONGEST_STEM].decode(errors="ignore").strip(" .")
    return f"{stem or 'file'}-{sha256[:8]}{ending[:12]}"
