"""What a run is asked, how it ended, and what is recorded of it."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from ..tools.base.budget import Caps
from ..tools.base.egress import Sent
from ..tools.base.errors import ToolError
from ..tools.base.journal import RunRow, StepRow
from ..tools.base.ledger import OrderRow
from ..tools.base.run import Run
from ..tools.base.settings import Settings
from ..tools.base.workspace import Artifact
from .act import Executor
from .lint import Finding
from .plan import Plan
from .usage import usage_of

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

    from .quote import PlanQuote
    from .state import State

Status = Literal["done", "partial", "failed", "cancelled", "waiting"]


@dataclass(frozen=True, kw_only=True)
class Options:
    """What a user may ask of one run."""

    max_steps: int = 64
    budget_usd: float | None = None
    """The most the run may cost, reserved before each paid request; `usd` in `[budget]` of the settings when left out.
    A model whose price is not known is refused; what a brain of your own costs is not looked at."""
    yes: bool = False
    """Approve what would be asked; what is denied stays so, and nothing that may have been paid is ordered again."""
    local_only: bool = False
    """Let nothing leave this machine, on a `resume` without that word either."""
    own_brain: bool = False
    """A brain of the caller's own plans, of whose connections nothing is known here; set by `Assistant`."""
    output: str | None = None
    """The folder that the command line puts the files into; kept, so that `resume` knows it."""
    remember: bool = True
    """Keep what the request asks to be remembered of the user, and list its conversation among the user's; false where
    the request may not be a user's own."""
    given: dict[str, Any] = field(default_factory=dict)
    """What is done or said without asking who plans: a `plan`, or a `text`."""

    def caps(self, settings: Settings) -> Caps:
        """Return the most this run may spend."""
        return settings.caps if self.budget_usd is None else replace(settings.caps, usd=self.budget_usd)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """How a run ended."""

    run_id: str
    status: Status
    """`partial` when a step failed or a file could be read only in part, `waiting` when it must be approved; the text
    says which."""
    text: str
    artifacts: list[Artifact]
    steps: list[dict[str, Any]]
    """The `run.steps` of a report: id, tool, status, seconds, cost_usd, cached, provider, error."""
    seconds: float
    cost_usd: float = 0.0
    """What its paid requests cost, those of the model that plans too."""
    unknown_usd: float = 0.0
    """Reserved for requests that may have been paid: their answer never came."""
    unpriced: int = 0
    """Requests whose price is not known; `cost_usd` is without them."""
    usage: list[dict[str, Any]] = field(default_factory=list)
    """What each model used; see `usage_of`."""
    thread: str = ""
    """The conversation it is a turn of."""
    asked: dict[str, Any] | None = None
    """What it waits for: `action_requests` and `review_configs`; see `Request`."""
    claims: list[dict[str, Any]] = field(default_factory=list)
    """What a model says of the media: `text`, `evidence` (ids such as `speech.m3`), and `status`: `backed`, `marked`
    (nothing backs it) or `struck` (it is left out of the text); the embedded brain's answers are made of evidence."""

    def plain(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return {**asdict(self), "artifacts": [one.model_dump(mode="json") for one in self.artifacts]}


@dataclass(frozen=True, kw_only=True)
class Planned:
    """What would be done: a plan, or words when there is nothing to do."""

    plan: Plan | None
    text: str
    findings: list[Finding] = field(default_factory=list)
    """What is wrong with it; an error keeps it from being run."""
    repairs: list[Finding] = field(default_factory=list)
    """What was wrong with it, and could be mended in one way only."""
    quote: "PlanQuote | None" = None
    """What it will take and cost."""

    def plain(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return {
            "plan": self.plan.model_dump() if self.plan else None,
            "text": self.text,
            "findings": [one.plain() for one in self.findings],
            "repairs": [one.plain() for one in self.repairs],
            "quote": self.quote.plain() if self.quote else None,
        }


@dataclass(frozen=True, kw_only=True)
class RunView:
    """A run with all that is recorded of it."""

    row: RunRow
    steps: list[StepRow]
    orders: list[OrderRow] = field(default_factory=list)
    """What was ordered from providers."""
    egress: list[Sent] = field(default_factory=list)
    """What was sent to models and other hosts, each request for itself."""
    thread: str = ""
    plans: list[dict[str, Any]] = field(default_factory=list)
    """In the order they ran."""
    decisions: list[dict[str, Any]] = field(default_factory=list)
    """What the user decided about calls that needed an approval."""

    def plain(self) -> dict[str, Any]:
        """Return it as JSON data; `run` has the shape that a report's `run` has."""
        shown = ("tool", "status", "seconds", "cost_usd", "cached", "provider", "error", "artifacts")
        steps = [
            {"id": one.step, "args": one.args, **{key: one.record[key] for key in shown}, "key": one.key}
            for one in self.steps
        ]
        artifacts = [Artifact.model_validate(one) for one in self.row.answer.get("artifacts", [])]
        return {
            "run_id": self.row.run,
            "thread": self.thread,
            "request": self.row.request,
            "files": self.row.files,
            "status": self.row.status,
            "created": self.row.created,
            "text": self.row.answer.get("text", ""),
            "artifacts": [{**one.model_dump(mode="json"), "sha256": one.sha256} for one in artifacts],
            "usage": self.row.answer.get("usage", []),
            "claims": self.row.answer.get("claims", []),
            "run": {
                "steps": self.row.answer.get("steps") or steps,
                "cost_usd": sum(one.usd or 0.0 for one in self.orders if one.state == "done"),
                "seconds": self.row.seconds,
            },
            "plans": self.plans,
            "decisions": self.decisions,
            "journal": steps,
            "orders": [one.plain() for one in self.orders],
            "egress": [one.plain() for one in self.egress],
        }


def told_answer(row: RunRow) -> Answer:
    """Return the answer that a finished run gave."""
    artifacts = [Artifact.model_validate(one) for one in row.answer["artifacts"]]
    return Answer(**{**row.answer, "artifacts": artifacts})


def answer_of(row: RunRow, state: "State", executor: Executor, seconds: float, *, thread: str = "") -> Answer:
    """Return the answer of a run whose graph has ended in this state."""
    records, spent = state.get("records", {}), executor.run.budget.spent
    made = dict.fromkeys(
        (handle, called)
        for name, record in records.items()
        for handle, called, media_type in _named(executor.scope.get(name))
        # Frames that were only a step on the way to a report are in the report, or not worth showing.
        if record["final"] or not media_type.startswith("image/")
    )
    shown = ("tool", "status", "seconds", "cost_usd", "cached", "provider", "error")
    return Answer(
        run_id=row.run,
        status=_status(state),
        text=state.get("answer", ""),
        artifacts=[
            artifact.model_copy(update={"name": name})
            for handle, name in made
            if (artifact := _known(executor.run, handle))
        ],
        steps=[{"id": name, **{key: one[key] for key in shown}} for name, one in records.items()],
        seconds=round(seconds, 3),
        cost_usd=spent.usd,
        unknown_usd=spent.unknown_usd,
        unpriced=spent.unpriced,
        usage=usage_of(_own(state.get("messages", []), row.run)),
        thread=thread,
        claims=state.get("claims", []),
    )


def _own(messages: "Sequence[BaseMessage]", run: str) -> "Sequence[BaseMessage]":
    """Return the messages of a run without those of earlier turns."""
    start = next((at for at, one in enumerate(messages) if one.id == f"{run}-request"), 0)
    return messages[start:]


def _status(state: "State") -> Status:
    records = [one for one in state.get("records", {}).values() if not one.get("superseded")]
    unread = [one for one in state.get("files", []) if one.get("error") and not one.get("attached")]
    if any(one["status"] == "cancelled" for one in records):
        return "cancelled"
    if shortfall := state.get("shortfall"):
        return shortfall
    if (unread and not records) or (records and all(one["status"] != "done" for one in records)):
        return "failed"
    if unread or any(one["status"] != "done" or one["partial"] for one in records):
        return "partial"
    return "done"


def _named(result: Any) -> Iterator[tuple[str, str, str]]:
    """Yield handle, name and media type of each artifact in a plain result.

    The library keeps one name for a content, and two reports may show the same picture under different ones.
    """
    if isinstance(result, dict):
        if {"handle", "name", "media_type"} <= result.keys():
            yield result["handle"], result["name"], result["media_type"]
        for part in result.values():
            yield from _named(part)
    elif isinstance(result, list):
        for part in result:
            yield from _named(part)


def _known(run: Run, handle: str) -> Artifact | None:
    try:
        return run.artifact(handle)
    except ToolError:
        return None
