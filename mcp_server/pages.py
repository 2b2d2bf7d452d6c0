"""Long results in pages: each is a whole result of its own, with some of the items and of the text."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

PAGE_CHARS = 20_000
"""All text of a result; Claude Code shortens those of more than 25 000 tokens or 50 000 characters."""
SHORT_CHARS = 200
"""A list or text up to this is on every page, whole."""
PIECE_CHARS = 6_000
"""Longer text is cut, between words where there are any; escaped as JSON a piece may be twice as long."""
ITEM_CHARS = 4_000
"""A single item of a list, and a field that is neither list nor text, is cut down to this."""


@dataclass(frozen=True)
class Page:
    """One page, and how many there are."""

    content: dict[str, Any]
    number: int
    count: int


def compact(value: Any) -> str:
    """Return JSON in one line, with letters as they are."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def page_of(plain: Mapping[str, Any], number: int, *, chars: int = PAGE_CHARS) -> Page:
    """Return a page of a result as plain data; a number past the end gives the last page.

    Lists and long texts are spread over the pages in the order of the fields; what is short is on every page.
    """
    if len(compact(plain)) <= chars:
        return Page(dict(plain), 1, 1)
    head: dict[str, Any] = {}
    long: dict[str, Any] = {}
    for name, value in plain.items():
        size = len(compact(value))
        if isinstance(value, str | list) and size > SHORT_CHARS:
            long[name] = value
        else:
            head[name] = value if size <= ITEM_CHARS else shortened(value, ITEM_CHARS)
    if len(compact(head)) > chars // 4:
        each = max(SHORT_CHARS, chars // 4 // len(head))
        head = {name: value if len(compact(value)) <= each else shortened(value, each) for name, value in head.items()}
    room = chars - len(compact(head)) - sum(len(name) + 6 for name in long)
    pages: list[dict[str, Any]] = []
    left = 0
    for name, piece in _pieces(long):
        size = len(compact(piece)) + 1
        if not pages or size > left:
            pages.append({name: [] if isinstance(value, list) else "" for name, value in long.items()})
            left = room
        left -= size
        if isinstance(pages[-1][name], list):
            pages[-1][name].append(piece)
        else:
            pages[-1][name] += piece
    if not pages:  # all that is long is objects, which were cut down
        return Page(head, 1, 1)
    number = min(number, len(pages))
    order = {name: {**head, **pages[number - 1]}[name] for name in plain}
    return Page(order, number, len(pages))


def _pieces(long: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield each list's items and each text's stretches, none of them too long for a page."""
    for name, value in long.items():
        if isinstance(value, str):
            yield from ((name, piece) for piece in _stretches(value))
        else:
            for item in value:
                yield name, item if len(compact(item)) <= ITEM_CHARS else shortened(item, ITEM_CHARS)


def _stretches(text: str) -> Iterator[str]:
    while text:
        end = PIECE_CHARS
        while len(compact(text[:end])) > 2 * PIECE_CHARS:
            end //= 2
        end = _word_end(text, end)
        yield text[:end]
        text = text[end:]


def _word_end(text: str, end: int) -> int:
    """Return where to cut a text that is to have at most `end` letters."""
    if len(text) <= end:
        return len(text)
    # A space in the last tenth; hanzi have none and may be cut anywhere.
    space = max(text.rfind(mark, end - end // 10, end) for mark in (" ", "\n"))
    return space + 1 if space > 0 else end


def shortened(value: Any, chars: int) -> Any:
    """Return plain data whose JSON has at most about `chars` characters: texts end in `…`, lists lose their end."""
    for longest, most in ((2000, 100), (500, 30), (120, 10), (30, 3), (10, 1)):
        short = _cut(value, longest, most)
        if len(compact(short)) <= chars:
            return short
    return _cut(value, 10, 0)


def _cut(value: Any, longest: int, most: int) -> Any:
    if isinstance(value, str):
        return value if len(value) <= longest else value[: _word_end(value, longest - 1)].rstrip() + "…"
    if isinstance(value, list):
        return [_cut(one, longest, most) for one in value[:most]]
    if isinstance(value, Mapping):
        return {name: _cut(one, longest, most) for name, one in value.items()}
    return value
