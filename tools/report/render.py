"""Write a proven draft as Markdown, as one HTML page and as JSON."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from ..base.run import Run
from ..base.workspace import Artifact
from . import chart, markdown, page, strip
from .check import check_page
from .illustrations import illustrate
from .model import Draft, as_json
from .wording import Wording, clean, clock


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """The files of a report."""

    markdown: Artifact
    html: Artifact
    data: Artifact
    pictures: list[Artifact]
    """What the Markdown refers to by name."""


def render(draft: Draft, given: Sequence[str], run: Run) -> Rendered:
    """Write and store a report; see `check_report` for what must be proven before.

    Args:
        given: Handles of further pictures to show.
    """
    say = Wording(draft.language)
    shown = illustrate(draft, given, run)
    drawings = _drawings(draft, run, say)
    names = {handle: [one.name for one in made] for handle, made in drawings.items()}
    html = page.write(draft, shown, say)
    check_page(html)
    run.check()
    data = json.dumps(as_json(draft), ensure_ascii=False)
    return Rendered(
        markdown=_put(markdown.write(draft, shown, names, say), "report.md", "text/markdown", run),
        html=_put(html, "report.html", "text/html", run),
        data=_put(data, "report.json", "application/json", run),
        pictures=[*(one.artifact for one in shown.values()), *(one for made in drawings.values() for one in made)],
    )


def _put(content: str, name: str, media_type: str, run: Run) -> Artifact:
    # Text found in media may hold half of a surrogate pair, which no file can.
    return run.put(content.encode("utf-8", errors="replace"), name=name, media_type=media_type)


def _drawings(draft: Draft, run: Run, say: Wording) -> dict[str, list[Artifact]]:
    """Store the drawings of each file's time, which Markdown cannot hold itself."""
    found: dict[str, list[Artifact]] = {}
    for at, file in enumerate(draft.files, 1):
        number = f"-{at}" if len(draft.files) > 1 else ""
        seconds = file.coverage.seconds or 0.0
        rows = strip.rows(file, draft.chapters, say) if seconds else []
        title = say("strip_of", name=clean(file.name), length=clock(seconds))
        made = {f"timeline{number}.svg": strip.draw(rows, seconds, title, alone=True)} if rows else {}
        if bars := chart.speech_bars(file, say):
            made[f"speech{number}.svg"] = chart.draw(bars, alone=True)
        found[file.handle] = [_put(svg, name, "image/svg+xml", run) for name, svg in made.items()]
    return found
