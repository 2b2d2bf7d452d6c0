"""Marks of evidence in a model's text: `[speech.m3]`, `[text.m1, probe.duration_seconds]`, `[1:23]`, `[0:40-0:55]`."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

_BRACKETS = re.compile(
    r"(?<!!)\[(?P<square>[^\[\]\n]{1,300})\](?:\([^()\n]{0,300}\))?|【(?P<wide>[^【】\n]{1,300})】"
    r"|[(（](?P<round>[^()（）\n]{1,120})[)）]"
)
_APART = re.compile(r"\s*(?:[,，;；、&/+]|\band\b|和|及)\s*|\s+")
_CLOCK = re.compile(r"(?:(\d{1,3}):)?(\d{1,3}):([0-5]\d(?:\.\d+)?)")
_SECONDS = re.compile(r"(\d{1,6}(?:\.\d+)?)\s*(?:s|sec|seconds?|秒)", re.IGNORECASE)
_RANGE = re.compile(r"(.+?)(?:-|–|—|~|～|至|到|…|\.\.\.?)(.+)")
_NUMBERED = re.compile(r"(?:[A-Za-z_]\w*\.(?:\d+\.)?)?m(\d+)")
# Words beside a time that change nothing: `[slide at 0:40]`, `[speech 1:23]`.
_BESIDE_WORDS = """
at from to t time slide slides speech text on screen frame see source evidence ref id ids heard shown said picture
around near approx about measure 处 画面 语音 文字 见 证据 来源 时间"""
_BESIDE = frozenset(_BESIDE_WORDS.split())
MOST_OF_A_RANGE = 40


@dataclass(frozen=True)
class Cited:
    """One thing a mark names."""

    kind: Literal["id", "time"]
    name: str
    """As it is written."""
    start_seconds: float = 0.0
    end_seconds: float | None = None


@dataclass(frozen=True)
class Mark:
    """A mark and where it stands."""

    start: int
    end: int
    cited: tuple[Cited, ...]
    bare: bool = False
    """A cell of a table that is nothing but a mark, without brackets."""


Known = Callable[[str], bool]
"""Tells whether an id, or the id of a step before a point, is one."""


def marks_in(text: str, known: Known, start: int = 0) -> list[Mark]:
    """Return the marks of a text in order; other brackets are words.

    Args:
        known: Tells which ids there are. What looks like an id of a step, and is none, is a mark all the same.
        start: Where the text stands in a longer one.
    """
    found = []
    for bracket in _BRACKETS.finditer(text):
        inside = bracket["square"] or bracket["wide"] or bracket["round"]
        # Round ones hold asides; ids in them are marks, times are words of the sentence.
        if cited := read_mark(inside, known, only_ids=bracket["round"] is not None):
            found.append(Mark(start + bracket.start(), start + bracket.end(), cited))
    return found


def read_mark(inside: str, known: Known, *, only_ids: bool = False) -> tuple[Cited, ...]:
    """Return what a mark names; nothing where it is no mark."""
    cited: list[Cited] = []
    before = ""
    words = [one.strip("`'\"^$@#:：.") for one in filter(None, _APART.split(inside.strip(" `'\"^")))]
    for word in words:
        if word.casefold() in _BESIDE and not (len(words) == 1 and known(word)):
            continue
        made = list(_cited(word, before, known))
        if not made or (only_ids and any("." not in one.name or not known(one.name) for one in made)):
            return ()
        cited += made
        if made[-1].kind == "id":
            before = made[-1].name
    return tuple(cited)


def _cited(word: str, before: str, known: Known) -> Iterator[Cited]:
    """Yield what a word of a mark names; `m5` after `speech.m3` is `speech.m5`."""
    if (seconds := seconds_of(word)) is not None:
        yield Cited("time", word, seconds)
    elif _is_id(word, known):
        step = before.rpartition(".")[0]
        yield Cited("id", f"{step}.{word}" if step and re.fullmatch(r"m\d+", word) and not known(word) else word)
    elif parts := _RANGE.fullmatch(word):
        first, last = seconds_of(parts[1]), seconds_of(parts[2])
        if first is not None and last is not None:
            yield Cited("time", word, first, last)
        elif _NUMBERED.fullmatch(parts[1]) and _NUMBERED.fullmatch(parts[2]):
            yield from _numbered(parts[1], parts[2])


def _numbered(first: str, last: str) -> Iterator[Cited]:
    step, _, number = first.rpartition("m")
    end = int(last.rpartition("m")[2])
    for at in range(int(number), min(end, int(number) + MOST_OF_A_RANGE) + 1):
        yield Cited("id", f"{step}m{at}")


def _is_id(word: str, known: Known) -> bool:
    if known(word) or _NUMBERED.fullmatch(word):
        return True
    step, point, name = word.partition(".")
    return bool(point and re.fullmatch(r"[\w.]+", name) and known(step))


def seconds_of(word: str) -> float | None:
    """Return the seconds of a time, `1:23`, `0:01:23` or `83s`; None where it is none."""
    if clock := _CLOCK.fullmatch(word):
        return int(clock[1] or 0) * 3600 + int(clock[2]) * 60 + float(clock[3])
    if seconds := _SECONDS.fullmatch(word):
        return float(seconds[1])
    return None
