"""What a chat model is told: who it is, the request, and the facts of the files."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import HumanMessage, SystemMessage

from ..prompts import load

_SHOWN = (
    "name",
    "attached",
    "kind",
    "media_type",
    "language",
    "lines",
    "seconds",
    "has_sound",
    "has_pictures",
    "width_pixels",
    "height_pixels",
    "error",
)
_WORD = re.compile(r"[A-Za-z]+|[^\W\d_A-Za-z]+")
_ENDING = re.compile(r"[A-Za-z0-9]{1,5}")
_ODD = re.compile(r"[^\w .()-]|(?<!\d)\.(?!\d)")
_GAPS = re.compile(r"(?:[\W_]*…)+[\W_]*")
_QUOTED = re.compile(r"(?<!\w)'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")
"""A name or a path in one of our errors, as `repr` writes it."""
_MOST_NAME_LETTERS = 60
_ASCII_LETTERS, _OTHER_LETTERS = 12, 4
"""Of a word that is no order: four hanzi may be one already."""


def system_message() -> SystemMessage:
    """Return the planner's instructions."""
    return SystemMessage(load("plan"))


def user_message(
    request: str, files: Sequence[Mapping[str, Any]], *, facts: Sequence[str] = (), id: str | None = None
) -> HumanMessage:
    """Return the request with the facts of the files, and what the user asked to be remembered.

    The facts stand in the text, one file a line, for a model that reads; the embedded brain takes them as data from
    `additional_kwargs["sensorium"]`.
    """
    usable = [file for file in files if file.get("handle")]
    lines = [_line(file, f"$files[{number}]", request) for number, file in enumerate(usable)]
    lines += [_line(file, None, request) for file in files if not file.get("handle")]
    text = load("user", request=request, files="\n".join(lines) or "none")
    if facts:
        text += load("user_facts", facts="\n".join(f"- {_inside(one)}" for one in facts))
    known = {"request": request, "files": [dict(file) for file in files], "facts": list(facts)}
    return HumanMessage(text, additional_kwargs={"sensorium": known}, id=id)


def harmless_name(name: str, request: str) -> str:
    """Return what of a file's name a model may read before it plans: a name may be an order.

    It is a name of one short word, else the words that the request has as well; the others are left out. What is left
    can name no address, no code and no tool that the user did not name.
    """
    stem, dot, ending = name.rpartition(".")
    if not _ENDING.fullmatch(ending) or not stem:
        stem, dot, ending = name, "", ""
    folded = request.casefold()
    known = {one.casefold() for one in _WORD.findall(request) if one.isascii()}
    stem = _ODD.sub(" ", stem)[:_MOST_NAME_LETTERS]
    strange = [one for one in _WORD.findall(stem) if one.casefold() not in (known if one.isascii() else folded)]
    if len(strange) > 1 or any(len(one) > (_ASCII_LETTERS if one.isascii() else _OTHER_LETTERS) for one in strange):
        stem = _WORD.sub(lambda found: "…" if found[0] in strange else found[0], stem)
        stem = _GAPS.sub(" … ", stem).strip()
    return f"{stem}{dot}{ending}"


def _line(file: Mapping[str, Any], reference: str | None, request: str) -> str:
    shown = {"file": reference} | {name: file[name] for name in _SHOWN if file.get(name) is not None}
    if "name" in shown:
        shown["name"] = harmless_name(str(shown["name"]), request)
    if "error" in shown:
        shown["error"] = _QUOTED.sub("…", str(shown["error"]))
    return _inside(json.dumps(shown, ensure_ascii=False))


def _inside(text: str) -> str:
    """Return text that cannot close the list it stands in: a name can hold anything."""
    return text.replace("<", "\\u003c").replace(">", "\\u003e")
