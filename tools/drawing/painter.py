"""Sets a card on a sheet."""

import dataclasses
import re
from typing import Any

from ..base.errors import ArgumentError
from ..base.visible import shown
from .asking import Asked
from .card import Card, ChartCard, DiagramCard, ListCard, QuoteCard, TitleCard, words_of
from .charts import draw_chart
from .diagrams import draw_diagram
from .faces import signs_without_font
from .pages import draw_list, draw_quote, draw_title
from .palettes import palette_for
from .sheet import Sheet

_LOOSE = re.compile(r"(?:(?<=\s)|^)[\u200d\ufe0f]+|[\u200d\ufe0f]+(?=\s|$)")
_USUAL = {TitleCard: "night", QuoteCard: "paper", ListCard: "paper", ChartCard: "plain", DiagramCard: "plain"}


def paint(asked: Asked, *, width_pixels: int, height_pixels: int, seed: int | None, number: int) -> tuple[bytes, str]:
    """Return a card as PNG, and the signs, such as emoji, that were left out because no font here has them.

    Args:
        asked: What stands on it.
        width_pixels: Of the card.
        height_pixels: Of the card.
        seed: Chooses the colours where nothing is said of them.
        number: Of several cards with the same words, from 0; each has other colours.

    Raises:
        ArgumentError: There is more to read than fits.
        UnavailableError: No font here has its letters.
    """
    signs = signs_without_font(words_of(asked.card))
    card = without(asked.card, signs)
    check_words_left(asked.card, card, signs)
    sheet = Sheet(width_pixels, height_pixels, palette_for(asked.looks, _USUAL[type(card)], seed, number))
    if isinstance(card, TitleCard):
        draw_title(sheet, card)
    elif isinstance(card, QuoteCard):
        draw_quote(sheet, card)
    elif isinstance(card, ListCard):
        draw_list(sheet, card)
    elif isinstance(card, ChartCard):
        draw_chart(sheet, card)
    else:
        draw_diagram(sheet, card)
    return sheet.png(), signs


def check_words_left(card: Card, bare: Card, signs: str) -> None:
    """Refuse a card on which nothing stands, or in a box or line of it, once signs without a font are left out.

    Raises:
        ArgumentError: It is so.
    """
    if not words_of(bare).strip():
        nothing = f"No font here has {signs[:20]!r}, and nothing else stands" if signs else "Nothing stands"
        raise ArgumentError(f"{nothing} on the card. Give it words.")
    empty = [one for one, left in zip(_entries(card), _entries(bare), strict=True) if not left.strip()]
    if empty:
        nothing = f"no font here has {signs[:20]!r}, and nothing else stands" if signs else "nothing to read stands"
        raise ArgumentError(
            f"{len(empty)} of {len(_entries(card))} entries would be empty: {nothing} in them. Give them words."
        )


def _entries(card: Card) -> tuple[str, ...]:
    if isinstance(card, DiagramCard):
        return card.nodes
    if isinstance(card, ListCard):
        return card.items
    return tuple(name for name, _, _ in card.points) if isinstance(card, ChartCard) else ()


def without(value: Any, signs: str) -> Any:
    """Return a card, or a part of one, without these signs and without what is no text."""
    if isinstance(value, str):
        # What joined pictures that are gone joins nothing now.
        return shown(_LOOSE.sub("", "".join(one for one in value if one not in signs)))
    if isinstance(value, tuple):
        return tuple(without(one, signs) for one in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {one.name: without(getattr(value, one.name), signs) for one in dataclasses.fields(value)}
        return dataclasses.replace(value, **fields)
    return value
