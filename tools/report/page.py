"""Write a report as one HTML page that loads nothing from elsewhere."""

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from html import escape
from pathlib import Path
from string import Template

from ..base.moments import Moment
from . import strip
from .appendix import evidence, measures, run_table
from .heading import file_box
from .illustrations import Illustration
from .links import Links
from .markup import axis, figure, section, text
from .model import Chapter, Draft, File, Sentence
from .sent import told
from .spoken import is_draft
from .wording import Wording, clean, clock

_CODE, _AS_CODE = re.compile(r"`([^`]+)`"), r"<code>\1</code>"
_LABELS = {"screen": "on_screen", "said": "said", "model": "model"}


def write(draft: Draft, pictures: Mapping[str, Illustration], say: Wording) -> str:
    """Return the report as HTML."""
    page = _Page(draft, pictures, Links(draft, pictures, say), say)
    style, script = _asset("page.css"), _asset("page.js")
    return Template(_asset("page.html")).substitute(
        lang="zh-Hans" if draft.language == "zh" else "en",
        title=text(draft.title),
        style=style,
        script=script,
        style_hash=_hash(style),
        script_hash=_hash(script),
        skip=say("skip"),
        asked=f'<p class="asked"><b>{say("asked")}</b> {text(draft.request)}</p>' if draft.request else "",
        files="".join(file_box(at, file, pictures.get(file.handle), say) for at, file in enumerate(draft.files, 1)),
        body="\n".join(filter(None, page.sections())),
        made_by=say("made_by"),
    )


@cache
def _asset(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


def _hash(content: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}"


@dataclass(frozen=True)
class _Page:
    """What every section of a page needs."""

    draft: Draft
    pictures: Mapping[str, Illustration]
    links: Links
    say: Wording
    drawn: set[str] = field(default_factory=set)
    """Anchors of frames that stand already: two chapters may share a frame."""

    def sections(self) -> list[str]:
        draft, say = self.draft, self.say
        return [
            section("summary", say("summary"), self._claims(draft.summary, labelled=False)),
            self._coverage(),
            self._contents(),
            *(self._chapter(at, one) for at, one in enumerate(draft.chapters, 1)),
            *([] if draft.chapters else self._found()),
            self._terms(),
            measures(draft, self.pictures, self.links, say),
            self._limits(),
            evidence(draft, self.links, say),
            run_table(draft, say),
            self._sent(),
        ]

    def _claims(self, sentences: Sequence[Sentence], *, labelled: bool = True) -> str:
        lines, before = [], ""
        for one in sentences:
            label = _LABELS.get(one.role, "") if labelled else ""
            shown = f'<span class="label">{self.say(label)}</span>' if label and label != before else ""
            before = label
            lines.append(f'<li class="{one.role}">{shown}{self._body(one)}{self.links.cites(one)}</li>')
        return f'<ul class="claims">{"".join(lines)}</ul>'

    def _body(self, sentence: Sentence) -> str:
        if sentence.role != "screen":
            return text(sentence.text)
        # The same lines as in the sentence, one under the other as they stand on the slide.
        lines = self.links.moments_of(sentence.evidence)
        first = "line heading" if len(lines) > 1 else "line"
        return "".join(
            f'<span class="{"line" if at else first}">{text(one.text)}</span>' for at, one in enumerate(lines)
        )

    def _coverage(self) -> str:
        parts = []
        for file in self.draft.files:
            words = strip.coverage_words(file, self.say)
            if words and len(self.draft.files) > 1:
                parts.append(f'<p class="of">{text(file.name)}</p>')
            if words:
                told = escape(self.say("sentence_join").join(words))
                parts.append(f'{self._timeline(file)}<p class="words">{told}</p>')
        return section("coverage", self.say("coverage"), "".join(parts)) if parts else ""

    def _timeline(self, file: File) -> str:
        seconds = file.coverage.seconds or 0.0
        rows = strip.rows(file, self.draft.chapters, self.say)
        if not rows:
            return ""
        title = self.say("strip_of", name=clean(file.name), length=clock(seconds))
        names = "".join(f"<li>{row.label}</li>" for row in rows)
        return (
            f'<div class="timeline rows-{len(rows)}"><ul class="names">{names}</ul>'
            f"{strip.draw(rows, seconds, title)}{axis(seconds)}</div>"
        )

    def _contents(self) -> str:
        if len(self.draft.chapters) < 3:
            return ""
        names = {file.handle: f"{text(file.name)}: " for file in self.draft.files if len(self.draft.files) > 1}
        items = "".join(
            f"<li><span>{clock(one.start_seconds)}</span>"
            f'<a href="#chapter-{at}">{names.get(one.media, "")}{text(one.title)}</a></li>'
            for at, one in enumerate(self.draft.chapters, 1)
        )
        title = self.say("contents")
        return f'<nav class="toc" aria-label="{title}"><h2>{title}</h2><ol>{items}</ol></nav>'

    def _chapter(self, at: int, chapter: Chapter) -> str:
        names = {file.handle: file.name for file in self.draft.files}
        home = f"{text(names[chapter.media])} · " if len(names) > 1 else ""
        span = f"{clock(chapter.start_seconds)} – {clock(chapter.end_seconds)}"
        when = self.links.at(chapter.start_seconds, chapter.media, span)
        shown = self._picture(chapter)
        return (
            f'<section id="chapter-{at}" class="chapter"><div class="chapter-head"><h3>{text(chapter.title)}</h3>'
            f'<p class="when">{home}{when}</p></div><div class="chapter-body{"" if shown else " bare"}">{shown}'
            f"<div>{self._claims(chapter.sentences)}</div>{self._said(chapter)}</div></section>"
        )

    def _picture(self, chapter: Chapter) -> str:
        shown = self.pictures.get(chapter.picture or "")
        if not shown or not chapter.picture:
            return ""
        anchor = self.links.frame(chapter.picture)
        again = anchor in self.drawn
        self.drawn.add(anchor)
        return figure(shown, chapter.title, self.links.frame_caption(chapter.picture), "" if again else anchor)

    def _said(self, chapter: Chapter) -> str:
        lines = [one for one in chapter.said if one.text.strip()]
        # What was quoted whole need not stand here again.
        whole = (one for one in chapter.sentences if one.role in ("said", "drafted") and "…" not in one.text)
        quoted = {name for one in whole for name in one.evidence}
        if not lines or all(one.id in quoted for one in lines):
            return ""
        drafted = any(map(is_draft, lines))
        summary = self.say("draft_said" if drafted else "all_said", count=len(lines))
        kind = " drafted-lines" if drafted else ""
        return (
            f'<details class="all"><summary>{summary}</summary>'
            f'<ol class="lines{kind}">{self._lines(lines)}</ol></details>'
        )

    def _lines(self, moments: Iterable[Moment]) -> str:
        lines = []
        for one in moments:
            when = self.links.when(one)
            kind = "" if when else ' class="timeless"'
            lines.append(f"<li{kind}>{when}<span>{text(one.text)}</span>{self.links.to(one.id)}</li>")
        return "".join(lines)

    def _found(self) -> list[str]:
        """Show what was said and read where there are no chapters to show it in."""
        parts = []
        for kind, heading in (("speech", "transcript"), ("text", "text_found")):
            lines = [one for one in self.draft.moments if one.kind == kind and one.text.strip()]
            if lines:
                words = self.say("draft_transcript" if any(map(is_draft, lines)) and kind == "speech" else heading)
                parts.append(section(f"all-{kind}", words, f'<ol class="lines">{self._lines(lines)}</ol>'))
        return parts

    def _terms(self) -> str:
        items = "".join(
            f'<li><a href="#{escape(one.evidence[0])}">{text(one.text)}</a></li>' for one in self.draft.terms
        )
        return section("terms", self.say("terms"), f"<ul>{items}</ul>", "terms") if items else ""

    def _sent(self) -> str:
        items = "".join(f"<li>{_CODE.sub(_AS_CODE, text(one))}</li>" for one in told(self.draft, self.say))
        return section("sent", self.say("sent"), f"<ul>{items}</ul>", "limits") if items else ""

    def _limits(self) -> str:
        items = "".join(f"<li>{_CODE.sub(_AS_CODE, text(one))}</li>" for one in self.draft.limits)
        body = f"<ul>{items}</ul>" if items else f"<p>{self.say('no_limits')}</p>"
        return section("limits", self.say("limits"), body, "limits")
