"""What a card says: cards are set from type, and hold nothing that would have to be drawn by hand."""

from dataclasses import dataclass
from typing import Literal

ChartKind = Literal["bar", "pie", "line"]


@dataclass(frozen=True, kw_only=True)
class TitleCard:
    """A title, with a line under it or without."""

    title: str
    subtitle: str = ""


@dataclass(frozen=True, kw_only=True)
class QuoteCard:
    """What somebody said."""

    text: str
    by: str = ""


@dataclass(frozen=True, kw_only=True)
class ListCard:
    """Items under each other."""

    items: tuple[str, ...]
    title: str = ""
    numbered: bool = False


@dataclass(frozen=True, kw_only=True)
class ChartCard:
    """Numbers with their names."""

    points: tuple[tuple[str, float, str], ...]
    """Name, value, and the value as it was written."""
    kind: ChartKind = "bar"
    title: str = ""


@dataclass(frozen=True, kw_only=True)
class DiagramCard:
    """Boxes with arrows between them."""

    nodes: tuple[str, ...]
    edges: tuple[tuple[int, int, str], ...]
    """From, to (places in `nodes`), and what stands at the arrow."""
    title: str = ""


Card = TitleCard | QuoteCard | ListCard | ChartCard | DiagramCard


def words_of(card: Card) -> str:
    """Return all that is written on a card."""
    if isinstance(card, TitleCard):
        return f"{card.title} {card.subtitle}"
    if isinstance(card, QuoteCard):
        return f"{card.text} {card.by}"
    if isinstance(card, ListCard):
        return " ".join([card.title, *card.items])
    if isinstance(card, ChartCard):
        return " ".join([card.title, *(f"{name} {written}" for name, _, written in card.points)])
    return " ".join([card.title, *card.nodes, *(label for _, _, label in card.edges)])
