"""What is written or said in only one of two files."""

import difflib
import re
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .moments import Findings, Kind, Moment
from .words import join, letters

if TYPE_CHECKING:
    from .run import Run

ALIKE = 0.85
"""Lines at least this alike are one, read or recognised a little differently; their figures must be equal."""
# Whole words; each hanzi and kana for itself, because there are no spaces to tell words apart.
_WORD = r"[\u3040-\u30ff\u3400-\u9fff]|[^\W_\u3040-\u30ff\u3400-\u9fff]+(?:['’][^\W_]+)*"


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


def lines_only_in(moments: Sequence[Moment], others: Sequence[Moment], run: "Run") -> list[Passage]:
    """Return the lines of text of which the other file has nothing alike, each once."""
    known: dict[str, set[str]] = {}
    for other in others:
        known.setdefault(_figures(other.text), set()).add(letters(other.text))
    told: set[str] = set()
    found = []
    for one in moments:
        run.check()
        key = letters(one.text)
        if key in told or _is_among(key, known.get(_figures(one.text), set())):
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
    return [(word, one) for one in moments for word in re.findall(_WORD, one.text)]


def _figures(text: str) -> str:
    return "".join(re.findall(r"\d", text))


def _is_among(line: str, known: Set[str]) -> bool:
    """Return whether a line is one of those known, perhaps read a little differently."""
    if line in known:
        return True
    matcher = difflib.SequenceMatcher(None, b=line, autojunk=False)  # what it works out about `b` it keeps
    for other in known:
        matcher.set_seq1(other)
        if matcher.real_quick_ratio() >= ALIKE and matcher.quick_ratio() >= ALIKE and matcher.ratio() >= ALIKE:
            return True
    return False
