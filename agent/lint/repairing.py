"""Mends a plan by the repairs that its findings name, until none is left."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from pydantic import ValidationError

from ..plan import Plan
from .check import check_draft, draft_of
from .draft import Draft
from .edits import applied, is_local
from .finding import Finding
from .reading import Unreadable, read_plan
from .rules_limits import NO_BOUNDS, Bounds
from .specs import Catalog, read_catalog

MAX_ROUNDS = 200
"""Repairs of one plan: more than a plan of 64 steps can need, so that two that undo each other end."""


class Repaired(NamedTuple):
    """A mended plan, and what was done to it."""

    plan: Plan | None
    """None when it cannot be read."""
    repairs: list[Finding]
    """The findings that were mended, in order."""


@dataclass(frozen=True, kw_only=True)
class Mended:
    """A mended plan, what was done to it, and what is still wrong."""

    plan: Plan | None
    repairs: list[Finding]
    findings: list[Finding]
    became: Mapping[str, str] = field(default_factory=dict)
    """Id of a step that is no longer there -> that of the one that does its work."""
    made_for: Mapping[str, str] = field(default_factory=dict)
    """Id of a step that was put in -> that of the one which needs it."""

    def steps_of(self, ids: Sequence[str]) -> list[str]:
        """Return the steps that some steps of the plan have become, and what was put in for them."""
        now = dict.fromkeys(_last(one, self.became) for one in ids)
        more = [made for made, user in self.made_for.items() if _last(user, self.became) in now]
        return [*more, *now]


def _last(id: str, became: Mapping[str, str]) -> str:
    while id in became:
        id = became[id]
    return id


def repair(
    plan: Any,
    catalog: Catalog,
    finished: Mapping[str, Any] | None = None,
    *,
    facts: Sequence[Mapping[str, Any]] | None = None,
    bounds: Bounds = NO_BOUNDS,
    bold: bool = False,
) -> Repaired:
    """Return the plan with everything mended that can only be meant in one way; see `check` for the arguments."""
    mended = mend(plan, catalog, finished, facts=facts, bounds=bounds, bold=bold)
    return Repaired(mended.plan, mended.repairs)


def mend(
    plan: Any,
    catalog: Catalog,
    finished: Mapping[str, Any] | None = None,
    *,
    facts: Sequence[Mapping[str, Any]] | None = None,
    bounds: Bounds = NO_BOUNDS,
    bold: bool = False,
) -> Mended:
    """Return the mended plan, the repairs, and what is still wrong."""
    specs = read_catalog(catalog)
    try:
        read = read_plan(plan, specs)
    except Unreadable as error:
        return Mended(plan=None, repairs=[], findings=[Finding(step="", rule=error.rule, message=str(error))])
    draft, repairs = draft_of(read, specs, finished, facts), list(read.mended)
    refused: set[str] = set()
    became: dict[str, str] = {}
    made_for: dict[str, str] = {}
    for _ in range(MAX_ROUNDS):
        findings = check_draft(draft, bounds, bold=bold)
        waiting = [one for one in findings if one.repair and _name(one) not in refused]
        if not waiting:
            left = [_without_repair(one) for one in findings]
            return Mended(plan=draft.plan, repairs=repairs, findings=left, became=became, made_for=made_for)
        for chosen in _together(waiting):
            try:
                changed, links = applied(draft.plan, chosen, specs, draft.links)
            except (ValidationError, KeyError, IndexError, TypeError):
                changed, links = draft.plan, draft.links  # what it names is no longer there
            if repr(changed) == repr(draft.plan):  # 5.0 is equal to 5, and another value
                refused.add(_name(chosen))
                continue
            _follow(draft.plan, changed, chosen, became, made_for)
            asked = frozenset(became.get(one, one) for one in draft.asked)
            draft = Draft(
                plan=changed, specs=specs, finished=draft.finished, files=draft.files, links=links, asked=asked
            )
            repairs.append(chosen)
    left = check_draft(draft, bounds, bold=bold)
    return Mended(plan=draft.plan, repairs=repairs, findings=left, became=became, made_for=made_for)


def _follow(old: Plan, new: Plan, done: Finding, became: dict[str, str], made_for: dict[str, str]) -> None:
    """Note which steps one repair put in, and what took the place of those it took out."""
    before, after = {step.id for step in old.steps}, {step.id for step in new.steps}
    added = [step.id for step in new.steps if step.id not in before]
    repair = done.repair or {}
    for gone in before - after:
        if repair["do"] == "merge":
            became[gone] = repair["into"]
        elif repair["do"] == "rename-at" and added:
            became[gone] = added[0]
        elif repair["do"] == "replace-chain":
            became[gone] = repair["steps"][-1]
    if repair["do"] in ("convert", "convert-link"):
        made_for.update(dict.fromkeys(added, done.step))


def _name(one: Finding) -> str:
    return f"{one.step} {one.repair!r}"


def _together(waiting: list[Finding]) -> list[Finding]:
    """Return the repairs to be made before the plan is checked again: one of each step that concerns it alone."""
    if not is_local(waiting[0]):
        return waiting[:1]
    of_step: dict[str, Finding] = {}
    for one in waiting:
        if is_local(one):
            of_step.setdefault(one.step, one)
    return list(of_step.values())


def _without_repair(one: Finding) -> Finding:
    return Finding(step=one.step, rule=one.rule, message=one.message, severity=one.severity)
