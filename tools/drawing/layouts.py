"""Lay out the boxes of a diagram: chains in rows, others in layers, circles as circles."""

import math
from collections.abc import Sequence
from itertools import pairwise

from .card import DiagramCard
from .layers import layered, layers_of
from .placed import Area, Layout
from .sheet import Point

_SMALLER = 0.95
_LINE_HIGH = 7
"""Of a box with one line in it, in hundredths of the shorter side."""
_MOST_ON_ELLIPSE = 12


def layouts_of(card: DiagramCard, area: Area, unit: float) -> list[Layout]:
    """Return the ways in which a diagram can be laid into an area, the one that suits its shape first."""
    out: dict[int, list[int]] = {number: [] for number in range(len(card.nodes))}
    for start, end, _ in card.edges:
        out[start].append(end)
    entering = {end for _, end, _ in card.edges}
    is_chain = (
        len(card.edges) == len(card.nodes) - 1
        and all(len(one) <= 1 for one in out.values())
        and len(entering) == len(card.edges)
    )
    if is_chain and (order := _in_order(out, entering)):
        # Rows that are as full as can be. The way that the page lies comes first; another one only for larger letters.
        columns = sorted({-(-len(order) // rows) for rows in range(1, len(order) + 1)})
        lies = area[2] - area[0] >= area[3] - area[1]
        return [_rows(card, order, area, unit, count) for count in (reversed(columns) if lies else columns)]
    layers = layers_of(len(card.nodes), card)
    if layers is None:
        return [_ring(card, area, unit)]
    wide, high = area[2] - area[0], area[3] - area[1]
    return [layered(card, layers, area, unit, lies=lies) for lies in (wide >= high, wide < high)]


def _in_order(out: dict[int, list[int]], entering: set[int]) -> list[int]:
    """Return the boxes of a chain from its start; nothing where it has several parts."""
    starts = [one for one in out if one not in entering]
    if len(starts) != 1:
        return []
    order = [starts[0]]
    while out[order[-1]]:
        order.append(out[order[-1]][0])
    return order if len(order) == len(out) else []


def _rows(card: DiagramCard, order: list[int], area: Area, unit: float, columns: int) -> Layout:
    """Lay a chain into rows that go forth and back."""
    left, top, right, bottom = area
    rows = -(-len(order) // columns)
    labels = [label for _, _, label in card.edges if label]
    gap_x = max(unit * 9, (unit * 2 + max(map(len, labels)) * unit * 2) if labels else 0.0)
    gap_y = unit * 8
    wide = min((right - left - gap_x * (columns - 1)) / columns, unit * 46)
    high = min((bottom - top - gap_y * (rows - 1)) / rows, unit * 24, max(unit * 6, wide * 0.62))
    if wide <= unit * 5 or high <= unit * 4:
        wide = high = unit  # nothing can be read in it, and another number of columns is taken
    gap_y = min(unit * 13, (bottom - top - rows * high) / (rows - 1)) if rows > 1 else 0.0
    start_x = left + (right - left - wide * columns - gap_x * (columns - 1)) / 2 + wide / 2
    start_y = top + (bottom - top - high * rows - gap_y * (rows - 1)) * 0.46 + high / 2
    centres: list[Point] = [(0.0, 0.0)] * len(order)
    for place, node in enumerate(order):
        row, column = divmod(place, columns)
        column = columns - 1 - column if row % 2 else column
        centres[node] = (start_x + column * (wide + gap_x), start_y + row * (high + gap_y))
    routes = [_between(centres[start], centres[end], (wide, high), unit) for start, end, _ in card.edges]
    return Layout(centres=tuple(centres), box=(wide, high), routes=tuple(routes))


def _ring(card: DiagramCard, area: Area, unit: float) -> Layout:
    """Lay boxes on an ellipse, clockwise from the top; many of them on the edge of the page, which has more room."""
    left, top, right, bottom = area
    count = len(card.nodes)
    wide = min((right - left) * (0.3 if count <= 6 else 0.22), unit * 40)
    high = min((bottom - top) * (0.2 if count <= 6 else 0.13), unit * 18)
    x, y = (left + right) / 2, (top + bottom) / 2
    while True:
        across, down = (right - left - wide) / 2, (bottom - top - high) / 2
        if count > _MOST_ON_ELLIPSE:
            # Turned a little, so that boxes stand in the corners where they can.
            rings = [
                [_on_edge((number + turn / 8) / count, across, down) for number in range(count)] for turn in range(8)
            ]
        else:
            rings = [[_on_ellipse(number / count, min(across, down * 2.2), down) for number in range(count)]]
        apart = (wide + unit * 2.5, high + unit * 2)
        if found := next((one for one in rings if not _touch(one, apart)), None):
            break
        if wide <= unit * 5:
            wide, high, found = unit, unit, rings[0]
            break
        wide, high = wide * _SMALLER, max(high * _SMALLER, unit * _LINE_HIGH)
    centres = tuple((x + dx, y + dy) for dx, dy in found)
    routes = tuple(_between(centres[start], centres[end], (wide, high), unit) for start, end, _ in card.edges)
    return Layout(centres=centres, box=(wide, high), routes=routes)


def _on_ellipse(share: float, across: float, down: float) -> Point:
    turn = math.tau * share - math.pi / 2
    return (across * math.cos(turn), down * math.sin(turn))


def _on_edge(share: float, across: float, down: float) -> Point:
    """Return a place on the edge of a rectangle, clockwise from the middle of its upper side."""
    corners = [(0.0, -down), (across, -down), (across, down), (-across, down), (-across, -down), (across, -down)]
    way = share * 4 * (across + down)
    for (x0, y0), (x1, y1) in pairwise(corners):
        long = abs(x1 - x0) + abs(y1 - y0)
        if way <= long:
            return (x0 + (x1 - x0) * way / max(long, 1e-9), y0 + (y1 - y0) * way / max(long, 1e-9))
        way -= long
    return corners[-1]


def _touch(centres: Sequence[Point], box: Point) -> bool:
    """Return whether boxes of a size that stand beside each other on a ring would lie over each other."""
    return any(
        abs(x1 - x0) < box[0] and abs(y1 - y0) < box[1]
        for (x0, y0), (x1, y1) in zip(centres, [*centres[1:], centres[0]], strict=True)
    )


def _between(start: Point, end: Point, box: Point, unit: float) -> tuple[Point, Point]:
    """Return a straight way from the edge of one box to just before that of another."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    reach = min(
        box[0] / 2 / abs(dx) if abs(dx) > 1e-9 else math.inf, box[1] / 2 / abs(dy) if abs(dy) > 1e-9 else math.inf
    )
    back = min(0.5, reach + unit * 0.3 / max(1.0, math.hypot(dx, dy)))
    reach = min(0.5, reach)
    return ((start[0] + dx * reach, start[1] + dy * reach), (end[0] - dx * back, end[1] - dy * back))
