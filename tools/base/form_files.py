"""Files of a form that is sent in several parts."""

from collections.abc import Mapping, Sequence

File = tuple[str, bytes, str]
"""Name, content and media type."""
Files = Mapping[str, File] | Sequence[tuple[str, File]]
"""The form's fields and their files; pairs where several files have one field."""


def parts_of(files: Files | None) -> list[tuple[str, File]]:
    """Return fields and files in their order."""
    return list(files.items() if isinstance(files, Mapping) else files or ())
