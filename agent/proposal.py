"""The plan that a model's tool calls make, and what is wrong with it."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import AIMessage, ToolCall
from pydantic import ValidationError

from ..tools.base.tool import Tool
from .arguments import why_broken
from .lint import Bounds, Finding, mend
from .lint.reading import Unreadable, read_plan
from .lint.rules_limits import NO_BOUNDS
from .lint.specs import read_catalog
from .offer import MAKE_PLAN
from .plan import Plan, Step
from .replan import Unfinished


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """What a message wants to be done."""

    plan: Plan | None = None
    """None when the calls are no plan."""
    findings: list[Finding]
    """What is wrong with it; an error keeps it from being run."""
    repairs: list[Finding] = field(default_factory=list)
    """What was wrong with it, and could be mended in one way only."""
    calls: list[dict[str, Any]]
    """The tool calls, each with `id` and with the ids of the `steps` it became."""


def read_proposal(
    message: AIMessage,
    finished: Mapping[str, Any],
    catalog: Mapping[str, Tool],
    max_steps: int,
    *,
    earlier: Mapping[str, Any] | None = None,
    left_of: Callable[[Plan], Unfinished] | None = None,
    facts: Sequence[Mapping[str, Any]] | None = None,
    bounds: Bounds = NO_BOUNDS,
) -> Proposal:
    """Return the plan of a message: a call of `make_plan` is a plan, direct calls of tools are steps of one layer.

    Args:
        message: What the model answered.
        finished: Results of earlier steps, by id; a plan may refer to them.
        catalog: The tools it may use.
        max_steps: A longer plan is refused.
        earlier: Results of earlier turns, by id; what a step of the plan is called itself hides the one of that name.
        left_of: Leaves out of a plan what is done already.
        facts: Of the user's files; what they cannot give is not planned.
        bounds: The most it may cost and take, and the limits of who serves it.
    """
    calls: list[dict[str, Any]] = [{"id": one["id"] or "", "steps": []} for one in message.tool_calls]
    unread = [{"id": one["id"] or "", "steps": []} for one in message.invalid_tool_calls]
    if unread:
        return Proposal(findings=_unreadable(message), calls=calls + unread)
    steps: list[Step] = []
    goals: list[str] = []
    repairs: list[Finding] = []
    specs = read_catalog(catalog)
    try:
        plans: dict[int, Plan] = {}
        for at, one in enumerate(message.tool_calls):
            if _is_plan(one):
                read = read_plan(one["args"], specs)
                plans[at] = read.plan
                repairs += read.mended
        taken = {*finished, *(earlier or {}), *(step.id for plan in plans.values() for step in plan.steps)}
        for at, call in enumerate(message.tool_calls):
            made = plans[at].steps if at in plans else [direct_step(call["name"], call["args"], taken)]
            goals.append(plans[at].goal if at in plans else call["name"])
            calls[at]["steps"] = [step.id for step in made]
            steps += made
        plan = Plan(goal=", ".join(goals), steps=steps)
    except (ValidationError, Unreadable) as error:
        first = str(error)
        if isinstance(error, ValidationError):
            first = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()[:5])
        return Proposal(findings=[Finding(step="", rule="plan-shape", message=first)], calls=calls)
    if left_of:
        left = left_of(plan)
        for answered in calls:
            answered["steps"] = [left.ids[step] for step in answered["steps"]]
        if left.plan is None:
            return Proposal(findings=[_nothing_left()], calls=calls)
        plan = left.plan
    own = {step.id for step in plan.steps}
    known = {name: one for name, one in (earlier or {}).items() if name not in own} | dict(finished)
    mended = mend(plan, specs, known, facts=facts, bounds=bounds)
    plan, findings = mended.plan or plan, mended.findings
    for answered in calls:
        answered["steps"] = mended.steps_of(answered["steps"])
    if len(plan.steps) > max_steps:
        told = f"The plan has {len(plan.steps)} steps; the limit is {max_steps}. Raise `--max-steps`."
        findings.append(Finding(step=plan.steps[-1].id, rule="too-many-steps", message=told))
    return Proposal(plan=plan, findings=findings, calls=calls, repairs=[*repairs, *mended.repairs])


def _nothing_left() -> Finding:
    told = "All steps of this plan are done already. Answer from their results, or plan what is still missing."
    return Finding(step="", rule="nothing-left", message=told)


def _is_plan(call: ToolCall) -> bool:
    return call["name"] == MAKE_PLAN


def direct_step(tool: str, args: dict[str, Any], taken: set[str]) -> Step:
    """Return a direct call as a step; its id is its tool's name with the first number that is free."""
    # A model can make up any name; the linter says that there is no such tool.
    name = re.sub(r"[^A-Za-z0-9_]", "_", tool)[:48] or "call"
    number = len(taken) + 1
    while (id := f"{'_' if name[0].isdigit() else ''}{name}_{number}") in taken:
        number += 1
    taken.add(id)
    return Step(id=id, tool=tool, args=args)


def _unreadable(message: AIMessage) -> list[Finding]:
    cut = message.response_metadata.get("finish_reason") == "length"
    hint = " The answer was cut at the model's limit of tokens: plan fewer steps at once." if cut else ""
    return [
        Finding(step="", rule="broken-arguments", message=f"`{one['name']}`: {why_broken(one['args'])}{hint}")
        for one in message.invalid_tool_calls
    ]
