"""Draw diagrams: boxes with words, and arrows between them."""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

from ..base.errors import ArgumentError
from .card import DiagramCard
from .faces import face_for
from .layouts import Layout, layouts_of
from .pages import heading, margin_of, too_much
from .sheet import Block, Point, Sheet, fitted, length

MOST_NODES = 40
_SMALLEST, _LARGEST, _ENOUGH = 1.7, 6.0, 3.6
"""Of letters, in hundredths of the shorter side; another layout is taken only where they are not large enough."""


def draw_diagram(sheet: Sheet, card: DiagramCard) -> None:
    """Draw boxes of one size with their names, and arrows between them."""
    if len(card.nodes) > MOST_NODES:
        raise too_much(card.nodes)
    palette, unit = sheet.palette, sheet.unit
    margin = margin_of(sheet)
    area = (margin, heading(sheet, card.title, margin), sheet.width - margin, sheet.height - margin)
    face = face_for(" ".join(card.nodes), "sans", "bold" if max(map(len, card.nodes)) <= 24 else "regular")

    def blocks(layout: Layout) -> list[Block]:
        pad = unit * 1.8
        texts = [
            fitted(
                one,
                face,
                width=layout.box[0] - 2 * pad,
                height=layout.box[1] - 2 * pad,
                largest=unit * _LARGEST,
                smallest=unit * _SMALLEST,
                leading=1.18,
            )
            for one in card.nodes
        ]
        size = min(one.size for one in texts)
        return [
            fitted(
                one,
                face,
                width=layout.box[0] - 2 * pad,
                height=layout.box[1],
                largest=size,
                smallest=size,
                leading=1.18,
            )
            for one in card.nodes
        ]

    layout, texts = _best(layouts_of(card, area, unit), blocks, card, enough=unit * _ENOUGH)
    stroke = unit * 0.42
    for route in layout.routes:
        sheet.arrow(route, palette.line, stroke)
    wide, high = layout.box
    for (x, y), text in zip(layout.centres, texts, strict=True):
        box = (x - wide / 2, y - high / 2, x + wide / 2, y + high / 2)
        sheet.box(box, palette.surface, radius=min(unit * 2, high / 2), outline=palette.accent, stroke=unit * 0.32)
        sheet.text(text, box[0], y - text.height / 2, palette.ink, width=wide, align="middle")
    taken: list[tuple[Point, float]] = []
    for (_, _, label), route in zip(card.edges, layout.routes, strict=True):
        if label:
            size = min(texts[0].size * 0.8, unit * 3.4)
            wide_text = length(label, face_for(label, "sans", "regular"), size)
            part = _free_part(route, taken, wide_text, size * 1.3)
            taken.append((_middle(part), wide_text))
            _label(sheet, label, part, size)


def _best(
    layouts: Sequence[Layout], blocks: Callable[[Layout], list[Block]], card: DiagramCard, *, enough: float
) -> tuple[Layout, list[Block]]:
    """Return the layout that has the largest letters."""
    best: tuple[Layout, list[Block]] | None = None
    for layout in layouts:
        try:
            texts = blocks(layout)
        except ArgumentError:
            continue
        if best is None or min(enough, texts[0].size) > best[1][0].size * 1.02:
            best = (layout, texts)
    if best is None:
        raise too_much(card.nodes)
    return best


def _free_part(
    route: Sequence[Point], taken: Sequence[tuple[Point, float]], wide: float, high: float
) -> tuple[Point, Point]:
    """Return the straight part of an arrow for its words: the last one, unless others stand where arrows meet."""
    whole = list(pairwise(route))
    parts = [whole[-1], *sorted(whole, key=lambda part: -math.dist(*part))]
    halves = [half for one in parts for half in ((one[0], _middle(one)), (_middle(one), one[1]))]

    def is_free(part: tuple[Point, Point]) -> bool:
        x, y = _middle(part)
        return all(abs(x - at[0]) >= (wide + long) / 2 or abs(y - at[1]) >= high for at, long in taken)

    return next(filter(is_free, [*parts, *halves]), parts[0])


def _middle(part: tuple[Point, Point]) -> Point:
    return ((part[0][0] + part[1][0]) / 2, (part[0][1] + part[1][1]) / 2)


def _label(sheet: Sheet, label: str, part: tuple[Point, Point], size: float) -> None:
    """Write at a straight part of an arrow."""
    (x0, y0), (x1, y1) = part
    face = face_for(label, "sans", "regular")
    wide = length(label, face, size)
    if abs(x1 - x0) > abs(y1 - y0):
        room = abs(x1 - x0) * 0.86
        size = size if wide <= room else max(size * room / wide, sheet.unit * _SMALLEST)
    block = Block(lines=(label,), face=face, size=size, leading=1)
    x, y = _middle(part)
    if abs(x1 - x0) > abs(y1 - y0):
        sheet.text(block, x - block.width / 2, y - size * 0.5 - block.above, sheet.palette.muted)
        return
    sheet.text(block, x + sheet.unit * 1.4, y - block.above / 2, sheet.palette.muted)
