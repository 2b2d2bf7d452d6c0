"""Who says what in a text that is written as a dialogue."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from .errors import ArgumentError

MOST_SPEAKERS = 24
MOST_NAME_LETTERS = 40

# A time (10:30) and an address (https://) are no names.
_LINE = re.compile(r"\s*([^\W\d_][^:：\n<>]{0,39}?)\s*[:：](?!//)\s*(.*)")
_MOST_WORDS = 3
_SLASH = re.compile(r"\s*(?<![:/])[/／]\s*(?=[^\W\d_][^:：\n<>/]{0,39}[:：](?!//))")
"""Between two lines that are written on one: `A: … / B: …`."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """What one speaker says in one go."""

    speaker: str = ""
    """Empty for who tells what no one says."""
    text: str


def found_dialogue(text: str) -> list[Line]:
    """Return the lines of a text each of which begins with a name, of two speakers at least; else nothing."""
    rows = [row for line in text.splitlines() for row in _SLASH.split(line) if row.strip()]
    matches = [_LINE.fullmatch(row) for row in rows]
    found = [Line(speaker=one[1], text=one[2]) for one in matches if one and len(one[1].split()) <= _MOST_WORDS]
    names: dict[str, str] = {}
    found = [Line(speaker=names.setdefault(_key(one.speaker), one.speaker), text=one.text) for one in found]
    return found if len(found) == len(rows) and 2 <= len(names) <= MOST_SPEAKERS else []


def read_dialogue(text: str, voices: Mapping[str, str] | None) -> list[Line]:
    """Return the lines of a dialogue in order; without `voices`, all of it is one line of no speaker.

    A line without a name goes on with who spoke before. Where `voices` is empty, who speaks is found in the text.

    Raises:
        ArgumentError: A name is in `text` and not in `voices`, or the other way round; names are too many or empty.
    """
    if not voices:
        return ([] if voices is None else found_dialogue(text)) or [Line(text=text)]
    _check(voices)
    known = {_key(name): name.strip() for name in voices}
    found: list[Line] = []
    for row in text.splitlines():
        if not row.strip():
            continue
        match = _LINE.fullmatch(row)
        speaker = known.get(_key(match[1])) if match else None
        if match and speaker is None and len(match[1].split()) <= _MOST_WORDS:
            raise ArgumentError(
                f"`text` has a line of {match[1]!r}, who is not in `voices`. It has: {', '.join(known.values())}. Add "
                "a voice of that name, or write the line without a colon after its first words."
            )
        if match and speaker:
            found.append(Line(speaker=speaker, text=match[2]))
        elif found:
            found[-1] = Line(speaker=found[-1].speaker, text=f"{found[-1].text}\n{row}")
        else:
            found.append(Line(text=row))
    if not any(one.speaker for one in found):
        raise ArgumentError(
            f"`voices` names {', '.join(known.values())}, and `text` has no line of theirs. Begin each with a name and "
            f"a colon: `{next(iter(known.values()))}: …`."
        )
    return found


def _check(voices: Mapping[str, str]) -> None:
    if len(voices) > MOST_SPEAKERS:
        raise ArgumentError(f"`voices` has {len(voices)} speakers; the limit is {MOST_SPEAKERS}.")
    for name, voice in voices.items():
        if not name.strip() or len(name) > MOST_NAME_LETTERS or re.search(r"[:：\n<>]", name):
            raise ArgumentError(
                f"`voices` has the name {name[:60]!r}. A name has 1 to {MOST_NAME_LETTERS} letters, and no colon."
            )
        if not voice.strip():
            raise ArgumentError(f"`voices` gives {name!r} no voice. Name one, or leave {name!r} out.")
    if len({_key(name) for name in voices}) < len(voices):
        raise ArgumentError(f"`voices` has a name twice: {', '.join(voices)}. Upper and lower case are the same.")


def _key(name: str) -> str:
    return " ".join(name.split()).casefold()
