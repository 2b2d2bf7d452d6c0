"""What a chat model is told of results: all of a short one, the head of a long one and how to read the rest."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .tidy import written

ROOM_LETTERS = 12_000
"""For all results of one plan together, about 3,000 tokens; what is left is read with `read_artifact`."""
BESIDE_LETTERS = 1_500
"""The most for a result that other steps of the plan used, where not all fit; it is seldom what the answer needs."""
BESIDE_SHARE = 0.25
"""Of the room, kept for those however much the others need."""
_TEXT_LETTERS_AN_ITEM = 40
_LEAST_TEXT_LETTERS = 240


@dataclass(frozen=True, kw_only=True)
class Head:
    """The beginning of a long value, and where its largest cut is."""

    value: Any
    pointer: str
    """JSON pointer (RFC 6901) to the list or the text that lost most."""
    kept: int
    """Items or letters of it that are there."""
    rest: Any
    """That list or text, whole."""


def head_of(value: Any, letters: int) -> Head | None:
    """Return the beginning of plain data that is at most so long as JSON; None when all of it is."""
    if len(written(value)) <= letters:
        return None
    low, high = 0, letters
    while low < high:  # the most items a list that fit
        middle = (low + high + 1) // 2
        low, high = (middle, high) if len(written(_cut(value, middle))) <= letters else (low, middle - 1)
    cut = _cut(value, low)
    if len(written(cut)) > letters:  # more names than fit, and nothing to cut within
        cut = f"{written(cut)[: letters // 2]}…"  # its quotation marks are escaped once more
    lost = max(_cuts(value, low, ""), key=lambda one: one[0], default=(0, "", 0, value))
    return Head(value=cut, pointer=lost[1], kept=lost[2], rest=lost[3])


def allot(sizes: Mapping[str, int], final: set[str], room: int = ROOM_LETTERS) -> dict[str, int]:
    """Return how many letters each result may have.

    Args:
        sizes: Letters of each whole result.
        final: Those that no other step used: what the user asked for is among them.
        room: For all together.
    """
    if sum(sizes.values()) <= room:
        return dict(sizes)
    allotted = _shared({name: size for name, size in sizes.items() if name in final}, room)
    left = max(room - sum(allotted.values()), round(room * BESIDE_SHARE))
    beside = {name: min(size, BESIDE_LETTERS) for name, size in sizes.items() if name not in final}
    return allotted | _shared(beside, left)


def _shared(sizes: Mapping[str, int], room: int) -> dict[str, int]:
    """Give each what it needs, and those that need more than an equal part the same."""
    shares: dict[str, int] = {}
    for place, name in enumerate(sorted(sizes, key=lambda one: sizes[one])):
        shares[name] = min(sizes[name], room // (len(sizes) - place))
        room -= shares[name]
    return shares


def _cut(value: Any, items: int) -> Any:
    if isinstance(value, str):
        kept = _text_letters(items)
        return value if len(value) <= kept else f"{value[:kept]}… ({len(value)} letters)"
    if isinstance(value, list):
        short = [_cut(one, items) for one in value[:items]]
        return short if len(value) <= items else [*short, f"… {len(value) - items} more"]
    if isinstance(value, Mapping):
        return {name: _cut(part, items) for name, part in value.items()}
    return value


def _cuts(value: Any, items: int, pointer: str) -> Iterator[tuple[int, str, int, Any]]:
    """Yield lost letters, pointer, what is kept, and the whole of each list and text that is cut."""
    if isinstance(value, str) and len(value) > _text_letters(items):
        yield len(value) - _text_letters(items), pointer, _text_letters(items), value
    elif isinstance(value, list):
        if len(value) > items:
            yield len(written(value[items:])), pointer, items, value
        for place, part in enumerate(value[:items]):
            yield from _cuts(part, items, f"{pointer}/{place}")
    elif isinstance(value, Mapping):
        for name, part in value.items():
            yield from _cuts(part, items, f"{pointer}/{str(name).replace('~', '~0').replace('/', '~1')}")


def _text_letters(items: int) -> int:
    return max(_LEAST_TEXT_LETTERS, _TEXT_LETTERS_AN_ITEM * items)
