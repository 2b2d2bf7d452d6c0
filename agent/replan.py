"""What happens after a plan did not end as it should: what is not done, what may be planned again, what may not."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..prompts import load
from ..tools.base.memo import digest
from ..tools.base.tool import Tool
from .lint import Finding
from .plan import MISSING, Plan, PlanError, Step, renamed, resolve
from .state import State
from .tidy import written

MAX_ROUNDS = 12
MAX_REPLANS = 2
MAX_TRIES = 2
"""How often the same call may fail."""
_MOST_ARGUMENT_LETTERS = 300
# Parts of a result that are there when nothing was found as well.
_NO_FINDING = frozenset({"limits", "coverage", "tried", "searched", "not_found", "kinds"})

Trouble = dict[str, str]
"""A required step that is not done: its `step`, `tool`, `args`, what is wrong (`problem`), and the `message`."""
Failures = Mapping[str, Mapping[str, Any]]
"""How often each call failed (`times`), by its digest, with the `status` and the `message` of the last time."""


@dataclass(frozen=True, kw_only=True)
class Unfinished:
    """What is left of a plan without the steps that are done."""

    plan: Plan | None
    """None: nothing is left."""
    ids: Mapping[str, str]
    """What its steps are called, by what the model called them."""


def may_plan(state: State) -> bool:
    """Return whether the model may make another plan, or must answer from what there is."""
    return state["rounds"] < MAX_ROUNDS and not (state.get("troubles") and state.get("replans", 0) >= MAX_REPLANS)


def unfinished(
    plan: Plan, records: Mapping[str, Mapping[str, Any]], scope: Mapping[str, Any], catalog: Mapping[str, Tool]
) -> Unfinished:
    """Return a further plan without the steps that repeat finished ones; others of the same name get one of their own.

    Args:
        plan: What the model wants.
        records: How the steps before it ended.
        scope: What references resolve to.
        catalog: The tools.
    """
    done = {name for name, record in records.items() if record["status"] == "done"}
    taken = done | {step.id for step in plan.steps}
    ids: dict[str, str] = {}
    left = []
    for step in plan.steps:
        if step.id in done and records[step.id]["key"] == _key(step, scope, catalog):
            ids[step.id] = step.id
            continue
        ids[step.id] = _free(step.id, taken) if step.id in done else step.id
        taken.add(ids[step.id])
        left.append(step)
    if not left:
        return Unfinished(plan=None, ids=ids)
    if len(left) == len(plan.steps) and all(old == new for old, new in ids.items()):
        return Unfinished(plan=plan, ids=ids)
    return Unfinished(plan=Plan(goal=plan.goal, steps=[_called(step, ids) for step in left]), ids=ids)


def troubles(plan: Plan, records: Mapping[str, Mapping[str, Any]], scope: Mapping[str, Any]) -> list[Trouble]:
    """Return the required steps of a plan that are not done, or found nothing, in the order of the plan."""
    found = []
    for step in plan.steps:
        record = records[step.id]
        problem = "empty" if record["status"] == "done" and is_empty(scope.get(step.id)) else record["status"]
        if step.optional or problem == "done":
            continue
        message = "It found nothing." if problem == "empty" else (record["error"] or {}).get("message", "")
        args = written(step.args)[:_MOST_ARGUMENT_LETTERS]
        found.append({"step": step.id, "tool": step.tool, "args": args, "problem": problem, "message": message})
    return found


def is_empty(result: Any) -> bool:
    """Return whether a perception tool found nothing: no moment, no measure, and no list with anything in it."""
    if isinstance(result, list):
        return bool(result) and all(map(is_empty, result))
    if not isinstance(result, Mapping) or "moments" not in result or "measures" not in result:
        return False
    return not any(part for name, part in result.items() if isinstance(part, list) and name not in _NO_FINDING)


def failures_of(
    plan: Plan, state: State, records: Mapping[str, Mapping[str, Any]], scope: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    """Return how often each call failed, by its digest: as the state has it, and this plan's.

    What the user refused once is not asked again.
    """
    failures = dict(state.get("failures", {}))
    for step in plan.steps:
        status = records[step.id]["status"]
        call = _call(step, scope) if status in ("failed", "rejected") else None
        if call:
            times = MAX_TRIES if status == "rejected" else failures.get(call, {"times": 0})["times"] + 1
            message = (records[step.id]["error"] or {}).get("message", "")
            failures[call] = {"times": times, "step": step.id, "status": status, "message": message}
    return failures


def tried_enough(plan: Plan, failures: Failures, scope: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield a finding for each step that is a call which failed as often as it may, or which was not approved."""
    for step in plan.steps:
        if message := why_not_again(step, failures, scope):
            yield Finding(step=step.id, rule="tried-enough", message=message)


def why_not_again(step: Step, failures: Failures, scope: Mapping[str, Any]) -> str | None:
    """Return why a step is not to run, as far as its arguments are known: its call failed as often as it may."""
    call = _call(step, scope) if failures else None
    known = failures.get(call or "")
    if not known or known["times"] < MAX_TRIES:
        return None
    why = "is not asked about again" if known["status"] == "rejected" else f"failed {known['times']} times"
    return (
        f"This call of `{step.tool}` {why}: {known['message']} Use another tool or other arguments, or answer "
        "without it and say what is missing."
    )


def advice(state: State, found: list[Trouble], records: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return what the model is told of steps that are not done, beside the results."""
    if not found:
        return {}
    done = ", ".join(f"${name}" for name, record in records.items() if record["status"] == "done")
    left = MAX_REPLANS - state.get("replans", 0)
    name = "replan" if may_plan({**state, "troubles": found}) else "answer_now"
    return {"not_done": found, "next": load(name, done=done or "none", left=str(left)).strip()}


def superseded(before: list[Trouble], found: list[Trouble], records: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return the records, where a further plan ended well without those that its earlier ones left unfinished.

    Args:
        before: What was not done before this plan.
        found: What is not done after it.
        records: How all steps ended.
    """
    stale = {one["step"] for one in before} if not found else set()
    return {
        name: {**record, "superseded": True} if name in stale and record["status"] != "done" else record
        for name, record in records.items()
    }


def _call(step: Step, scope: Mapping[str, Any]) -> str | None:
    """Return what identifies a step's call whatever the step is called; None before its arguments are known."""
    try:
        items = resolve(step.for_each, scope)
        args = step.args if step.for_each else resolve(step.args, {**scope, "run": MISSING})
        return digest(step.tool, items, args)
    except (PlanError, TypeError):
        return None


def _key(step: Step, scope: Mapping[str, Any], catalog: Mapping[str, Tool]) -> str | list[str] | None:
    """Return the key under which the journal has this step; see `Executor`."""
    tool = catalog.get(step.tool)
    if tool is None:
        return None
    try:
        if step.for_each is None:
            return digest(step.id, tool.name, tool.version, resolve(step.args, {**scope, "run": MISSING}))
        return [
            digest(
                f"{step.id}[{number}]",
                tool.name,
                tool.version,
                resolve(step.args, {**scope, "run": MISSING, "item": item}),
            )
            for number, item in enumerate(resolve(step.for_each, scope))
        ]
    except (PlanError, TypeError):
        return None


def _called(step: Step, ids: Mapping[str, str]) -> Step:
    return step.model_copy(
        update={
            "id": ids[step.id],
            "args": renamed(step.args, ids),
            "for_each": renamed(step.for_each, ids),
            "depends_on": [ids.get(name, name) for name in step.depends_on],
        }
    )


def _free(name: str, taken: set[str]) -> str:
    base = re.sub(r"_\d+$", "", name)[:60]
    number = 2
    while f"{base}_{number}" in taken:
        number += 1
    return f"{base}_{number}"
