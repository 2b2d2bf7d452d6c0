"""What a plan does for nothing: steps nobody uses, the same step twice, two tools where one does."""

import json
from collections.abc import Iterator

from ..plan import Step
from .draft import Draft
from .finding import Finding
from .kinds import ANYTHING
from .names import words
from .toolspec import ToolSpec
from .vocabulary import KIND_WORDS


def check_duplicates(draft: Draft) -> Iterator[Finding]:
    """Find steps that do what an earlier one does."""
    seen: dict[str, Step] = {}
    for number, step in enumerate(draft.plan.steps):
        spec = draft.tools.get(step.id)
        if spec is None or not spec.is_pure or draft.steps[step.id] is not step:
            continue
        waits = [] if draft.uses[step.id] else sorted(draft.needs[step.id])
        key = json.dumps([step.tool, step.args, step.for_each, waits], sort_keys=True, default=str)
        first = seen.setdefault(key, step)
        if first is step or first.id == step.id:
            continue
        yield Finding(
            step=step.id,
            rule="duplicate-step",
            message=f"`{step.id}` does the same as `{first.id}`: use its result.",
            severity="warning",
            repair={"do": "merge", "at": number, "into": first.id},
        )


def check_unused(draft: Draft, *, bold: bool) -> Iterator[Finding]:
    """Find steps whose result nobody uses and nobody asked for.

    What the user asked for is known only by the words of the goal, so this is a warning.
    """
    steps = draft.plan.steps
    if not any(draft.needs[step.id] & draft.steps.keys() for step in steps):
        return  # steps side by side: each is an answer
    asked = set(words(draft.plan.goal))
    ends = [number for number, step in enumerate(steps) if not draft.users[step.id]]
    for number in ends[:-1]:  # the last one is what the plan is for
        step = steps[number]
        spec = draft.tools.get(step.id)
        if spec is None or spec.makes_files or not spec.is_pure or step.id in draft.asked:
            continue
        if sum(steps[one].tool == step.tool for one in ends) > 1:
            continue  # the same of several files: each is an answer
        if _is_asked(step, spec, asked):
            continue
        yield Finding(
            step=step.id,
            rule="unused-step",
            message=f"Nobody uses the result of `{step.id}`. Leave it out, or refer to it.",
            severity="warning",
            repair={"do": "remove-at", "at": number} if bold else None,
        )


def _is_asked(step: Step, spec: ToolSpec, asked: set[str]) -> bool:
    """Return whether the goal speaks of what a step does, and not only of media of its kind."""
    said = {*words(spec.name), *words(step.id)} - KIND_WORDS - {"to", "media"}
    return bool(said & asked)


def check_detours(draft: Draft, *, bold: bool) -> Iterator[Finding]:
    """Find a plan that is one chain of converters where a single tool gives the same."""
    chain = _chain(draft)
    if len(chain) < 2:
        return
    first, last = draft.tools[chain[0].id], draft.tools[chain[-1].id]
    found = first.converts()
    if found is None:
        return
    takes = set(found[0].kinds if found[0] else first.takes)
    single = [
        spec.name
        for spec in draft.specs.values()
        if (way := spec.converts()) and way[1] in last.gives and set(way[0].kinds if way[0] else spec.takes) == takes
    ]
    by_name = [one for one in single if "to" in words(one)]
    only = single if len(single) == 1 else by_name
    if len(only) == 1 and takes != last.gives and only[0] not in {step.tool for step in chain}:
        yield Finding(
            step=chain[0].id,
            rule="over-planned",
            message=f"`{only[0]}` alone gives {' and '.join(sorted(last.gives))} of {' and '.join(sorted(takes))}: "
            f"{len(chain)} steps are more than this needs.",
            severity="warning",
            repair={"do": "replace-chain", "tool": only[0], "steps": [step.id for step in chain]} if bold else None,
        )


def _chain(draft: Draft) -> list[Step]:
    """Return the steps of a plan that is nothing but one chain of converters, from first to last."""
    steps = draft.plan.steps
    starts = [step for step in steps if not draft.needs[step.id]]
    if len(starts) != 1 or len(draft.steps) != len(steps):
        return []
    chain = [starts[0]]
    while users := draft.users[chain[-1].id]:
        if len(users) != 1 or len(chain) > len(steps):
            return []
        chain.append(draft.steps[users[0]])
    converters = [draft.tools[step.id].converts() if step.id in draft.tools else None for step in chain]
    is_plain = all(step.for_each is None for step in chain)
    kinds = [way[1] for way in converters if way]
    if len(chain) != len(steps) or not is_plain or len(kinds) != len(chain) or ANYTHING in kinds:
        return []
    return chain
