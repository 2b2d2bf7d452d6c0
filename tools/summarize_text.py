"""The sentences and terms that matter in a text."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, Field

from .base.errors import ArgumentError, MediaError
from .base.moments import Findings, Moment, Source, flatten
from .base.run import Run
from .base.sniff import is_text
from .base.tool import AnyFile, tool
from .base.words import Language, count_words, guess_language, split_sentences
from .report.rank import central, key_terms
from .report.spoken import is_draft, said

MOST_BYTES = 20_000_000


class Picked(BaseModel):
    """A sentence of the text, in its own words, and where it stands."""

    text: str
    rank: int = Field(description="1 is the most central.")
    start: int | None = Field(None, description="First character in the text; none for a transcript.")
    end: int | None = Field(None, description="Character after the last one.")
    start_seconds: float | None = Field(None, description="When it is said or shown.")
    end_seconds: float | None = None


class KeyTerm(BaseModel):
    """A word or phrase the text is about."""

    text: str
    count: int


class Summary(Findings):
    """The most central sentences in their order, and the key terms."""

    sentences: list[Picked]
    terms: list[KeyTerm]
    language: Language
    words: int = Field(description="Words in the whole text; a hanzi counts as one.")
    text: str = Field(description="The sentences as one text.")


@dataclass(frozen=True)
class _Sentence:
    text: str
    span: tuple[int, int] | None = None
    moments: tuple[Moment, ...] = ()


@tool(effect="pure", resource="cpu")
async def summarize_text(
    text: Annotated[str | None, Field(description="The text itself.")] = None,
    file: Annotated[AnyFile | None, Field(description="Or a text file.")] = None,
    findings: Annotated[
        list[Findings] | None,
        BeforeValidator(lambda value: None if value is None else flatten(value)),
        Field(description="Or results of transcribe and read_text."),
    ] = None,
    sentences: Annotated[int, Field(ge=1, le=100, description="How many sentences to pick.")] = 5,
    terms: Annotated[int, Field(ge=0, le=100, description="How many key terms to pick.")] = 10,
    *,
    run: Run,
) -> Summary:
    """Pick the most central sentences and the key terms of a text or a transcript, English or Chinese.

    It quotes, it does not rewrite: each sentence comes with its place in the text or its time. Give one of `text`,
    `file` and `findings`.
    """
    if sum(one is not None for one in (text, file, findings)) != 1:
        raise ArgumentError("Give exactly one of `text`, `file` and `findings`.")
    return await run.thread(_summarize, text, file, findings, run, sentences=sentences, terms=terms)


def _summarize(
    text: str | None, file: str | None, findings: list[Findings] | None, run: Run, *, sentences: int, terms: int
) -> Summary:
    if findings is not None:
        found, drafted = _of_findings(findings)
    else:
        whole = _read(file, run) if file else text or ""
        found, drafted = [_Sentence(whole[start:end], (start, end)) for start, end in split_sentences(whole)], False
    if not found:
        raise ArgumentError(_nothing(drafted))
    run.check()
    texts = [one.text for one in found]
    ranks = central(texts, sentences)
    run.check()
    picked = [_picked(found[at], ranks.index(at) + 1) for at in sorted(ranks)]
    limits = ["The sentences are quoted as they stand; none was rewritten or checked."]
    if drafted:
        limits.append("A draft transcript was left out: its words are mostly guesses.")
    return Summary(
        media=file or (findings[0].media if findings else None),
        moments=[moment for at in sorted(ranks) for moment in _moments(found[at], file)],
        limits=limits,
        partial=any(one.partial for one in findings or ()),
        sentences=picked,
        terms=[KeyTerm(text=one.text, count=one.count) for one in key_terms(texts, terms)] if terms else [],
        language=guess_language(" ".join(texts)),
        words=sum(map(count_words, texts)),
        text="\n".join(one.text for one in picked),
    )


def _read(file: str, run: Run) -> str:
    artifact, path = run.artifact(file), run.path(file)
    if not is_text(artifact.media_type):
        raise MediaError(f"{artifact.name!r} is {artifact.media_type}, not text. Transcribe or read it first.")
    if artifact.bytes > MOST_BYTES:
        raise MediaError(
            f"{artifact.name!r} has {artifact.bytes:,} bytes; the limit is {MOST_BYTES:,}. Read parts of it with "
            "`read_artifact`."
        )
    return path.read_text(encoding="utf-8-sig", errors="replace")


def _of_findings(findings: Sequence[Findings]) -> tuple[list[_Sentence], bool]:
    """Return what was said and written, and whether a draft transcript was among it."""
    moments = [moment for one in findings for moment in one.moments]
    spoken = [_Sentence(one.text, moments=one.moments) for one in said(moments)]
    written = [_Sentence(one.text, moments=(one,)) for one in moments if one.kind == "text" and one.text.strip()]
    drafted = any(one.kind == "speech" and is_draft(one) and one.text.strip() for one in moments)
    together = [*spoken, *written]
    together.sort(key=lambda one: one.moments[0].start_seconds or 0.0)
    return together, drafted


def _nothing(drafted: bool) -> str:
    if drafted:
        return "There is only a draft transcript, and its words are mostly guesses: there is nothing to summarize."
    return "The text has no sentence to pick. Give one with words in it."


def _picked(sentence: _Sentence, rank: int) -> Picked:
    span, moments = sentence.span, sentence.moments
    return Picked(
        text=" ".join(sentence.text.split()),
        rank=rank,
        start=span[0] if span else None,
        end=span[1] if span else None,
        start_seconds=moments[0].start_seconds if moments else None,
        end_seconds=moments[-1].end_seconds if moments else None,
    )


def _moments(sentence: _Sentence, file: str | None) -> tuple[Moment, ...]:
    """Return what proves a sentence: the moments it was said in, or a line of the file."""
    if sentence.moments or not file:
        return sentence.moments
    source = Source(tool="summarize_text", quality="measured")
    return (Moment(kind="text", text=" ".join(sentence.text.split()), media=file, source=source),)
