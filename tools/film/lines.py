"""Break words into lines that are as even as can be, as Latin and Chinese scripts break."""

import unicodedata
from collections.abc import Callable

from ..base.words import is_han

# What no line begins with, and what none ends with (the rules of GB/T 15834 and of JIS X 4051).
_CLOSING = (
    "、。，．！？：；）】》〉」』”’…—～·％,.!?:;)]}%"
    "ぁぃぅぇぉっゃゅょゎゕゖァィゥェォッャュョヮヵヶーゝゞヽヾ々゛゜"  # small kana, and what lengthens or repeats
)
_OPENING = "（【《〈「『“‘([{"
_JOINER = "\u200d"


def wrapped(text: str, width: float, length: Callable[[str], float]) -> list[str]:
    """Return lines that are at most `width` long where they can be; a word that is longer is broken.

    Args:
        text: Its own line breaks are kept.
        width: In the unit of `length`.
        length: Of a line.
    """
    return [line for paragraph in text.split("\n") if paragraph.strip() for line in _even(paragraph, width, length)]


def _even(text: str, width: float, length: Callable[[str], float]) -> list[str]:
    parts = _parts(text)
    lines = _filled(parts, width, length)
    # Narrower lines are more even, but never so narrow that a word is broken for it.
    longest = max((length(part.rstrip()) for part in parts), default=0.0)
    low, high = max(width / 2, width / max(1, len(lines)) * 0.8, longest if longest <= width else 0.0), width
    if len(tried := _filled(parts, low, length)) == len(lines):
        return tried
    for _ in range(6):
        middle = (low + high) / 2
        tried = _filled(parts, middle, length)
        if len(tried) == len(lines):
            lines, high = tried, middle
        else:
            low = middle
    return lines


def _filled(parts: list[str], width: float, length: Callable[[str], float]) -> list[str]:
    lines = [""]
    for part in parts:
        if lines[-1] and length((lines[-1] + part).rstrip()) > width:
            lines.append("")
        lines[-1] += part
        while length(lines[-1].rstrip()) > width and len(lines[-1].rstrip()) > 1:
            cut = _cut(lines[-1], width, length)
            lines[-1:] = [lines[-1][:cut], lines[-1][cut:]]
    return [one.strip() for one in lines if one.strip()]


def _cut(word: str, width: float, length: Callable[[str], float]) -> int:
    """Return how many letters of a word fit; at least one."""
    low, high = 1, len(word) - 1
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if length(word[:middle]) <= width else (low, middle - 1)
    # Marks stand on the letter before them, and joiners hold two together.
    while low > 1 and (_is_held(word[low]) or word[low - 1] == _JOINER):
        low -= 1
    return low


def _is_held(letter: str) -> bool:
    return letter == _JOINER or unicodedata.category(letter) in ("Mn", "Mc", "Me")


def _parts(text: str) -> list[str]:
    """Return what is not broken: words with the space behind them, single hanzi with their signs."""
    parts = [""]
    for letter in " ".join(text.split()):
        before = parts[-1][-1:]
        if before == " " or (before and _may_break(before, letter)):
            parts.append("")
        parts[-1] += letter
    return parts


def _may_break(before: str, letter: str) -> bool:
    if letter == " " or letter in _CLOSING or before in _OPENING:
        return False
    return _is_eastern(before) or _is_eastern(letter)


def _is_eastern(letter: str) -> bool:
    """Return whether lines break at a letter without a space: hanzi, kana, and signs of their width."""
    return is_han(letter) or 0x3000 <= ord(letter) <= 0x30FF or 0xFF00 <= ord(letter) <= 0xFFEF
