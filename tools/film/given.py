"""The captions of a film out of subtitles that were given with it."""

from collections.abc import Sequence
from dataclasses import replace

from ..base.errors import ArgumentError
from ..base.subtitle_files import Subtitle, one_at_a_time
from ..base.words import join
from .shots import Line

_SHORTEST_SECONDS = 0.1
"""What would be seen for less, at the end of a film, is left out."""
_SPEAKER = ("-", "–", "—")


def given_lines(subtitles: Sequence[Subtitle], seconds: float) -> list[Line]:
    """Return the subtitles within a film of a length, one thing at a time.

    Raises:
        ArgumentError: They all come after its end.
    """
    lines = [
        Line(start_seconds=one.start_seconds, end_seconds=min(one.end_seconds, seconds), text=one.text)
        for one in one_at_a_time([replace(one, text=flowing(one.text)) for one in subtitles])
        if one.start_seconds < seconds - _SHORTEST_SECONDS
    ]
    if not lines:
        raise ArgumentError(
            f"The captions begin at {subtitles[0].start_seconds:.1f} s, and the film lasts {seconds:.1f} s. Give the "
            "subtitles of this film."
        )
    return lines


def flowing(text: str) -> str:
    """Return a text whose lines are joined, to be broken anew for the film; what each speaker says stays apart."""
    flowed = ""
    for line in text.split("\n"):
        flowed = f"{flowed}\n{line}" if flowed and line.startswith(_SPEAKER) else join([flowed, line])
    return flowed
