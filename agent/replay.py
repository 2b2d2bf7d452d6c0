"""Runs a run again from its record: what models and tools gave is taken from there, and nothing else is asked."""

import contextlib
import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast

from ..tools.base import errors
from ..tools.base.budget import Budget, Order, OverBudget, Payment
from ..tools.base.endpoints import Endpoint, ServedModel
from ..tools.base.errors import ArgumentError, SensoriumError, ToolError
from ..tools.base.journal import Journal, RunRow, StepRow
from ..tools.base.ledger import OrderRow
from ..tools.base.memo import digest
from ..tools.base.run import Run
from .act import Executor
from .answer import Options
from .last_words import unsettled
from .plan import MISSING, resolve
from .printing import fit
from .proven_report import REPORT
from .step_record import Record

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage, BaseMessage

    from .assistant import Assistant
    from .context import Context
    from .state import State
    from .stream import Piece

_NOWHERE = "http://replay.invalid/v1"
_SHOWN_LETTERS = 160
_MOST_VERSIONS = 50


@dataclass(frozen=True, kw_only=True)
class Replayed:
    """How a run went when it was run again from its record."""

    run_id: str
    same: bool
    differences: list[str]
    """The first is where it went another way; those after it may only follow from it."""
    answers: int
    """Of the model that plans; 0 for the embedded brain, which thinks again."""
    steps: int
    """Calls whose recorded results were used."""
    text: str
    """What the answer is now."""

    def plain(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return asdict(self)


class NotRecorded(SensoriumError):
    """The record ends before the run does."""


@dataclass
class Tape:
    """What is recorded of a run, and what of it was met again."""

    row: RunRow
    steps: Sequence[StepRow]
    plans: Sequence[Mapping[str, Any]]
    decisions: list[dict[str, Any]]
    records: Mapping[str, Mapping[str, Any]]
    orders: list[OrderRow]
    differences: list[str] = field(default_factory=list)
    met: set[str] = field(default_factory=set)
    """Keys of the calls whose results were used."""
    answers: int = 0
    made: list[Mapping[str, Any]] = field(default_factory=list)
    """Plans."""

    def differs(self, what: str) -> None:
        if what not in self.differences:
            self.differences.append(what)

    def plan(self, plan: Mapping[str, Any]) -> None:
        """Take the next plan, and compare it with the one that ran; after an approval the same one goes on."""
        if plan in self.made:
            return
        place = len(self.made)
        self.made.append(plan)
        if place >= len(self.plans):
            self.differs(f"Plan {place + 1} is new: {_shown([one['id'] for one in plan['steps']])}.")
        elif plan != self.plans[place]:
            self.differs(f"Plan {place + 1} differs: {_first(self.plans[place], plan)}.")


class ReplayJournal(Journal):
    """A journal that is only read."""

    def __init__(self, journal: Journal, tape: Tape) -> None:
        self.__dict__.update(journal.__dict__)
        self._tape = tape

    def plan(self, run: str, plan: Mapping[str, Any]) -> None:
        self._tape.plan(plan)

    def plans(self, run: str) -> list[dict[str, Any]]:
        return []  # a report that was written again from what was proven is in the record

    def decide(self, run: str, decisions: Iterable[Mapping[str, Any]]) -> None:
        return None

    def record(self, run: str, row: StepRow, seconds: float) -> None:
        return None

    def record_all(self, run: str, rows: Iterable[StepRow], seconds: float) -> None:
        return None


class ReplayBudget(Budget):
    """A budget that answers every order from the ledger, and writes nothing."""

    def __init__(self, budget: Budget, tape: Tape) -> None:
        super().__init__(budget.ledger, budget.run, budget.caps)
        self._tape = tape
        self._left = [one for one in tape.orders if one.role == "think" and one.outcome is not None]
        self._was_at_cap = False

    @asynccontextmanager
    async def paying(self, order: Order) -> AsyncIterator[Payment]:
        row = next((one for one in self._left if one.key == order.key), None)
        if row is None and (self.caps.usd is not None or self.caps.units) and not self._was_at_cap:
            self._was_at_cap = True  # what is not recorded was refused at the cap, perhaps
            raise OverBudget(f"The budget of the run {self.run} was used up here.")
        if row is None:
            number = self._tape.answers + 1
            if not self._left:
                self._tape.differs(f"The model is asked for answer {number}, and only {number - 1} are recorded.")
                raise NotRecorded(f"Answer {number} of the model is not recorded.")
            if order.served.endpoint.base_url != _NOWHERE:  # else how it wants to be asked is not known any more
                self._tape.differs(
                    f"What the model is asked for answer {number} is not what it was asked then: the instructions, the "
                    "tools, the request or a result have changed."
                )
            row = self._left[0]
        self._left.remove(row)
        self._tape.answers += 1
        yield Payment(self, order, row.number, row)

    def _ended(self, row: OrderRow) -> OrderRow:
        return replace(row, state="unknown") if row.state == "intent" else row


class KnownBrain:
    """Gives recorded answers in their order, for a brain whose orders no ledger has."""

    _llm_type = "sensorium-recorded"

    def __init__(self, answers: "Sequence[AIMessage]", tape: Tape) -> None:
        self._left = list(answers)
        self._tape = tape

    async def tell(
        self, messages: "list[BaseMessage]", tools: Sequence[Mapping[str, Any]], hear: "Callable[[Piece], None]"
    ) -> "AIMessage":
        if not self._left:
            self._tape.differs(f"The model is asked again after its {self._tape.answers} recorded answers.")
            raise NotRecorded("The model's answer is not recorded.")
        self._tape.answers += 1
        return self._left.pop(0)


class ReplayExecutor(Executor):
    """An executor that takes every result from the record and calls no tool."""

    tape: Tape

    async def _call(self, work: Any, name: str, scope: Mapping[str, Any]) -> tuple[Record, Any]:
        step = work.step
        tool = self.catalog[step.tool]
        args = resolve(step.args, {**scope, "run": MISSING})
        row = self.done.rows.get(digest(name, tool.name, tool.version, args))
        if row is None:
            row = self._other(name, step.tool, args)
        self.tape.met.add(row.key)
        self._announce(step, row.record)
        return row.record, row.result

    def _other(self, name: str, tool: str, args: Any) -> StepRow:
        """Return what the record has of a call that is another one now, or fail as it failed then."""
        step, version = name.split("[", maxsplit=1)[0], self.catalog[tool].version
        row = next((one for one in self.tape.steps if one.step == name), None)
        if row is None:
            then = self.tape.records.get(step, {})
            if then.get("error") and (then["status"] != "done" or "[" in name):
                raise _again(then["error"])
            self.tape.differs(f"The step `{name}` ({tool}) is not in the record.")
            raise NotRecorded(f"The step `{name}` is not in the record of this run.")
        was = row.record["tool"]
        older = [one for one in range(_MOST_VERSIONS) if digest(name, tool, one, args) == row.key]
        if was != tool:
            self.tape.differs(f"The step `{name}` calls `{tool}`, and called `{was}` then.")
        elif older:
            self.tape.differs(
                f"The step `{name}`: `{tool}` has version {version} now, and had version {older[0]} then."
            )
        else:
            self.tape.differs(f"The step `{name}` ({tool}) has other arguments than then: {_shown(args)}.")
        return row


def _again(error: Mapping[str, str]) -> ToolError:
    """Return a failure as it was then."""
    known = getattr(errors, error["type"], None)
    kind = known if isinstance(known, type) and issubclass(known, ToolError) else type(error["type"], (ToolError,), {})
    message = error["message"].partition(" The first: ")[2] or error["message"]
    made: ToolError = ToolError.__new__(kind)
    Exception.__init__(made, message)  # some kinds want more than a message, which nobody asks for here
    return made


async def replay(assistant: "Assistant", run_id: str) -> Replayed:
    """Run a run again from its record and compare; see `Assistant.replay`."""
    row = assistant.journal.get(run_id)
    turn = assistant.threads.turn(row.run)
    if row.status == "waiting" or "artifacts" not in row.answer or not turn.messages:
        raise ArgumentError(
            f"The run {row.run} is {row.status} and has no answer to compare with. Go on with it first: "
            f"`sensorium resume {row.run}`."
        )
    view = assistant.show(row.run)
    tape = Tape(
        row=row,
        steps=view.steps,
        plans=view.plans,
        decisions=list(view.decisions),
        records=turn.records,
        orders=list(view.orders),
    )
    ended = "The run ends before its answer"
    try:
        state = await _walk(assistant, row, tape, turn.messages)
        text = state.get("answer", "")
        _compare(assistant, row, tape, state)
    except NotRecorded as error:
        text, ended = "", f"{ended}: {error}"
        tape.differs(ended)
    return Replayed(
        run_id=row.run,
        same=not tape.differences,
        differences=tape.differences,
        answers=tape.answers,
        steps=len(tape.met),
        text=text,
    )


async def _walk(assistant: "Assistant", row: RunRow, tape: Tape, messages: Sequence[Mapping[str, Any]]) -> "State":
    from langchain_core.runnables import RunnableConfig
    from langgraph.checkpoint.memory import InMemorySaver
    from langgraph.types import Command

    from .graph import build

    known = dict(messages[0]["data"]["additional_kwargs"].get("sensorium") or {})
    context = _context(assistant, row, tape, messages, known)
    before = assistant.threads.before(row.run)
    start: State = {
        "request": row.request,
        "paths": [],
        "files": before.files,
        "earlier": before.records,
        "facts": known.get("facts", []),
        "given": Options(**row.options).given,
    }
    graph = build().copy({"checkpointer": InMemorySaver()})
    config = RunnableConfig(configurable={"thread_id": row.run}, recursion_limit=200)
    begin: Any = start
    try:
        while True:
            walked = await graph.ainvoke(begin, config, context=context)
            if not walked.pop("__interrupt__", ()):
                return cast("State", walked)
            asked = walked["gate"]["asked"]
            decided, tape.decisions = tape.decisions[: len(asked)], tape.decisions[len(asked) :]
            if len(decided) < len(asked):
                names = ", ".join(f"`{one['name']}`" for one in asked)
                tape.differs(f"An approval is asked for {names}, and none is recorded.")
                raise NotRecorded(f"The approval of {names} is not recorded.")
            begin = Command(resume={"decisions": decided})
    finally:
        await context.executor.early.drop()


def _context(
    assistant: "Assistant",
    row: RunRow,
    tape: Tape,
    messages: Sequence[Mapping[str, Any]],
    known: Mapping[str, Any],
) -> "Context":
    """Return what the graph works with: everything that could reach outside is replaced by the record."""
    from .context import Context
    from .history import messages_of

    options, tools = Options(**row.options), assistant.tools
    opened = assistant.runner.begin(row.run, options)
    run: Run = replace(opened, budget=ReplayBudget(opened.budget, tape))
    executor = ReplayExecutor(
        run=run, journal=ReplayJournal(assistant.journal, tape), catalog=tools, emit=lambda event: None
    )
    executor.tape = tape
    return Context(
        brain=_brain(assistant, run, tape, messages),
        catalog=tools,
        executor=executor,
        emit=lambda event: None,
        max_steps=options.max_steps,
        said=tuple(messages_of(assistant.threads.before(row.run))),
        files=tuple(known.get("files", ())),
    )


def _brain(assistant: "Assistant", run: Run, tape: Tape, messages: Sequence[Mapping[str, Any]]) -> "BaseChatModel":
    """Return who gives the recorded answers; the embedded brain thinks again, which costs nothing."""
    from langchain_core.messages import AIMessage, messages_from_dict

    from .embedded.brain import EmbeddedBrain
    from .endpoint import EndpointBrain

    told = messages_from_dict([dict(one) for one in messages])
    asked = [one for one in tape.orders if one.role == "think" and one.outcome is not None]
    if asked:
        served = [_served(assistant, one) for one in asked[:1]]
        return EndpointBrain(served=served[0], budget=run.budget)
    if assistant.runner.own_brain or tape.row.answer.get("usage"):
        answers = [one for one in told if isinstance(one, AIMessage)]
        return cast("BaseChatModel", KnownBrain(answers, tape))
    return EmbeddedBrain()


def _served(assistant: "Assistant", order: OrderRow) -> ServedModel:
    """Return the model that was asked; where its endpoint is no longer set, one that nothing can be sent to."""
    endpoint = assistant.settings.endpoints.get(order.provider)
    if endpoint is None:
        endpoint = Endpoint(name=order.provider, base_url=_NOWHERE)
    return ServedModel(endpoint=endpoint, name=order.model, role="think")


def _compare(assistant: "Assistant", row: RunRow, tape: Tape, state: "State") -> None:
    """Note what the end of a run has otherwise than then."""
    if len(tape.made) < len(tape.plans):
        tape.differs(f"{len(tape.plans)} plans ran then, and {len(tape.made)} now.")
    wanted = {
        key: name
        for name, one in tape.records.items()
        if one["status"] == "done"
        for key in ([one["key"]] if isinstance(one["key"], str) else one["key"])
        if one["tool"] != REPORT  # it may have been written again
    }
    if missing := [name for key, name in wanted.items() if key not in tape.met]:
        tape.differs(f"These steps ran then, and do not now: {', '.join(f'`{one}`' for one in missing)}.")
    then = str(row.answer.get("text", ""))
    budget = ReplayBudget(assistant.runner.begin(row.run, Options(**row.options)).budget, tape)
    now = state.get("answer", "") + unsettled(row.request, budget.spent)
    if now != then:
        tape.differs(f"The answer differs {_where(then, now)}.")


def _where(then: str, now: str) -> str:
    """Return where two texts part, with what stands there."""
    at = next((place for place, (one, two) in enumerate(zip(then, now, strict=False)) if one != two), None)
    at = min(len(then), len(now)) if at is None else at
    start = max(0, at - 20)
    return f"from character {at + 1}: then {_shown(then[start : at + 60])}, now {_shown(now[start : at + 60])}"


def _first(then: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """Return the first thing that differs between two plans."""
    for number, (old, new) in enumerate(zip(then["steps"], now["steps"], strict=False), 1):
        for name in old:
            if old[name] != new.get(name):
                return f"step {number} has {name} {_shown(new.get(name))}, and had {_shown(old[name])}"
    if len(then["steps"]) != len(now["steps"]):
        return f"it has {len(now['steps'])} steps, and had {len(then['steps'])}"
    return f"its goal is {_shown(now['goal'])}, and was {_shown(then['goal'])}"


def _shown(value: Any) -> str:
    with contextlib.suppress(TypeError, ValueError):
        return fit(json.dumps(value, ensure_ascii=False), _SHOWN_LETTERS)
    return fit(repr(value), _SHOWN_LETTERS)
