"""Lay out charts of given numbers; each value stands where it is."""

from collections.abc import Sequence

from ..base.errors import ArgumentError
from .card import ChartCard
from .faces import Face, face_for
from .pages import heading, margin_of, too_much
from .sheet import Block, Point, Sheet, fitted, length

MOST_SLICES = 8
# Told apart on a light ground and on a dark one; the accent of the card comes first.
_SLICES = ("#e07a3f", "#2a9d8f", "#e0b23c", "#8b6fd0", "#d1586b", "#5b8fb0", "#98a2b3")
_MOST_BARS_UPRIGHT = 14
_LEAST_SHARE = 0.2
"""Of the width that bars keep beside their names and values."""
_SMALLEST = 1.7
"""Of letters, in hundredths of the shorter side."""


def draw_chart(sheet: Sheet, card: ChartCard) -> None:
    margin = margin_of(sheet)
    top = heading(sheet, card.title, margin)
    area = (margin, top, sheet.width - margin, sheet.height - margin)
    if card.kind == "pie":
        _pie(sheet, card, area)
    elif card.kind == "line":
        _line(sheet, card, area)
    elif _stands(sheet, card, area):
        _columns(sheet, card, area)
    else:
        _bars(sheet, card, area)


Area = tuple[float, float, float, float]


def _stands(sheet: Sheet, card: ChartCard, area: Area) -> bool:
    """Return whether columns have room for their names and values."""
    pitch = (area[2] - area[0]) / len(card.points)
    face = face_for(" ".join(name for name, _, _ in card.points), "sans", "regular")
    longest = max(length(name, face, sheet.unit * 2.8) for name, _, _ in card.points)
    widest = max(length(written, _faces(card)[1], sheet.unit * 2.2) for _, _, written in card.points)
    return (
        len(card.points) <= _MOST_BARS_UPRIGHT
        and max(longest, widest) <= pitch * 0.94
        and sheet.height <= sheet.width * 1.3
    )


def _columns(sheet: Sheet, card: ChartCard, area: Area) -> None:
    palette, unit = sheet.palette, sheet.unit
    left, top, right, bottom = area
    names, values = _faces(card)
    pitch = (right - left) / len(card.points)
    size = _one_size([name for name, _, _ in card.points], names, pitch * 0.92, unit * 4.2)
    value_size = _one_size([written for _, _, written in card.points], values, pitch * 0.92, unit * 4.8)
    top += value_size * 1.7
    bottom -= size * 2.1
    place = _placing(card, bottom, top, below=value_size * 1.6)
    wide = min(pitch * 0.62, unit * 22)
    for number, (name, value, written) in enumerate(card.points):
        middle = left + pitch * (number + 0.5)
        end, zero = place(value), place(0.0)
        sheet.box(
            (middle - wide / 2, min(end, zero), middle + wide / 2, max(end, zero)), palette.accent, radius=unit * 0.5
        )
        label = Block(lines=(written,), face=values, size=value_size, leading=1)
        at = end - value_size * 0.55 - label.above if value >= 0 else end + value_size * 0.5
        sheet.text(label, middle - pitch / 2, at, palette.ink, width=pitch, align="middle")
        sheet.text(
            Block(lines=(name,), face=names, size=size, leading=1),
            middle - pitch / 2,
            bottom + size * 0.8,
            palette.muted,
            width=pitch,
            align="middle",
        )
    sheet.line([(left, place(0.0)), (right, place(0.0))], palette.line, unit * 0.25)


def _bars(sheet: Sheet, card: ChartCard, area: Area) -> None:
    palette, unit = sheet.palette, sheet.unit
    left, top, right, bottom = area
    names, values = _faces(card)
    pitch = min((bottom - top) / len(card.points), unit * 18)
    if pitch < unit * 3:
        raise too_much([name for name, _, _ in card.points])
    top += (bottom - top - pitch * len(card.points)) * 0.35
    column = (right - left) * 0.36
    size = min(unit * 4.2, pitch * 0.42)
    blocks = [
        fitted(
            name, names, width=column, height=pitch * 0.92, largest=size, smallest=min(size, unit * 1.8), leading=1.15
        )
        for name, _, _ in card.points
    ]
    start = left + max(one.width for one in blocks) + unit * 3
    low, high = min(0.0, *(value for _, value, _ in card.points)), max(0.0, *(value for _, value, _ in card.points))
    # Room for the values: behind the longest bar, and before the longest one that goes below zero.
    room = (right - start - (right - left) * _LEAST_SHARE) / (2 if low < 0 else 1) - unit * 2.4
    value_size = _one_size([written for _, _, written in card.points], values, room, size)
    if value_size < min(size, unit * _SMALLEST):
        raise too_much([f"{name} {written}" for name, _, written in card.points])
    widest = max(length(written, values, value_size) for _, _, written in card.points)
    first = start + (widest + unit * 2.4 if low < 0 else 0.0)
    per = (right - widest - unit * 2.4 - first) / max(high - low, 1e-12)
    zero = first - low * per
    thick = min(pitch * 0.56, unit * 8.5)
    for number, ((_, value, written), block) in enumerate(zip(card.points, blocks, strict=True)):
        middle = top + pitch * (number + 0.5)
        sheet.text(block, left, middle - block.height / 2, palette.ink)
        end = zero + value * per
        sheet.box(
            (min(zero, end), middle - thick / 2, max(zero, end), middle + thick / 2), palette.accent, radius=unit * 0.5
        )
        label = Block(lines=(written,), face=values, size=value_size, leading=1)
        at = end + unit * 1.6 if value >= 0 else end - unit * 1.6 - label.width
        sheet.text(label, at, middle - label.above / 2, palette.ink)
    sheet.line([(zero, top), (zero, top + pitch * len(card.points))], palette.line, unit * 0.25)


def _line(sheet: Sheet, card: ChartCard, area: Area) -> None:
    palette, unit = sheet.palette, sheet.unit
    left, top, right, bottom = area
    names, values = _faces(card)
    pitch = (right - left) / len(card.points)
    size = _one_size([name for name, _, _ in card.points], names, pitch * 0.84, unit * 3.8)
    value_size = _one_size([written for _, _, written in card.points], values, pitch * 0.94, unit * 4.2)
    if min(size, value_size) < unit * 1.5:
        raise too_much([name for name, _, _ in card.points])
    top += value_size * 2
    bottom -= size * 2.4
    numbers = [value for _, value, _ in card.points]
    # Lines that change by little are seen from nearby; then no axis stands under them, for it would be read as zero.
    starts_at_zero = min(numbers) < max(numbers) * 0.5 or min(numbers) < 0 or min(numbers) == max(numbers)
    floor = 0.0 if starts_at_zero else min(numbers) - (max(numbers) - min(numbers)) * 0.3
    place = _placing(card, bottom, top, below=value_size * 1.9, floor=floor)
    for share in (0.25, 0.5, 0.75, 1.0):
        at = bottom + (top - bottom) * share
        sheet.line([(left, at), (right, at)], palette.surface, unit * 0.2)
    if starts_at_zero:
        sheet.line([(left, place(0.0)), (right, place(0.0))], palette.line, unit * 0.25)
    points = [(left + pitch * (number + 0.5), place(value)) for number, value in enumerate(numbers)]
    sheet.line(points, palette.accent, unit * 0.8)
    for number, ((name, _, written), (x, y)) in enumerate(zip(card.points, points, strict=True)):
        sheet.dot((x, y), unit * 1.15, palette.ground)
        sheet.dot((x, y), unit * 0.85, palette.accent)
        label = Block(lines=(written,), face=values, size=value_size, leading=1)
        sheet.text(label, *_beside_the_line(label, number, points, bottom), palette.ink, halo=palette.ground)
        sheet.text(
            Block(lines=(name,), face=names, size=size, leading=1),
            x - pitch / 2,
            bottom + size * 1.0,
            palette.muted,
            width=pitch,
            align="middle",
        )


def _beside_the_line(label: Block, number: int, points: Sequence[Point], bottom: float) -> Point:
    """Return where the value of a point stands: above it, on a slope at the side that is free, or in a valley under it,
    where that is above the names."""
    x, y = points[number]
    before = points[max(0, number - 1)][1]
    after = points[min(len(points) - 1, number + 1)][1]
    is_valley = before <= y >= after and before + after < 2 * y
    aside = 0.3 * label.width * ((before < y < after) - (before > y > after))
    is_free = y + label.size * 0.8 + label.above <= bottom
    top = y + label.size * 0.8 if is_valley and is_free else y - label.size * 0.75 - label.above
    return (x - label.width / 2 + aside, top)


def _pie(sheet: Sheet, card: ChartCard, area: Area) -> None:
    palette, unit = sheet.palette, sheet.unit
    left, top, right, bottom = area
    top += unit * 2
    total = sum(value for _, value, _ in card.points)
    if total <= 0 or any(value < 0 for _, value, _ in card.points) or len(card.points) > MOST_SLICES:
        raise ArgumentError(
            f"A pie shows up to {MOST_SLICES} shares of a whole, none of them below zero, and these are "
            f"{', '.join(written for _, _, written in card.points)[:80]}. Ask for a `bar chart: …` of them."
        )
    beside = right - left > (bottom - top) * 1.15
    radius = min((right - left) * (0.24 if beside else 0.36), (bottom - top) * (0.5 if beside else 0.29))
    centre = (left + radius, (top + bottom) / 2) if beside else ((left + right) / 2, top + radius)
    colours = [palette.accent, *_SLICES]
    at = -90.0
    for colour, (_, value, _) in zip(colours, card.points, strict=False):
        upto = at + 360.0 * value / total
        if value:
            sheet.slice(centre, radius, (at, upto), colour)
        at = upto
    sheet.dot(centre, radius * 0.56, palette.ground)
    column = (centre[0] + radius + unit * 8, right) if beside else (left, right)
    room = (top, bottom) if beside else (centre[1] + radius + unit * 6, bottom)
    names, values = _faces(card)
    pitch = min((room[1] - room[0]) / len(card.points), unit * 9)
    size = min(unit * 4.6, pitch * 0.5)
    # The coloured square, a gap and the value stand beside each name.
    longest = max(3 + length(name, names, 1.0) + length(written, values, 1.0) for name, _, written in card.points)
    size = min(size, (column[1] - column[0]) / longest)
    if size < unit * _SMALLEST:
        raise too_much([f"{name} {written}" for name, _, written in card.points])
    wide = min(column[1] - column[0], max(unit * 62, longest * size))
    start = room[0] + ((room[1] - room[0]) - pitch * len(card.points)) / (2 if beside else 4)
    for number, (colour, (name, _, written)) in enumerate(zip(colours, card.points, strict=False)):
        middle = start + pitch * (number + 0.5)
        sheet.box(
            (column[0], middle - size * 0.4, column[0] + size * 0.8, middle + size * 0.4), colour, radius=size * 0.2
        )
        label = Block(lines=(name,), face=names, size=size, leading=1)
        sheet.text(label, column[0] + size * 1.5, middle - label.above / 2, palette.ink)
        number_block = Block(lines=(written,), face=values, size=size, leading=1)
        sheet.text(number_block, column[0], middle - number_block.above / 2, palette.ink, width=wide, align="right")


def _faces(card: ChartCard) -> tuple[Face, Face]:
    """Return the fonts of the names and of the values."""
    names = " ".join(name for name, _, _ in card.points)
    return face_for(names, "sans", "regular"), face_for(" ".join(one for _, _, one in card.points), "sans", "bold")


def _one_size(texts: list[str], face: Face, width: float, largest: float) -> float:
    """Return the size at which the longest of some texts fits."""
    longest = max(length(one, face, largest) for one in texts)
    return largest if longest <= width else largest * width / longest


class _placing:
    """Turns a value into a height on the sheet."""

    def __init__(self, card: ChartCard, bottom: float, top: float, *, below: float, floor: float = 0.0) -> None:
        numbers = [value for _, value, _ in card.points]
        self._low, high = min(floor, *numbers), max(*numbers, floor, floor + 1e-12)
        self._bottom, self._per = bottom, (top - bottom) / (high - self._low)
        if self._low < floor:  # names stand under what goes below zero, and its values, too
            self._bottom -= below
            self._per = (top - self._bottom) / (high - self._low)

    def __call__(self, value: float) -> float:
        return self._bottom + (value - self._low) * self._per
