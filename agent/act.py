"""Runs ready steps side by side, each as soon as what it needs is there."""

import asyncio
import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from ..tools.base.approvals import Approvals
from ..tools.base.budget import OutcomeUnknown
from ..tools.base.call import perform
from ..tools.base.errors import Cancelled, SensoriumError, ToolError
from ..tools.base.journal import Journal, StepRow
from ..tools.base.labels import Labels, condensed, of_model, of_tool
from ..tools.base.labels import joined as joined_labels
from ..tools.base.run import Progress, Run
from ..tools.base.secret_logs import logger_of
from ..tools.base.tool import Tool
from .compact import compact, shortened
from .consent import Consent
from .early import EarlySteps
from .events import ArtifactStored, Event, StepEnded, StepProgress, StepStarted, plan_made
from .origins import argument_labels, record_labels
from .plan import MISSING, Plan, PlanError, Step, calls, is_missing, resolve, roots
from .replan import Failures, why_not_again
from .step_journal import Keep, StepJournal, call_key
from .step_record import WAITING, Record, error_of, joined, record_of

logger = logger_of(__name__)


def slots() -> dict[str, int]:
    """Return how many steps may use each resource at once."""
    return {"cpu": max(2, os.cpu_count() or 2), "gpu": 1, "network": 8}


@dataclass
class Executor:
    """Runs plans of one run; results of all its plans stay addressable."""

    run: Run
    journal: Journal
    catalog: Mapping[str, Tool]
    emit: Callable[[Event], None]
    scope: dict[str, Any] = field(default_factory=dict)
    """What references resolve to: the reserved names, and step id -> plain result."""
    labels: dict[str, Labels] = field(default_factory=dict)
    """Step id -> who had a part in its result."""
    records: dict[str, Record] = field(default_factory=dict)
    unread: list[dict[str, str]] = field(default_factory=list)
    """Name and error of the user's files that could not be used."""
    failures: Failures = field(default_factory=dict)
    """Calls of earlier plans that failed."""
    own_brain: bool = False
    """Who plans is the caller's own: what it was sent is not known here."""
    elapsed: Callable[[], float] = time.perf_counter
    """Seconds the run has taken so far, over all its processes."""

    def __post_init__(self) -> None:
        self.early = EarlySteps(self)
        self.consent = Consent()
        self.told: Plan | None = None
        """The plan that was announced and has not ended."""
        self.done = StepJournal(self.journal, self.run.id, self.elapsed)
        self._open: set[str] = set()
        """Calls that were announced and have not ended."""
        self._slots = {name: asyncio.Semaphore(count) for name, count in slots().items()}
        # A model wrote the plans: whatever they name, they use what the user named and what they made, and the user is
        # asked what the policy says must be asked.
        self.run = replace(self.run, reach=self.done.handles(), approvals=Approvals())

    def recall(self, records: Mapping[str, Record]) -> None:
        """Take over the records of earlier plans; after a resume their results come from the journal."""
        self.records.update(records)
        self.labels.update({name: record_labels(record) for name, record in records.items()})
        for name, record in records.items():
            if record["status"] == "done" and name not in self.scope:
                keys = record["key"]
                rows = self.done.rows
                self.scope[name] = rows[keys].result if isinstance(keys, str) else [rows[one].result for one in keys]

    def recall_turns(self, records: Mapping[str, Record]) -> None:
        """Take over what earlier turns of the thread gave, where this run has nothing of that name."""
        for name, record in records.items():
            keys = [record["key"]] if isinstance(record["key"], str) else record["key"]
            if name in self.scope or name in self.records:
                continue
            rows = [row for key in keys if (row := self._of_thread(key))]
            if len(rows) == len(keys):
                self.labels[name] = record_labels(record)
                self.scope[name] = rows[0].result if isinstance(record["key"], str) else [row.result for row in rows]

    def _of_thread(self, key: str) -> StepRow | None:
        """Return a step of an earlier turn; what it made may be used from now on."""
        if row := self.journal.step_of_thread(self.run.id, key):
            self.run.admit(row.record["artifacts"])
        return row

    async def act(self, plan: Plan) -> dict[str, Record]:
        """Run all steps of a linted plan and return their records; a failed step is data, never an exception.

        Steps that need an approval first, and those that need them, are left out; `consent.asked` says what to ask.
        """
        steps = {step.id: step for step in plan.steps}
        left = {name: step for name, step in steps.items() if name not in self.consent.ended}
        for name in steps.keys() - left.keys():
            self.scope.setdefault(name, MISSING)
        waiting = {name: {need for need in step.needs() if need in left} for name, step in left.items()}
        remaining = _remaining_path(plan)
        order = {step.id: number for number, step in enumerate(plan.steps)}
        for name in left:
            self.records.pop(name, None)  # a planned-again step must not skip its dependants for an old failure
        running: dict[asyncio.Task[Record], Step] = {}
        try:
            running |= await self.early.take_over(plan)
            for step in running.values():
                waiting.pop(step.id, None)
            done = {task for task in running if task.done()}
            while True:
                for task in done:
                    step, record = running.pop(task), task.result()
                    if record["status"] == WAITING:
                        continue
                    self.records[step.id] = record
                    for needs in waiting.values():
                        needs.discard(step.id)
                ready = [name for name, needs in waiting.items() if not needs]
                for name in sorted(ready, key=lambda one: (-remaining[one], order[one])):
                    del waiting[name]
                    running[asyncio.create_task(self._step(steps[name], steps))] = steps[name]
                if not running:
                    break
                done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        except BaseException:  # cancelled, or a listener failed: no step may outlive the run
            self.run.cancelled.set()
            for task in running:
                task.cancel()
            await asyncio.gather(*running, self.done.settle(), return_exceptions=True)
            raise
        used = {need for step in plan.steps for need in step.needs()}
        ended = {name: self.records[name] | {"final": name not in used} for name in steps if name in self.records}
        return {name: one | self.consent.note(name) for name, one in ended.items()}

    def announce(self, plan: Plan) -> None:
        """Tell the steps of a plan, once: it may stop for an approval and go on."""
        if self.told != plan:
            self.told = plan
            self.emit(plan_made(plan.goal, plan.steps, self.status, is_whole=True))

    async def _step(self, step: Step, steps: Mapping[str, Step]) -> Record:
        """Run one step and announce how it ended."""
        call_id = f"{self.run.id}-{step.id}"
        status, error = "skipped", self._blocker(step, steps)
        if error is None and (refused := self.consent.rejected.get(step.id)):
            status, error = refused["status"], {"type": refused["type"], "message": refused["message"]}
        if error:
            record = record_of(step, status, error=error) | self._cost(call_id)
            self.scope[step.id] = MISSING
            self._ended(call_id, record, None)
            return record
        labels, tool = self.origins(step), self.catalog[step.tool]
        if asks := list(self.consent.missing(step, tool, self.scope, self.run, self.made, labels=labels)):
            self.consent.asked += asks
            return record_of(step, WAITING)
        return await self.attempt(step, self.done.keep)

    def status(self, step: Step) -> str:
        """Return how far a step is, for those who watch: waiting, running, or how it ended."""
        ended = self.records.get(step.id) if step.id in self.consent.ended else None
        return ended["status"] if ended else self.early.status(step)

    def recorded(self, step: Step, scope: Mapping[str, Any]) -> Any:
        """Return the result that the journal has of a step; MISSING when not all of its calls are done."""
        try:
            rows = [self.made(step, name, within) for name, within in calls(step, scope)]
        except PlanError:
            return MISSING
        done = [row.result for row in rows if row]
        return MISSING if not rows or len(done) < len(rows) else done[0] if step.for_each is None else done

    def made(self, step: Step, name: str, scope: Mapping[str, Any]) -> StepRow | None:
        """Return what the journal has of a call that is done."""
        if not self.done.rows:
            return None
        row = self.done.rows.get(call_key(step, name, self.catalog[step.tool], scope))
        return row if row and row.record["status"] == "done" else None

    async def attempt(self, step: Step, keep: Keep) -> Record:
        """Run a step whose needs are there; give each of its calls that ended to `keep`."""
        call_id = f"{self.run.id}-{step.id}"
        started = time.perf_counter()
        result: Any = MISSING
        try:
            record, result = await self._results(step, call_id, keep)
        except asyncio.CancelledError:
            self._ended(call_id, record_of(step, "cancelled", seconds=time.perf_counter() - started), None)
            raise
        except OutcomeUnknown as error:
            self.consent.ask_again(step, step.id, error, self.run.budget)
            return record_of(step, WAITING)
        except SensoriumError as error:
            status = "cancelled" if isinstance(error, Cancelled) and self.run.cancelled.is_set() else "failed"
            seconds = time.perf_counter() - started
            record = record_of(step, status, error=error_of(error), seconds=seconds)
        except Exception as error:  # a bug of ours must not take the other steps' work with it
            logger.exception("step %s (%s) failed", step.id, step.tool)
            seconds = time.perf_counter() - started
            record = record_of(step, "failed", error=error_of(error), seconds=seconds)
        if record["status"] == WAITING:
            return record
        record |= self._cost(call_id) | {"labels": sorted(record.get("labels") or self._met(step, call_id))}
        self.labels[step.id] = record_labels(record)
        self.scope[step.id] = result
        self._ended(call_id, record, None if result is MISSING else compact(result))
        return record

    def origins(self, step: Step) -> dict[str, Labels]:
        """Return who had a part in each argument of a step."""
        # What ran so far tells names and errors of files that could not be used, too.
        unread = [of_tool("ingest", self.run.id)] if self.unread else ()
        everything = joined_labels([*self.labels.values(), unread])
        context = condensed(self.run.labels, of_model(self.run.id))
        return argument_labels(step, {**self.labels, "run": everything, "whole": everything}, context)

    def _met(self, step: Step, call_id: str) -> Labels:
        """Return who may have had a part in the message of a call that failed."""
        handles = [one for one in self.scope.get("files", []) if isinstance(one, str)]
        own = [self.run.workspace.labels(handles), [of_tool(step.tool, call_id)]]
        return joined_labels([*self.origins(step).values(), *own])

    def _cost(self, call_id: str) -> Record:
        """Return what a step has really cost, failed tries and all items with it."""
        return {"cost_usd": self.run.budget.spent_by(call_id)}

    def _blocker(self, step: Step, steps: Mapping[str, Step]) -> dict[str, str] | None:
        for need in sorted(step.needs()):
            record = self.records.get(need)
            if record and record["status"] != "done" and not (need in steps and steps[need].optional):
                return {"type": "Skipped", "message": f"`{need}` did not finish, and `{step.id}` needs it."}
        fields = self.catalog[step.tool].arguments.model_fields
        # A tool of a server may have other arguments by now, or be gone.
        required = [value for name, value in step.args.items() if name in fields and fields[name].is_required()]
        for value in filter(None, [*required, step.for_each]):
            # An optional step may fail, but not when all that an argument would be is its result.
            if is_missing(value, self.scope):
                return {"type": "Skipped", "message": f"`{value}` is not there, and `{step.id}` needs it."}
        # The linter knows the arguments of a step only when they do not come from another one of its plan.
        again = why_not_again(step, self.failures, self.scope)
        return {"type": "Skipped", "message": again} if again else None

    async def _results(self, step: Step, call_id: str, keep: Keep) -> tuple[Record, Any]:
        """Return the record and the plain result of a step, or of its items."""
        run = replace(self.run, on_progress=lambda progress: self._progress(call_id, step, progress))
        work = _Work(step=step, call_id=call_id, run=run, keep=keep)
        if call_id not in self._open:
            self._open.add(call_id)
            self.emit(StepStarted(call_id=call_id, step=step.id, tool=step.tool, args=step.args))
        if step.for_each is None:
            return await self._call(work, step.id, self.scope)
        ended = await asyncio.gather(*(self._item(work, name, within) for name, within in calls(step, self.scope)))
        return joined(step, ended)

    async def _item(self, work: "_Work", name: str, scope: Mapping[str, Any]) -> tuple[Record, Any]:
        step = work.step
        if refused := self.consent.rejected.get(name):
            said = {"type": refused["type"], "message": refused["message"]}
            return record_of(step, refused["status"], error=said), MISSING
        try:
            return await self._call(work, name, scope)
        except OutcomeUnknown as error:
            self.consent.ask_again(step, name, error, self.run.budget)
            return record_of(step, WAITING), MISSING
        except SensoriumError as error:
            return record_of(step, "failed", error=error_of(error)), MISSING
        except Exception as error:  # nor the other items' work
            logger.exception("item %s (%s) failed", name, step.tool)
            return record_of(step, "failed", error=error_of(error)), MISSING

    async def _call(self, work: "_Work", name: str, scope: Mapping[str, Any]) -> tuple[Record, Any]:
        """Do one call, or take what the journal has of it."""
        step, run = work.step, work.run
        tool = self.catalog[step.tool]
        key = call_key(step, name, tool, scope)
        known = self.done.rows.get(key) or await self._again(tool, key, work.keep)
        if known and known.record["status"] == "done":
            self._announce(step, known.record)
            return known.record, known.result
        async with self._slots[tool.resource]:
            arguments = resolve(step.args, {**scope, "run": self.facts()} if "run" in roots(step.args) else scope)
            labels = self.origins(step)
            approvals = self.consent.approvals(step, name, tool, arguments, run=run, labels=labels)
            run = replace(run, approvals=approvals)
            outcome = await perform(tool, arguments, run, call_id=work.call_id, labels=labels)
        result = outcome.result.model_dump(mode="json")
        record = record_of(step, "done", outcome=outcome, partial=bool(result.get("partial")), key=key)
        row = StepRow(step=name, key=key, record=record, result=result, args=shortened(arguments))
        await work.keep(row)
        self._announce(step, record)
        return record, result

    async def _again(self, tool: Tool, key: str, keep: Keep) -> StepRow | None:
        """Take the same step of an earlier turn over; what reaches outside may give something else by now."""
        if tool.effect not in ("pure", "writes") and tool.cost == "free":
            return None
        if row := self._of_thread(key):
            row = replace(row, record=row.record | {"cached": True, "seconds": 0.0, "cost_usd": 0.0})
            await keep(row)
        return row

    def facts(self) -> dict[str, Any]:
        """Return what `$run` refers to: what ran so far, in the shape of the report's `run`."""
        shown = ("tool", "status", "seconds", "cost_usd", "cached", "provider", "error")
        steps = [{"id": name, **{key: one[key] for key in shown}} for name, one in self.records.items()]
        return {
            "run_id": self.run.id,
            "request": self.scope.get("request", ""),
            "steps": steps,
            "cost_usd": self.run.budget.spent.usd,
            "seconds": round(self.elapsed(), 3),
            "unread": self.unread,
            "own_brain": self.own_brain,
        }

    def _announce(self, step: Step, record: Record) -> None:
        for handle in record["artifacts"]:
            with suppress(ToolError):
                self.emit(ArtifactStored(step=step.id, artifact=self.run.artifact(handle)))

    def _progress(self, call_id: str, step: Step, progress: Progress) -> None:
        self.emit(
            StepProgress(call_id=call_id, step=step.id, tool=step.tool, fraction=progress.fraction, note=progress.note)
        )

    def _ended(self, call_id: str, record: Record, output: Any) -> None:
        self._open.discard(call_id)
        self.emit(
            StepEnded(
                call_id=call_id,
                step=record["step"],
                tool=record["tool"],
                status=record["status"],
                seconds=record["seconds"],
                cached=record["cached"],
                error=record["error"],
                output=output,
            )
        )


@dataclass(frozen=True, kw_only=True)
class _Work:
    """A step while it runs."""

    step: Step
    call_id: str
    run: Run
    """The run with the step's progress."""
    keep: Keep
    """Takes each of its calls that ended."""


def _remaining_path(plan: Plan) -> dict[str, int]:
    """Return for each step how many steps follow it on the longest way to the end."""
    users: dict[str, list[str]] = {step.id: [] for step in plan.steps}
    for step in plan.steps:
        for need in step.needs() & users.keys():
            users[need].append(step.id)
    lengths: dict[str, int] = {}

    def length(name: str) -> int:
        if name not in lengths:
            lengths[name] = 1 + max((length(user) for user in users[name]), default=0)
        return lengths[name]

    for name in users:
        length(name)
    return lengths
