"""Looking without a model: the text in a picture or a video, and what can be measured; said openly."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..base.call import perform
from ..base.errors import SettingsError, ToolError
from ..base.moments import Findings, Moment
from ..base.run import Run
from ..base.words import Language, join, terms
from .asked import Task
from .gallery import Subject
from .result import Looked, Spent

ENGINE = "plain-sight"
CANNOT: Mapping[Task, str] = {
    "chart": "a chart cannot be read",
    "count": "nothing can be counted",
    "ground": "nothing can be found in a picture but text",
}
NO_MODEL = (
    "No model looked at this: it is the text that was recognized and what was measured, and nothing says what is "
    "shown. Set `SENSORIUM_SEE` to a model that sees, for example `openai:gpt-4o-mini`."
)
_NEAREST = 12
"""Lines of text that an answer quotes."""


async def look_plainly(
    subject: Subject, task: Task, question: str, language: Language, *, tried: Sequence[str], run: Run
) -> Looked:
    """Return what can be said without a model.

    Raises:
        SettingsError: Nothing can; the message names the setting that helps.
    """
    if task in CANNOT:
        why = f" {' '.join(tried)}" if tried else " No model that sees is set."
        raise SettingsError(f"Without a model that sees, {CANNOT[task]}.{why} Set `SENSORIUM_SEE=openai:gpt-4o-mini`.")
    found: list[Findings] = []
    failed: list[str] = []
    span = {"between_seconds": subject.span} if subject.span else {}
    for media in subject.media:
        calls: list[tuple[str, dict[str, Any]]] = [("read_text", {"media": media, **span})]
        if subject.span is None and task != "read":
            calls.append(("image_facts", {"media": media}))
        for tool, args in calls:
            try:
                found.append((await perform(tool, args, run, call_id=run.call.id)).result)  # type: ignore[arg-type]
            except ToolError as error:
                failed.append(f"`{tool}`: {error}")
    if not found:
        raise ToolError(" ".join(failed))
    run.used(ENGINE)
    moments = [one for part in found for one in part.moments if _inside(one, subject)]
    lines = list(dict.fromkeys(" ".join(one.text.split()) for one in moments if one.kind == "text"))
    return Looked(
        media=subject.media[0],
        moments=moments,
        measures=[one for part in found for one in part.measures],
        coverage=next((part.coverage for part in found if part.coverage), None),
        limits=[NO_MODEL, *failed, *dict.fromkeys(one for part in found for one in part.limits[:3])],
        partial=bool(failed) or any(part.partial for part in found),
        task=task,
        question=question,
        answer=_answer(lines, question, language),
        enough=False,
        lines=lines,
        spent=Spent(budget_tokens=0),
        engine=ENGINE,
        quality="draft",
        tried=list(tried),
    )


def _answer(lines: Sequence[str], question: str, language: Language) -> str:
    """Return the lines that have words of the question, else all; a program's finding, never a description."""
    wanted = set(terms(question, query=True))
    near = [one for one in lines if wanted & set(terms(one))] if wanted else []
    shown = (near or list(lines))[:_NEAREST]
    if not shown:
        return "没有识别到文字。" if language == "zh" else "No text was recognized."
    told = join([f"“{one}”" for one in shown])
    return f"画面上的文字：{told}" if language == "zh" else f"Text in it: {told}"


def _inside(moment: Moment, subject: Subject) -> bool:
    """Return whether something lies in the part that was asked for; what has no place does."""
    region, box = subject.region, moment.box
    if region is None or box is None:
        return True
    across, down = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return region[0] <= across <= region[2] and region[1] <= down <= region[3]
