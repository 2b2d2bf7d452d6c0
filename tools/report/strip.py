"""Draw what was looked at and listened to along the time of a file, as SVG."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from ..base.moments import Moment, Span, merge_spans, missing_spans
from .model import Chapter, File
from .wording import Wording, clock

WIDTH = 1000
ROW_HEIGHT = 22
BAR_HEIGHT = 14
# Closer frames would be drawn as one grey bar.
LEAST_APART = 6.0


@dataclass(frozen=True)
class Mark:
    """A stretch or a point on a line of the strip."""

    start_seconds: float
    end_seconds: float
    shape: str
    """Class of its style: parts, speech, text, looked, heard, frames, missing."""
    what: str
    anchor: str = ""
    """Where it leads; empty for nowhere."""


@dataclass(frozen=True)
class Row:
    """One line of the strip."""

    label: str
    marks: tuple[Mark, ...]


def rows(file: File, chapters: Sequence[Chapter], say: Wording) -> list[Row]:
    """Return the lines there is something to show on."""
    seconds = file.coverage.seconds or 0.0
    parts = [
        Mark(one.start_seconds, one.end_seconds, "parts", one.title, f"chapter-{number}")
        for number, one in enumerate(chapters, 1)
        if one.media == file.handle
    ]
    found = [Row(say("row_scenes"), tuple(parts))]
    for kind, label in (("speech", "row_speech"), ("text", "row_text")):
        spans = merge_spans(_spans(one for one in file.moments if one.kind == kind), gap_seconds=seconds / WIDTH)
        found.append(Row(say(label), _marks(spans, kind, say)))
    if file.kind == "video":
        frames = {one.start_seconds for one in file.moments if one.artifact and one.start_seconds is not None}
        looked = _marks(file.coverage.looked_at, "looked", say)
        unseen = _marks(file.not_looked_at, "missing", say)
        found.append(Row(say("row_looked"), (*looked, *unseen, *(_point(at) for at in sorted(frames)))))
    heard = _marks(file.coverage.heard, "heard", say)
    unheard = () if file.is_silent else _marks(missing_spans(file.coverage.heard, seconds), "missing", say)
    found.append(Row(say("row_heard"), (*heard, *unheard)))
    return [row for row in found if row.marks]


def _spans(moments: Iterable[Moment]) -> list[Span]:
    return [
        (one.start_seconds, max(one.start_seconds, one.end_seconds or one.start_seconds))
        for one in moments
        if one.start_seconds is not None
    ]


def _marks(spans: Sequence[Span], shape: str, say: Wording) -> tuple[Mark, ...]:
    return tuple(Mark(start, end, shape, say.span(start, end)) for start, end in spans)


def _point(at: float) -> Mark:
    return Mark(at, at, "frames", clock(at))


def draw(lines: Sequence[Row], seconds: float, title: str, *, alone: bool = False) -> str:
    """Return the strip as SVG; its width follows the page's.

    Args:
        alone: Draw it as a file of its own, with labels, times and colours, rather than for the page's style sheet.
    """
    scale = WIDTH / max(seconds, 0.001)
    left = 130 if alone else 0
    height = ROW_HEIGHT * len(lines) + (24 if alone else 0)
    body = "".join(_row(line, number, scale, left, alone) for number, line in enumerate(lines))
    if not alone:
        return (
            f'<svg class="strip" viewBox="0 0 {WIDTH} {height}" preserveAspectRatio="none" role="group" '
            f'aria-label="{escape(title)}">{body}</svg>'
        )
    ticks = "".join(
        f'<text x="{left + WIDTH * part / 4:.0f}" y="{height - 6}" text-anchor="{_ANCHORS[part]}">'
        f"{clock(seconds * part / 4)}</text>"
        for part in range(5)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH + left} {height}" width="{WIDTH + left}" '
        f'height="{height}"><title>{escape(title)}</title><style>{_ALONE}</style>'
        f'<rect width="100%" height="100%" fill="#fff"/>{body}{ticks}</svg>'
    )


_ANCHORS = ("start", "middle", "middle", "middle", "end")
_ALONE = (
    "text{font:13px system-ui,sans-serif;fill:#444}.parts{fill:#9db8d9}.parts.odd{fill:#c4d4e8}.speech{fill:#4d8b6f}"
    ".text{fill:#b98a3e}.looked,.heard{fill:#c9c7cf}.frames{fill:#4a4a55}"
    ".missing{fill:#fff;stroke:#b55;stroke-dasharray:3 3}"
)


def _row(row: Row, number: int, scale: float, left: int, alone: bool) -> str:
    top = number * ROW_HEIGHT + (ROW_HEIGHT - BAR_HEIGHT) / 2
    drawn = [f'<text x="0" y="{top + BAR_HEIGHT - 3:g}">{escape(row.label)}</text>'] if alone else []
    last = -LEAST_APART
    for at, mark in enumerate(row.marks):
        x = mark.start_seconds * scale
        if mark.shape == "frames" and x - last < LEAST_APART:
            continue
        last = x if mark.shape == "frames" else last
        width = max((mark.end_seconds - mark.start_seconds) * scale - (1.5 if mark.shape == "parts" else 0), 2)
        odd = " odd" if mark.shape == "parts" and at % 2 else ""
        drawing = (
            f'<rect class="{mark.shape}{odd}" x="{left + min(x, WIDTH - width):.1f}" y="{top:g}" width="{width:.1f}" '
            f'height="{BAR_HEIGHT}"><title>{escape(mark.what)}</title></rect>'
        )
        linked = mark.anchor and not alone
        label = escape(mark.what)
        drawn.append(f'<a href="#{mark.anchor}" aria-label="{label}">{drawing}</a>' if linked else drawing)
    return "".join(drawn)


def coverage_words(file: File, say: Wording) -> list[str]:
    """Say the same in words."""
    seconds, coverage = file.coverage.seconds, file.coverage
    if not seconds:
        return []
    found = []
    if file.kind == "video":
        if not coverage.looked_at and not coverage.frames:
            found.append(say("looked_none"))
        elif not file.not_looked_at:
            found.append(say("looked_all", length=say.length(seconds), frames=f"{coverage.frames:,}"))
        elif not coverage.looked_at:
            found.append(say("looked_frames", frames=f"{coverage.frames:,}"))
        else:
            spans = _listed(coverage.looked_at, say)
            found.append(say("looked_part", spans=spans, frames=f"{coverage.frames:,}"))
            found.append(say("not_looked", spans=_listed(file.not_looked_at, say)))
    unheard = missing_spans(coverage.heard, seconds)
    if not coverage.heard:
        found.append(say("no_sound" if file.is_silent else "heard_none"))
    elif not unheard:
        found.append(say("heard_all"))
    else:
        found.append(say("heard_part", spans=_listed(coverage.heard, say)))
        found.append(say("not_heard", spans=_listed(unheard, say)))
    return found


def _listed(spans: Sequence[Span], say: Wording, most: int = 8) -> str:
    words = [say.span(start, end) for start, end in spans[:most]]
    if len(spans) > most:
        words.append(say("more", count=len(spans) - most))
    return say.listed(words)
