"""The card on which a user approves, edits or rejects a call, on a terminal."""

import json
from typing import Any

from ..tools.base.visible import clean
from .approval import Ask, Request
from .printing import fit, pad, width

MAX_LINES = 12
"""Lines of one argument that are shown at first; the key `v` shows the rest."""
_MAX_NAME_COLUMNS = 16
_FRAME = {True: tuple("╭╰│─"), False: tuple("++|-")}


def summary(request: Request, columns: int) -> list[str]:
    """Return lines that say what a request is about, when it is about several calls."""
    if len(request.asks) == 1:
        return []
    lines = [f"{len(request.asks)} calls of the plan need your approval:"]
    for number, ask in enumerate(request.asks, 1):
        lines.append(fit(f"{number:>3}. {_title(ask)}: {ask.reason}", columns))
    return lines


def card(
    ask: Ask, number: int, count: int, *, columns: int, colour: bool, is_unicode: bool = True, is_whole: bool = False
) -> list[str]:
    """Return the lines of a card.

    Args:
        ask: The call.
        number: Which of the calls it is, from 1.
        count: How many calls there are.
        columns: How wide a line may be.
        colour: Use colours.
        is_unicode: Draw the frame with more than ASCII.
        is_whole: Show every line of long arguments.
    """
    top, bottom, side, rule = _FRAME[is_unicode]
    inside = max(columns - 3, 20)
    heading = f" Approval {number} of {count}: {_title(ask)} " if count > 1 else f" Approval needed: {_title(ask)} "
    heading = fit(heading, inside - 2)
    names = [*ask.args, *(word for word, _ in ask.facts)]
    label = min(max(map(width, names), default=0), _MAX_NAME_COLUMNS) + 2
    body = []
    for name, value in ask.args.items():
        body += _labelled(name, _lines(value, inside - label), label, None if is_whole else MAX_LINES)
    if not ask.args:
        body.append("(no arguments)")
    body.append("")
    for word, said in ask.facts:
        body += _labelled(word, wrapped(said, max(inside - label, 10)), label, None)
    line = f"{top}{rule}{heading}{rule * max(0, inside - width(heading))}"
    return [_bold(line, colour), *(f"{side} {one}".rstrip() for one in body), f"{bottom}{rule * (inside + 1)}"]


def is_cut(ask: Ask, columns: int) -> bool:
    """Return whether a card shows only the beginning of an argument."""
    options: dict[str, Any] = {"columns": columns, "colour": False}
    return card(ask, 1, 1, **options) != card(ask, 1, 1, is_whole=True, **options)


def keys(ask: Ask, left: int, *, columns: int, is_cut: bool) -> str:
    """Return what may be pressed.

    Args:
        ask: The call.
        left: Calls that are not decided, with this one.
        columns: How wide a line may be.
        is_cut: A part of an argument is not shown.
    """
    choices = [one for one in ("approve", "edit", "reject") if one in ask.allowed]
    words = [f"[{one[0]}]{one[1:]}" for one in choices]
    words += [f"[A]pprove all {left}"] if left > 1 else []
    words += ["[v]iew all"] if is_cut else []
    line, stop = "  ".join(words), "Ctrl-C stops"
    return f"{line}  {stop} > " if width(line) + len(stop) + 6 < columns else f"{line} > "


def wrapped(text: str, columns: int) -> list[str]:
    """Return text in lines of at most this many columns, broken between words where it can be."""
    lines, line, used = [], "", 0
    for word in _pieces(clean(text, keep="").replace("\t", " "), columns):
        if used and used + width(word.rstrip(" ")) > columns:
            lines.append(line.rstrip(" "))
            line, used = "", 0
        line += word
        used += width(word)
    return [*lines, line.rstrip(" ")] if line.strip(" ") or not lines else lines


def _pieces(text: str, columns: int) -> list[str]:
    """Return words with the spaces after them, no longer than a line; a wide letter is a word of its own."""
    pieces, piece = [], ""
    for letter in text:
        ends_word = piece.endswith(" ") and letter != " "
        if piece and (ends_word or width(letter) > 1 or width(piece[-1]) > 1 or width(piece) >= columns):
            pieces.append(piece)
            piece = ""
        piece += letter
    return [*pieces, piece] if piece else pieces


def _title(ask: Ask) -> str:
    return ask.tool if ask.name == ask.tool else f"{ask.tool} ({ask.name})"


def _labelled(name: str, lines: list[str], label: int, most: int | None) -> list[str]:
    if most is not None and len(lines) > most:
        lines = [*lines[: most - 1], f"… {len(lines) - most + 1} more lines"]
    first, *more = lines
    return [pad(name, label - 1) + " " + first, *(" " * label + line for line in more)]


def _lines(value: Any, columns: int) -> list[str]:
    """Return a value as JSON, and a text of several lines, such as code, numbered: neither can look like the card."""
    if not isinstance(value, str) or "\n" not in value:
        return wrapped(json.dumps(value, ensure_ascii=False), max(columns, 10))
    lines = value.split("\n")
    digits = len(str(len(lines)))
    shown = []
    for number, line in enumerate(lines, 1):
        first, *more = wrapped(line.expandtabs(4), max(columns - digits - 2, 10))
        shown += [f"{number:>{digits}}  {first}".rstrip(), *(" " * (digits + 2) + one for one in more)]
    return shown


def _bold(line: str, colour: bool) -> str:
    return f"\x1b[1;33m{line}\x1b[0m" if colour else line
