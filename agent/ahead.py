"""Which steps of a plan are still to be done, and what is known already of the others."""

from collections.abc import Callable, Iterator, Mapping
from graphlib import TopologicalSorter
from typing import Any

from ..tools.base.call import validate
from ..tools.base.errors import ToolError
from .act import Executor
from .plan import MISSING, Plan, Step, calls, resolve

Known = Callable[[Step, Mapping[str, Any]], Any]
"""(a step, what its references resolve to) -> its plain result; MISSING where it is not there."""


def still_ahead(plan: Plan, scope: Mapping[str, Any], known: Known) -> tuple[dict[str, Any], set[str]]:
    """Return what is known with the results of the steps that need not be done, and the ids of those that do."""
    found, later = dict(scope), {step.id for step in plan.steps}
    for step in _in_order(plan):
        if not step.needs() & later and (result := known(step, found)) is not MISSING:
            found[step.id] = result
            later.discard(step.id)
    return found, later


def in_journal_or_memory(executor: Executor) -> Known:
    """Return what knows the results of a run, and those that an earlier one had with the same arguments."""

    def known(step: Step, scope: Mapping[str, Any]) -> Any:
        result = executor.recorded(step, scope)
        return _remembered(step, scope, executor) if result is MISSING else result

    return known


def _remembered(step: Step, scope: Mapping[str, Any], executor: Executor) -> Any:
    tool, run = executor.catalog[step.tool], executor.run
    if tool.effect != "pure":
        return MISSING
    results = []
    try:
        for _, within in calls(step, scope):
            plain = validate(tool, resolve(step.args, within)).model_dump(mode="json")
            key = run.memo.key(tool, plain, run.models.fingerprint(tool.roles))
            if (hit := run.memo.get(tool, key)) is None:
                return MISSING
            results.append(hit[0].model_dump(mode="json"))
    except ToolError:
        return MISSING
    return results if step.for_each else results[0]


def _in_order(plan: Plan) -> Iterator[Step]:
    """Yield the steps, each after those that it needs."""
    steps = {step.id: step for step in plan.steps}
    for name in TopologicalSorter({step.id: step.needs() & steps.keys() for step in plan.steps}).static_order():
        yield steps[name]
