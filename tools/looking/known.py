"""What is known of a file without looking: what was said in it, what is written, where it cuts; as much as fits."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..base.moments import Findings, Moment, Span
from ..base.pictures import clock
from ..base.tokens import text_tokens
from ..base.words import terms

NEAR_SECONDS = 15.0
"""What is said so shortly before or after a frame may be about it."""
_KINDS = (("speech", "What is said"), ("text", "Text on the screen, read by a program"), ("fact", "Facts"))


@dataclass(frozen=True, kw_only=True)
class Known:
    """What a model is told beside the pictures."""

    text: str = ""
    told: int = 0
    """Moments that are told."""
    left_out: int = 0
    """Moments that did not fit."""

    @property
    def tokens(self) -> int:
        return text_tokens(self.text)


def tell(
    findings: Sequence[Findings], question: str, most_tokens: int, *, span: Span | None, near: Sequence[float] = ()
) -> Known:
    """Return what is known, at most so many tokens of it: what the question is about first, then evenly from the rest.

    Args:
        findings: What other tools found.
        question: Whose words are looked for.
        most_tokens: As many as this may be.
        span: Only what lies in this part of a video.
        near: Only what is near these seconds; everything when there are none.
    """
    moments = [one for part in findings for one in part.moments if _fits(one, span, near)]
    lines = {at: _line(one) for at, one in enumerate(moments) if one.kind != "cut" and one.text.strip()}
    cuts = sorted(one.start_seconds for one in moments if one.kind == "cut" and one.start_seconds is not None)
    scenes = f"The picture changes at: {', '.join(clock(one) for one in cuts)}." if cuts else ""
    left = most_tokens - text_tokens(scenes)
    if left < 0:
        scenes, left = "", most_tokens
    chosen: set[int] = set()
    for at in _in_order(moments, lines, question):
        # A line break and a heading are a token or two.
        if (cost := text_tokens(lines[at]) + 2) <= left:
            chosen.add(at)
            left -= cost
    parts = [scenes] if scenes else []
    for kind, heading in _KINDS:
        if told := [lines[at] for at in sorted(chosen, key=lambda at: _when(moments[at])) if moments[at].kind == kind]:
            parts.append("\n".join([f"{heading}:", *dict.fromkeys(told)]))
    if not parts:
        return Known(left_out=len(lines))
    if len(chosen) < len(lines):
        parts.append(f"({len(lines) - len(chosen)} more lines are left out.)")
    return Known(
        text="<known>\n" + "\n\n".join(parts).replace("</known>", "") + "\n</known>",
        told=len(chosen),
        left_out=len(lines) - len(chosen),
    )


def _in_order(moments: Sequence[Moment], lines: dict[int, str], question: str) -> Iterator[int]:
    """Yield which lines to tell first: those with words of the question and their neighbours, then every so many-th."""
    wanted = set(terms(question, query=True))
    order = sorted(lines, key=lambda at: _when(moments[at]))
    hits = sorted((-len(wanted & set(terms(lines[at]))), place) for place, at in enumerate(order)) if wanted else []
    first = [place for score, place in hits if score < 0]
    places = dict.fromkeys(near for place in first for near in (place, place + 1, place - 1) if 0 <= near < len(order))
    if order:
        places |= {0: None, len(order) - 1: None}
    yield from (order[place] for place in places)
    step = 1 << max(0, (len(order) - 1).bit_length() - 1)
    seen = set(places)
    while step:
        for place in range(0, len(order), step):
            if place not in seen:
                seen.add(place)
                yield order[place]
        step //= 2


def _fits(moment: Moment, span: Span | None, near: Sequence[float]) -> bool:
    if moment.start_seconds is None or (span is None and not near):
        return True
    start, end = moment.start_seconds, moment.end_seconds or moment.start_seconds
    if span is not None and (end < span[0] or start > span[1]):
        return False
    return not near or any(start - NEAR_SECONDS <= at <= end + NEAR_SECONDS for at in near)


def _when(moment: Moment) -> float:
    return -1.0 if moment.start_seconds is None else moment.start_seconds


def _line(moment: Moment) -> str:
    text = " ".join(moment.text.split())
    return text if moment.start_seconds is None else f"[{clock(moment.start_seconds)}] {text}"
