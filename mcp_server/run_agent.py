"""A whole task in one call: the agent plans, looks, listens, makes and reports."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, Field

from ..tools.base.errors import ArgumentError, ToolError
from ..tools.base.run import Run
from ..tools.base.tool import AnyFile, tool
from ..tools.base.workspace import Artifact
from .asker import asking
from .cards import Card
from .consent import Consent, consents, otherwise
from .output import made_name

if TYPE_CHECKING:
    from ..agent.answer import Answer
    from ..agent.approval import Ask, Request
    from ..agent.assistant import Assistant

TASK_SECONDS = 86_400.0
"""Each step has its own limit; the whole task may take a day."""


class StepDone(BaseModel):
    """What one step came to."""

    id: str
    tool: str
    status: str
    seconds: float
    error: str = ""


class AgentAnswer(BaseModel):
    """What a task came to."""

    status: str = Field(description="done, partial, failed or cancelled; when not done, the answer says why.")
    answer: str = Field(description="The answer, with the times it rests on.")
    report: Artifact | None = Field(None, description="The report as Markdown, when one was asked for.")
    files: list[Artifact] = Field(default_factory=list, description="Everything that was made.")
    steps: list[StepDone] = Field(default_factory=list)
    seconds: float = 0.0
    cost_usd: float = 0.0
    sources: list[str] = Field(default_factory=list, description="Handles of the media it was about.")
    run_id: str = Field(description="For the resource `run://ID`, and for `sensorium show ID`.")


@tool(effect="writes", resource="cpu", timeout_seconds=TASK_SECONDS)
async def run_agent(
    request: Annotated[
        str,
        Field(min_length=1, max_length=20_000, description="What you want, in English or Chinese, in your own words."),
    ],
    files: Annotated[
        list[AnyFile] | None, Field(max_length=50, description="The media it is about: videos, audio, pictures.")
    ] = None,
    *,
    run: Run,
) -> AgentAnswer:
    """Do a whole media task: "analyze this video and write a report", minutes, subtitles, chapters, comparisons.

    It plans several steps, runs them and answers with evidence: times, frames, lines of the transcript. Use it when one
    question needs seeing and hearing and reading; use the single tools for single facts. It never follows what media
    says. A video takes up to about half its length; asked again, what is known is not redone.
    """
    from ..agent.answer import Options
    from ..agent.assistant import Assistant

    progress = _Progress(run)
    with run.workspace.scratch() as folder, Assistant(run.settings, follow_links=False) as assistant:
        paths = [await run.thread(_named, one, folder / str(number), run) for number, one in enumerate(files or [])]
        # A client may be a program: what it writes is not what a user asks to be remembered.
        options = Options(remember=False, yes=run.approvals is None)
        approve = _Gate(run, assistant).decide if asking.get(None) else None
        heard = progress.heard
        if _was_begun(run, assistant):  # what its steps did before a crash is not done twice
            answer = await assistant.resume(run.id, yes=options.yes, on_event=heard, approve=approve)
        else:
            answer = await assistant.run(
                request, paths, options=options, on_event=heard, approve=approve, run_id=run.id
            )
    if answer.status == "failed" and not answer.artifacts:
        # The agent says how its own command is given files.
        hint = "" if files else " Here they are given in `files`."
        raise ToolError(f"The task failed (run {answer.run_id}). {answer.text or _why(answer)}{hint}")
    return AgentAnswer(
        status=answer.status,
        answer=answer.text,
        report=next((one for one in answer.artifacts if one.name.endswith("report.md")), None),
        # The reports first: of many files, clients link only a few.
        files=sorted(answer.artifacts, key=lambda one: not one.name.startswith("report.")),
        steps=[_step(one) for one in answer.steps],
        seconds=answer.seconds,
        cost_usd=answer.cost_usd,
        sources=files or [],
        run_id=answer.run_id,
    )


def _was_begun(run: Run, assistant: "Assistant") -> bool:
    """Return whether the task of this call was begun by a process that was killed."""
    try:
        return assistant.journal.get(run.id).run == run.id
    except ArgumentError:
        return False


@dataclass(frozen=True)
class _Gate:
    """Asks whoever called what the policy asks about the calls of a plan."""

    run: Run
    assistant: "Assistant"

    async def decide(self, request: "Request") -> dict[str, Any]:
        """Return a decision about each call: what the user did not approve is rejected."""
        given = await consents([self._card(one) for one in request.asks], self.run, asking.get())
        decisions = [_decision(ask, consent) for ask, consent in zip(request.asks, given, strict=True)]
        return {"id": request.id, "decisions": decisions}

    def _card(self, ask: "Ask") -> Card:
        tool = self.assistant.tools.get(ask.tool)
        # What untrusted text had a part in is shown whole.
        steering = frozenset(ask.args) if ask.is_exact or tool is None else tool.control_arguments
        return Card(tool=ask.tool, arguments=ask.args, steering=steering, facts=[("Step", ask.name), *ask.facts])


def _decision(ask: "Ask", consent: Consent) -> dict[str, Any]:
    if consent.is_given and "approve" in ask.allowed:
        return {"type": "approve"}
    if consent.by_user:
        return {"type": "reject", "message": consent.why}
    how = otherwise(ask.setting) if ask.setting else "`sensorium resume` on a terminal asks whether to send it again."
    return {"type": "reject", "message": f"{ask.reason} Nobody was there to approve it. {consent.why} {how}"}


def _named(handle: str, folder: Path, run: Run) -> Path:
    """Return a path whose name is the file's own: what was uploaded or made lies under its hash."""
    path = run.path(handle)
    if not path.is_relative_to(run.settings.home):
        return path
    folder.mkdir()
    named = folder / made_name(run.name(handle), run.artifact(handle).sha256)
    try:
        os.link(path, named)
    except OSError:  # a file system without links
        shutil.copyfile(path, named)
    return named.resolve()


class _Progress:
    """Turns the events of a run into how far the task is."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._steps = 0
        self._ended = 0

    def heard(self, event: Any) -> None:
        from ..agent.events import PlanMade, StepEnded, StepProgress, StepStarted

        if isinstance(event, PlanMade) and event.is_whole:
            self._steps = len(event.steps)
        elif isinstance(event, StepEnded):
            self._ended += 1
        if not isinstance(event, StepStarted | StepProgress | StepEnded):
            return
        part = (event.fraction or 0.0) if isinstance(event, StepProgress) else 0.0
        fraction = min(0.99, (self._ended + part) / self._steps) if self._steps else None
        done = f"{self._ended} of {self._steps} steps done; " if self._steps > 1 else ""
        note = f": {event.note}" if isinstance(event, StepProgress) and event.note else ""
        self._run.progress(fraction, f"{done}{event.step} ({event.tool}){note}")


def _step(record: dict[str, Any]) -> StepDone:
    error = record.get("error") or {}
    return StepDone(
        id=record["id"],
        tool=record["tool"],
        status=record["status"],
        seconds=record["seconds"],
        error=str(error.get("message", "")),
    )


def _why(answer: "Answer") -> str:
    return "; ".join(dict.fromkeys(one.error for one in map(_step, answer.steps) if one.error)) or "It gave no answer."
