"""What a chat model is told: who it is, the request, and the facts of the files."""

import json
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
    lines = [_line(file, f"$files[{number}]") for number, file in enumerate(usable)]
    lines += [_line(file, None) for file in files if not file.get("handle")]
    text = load("user", request=request, files="\n".join(lines) or "none")
    if facts:
        text += load("user_facts", facts="\n".join(f"- {_inside(one)}" for one in facts))
    known = {"request": request, "files": [dict(file) for file in files], "facts": list(facts)}
    return HumanMessage(text, additional_kwargs={"sensorium": known}, id=id)


def _line(file: Mapping[str, Any], reference: str | None) -> str:
    shown = {"file": reference} | {name: file[name] for name in _SHOWN if file.get(name) is not None}
    return _inside(json.dumps(shown, ensure_ascii=False))


def _inside(text: str) -> str:
    """Return text that cannot close the list it stands in: a name can hold anything."""
    return text.replace("<", "\\u003c").replace(">", "\\u003e")
