"""Make whole sentences of the segments of a transcript, each still knowing its moments."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..base.moments import Moment
from ..base.words import count_words, join, split_sentences

# A longer pause ends a sentence, whatever the punctuation says.
PAUSE_SECONDS = 2.0
# Recognizers that write no punctuation would otherwise make one sentence of a whole talk.
LONGEST_WORDS = 60


@dataclass(frozen=True, kw_only=True)
class Said:
    """One spoken sentence."""

    text: str
    moments: tuple[Moment, ...]
    """The segments it stands in, in order."""

    @property
    def start_seconds(self) -> float:
        return self.moments[0].start_seconds or 0.0

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(one.id for one in self.moments)


def is_draft(moment: Moment) -> bool:
    """Tell whether a moment's words are a guess."""
    return moment.source.quality == "draft"


def said(moments: Sequence[Moment]) -> list[Said]:
    """Return the sentences that were said, without those of draft transcripts and without untranscribed speech."""
    speech = [one for one in moments if one.kind == "speech" and one.text.strip() and not is_draft(one)]
    return [sentence for run in _runs(speech) for sentence in _sentences(run)]


def _runs(speech: Sequence[Moment]) -> Iterator[list[Moment]]:
    run: list[Moment] = []
    for moment in speech:
        if run and not _follows(run[-1], moment):
            yield run
            run = []
        run.append(moment)
    if run:
        yield run


def _follows(one: Moment, other: Moment) -> bool:
    end = one.end_seconds if one.end_seconds is not None else one.start_seconds
    if one.media != other.media or end is None or other.start_seconds is None:
        return False
    return other.start_seconds - end < PAUSE_SECONDS


def _sentences(run: Sequence[Moment]) -> Iterator[Said]:
    text, stretches = "", list[tuple[int, int]]()
    for moment in run:
        text = join([text, moment.text])
        stretches.append((len(text) - len(moment.text.strip()), len(text)))
    first = 0
    for start, end in split_sentences(text):
        while stretches[first][1] <= start:
            first += 1
        after = next((at for at in range(first, len(stretches)) if stretches[at][0] >= end), len(stretches))
        inside = range(first, after)
        if count_words(text[start:end]) <= LONGEST_WORDS:
            yield Said(text=text[start:end], moments=tuple(run[at] for at in inside))
        else:
            for at in inside:
                left, right = max(start, stretches[at][0]), min(end, stretches[at][1])
                yield Said(text=text[left:right].strip(), moments=(run[at],))
