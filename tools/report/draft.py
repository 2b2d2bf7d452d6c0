"""Turn moments into the draft of a report, without a model."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import zip_longest

from ..base.moments import Findings, Measure, Moment
from ..base.words import Language
from ..base.workspace import Artifact
from .chapters import Part, divide
from .counted import counted, of_file
from .given import with_given
from .model import Chapter, Draft, File, Given, RunFacts, Sentence, Term
from .prose import describe, within
from .rank import key_terms
from .spoken import Said, is_draft, said
from .summary import differences, summarize
from .timeline import Timeline, gather
from .wording import Wording, clean, engine

MOST_TERMS = 10
MOST_SENTENCES = 7
MOST_DIFFERENCES = 5


def draft(
    *,
    request: str,
    findings: Sequence[Findings],
    artifacts: Sequence[Artifact],
    language: Language,
    title: str | None = None,
    run: RunFacts | None = None,
    sentences: Sequence[Given] = (),
    author: str = "",
) -> Draft:
    """Return a report on these files: equal findings give an equal report, but for what ran.

    Args:
        artifacts: The files it is about, in order; see `media_of`.
        sentences: What `author` says of them; those that their evidence proves take the place of the drafted summary.
    """
    say = Wording(language)
    timeline = gather(findings, artifacts)
    parts = [parts_of(file) for file in timeline.files]
    spoken = [said(file.moments) for file in timeline.files]
    measures = counted(timeline.files, parts, timeline.measures)
    made = Draft(
        language=language,
        request=request,
        title=title or _title(timeline.files, parts, say),
        files=timeline.files,
        summary=_summary(timeline.files, parts, spoken, measures, say),
        chapters=tuple(
            chapter
            for file, own, sentences in zip(timeline.files, parts, spoken, strict=True)
            for chapter in _chapters(file, own, sentences, of_file(measures, file), say)
        ),
        terms=_terms(timeline.moments, parts, spoken),
        measures=tuple(measures),
        moments=timeline.moments,
        limits=_limits(timeline, findings, run, say),
        run=run or RunFacts(),
    )
    return with_given(made, sentences, author, timeline.renamed, say)


def parts_of(file: File) -> list[Part]:
    """Return a file's chapters; a video of which anything is known has at least one."""
    seconds = file.coverage.seconds
    parts = divide(file.moments, seconds)
    seen = any(one.kind in ("picture", "cut", "text", "speech") for one in file.moments)
    if not parts and file.kind == "video" and seconds and seen:
        return [Part(start_seconds=0.0, end_seconds=seconds, title="")]
    return parts


def _title(files: Sequence[File], parts: Sequence[Sequence[Part]], say: Wording) -> str:
    """Return the first heading on screen, when it is up early; else say which files it is about."""
    if len(files) > 3:
        return say("report_on_files", count=len(files))
    if len(files) > 1:
        return say("report_on", name=say.listed([clean(file.name) for file in files]))
    first = parts[0][0] if parts[0] else None
    if first and first.headings and (first.headings[0].start_seconds or 0.0) < max(15.0, 0.05 * first.end_seconds):
        return clean(first.title)
    return say("report_on", name=clean(files[0].name))


def _summary(
    files: Sequence[File],
    parts: Sequence[Sequence[Part]],
    spoken: Sequence[Sequence[Said]],
    measures: Sequence[Measure],
    say: Wording,
) -> tuple[Sentence, ...]:
    told = [
        summarize(file, own, sentences, of_file(measures, file), say)
        for file, own, sentences in zip(files, parts, spoken, strict=True)
    ]
    if len(files) == 1:
        return tuple(told[0][:MOST_SENTENCES])
    # What each file is, how they differ, and then the rest of what there is to say, a sentence of each in turn.
    openings = [one[0] for one in told]
    between = [sentence for file in files for sentence in differences(file, say)][:MOST_DIFFERENCES]
    named = [[_about(file, one, say) for one in own[1:]] for file, own in zip(files, told, strict=True)]
    rest = [one for turn in zip_longest(*named) for one in turn if one is not None]
    return tuple([*openings, *between, *rest][: max(MOST_SENTENCES, len(files) + MOST_DIFFERENCES)])


def _about(file: File, sentence: Sentence, say: Wording) -> Sentence:
    """Return a sentence with the name of the file it is about, and with what proves the name."""
    if file.fact.id in sentence.evidence:
        return sentence  # it names the file
    text = say("of_file", name=clean(file.name), text=sentence.text)
    return replace(sentence, text=text, evidence=(*sentence.evidence, file.fact.id))


def _chapters(
    file: File, parts: Sequence[Part], spoken: Sequence[Said], measures: Mapping[str, Measure], say: Wording
) -> list[Chapter]:
    whole = "whole_video" if file.kind == "video" else "whole_audio"
    return [
        Chapter(
            title=clean(part.title) or (say("chapter", number=number) if len(parts) > 1 else say(whole)),
            start_seconds=part.start_seconds,
            end_seconds=part.end_seconds,
            media=file.handle,
            sentences=describe(file, part, spoken, measures, say),
            picture=_picture(file, part),
            said=tuple(within(file.moments, part, "speech")),
        )
        for number, part in enumerate(parts, 1)
    ]


def _picture(file: File, part: Part) -> str | None:
    """Return the picture that stands for a part: its heading's frame, else the one nearest to its first third."""
    heading = next((one.artifact for one in part.headings if one.artifact), None)
    if heading:
        return heading
    wanted = part.start_seconds + part.seconds / 3
    frames = [one for kind in ("picture", "text", "cut") for one in within(file.moments, part, kind) if one.artifact]
    best = min(frames, key=lambda one: abs((one.start_seconds or 0.0) - wanted), default=None)
    return best.artifact if best else None


def _terms(
    moments: Sequence[Moment], parts: Sequence[Sequence[Part]], spoken: Sequence[Sequence[Said]]
) -> tuple[Term, ...]:
    """Return the key terms of what is written and reliably said; a draft transcript's words are no terms."""
    written = [one for one in moments if one.kind == "text" and one.text.strip()]
    texts = [clean(one.text) for one in written] + [one.text for part in spoken for one in part]
    owners = [(one.id,) for one in written] + [one.ids for part in spoken for one in part]
    headings = {one.id for own in parts for part in own for screen in part.screens for one in screen.headings}
    titles = (at for at, one in enumerate(written) if one.id in headings)
    return tuple(
        Term(text=term.text, evidence=tuple(dict.fromkeys(owner for at in term.places for owner in owners[at])))
        for term in key_terms(texts, MOST_TERMS, titles=titles)
    )


def _limits(timeline: Timeline, findings: Sequence[Findings], run: RunFacts | None, say: Wording) -> tuple[str, ...]:
    limits = [say.told(limit) for limit in timeline.limits]
    names = {file.handle: clean(file.name) for file in timeline.files}
    for handle in dict.fromkeys(one.media for one in findings if one.partial and one.media in names):
        limits.append(say("limit_partial", name=names[handle or ""]))
    drafted = next((one for one in timeline.moments if one.kind == "speech" and is_draft(one) and one.text), None)
    provider = engine(drafted.source.provider) if drafted else ""
    if drafted and not any(provider in limit for limit in limits):
        limits.append(say("limit_draft", provider=provider))
    for file in timeline.files:
        if file.is_unread:
            limits.append(say("limit_nothing", name=clean(file.name)))
    for unread in run.unread if run else ():
        limits.append(say("limit_unread", name=clean(unread.name), error=clean(say.told(unread.error))))
    for step in run.steps if run else ():
        if step.status in ("failed", "cancelled", "skipped"):
            message = clean(step.error.message) if step.error else step.status
            limits.append(say("limit_step", step=step.id, tool=step.tool, message=message))
    if all(one.source.provider == "sensorium" or one.kind in ("text", "speech") for one in timeline.moments):
        limits.append(say("limit_extractive"))
    return tuple(dict.fromkeys(clean(limit) for limit in limits))
