"""Lay out the boxes of a diagram in layers, so that its arrows go forward and are told apart."""

import math
from collections.abc import Sequence
from itertools import pairwise

from .card import DiagramCard
from .placed import Area, Layout
from .sheet import Point

_TURN = 0.36
"""Where between two layers arrows turn: the longer part, with the words, leads to the box."""
_TURNS = (0.2, 0.52)
"""Where the first and the last of several boxes have the turns of their arrows, which would else be one line."""


def layers_of(count: int, card: DiagramCard) -> list[int] | None:
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


def layered(card: DiagramCard, layers: list[int], area: Area, unit: float, *, lies: bool) -> Layout:
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
    hops_of = [sorted((one, to) for n, one, to in hops if n == layer) for layer in range(len(slots))]
    turns = {
        (layer, slot): share
        for layer, those in enumerate(hops_of)
        for slot, share in _turns(
            [(one, positions[layer, *one], positions[layer + 1, *to]) for one, to in those]
        ).items()
    }
    routes = []
    for (start, end, _), way in zip(card.edges, ways, strict=True):
        stops = [at(layers[start] + step, slot) for step, slot in enumerate(way)]
        shares = [turns[layers[start] + step, slot] for step, slot in enumerate(way[:-1])]
        before, goal = layers[end] - 1, positions[layers[end], end, -1]
        # Where a box that leads elsewhere stands at the height of the goal, both would run on one line.
        opposite = next((one for one in slots[before] if positions[before, *one] == goal), way[-2])
        if opposite != way[-2] and any(one == opposite and to != (end, -1) for one, to in hops_of[before]):
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
