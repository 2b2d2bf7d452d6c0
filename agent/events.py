"""What a run says while it runs, and the same as AG-UI events."""

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..tools.base.budget import Spent
from ..tools.base.workspace import Artifact
from .approval import Request, decisions_schema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .answer import Answer
    from .plan import Step


@dataclass(frozen=True, kw_only=True)
class RunStarted:
    run_id: str
    request: str
    resumed: bool = False
    thread: str = ""
    """The conversation it is a turn of."""


@dataclass(frozen=True, kw_only=True)
class PlanMade:
    goal: str
    steps: list[dict[str, str]]
    """Each with id, tool, title and status."""
    is_whole: bool = True
    """False while it is still being written and some of its steps already run; with no steps, when it is given up."""


@dataclass(frozen=True, kw_only=True)
class PlanMended:
    repairs: list[dict[str, Any]]
    """Each with step, rule, message, severity and repair: it could be meant in one way only, and is now written so."""


@dataclass(frozen=True, kw_only=True)
class StepStarted:
    call_id: str
    step: str
    tool: str
    args: dict[str, Any] = field(default_factory=dict)
    """As the plan has them, with references."""


@dataclass(frozen=True, kw_only=True)
class StepProgress:
    call_id: str
    step: str
    tool: str
    fraction: float | None
    note: str


@dataclass(frozen=True, kw_only=True)
class StepEnded:
    call_id: str
    step: str
    tool: str
    status: str
    """done, failed, skipped, rejected or cancelled."""
    seconds: float
    cached: bool = False
    error: dict[str, str] | None = None
    output: Any = None
    """The result cut to what a person or a model reads; long text stays in artifacts."""


@dataclass(frozen=True, kw_only=True)
class ArtifactStored:
    step: str
    artifact: Artifact


@dataclass(frozen=True, kw_only=True)
class Spending:
    """What the run has cost so far."""

    spent: Spent
    cap_usd: float | None


@dataclass(frozen=True, kw_only=True)
class ApprovalAsked:
    """The user is asked to approve calls; until that is answered nothing else is decided."""

    request: Request


@dataclass(frozen=True, kw_only=True)
class TextDelta:
    text: str


@dataclass(frozen=True, kw_only=True)
class RunFinished:
    answer: "Answer"


@dataclass(frozen=True, kw_only=True)
class RunFailed:
    message: str
    code: str


Event = (
    RunStarted
    | PlanMade
    | PlanMended
    | StepStarted
    | StepProgress
    | StepEnded
    | ArtifactStored
    | Spending
    | ApprovalAsked
    | TextDelta
    | RunFinished
    | RunFailed
)


def plan_made(goal: str, steps: "Iterable[Step]", status: "Callable[[Step], str]", *, is_whole: bool) -> PlanMade:
    """Return the event of a plan of these steps, each as far as it is."""
    shown = [{"id": one.id, "tool": one.tool, "title": title(one.tool), "status": status(one)} for one in steps]
    return PlanMade(goal=goal, steps=shown, is_whole=is_whole)


def title(tool: str) -> str:
    """Return a tool's name as words."""
    return tool.replace("_", " ").capitalize()


class AguiWriter:
    """Turns the events of one run into AG-UI 1.0 events."""

    def __init__(self) -> None:
        self._run_id = self._thread = ""
        self._plan: list[str] = []
        self._artifacts: list[dict[str, Any]] = []
        self._message_id: str | None = None
        self._messages = 0
        """How many ended."""
        self._asked: Request | None = None

    def lines(self, event: Event) -> list[dict[str, Any]]:
        """Return the AG-UI events of one of ours as plain data, camelCase, without empty fields."""
        return [
            one.model_copy(update={"timestamp": round(time.time() * 1000)}).model_dump(
                mode="json", by_alias=True, exclude_none=True
            )
            for one in self._events(event)
        ]

    def _events(self, event: Event) -> list[Any]:
        from ag_ui import core

        match event:
            case RunStarted():
                self._run_id, self._thread = event.run_id, event.thread or event.run_id
                return [core.RunStartedEvent(thread_id=self._thread, run_id=event.run_id)]
            case PlanMade():
                return self._planned(event)
            case PlanMended():
                return [core.CustomEvent(name="plan_repaired", value={"repairs": event.repairs})]
            case StepStarted():
                arguments = json.dumps(event.args, ensure_ascii=False)
                return [
                    *self._status(event.step, "running"),
                    core.ToolCallStartEvent(tool_call_id=event.call_id, tool_call_name=event.tool),
                    core.ToolCallArgsEvent(tool_call_id=event.call_id, delta=arguments),
                    core.ToolCallEndEvent(tool_call_id=event.call_id),
                ]
            case StepProgress():
                percent = None if event.fraction is None else round(100 * event.fraction)
                value = {"tool_call_id": event.call_id, "percent": percent, "note": event.note}
                return [core.CustomEvent(name="progress", value=value)]
            case StepEnded():
                content = {"status": event.status, "seconds": round(event.seconds, 3), "cached": event.cached}
                content |= {"error": event.error} if event.error else {"result": event.output}
                return [
                    core.ToolCallResultEvent(
                        message_id=f"{event.call_id}-result",
                        tool_call_id=event.call_id,
                        content=json.dumps(content, ensure_ascii=False),
                        role="tool",
                    ),
                    *self._status(event.step, event.status),
                ]
            case ArtifactStored():
                value = {"step": event.step, **event.artifact.model_dump(mode="json")}
                self._artifacts.append(value)
                return [_delta({"op": "add", "path": "/artifacts/-", "value": value})]
            case Spending() | ApprovalAsked():
                return self._custom(event)
            case TextDelta():
                return [*self._open_message(), core.TextMessageContentEvent(message_id=self._id(), delta=event.text)]
            case RunFinished():
                finished = core.RunFinishedEvent(
                    thread_id=self._thread,
                    run_id=self._run_id,
                    result=event.answer.plain(),
                    outcome=self._outcome(event.answer.status),
                    usage=[_tokens(one) for one in event.answer.usage] or None,
                )
                return [*self._close_message(), finished]
            case RunFailed():
                return [*self._close_message(), core.RunErrorEvent(message=event.message, code=event.code)]

    def _custom(self, event: Spending | ApprovalAsked) -> list[Any]:
        from ag_ui.core import CustomEvent

        if isinstance(event, Spending):
            return [CustomEvent(name="spending", value=event.spent.plain() | {"cap_usd": event.cap_usd})]
        self._asked = event.request
        return [*self._close_message(), CustomEvent(name="interrupt", value=event.request.plain())]

    def _outcome(self, status: str) -> Any:
        from ag_ui import core

        if status == "waiting" and self._asked:
            asked = core.Interrupt(
                id=self._asked.id,
                reason="approval",
                message=self._asked.message,
                response_schema=decisions_schema(self._asked.asks),
                metadata=self._asked.plain(),
            )
            return core.RunFinishedInterruptOutcome(type="interrupt", interrupts=[asked])
        if status == "cancelled":
            return core.RunFinishedCancelledOutcome(type="cancelled")
        return core.RunFinishedSuccessOutcome(type="success")

    def _planned(self, event: PlanMade) -> list[Any]:
        from ag_ui.core import StateSnapshotEvent

        known, self._plan = self._plan, [step["id"] for step in event.steps]
        if known and not event.is_whole and self._plan[: len(known)] == known:
            return [_delta({"op": "add", "path": "/plan/-", "value": one}) for one in event.steps[len(known) :]]
        if not event.steps:  # what a plan made that was given up is no part of the run
            self._artifacts = [one for one in self._artifacts if one["step"] not in known]
        state = {"goal": event.goal, "plan": event.steps, "artifacts": list(self._artifacts)}
        # What a model says before its plan is a message of its own.
        return [*self._close_message(), StateSnapshotEvent(snapshot=state)]

    def _status(self, step: str, status: str) -> list[Any]:
        if step not in self._plan:
            return []
        return [_delta({"op": "replace", "path": f"/plan/{self._plan.index(step)}/status", "value": status})]

    def _id(self) -> str:
        return f"{self._run_id}-answer" + (f"-{self._messages}" if self._messages else "")

    def _open_message(self) -> list[Any]:
        if self._message_id:
            return []
        from ag_ui.core import TextMessageStartEvent

        self._message_id = self._id()
        return [TextMessageStartEvent(message_id=self._message_id, role="assistant")]

    def _close_message(self) -> list[Any]:
        if not self._message_id:
            return []
        from ag_ui.core import TextMessageEndEvent

        closing, self._message_id = self._message_id, None
        self._messages += 1
        return [TextMessageEndEvent(message_id=closing)]


def _tokens(used: dict[str, Any]) -> Any:
    from ag_ui.core import TokenUsage

    counts = (used["input_tokens"], used["output_tokens"]) if used["unreported"] < used["calls"] else (None, None)
    return TokenUsage(provider=used["provider"], model=used["model"], input_tokens=counts[0], output_tokens=counts[1])


def _delta(operation: dict[str, Any]) -> Any:
    from ag_ui.core import StateDeltaEvent

    return StateDeltaEvent.model_validate({"delta": [operation]})
