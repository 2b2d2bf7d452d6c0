"""Which steps of a plan are still to be done, and what is known already of the others."""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from graphlib import TopologicalSorter
from typing import Any

from ..tools.base.call import validate
from ..tools.base.errors import ToolError
from .act import Executor
from .plan import MISSING, Plan, Step, calls, resolve, roots

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
        try:
            results = [_known(step, name, within, executor) for name, within in calls(step, scope)]
        except ToolError:
            return MISSING
        if any(one is MISSING for one in results):
            return MISSING
        return results if step.for_each else results[0]

    return known


def calls_ahead(plan: Plan, scope: Mapping[str, Any], later: Collection[str], executor: Executor) -> dict[str, int]:
    """Return how many calls are still to be done of each step with `for_each` whose list is known.

    Args:
        plan: The plan.
        scope: What is known, and
        later: the steps still to be done, as `still_ahead` gives both.
        executor: Whose journal and memory count.
    """
    counts: dict[str, int] = {}
    for step in plan.steps:
        if step.id in later and step.for_each and not roots(step.for_each) & set(later):
            with suppress(ToolError):
                known = [_known(step, name, within, executor) for name, within in calls(step, scope)]
                counts[step.id] = sum(one is MISSING for one in known)
    return counts


def _known(step: Step, name: str, scope: Mapping[str, Any], executor: Executor) -> Any:
    """Return the plain result of one call; MISSING where it is still to be done."""
    tool, run = executor.catalog[step.tool], executor.run
    try:
        if row := executor.made(step, name, scope):
            return row.result
        if tool.effect != "pure":
            return MISSING
        plain = validate(tool, resolve(step.args, scope)).model_dump(mode="json")
        hit = run.memo.get(tool, run.memo.key(tool, plain, run.models.fingerprint(tool.roles)))
    except ToolError:
        return MISSING
    return MISSING if hit is None else hit[0].model_dump(mode="json")


def _in_order(plan: Plan) -> Iterator[Step]:
    """Yield the steps, each after those that it needs."""
    steps = {step.id: step for step in plan.steps}
    for name in TopologicalSorter({step.id: step.needs() & steps.keys() for step in plan.steps}).static_order():
        yield steps[name]
