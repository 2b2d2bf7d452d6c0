"""Which packets a part of a video is made of, and which of its frames must be encoded anew to cut there."""

import bisect
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

LONG_SECONDS = 0.2
"""A frame that stays longer may be cut in two; in all others a cut goes to the nearest frame."""

Entry = Literal["", "key", "clean"]
"""Whether decoding can begin at a packet; `clean`: also in the middle of another stream."""


@dataclass(frozen=True, slots=True)
class Stored:
    """One packet of a picture, times in ticks of its stream."""

    pts: int
    entry: Entry
    hidden: bool = False
    """It is decoded and not shown: the file's own list of edits leaves it out."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How a part is had; spans of times are half open, in ticks."""

    start: int
    """What becomes time 0."""
    end: int
    head: tuple[int, int] | None
    """Frames that are encoded anew because decoding cannot begin there."""
    body: tuple[int, int] | None
    """The first and the last packet that are copied; of those between, what is shown before the first is left out."""
    tail: tuple[int, int] | None
    """Frames that are encoded anew because they need a later frame."""
    order: Sequence[int]
    """When its frames are shown, in the order in which they are stored in the new file."""
    encoded: int
    """How many frames are encoded anew."""


@dataclass(frozen=True, kw_only=True)
class Span:
    """Where a part lies on the source's clock and in the new file, in exact seconds."""

    start: Fraction
    end: Fraction
    position: Fraction
    heard_until: Fraction
    """Sound may go on behind the last frame of a file."""
    plan: Plan | None = None


def plan(  # noqa: PLR0917 - what is known, in order
    stored: Sequence[Stored],
    start: int,
    end: int,
    tick_seconds: float,
    exact: bool,
    is_first: bool,
) -> Plan | None:
    """Return how a part of a video is had; None when nothing of it is shown.

    Args:
        stored: Its packets in the order of decoding, from a key frame at or before the start on.
        start: In ticks.
        end: In ticks.
        tick_seconds: The length of one.
        exact: Begin and end at the nearest frame, else where no frame must be encoded.
        is_first: It begins the stream: any key frame may be its first.
    """
    shown = sorted(one.pts for one in stored if not one.hidden)
    if not shown:
        return None
    long = round(LONG_SECONDS / tick_seconds)
    enough: tuple[Entry, ...] = ("key", "clean") if is_first else ("clean",)
    if not exact:
        start = max((one.pts for one in stored if one.entry in enough and one.pts <= start), default=start)
    start, end = _snapped(start, shown, long), _snapped(end, shown, long, at_end=True)
    if start >= end:
        return None
    first = shown[max(0, bisect.bisect_right(shown, start) - 1)]
    entry = next(
        (
            number
            for number, one in enumerate(stored)
            if not one.hidden and first <= one.pts < end and one.entry in (enough if one.pts == first else ("clean",))
        ),
        None,
    )
    if entry is None:
        return _made(start, end, shown, [first, end], None, ())
    begin = stored[entry].pts
    closed, behind = _closed(stored[entry:], begin, end, exact)
    if not exact:
        end = max(end, behind)
    body = [one.pts for one in stored[entry : entry + closed + 1] if one.pts >= begin]
    return _made(start, end, shown, [first, begin], (begin, body[-1]), body, (behind, end))


def _made(  # noqa: PLR0917
    start: int,
    end: int,
    shown: Sequence[int],
    head: Sequence[int],
    body: tuple[int, int] | None,
    copied: Sequence[int],
    tail: tuple[int, int] = (0, 0),
) -> Plan:
    def frames(span: Sequence[int]) -> Sequence[int]:
        return shown[bisect.bisect_left(shown, span[0]) : bisect.bisect_left(shown, span[1])]

    before, after = frames(head), frames(tail)
    return Plan(
        start=start,
        end=end,
        head=(head[0], head[1]) if before else None,
        body=body,
        tail=tail if after else None,
        order=array("q", [*before, *copied, *after]),
        encoded=len(before) + len(after),
    )


def _snapped(at: int, shown: Sequence[int], long: int, *, at_end: bool = False) -> int:
    """Return the nearest time at which a frame begins; in a frame that stays long, the time itself."""
    after = bisect.bisect_right(shown, at)
    if after == 0:
        return shown[0]
    if after == len(shown):
        # How long the last frame stays is not known here: an end behind it keeps it.
        return at if at_end and at > shown[-1] else shown[-1]
    before, following = shown[after - 1], shown[after]
    if following - before > long:
        return at
    return before if at - before <= following - at else following


def _closed(stored: Sequence[Stored], begin: int, end: int, exact: bool) -> tuple[int, int]:
    """Return the last packet up to which all that is shown can be copied, and when the frame after that is shown.

    A packet can be the last when no frame that is shown before one that was copied comes later in the file.
    """
    waiting = sorted(one.pts for one in stored if one.pts >= begin)
    best, behind = 0, waiting[1] if len(waiting) > 1 else max(end, begin + 1)
    latest = begin
    count = 0
    for number, one in enumerate(stored):
        if one.pts < begin:
            continue
        count += 1
        latest = max(latest, one.pts)
        if exact and latest >= end:
            break
        if waiting[count - 1] == latest:
            best, behind = number, waiting[count] if count < len(waiting) else max(end, latest + 1)
            if not exact and behind >= end:
                break
    return best, behind


def decoding_times(order: Sequence[int], before: int) -> "array[int]":
    """Return when packets are decoded that are stored in this order of being shown: early enough, and one by one.

    Args:
        order: When the frames are shown; no two at once.
        before: How long before the first one a frame is decoded that none comes before.
    """
    shown = sorted(order)
    rank = {at: number for number, at in enumerate(shown)}
    depth = max(number - rank[at] for number, at in enumerate(order))
    early = [shown[0] - (depth - number) * before for number in range(min(depth, len(shown)))]
    return array("q", [*early, *shown[: len(shown) - depth]])


def spans_of(origin: Fraction, parts: Sequence[tuple[float, float]]) -> list[Span]:
    """Return parts of a file one behind the other, as they were asked for; `origin` is second 0 on its clock."""
    spans, position = [], Fraction(0)
    for start, end in parts:
        last = origin + exact_seconds(end)
        spans.append(Span(start=origin + exact_seconds(start), end=last, position=position, heard_until=last))
        position += spans[-1].end - spans[-1].start
    return spans


def exact_seconds(seconds: float) -> Fraction:
    """Return seconds as they were written down, without the error of their last bit."""
    return Fraction(repr(float(seconds)))
