"""Lay out the boxes of a diagram: chains in rows, others in layers, circles as circles."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from .card import DiagramCard
from .sheet import Point

_SMALLER = 0.95
_LINE_HIGH = 7
"""Of a box with one line in it, in hundredths of the shorter side."""
_MOST_ON_ELLIPSE = 12
_TURN = 0.36
"""Where between two layers arrows turn: the longer part, with the words, leads to the box."""
_TURNS = (0.2, 0.52)
"""Where the first and the last of several boxes have the turns of their arrows, which would else be one line."""


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Where boxes stand, and how arrows go; all boxes have the same size."""

    centres: tuple[Point, ...]
    box: Point
    """Width and height."""
    routes: tuple[tuple[Point, ...], ...]
    """Of each edge, from box to box."""


Area = tuple[float, float, float, float]


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
    layers = _layers(len(card.nodes), card)
    if layers is None:
        return [_ring(card, area, unit)]
    wide, high = area[2] - area[0], area[3] - area[1]
    return [_layered(card, layers, area, unit, lies=lies) for lies in (wide >= high, wide < high)]


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


def _layers(count: int, card: DiagramCard) -> list[int] | None:
    """Return the layer of each box, so that arrows go forward; None where they go in a circle."""
    layers = [0] * count
    for _ in range(count):
        changed = False
        for start, end, _ in card.edges:
            if layers[end] <= layers[start]:
                layers[end], changed = layers[start] + 1, True
        if not changed:
            return layers
    return None


def _layered(card: DiagramCard, layers: list[int], area: Area, unit: float, *, lies: bool) -> Layout:
    """Lay layers beside each other (`lies`) or under each other; long arrows have places of their own in between."""
    slots: list[list[tuple[int, int]]] = [[] for _ in range(max(layers) + 1)]  # of each layer: (node, -1) or (-1, edge)
    for node, layer in enumerate(layers):
        slots[layer].append((node, -1))
    passing: dict[tuple[int, int], tuple[int, int]] = {}
    for number, (start, end, _) in enumerate(card.edges):
        for layer in range(layers[start] + 1, layers[end]):
            slots[layer].append((-1, number))
            passing[number, layer] = (-1, number)
    positions: dict[tuple[int, int, int], float] = {}
    for layer, inside in enumerate(slots):
        inside.sort(key=lambda slot, layer=layer: _wanted(slot, layer, card, layers, positions))  # type: ignore[misc]
        for place, slot in enumerate(inside):
            positions[layer, *slot] = (place + 0.5) / len(inside)
    left, top, right, bottom = area
    along, cross = (right - left, bottom - top) if lies else (bottom - top, right - left)
    longest = max(len(label) for _, _, label in card.edges)
    gap = unit * ((max(17.0, 6 + 2 * longest) if longest else 8) if lies else (13 if longest else 7))
    deep = (along - gap * (len(slots) - 1)) / len(slots)
    broad = cross / max(map(len, slots)) - unit * 4
    wide, high = (
        (min(deep, unit * 46), min(broad, unit * 20)) if lies else (min(broad, unit * 46), min(deep, unit * 20))
    )
    if wide <= unit * 5 or high <= unit * 4:
        wide = high = unit
    size = wide if lies else high
    gap = min((along - size * len(slots)) / max(1, len(slots) - 1), unit * 26)
    offset = (along - size * len(slots) - gap * (len(slots) - 1)) / 2 + size / 2

    def at(layer: int, slot: tuple[int, int]) -> Point:
        main, side = offset + layer * (size + gap), positions[layer, *slot] * cross
        return (left + main, top + side) if lies else (left + side, top + main)

    centres = tuple(at(layers[node], (node, -1)) for node in range(len(card.nodes)))
    ways: list[list[tuple[int, int]]] = [
        [(start, -1), *(passing[number, n] for n in range(layers[start] + 1, layers[end])), (end, -1)]
        for number, (start, end, _) in enumerate(card.edges)
    ]
    hops = {
        (layers[start] + step, one, other)
        for (start, _, _), way in zip(card.edges, ways, strict=True)
        for step, (one, other) in enumerate(pairwise(way))
    }
    turns = {
        (layer, slot): share
        for layer in range(len(slots))
        for slot, share in _turns(
            [(one, positions[layer, *one], positions[layer + 1, *to]) for n, one, to in sorted(hops) if n == layer]
        ).items()
    }
    routes = []
    for (start, end, _), way in zip(card.edges, ways, strict=True):
        stops = [at(layers[start] + step, slot) for step, slot in enumerate(way)]
        shares = [turns[layers[start] + step, slot] for step, slot in enumerate(way[:-1])]
        before, goal = layers[end] - 1, positions[layers[end], end, -1]
        # Where a box that leads elsewhere stands at the height of the goal, both would run on one line.
        opposite = next((one for one in slots[before] if positions[before, *one] == goal), way[-2])
        leads_on = any(layer == before and one == opposite and to != (end, -1) for layer, one, to in hops)
        if opposite != way[-2] and leads_on:
            aside = math.copysign(min((high if lies else wide) * 0.2, unit * 3), positions[before, *way[-2]] - goal)
            stops[-1] = (stops[-1][0], stops[-1][1] + aside) if lies else (stops[-1][0] + aside, stops[-1][1])
        routes.append(_elbows(stops, (wide, high), gap, shares, lies=lies))
    return Layout(centres=centres, box=(wide, high), routes=tuple(routes))


def _turns(hops: Sequence[tuple[tuple[int, int], float, float]]) -> dict[tuple[int, int], float]:
    """Return where the arrows of each box turn on their way to the next layer, as a share of the way.

    Args:
        hops: From which slot, and its place and that of its goal.
    """
    places = {slot: here for slot, here, _ in hops}
    goals = {slot: frozenset(goal for one, _, goal in hops if one == slot) for slot in places}
    # Those with the same goals share one line, which then tells nothing wrong.
    bent = dict.fromkeys(goals[slot] for slot, here, goal in hops if here != goal)
    members = {one: {place for slot, place in places.items() if goals[slot] == one} for one in bent}
    waiting, order = list(bent), list[frozenset[float]]()
    while waiting:
        # What leads to the height of another box turns after that one, so that they are not one line.
        free = (one for one in waiting if not any(other != one and one & members[other] for other in waiting))
        order.append(next(free, waiting[0]))
        waiting.remove(order[-1])
    first, last = _TURNS if len(order) > 1 else (_TURN, _TURN)
    step = (last - first) / max(1, len(order) - 1)
    return {slot: first + step * order.index(goals[slot]) if goals[slot] in order else _TURN for slot in places}


def _wanted(
    slot: tuple[int, int],
    layer: int,
    card: DiagramCard,
    layers: list[int],
    positions: dict[tuple[int, int, int], float],
) -> float:
    """Return where in its layer a box would stand best: opposite what leads to it."""
    node, edge = slot
    befores = [card.edges[edge][0]] if edge >= 0 else [start for start, end, _ in card.edges if end == node]
    found = [positions[layers[one], one, -1] for one in befores if layers[one] < layer]
    return sum(found) / len(found) if found else 0.5


def _elbows(
    stops: Sequence[Point], box: Point, gap: float, shares: Sequence[float], *, lies: bool
) -> tuple[Point, ...]:
    """Return a way from box to box that turns at right angles, each time after a share of the gap between layers."""
    half = (box[0] if lies else box[1]) / 2
    points: list[Point] = []
    for number, ((x0, y0), (x1, y1)) in enumerate(pairwise(stops)):
        if lies:
            first, last = (x0 + half if number == 0 else x0), (x1 - half if number == len(stops) - 2 else x1)
            turn = x0 + half + gap * shares[number]
            points += [(first, y0), (turn, y0), (turn, y1), (last, y1)]
        else:
            first, last = (y0 + half if number == 0 else y0), (y1 - half if number == len(stops) - 2 else y1)
            turn = y0 + half + gap * shares[number]
            points += [(x0, first), (x0, turn), (x1, turn), (x1, last)]
    return tuple(_straight(points))


def _straight(points: Sequence[Point]) -> list[Point]:
    """Leave out points that lie on the way between their neighbours."""
    kept = [points[0]]
    for before, here, after in zip(points, points[1:], points[2:], strict=False):
        flat = (
            abs(before[0] - here[0]) + abs(here[0] - after[0]) < 1
            or abs(before[1] - here[1]) + abs(here[1] - after[1]) < 1
        )
        if not flat:
            kept.append(here)
    return [*kept, points[-1]]


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
