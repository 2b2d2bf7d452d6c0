"""What a chat model is told: who it is, the request, and the facts of the files."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import HumanMessage, SystemMessage

from ..prompts import load

_SHOWN = (
    "name",
    "kind",
    "media_type",
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


def user_message(request: str, files: Sequence[Mapping[str, Any]]) -> HumanMessage:
    """Return the request with the facts of the files.

    The facts stand in the text, one file a line, for a model that reads; the embedded brain takes them as data from
    `additional_kwargs["sensorium"]`.
    """
    usable = [file for file in files if file.get("handle")]
    lines = [_line(file, f"$files[{number}]") for number, file in enumerate(usable)]
    lines += [_line(file, None) for file in files if not file.get("handle")]
    return HumanMessage(
        load("user", request=request, files="\n".join(lines) or "none"),
        additional_kwargs={"sensorium": {"request": request, "files": [dict(file) for file in files]}},
    )


def _line(file: Mapping[str, Any], reference: str | None) -> str:
    shown = {"file": reference} | {name: file[name] for name in _SHOWN if file.get(name) is not None}
    # A name can hold anything, so it must not be able to close the list it stands in.
    return json.dumps(shown, ensure_ascii=False).replace("<", "\\u003c").replace(">", "\\u003e")
