"""Lay measures out by file, so that several files can be compared."""

from collections.abc import Sequence

from ..base.moments import Measure
from .counted import base_name
from .model import File


def grid(measures: Sequence[Measure], files: Sequence[File]) -> list[tuple[str, list[Measure | None]]]:
    """Return rows of a measure's name and its value in each file, in order of first appearance."""
    columns = {file.handle: at for at, file in enumerate(files)}
    rows: dict[str, list[Measure | None]] = {}
    for measure in measures:
        at = columns.get(measure.media or "", 0)
        name = base_name(measure.name) if len(files) > 1 else measure.name
        row = rows.setdefault(name, [None] * max(1, len(files)))
        if row[at] is not None:  # the same measure twice for one file: a row of its own
            row = rows.setdefault(measure.name, [None] * max(1, len(files)))
        row[at] = measure
    return list(rows.items())
