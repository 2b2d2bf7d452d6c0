"""Follow lines of text from one reading of a video to the next."""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .models import TextLine
from .watching import Reading, crop
from .words import letters

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .moments import Box

ALIKE = 0.8
"""From this ratio on, two lines are one that was read differently; their figures must be equal."""
ALIKE_LETTERS = 6
"""Shorter lines must be equal: one letter would be too large a part."""
SAME_PLACE = 20
"""Largest difference (of 255) of two regions that show the same; across key frames 14 was measured, and one digit that
changes makes 40 and more."""


@dataclass(kw_only=True, eq=False)
class Lasting:
    """A line of text and how long it stood."""

    text: str
    confidence: float
    box: "Box"
    shown: int
    """Number of the reading that `text` and `box` are from."""
    now: "Box"
    """Where it was last: scrolled text moves."""
    first: int
    """Number of the first reading that has it."""
    last: int
    start_seconds: float = 0.0
    end_seconds: float = 0.0


def follow(readings: Sequence[Reading]) -> list[Lasting]:
    """Return each line once for as long as it stood, in order of appearance; times are not placed yet."""
    lines: list[Lasting] = []
    standing: list[Lasting] = []
    for number, reading in enumerate(readings):
        pairs = _pairs(standing, reading.lines)
        for one, line in pairs:
            _see_again(one, line, number)
        found = {id(line) for _, line in pairs}
        fresh = [line for line in reading.lines if id(line) not in found]
        seen = {id(one) for one, _ in pairs}
        lost = [one for one in standing if id(one) not in seen]
        still = [one for one, _ in pairs]
        before = readings[number - 1].small if number else reading.small
        for one in lost:
            # Missed by the reader, though nothing changed there: it stands on.
            if not _covered(one.now, reading.lines) and _same(before, reading.small, one.now):
                one.last = number
                still.append(one)
        for line in fresh:
            box = line.box
            new = Lasting(
                text=line.text, confidence=line.confidence, box=box, shown=number, now=box, first=number, last=number
            )
            # Found late: it stood there before.
            while new.first and not _covered(box, readings[new.first - 1].lines):
                if not _same(readings[new.first - 1].small, reading.small, box):
                    break
                new.first -= 1
            still.append(new)
            lines.append(new)
        standing = still
    return sorted(lines, key=lambda line: line.first)


def _see_again(one: Lasting, line: TextLine, number: int) -> None:
    one.last, one.now = number, line.box
    old, new = letters(one.text), letters(line.text)
    if _grows(old, new) or (line.confidence > one.confidence and not _grows(new, old)):
        one.text, one.confidence, one.box, one.shown = line.text, line.confidence, line.box, number


def _pairs(standing: Sequence[Lasting], lines: Sequence[TextLine]) -> list[tuple[Lasting, TextLine]]:
    """Return which lines are which of those that stood before: the most alike first, then the nearest."""
    rated = []
    for one in standing:
        for line in lines:
            if (alike := _alike(one, line)) >= ALIKE:
                far = abs(one.now[0] - line.box[0]) + abs(one.now[1] - line.box[1])
                rated.append((-alike, far, one, line))
    taken: set[int] = set()
    pairs = []
    for _, _, one, line in sorted(rated, key=lambda rate: rate[:2]):
        if not {id(one), id(line)} & taken:
            taken |= {id(one), id(line)}
            pairs.append((one, line))
    return pairs


def _alike(one: Lasting, line: TextLine) -> float:
    """Return how alike two lines are, 0…1; a line that is being typed is itself."""
    old, new = letters(one.text), letters(line.text)
    if old == new:
        return 1.0
    near = abs(one.now[0] - line.box[0]) < 0.02 and abs(one.now[1] - line.box[1]) < 0.02
    if near and _grows(old, new):
        return 1.0
    if min(len(old), len(new)) < ALIKE_LETTERS or _figures(old) != _figures(new):
        return 0.0
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    return matcher.ratio() if matcher.real_quick_ratio() >= ALIKE and matcher.quick_ratio() >= ALIKE else 0.0


def _grows(old: str, new: str) -> bool:
    """Return whether a line was written further; a cursor may stand at its end."""
    stem = old.rstrip("_|▌█")
    return len(stem) >= 3 and len(new) > len(old) and new.startswith(stem)


def _figures(text: str) -> str:
    return "".join(letter for letter in text if letter.isdigit())


def _covered(box: "Box", lines: Iterable[TextLine]) -> bool:
    """Return whether one of the lines lies on a third of the box, or the box on a third of it."""
    for line in lines:
        wide = min(box[2], line.box[2]) - max(box[0], line.box[0])
        high = min(box[3], line.box[3]) - max(box[1], line.box[1])
        smaller = min((one[2] - one[0]) * (one[3] - one[1]) for one in (box, line.box))
        if wide > 0 and high > 0 and wide * high > smaller / 3:
            return True
    return False


def _same(one: "NDArray[np.uint8]", other: "NDArray[np.uint8]", box: "Box") -> bool:
    return one.shape == other.shape and bool(abs(crop(one, box) - crop(other, box)).max(initial=0) <= SAME_PLACE)
