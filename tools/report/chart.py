"""Draw how fast is spoken along the time of a file, as SVG."""

from dataclasses import dataclass
from html import escape

from ..base.words import count_words, guess_language
from .model import File
from .wording import Wording, clock

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 1000, 220, 44, 24, 10
MOST_BARS = 30
# Widths of a bar, so that its borders are round times.
STEPS_SECONDS = (2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600)


@dataclass(frozen=True, kw_only=True)
class Bars:
    """What is plotted."""

    title: str
    unit: str
    step_seconds: float
    values: tuple[float, ...]


def speech_bars(file: File, say: Wording) -> Bars | None:
    """Return words a minute for each stretch of a file, or the share of speech where no words are known."""
    seconds = file.coverage.seconds or 0.0
    speech = [one for one in file.moments if one.kind == "speech" and one.start_seconds is not None]
    if seconds < 10 or not speech:
        return None
    step = next((step for step in STEPS_SECONDS if seconds / step <= MOST_BARS), seconds / MOST_BARS)
    words, spoken = [0.0] * (int(seconds / step) + 1), [0.0] * (int(seconds / step) + 1)
    for moment in speech:
        start = moment.start_seconds or 0.0
        end = max(moment.end_seconds or start, start + 0.01)
        count = count_words(moment.text)
        # A segment that reaches over a border belongs to both stretches by its length in each.
        for at in range(int(start / step), min(int(end / step), len(words) - 1) + 1):
            inside = max(0.0, min(end, (at + 1) * step) - max(start, at * step))
            words[at] += count * inside / (end - start)
            spoken[at] += inside
    lengths = [min(step, seconds - at * step) for at in range(len(words))]
    kept = [at for at, length in enumerate(lengths) if length >= step / 10]
    if sum(words):
        values = tuple(words[at] * 60 / lengths[at] for at in kept)
        language = guess_language(" ".join(one.text for one in speech))
        unit = say.unit("characters per minute" if language == "zh" else "words per minute")
        return Bars(title=say("chart_words", unit=unit), unit=unit, step_seconds=step, values=values)
    values = tuple(min(100.0, 100 * spoken[at] / lengths[at]) for at in kept)
    return Bars(title=say("chart_speech"), unit="%", step_seconds=step, values=values)


def draw(bars: Bars, *, alone: bool = False) -> str:
    """Return the bars as SVG: bare, for a page that writes `levels` and times around it, or as a file of its own."""
    left, bottom = (LEFT, BOTTOM) if alone else (0, 1)
    plot = HEIGHT - bottom - TOP
    top = levels(bars)[0]
    slot = (WIDTH - left) / len(bars.values)
    parts = [
        f'<line class="grid" x1="{left}" x2="{WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>'
        for y in (TOP + plot * share for share in (0, 0.5, 1))
    ]
    for at, value in enumerate(bars.values):
        height = plot * value / top
        what = f"{clock(at * bars.step_seconds)}: {value:.0f} {bars.unit}"
        parts.append(
            f'<rect class="bar" x="{left + at * slot + slot * 0.12:.1f}" y="{TOP + plot - height:.1f}" '
            f'width="{slot * 0.76:.1f}" height="{height:.1f}"><title>{escape(what)}</title></rect>'
        )
    title = escape(bars.title)
    if not alone:
        return (
            f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" role="img" '
            f'aria-label="{title}">{"".join(parts)}</svg>'
        )
    parts += [
        f'<text class="label" x="{left - 8}" y="{TOP + plot * at / 2 + 4:.1f}" text-anchor="end">{level:g}</text>'
        for at, level in enumerate(levels(bars))
    ]
    parts += [
        f'<text class="label" x="{left + at * slot:.1f}" y="{HEIGHT - 6}">{clock(at * bars.step_seconds)}</text>'
        for at in range(0, len(bars.values), max(1, round(len(bars.values) / 6)))
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}">'
        f"<title>{title}</title><style>{_ALONE}</style>"
        f'<rect width="100%" height="100%" fill="#fff"/>{"".join(parts)}</svg>'
    )


def levels(bars: Bars) -> tuple[float, float, float]:
    """Return what the grid lines stand for, from the top down."""
    top = _round_up(max(bars.values))
    return top, top / 2, 0.0


_ALONE = ".label{font:13px system-ui,sans-serif;fill:#444}.grid{stroke:#ddd}.bar{fill:#5b7fa8}"


def _round_up(value: float) -> float:
    """Return a round number above a value, for the top of an axis."""
    size = 1.0
    while size * 10 <= value:
        size *= 10
    return next(size * step for step in (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10) if size * step >= value)
