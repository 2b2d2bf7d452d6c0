"""Runs steps of a plan that is still being written."""

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from ..tools.base.call import validate
from ..tools.base.errors import ArgumentError
from ..tools.base.journal import StepRow
from ..tools.base.labels import NOTHING, Labels
from ..tools.base.policy import may_start
from .events import PlanMade, plan_made
from .plan import MISSING, RESERVED, Plan, PlanError, Step, calls, resolve, roots
from .step_record import Record

if TYPE_CHECKING:
    from .act import Executor


@dataclass(eq=False)
class _Early:
    """A step that was planned, and the task that runs it once what it needs is there."""

    step: Step
    task: asyncio.Task[Record | None] = field(init=False)
    has_begun: bool = False
    hidden: Any = None
    """What its id meant before it began: a result of an earlier turn."""
    hidden_labels: Labels = NOTHING
    is_taken: bool = False
    """It was in the whole plan, and belongs to the run."""
    rows: list[StepRow] = field(default_factory=list)
    """What is to be journalled when the plan turns out to be one that runs."""


class EarlySteps:
    """The steps so far of a plan; what nothing can change any more runs.

    A guess that may be wrong: the plan may still be refused, mended or cut off. So only steps run that leave nothing
    behind but a remembered result, and they belong to the run only when `take_over` finds them in the whole plan.
    """

    def __init__(self, executor: "Executor") -> None:
        self._executor = executor
        self._planned: dict[str, Step] = {}
        self._early: dict[str, _Early] = {}
        self._told = 0
        """How many planned steps were announced."""

    def add(self, step: Step) -> None:
        """Take a further step of the plan, and start it as soon as it may run."""
        is_new = step.id not in self._planned
        self._planned.setdefault(step.id, step)
        if is_new and self._may_run(step):
            early = self._early[step.id] = _Early(step)
            early.task = asyncio.create_task(self._run(early))

    async def take_over(self, plan: Plan) -> dict[asyncio.Task[Record], Step]:
        """Return the tasks of those steps that the whole plan has with the same call; the others are cancelled."""
        steps = {step.id: step for step in plan.steps}
        taken: dict[str, _Early] = {}
        for name, early in self._early.items():  # in the order of the plan, so that needs come before who needs them
            step = steps.get(name)
            if (
                step
                and early.has_begun
                and _is_same_call(step, early.step)
                and step.needs() & steps.keys() <= taken.keys()
            ):
                taken[name] = early
        await self._cancel([early for name, early in self._early.items() if name not in taken])
        for early in taken.values():
            early.is_taken = True
        if rows := [row for early in taken.values() for row in early.rows]:
            await self._executor.done.keep(*rows)
        self._early, self._planned, self._told = {}, {}, 0
        return {cast("asyncio.Task[Record]", early.task): steps[name] for name, early in taken.items()}

    async def drop(self) -> None:
        """Cancel all that was not taken over, and forget the plan."""
        dropped, told = list(self._early.values()), self._told
        await self._cancel(dropped)
        self._early, self._planned, self._told = {}, {}, 0
        if told and not self._executor.told:  # else the whole plan was shown, and waits for the user
            self._executor.emit(PlanMade(goal="", steps=[], is_whole=False))

    async def _cancel(self, dropped: list[_Early]) -> None:
        for early in dropped:
            early.task.cancel()
        await asyncio.gather(*(early.task for early in dropped), return_exceptions=True)
        for early in dropped:
            if early.has_begun:
                self._executor.scope[early.step.id] = early.hidden
                self._executor.labels.pop(early.step.id, None)
                if early.hidden is not MISSING:
                    self._executor.labels[early.step.id] = early.hidden_labels

    def status(self, step: Step) -> str:
        """Return how far a step is, for those who watch: waiting, running, or how it ended."""
        early = self._early.get(step.id)
        if early is None or not early.has_begun or not _is_same_call(step, early.step):
            return "waiting"
        record = _ended(early.task)
        return record["status"] if record else "running"

    def _may_run(self, step: Step) -> bool:
        """Return whether a step may run before its plan is whole: it is harmless, and all it needs stands before it."""
        scope, records = self._executor.scope, self._executor.records
        tool = self._executor.catalog.get(step.tool)
        if tool is None or tool.effect != "pure" or step.id in RESERVED:
            return False
        if step.id in records and records[step.id]["status"] == "done":
            return False  # the linter refuses an id that is taken
        if any(one["tool"] == step.tool and one["status"] == "failed" for one in records.values()):
            return False  # whether to try again is not for a guess
        if "run" in roots([step.args, step.for_each]):  # what ran so far is known when the plan is whole
            return False
        return all(need in self._early or scope.get(need, MISSING) is not MISSING for need in step.needs())

    async def _run(self, early: _Early) -> Record | None:
        """Run a step once what it needs is there; None when it has to wait for the whole plan."""
        needed = [self._early[need].task for need in early.step.needs() if need in self._early]
        if needed:
            await asyncio.wait(needed)
        if not all((record := _ended(task)) and record["status"] == "done" for task in needed):
            return None
        try:
            made = calls(early.step, self._executor.scope)
            if not all(self._is_harmless(early.step, resolve(early.step.args, scope)) for _, scope in made):
                return None
        except PlanError:
            return None
        early.has_begun, early.hidden = True, self._executor.scope.get(early.step.id, MISSING)
        early.hidden_labels = self._executor.labels.get(early.step.id, NOTHING)
        self._announce()

        async def keep(row: StepRow) -> None:
            if early.is_taken:
                await self._executor.done.keep(row)
            else:
                early.rows.append(row)

        return await self._executor.attempt(early.step, keep)

    def _is_harmless(self, step: Step, args: dict[str, Any]) -> bool:
        """Return whether a call is one that nobody has to be asked about, and that can be made."""
        tool = self._executor.catalog[step.tool]
        try:
            plain = validate(tool, args).model_dump(mode="json")
        except ArgumentError:
            return False
        return may_start(tool, plain, self._executor.run, self._executor.origins(step))

    def _announce(self) -> None:
        """Tell the steps that are known, when there are more than before: nothing runs that was not shown."""
        if self._told < len(self._planned) and not self._executor.told:
            self._told = len(self._planned)
            self._executor.emit(plan_made("", self._planned.values(), self.status, is_whole=False))


def _ended(task: asyncio.Task[Record | None]) -> Record | None:
    """Return the record of a step that ran to its end."""
    return None if not task.done() or task.cancelled() or task.exception() else task.result()


def _is_same_call(one: Step, other: Step) -> bool:
    return (one.tool, one.args, one.for_each) == (other.tool, other.args, other.for_each)
