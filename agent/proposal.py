"""The plan that a model's tool calls make, and what is wrong with it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import AIMessage, ToolCall
from pydantic import ValidationError

from ..tools.base.tool import Tool
from .arguments import why_broken
from .lint import Finding, check
from .offer import MAKE_PLAN
from .plan import Plan, Step
from .replan import Unfinished


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """What a message wants to be done."""

    plan: Plan | None = None
    """None when the calls are no plan."""
    findings: list[Finding]
    """What keeps it from being run."""
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
) -> Proposal:
    """Return the plan of a message: a call of `make_plan` is a plan, direct calls of tools are steps of one layer.

    Args:
        message: What the model answered.
        finished: Results of earlier steps, by id; a plan may refer to them.
        catalog: The tools it may use.
        max_steps: A longer plan is refused.
        earlier: Results of earlier turns, by id; what a step of the plan is called itself hides the one of that name.
        left_of: Leaves out of a plan what is done already.
    """
    calls: list[dict[str, Any]] = [{"id": one["id"] or "", "steps": []} for one in message.tool_calls]
    unread = [{"id": one["id"] or "", "steps": []} for one in message.invalid_tool_calls]
    if unread:
        return Proposal(findings=_unreadable(message), calls=calls + unread)
    steps: list[Step] = []
    goals: list[str] = []
    try:
        plans = {at: Plan.model_validate(one["args"]) for at, one in enumerate(message.tool_calls) if _is_plan(one)}
        taken = {*finished, *(earlier or {}), *(step.id for plan in plans.values() for step in plan.steps)}
        for at, call in enumerate(message.tool_calls):
            made = plans[at].steps if at in plans else [direct_step(call["name"], call["args"], taken)]
            goals.append(plans[at].goal if at in plans else call["name"])
            calls[at]["steps"] = [step.id for step in made]
            steps += made
        plan = Plan(goal=", ".join(goals), steps=steps)
    except ValidationError as error:
        first = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()[:5])
        return Proposal(findings=[Finding(step="", rule="plan-shape", message=first)], calls=calls)
    if left_of:
        left = left_of(plan)
        for one in calls:
            one["steps"] = [left.ids[step] for step in one["steps"]]
        if left.plan is None:
            return Proposal(findings=[_nothing_left()], calls=calls)
        plan = left.plan
    own = {step.id for step in plan.steps}
    findings = check(
        plan, catalog, {name: one for name, one in (earlier or {}).items() if name not in own} | dict(finished)
    )
    if len(plan.steps) > max_steps:
        told = f"The plan has {len(plan.steps)} steps; the limit is {max_steps}. Raise `--max-steps`."
        findings.append(Finding(step=plan.steps[-1].id, rule="too-many-steps", message=told))
    return Proposal(plan=plan, findings=findings, calls=calls)


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
