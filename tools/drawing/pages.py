"""Lay out cards of words: titles, quotes and lists."""

from collections.abc import Sequence

from ..base.errors import ArgumentError
from ..film.lines import wrapped
from .card import ListCard, QuoteCard, TitleCard
from .faces import Face, face_for, runs_left
from .sheet import Block, Sheet, fitted, length, surely_more

# Of the shorter side.
_MARGIN = 0.1
_SMALLEST = 2.2
"""Of letters, in hundredths of the shorter side."""
_ITEM_LEADING = 1.26
_FILLED = 0.86
"""Of the height of an item: else the next one begins where it ends."""


def draw_title(sheet: Sheet, card: TitleCard) -> None:
    """A large title on the left of a dark ground, a short rule above it, and the line under it in a quiet colour."""
    sheet.mirrored = runs_left(card.title)
    palette, unit = sheet.palette, sheet.unit
    margin = margin_of(sheet)
    width = sheet.width - 2 * margin
    upright = sheet.height > sheet.width * 1.2
    title = fitted(
        card.title,
        face_for(card.title, "sans", "bold"),
        width=width,
        height=sheet.height * (0.5 if card.subtitle else 0.64),
        largest=unit * (14 if upright else 17),
        smallest=unit * 3.2,
        leading=1.14,
        most_lines=6 if upright else 4,
    )
    below = _fitted_below(card.subtitle, sheet, width, largest=min(title.size * 0.46, unit * 5.6))
    rule, gap, step = unit * 1.1, title.size * 0.52, title.size * 0.5
    total = rule + gap + title.height + (step + below.height if below else 0)
    # A block in the very middle seems to sink.
    top = (sheet.height - total) * 0.47
    sheet.box((margin, top, margin + unit * 11, top + rule), palette.accent, radius=rule / 2)
    end = sheet.text(title, margin, top + rule + gap, palette.ink)
    if below:
        sheet.text(below, margin, end + step, palette.muted)


def draw_quote(sheet: Sheet, card: QuoteCard) -> None:
    """The words in a serif under a large mark, and below them who said them."""
    sheet.mirrored = runs_left(card.text)
    palette, unit = sheet.palette, sheet.unit
    margin = margin_of(sheet)
    width = min(sheet.width - 2 * margin, sheet.height * 1.42)
    words = card.text
    mark = Block(lines=("“",), face=face_for("“”", "serif", "bold"), size=unit * 26, leading=1)
    text = fitted(
        words,
        face_for(words, "serif", "regular"),
        width=width,
        height=sheet.height * 0.56,
        largest=unit * (10.5 if len(words) < 60 else 8.6 if len(words) < 120 else 7.4),
        smallest=unit * 2.6,
        leading=1.36,
    )
    by = _fitted_below(card.by, sheet, width, largest=min(text.size * 0.56, unit * 3.6)) if card.by else None
    ink = mark.face.font(mark.size).getbbox("“", anchor="ls")
    mark_height, gap, step = float(ink[3] - ink[1]), unit * 5.2, max(unit * 6, text.size * 0.95)
    total = mark_height + gap + text.height + (step + by.height if by else 0)
    top = (sheet.height - total) * 0.48
    # By the ink: in Chinese fonts the mark stands in the right half of its square.
    sheet.text(mark, margin - float(ink[0]), top, palette.accent)
    end = sheet.text(text, margin, top + mark_height + gap, palette.ink)
    if by:
        rule = unit * 6
        middle = end + step + by.above * 0.52
        sheet.box((margin, middle - unit * 0.2, margin + rule, middle + unit * 0.2), palette.accent)
        sheet.text(by, margin + rule + unit * 2.6, end + step, palette.muted)


def draw_list(sheet: Sheet, card: ListCard) -> None:
    """A heading, and the items in one column or two."""
    sheet.mirrored = runs_left(" ".join(card.items))
    palette, unit = sheet.palette, sheet.unit
    margin = margin_of(sheet)
    width, bottom = sheet.width - 2 * margin, sheet.height - margin
    top = heading(sheet, card.title, margin)
    columns = 2 if len(card.items) > 6 and sheet.width > sheet.height * 1.2 else 1
    rows = -(-len(card.items) // columns)
    gutter = unit * 6 if columns > 1 else 0.0
    column = (width - gutter * (columns - 1)) / columns
    face = face_for(" ".join(card.items), "sans", "regular")
    strong = face_for("0123456789", "sans", "bold")
    upright = sheet.height > sheet.width * 1.2
    pitch = min((bottom - top) / rows, unit * (20 if upright else 15))
    size, smallest = min(unit * (7 if upright else 5.4), pitch * 0.5), unit * _SMALLEST
    indents, longest = 2.0 if card.numbered else 1.45, max(length(one, face, 1.0) for one in card.items)

    def cannot_fit(height: float) -> bool:
        return surely_more(longest * size / (column - indents * size), size * _ITEM_LEADING, height)

    while size > smallest and cannot_fit(pitch * _FILLED):
        size *= 0.95
    if cannot_fit(pitch):
        raise too_much(card.items)
    while True:
        indent = size * indents
        blocks = [_item(one, face, column - indent, size) for one in card.items]
        tallest = max(one.height for one in blocks)
        if tallest <= pitch * _FILLED or size <= smallest:
            break
        size *= 0.95
    if tallest > pitch or size < smallest * 0.95:
        raise too_much(card.items)
    used = pitch * rows
    start = top + max(0.0, (bottom - top - used) * (0.1 if upright else 0.32))
    for number, block in enumerate(blocks):
        left = margin + (number // rows) * (column + gutter)
        at = start + (number % rows) * pitch + (pitch - block.height) / 2
        if card.numbered:
            figure = Block(lines=(str(number + 1),), face=strong, size=size, leading=1)
            sheet.text(figure, left, at + block.above - figure.above, palette.accent)
        else:
            sheet.dot((left + size * 0.3, at + block.above * 0.54), size * 0.17, palette.accent)
        sheet.text(block, left + indent, at, palette.ink)


def heading(sheet: Sheet, title: str, margin: float) -> float:
    """Set the heading of a page, and return where what follows may begin."""
    palette, unit = sheet.palette, sheet.unit
    if not title:
        return margin
    block = fitted(
        title[:1].upper() + title[1:],
        face_for(title, "sans", "bold"),
        width=sheet.width - 2 * margin,
        height=sheet.height * 0.22,
        largest=unit * 8,
        smallest=unit * 2.6,
        leading=1.16,
        most_lines=3,
    )
    rule = unit * 0.9
    sheet.box((margin, margin, margin + unit * 8, margin + rule), palette.accent, radius=rule / 2)
    return sheet.text(block, margin, margin + rule + block.size * 0.46, palette.ink) + unit * 7


def too_much(items: Sequence[str]) -> ArgumentError:
    """Return the error of a page that is full."""
    return ArgumentError(
        f"{len(items)} entries of up to {max(map(len, items))} characters cannot be read on a card of this size. Give "
        "fewer or shorter ones, or a larger `width_pixels` and `height_pixels`."
    )


def margin_of(sheet: Sheet) -> float:
    return min(sheet.width, sheet.height) * _MARGIN


def _fitted_below(text: str, sheet: Sheet, width: float, *, largest: float) -> Block | None:
    if not text:
        return None
    return fitted(
        text,
        face_for(text, "sans", "regular"),
        width=width * 0.92,
        height=sheet.height * 0.24,
        largest=largest,
        smallest=min(largest, sheet.unit * 2.4),
        leading=1.34,
        most_lines=6,
    )


def _item(text: str, face: Face, width: float, size: float) -> Block:
    lines = wrapped(text, width, lambda line: length(line, face, size))
    return Block(lines=tuple(lines), face=face, size=size, leading=_ITEM_LEADING)
