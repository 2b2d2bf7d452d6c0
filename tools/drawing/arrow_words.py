"""Find room for the words at arrows: beside their own arrow, on the sheet and, where they can, on nothing else."""

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

from .faces import face_for
from .pages import margin_of, too_much
from .sheet import Block, Point, Sheet

Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""
Part = tuple[Point, Point]
"""A straight part of an arrow."""
_SMALLEST = 1.7
"""Of letters, in hundredths of the shorter side."""
_SMALLER = 0.9


class Places:
    """What is taken on a sheet with arrows, and what is still free."""

    def __init__(self, sheet: Sheet, boxes: Sequence[Box], routes: Sequence[Sequence[Point]]) -> None:
        self._sheet, self._taken = sheet, list(boxes)
        self._routes = [list(pairwise(route)) for route in routes]

    def take(self, label: str, number: int, size: float) -> tuple[Block, Point]:
        """Return the words at an arrow, as large as they have room, and where they stand.

        Args:
            label: The words.
            number: Of the arrow.
            size: Of letters, where there is room enough.

        Raises:
            ArgumentError: They are wider than the sheet.
        """
        face, smallest = face_for(label, "sans", "regular"), min(size, self._sheet.unit * _SMALLEST)
        sizes = [size * _SMALLER**step for step in range(30) if size * _SMALLER**step > smallest]
        blocks = [Block(lines=(label,), face=face, size=one, leading=1) for one in (*sizes, smallest)]
        inside = margin_of(self._sheet) / 2
        wide, high = blocks[-1].width, blocks[-1].above
        if wide > self._sheet.width - 2 * inside:
            raise too_much([label])
        whole = self._routes[number]
        parts = [whole[-1], *sorted(whole, key=lambda part: -math.dist(*part))]
        parts += [half for one in parts for half in ((one[0], _middle(one)), (_middle(one), one[1]))]
        own = [part for part in parts if not self._is_shared(part, number)]
        # At a part where arrows run together nobody sees whose words they are; better they stand on another arrow.
        for chosen, may_cross in ((own, False), (own, True), (parts, False), (parts, True)):
            for words in blocks:
                for place in (place for part in chosen for place in _beside(part, words, self._sheet.unit)):
                    if self._is_free(words, place, may_cross=may_cross):
                        return self._taking(words, place)
        left, top = next(_beside(parts[0], blocks[-1], self._sheet.unit))
        place = (
            min(max(left, inside), self._sheet.width - inside - wide),
            min(top, self._sheet.height - inside - high),
        )
        return self._taking(blocks[-1], place)

    def _taking(self, words: Block, place: Point) -> tuple[Block, Point]:
        self._taken.append(_around(words, place, self._sheet.unit))
        return words, place

    def _is_shared(self, part: Part, number: int) -> bool:
        x, y = _middle(part)
        near = (x - 1, y - 1, x + 1, y + 1)
        return any(_crosses(line, near) for at, route in enumerate(self._routes) if at != number for line in route)

    def _is_free(self, words: Block, place: Point, *, may_cross: bool) -> bool:
        inside, box = margin_of(self._sheet) / 2, _around(words, place, self._sheet.unit)
        width, height = self._sheet.width - inside, self._sheet.height - inside
        if not (inside <= place[0] and place[0] + words.width <= width):
            return False
        if not (inside <= place[1] and place[1] + words.above <= height):
            return False
        if any(_overlap(box, other) for other in self._taken):
            return False
        return may_cross or not any(_crosses(line, box) for route in self._routes for line in route)


def _around(words: Block, place: Point, unit: float) -> Box:
    # Some letters reach above the large ones, and some below the line.
    beyond = words.size * 0.4
    return (place[0] - unit, place[1] - beyond, place[0] + words.width + unit, place[1] + words.above + beyond)


def _beside(part: Part, words: Block, unit: float) -> Iterator[Point]:
    """Yield where words can stand at a straight part of an arrow, without lying on it."""
    (x0, y0), (x1, y1) = part
    dx, dy, wide, high = x1 - x0, y1 - y0, words.width, words.above
    x, y = _middle(part)
    above, under, right, left = y - words.size * 0.5 - high, y + words.size * 0.5, x + unit * 1.4, x - unit * 1.4 - wide
    if abs(dy) < 0.1 * abs(dx):
        yield from ((x - wide / 2, above), (x - wide / 2, under))
    elif abs(dx) < 0.1 * abs(dy):
        yield from ((right, y - high / 2), (left, y - high / 2))
    else:  # of an arrow that slopes down to the right, the upper right and the lower left are free
        yield from ((right, above), (left, under)) if dx * dy > 0 else ((left, above), (right, under))


def _crosses(line: Part, box: Box) -> bool:
    """Return whether a straight line goes through a box (Liang and Barsky 1984)."""
    (x0, y0), (x1, y1) = line
    left, top, right, bottom = box
    if (x0 <= left and x1 <= left) or (x0 >= right and x1 >= right):
        return False
    if (y0 <= top and y1 <= top) or (y0 >= bottom and y1 >= bottom):
        return False
    first, last = 0.0, 1.0
    for start, way, low, high in ((x0, x1 - x0, left, right), (y0, y1 - y0, top, bottom)):
        if abs(way) < 1e-9:
            if not low < start < high:
                return False
        else:
            near, far = sorted(((low - start) / way, (high - start) / way))
            first, last = max(first, near), min(last, far)
    return first < last


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _middle(part: Part) -> Point:
    return ((part[0][0] + part[1][0]) / 2, (part[0][1] + part[1][1]) / 2)
