"""Shows the links and remote pictures of a model's text as text: what it read in media must not become a way out."""

import re
from collections.abc import Callable

# Only one that is inside nothing: that of an item or a quotation ends with it, wherever its own end stands. And some
# readers see a table where its first line could be the head of one. One without an end is none for all of them.
_FENCED = re.compile(
    r"^(?:(`{3,})[^`|\n]*|(~{3,})[^|\n]*)\n(?![ \t]*[|:-]).*?^ {0,3}(?:\1`*|\2~*)[ \t]*$",
    re.MULTILINE | re.DOTALL,
)
_FENCE = re.compile(r"^[ \t>*+\-\d.)]*(?:`{3,}|~{3,})", re.MULTILINE)
_FENCE_OR_TICK = re.compile(r"(^[ \t>*+\-\d.)]*`{3,})|`", re.MULTILINE)
_TICKS = re.compile(r"`+")
_PARAGRAPH_END = re.compile(r"(\n[ \t]*\n)")
_INLINE = re.compile(r"(!?)\[([^\[\]\n]{0,500})\]\(\s*<?([^()\s<>\n]{0,2000})>?(?:\s+[^()\n]{0,300})?\)")
_DEFINED = re.compile(
    r"^((?:[ \t]*(?:[>*+-]|\d{1,9}[.)]))*[ \t]*)\[(?=(?:[^\[\]\\]|\\.){1,999}\]:)", re.MULTILINE | re.DOTALL
)
_ADDRESS = re.compile(
    r"<?((?:[a-z][a-z0-9+.-]{1,15}://|www\.|mailto:|javascript:|data:)[^\s<>`|）】」“”，。；、]{1,2000})>?",
    re.IGNORECASE,
)
_NAMED = re.compile(r"https?://[^\s<>\"'，。；、（）「」“”]+")
_TAG = re.compile(r"<(?=[a-zA-Z/!?])")
_MEET = re.compile(r"``|\\[^\w\s]")
_TRAILING = ".,;:!?)]}'\"*_"


def plain_links(text: str, allowed: Callable[[str], bool]) -> str:
    """Return a text in which only allowed addresses can be followed or loaded.

    Args:
        allowed: Tells whether an address may stay a link: the user's own, or a file that was made.
    """
    text = re.sub(r"\r\n?", "\n", text)  # which ends a line for readers, and for no pattern here
    fences = [(one.start(), one.end()) for one in _FENCED.finditer(text)]
    edges = [0, *(edge for fence in fences for edge in fence), len(text)]
    outside = [text[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True)]
    if any(_FENCE.search(one) for one in outside):  # where readers may differ about it, nothing counts as code
        return _dead(_unticked(_DEFINED.sub(r"\1\\[", text)), allowed)
    plain = [_plain(one, allowed) for one in outside]
    blocks = [text[start:end] for start, end in fences]
    return "".join(part for pair in zip(plain, [*blocks, ""], strict=True) for part in pair)


def own_addresses(request: str) -> frozenset[str]:
    """Return the addresses that stand in the user's words, whole: the beginning of one may be somebody else's."""
    return frozenset(one.rstrip(_TRAILING) for one in _NAMED.findall(request))


def is_address(text: str) -> bool:
    """Tell whether readers of Markdown may take a text for an address, as the name of a file may be."""
    return bool(_ADDRESS.match(text) or re.match(r"\s*[a-z][a-z0-9+.-]*:", text, re.IGNORECASE) or "//" in text)


def _unticked(text: str) -> str:
    """Return a text with the backticks of its fences alone."""
    return _FENCE_OR_TICK.sub(lambda found: found[1] or "'", text)


def _plain(text: str, allowed: Callable[[str], bool]) -> str:
    text = _DEFINED.sub(r"\1\\[", text)
    return "".join(_paragraph(one, allowed) for one in _PARAGRAPH_END.split(text))


def _paragraph(text: str, allowed: Callable[[str], bool]) -> str:
    codes = _codes(text)
    if codes is None:
        return _dead(text.replace("`", "'"), allowed)
    parts, position = list[str](), 0
    for start, end in codes:
        parts += [_dead(text[position:start], allowed), text[start:end]]
        position = end
    return _joined([*parts, _dead(text[position:], allowed)])


def _codes(text: str) -> list[tuple[int, int]] | None:
    """Return where code stands in a paragraph; None where readers of Markdown may differ about it.

    They agree where each line ends the code that it begins, no backtick is escaped, and no cell of a table ends in it.
    """
    if "\\`" in text:
        return None
    found, position = list[tuple[int, int]](), 0
    for line in text.splitlines(keepends=True):
        runs = [(one.start(), one.end()) for one in _TICKS.finditer(line)]
        at = 0
        while at < len(runs):
            (start, inner), length = runs[at], runs[at][1] - runs[at][0]
            last = next((n for n in range(at + 1, len(runs)) if runs[n][1] - runs[n][0] == length), None)
            if last is None or "|" in line[inner : runs[last][0]]:
                return None
            found.append((position + start, position + runs[last][1]))
            at = last + 1
        position += len(line)
    return found


def _joined(parts: list[str]) -> str:
    """Return parts as one text; where two meet, no backtick or backslash of one changes what the other means."""
    text = list[str]()
    for one in filter(None, parts):
        text += [" ", one] if text and _MEET.search(text[-1][-1] + one[0]) else [one]
    return "".join(text)


def _dead(text: str, allowed: Callable[[str], bool]) -> str:
    """Return a stretch without code in which no address is live."""
    parts, position = list[str](), 0
    for found in _INLINE.finditer(text):
        picture, words, address = found[1], found[2], found[3]
        kept = not picture and allowed(address)
        bare = _escaped(words) if kept else _bare(words, allowed)
        # The brackets stay: without them a line could begin with what comes next.
        shown = f"[{bare}]({address})" if kept else f"{bare} ({_code(address) if address else ''})"
        parts += [_bare(text[position : found.start()], allowed), shown]
        position = found.end()
    return _joined([*parts, _bare(text[position:], allowed)])


def _bare(text: str, allowed: Callable[[str], bool]) -> str:
    parts, position = list[str](), 0
    for found in _ADDRESS.finditer(text):
        address = found[1].rstrip(_TRAILING)
        if not address:
            continue
        after = found.end() if found[0].endswith(">") else found.start(1) + len(address)
        shown = text[found.start() : after] if allowed(address) else _code(address)
        parts += [_escaped(text[position : found.start()]), shown]
        position = after
    return _joined([*parts, _escaped(text[position:])])


def _escaped(text: str) -> str:
    """Return a stretch without addresses in which no tag and no half of a link is live."""
    return _TAG.sub("< ", text).replace("](", "] (").replace("![", "!\\[")


def _code(address: str) -> str:
    return f"`{address.replace('`', '%60')}`"
