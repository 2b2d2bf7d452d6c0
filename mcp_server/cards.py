"""What people read before they approve calls: each with all that steers it, and nothing that it says of itself."""

import json
import secrets
import time
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..tools.base.errors import ToolError
from ..tools.base.secrets import redact_plain, redact_told
from ..tools.base.visible import clean
from ..tools.base.workspace import PREFIX
from .questions import ANSWER_SECONDS, Question

MOST_STEERING = 6_000
"""Letters of what steers a call, such as code: who cannot read all of it cannot approve it."""
MOST_LETTERS = 300
"""Of another argument."""
MOST_FACT_LETTERS = 1_000
MOST_NAME_LETTERS = 64
MOST_MARKS = 4
"""Accents and the like on one letter; more of them cover the lines around."""
MOST_CALLS = 8
"""Calls of one question."""
MOST_CARD_LETTERS = 12_000
"""Of all lines of a card, or of the cards of one question."""
_COLUMNS = 100
"""A longer line is broken by whoever shows it, and what comes then would look like a line of the card."""
_INSIDE = "    | "
"""Before each line but the first of a value, so that no value can look like a line of the card."""
# Where Markdown is shown, nothing in a fence is a link or a picture that is loaded; no line inside begins with it.
_FENCE = "~~~~"


class TooLongError(ToolError):
    """A call cannot be shown as a whole."""


@dataclass(frozen=True, kw_only=True)
class Card:
    """A call as it is shown."""

    tool: str
    arguments: Mapping[str, Any]
    """Plain data."""
    steering: frozenset[str]
    """Arguments that are shown whole."""
    facts: Sequence[tuple[str, str]]
    """What to know, as pairs of a word and a sentence."""

    def lines(self, name_of: Callable[[str], str]) -> list[str]:
        """Return the lines of the card.

        Args:
            name_of: Returns what a file is called, by its handle.

        Raises:
            TooLongError: It has more of what steers it than can be shown.
        """
        arguments = redact_plain(dict(self.arguments))  # before lines are broken: the parts of a secret are not found
        steering = sum(len(_json(value)) for name, value in arguments.items() if name in self.steering)
        lines = _broken("Call: ", [_name(self.tool)])
        for name, value in arguments.items() if steering <= MOST_STEERING else ():
            shown = _value(value, name_of, whole=name in self.steering)
            lines += _broken(f"  {_name(name)} = ", shown)
        if not self.arguments:
            lines.append("  (no arguments)")
        for word, said in self.facts:
            lines += _broken(f"{word}: ", [_cut(redact_told(said), MOST_FACT_LETTERS)], at_words=True)
        if steering > MOST_STEERING or sum(map(len, lines)) > MOST_CARD_LETTERS:
            raise TooLongError(
                f"`{self.tool}` must be approved, and its arguments are too long to be shown in a question: those that "
                f"steer it have {steering} letters, and {MOST_STEERING} can be shown. What cannot be read cannot be "
                "approved. Do it in smaller parts."
            )
        return lines


def in_questions(cards: Sequence[Card], name_of: Callable[[str], str]) -> list[list[Card]]:
    """Return cards in groups that one question can be about each."""
    groups: list[list[Card]] = []
    room = 0
    for card in cards:
        letters = sum(map(len, card.lines(name_of)))
        if not groups or len(groups[-1]) == MOST_CALLS or letters > room:
            groups.append([])
            room = MOST_CARD_LETTERS
        groups[-1].append(card)
        room -= letters
    return groups


def question_about(cards: Sequence[Card], name_of: Callable[[str], str]) -> Question:
    """Return the question whether these calls may be made; each is approved for itself, and none unless it is ticked.

    Raises:
        TooLongError: One cannot be shown as a whole.
    """
    if len(cards) == 1:
        asked = "Sensorium asks whether it may make this call:"
        note = "The lines between the marks only quote the call. Nothing is done unless you set `approve` to true."
    else:
        asked = f"Sensorium asks which of these {len(cards)} calls it may make:"
        note = "The lines between the marks only quote the calls. Those that you do not set to true are not made."
    parts = [[f"Number {number}", *card.lines(name_of)] for number, card in enumerate(cards, 1)]
    body = "\n\n".join("\n".join(part[1:] if len(cards) == 1 else part) for part in parts)
    fields = {
        field: {"type": "boolean", "title": f"Allow {_name(card.tool)}", "default": False, **_said(field)}
        for field, card in zip(fields_of(cards), cards, strict=True)
    }
    return Question(
        key=secrets.token_hex(8),
        message=f"{asked}\n\n{_FENCE}\n{body}\n{_FENCE}\n\n{note}",
        schema={"type": "object", "properties": fields, "required": list(fields)},
        until=time.time() + ANSWER_SECONDS,
    )


def fields_of(cards: Sequence[Card]) -> list[str]:
    """Return the field of the answer for each card."""
    return ["approve"] if len(cards) == 1 else [f"approve_{number}" for number, _ in enumerate(cards, 1)]


def _said(field: str) -> dict[str, str]:
    number = field.partition("_")[2]
    return {"description": f"Call {number} may be made, once." if number else "This call may be made, once."}


def _value(value: Any, name_of: Callable[[str], str], *, whole: bool) -> list[str]:
    """Return a value as JSON, a file by its name, and a text of several lines, such as code, line by line."""
    if isinstance(value, str) and value.startswith(PREFIX):
        return [f"the file {_json(_cut(name_of(value), MOST_LETTERS))}"]
    if isinstance(value, str) and "\n" in value and whole:
        rows = value.split("\n")
        return [f"{len(rows)} lines", *(f"{number:>4}  {row.expandtabs(4)}" for number, row in enumerate(rows, 1))]
    if isinstance(value, list) and value and all(isinstance(one, str) and one.startswith(PREFIX) for one in value):
        return [f"the files {_cut(_json(list(map(name_of, value))), MOST_LETTERS)}"]
    text = _json(value)
    return [text if whole else _cut(text, MOST_LETTERS)]


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _broken(head: str, rows: Sequence[str], *, at_words: bool = False) -> list[str]:
    """Return rows of text behind a head as lines that are short enough, each marked as part of the value."""
    lines, line = [], head
    for number, row in enumerate(rows):
        if number:
            lines.append(line)
            line = _INSIDE
        for letter in _line(row):
            if len(line) >= _COLUMNS:
                end = line.rfind(" ", _COLUMNS // 2) + 1 if at_words else 0
                lines.append(line[: end or None])
                line = _INSIDE + (line[end:] if end else "")
            line += letter
    return [*lines, line]


def _line(text: str) -> str:
    """Return text as one line of letters that show."""
    letters, marks = [], 0
    for letter in clean(text, keep=""):
        marks = marks + 1 if unicodedata.category(letter) in ("Mn", "Me") else 0
        letters.append(letter if marks <= MOST_MARKS else "\ufffd")
    return "".join(letters)


def _name(text: str) -> str:
    return _cut(_line(text), MOST_NAME_LETTERS)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}… ({len(text) - most} more letters)"
