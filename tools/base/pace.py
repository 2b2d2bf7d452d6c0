"""How much is said in equal stretches of a recording."""

from collections.abc import Sequence
from dataclasses import dataclass

from .moments import Moment
from .words import count_words

MOST_STRETCHES = 30
"""About as many points as a chart shows well."""
# Lengths that people think in; in less than 5 s there are too few words to speak of a speed.
_STEPS_SECONDS = (5, 10, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600)


@dataclass(frozen=True, kw_only=True)
class Pace:
    """What is said in one stretch."""

    start_seconds: float
    end_seconds: float
    words: float
    """Hanzi count as words; of a moment that reaches over a border, each side has its share."""
    spoken_seconds: float

    @property
    def words_per_minute(self) -> float:
        return 60 * self.words / (self.end_seconds - self.start_seconds)

    @property
    def spoken_percent(self) -> float:
        # Two may speak at once.
        return min(100.0, 100 * self.spoken_seconds / (self.end_seconds - self.start_seconds))


def pace(speech: Sequence[Moment], seconds: float) -> list[Pace]:
    """Return the stretches of a recording in order; the words of a moment are taken as evenly spoken.

    Args:
        speech: Moments of speech; those without a start are left out.
        seconds: Length of the recording, above 0.
    """
    step = next((one for one in _STEPS_SECONDS if seconds / one <= MOST_STRETCHES), seconds / MOST_STRETCHES)
    edges = [at * step for at in range(max(1, round(seconds / step)))] + [seconds]
    words, spoken = [0.0] * (len(edges) - 1), [0.0] * (len(edges) - 1)
    for moment in speech:
        if moment.start_seconds is None:
            continue
        start = moment.start_seconds
        end = max(moment.end_seconds or start, start + 0.01)
        count = count_words(moment.text)
        for at in range(min(int(start / step), len(words) - 1), min(int(end / step) + 1, len(words))):
            inside = max(0.0, min(end, edges[at + 1]) - max(start, edges[at]))
            words[at] += count * inside / (end - start)
            spoken[at] += inside
    return [
        Pace(start_seconds=edges[at], end_seconds=edges[at + 1], words=words[at], spoken_seconds=spoken[at])
        for at in range(len(words))
    ]
