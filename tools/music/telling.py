"""Which parts of a recording are speech, music, noise or silence: what rules can tell, and no more."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ..base.moments import Span
from .listening import HOPS_A_SECOND, Listened

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

What = Literal["speech", "music", "tone", "noise", "silence", "sound"]
"""`sound` is what is none of the others as far as rules can tell: a street, steps, an engine, a crowd."""
_STEP_SECONDS = 0.5
_WINDOW_SECONDS = 1.0
_SILENT_DB = -55.0
# Measured on the samples: of music 0.64 to 0.9 of the energy stands in narrow lines in the median window, of speech
# less than 0.3, of noise next to none.
_TONAL = 0.5
_ONE_NOTE = 0.9
"""Share of the strongest of the twelve notes in what is a single tone rather than music."""
_FLAT = 0.12
_LEAST_SECONDS = 1.5
"""A shorter part belongs to what is around it, unless it is silence or speech, whose times are known better."""


@dataclass(frozen=True)
class Part:
    """A stretch of one kind."""

    what: What
    start_seconds: float
    end_seconds: float


def parts(heard: Listened, speech: Sequence[Span]) -> list[Part]:
    """Return the whole of a recording as parts that follow each other.

    Args:
        heard: What was measured.
        speech: When somebody speaks, as a voice model says.
    """
    import numpy as np

    if not len(heard.levels_db):
        return []
    spoken = np.zeros(len(heard.levels_db), dtype=bool)
    for start, end in speech:
        spoken[round(start * HOPS_A_SECOND) : round(end * HOPS_A_SECOND)] = True
    count = max(1, round(heard.seconds / _STEP_SECONDS))
    kinds = [_kind(heard, spoken, (number + 0.5) * _STEP_SECONDS) for number in range(count)]
    found: list[Part] = []
    for number, what in enumerate(kinds):
        start = number * _STEP_SECONDS
        end = heard.seconds if number + 1 == count else start + _STEP_SECONDS
        if found and found[-1].what == what:
            found[-1] = Part(what, found[-1].start_seconds, end)
        else:
            found.append(Part(what, start, end))
    return _smooth(found)


def _kind(heard: Listened, spoken: "NDArray[np.bool_]", middle: float) -> What:
    import numpy as np

    last = len(heard.levels_db)
    start = min(last - 1, max(0, round((middle - _WINDOW_SECONDS / 2) * HOPS_A_SECOND)))
    here = slice(start, max(start + 1, min(last, round((middle + _WINDOW_SECONDS / 2) * HOPS_A_SECOND))))
    if np.percentile(heard.levels_db[here], 90) < _SILENT_DB:
        return "silence"
    if spoken[here].mean() >= 0.5:
        return "speech"
    loud = heard.levels_db[here] > _SILENT_DB
    if np.median(heard.tonal[here][loud]) >= _TONAL:
        chroma = heard.chroma[min(len(heard.chroma) - 1, int(middle))]
        steady = heard.levels_db[here][loud].std() < 1.0
        return "tone" if steady and chroma.max() > _ONE_NOTE * chroma.sum() else "music"
    return "noise" if np.median(heard.flatness[here][loud]) >= _FLAT else "sound"


def _smooth(found: list[Part]) -> list[Part]:
    """Join short parts with what is before them."""
    joined: list[Part] = []
    for one in found:
        is_short = one.end_seconds - one.start_seconds < _LEAST_SECONDS and one.what not in ("silence", "speech")
        if joined and (is_short or joined[-1].what == one.what):
            joined[-1] = Part(joined[-1].what, joined[-1].start_seconds, one.end_seconds)
        else:
            joined.append(one)
    if len(joined) > 1 and joined[0].end_seconds - joined[0].start_seconds < _LEAST_SECONDS:
        first, second = joined[:2]
        if first.what not in ("silence", "speech"):
            joined[:2] = [Part(second.what, first.start_seconds, second.end_seconds)]
    return joined
