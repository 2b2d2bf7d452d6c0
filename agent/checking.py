"""The node that makes a plan of the brain's calls and checks it; what is wrong goes back, and nothing runs."""

import json
from dataclasses import replace
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, ToolMessage
from langgraph.runtime import Runtime

from ..tools.base.budget import Caps
from ..tools.base.labels import trusted
from .act import Executor
from .ahead import calls_ahead, in_journal_or_memory, still_ahead
from .context import Context, give, last_answer
from .events import PlanMended, TextDelta
from .foreseeing import foreseen
from .gate import to_ask
from .last_words import not_runnable, shortfall_of
from .lint import Finding, errors
from .messages import harmless_name
from .plan import Plan
from .proposal import Proposal, read_proposal
from .quote import beyond_budget, quote_plan
from .replan import Unfinished, tried_enough, unfinished
from .state import State
from .think import GIVEN

MAX_REPAIRS = 2


def lint(state: State, runtime: Runtime[Context]) -> State:
    """Make a plan of the calls and check it; what is wrong goes back to the brain, and nothing runs."""
    context = runtime.context
    give(context.executor, state)
    finished = _previous(context.executor, state)
    earlier = _earlier(context.executor, state)
    scope = context.executor.scope

    def left_of(plan: Plan) -> Unfinished:
        return unfinished(plan, state["records"], scope, context.catalog)

    proposal = read_proposal(
        last_answer(state),
        finished,
        context.catalog,
        context.max_steps,
        earlier=earlier,
        left_of=left_of,
        # What is wrong is told to a model, which may not have read anything yet; a name may be an order.
        facts=[{**one, "shown": harmless_name(str(one["name"]), state["request"])} for one in state["files"]],
    )
    plan = proposal.plan
    findings = [*errors(proposal.findings), *(tried_enough(plan, state.get("failures", {}), scope) if plan else ())]
    if plan is not None and not findings:
        findings += foreseen(plan, context.catalog, context.executor.run.models)
    if plan is not None and not findings:
        findings += _unaffordable(plan, context, state["files"])
    if plan is None or findings:
        return _refusal(state, replace(proposal, findings=findings), context)
    replans = state.get("replans", 0) + bool(state.get("troubles"))
    mended = [one.plain() for one in proposal.repairs]
    if mended:
        context.emit(PlanMended(repairs=mended))
    asked = to_ask(plan, context.executor, state["files"])
    if asked["asked"]:
        context.executor.announce(plan)  # what the user is asked about is shown as a part of it
    is_own = trusted(context.executor.run.labels)
    return {
        "plan": plan.model_dump(),
        "planned": sorted({*state.get("planned", ()), *(step.tool for step in plan.steps if is_own)}),
        "calls": proposal.calls,
        "gate": asked,
        "repairs": 0,
        "replans": replans,
        "mended": mended,
    }


def _unaffordable(plan: Plan, context: Context, facts: list[dict[str, Any]]) -> list[Finding]:
    """Return what of a plan is more than what is left of the budget, for what is still to be done."""
    run = context.executor.run
    if run.budget.caps == Caps():
        return []
    quote, degrade = quote_plan(plan, context.catalog, run.settings, facts), run.settings.degrade
    if not errors(beyond_budget(quote, run.budget, degrade=degrade)):
        return []
    scope, later = still_ahead(plan, context.executor.scope, in_journal_or_memory(context.executor))
    done = {step.id for step in plan.steps} - later  # which takes a look at each, and mostly none is needed
    counts = calls_ahead(plan, scope, later, context.executor)
    ahead = quote_plan(plan, context.catalog, run.settings, facts, counts=counts)
    return errors(beyond_budget(quote, run.budget, degrade=degrade, done=done, ahead=ahead))


def _refusal(state: State, proposal: Proposal, context: Context) -> State:
    """Tell the brain what is wrong with its plan; after the last try tell the user."""
    wrong = json.dumps([one.told() for one in proposal.findings], ensure_ascii=False)
    told: list[AnyMessage] = [
        ToolMessage(f"The plan was not run: {wrong}", tool_call_id=call["id"], status="error")
        for call in proposal.calls
    ]
    repairs = state["repairs"] + 1
    is_given = any(call["id"] == GIVEN for call in proposal.calls)
    if repairs <= MAX_REPAIRS and not is_given:
        return {"messages": told, "plan": None, "repairs": repairs}
    text = not_runnable(state["request"], proposal.findings, 0 if is_given else repairs)
    context.emit(TextDelta(text=text))
    told.append(AIMessage(content=text))
    return {
        "messages": told,
        "plan": None,
        "repairs": repairs,
        "answer": text,
        "shortfall": shortfall_of(state["records"]),
    }


def _earlier(executor: Executor, state: State) -> dict[str, Any]:
    """Return the results of earlier turns of the thread; a plan may refer to them, or take their ids again."""
    return {name: executor.scope[name] for name in state.get("earlier", {}) if name in executor.scope}


def _previous(executor: Executor, state: State) -> dict[str, Any]:
    """Return the results that a further plan may refer to; the id of a step that failed is free again."""
    return {name: executor.scope[name] for name, one in state["records"].items() if one["status"] == "done"}
