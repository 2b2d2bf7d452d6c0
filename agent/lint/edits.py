"""Does to a plan what a repair says.

What a repair does (`do`): rename-tool, rename-argument, remove-argument, set-argument, set-place, rewrite-reference,
rename-dependency, remove-dependency, remove-dependency-of, set-for-each, convert, convert-link, merge, remove-at,
rename-at, replace-chain; `shape` was done when the plan was read.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from typing import Any

from ..plan import RESERVED, Plan, Step, references
from .draft import at_place, split
from .finding import Finding
from .kinds import MEDIA_KINDS, kind_of_file
from .names import plain_name, words
from .reading import MAX_STEPS
from .toolspec import Specs, ToolSpec

Plain = dict[str, Any]
Links = frozenset[tuple[str, str]]


def is_local(one: Finding) -> bool:
    repair = one.repair or {}
    return repair["do"] in _ON_STEP or (repair["do"] == "set-place" and "with" not in repair)


def applied(plan: Plan, finding: Finding, specs: Specs, links: Links) -> tuple[Plan, Links]:
    repair = finding.repair or {}
    do = str(repair["do"])
    if is_local(finding):
        return _with_step(plan, finding.step, repair), links
    steps: list[Plain] = deepcopy([step.model_dump() for step in plan.steps])
    step = next((one for one in steps if one["id"] == finding.step), steps[0])
    if do == "set-place":
        _set_place(step, repair["place"], repair["value"])
        more = repair["with"]
        other = next(one for one in steps if one["id"] == more["step"])
        other["args"][more["argument"]] = more["value"]
    elif do == "remove-dependency-of":
        other = next(one for one in steps if one["id"] == repair["step"])
        other["depends_on"] = [one for one in other["depends_on"] if one != repair["name"]]
    elif do in ("convert", "convert-link"):
        links = _convert(steps, step, repair, specs, links)
    elif do == "merge":
        gone = steps.pop(repair["at"])["id"]
        _point_to(steps, gone, repair["into"])
        links = frozenset((repair["into"] if one == gone else one, other) for one, other in links if other != gone)
    elif do == "remove-at":
        gone = steps.pop(repair["at"])["id"]
        if all(one["id"] != gone for one in steps):
            _forget(steps, gone)
            links = frozenset(pair for pair in links if gone not in pair)
    elif do == "rename-at":
        old = steps[repair["at"]]["id"]
        steps[repair["at"]]["id"] = _free_id(old, steps)
    elif do == "replace-chain":
        links = _replace_chain(steps, repair, specs, links)
    return _rebuilt(plan.goal, steps), links


def _with_step(plan: Plan, id: str, repair: Mapping[str, Any]) -> Plan:
    """Return the plan with one step mended and the others as they are."""
    at = next(number for number, step in enumerate(plan.steps) if step.id == id)
    step: Plain = deepcopy(plan.steps[at].model_dump())
    if repair["do"] == "set-place":
        _set_place(step, repair["place"], repair["value"])
    else:
        _ON_STEP[repair["do"]](step, repair)
    steps = [*plan.steps[:at], Step.model_validate(step), *plan.steps[at + 1 :]]
    return Plan.model_construct(goal=plan.goal, steps=steps)


def _rebuilt(goal: str, steps: list[Plain]) -> Plan:
    if len(steps) <= MAX_STEPS:
        return Plan.model_validate({"goal": goal, "steps": steps})
    return Plan.model_construct(goal=goal, steps=[Step.model_validate(one) for one in steps])


def _rename_tool(step: Plain, repair: Mapping[str, Any]) -> None:
    step["tool"] = repair["to"]


def _rename_argument(step: Plain, repair: Mapping[str, Any]) -> None:
    # In its place, so that the order of the arguments stays.
    step["args"] = {repair["to"] if name == repair["argument"] else name: value for name, value in step["args"].items()}


def _remove_argument(step: Plain, repair: Mapping[str, Any]) -> None:
    del step["args"][repair["argument"]]


def _set_argument(step: Plain, repair: Mapping[str, Any]) -> None:
    step["args"][repair["argument"]] = repair["value"]


def _rewrite_reference(step: Plain, repair: Mapping[str, Any]) -> None:
    old, new = repair["from"], repair["to"]
    step["args"] = _rewritten(step["args"], old, new)
    if step["for_each"]:
        step["for_each"] = _rewritten(step["for_each"], old, new)


def _rename_dependency(step: Plain, repair: Mapping[str, Any]) -> None:
    named = (repair["to"] if one == repair["name"] else one for one in step["depends_on"])
    step["depends_on"] = list(dict.fromkeys(named))


def _remove_dependency(step: Plain, repair: Mapping[str, Any]) -> None:
    step["depends_on"] = [one for one in step["depends_on"] if one != repair["name"]]


def _set_for_each(step: Plain, repair: Mapping[str, Any]) -> None:
    step["for_each"] = repair["to"]


_ON_STEP: Mapping[str, Callable[[Plain, Mapping[str, Any]], None]] = {
    "rename-tool": _rename_tool,
    "rename-argument": _rename_argument,
    "remove-argument": _remove_argument,
    "set-argument": _set_argument,
    "rewrite-reference": _rewrite_reference,
    "rename-dependency": _rename_dependency,
    "remove-dependency": _remove_dependency,
    "set-for-each": _set_for_each,
}


def _set_place(step: Plain, place: Sequence[Any], value: Any) -> None:
    inside = at_place(step["args"], tuple(place[:-1])) if len(place) > 1 else step["args"]
    if isinstance(value, list) and isinstance(inside, list):
        inside[place[-1] : place[-1] + 1] = value
    else:
        inside[place[-1]] = value


def _rewritten(value: Any, old: str, new: str) -> Any:
    """Return a value in which one reference is another."""
    if isinstance(value, str):
        if value == f"${old}":
            return f"${new}"
        return value.replace("${" + old + "}", "${" + new + "}")
    if isinstance(value, Mapping):
        return {name: _rewritten(part, old, new) for name, part in value.items()}
    if isinstance(value, list):
        return [_rewritten(part, old, new) for part in value]
    return value


def _point_to(steps: list[Plain], gone: str, into: str) -> None:
    """Make every reference to one step a reference to another."""
    pattern = re.compile(rf"(\$\{{?){re.escape(gone)}(?![A-Za-z0-9_])")

    def pointed(value: Any) -> Any:
        if isinstance(value, str):
            return pattern.sub(lambda found: found[1] + into, value) if "$" in value else value
        if isinstance(value, Mapping):
            return {name: pointed(part) for name, part in value.items()}
        if not isinstance(value, list):
            return value
        parts = [pointed(part) for part in value]
        # Two references that have become one are one.
        return [part for at, part in enumerate(parts) if part == value[at] or part not in value]

    for step in steps:
        step["args"], step["for_each"] = pointed(step["args"]), pointed(step["for_each"])
        named = (into if one == gone else one for one in step["depends_on"])
        step["depends_on"] = [one for one in dict.fromkeys(named) if one != step["id"]]


def _forget(steps: list[Plain], gone: str) -> None:
    for step in steps:
        step["depends_on"] = [one for one in step["depends_on"] if one != gone]


def _convert(steps: list[Plain], step: Plain, repair: Mapping[str, Any], specs: Specs, links: Links) -> Links:
    """Put tools between a step and what it is given."""
    is_link = repair["do"] == "convert-link"
    value = None if is_link else at_place(step["args"], tuple(repair["place"]))
    each = step["for_each"] if isinstance(value, str) and value.startswith("$item") else None
    at = steps.index(step)
    made: list[Plain] = []
    source = repair.get("source")
    for name in repair["through"]:
        spec = specs[name]
        id = _free_id("_".join(words(name)) or "made", [*steps, *made])
        new: Plain = {
            "id": id,
            "tool": name,
            "args": {},
            "depends_on": [],
            "for_each": each,
            "optional": step["optional"],
        }
        if is_link:
            new["depends_on"] = [source]
            links |= {(str(source), id)}
            source = id
        else:
            new["args"] = {_input_name(spec): value}
            value = "$item" if each else f"${id}{_part_of(spec)}"
            each = f"${id}" if each else None
        made.append(new)
    steps[at:at] = made
    if is_link:
        step["depends_on"] = [source if one == repair["source"] else one for one in step["depends_on"]]
        return (links - {(repair["source"], step["id"])}) | {(str(source), step["id"])}
    _set_place(step, repair["place"], value)
    if each:
        step["for_each"] = each
    # A link that stood for what is converted now leads to the first converter.
    moved = {(root, step["id"]) for root in _roots_of(made[0]["args"]) if (root, step["id"]) in links}
    return (links - moved) | {(root, made[0]["id"]) for root, _ in moved}


def _roots_of(value: Any) -> set[str]:
    return {split(one)[0] for one in references(value)}


def _input_name(spec: ToolSpec) -> str:
    found = spec.converts()
    if found and found[0]:
        return found[0].name
    return spec.takes[0] if spec.takes and spec.takes[0] in MEDIA_KINDS else "input"


def _part_of(spec: ToolSpec) -> str:
    """Return the path to what a converter makes, inside its result."""
    for name, part in spec.output.get("properties", {}).items():
        if set(part.get("x-kinds", ())) & spec.gives or kind_of_file(name) in spec.gives:
            return f".{name}"
    return ""


def _replace_chain(steps: list[Plain], repair: Mapping[str, Any], specs: Specs, links: Links) -> Links:
    """Put one tool in the place of a chain of converters."""
    by_id = {one["id"]: one for one in steps}
    first, last = by_id[repair["steps"][0]], by_id[repair["steps"][-1]]
    values = list(first["args"].values())
    spec = specs[repair["tool"]]
    new = {
        **last,
        "tool": spec.name,
        "args": {_input_name(spec): values[0], **dict(list(first["args"].items())[1:])} if values else {},
        "depends_on": [],
    }
    steps[:] = [new]
    return frozenset()


def _free_id(wish: str, steps: list[Plain]) -> str:
    taken = {one["id"] for one in steps} | set(RESERVED)
    base = re.sub(r"\W", "_", wish, flags=re.A)[:56]
    base = base if plain_name(base) and not base[0].isdigit() else f"step_{base}"
    if base not in taken:
        return base
    number = 2
    while f"{base}_{number}" in taken:
        number += 1
    return f"{base}_{number}"
