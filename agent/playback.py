"""What stands in for the world when a run is run again: its journal, budget, brain and steps, all from the record."""

import contextlib
import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ..tools.base import errors
from ..tools.base.budget import Budget, Order, OverBudget, Payment
from ..tools.base.errors import SensoriumError, ToolError
from ..tools.base.journal import Journal, RunRow, StepRow
from ..tools.base.labels import NOTHING, Labels
from ..tools.base.ledger import OrderRow
from ..tools.base.memo import digest
from .act import Executor
from .plan import MISSING, resolve
from .printing import fit
from .step_record import Record

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage, BaseMessage

    from .stream import Piece

NOWHERE = "http://replay.invalid/v1"
"""The address of an endpoint that is not set any more; nothing can be sent there."""
_SHOWN_LETTERS = 160
_MOST_VERSIONS = 50


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
            self.differs(f"Plan {place + 1} is new: {shown([one['id'] for one in plan['steps']])}.")
        elif plan != self.plans[place]:
            self.differs(f"Plan {place + 1} differs: {_first(self.plans[place], plan)}.")


class ReplayJournal(Journal):
    """A journal that is only read."""

    def __init__(self, journal: Journal, tape: Tape) -> None:
        self.__dict__.update(journal.__dict__)
        self._tape = tape

    def plan(self, run: str, plan: Mapping[str, Any], labels: Labels = NOTHING) -> None:
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
            if order.served.endpoint.base_url != NOWHERE:  # else how it wants to be asked is not known any more
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
            self.tape.differs(f"The step `{name}` ({tool}) has other arguments than then: {shown(args)}.")
        return row


def _again(error: Mapping[str, str]) -> ToolError:
    """Return a failure as it was then."""
    known = getattr(errors, error["type"], None)
    kind = known if isinstance(known, type) and issubclass(known, ToolError) else type(error["type"], (ToolError,), {})
    message = error["message"].partition(" The first: ")[2] or error["message"]
    made: ToolError = ToolError.__new__(kind)
    Exception.__init__(made, message)  # some kinds want more than a message, which nobody asks for here
    return made


def _first(then: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """Return the first thing that differs between two plans."""
    for number, (old, new) in enumerate(zip(then["steps"], now["steps"], strict=False), 1):
        for name in old:
            if old[name] != new.get(name):
                return f"step {number} has {name} {shown(new.get(name))}, and had {shown(old[name])}"
    if len(then["steps"]) != len(now["steps"]):
        return f"it has {len(now['steps'])} steps, and had {len(then['steps'])}"
    return f"its goal is {shown(now['goal'])}, and was {shown(then['goal'])}"


def shown(value: Any) -> str:
    """Return a value in one short line."""
    with contextlib.suppress(TypeError, ValueError):
        return fit(json.dumps(value, ensure_ascii=False), _SHOWN_LETTERS)
    return fit(repr(value), _SHOWN_LETTERS)
