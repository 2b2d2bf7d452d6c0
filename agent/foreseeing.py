"""What those who serve the steps of a plan say against them, before anything runs."""

from collections.abc import Mapping

from ..tools.base.models import Models
from ..tools.base.tool import Tool
from .lint import Finding
from .plan import Plan, references


def foreseen(plan: Plan, catalog: Mapping[str, Tool], models: Models) -> list[Finding]:
    """Return the steps that cannot succeed: a film longer than the model makes, a task that it does not have."""
    found = []
    for step in plan.steps:
        tool = catalog.get(step.tool)
        if tool is None or tool.foresee is None:
            continue
        given = {name: value for name, value in step.args.items() if value is not None}
        # A list of references is known by its length.
        known = {name: one for name, one in given.items() if isinstance(one, list) or not any(references(one))}
        if problem := tool.foresee(known, given.keys(), models).problem:
            found.append(Finding(step=step.id, rule="over-limit", message=problem))
    return found
