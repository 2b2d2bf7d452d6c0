"""Divide a recording into chapters: by its slides, else by what is talked about, else by its cuts."""

import math
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ..base.moments import Moment, merge_spans
from ..base.words import terms
from .rank import key_terms
from .screens import Screen, same_title, screens
from .spoken import Said, said

MOST_CHAPTERS = 12
# A video whose headings are up for less of the time than this is divided by something else.
SLIDES_SHARE = 0.3
# Topics are compared over this many sentences on either side of a gap.
WINDOW_SENTENCES = 8
SHORTEST_TOPIC_SECONDS = 45.0
# A change of topic this near to a cut is meant to be at it.
SNAP_SECONDS = 4.0


@dataclass(frozen=True, kw_only=True)
class Part:
    """A chapter before anything is written about it."""

    start_seconds: float
    end_seconds: float
    title: str
    """Empty when neither slides nor words give one."""
    headings: tuple[Moment, ...] = ()
    """The moments on screen that the title was taken from."""
    screens: tuple[Screen, ...] = ()

    @property
    def seconds(self) -> float:
        return self.end_seconds - self.start_seconds


def divide(moments: Sequence[Moment], seconds: float | None) -> list[Part]:
    """Return the chapters of one recording in order; none when nothing in it tells parts apart."""
    if not seconds:
        return []
    shown = screens(moments, seconds)
    headed = sum(one.seconds for one in shown if one.title)
    spoken = said(moments)
    if headed >= SLIDES_SHARE * seconds:
        parts = _merged([_part_of(one) for one in shown], _shortest(seconds), MOST_CHAPTERS)
    else:
        cuts = _cuts(moments, seconds)
        edges = _topics(spoken, seconds, cuts) or cuts
        if not edges:
            return []
        bare = [
            Part(start_seconds=start, end_seconds=end, title="", screens=_within(shown, start, end))
            for start, end in zip([0.0, *edges], [*edges, seconds], strict=True)
        ]
        parts = _merged(bare, max(_shortest(seconds), 5.0), min(MOST_CHAPTERS, 3 + round(seconds / 60)))
    return _titled(parts, spoken)


def _shortest(seconds: float) -> float:
    return max(3.0, seconds / 60)


def _part_of(screen: Screen) -> Part:
    return Part(
        start_seconds=screen.start_seconds,
        end_seconds=screen.end_seconds,
        title=screen.title,
        headings=screen.headings,
        screens=(screen,),
    )


def _within(shown: Sequence[Screen], start: float, end: float) -> tuple[Screen, ...]:
    return tuple(one for one in shown if one.start_seconds < end and one.end_seconds > start)


def _merged(parts: Sequence[Part], shortest: float, most: int) -> list[Part]:
    """Join the shortest parts to a neighbour until none is too short and there are not too many."""
    left = list(parts)
    while len(left) > 1:
        at = min(range(len(left)), key=lambda at: left[at].seconds)
        if left[at].seconds >= shortest and len(left) <= most:
            break
        beside = [other for other in (at - 1, at + 1) if 0 <= other < len(left)]
        # The like-titled neighbour, or the shorter one, so that parts grow evenly.
        other = min(beside, key=lambda one: (not same_title(left[one].title, left[at].title), left[one].seconds))
        first = min(at, other)
        left[first : first + 2] = [_joined(left[first], left[first + 1])]
    return left


def _joined(one: Part, other: Part) -> Part:
    """Return two neighbours as one, under the first heading, unless another is up for much longer."""
    # A screen that reaches over the border stands in both.
    shown = one.screens + tuple(screen for screen in other.screens if screen not in one.screens[-1:])
    headed = [screen for screen in shown if screen.title]
    most = max((screen.seconds for screen in headed), default=0.0)
    leading = next((screen for screen in headed if screen.seconds >= most / 2), None)
    return Part(
        start_seconds=one.start_seconds,
        end_seconds=other.end_seconds,
        title=leading.title if leading else "",
        headings=leading.headings if leading else (),
        screens=shown,
    )


def _cuts(moments: Sequence[Moment], seconds: float) -> list[float]:
    starts = {one.start_seconds for one in moments if one.kind == "cut" and one.start_seconds is not None}
    return sorted(start for start in starts if 0.5 < start < seconds - 0.5)


def _topics(spoken: Sequence[Said], seconds: float, cuts: Sequence[float]) -> list[float]:
    """Return where the talk turns to something else: gaps of low similarity between what is said before and after.

    Hearst's TextTiling (1997) with sentences in place of fixed blocks of words.
    """
    heard = merge_spans([(one.start_seconds, one.moments[-1].end_seconds or one.start_seconds) for one in spoken])
    if len(spoken) < 3 * WINDOW_SENTENCES or sum(end - start for start, end in heard) < seconds / 2:
        return []
    bags = [Counter(terms(one.text)) for one in spoken]
    gaps = range(2, len(bags) - 1)
    likeness = [
        _cosine(_sum(bags[max(0, gap - WINDOW_SENTENCES) : gap]), _sum(bags[gap : gap + WINDOW_SENTENCES]))
        for gap in gaps
    ]
    depths = [_depth(likeness, at) for at in range(len(likeness))]
    deep = statistics.mean(depths) + statistics.pstdev(depths) / 2
    edges: list[float] = []
    for at in sorted(range(len(depths)), key=lambda at: -depths[at]):
        edge = spoken[gaps[at]].start_seconds
        near = min(cuts, key=lambda cut: abs(cut - edge), default=edge)
        edge = near if abs(near - edge) <= SNAP_SECONDS else edge
        apart = all(abs(edge - other) >= SHORTEST_TOPIC_SECONDS for other in (0.0, seconds, *edges))
        if depths[at] > deep and apart:
            edges.append(edge)
    return sorted(edges[: MOST_CHAPTERS - 1])


def _depth(likeness: Sequence[float], at: int) -> float:
    """Return how far a gap's likeness lies below the peaks on both sides."""
    left = right = at
    while left > 0 and likeness[left - 1] >= likeness[left]:
        left -= 1
    while right < len(likeness) - 1 and likeness[right + 1] >= likeness[right]:
        right += 1
    return likeness[left] + likeness[right] - 2 * likeness[at]


def _sum(bags: Sequence[Counter[str]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for bag in bags:
        total.update(bag)
    return total


def _cosine(one: Counter[str], other: Counter[str]) -> float:
    shared = sum(count * other[term] for term, count in one.items())
    lengths = math.sqrt(sum(count**2 for count in one.values()) * sum(count**2 for count in other.values()))
    return shared / lengths if lengths else 0.0


def _titled(parts: Sequence[Part], spoken: Sequence[Said]) -> list[Part]:
    """Give parts without a heading the phrase that is most telling of what is said in them."""
    used: set[str] = set()
    titled: list[Part] = []
    for part in parts:
        title = part.title
        if not title:
            inside = [one.text for one in spoken if part.start_seconds <= one.start_seconds < part.end_seconds]
            phrases = (term.text for term in key_terms(inside, 5))
            title = next((phrase for phrase in phrases if phrase.casefold() not in used), "")
            title = title[:1].upper() + title[1:]
            used.add(title.casefold())
        titled.append(
            Part(
                start_seconds=part.start_seconds,
                end_seconds=part.end_seconds,
                title=title,
                headings=part.headings,
                screens=part.screens,
            )
        )
    return titled
