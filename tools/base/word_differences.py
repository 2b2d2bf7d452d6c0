"""What is written or said in only one of two files."""

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .moments import Findings, Kind, Moment
from .words import join

ALIKE = 0.85
"""Lines at least this alike are one, read or recognised a little differently; their figures must be equal."""
# Whole words; each hanzi and kana for itself, because there are no spaces to tell words apart.
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\W_\u3040-\u30ff\u3400-\u9fff]+(?:['’][^\W_]+)*")


@dataclass(frozen=True, kw_only=True)
class Passage:
    """Words that only one file has."""

    text: str
    start_seconds: float | None
    end_seconds: float | None


def moments_of(findings: Iterable[Findings], kind: Kind) -> list[Moment]:
    """Return the moments of one kind that have text, in order of time."""
    found = [one for part in findings for one in part.moments if one.kind == kind and one.text.strip()]
    return sorted(found, key=lambda one: one.start_seconds or 0.0)


def lines_only_in(moments: Sequence[Moment], others: Sequence[Moment]) -> list[Passage]:
    """Return the lines of text of which the other file has nothing alike, each once."""
    known = {_key(one.text) for one in others}
    told: set[str] = set()
    found = []
    for one in moments:
        key = _key(one.text)
        if key in told or key in known or any(_alike(key, other) for other in known):
            continue
        told.add(key)
        found.append(Passage(text=one.text, start_seconds=one.start_seconds, end_seconds=one.end_seconds))
    return found


def speech_only_in(moments: Sequence[Moment], others: Sequence[Moment]) -> list[Passage]:
    """Return the passages that are said only in the first of two transcripts, with the times of their segments."""
    said, other = _words(moments), _words(others)
    # A word that is frequent in a long talk is no junk to be passed over; an hour against another takes 0.4 s.
    matcher = difflib.SequenceMatcher(
        None, [word.casefold() for word, _ in said], [word.casefold() for word, _ in other], autojunk=False
    )
    found = []
    for tag, start, end, _, _ in matcher.get_opcodes():
        if tag in ("replace", "delete"):
            first, last = said[start][1], said[end - 1][1]
            found.append(
                Passage(
                    text=join([word for word, _ in said[start:end]]),
                    start_seconds=first.start_seconds,
                    end_seconds=last.end_seconds,
                )
            )
    return found


def _words(moments: Sequence[Moment]) -> list[tuple[str, Moment]]:
    return [(word, one) for one in moments for word in _WORD.findall(one.text)]


def _key(text: str) -> str:
    return "".join(text.split()).casefold()


def _alike(one: str, other: str) -> bool:
    if re.findall(r"\d", one) != re.findall(r"\d", other):
        return False
    matcher = difflib.SequenceMatcher(None, one, other, autojunk=False)
    return matcher.real_quick_ratio() >= ALIKE and matcher.quick_ratio() >= ALIKE and matcher.ratio() >= ALIKE
