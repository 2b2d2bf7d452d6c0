"""Tell which lines of text stood together as one slide."""

from collections.abc import Sequence
from dataclasses import dataclass

from .lasting_text import Lasting
from .models import TextLine
from .reading_order import reading_order
from .watching import Reading

STAYS = 0.6
"""A slide goes on, perhaps with a line more or less, when this share of its lines is still there."""
SHORTEST_SECONDS = 1.0
LARGE_LINE = 0.05
"""A single line makes a slide when it is at least this part of the picture high."""
TITLE_SHARE = 0.6
"""A title at the top is at least this part as high as the highest line."""


@dataclass(kw_only=True)
class Shown:
    """One slide."""

    start_seconds: float
    end_seconds: float
    title: str
    lines: list[str]
    """Without the title, in reading order."""
    reading: int
    """Number of the reading that has most of it."""


def find_slides(lines: Sequence[Lasting], readings: Sequence[Reading]) -> list[Shown]:
    """Return the slides in order; a picture with a stray word is none."""
    standing = [[line for line in lines if line.first <= number <= line.last] for number in range(len(readings))]
    groups: list[list[int]] = []
    for number, here in enumerate(standing):
        before = standing[number - 1] if number else []
        stays = sum(line in here for line in before)
        if groups and here and before and stays >= STAYS * len(before):
            groups[-1].append(number)
        elif here:
            groups.append([number])
    # Text that rolls through the picture is no slide.
    stood = [group for group in groups if any(_stood_seconds(readings[one]) >= SHORTEST_SECONDS for one in group)]
    found = [_slide(group, standing, readings) for group in stood]
    return [one for one in found if one is not None]


def _stood_seconds(reading: Reading) -> float:
    return reading.until_seconds - reading.from_seconds


def _slide(group: list[int], standing: Sequence[list[Lasting]], readings: Sequence[Reading]) -> Shown | None:
    first, last = group[0], group[-1]
    # The last of the fullest: a slide that is built up is complete at its end.
    fullest = max(group, key=lambda number: (len(standing[number]), number))
    members = list({id(line): line for number in group for line in standing[number]}.values())
    # What stands on many slides, a logo or a footer, says nothing about when this one begins.
    own = [line for line in members if line.first >= first and line.last <= last] or members
    start = min(line.start_seconds for line in own if line.first == min(one.first for one in own))
    end = max(line.end_seconds for line in own if line.last == max(one.last for one in own))
    if len(members) < 2 and members[0].box[3] - members[0].box[1] < LARGE_LINE:
        return None
    title = _title([line for line in standing[fullest] if line in own] or own)
    height, width = readings[fullest].small.shape[:2]
    rest = [one for one in members if one not in title]
    ordered = reading_order([TextLine(text=one.text, box=one.box, confidence=1.0) for one in rest], width / height)
    return Shown(
        start_seconds=start,
        end_seconds=end,
        title=" ".join(line.text for line in title),
        lines=list(dict.fromkeys(line.text for line in ordered)),
        reading=fullest,
    )


def _title(lines: Sequence[Lasting]) -> list[Lasting]:
    """Return the line, or the two lines, that a reader would call the title."""

    def height(line: Lasting) -> float:
        return line.box[3] - line.box[1]

    highest = max(map(height, lines))
    top = [line for line in lines if line.box[1] < 1 / 3 and height(line) >= TITLE_SHARE * highest]
    title = min(top, key=lambda line: line.box[1]) if top else max(lines, key=height)
    below = [line for line in lines if 0 <= line.box[1] - title.box[3] + 0.3 * height(title) < 0.8 * height(title)]
    # A title in two lines: the second is as high, and all the rest is smaller.
    if len(below) == 1 and abs(height(below[0]) / height(title) - 1) < 0.15:
        rest = [line for line in lines if line is not title and line is not below[0]]
        if rest and all(height(line) < 0.8 * height(title) for line in rest):
            return [title, below[0]]
    return [title]
