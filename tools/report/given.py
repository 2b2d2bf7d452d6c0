"""Put the sentences of a model into a report, as far as their evidence proves them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from .check import check_claims
from .model import Chapter, Draft, Given, Sentence
from .wording import Wording, clean

MOST_GIVEN = 12
"""Sentences in a summary."""


def with_given(
    draft: Draft, given: Sequence[Given], author: str, renamed: Mapping[str, Sequence[str]], say: Wording
) -> Draft:
    """Return a draft whose summary, and where they name a chapter whose chapters, are what a model says.

    A sentence that is not proven is left out; when none is, the draft stays as it is.

    Args:
        author: Who wrote the sentences.
        renamed: What the ids of the findings are called in the draft.
    """
    proven = [(one, sentence) for one in given if (sentence := _proven(one, draft, renamed))]
    if not proven:
        return draft
    homes = [_chapter(one.chapter, draft.chapters) for one, _ in proven]
    summary = [sentence for home, (_, sentence) in zip(homes, proven, strict=True) if home is None][:MOST_GIVEN]
    chapters = tuple(
        replace(chapter, sentences=(*_of(at, homes, [one for _, one in proven]), *chapter.sentences))
        for at, chapter in enumerate(draft.chapters)
    )
    told = say("limit_model" if summary else "limit_model_chapters", model=clean(author))
    extractive = say("limit_extractive")
    limits = (*(one for one in draft.limits if one != extractive), told)
    return replace(draft, summary=tuple(summary) or draft.summary, chapters=chapters, limits=limits)


def _proven(given: Given, draft: Draft, renamed: Mapping[str, Sequence[str]]) -> Sentence | None:
    """Return a sentence with the ids of this report; None when they do not prove it."""
    ids = [new for old in given.evidence for new in renamed.get(old, (old,))]
    sentence = Sentence(text=clean(given.text), evidence=tuple(dict.fromkeys(ids)), role="model")
    seconds = {one.handle: one.coverage.seconds for one in draft.files if one.coverage.seconds is not None}
    return None if check_claims([sentence], draft.moments, draft.measures, seconds=seconds) else sentence


def _chapter(named: str, chapters: Sequence[Chapter]) -> int | None:
    """Return the position of the chapter that a heading names."""
    wanted = _letters(named)
    if len(wanted) < 2:
        return None
    return next((at for at, one in enumerate(chapters) if _letters(one.title) and _letters(one.title) in wanted), None)


def _letters(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalnum())


def _of(at: int, homes: Sequence[int | None], sentences: Sequence[Sentence]) -> list[Sentence]:
    return [one for home, one in zip(homes, sentences, strict=True) if home == at]
