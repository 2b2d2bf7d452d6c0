"""Shows the links and remote pictures of a model's text as text: what it read in media must not become a way out."""

import re
from collections.abc import Callable

_FENCED = re.compile(r"^ {0,3}(`{3,}|~{3,})[^\n]*\n(?:.*?^ {0,3}\1[`~]*[ \t]*$|.*\Z)", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"(?<!`)(`+)(?!`)[^`\n]{1,2000}?(?<!`)\1(?!`)")
_INLINE = re.compile(r"(!?)\[([^\[\]\n]{0,500})\]\(\s*<?([^()\s<>\n]{0,2000})>?(?:\s+[^()\n]{0,300})?\)")
_DEFINED = re.compile(r"^( {0,3})\[(?=[^\]\n]{1,300}\]:)", re.MULTILINE)
_ADDRESS = re.compile(
    r"<?((?:[a-z][a-z0-9+.-]{1,15}://|www\.|mailto:|javascript:|data:)[^\s<>`|）】」，。；、]{1,2000})>?", re.IGNORECASE
)
_TAG = re.compile(r"<(?=[a-zA-Z/!?])")
_TRAILING = ".,;:!?)]}'\"*_"


def plain_links(text: str, allowed: Callable[[str], bool]) -> str:
    """Return a text in which only allowed addresses can be followed or loaded.

    Args:
        allowed: Tells whether an address may stay a link: the user's own, or a file that was made.
    """
    parts, position = list[str](), 0
    for found in _FENCED.finditer(text):
        parts += [_plain(text[position : found.start()], allowed), found[0]]
        position = found.end()
    return "".join([*parts, _plain(text[position:], allowed)])


def _plain(text: str, allowed: Callable[[str], bool]) -> str:
    parts, position = list[str](), 0
    for found in _CODE.finditer(text):
        parts += [_dead(text[position : found.start()], allowed), found[0]]
        position = found.end()
    return "".join([*parts, _dead(text[position:], allowed)])


def _dead(text: str, allowed: Callable[[str], bool]) -> str:
    """Return a stretch without code in which no address is live."""
    parts, position = list[str](), 0
    for found in _INLINE.finditer(text):
        picture, words, address = found[1], found[2], found[3]
        kept = not picture and allowed(address)
        shown = found[0] if kept else f"{_bare(words, allowed)} ({_code(address)})" if address else words
        parts += [_bare(text[position : found.start()], allowed), shown]
        position = found.end()
    return "".join([*parts, _bare(text[position:], allowed)])


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
    return "".join([*parts, _escaped(text[position:])])


def _escaped(text: str) -> str:
    """Return a stretch without addresses in which no reference, no tag and no half of a link is live."""
    text = _DEFINED.sub(r"\1\\[", text)
    return _TAG.sub(r"\\<", text).replace("](", "] (").replace("![", "!\\[")


def _code(address: str) -> str:
    return f"`{address.replace('`', '%60')}`"
