"""What is wrong with the order of steps: ids that are taken, and circles."""

from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

from ..plan import RESERVED, Step, references
from .draft import Draft, split
from .finding import Finding


def check_ids(draft: Draft) -> Iterator[Finding]:
    """Find ids that are given twice or that mean something else."""
    seen: dict[str, Step] = {}
    referred = {need for needs in draft.needs.values() for need in needs}
    for number, step in enumerate(draft.plan.steps):
        if step.id in seen or step.id in draft.finished or step.id in RESERVED:
            first = seen.get(step.id)
            same = first is not None and (first.tool, first.args, first.for_each) == (
                step.tool, step.args, step.for_each)  # fmt: skip
            free = step.id not in referred
            repair = {"do": "remove-at", "at": number} if same else {"do": "rename-at", "at": number} if free else None
            yield Finding(
                step=step.id,
                rule="step-id",
                message=f"The id {step.id!r} is taken. Give each step an id of its own.",
                repair=repair,
            )
        seen.setdefault(step.id, step)


def check_circles(draft: Draft) -> Iterator[Finding]:
    """Find steps that wait for each other."""
    ids = set(draft.steps)
    graph = {name: (needs & ids) - (set(draft.steps[name].depends_on) & {name}) for name, needs in draft.needs.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle = list(reversed(error.args[1]))
        first = next(step for step in draft.plan.steps if step.id in circle)
        yield Finding(
            step=first.id,
            rule="cycle",
            message=f"The steps wait for each other: {' -> '.join(circle)}.",
            repair=_loosened(circle, draft),
        )


def _loosened(circle: list[str], draft: Draft) -> dict[str, str] | None:
    """Return the repair of a circle in which only one wait is not for a result."""
    loose = []
    for step, need in pairwise(circle):
        if need in draft.steps[step].depends_on:
            data = {split(use.reference)[0] for use in draft.uses[step]}
            data |= {split(one)[0] for one in references(draft.steps[step].for_each)}
            if need not in data and (need, step) not in draft.links:
                loose.append((step, need))
    if len(loose) != 1:
        return None
    return {"do": "remove-dependency-of", "step": loose[0][0], "name": loose[0][1]}
