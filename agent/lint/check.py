"""Everything that is wrong with a plan, in the order of its steps."""

from collections.abc import Mapping, Sequence
from typing import Any

from .draft import Draft, kind_of_name
from .finding import Finding, errors
from .kinds import kind
from .reading import MAX_STEPS, Read, Unreadable, read_plan
from .rules_calls import check_arguments, check_tool
from .rules_kinds import check_edges
from .rules_limits import NO_BOUNDS, Bounds, check_limits, check_totals
from .rules_media import check_media
from .rules_order import check_circles, check_ids
from .rules_references import check_references
from .rules_waste import check_detours, check_duplicates, check_unused
from .specs import Catalog, read_catalog
from .toolspec import Specs


def check(
    plan: Any,
    catalog: Catalog,
    finished: Mapping[str, Any] | None = None,
    *,
    facts: Sequence[Mapping[str, Any]] | None = None,
    bounds: Bounds = NO_BOUNDS,
    bold: bool = False,
) -> list[Finding]:
    """Return everything that is wrong with a plan, before it costs anything.

    Args:
        plan: A `Plan`, or plain data: ours, or what `reading` understands.
        catalog: The tools it may use: ours by name, or plain data as `read_catalog` understands it.
        finished: Results of earlier steps that it may refer to, by step id.
        facts: Of the user's files, as `ingest` gives them; None when nothing is known of them.
        bounds: Limits of providers, and the most it may cost and take.
        bold: Also mend what is likely and not certain: drop what nobody uses, put one tool in the place of a chain.
    """
    specs = read_catalog(catalog)
    try:
        read = read_plan(plan, specs)
    except Unreadable as error:
        return [Finding(step="", rule=error.rule, message=str(error))]
    return read.mended + check_draft(draft_of(read, specs, finished, facts), bounds, bold=bold)


def draft_of(
    read: Read, specs: Specs, finished: Mapping[str, Any] | None, facts: Sequence[Mapping[str, Any]] | None
) -> Draft:
    """Return a plan that was read, ready to be checked."""
    return Draft(
        plan=read.plan,
        specs=specs,
        finished=finished or {},
        files=usable(read.files if facts is None else facts),
        links=read.links,
        asked=read.asked,
    )


def check_draft(draft: Draft, bounds: Bounds, *, bold: bool) -> list[Finding]:
    """Return everything that is wrong with a plan that was read."""
    plan, specs = draft.plan, draft.specs
    findings = list(check_ids(draft))
    for step in plan.steps:
        if draft.steps[step.id] is not step:
            continue  # its id is taken, and what it needs is looked at once it has one of its own
        findings += check_tool(step, draft)
        findings += check_references(step, draft)
        spec = specs.get(step.tool)
        if spec is not None:
            findings += check_arguments(step, spec, draft)
            findings += check_edges(step, spec, draft)
            findings += check_media(step, spec, draft)
            findings += check_limits(step, spec, bounds)
    findings += check_circles(draft)
    findings += check_duplicates(draft)
    findings += check_unused(draft, bold=bold)
    if not errors(findings):
        findings += check_detours(draft, bold=bold)
    findings += check_totals(draft, bounds)
    if len(plan.steps) > MAX_STEPS:
        told = f"The plan has {len(plan.steps)} steps; the limit is {MAX_STEPS}."
        findings.append(Finding(step=plan.steps[-1].id, rule="too-many-steps", message=told))
    order = {step.id: number for number, step in reversed(list(enumerate(plan.steps)))}
    return sorted(findings, key=lambda one: order.get(one.step, -1))


def usable(facts: Sequence[Mapping[str, Any]] | None) -> list[Mapping[str, Any]] | None:
    """Return the files that `$files` holds: those that could be read."""
    if facts is None:
        return None
    return [_as_ingested(one) for one in facts if isinstance(one, Mapping) and not one.get("error")]


# Other names of the same facts.
_ALSO = {
    "kind": ("kind", "type", "media_kind"), "seconds": ("seconds", "duration_seconds", "duration"),
    "has_sound": ("has_sound", "has_audio"), "has_pictures": ("has_pictures", "has_video"),
}  # fmt: skip


def _as_ingested(facts: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return facts of a file under the names that `ingest` gives them."""
    found = {name: facts[key] for name, keys in _ALSO.items() for key in reversed(keys) if facts.get(key) is not None}
    named = found.get("kind") or facts.get("media_type") or kind_of_name(str(facts.get("name", "")))
    return {**facts, **found, "kind": kind(named) if named else None}
