"""A plan that this brain did not make, such as that of a recipe: what is to be told of it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage

from ..offer import MAKE_PLAN
from ..plan import Plan
from .compose import Composed
from .intents import (
    Chapters,
    Chart,
    Code,
    Compare,
    Draw,
    Facts,
    Film,
    Find,
    Frames,
    Intent,
    Music,
    Probe,
    Rate,
    Read,
    Report,
    Say,
    Scenes,
    Slideshow,
    Summarize,
    Transcribe,
    Understanding,
)

_WANTED: Mapping[str, Intent] = {
    "write_report": Report(),
    "transcribe": Transcribe(),
    "make_chapters": Chapters(),
    "find_moments": Find(query=""),
    "read_text": Read(),
    "read_artifact": Read(),
    "extract_frames": Frames(),
    "image_facts": Facts(),
    "compare_media": Compare(),
    "speak": Say(text=""),
    "make_chart": Chart(numbers=None),
    "measure_speech": Rate(),
    "probe_media": Probe(),
    "find_scenes": Scenes(),
    "summarize_text": Summarize(),
    "analyze_code": Code(),
    "run_python": Code(),
    "compose_video": Slideshow(),
    "make_video": Film(prompt=""),
    "make_music": Music(description=""),
    "make_image": Draw(prompt=""),
    "edit_image": Draw(prompt=""),
}
"""What each tool's result answers."""


def as_planned(
    understood: Understanding, composed: Composed, asked: Sequence[BaseMessage]
) -> tuple[Understanding, Composed]:
    """Return what was wanted and planned; by the plan that ran, where that is another one than this brain's.

    Args:
        understood: What the request wants.
        composed: The plan this brain makes of it.
        asked: The messages since the request.
    """
    steps = [step for one in asked if isinstance(one, AIMessage) for step in _steps(one)]
    plan = Plan.model_validate({"goal": composed.goal, "steps": steps}) if steps else None
    if plan is None or {one.id for one in plan.steps} == {one["id"] for one in composed.steps}:
        return understood, composed
    used = {need for one in plan.steps for need in one.needs()}
    last = dict.fromkeys(_WANTED[one.tool] for one in plan.steps if one.id not in used and one.tool in _WANTED)
    told = Composed(goal=composed.goal, steps=steps, notes=[], remarks=[])
    return replace(understood, intents=tuple(last) or understood.intents, assumed=False), told


def _steps(message: AIMessage) -> list[dict[str, Any]]:
    return [step for call in message.tool_calls if call["name"] == MAKE_PLAN for step in call["args"]["steps"]]
