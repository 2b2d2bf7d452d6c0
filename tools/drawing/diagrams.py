"""Draw diagrams: boxes with words, and arrows between them."""

from collections.abc import Callable, Sequence

from ..base.errors import ArgumentError
from .arrow_words import Places
from .card import DiagramCard
from .faces import face_for
from .layouts import layouts_of
from .pages import heading, margin_of, too_much
from .placed import Layout
from .sheet import Block, Sheet, fitted

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
        pad = min(unit * 1.8, layout.box[0] * 0.12)
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
    boxes = [(x - wide / 2, y - high / 2, x + wide / 2, y + high / 2) for x, y in layout.centres]
    places = Places(sheet, boxes, layout.routes)
    for number, (_, _, label) in enumerate(card.edges):
        if label:
            words, (left, top) = places.take(label, number, min(texts[0].size * 0.8, unit * 3.4))
            sheet.text(words, left, top, palette.muted, halo=palette.ground)


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
