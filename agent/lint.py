"""What is wrong with a plan, before it costs anything."""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any

from pydantic import ValidationError

from ..tools.base.tool import Tool
from .plan import RESERVED, Plan, Step, look_up, references


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that is wrong."""

    step: str
    rule: str
    message: str

    def plain(self) -> dict[str, str]:
        return asdict(self)


def check(plan: Plan, catalog: Mapping[str, Tool], finished: Mapping[str, Any] | None = None) -> list[Finding]:
    """Return everything that keeps a plan from running, in the order of its steps.

    Args:
        plan: The plan.
        catalog: The tools it may use.
        finished: Results of earlier steps that it may refer to, by step id.
    """
    results = finished or {}
    tools = {step.id: catalog[step.tool] for step in plan.steps if step.tool in catalog}
    findings: list[Finding] = []
    seen: set[str] = set()
    for step in plan.steps:
        if step.id in seen or step.id in results or step.id in RESERVED:
            findings.append(_finding(step, "step-id", f"The id {step.id!r} is taken. Give each step an id of its own."))
        seen.add(step.id)
        findings += _check_tool(step, catalog)
        findings += _check_references(step, plan, tools, results)
    findings += _check_cycle(plan)
    return findings


def _check_tool(step: Step, catalog: Mapping[str, Tool]) -> Iterator[Finding]:
    if step.tool not in catalog:
        near = difflib.get_close_matches(step.tool, catalog, n=1)
        hint = f"Did you mean `{near[0]}`?" if near else f"There are: {', '.join(catalog)}."
        yield _finding(step, "unknown-tool", f"There is no tool {step.tool!r}. {hint}")
        return
    arguments = catalog[step.tool].arguments
    # The value of an argument with a reference is known only when it runs; its name is checked now.
    late = {name for name, value in step.args.items() if any(references(value))}
    try:
        arguments.model_validate(step.args)
    except ValidationError as error:
        for problem in error.errors():
            name = str(problem["loc"][0]) if problem["loc"] else ""
            if problem["type"] == "extra_forbidden":
                takes = ", ".join(f"`{one}`" for one in arguments.model_fields)
                yield _finding(step, "unknown-argument", f"`{step.tool}` has no argument {name!r}. It takes: {takes}.")
            elif problem["type"] == "missing" and len(problem["loc"]) == 1:
                yield _finding(step, "missing-argument", f"`{step.tool}` needs the argument `{name}`.")
            elif name not in late:
                yield _finding(step, "wrong-argument", f"The argument `{name}` of `{step.tool}`: {problem['msg']}.")


def _check_references(
    step: Step, plan: Plan, tools: Mapping[str, Tool], results: Mapping[str, Any]
) -> Iterator[Finding]:
    ids = {other.id for other in plan.steps}
    repeated = {other.id for other in plan.steps if other.for_each}
    for reference in references([step.args, step.for_each]):
        root, path = _split(reference)
        if root == "item" and step.for_each is None:
            yield _finding(step, "unknown-reference", "`$item` means something only in a step with `for_each`.")
        elif root in RESERVED:
            continue
        elif root in results:
            try:
                look_up(reference, results)
            except Exception as error:
                yield _finding(step, "unknown-reference", str(error))
        elif root not in ids:
            known = ", ".join(f"`${name}`" for name in [*ids - {step.id}, *results, "files"])
            yield _finding(step, "unknown-reference", f"`${reference}` refers to no step. There are: {known}.")
        elif root in tools and root not in repeated and path:
            fields = tools[root].returns.model_fields
            if path[0] not in fields:
                has = ", ".join(fields)
                yield _finding(
                    step, "unknown-reference", f"`{tools[root].name}` gives no {path[0]!r}. It gives: {has}."
                )
    for name in step.depends_on:
        if name not in ids and name not in results:
            yield _finding(step, "unknown-reference", f"`depends_on` names {name!r}, which is no step.")


def _check_cycle(plan: Plan) -> Iterator[Finding]:
    ids = {step.id for step in plan.steps}
    try:
        TopologicalSorter({step.id: step.needs() & ids for step in plan.steps}).prepare()
    except CycleError as error:
        circle = list(reversed(error.args[1]))
        first = next(step for step in plan.steps if step.id in circle)
        yield _finding(first, "cycle", f"The steps wait for each other: {' -> '.join(circle)}.")


def _split(reference: str) -> tuple[str, list[str]]:
    root, *path = reference.replace("[", ".[").split(".")
    return root, path


def _finding(step: Step, rule: str, message: str) -> Finding:
    return Finding(step=step.id, rule=rule, message=message)
