"""The tables at the end of a page: measures, evidence, what ran."""

from collections.abc import Mapping
from html import escape

from ..base.moments import Measure
from . import chart
from .compared import grid
from .illustrations import Illustration
from .links import Links
from .markup import axis, figure, section, text
from .model import Draft
from .wording import Wording

# Longer lists are folded.
MOST_OPEN = 40


def measures(draft: Draft, pictures: Mapping[str, Illustration], links: Links, say: Wording) -> str:
    """Return the measures, those of several files side by side, and speech over time."""
    several = len(draft.files) > 1
    numbers = _table(draft, say) if several else _values(draft, links, say)
    charts = "".join(_charts(draft, say)) + _given(draft, pictures)
    if not numbers and not charts:
        return ""
    return section("measures", say("compared" if several else "measures"), numbers + charts, "measures")


def _values(draft: Draft, links: Links, say: Wording) -> str:
    items = "".join(
        f'<div id="{escape(one.name)}"><dt>{escape(say.measure(one.name))}{_basis(one, links)}</dt>'
        f"<dd>{escape(say.value(one))}</dd></div>"
        for one in draft.measures
    )
    return f'<dl class="values">{items}</dl>' if items else ""


def _basis(measure: Measure, links: Links) -> str:
    """Return a link to the first moment a measure rests on; the data has them all."""
    if not measure.evidence:
        return ""
    more = f" +{len(measure.evidence) - 1}" if len(measure.evidence) > 1 else ""
    return f' <span class="cites">{links.to(measure.evidence[0])}{more}</span>'


def _table(draft: Draft, say: Wording) -> str:
    rows = "".join(
        f'<tr><th scope="row">{escape(say.measure(name))}</th>{"".join(_cell(one, say) for one in values)}</tr>'
        for name, values in grid(draft.measures, draft.files)
    )
    names = "".join(f'<th class="number" scope="col">{text(one.name)}</th>' for one in draft.files)
    return f"<table><thead><tr><td></td>{names}</tr></thead><tbody>{rows}</tbody></table>" if rows else ""


def _cell(measure: Measure | None, say: Wording) -> str:
    if measure is None:
        return '<td class="number">–</td>'
    return f'<td class="number" id="{escape(measure.name)}">{escape(say.value(measure))}</td>'


def _charts(draft: Draft, say: Wording) -> list[str]:
    found = []
    for file in draft.files:
        if bars := chart.speech_bars(file, say):
            name = f"{text(file.name)}: " if len(draft.files) > 1 else ""
            levels = "".join(f"<span>{level:g}</span>" for level in chart.levels(bars))
            found.append(
                f'<div class="chart-box"><p>{name}{escape(bars.title)}</p><div class="levels">{levels}</div>'
                f"{chart.draw(bars)}{axis(file.coverage.seconds or 0.0)}</div>"
            )
    return found


def _given(draft: Draft, pictures: Mapping[str, Illustration]) -> str:
    """Return the pictures that were handed over for the report."""
    own = {file.handle for file in draft.files} | {one.picture for one in draft.chapters}
    figures = "".join(figure(one, one.name) for handle, one in pictures.items() if handle not in own)
    return f'<div class="charts">{figures}</div>' if figures else ""


def evidence(draft: Draft, links: Links, say: Wording) -> str:
    """Return every moment with its anchors, in order of time."""
    rows = []
    for one in draft.moments:
        anchor = links.time_anchor_of(one)
        second = f'<a id="{anchor}"></a>' if anchor else ""
        frame = links.frame(one.artifact or "")
        picture = f' <a href="#{frame}">▣</a>' if frame else ""
        sure = "" if one.confidence is None else f"{one.confidence:.0%}"
        rows.append(
            f'<tr id="{one.id}"><td class="id">{one.id}</td><td class="number">{second}{links.when(one)}</td>'
            f'<td>{say(one.kind)}</td><td class="what">{text(one.text)}{picture}</td>'
            f'<td class="source">{links.source(one)}</td><td class="number">{sure}</td></tr>'
        )
    names = ("", "time", "kind", "what", "source", "sure")
    head = "".join(f'<th scope="col">{say(name) if name else ""}</th>' for name in names)
    table = f'<table class="evidence"><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table>'
    folded = "" if len(rows) <= MOST_OPEN else f"<summary>{say('evidence_count', count=len(rows))}</summary>"
    body = f'<details class="appendix">{folded}{table}</details>' if folded else table
    return (
        f'<section id="evidence"><h2>{say("evidence")}</h2><p class="note">{say("evidence_note")}</p>{body}</section>'
    )


def run_table(draft: Draft, say: Wording) -> str:
    """Return what ran, how long and at what cost."""
    if not draft.run.steps:
        return ""
    rows = "".join(
        f"<tr><td>{text(one.id)}</td><td>{text(one.tool)}</td><td>{text(one.status)}</td>"
        f"<td>{text(one.provider)}</td><td>{say('cached') if one.cached else ''}</td>"
        f'<td class="number">{one.seconds:.2f} s</td><td class="number">{one.cost_usd:g} USD</td></tr>'
        for one in draft.run.steps
    )
    names = ("step", "tool", "status", "provider", "", "seconds", "cost")
    head = "".join(
        f'<th scope="col" class="{"number" if name in ("seconds", "cost") else ""}">{say(name) if name else ""}</th>'
        for name in names
    )
    total = say("total", seconds=f"{draft.run.seconds:.1f}", cost=f"{draft.run.cost_usd:g}")
    return (
        f'<section id="run"><h2>{say("run")}</h2><table class="run"><thead><tr>{head}</tr></thead>'
        f'<tbody>{rows}</tbody></table><p class="note">{total}</p></section>'
    )
