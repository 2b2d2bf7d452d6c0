"""What a plan will take and cost, before it runs."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from ..tools.base.budget import Budget, usd
from ..tools.base.estimate import NOTHING, Estimate
from ..tools.base.models import Models
from ..tools.base.price import Quote
from ..tools.base.quoting import as_ordered, cost_of, has_stand_in, paid_model, priced_by
from ..tools.base.settings import Settings
from ..tools.base.tool import Tool
from .lint import Finding, errors
from .lint.draft import split, split_each
from .lint.finding import Severity
from .plan import MAX_ITEMS, Plan, Step, references

Facts = Mapping[str, Any]
Count = tuple[float, float, float]
Amounts = tuple[float | None, float | None, float | None]
"""At least, likely and at most; None where a price is unknown."""

ONCE: Count = (1, 1, 1)
ITEMS: Count = (1, 10, MAX_ITEMS)
"""Calls of a step with `for_each` over a list of which nothing is known."""
ONLY_REMOTE = frozenset({"calls", "input_tokens", "output_tokens"})
"""Units that exist only where a model behind an endpoint serves."""
_ROUNDING = 1e-9
"""Sums of prices are not exact; this is nothing."""
_KIND_OF_PART = {"audio": "audio", "video": "video", "clip": "video"}


@dataclass(frozen=True, kw_only=True)
class StepQuote:
    """What one step will take and cost."""

    step: str
    units: Estimate
    cost: Quote
    served_by: str = ""
    """The model that will be paid; empty for what is done here."""
    has_stand_in: bool = False
    """Whether another does it where the model cannot be paid."""

    def plain(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return {"step": self.step, "served_by": self.served_by, "units": plain_units(self.units), **_usd(self.cost)}


@dataclass(frozen=True, kw_only=True)
class PlanQuote:
    """What a plan will take and cost, without the words of the model that plans."""

    steps: tuple[StepQuote, ...]

    @property
    def units(self) -> Estimate:
        total = NOTHING
        for one in self.steps:
            total += one.units
        return total

    @property
    def cost(self) -> Quote:
        total = Quote.free()
        for one in self.steps:
            total += one.cost
        return total

    def plain(self) -> dict[str, Any]:
        """Return it as JSON data: `units` with low, likely and high of each; USD is null where a price is unknown."""
        steps = [one.plain() for one in self.steps if one.units.high or one.served_by]
        return {"units": plain_units(self.units), **_usd(self.cost), "steps": steps}


def quote_plan(
    plan: Plan,
    catalog: Mapping[str, Tool],
    settings: Settings,
    facts: Sequence[Facts] = (),
    *,
    counts: Mapping[str, int] = MappingProxyType({}),
) -> PlanQuote:
    """Return what a plan will take and cost.

    Args:
        plan: A plan without errors.
        catalog: Its tools.
        settings: They say who serves which role, and at what price.
        facts: Of the user's files, as `ingest` gives them.
        counts: Step -> how many calls of it to count, where that is known better than by its plan.
    """
    return PlanQuote(steps=tuple(_Quoter(plan, catalog, settings, facts, counts).quote()))


def beyond_budget(
    quote: PlanQuote,
    budget: Budget,
    *,
    degrade: bool,
    done: Collection[str] = frozenset(),
    ahead: PlanQuote | None = None,
) -> list[Finding]:
    """Return what of a plan the budget of its run does not pay for: a step alone, or all of them together.

    A step is refused that takes more at least than is left, and a plan that likely takes more: nothing is paid for a
    part of what cannot be had. That it may take more is a warning, for the cap holds anyway.

    Args:
        quote: Of the plan.
        budget: Of the run; what it has spent counts.
        degrade: Whether what cannot be paid is done otherwise, less well, where somebody can; then nothing is refused
            for it.
        done: Steps whose results are there already.
        ahead: Of the calls alone that are still to be done.
    """
    still = {one.step: one for one in (ahead or quote).steps}
    paid = [one for one in quote.steps if one.served_by and one.step not in done]
    found: list[Finding] = []
    for unit in ("usd", *budget.caps.units):
        rest = budget.left_usd if unit == "usd" else budget.left(unit)
        if rest is None:
            continue
        steps = [one for one in paid if unit == "usd" or unit in one.units.high]
        takes = {one.step: _left_to_take(one, still[one.step], unit, budget) for one in steps}
        alone = [_alone(one, takes[one.step][0], unit, rest, degrade=degrade) for one in steps]
        refused = [one for one in alone if one]
        found += refused
        if len(steps) > 1 and not errors(refused):
            found += _together(steps, takes, unit, rest, budget, degrade=degrade)
    return found


def _alone(one: StepQuote, least: float | None, unit: str, rest: float, *, degrade: bool) -> Finding | None:
    if least is not None and least <= rest + _ROUNDING:
        return None
    what = "has no known price" if least is None else f"takes at least {least:.4g} {_unit(unit)}"
    told = f"`{one.served_by}` {what}, and {rest:.4g} {_unit(unit)} of the budget are left."
    severity: Severity = "warning" if degrade and one.has_stand_in else "error"
    return Finding(step=one.step, rule="over-budget", message=told, severity=severity)


def _together(
    steps: Sequence[StepQuote], takes: Mapping[str, Amounts], unit: str, rest: float, budget: Budget, *, degrade: bool
) -> list[Finding]:
    low, likely, high = (sum(each[at] or 0.0 for each in takes.values()) for at in range(3))
    if high <= rest + _ROUNDING:
        return []
    is_likely = likely > rest + _ROUNDING
    whole = f"may take {_amount(high, unit)}"
    if is_likely:
        spread = "" if low == high else f" ({_amount(low, unit)} to {_amount(high, unit)})"
        whole = f"take {'likely ' if spread else ''}{_amount(likely, unit)}{spread}"
    each = ", ".join(f"`{one.step}` {_amount(takes[one.step][1], unit)} by `{one.served_by}`" for one in steps)
    cap = budget.caps.usd if unit == "usd" else budget.caps.units[unit]
    told = (
        f"The steps together {whole}, and {_amount(rest, unit)} of the budget of {_amount(cap, unit)} is left: {each}. "
        f"Raise {'`--budget-usd`, or ' if unit == 'usd' else ''}`{unit}` in `[budget]` of sensorium.toml, leave out a "
        "step, or set a cheaper model."
    )
    can_be_had = degrade and all(one.has_stand_in for one in steps)
    severity: Severity = "error" if is_likely and not can_be_had else "warning"
    return [Finding(step="", rule="over-budget", message=told, severity=severity)]


def _left_to_take(whole: StepQuote, ahead: StepQuote, unit: str, budget: Budget) -> Amounts:
    """Return what a step still takes, at least, likely and at most; None where a price is unknown.

    What its orders have cost, or hold, is not paid again when a run goes on, nor what an earlier run has paid. Some of
    both may be of the same calls, so the one is not taken off the other.
    """
    used = budget.spent_by(f"{budget.run}-{whole.step}", unit)
    low, likely, high = (
        None if all_of_it is None or one is None else max(0.0, min(one, all_of_it - used))
        for all_of_it, one in zip(_amounts(whole, unit), _amounts(ahead, unit), strict=True)
    )
    return low, likely, high


def _amounts(one: StepQuote, unit: str) -> Amounts:
    if unit == "usd":
        return one.cost.low_usd, one.cost.likely_usd, one.cost.high_usd
    return one.units.low.get(unit, 0.0), one.units.likely.get(unit, 0.0), one.units.high.get(unit, 0.0)


def _unit(name: str) -> str:
    return "USD" if name == "usd" else name.replace("_", " ")


def _amount(amount: float | None, unit: str) -> str:
    return usd(amount) if unit == "usd" else f"{amount or 0:.4g} {_unit(unit)}"


class _Quoter:
    def __init__(
        self,
        plan: Plan,
        catalog: Mapping[str, Tool],
        settings: Settings,
        facts: Sequence[Facts],
        counts: Mapping[str, int],
    ) -> None:
        self._plan, self._catalog, self._settings, self._counts = plan, catalog, settings, counts
        self._files = [one for one in facts if not one.get("error")]
        self._steps = {step.id: step for step in plan.steps}
        self._models = Models(settings)

    def quote(self) -> list[StepQuote]:
        return [self._step(step) for step in self._plan.steps if step.tool in self._catalog]

    def _step(self, step: Step) -> StepQuote:
        tool = self._catalog[step.tool]
        counted = self._counts.get(step.id)
        calls = self._calls(step, frozenset()) if counted is None else (float(counted),) * 3
        units = self._units(step).times(calls)
        served = paid_model(tool, self._settings)
        if served is None:
            units = Estimate(low=_here(units.low), likely=_here(units.likely), high=_here(units.high))
            return StepQuote(step=step.id, units=units, cost=Quote(units=units.high))
        known, given = _known_of(step)
        cost = cost_of(tool, units, served, priced_by(tool, known, given, self._models))
        others = has_stand_in(tool, known, given, self._models)
        return StepQuote(step=step.id, units=units, cost=cost, served_by=served.full_name, has_stand_in=others)

    def _units(self, step: Step) -> Estimate:
        tool = self._catalog[step.tool]
        if tool.units is None:
            return NOTHING
        files = {one.name: self._facts(step.args.get(one.name), step) for one in tool.media_arguments if not one.many}
        return tool.units(as_ordered(tool, *_known_of(step), self._models), files)

    def _facts(self, value: Any, step: Step) -> Facts:
        """Return what is known of the file that an argument names."""
        found = list(references(value))
        if not found:
            return {}
        root, path = split(found[0])
        if root == "files" and path and isinstance(path[0], int) and -len(self._files) <= path[0] < len(self._files):
            return self._files[path[0]]
        if root == "item":
            each = split_each(step.for_each) or ""
            if split(each)[0] == "files":
                kinds = {one.get("kind") for one in self._files}
                return {"kind": kinds.pop()} if len(kinds) == 1 else {}
            path = (*split(each)[1], *path)
        names = [part for part in path if isinstance(part, str)]
        if names and names[-1] in ("picture", "pictures", "sheet", "marked"):
            return {"kind": "picture"}
        return {"kind": _KIND_OF_PART[names[-1]]} if names and names[-1] in _KIND_OF_PART else {}

    def _calls(self, step: Step, within: frozenset[str]) -> Count:
        """Return how many calls a step is: at least, likely, at most."""
        each = split_each(step.for_each)
        if each is None:
            return ONCE
        root, path = split(each)
        if root == "files":
            return (float(len(self._files)),) * 3
        source = self._steps.get(root)
        if source is None or root in within or source.tool not in self._catalog:
            return ITEMS
        if source.for_each and not path:
            return self._calls(source, within | {step.id})
        if path == ("items",):
            taken = self._units(source)
            counts = [one.get("frames") for one in (taken.low, taken.likely, taken.high)]
            if None not in counts:
                low, likely, high = (min(float(one or 0), MAX_ITEMS) for one in counts)
                return (low, likely, high)
        return ITEMS


def _known_of(step: Step) -> tuple[dict[str, Any], set[str]]:
    """Return the arguments of a step, None for what is known only when it runs, and the names of those it is given."""
    known = {name: _known(value) for name, value in step.args.items()}
    return known, {name for name, value in step.args.items() if value is not None}


def _known(value: Any) -> Any:
    # A list of references is known by its length.
    if isinstance(value, list):
        return [{**one, **_without(one)} if isinstance(one, Mapping) else one for one in value]
    return None if any(references(value)) else value


def _without(part: Mapping[str, Any]) -> dict[str, None]:
    return {name: None for name, value in part.items() if any(references(value))}


def _here(units: Mapping[str, float]) -> dict[str, float]:
    return {name: amount for name, amount in units.items() if name not in ONLY_REMOTE}


def plain_units(units: Estimate) -> dict[str, dict[str, float]]:
    """Return units as JSON data: of each the low, likely and high amount."""
    names = dict.fromkeys([*units.high, *units.likely, *units.low])
    return {
        name: {
            "low": round(units.low.get(name, 0), 4),
            "likely": round(units.likely.get(name, 0), 4),
            "high": round(units.high.get(name, 0), 4),
        }
        for name in names
    }


def _usd(cost: Quote) -> dict[str, float | None]:
    return {"low_usd": cost.low_usd, "likely_usd": cost.likely_usd, "high_usd": cost.high_usd}
