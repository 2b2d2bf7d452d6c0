"""The node that asks the user, once for all risky steps of a plan; the graph's only interrupt is here."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from langgraph.runtime import Runtime
from langgraph.types import interrupt

from ..tools.base.budget import usd
from ..tools.base.policy import Policy
from ..tools.base.price import Quote
from .act import Executor
from .ahead import still_ahead
from .approval import Ask, Decision, DecisionError, read_decisions, wire
from .asks import ask_about, sources, where_it_stands
from .consent import Consent
from .context import Context, give
from .lint import check, errors
from .plan import MISSING, RESERVED, Plan, Step
from .quote import quote_plan
from .state import State
from .tidy import written

_MOST_LETTERS = 1_000
"""Of an edit, for the model that plans."""


async def gate(state: State, runtime: Runtime[Context]) -> State:
    """Ask for the decisions and note them; all of it runs again when the answer comes, so the asking comes first."""
    answer = interrupt(wire([Ask.of(one) for one in state["gate"]["asked"]]))
    context = runtime.context
    give(context.executor, state)
    consent, plan = context.executor.consent, Plan.model_validate(state["plan"])
    asked, consent.asked = consent.asked, []
    try:
        decisions = read_decisions(answer, asked)
    except DecisionError as error:
        consent.asked = [replace(one, problem=str(error)) for one in asked]
        return {"gate": consent.plain()}
    told = [
        {"name": ask.name, "tool": ask.tool, "key": ask.key, **one.plain()}
        for ask, one in zip(asked, decisions, strict=True)
    ]
    context.executor.journal.decide(context.executor.run.id, told)
    edits = _Edits(plan, context)
    for ask, decision in zip(asked, decisions, strict=True):
        if decision.type == "edit":
            edits.add(ask, decision)
        elif decision.type == "reject":
            consent.rejected[ask.name] = rejection(ask, decision)
        else:
            consent.approve(ask)
    plan = edits.settle(consent)
    return {"gate": consent.plain(), "plan": plan.model_dump()}


def to_ask(plan: Plan, executor: Executor, files: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """Return what the gate needs to know of a plan that was checked: what must be asked, and nothing answered yet.

    Args:
        plan: The plan.
        executor: Whose journal, policy and results count.
        files: Facts of the user's files, for the price.
    """
    # What was made before the run was interrupted will not be made again.
    scope, later = still_ahead(plan, executor.scope, executor.recorded)
    prices = _prices(plan, executor, files)
    dear = _dear([prices[name] for name in later if name in prices], executor.run.settings.policy)
    asks = (
        _ask(step, plan, scope, later, executor, price=prices.get(step.id), dear=dear)
        for step in plan.steps
        if step.id in later
    )
    return Consent(asked=[one for one in asks if one]).plain()


def rejection(ask: Ask, decision: Decision) -> dict[str, str]:
    """Return how the record of a call ends that was not approved."""
    if ask.resend:
        return {"status": "failed", "type": "OutcomeUnknown", "message": decision.message or ask.reason}
    said = f"It was not approved: {decision.message}" if decision.message else "The user rejected this call."
    return {"status": "rejected", "type": "Rejected", "message": said}


def left_to_ask(plan: Plan, executor: Executor) -> dict[str, Any]:
    """Return what the gate needs to know of a plan that ran: what could be asked only now; nothing when it is over."""
    consent, steps = executor.consent, {step.id: step for step in plan.steps}
    if not consent.asked:
        return Consent().plain()
    asked = [_with_sources(one, steps[one.step], plan, executor.scope, executor) for one in consent.asked]
    return replace(consent, asked=asked, ended={name for name in steps if name in executor.records}).plain()


def _prices(plan: Plan, executor: Executor, files: Sequence[Mapping[str, Any]]) -> dict[str, Quote]:
    """Return what each step costs for which a model behind an endpoint is paid."""
    settings = executor.run.settings
    if not settings.endpoints or not any(executor.catalog[step.tool].roles for step in plan.steps):
        return {}
    quoted = quote_plan(plan, executor.catalog, settings, files)
    return {one.step: one.cost for one in quoted.steps if one.served_by}


def _dear(prices: Sequence[Quote], policy: Policy) -> str:
    """Say that a plan of these prices is dear enough to be asked about; nothing when it is not."""
    total = sum(prices, Quote.free())
    if not policy.asks_for(total):
        return ""
    return f"The plan {in_words(total)}; more than {usd(policy.ask_above_usd)} is asked about."


def in_words(price: Quote) -> str:
    """Return a price as words that follow a noun."""
    if price.high_usd is None:
        return "has no known price"
    return f"costs likely {usd(price.likely_usd)}, at most {usd(price.high_usd)}"


def _ask(
    step: Step,
    plan: Plan,
    scope: Mapping[str, Any],
    later: Collection[str],
    executor: Executor,
    *,
    price: Quote | None = None,
    dear: str = "",
) -> Ask | None:
    costs = price is not None and price.high_usd != 0
    ask = ask_about(
        step,
        executor.catalog[step.tool],
        scope,
        later,
        executor.run,
        labels=executor.origins(step),
        price=price,
        dear=dear if costs else "",
    )
    if ask is None:
        return None
    said = f"It {in_words(price)}." if price and costs else ""
    return replace(_with_sources(ask, step, plan, scope, executor), price=said)


def _with_sources(ask: Ask, step: Step, plan: Plan, scope: Mapping[str, Any], executor: Executor) -> Ask:
    tools = {name: record["tool"] for name, record in executor.records.items()}
    tools |= {one.id: one.tool for one in plan.steps}
    said = sources(step, tools, scope, executor.run)
    if ask.is_exact:
        results = {name: scope[name] for name in tools if scope.get(name, MISSING) is not MISSING}
        for name in sorted(executor.catalog[step.tool].control_arguments & ask.args.keys()):
            if stands := where_it_stands(ask.args[name], results, tools, executor.run):
                said[name] = " and ".join(filter(None, [said.get(name), f"what stands in {stands}"]))
    return replace(ask, sources=said)


@dataclass
class _Edits:
    """Steps that the user wants otherwise."""

    plan: Plan
    context: Context

    def __post_init__(self) -> None:
        self._changed: dict[str, tuple[Ask, Step]] = {}

    def add(self, ask: Ask, decision: Decision) -> None:
        step = next(one for one in self.plan.steps if one.id == ask.step)
        changed = step.model_copy(update={"tool": decision.name, "args": dict(decision.args)})
        self._changed[ask.step] = (ask, changed)

    def settle(self, consent: Consent) -> Plan:
        """Return the plan with the edits; what is wrong with them is asked about again."""
        if not self._changed:
            return self.plan
        steps = [self._changed[one.id][1] if one.id in self._changed else one for one in self.plan.steps]
        plan = Plan(goal=self.plan.goal, steps=steps)
        problems, executor = self._problems(plan), self.context.executor
        good = {name: step for name, (_, step) in self._changed.items() if name not in problems}
        consent.edited |= {name: f"{step.tool} {written(step.args)}"[:_MOST_LETTERS] for name, step in good.items()}
        for name, (ask, step) in self._changed.items():
            if name in problems:
                # What was asked about first is not shown any more, so it cannot be approved.
                wrong = replace(ask, tool=step.tool, args=step.args, problem=problems[name])
                consent.asked.append(replace(wrong, allowed=("edit", "reject")))
            elif edited := _ask(step, plan, executor.scope, {one.id for one in steps}, executor):
                consent.approve(edited)
        return Plan(goal=plan.goal, steps=[good.get(one.id, one) for one in self.plan.steps])

    def _problems(self, plan: Plan) -> dict[str, str]:
        """Return what is wrong with the edited steps; what breaks another step is the fault of all edits."""
        taken = {*RESERVED, *(step.id for step in plan.steps)}
        scope = self.context.executor.scope
        finished = {name: one for name, one in scope.items() if name not in taken and one is not MISSING}
        problems: dict[str, str] = {}
        for finding in errors(check(plan, self.context.catalog, finished)):
            for name in [finding.step] if finding.step in self._changed else list(self._changed):
                problems[name] = f"{problems[name]} {finding.message}" if name in problems else finding.message
        return problems
