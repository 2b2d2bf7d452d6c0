"""Put lines of text in the order in which one reads them."""

from collections.abc import Sequence
from statistics import median

from .models import TextLine

# A line of running text is at least this many times wider than high (about ten letters).
RUNNING_TEXT_RATIO = 5.0
GUTTER = 0.02
"""Least width of the empty strip between two columns, as a part of the picture's width."""


def reading_order(lines: Sequence[TextLine], aspect: float) -> list[TextLine]:
    """Return lines as one reads them: row by row, but one column after the other where columns of text stand.

    Args:
        lines: In any order.
        aspect: Width of the picture divided by its height.
    """
    rows = _rows(lines)
    ordered: list[TextLine] = []
    start = 0
    while start < len(rows):
        ends = range(len(rows), start + 1, -1)
        split = next(((end, at) for end in ends if (at := _gutter(rows[start:end], aspect)) is not None), None)
        if split is None:
            ordered += rows[start]
            start += 1
            continue
        end, at = split
        here = [line for row in rows[start:end] for line in row]
        for side in ([one for one in here if one.box[2] <= at], [one for one in here if one.box[0] >= at]):
            ordered += reading_order(side, aspect)
        start = end
    return ordered


def _rows(lines: Sequence[TextLine]) -> list[list[TextLine]]:
    """Group lines whose middles lie within each other's height, from top to bottom, each from left to right."""
    rows: list[list[TextLine]] = []
    for line in sorted(lines, key=lambda one: one.box[1] + one.box[3]):
        middle = (line.box[1] + line.box[3]) / 2
        if rows and rows[-1][0].box[1] < middle < rows[-1][0].box[3]:
            rows[-1].append(line)
        else:
            rows.append([line])
    return [sorted(row, key=lambda one: one.box[0]) for row in rows]


def joined(lines: Sequence[TextLine], aspect: float) -> list[TextLine]:
    """Return lines whose parts, less than a letter's height apart in one row, are put together."""
    parts: list[TextLine] = []
    for row in _rows(lines):
        parts.append(row[0])
        for line in row[1:]:
            last = parts[-1]
            heights = (last.box[3] - last.box[1], line.box[3] - line.box[1])
            if (line.box[0] - last.box[2]) * aspect < min(heights) and max(heights) < 1.6 * min(heights):
                box = (last.box[0], min(last.box[1], line.box[1]), line.box[2], max(last.box[3], line.box[3]))
                confidence = min(last.confidence, line.confidence)
                parts[-1] = TextLine(text=f"{last.text} {line.text}", box=box, confidence=confidence)
            else:
                parts.append(line)
    return parts


def _gutter(rows: list[list[TextLine]], aspect: float) -> float | None:
    """Return where an empty strip parts these rows into two columns of running text, or None.

    A table is parted by such strips too; its cells are short, and it is read row by row.
    """
    lines = sorted((line for row in rows for line in row), key=lambda one: one.box[0])
    edge = lines[0].box[2]
    for number, line in enumerate(lines[1:], 1):
        if line.box[0] - edge > GUTTER and min(number, len(lines) - number) >= 2:
            shapes = [(one.box[2] - one.box[0]) * aspect / (one.box[3] - one.box[1]) for one in lines]
            if min(median(shapes[:number]), median(shapes[number:])) >= RUNNING_TEXT_RATIO:
                return (edge + line.box[0]) / 2
        edge = max(edge, line.box[2])
    return None
