"""Words of other programs, cut and cleaned so that they can be shown and quoted."""

import json
import re
import unicodedata

# Invisible letters that change how others are shown or read, beside controls: marks of direction, tags.
_HIDDEN = frozenset(["Cc", "Cf", "Cs", "Co", "Cn"])
_KEPT = frozenset("\n\t\u200c\u200d")
_SPACES = re.compile(r"\s+")


def cleaned(text: str) -> str:
    """Return text without what a terminal or a reader would obey instead of show; lines stay lines."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if text.isascii() and text.isprintable():
        return text
    hidden = {one for one in set(text) - _KEPT if unicodedata.category(one) in _HIDDEN}
    return text.translate(dict.fromkeys(map(ord, hidden)))


def on_a_line(text: str, most_letters: int) -> str:
    """Return cleaned text on one line, cut where it is too long."""
    short = _SPACES.sub(" ", cleaned(text[: 8 * most_letters])).strip()
    return short if len(short) <= most_letters else f"{short[: most_letters - 1]}…"


def quoted(text: str, most_letters: int) -> str:
    """Return text in quotation marks that it cannot close, on one line, cut where it is too long."""
    return json.dumps(on_a_line(text, most_letters).replace("`", "'"), ensure_ascii=False)
