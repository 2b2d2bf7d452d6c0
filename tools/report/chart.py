"""Draw how fast is spoken along the time of a file, as SVG."""

from dataclasses import dataclass
from html import escape

from ..base.pace import pace
from ..base.words import guess_language
from .model import File
from .wording import Wording, clock

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 1000, 220, 44, 24, 10


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One stretch of time."""

    start_seconds: float
    end_seconds: float
    value: float


@dataclass(frozen=True, kw_only=True)
class Bars:
    """What is plotted."""

    title: str
    unit: str
    bars: tuple[Bar, ...]


def speech_bars(file: File, say: Wording) -> Bars | None:
    """Return words a minute for each stretch of a file, or the share of speech where no words are known."""
    seconds = file.coverage.seconds or 0.0
    speech = [one for one in file.moments if one.kind == "speech" and one.start_seconds is not None]
    if seconds < 10 or not speech:
        return None
    stretches = pace(speech, seconds)
    has_words = any(one.words for one in stretches)
    bars = tuple(
        Bar(
            start_seconds=one.start_seconds,
            end_seconds=one.end_seconds,
            value=one.words_per_minute if has_words else one.spoken_percent,
        )
        for one in stretches
    )
    if not has_words:
        return Bars(title=say("chart_speech"), unit="%", bars=bars)
    language = guess_language(" ".join(one.text for one in speech))
    unit = say.unit("characters per minute" if language == "zh" else "words per minute")
    return Bars(title=say("chart_words", unit=unit), unit=unit, bars=bars)


def draw(bars: Bars, *, alone: bool = False) -> str:
    """Return the bars as SVG: bare, for a page that writes `levels` and times around it, or as a file of its own."""
    left, bottom = (LEFT, BOTTOM) if alone else (0, 1)
    plot = HEIGHT - bottom - TOP
    top = levels(bars)[0]
    scale = (WIDTH - left) / bars.bars[-1].end_seconds
    parts = [
        f'<line class="grid" x1="{left}" x2="{WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>'
        for y in (TOP + plot * share for share in (0, 0.5, 1))
    ]
    for bar in bars.bars:
        height = plot * bar.value / top
        slot = (bar.end_seconds - bar.start_seconds) * scale
        what = f"{clock(bar.start_seconds)}: {bar.value:.0f} {bars.unit}"
        parts.append(
            f'<rect class="bar" x="{left + bar.start_seconds * scale + slot * 0.12:.1f}" '
            f'y="{TOP + plot - height:.1f}" width="{slot * 0.76:.1f}" height="{height:.1f}">'
            f"<title>{escape(what)}</title></rect>"
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
        f'<text class="label" x="{left + bar.start_seconds * scale:.1f}" y="{HEIGHT - 6}">'
        f"{clock(bar.start_seconds)}</text>"
        for bar in bars.bars[:: max(1, round(len(bars.bars) / 6))]
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}">'
        f"<title>{title}</title><style>{_ALONE}</style>"
        f'<rect width="100%" height="100%" fill="#fff"/>{"".join(parts)}</svg>'
    )


def levels(bars: Bars) -> tuple[float, float, float]:
    """Return what the grid lines stand for, from the top down."""
    top = _round_up(max(bar.value for bar in bars.bars))
    return top, top / 2, 0.0


_ALONE = ".label{font:13px system-ui,sans-serif;fill:#444}.grid{stroke:#ddd}.bar{fill:#5b7fa8}"


def _round_up(value: float) -> float:
    """Return a round number above a value, for the top of an axis."""
    size = 1.0
    while size * 10 <= value:
        size *= 10
    return next(size * step for step in (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10) if size * step >= value)
