"""Read subtitles out of SubRip, WebVTT and ASS files, which anybody may have written."""

import html
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from .encodings import decoded
from .errors import MediaError
from .visible import shown

MOST_BYTES = 8 << 20
MOST_SUBTITLES = 20_000
MOST_LETTERS = 1_000
"""Of one subtitle; more does not fit on a screen."""
MOST_TOGETHER = 6
"""On the screen at once."""
SLIPPED_SECONDS = 0.1
"""By so much one may last into the next by rounding: both are not meant to be read together."""

_CLOCK = r"(-?)(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2})(?:[.,](\d{1,9}))?"
_TIMES = re.compile(rf"\s*{_CLOCK}\s*-->\s*{_CLOCK}(?!\d)")
# What styles text in SubRip, in WebVTT (<v Name>, <c.yellow>, <00:01.000>) and in ASS. Other words in such brackets are
# said or heard: <laughs>.
_MARKUP = re.compile(
    r"</?(?:[biusc]|em|strong|font|span|ruby|rt|v|lang)(?:[\s.][^<>]{0,200})?>|<\d[\d:.]{4,12}>|\{\\[^{}]{0,200}\}",
    re.I,
)
_NAMED = re.compile(r"&(?:amp|lt|gt|quot|apos|nbsp|lrm|rlm|#\d{1,6}|#x[0-9a-f]{1,5});", re.I)
_DRAWING = re.compile(r"\{[^{}]*\\p[1-9]")
_EVENTS = "[events]"
_ASS_FIELDS = ("layer", "start", "end", "style", "name", "marginl", "marginr", "marginv", "effect", "text")


@dataclass(frozen=True, kw_only=True)
class Subtitle:
    """What is read at once."""

    start_seconds: float
    end_seconds: float
    text: str
    """Plain, of one or more lines."""


@dataclass(frozen=True, kw_only=True)
class SubtitleFile:
    """What was found in a file."""

    subtitles: tuple[Subtitle, ...]
    """In order of time, none without words or time; they may overlap."""
    limits: tuple[str, ...] = ()
    """What is to be known of how it was read."""


def read_subtitles(path: Path, name: str) -> SubtitleFile:
    """Return the subtitles of a file; `name` is what messages call it.

    Raises:
        MediaError: It has none, or more than a film has.
    """
    with path.open("rb") as file:
        return subtitles_in(file.read(MOST_BYTES + 1), name)


def subtitles_in(content: bytes, name: str) -> SubtitleFile:
    """Return the subtitles in the content of a file.

    Raises:
        MediaError: There are none, or more than a film has.
    """
    if len(content) > MOST_BYTES:
        raise MediaError(
            f"{name!r} has more than {MOST_BYTES >> 20} MB, and no film has as many subtitles. Give those of one."
        )
    made = decoded(content)
    if made is None:
        raise MediaError(f"{name!r} is no text in an encoding that is known here. Save the subtitles as UTF-8.")
    lines = made.text.replace("\0", "").splitlines()
    found: list[Subtitle] = []
    left_out = shortened = 0
    head = next((line for line in lines if line.strip()), "")
    is_ass = head.startswith("[") and any(line.strip().lower() == _EVENTS for line in lines)
    for one in _of_ass(lines) if is_ass else _of_times(lines, head):
        if one.text and one.end_seconds > one.start_seconds:
            shortened += len(one.text) > MOST_LETTERS
            found.append(replace(one, text=one.text[:MOST_LETTERS]))
        else:
            left_out += 1
        if len(found) + left_out > MOST_SUBTITLES:
            raise MediaError(f"{name!r} has more than {MOST_SUBTITLES:,} subtitles. Cut it into parts.")
    if not found:
        raise MediaError(
            f"{name!r} holds no subtitles: no line with times such as `00:00:01,000 --> 00:00:02,500` and words was "
            f"found; it begins with {' '.join(made.text[:60].split())!r}. Give an SRT, WebVTT or ASS file, for example "
            "one that `transcribe` made."
        )
    limits = []
    if made.is_guessed:
        limits.append(
            f"{name!r} does not say in which encoding it is, and was read as {made.encoding}, as its letters look. If "
            "they come out wrong, save it as UTF-8."
        )
    if left_out:
        limits.append(f"{left_out} subtitles of {name!r} have no words, or end before they begin, and were left out.")
    if shortened:
        limits.append(f"{shortened} subtitles of {name!r} were cut after {MOST_LETTERS:,} letters.")
    found.sort(key=lambda one: (one.start_seconds, one.end_seconds))
    return SubtitleFile(subtitles=tuple(found), limits=tuple(limits))


def one_at_a_time(subtitles: Sequence[Subtitle]) -> list[Subtitle]:
    """Return subtitles that never overlap: those that are on the screen together become one of more lines."""
    waiting = [
        replace(one, end_seconds=following.start_seconds)
        if one.start_seconds < following.start_seconds < one.end_seconds <= following.start_seconds + SLIPPED_SECONDS
        else one
        for one, following in pairwise(subtitles)
    ]
    waiting = [*waiting, *subtitles[-1:]][::-1]
    edges = sorted({edge for one in waiting for edge in (one.start_seconds, one.end_seconds)})
    found: list[Subtitle] = []
    together: list[Subtitle] = []
    for start, end in pairwise(edges):
        while waiting and waiting[-1].start_seconds <= start:
            together.append(waiting.pop())
        together = [one for one in together if one.end_seconds > start][-MOST_TOGETHER:]
        # Some files have each subtitle twice, in two styles.
        text = "\n".join(dict.fromkeys(one.text for one in together))[:MOST_LETTERS]
        if not text:
            continue
        if found and found[-1].text == text and found[-1].end_seconds == start:
            found[-1] = replace(found[-1], end_seconds=end)
        else:
            found.append(Subtitle(start_seconds=start, end_seconds=end, text=text))
    return found


def _of_times(lines: Sequence[str], head: str) -> Iterator[Subtitle]:
    """Yield the subtitles of SubRip or WebVTT: what follows a line with times, up to the next or, in WebVTT, a gap."""
    is_webvtt = head.startswith("WEBVTT")
    times: re.Match[str] | None = None
    words: list[str] = []
    between = is_note = False
    for line in lines:
        if is_webvtt and not line.strip():
            between, is_note = True, False
        elif is_webvtt and between and line.startswith(("NOTE", "STYLE", "REGION")):
            is_note = True
        elif not is_note and (found := _TIMES.match(line)):
            if times:
                # In SubRip, the number of the next one stands right before its times.
                is_numbered = not is_webvtt and words and words[-1].strip().isdecimal()
                yield _timed(times, words[:-1] if is_numbered else words)
            times, words, between = found, [], False
        elif not (is_webvtt and between):
            words.append(line)
    if times:
        yield _timed(times, words)


def _timed(times: re.Match[str], words: Iterable[str]) -> Subtitle:
    start, end = (_seconds(*times.groups()[at : at + 5]) for at in (0, 5))
    return Subtitle(start_seconds=max(0.0, start), end_seconds=end, text=_plain(words))


def _of_ass(lines: Sequence[str]) -> Iterator[Subtitle]:
    """Yield the subtitles of ASS or SSA, without those that are drawings."""
    fields: Sequence[str] = _ASS_FIELDS
    in_events = False
    for line in lines:
        kind, _, rest = line.partition(":")
        if line.startswith("["):
            in_events = line.strip().lower() == _EVENTS
        elif in_events and kind == "Format":
            fields = [one.strip().lower() for one in rest.split(",")]
        elif kind == "Dialogue" and len(values := rest.split(",", len(fields) - 1)) == len(fields):
            event = dict(zip(fields, values, strict=True))
            times = _TIMES.match(f"{event.get('start', '').strip()} --> {event.get('end', '').strip()}")
            if times and not _DRAWING.search(text := event.get("text", "")):
                yield _timed(times, re.split(r"\\[Nn]", text.replace("\\h", " ")))


def _seconds(sign: str, hours: str | None, minutes: str, seconds: str, fraction: str | None) -> float:
    whole = int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds) + float(f"0.{fraction or 0}")
    return -whole if sign else whole


def _plain(lines: Iterable[str]) -> str:
    """Return lines without marks of style, and without what would steer whatever shows them."""
    bare = (_NAMED.sub(lambda named: html.unescape(named[0].lower()), _MARKUP.sub("", line)) for line in lines)
    return "\n".join(filter(None, map(shown, bare)))
