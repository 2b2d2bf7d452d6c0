"""Write a report as Markdown."""

import html
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..base.moments import Measure, Moment
from .compared import grid
from .illustrations import Illustration
from .model import Chapter, Draft, Sentence
from .sent import told
from .spoken import is_draft
from .strip import coverage_words
from .wording import Wording, clean, clock

# What means something to CommonMark or GitHub inside a line, and what does at its start.
_SPECIAL = re.compile(r"([\\`*_\[\]<>|~&$])|^(?=[#+=-])|^(\d+)(?=[.)])")
# GitHub makes links of bare addresses, whatever is escaped in them; inside code nothing is active. But it splits a
# table at its bars before it looks for code, so a bar ends a word here and is escaped outside of the code.
_WORD = re.compile(r"[^\s|]+")
_ADDRESS = re.compile(r"://|www\.|\w@\w", re.IGNORECASE)
MOST_LINES = 40
MOST_CITED = 8


def escape(text: str) -> str:
    """Return media text so that Markdown shows it and does nothing with it."""
    plain, parts, position = clean(text), list[str](), 0
    for found in _WORD.finditer(plain):
        if not _ADDRESS.search(found[0]):
            continue
        parts += [_escaped(plain[position : found.start()]), f"`{found[0].replace('`', '’')}`"]
        position = found.end()
    return "".join([*parts, _escaped(plain[position:])])


def _escaped(text: str) -> str:
    return _SPECIAL.sub(lambda found: f"{found[2]}\\" if found[2] else f"\\{found[1] or ''}", text)


def write(
    draft: Draft, pictures: Mapping[str, Illustration], drawings: Mapping[str, Sequence[str]], say: Wording
) -> str:
    """Return the report as Markdown.

    Args:
        drawings: Names of the SVG files that show each file's time, by its handle.
    """
    return _Page(draft, pictures, drawings, say).write()


@dataclass(frozen=True)
class _Page:
    """What every section needs."""

    draft: Draft
    pictures: Mapping[str, Illustration]
    drawings: Mapping[str, Sequence[str]]
    say: Wording

    def write(self) -> str:
        draft, say = self.draft, self.say
        parts = [
            f"# {escape(draft.title)}",
            f"> {say('asked')}: {escape(draft.request)}" if draft.request else "",
            *(_image(self.pictures[one.handle], one.name) for one in draft.files if one.handle in self.pictures),
            f"## {say('summary')}",
            self._claims(draft.summary),
            *self._coverage(),
            *(part for at, one in enumerate(draft.chapters, 1) for part in self._chapter(at, one)),
            *([] if draft.chapters else self._found()),
            *self._terms(),
            *self._measures(),
            f"## {say('limits')}",
            _bullets(map(escape, draft.limits)) or say("no_limits"),
            *self._evidence(),
            *self._run(),
            *self._sent(),
        ]
        return "\n\n".join(part for part in parts if part) + "\n"

    def _claims(self, sentences: Sequence[Sentence]) -> str:
        return _bullets(f"{escape(one.text)} {self._cites(one.evidence)}" for one in sentences)

    def _cites(self, evidence: Sequence[str]) -> str:
        times = {one.id: one.start_seconds for one in self.draft.moments}
        links = []
        for name in evidence[:MOST_CITED]:
            at = times.get(name)
            links.append(f"[{name if at is None else f'{clock(at)} {name}'}](#{name})")
        more = f" +{len(evidence) - MOST_CITED}" if len(evidence) > MOST_CITED else ""
        return f"<sup>{', '.join(links)}{more}</sup>"

    def _coverage(self) -> Iterator[str]:
        told = [(file, coverage_words(file, self.say)) for file in self.draft.files]
        if not any(words for _, words in told):
            return
        yield f"## {self.say('coverage')}"
        for file, words in told:
            if len(self.draft.files) > 1 and words:
                yield f"**{escape(file.name)}**"
            yield from (f"![{escape(file.name)}]({name})" for name in self.drawings.get(file.handle, ()))
            yield self.say("sentence_join").join(words)

    def _chapter(self, at: int, chapter: Chapter) -> Iterator[str]:
        names = {file.handle: file.name for file in self.draft.files}
        span = self.say.span(chapter.start_seconds, chapter.end_seconds)
        yield f"## {at}\\. {escape(chapter.title)}"
        yield f"*{span}*" if len(names) == 1 else f"*{escape(names[chapter.media])}, {span}*"
        if shown := self.pictures.get(chapter.picture or ""):
            yield _image(shown, chapter.title)
        yield self._claims(chapter.sentences)

    def _found(self) -> Iterator[str]:
        """Write what was said and read where there are no chapters to write it in."""
        for kind, heading in (("speech", "transcript"), ("text", "text_found")):
            lines = [one for one in self.draft.moments if one.kind == kind and one.text.strip()]
            if lines:
                drafted = kind == "speech" and any(map(is_draft, lines))
                yield f"## {self.say('draft_transcript' if drafted else heading)}"
                yield _bullets(f"{escape(one.text)} {self._cites([one.id])}" for one in lines[:MOST_LINES])
                if len(lines) > MOST_LINES:
                    yield self.say("more", count=len(lines) - MOST_LINES)

    def _terms(self) -> Iterator[str]:
        if self.draft.terms:
            yield f"## {self.say('terms')}"
            yield self.say.listed([f"[{escape(term.text)}](#{term.evidence[0]})" for term in self.draft.terms])

    def _measures(self) -> Iterator[str]:
        draft, say = self.draft, self.say
        if draft.measures:
            several = len(draft.files) > 1
            yield f"## {say('compared' if several else 'measures')}"
            names = [escape(one.name) for one in draft.files] if several else [say("value")]
            rows = [f"| {say('name')} | {' | '.join(names)} |", f"|---|{'---|' * len(names)}"]
            rows += [
                f"| {escape(say.measure(name))} | {' | '.join(map(self._value, values))} |"
                for name, values in grid(draft.measures, draft.files)
            ]
            yield "\n".join(rows)
        own = {file.handle for file in draft.files} | {one.picture for one in draft.chapters}
        yield from (_image(shown, shown.name) for handle, shown in self.pictures.items() if handle not in own)

    def _value(self, measure: Measure | None) -> str:
        return f"{_anchor(measure.name)}{escape(self.say.value(measure))}" if measure else "–"

    def _evidence(self) -> Iterator[str]:
        say = self.say
        yield f"## {say('evidence')}"
        yield say("evidence_note")
        head = " | ".join(say(key) for key in ("time", "kind", "what", "source"))
        rows = [f"| | {head} |", "|---|---|---|---|---|"]
        rows += [
            f"| {_anchor(one.id)}{one.id} | {_when(one)} | {say(one.kind)} | {escape(one.text)} | "
            f"{escape(one.source.tool)}, {escape(one.source.provider)}, {say(one.source.quality)} |"
            for one in self.draft.moments
        ]
        yield "\n".join(rows)

    def _run(self) -> Iterator[str]:
        ran, say = self.draft.run, self.say
        if not ran.steps:
            return
        yield f"## {say('run')}"
        head = " | ".join(say(key) for key in ("step", "tool", "status", "seconds", "cached", "provider", "cost"))
        rows = [f"| {head} |", "|---|---|---|---:|---|---|---:|"]
        rows += [
            f"| {escape(one.id)} | {escape(one.tool)} | {escape(one.status)} | {one.seconds:.2f} | "
            f"{say('yes' if one.cached else 'no')} | {escape(one.provider)} | {one.cost_usd:g} |"
            for one in ran.steps
        ]
        yield "\n".join(rows)
        yield say("total", seconds=f"{ran.seconds:.1f}", cost=f"{ran.cost_usd:g}")

    def _sent(self) -> Iterator[str]:
        if lines := told(self.draft, self.say):
            yield f"## {self.say('sent')}"
            yield _bullets(map(escape, lines))


def _image(shown: Illustration, words: str) -> str:
    return f"![{escape(words)}]({shown.artifact.name})"


def _anchor(name: str) -> str:
    return f'<a id="{html.escape(name)}"></a>'


def _when(moment: Moment) -> str:
    if moment.start_seconds is None:
        return ""
    if moment.end_seconds is None or moment.end_seconds - moment.start_seconds < 0.5:
        return clock(moment.start_seconds)
    return f"{clock(moment.start_seconds)}–{clock(moment.end_seconds)}"


def _bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)
