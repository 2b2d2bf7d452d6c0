"""Tell the slides of a video apart by the text that is on screen, and find the heading of each."""

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ..base.moments import Moment
from ..base.words import is_han

# Lines of one slide are read in the same frame, but a fade may bring them a moment apart.
TOGETHER_SECONDS = 1.0
# Text that stays for more of the video than this, over several screens, is a logo or a footer.
PERSISTENT_SHARE = 0.6
# Lines below this height of the picture are subtitles, sources and page numbers, seldom headings.
LOWEST_HEADING = 0.72
# Two readings of one heading differ by so many letters at most.
MISREAD_LETTERS = 2
_SURE = 0.5
_LONGEST_TITLE = 80


@dataclass(frozen=True, kw_only=True)
class Screen:
    """A stretch during which one heading, or none, is on screen."""

    start_seconds: float
    end_seconds: float
    title: str
    """Empty when there is no text that looks like a heading."""
    headings: tuple[Moment, ...]
    """The moments the title was taken from."""
    moments: tuple[Moment, ...]

    @property
    def seconds(self) -> float:
        return self.end_seconds - self.start_seconds


def screens(moments: Sequence[Moment], seconds: float) -> list[Screen]:
    """Divide 0…`seconds` by what is written on screen; an empty list when nothing is."""
    texts = [one for one in moments if one.kind == "text" and one.start_seconds is not None and one.text.strip()]
    if not texts or seconds <= 0:
        return []
    lasting = _persistent(texts, seconds)
    groups: list[list[_Stretch]] = []
    for start, end, shown in _stretches(texts, seconds):
        title, headings = _heading([one for one in shown if id(one) not in lasting])
        stretch = _Stretch(start, end, title, headings, shown)
        known = groups[-1][0].title if groups else None
        if known is not None and (not shown or same_title(known, title)) and not _is_long_gap(stretch, seconds):
            groups[-1].append(stretch)
        else:
            groups.append([stretch])
    return [_screen(group) for group in groups]


class _Stretch(NamedTuple):
    start: float
    end: float
    title: str
    headings: tuple[Moment, ...]
    shown: list[Moment]


def _screen(group: Sequence[_Stretch]) -> Screen:
    return Screen(
        start_seconds=group[0].start,
        end_seconds=group[-1].end,
        title=group[0].title,
        headings=group[0].headings,
        moments=tuple({id(one): one for stretch in group for one in stretch.shown}.values()),
    )


def same_title(one: str, other: str) -> bool:
    """Tell whether two readings are of the same heading; headings that differ in a number are not."""
    left, right = _letters(one), _letters(other)
    if left == right:
        return True
    longer = max(len(left), len(right))
    if abs(len(left) - len(right)) > MISREAD_LETTERS or longer < 4 * MISREAD_LETTERS or _digits(one) != _digits(other):
        return False
    matched = difflib.SequenceMatcher(None, left, right, autojunk=False).get_matching_blocks()
    return longer - sum(block.size for block in matched) <= MISREAD_LETTERS


def _letters(title: str) -> str:
    return "".join(letter for letter in title.casefold() if letter.isalnum())


def _digits(title: str) -> str:
    return "".join(letter for letter in title if letter.isdigit())


def _is_long_gap(stretch: _Stretch, seconds: float) -> bool:
    """Tell whether a stretch without text is a part of its own, not a glance away from a slide."""
    return not stretch.shown and stretch.end - stretch.start > max(20.0, seconds / 20)


def _stretches(texts: Sequence[Moment], seconds: float) -> Iterator[tuple[float, float, list[Moment]]]:
    """Yield stretches between changes of the text on screen, with what is shown in each."""
    spans = sorted(((one.start_seconds or 0.0, _end(one), one) for one in texts), key=lambda span: span[:2])
    edges = [0.0]
    for edge in sorted({edge for start, end, _ in spans for edge in (start, end)}):
        if edge - edges[-1] >= TOGETHER_SECONDS and seconds - edge >= TOGETHER_SECONDS / 2:
            edges.append(edge)
    waiting, active = iter([*spans, None]), list[tuple[float, float, Moment]]()
    upcoming = next(waiting)
    for start, end in zip(edges, [*edges[1:], seconds], strict=True):
        # A line that starts just before or after the edge belongs to this side of it.
        while upcoming and upcoming[0] < end - TOGETHER_SECONDS / 2:
            active.append(upcoming)
            upcoming = next(waiting)
        active = [span for span in active if span[1] > start + TOGETHER_SECONDS / 2 or span[0] >= start]
        yield start, end, sorted((span[2] for span in active), key=lambda one: one.box[1] if one.box else 0.0)


def _end(moment: Moment) -> float:
    start = moment.start_seconds or 0.0
    return max(start, moment.end_seconds if moment.end_seconds is not None else start)


def _persistent(texts: Sequence[Moment], seconds: float) -> set[int]:
    """Return logos and footers: lines that stay while lines of about their size take turns in one place."""
    long = [one for one in texts if _end(one) - (one.start_seconds or 0.0) > PERSISTENT_SHARE * seconds]
    heads = [one for one in texts if one.box and _may_head(one)]
    return {id(one) for one in long if one.box and _take_turns(one, heads)}


def _take_turns(stays: Moment, heads: Sequence[Moment]) -> bool:
    """Tell whether of the headings that are up with a line one replaces another."""
    places: dict[int, Moment] = {}
    for one in heads:
        beside = (one.start_seconds or 0.0) < _end(stays) and _end(one) > (stays.start_seconds or 0.0)
        if one is stays or not beside or _height(one) < 0.6 * _height(stays):
            continue
        before = places.setdefault(round(_top(one) * 20), one)
        apart = (one.start_seconds or 0.0) >= _end(before) or (before.start_seconds or 0.0) >= _end(one)
        if apart and not same_title(before.text, one.text):
            return True
    return False


def _heading(shown: Sequence[Moment]) -> tuple[str, tuple[Moment, ...]]:
    """Return the heading among the lines of a screen: the largest, the uppermost of equals."""
    lines = [one for one in shown if _may_head(one)]
    if not lines:
        return "", ()
    if any(one.box is None for one in lines):
        return _cut(lines[0].text.strip().split("\n")[0]), (lines[0],)
    tallest = max(map(_height, lines))
    first = next(one for one in lines if _height(one) >= 0.85 * tallest)
    if "\n" in first.text.strip():
        return _cut(first.text.strip().split("\n")[0]), (first,)
    headings = [first]
    for line in lines[lines.index(first) + 1 :]:
        above = headings[-1]
        near = _top(line) - _bottom(above) < _height(above)
        # A heading of two lines is told from a list by being larger than the rest.
        if near and _height(line) >= 0.9 * tallest and _height(first) > 1.2 * min(map(_height, lines)):
            headings.append(line)
        else:
            break
    return _cut(" ".join(one.text.strip() for one in headings)), tuple(headings)


def _may_head(line: Moment) -> bool:
    text = line.text.strip()
    letters = sum(letter.isalpha() for letter in text)
    sure = line.confidence is None or line.confidence >= _SURE
    return sure and letters >= (2 if is_han(text) else 3) and (line.box is None or _top(line) < LOWEST_HEADING)


def _cut(title: str) -> str:
    return title if len(title) <= _LONGEST_TITLE else title[: _LONGEST_TITLE - 1].rstrip() + "…"


def _height(line: Moment) -> float:
    return line.box[3] - line.box[1] if line.box else 0.0


def _top(line: Moment) -> float:
    return line.box[1] if line.box else 0.0


def _bottom(line: Moment) -> float:
    return line.box[3] if line.box else 0.0
