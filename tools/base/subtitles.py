"""Subtitles out of a transcript, as SRT and WebVTT."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .models import Utterance, Word
from .words import is_han, join

LATIN_COLUMNS = 42
HAN_COLUMNS = 18
"""Letters a line, as broadcasters have it; a hanzi is twice as wide."""
LINES = 2
LONGEST_SECONDS = 7.0
"""A subtitle that stays longer is split."""
PAUSE_SECONDS = 1.0
"""A longer pause ends a subtitle."""
SHORTEST_SECONDS = 1.0
"""A shorter one stays this long when nothing follows."""

_SENTENCE_END = re.compile(r"[.!?。！？…][\"'”’」）)]*$")


@dataclass(frozen=True, kw_only=True)
class Cue:
    """What stands on the screen at once."""

    start_milliseconds: int
    end_milliseconds: int
    lines: tuple[str, ...]


def cues(utterances: Sequence[Utterance]) -> list[Cue]:
    """Return subtitles in order; none overlaps, none is empty."""
    groups = [group for one in utterances for group in _groups(_words(one))]
    found: list[Cue] = []
    free_from = 0
    for number, group in enumerate(groups):
        start = max(round(group[0].start_seconds * 1000), free_from)
        end = max(round(group[-1].end_seconds * 1000), start + 1)
        if number + 1 < len(groups):
            limit = round(groups[number + 1][0].start_seconds * 1000)
        else:
            limit = end + round(SHORTEST_SECONDS * 1000)
        end = max(end, min(limit, start + round(SHORTEST_SECONDS * 1000)))
        found.append(Cue(start_milliseconds=start, end_milliseconds=end, lines=_wrap([word.text for word in group])))
        free_from = end
    return found


def srt(subtitles: Sequence[Cue]) -> str:
    """Return the subtitles as SubRip text. It has no way to escape, so what players take for markup is exchanged."""
    return "\n".join(
        f"{number}\n{_clock(cue.start_milliseconds, ',')} --> {_clock(cue.end_milliseconds, ',')}\n"
        + "".join(f"{line.translate(_PLAIN)}\n" for line in cue.lines)
        for number, cue in enumerate(subtitles, 1)
    )


def vtt(subtitles: Sequence[Cue]) -> str:
    """Return the subtitles as WebVTT."""
    return "WEBVTT\n\n" + "\n".join(
        f"{_clock(cue.start_milliseconds, '.')} --> {_clock(cue.end_milliseconds, '.')}\n"
        + "".join(f"{line.translate(_ESCAPED)}\n" for line in cue.lines)
        for cue in subtitles
    )


_PLAIN = str.maketrans({"<": "‹", ">": "›", "{": "(", "}": ")"})
_ESCAPED = str.maketrans({"<": "&lt;", ">": "&gt;", "&": "&amp;"})


def _clock(milliseconds: int, point: str) -> str:
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d}{point}{rest % 1000:03d}"


def _words(one: Utterance) -> list[Word]:
    """Return the words of an utterance; without times of their own, the time is shared out by length."""
    given = [word for word in one.words if word.text.strip()]
    if given:
        texts = [part for word in given for part in _printable(word.text)]
        if len(texts) == len(given):
            return [
                Word(text=text, start_seconds=word.start_seconds, end_seconds=word.end_seconds)
                for text, word in zip(texts, given, strict=True)
            ]
    texts = _printable(one.text)
    letters = sum(map(len, texts))
    words, position = [], 0
    for text in texts:
        start, position = position, position + len(text)
        seconds = one.end_seconds - one.start_seconds
        words.append(
            Word(
                text=text,
                start_seconds=one.start_seconds + seconds * start / letters,
                end_seconds=one.start_seconds + seconds * position / letters,
            )
        )
    return words


def _printable(text: str) -> list[str]:
    """Split text where a line may break: at spaces, and after each hanzi with its signs; none is wider than a line."""
    plain = "".join(letter if letter.isprintable() else " " for letter in text)
    parts = re.findall(r"[\u3400-\u9fff\uf900-\ufaff][^\w\s]*|[^\s\u3400-\u9fff\uf900-\ufaff]+", plain)
    return [part[at : at + _columns(part)] for part in parts for at in range(0, len(part), _columns(part))]


def _columns(text: str) -> int:
    return HAN_COLUMNS if is_han(text) else LATIN_COLUMNS


def _groups(words: Sequence[Word]) -> Iterator[list[Word]]:
    """Yield the words of one subtitle after the other."""
    group: list[Word] = []
    for word in words:
        if group and (
            word.start_seconds - group[-1].end_seconds >= PAUSE_SECONDS
            or word.end_seconds - group[0].start_seconds > LONGEST_SECONDS
            or _line_count([one.text for one in [*group, word]]) > LINES
            or (_SENTENCE_END.search(group[-1].text) and _line_count([one.text for one in group]) > 1)
        ):
            yield group
            group = []
        group.append(word)
    if group:
        yield group


def _line_count(texts: Sequence[str]) -> int:
    return len(_fill(texts, _columns(join(texts))))


def _fill(texts: Sequence[str], columns: int) -> list[str]:
    """Fill lines of so many columns."""
    lines: list[str] = []
    for text in texts:
        longer = join([lines[-1], text]) if lines else text
        if lines and len(longer) <= columns:
            lines[-1] = longer
        else:
            lines.append(text)
    return lines


def _wrap(texts: Sequence[str]) -> tuple[str, ...]:
    """Break into lines that are as even as can be."""
    columns = _columns(join(texts))
    full = _fill(texts, columns)
    for narrower in range(columns // 2, columns):
        lines = _fill(texts, narrower)
        if len(lines) == len(full) and max(map(len, lines)) <= columns:
            return tuple(lines)
    return tuple(full)
