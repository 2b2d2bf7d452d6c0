"""What is wrong along an edge: the type of a value is not what the argument takes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..plan import Step
from .draft import Draft, Given, Place, Use, joined, split
from .finding import Finding
from .rules_files import check_file, inner_file
from .shapes import NoSuchPart, choices, items_of, properties, types, unfit, walk
from .toolspec import Port, ToolSpec


def check_types(step: Step, spec: ToolSpec, port: Port, draft: Draft) -> Iterator[Finding]:
    """Check the type of a referenced value against that of the argument."""
    if port.kinds and spec.tool is not None:
        return
    for use in draft.uses[step.id]:
        if use.place[0] != port.name or not use.alone:
            continue
        if (inner := inner_file(spec, use)) is not None:
            yield from check_file(step, spec, inner, use, draft)
            continue
        try:
            given = draft.given(use.reference, step)
            wanted = _wanted_at(port, use.place, spec)
        except NoSuchPart:
            continue
        if use.as_text:
            given = Given(schema={"type": "string"}, kinds=frozenset({"text"}))
        why = unfit(given.schema, wanted, given.definitions, spec.definitions)
        if why is None:
            continue
        meant = _meant_value(use, given, _Wanted(port, spec, wanted), draft)
        if port.lenient and meant is None and "list" in why:
            continue  # it takes one for a list of one, and lists inside lists
        if port.lenient and types(given.schema, given.definitions) <= {"object", "array"}:
            continue
        yield Finding(
            step=step.id,
            rule="wrong-type",
            message=f"`${use.reference}` does not fit `{port.name}` of `{spec.name}`: {why}.",
            repair=meant,
        )


def _wanted_at(port: Port, place: Place, spec: ToolSpec) -> Mapping[str, Any]:
    """Return the schema of the place inside an argument where a reference stands."""
    return walk(port.schema, place[1:], spec.definitions, port.name)


@dataclass(frozen=True)
class _Wanted:
    """What the place takes where a reference stands."""

    port: Port
    spec: ToolSpec
    schema: Mapping[str, Any]


def _meant_value(use: Use, given: Given, place_wants: _Wanted, draft: Draft) -> Mapping[str, Any] | None:
    """Return the repair that gives the one value that can be meant."""
    port, spec, wanted = place_wants.port, place_wants.spec, place_wants.schema
    root, path = split(use.reference)
    has, wants = types(given.schema, given.definitions), types(wanted, spec.definitions)
    place = list(use.place)
    if use.as_text:
        real = draft.given(use.reference, draft.steps.get(root) or draft.plan.steps[0]) if root in draft.tools else None
        if real and unfit(real.schema, wanted, real.definitions, spec.definitions) is None:
            return {"do": "set-place", "place": place, "value": f"${use.reference}"}
        return None
    if has == {"object"} and wants != {"object"}:
        for name in dict.fromkeys((port.name, "text", "items")):
            if name not in properties(given.schema, given.definitions):
                continue
            part = walk(given.schema, [name], given.definitions, root)
            inner = types(part, given.definitions)
            fits = unfit(part, wanted, given.definitions, spec.definitions) is None
            if inner and fits and (name == port.name or inner & wants == inner):
                return {"do": "set-place", "place": place, "value": f"${joined(root, [*path, name])}"}
    for end in range(len(path) - 1, -1, -1) if wants == {"object"} and root in draft.tools else ():
        # The part of a result where the result is wanted, as `$speech.text` is for `$speech`.
        whole = draft.given(joined(root, path[:end]), draft.steps[root])
        shared = set(properties(whole.schema, whole.definitions)) & set(properties(wanted, spec.definitions))
        if len(shared) > 1 and unfit(whole.schema, wanted, whole.definitions, spec.definitions) is None:
            return {"do": "set-place", "place": place, "value": f"${joined(root, path[:end])}"}
    if has and has <= {"number", "integer", "boolean"} and wants == {"string"} and not _has_choices(wanted, spec):
        return {"do": "set-place", "place": place, "value": f"${{{use.reference}}}"}
    if "array" in wants and has and "array" not in has:
        inside = items_of(wanted, spec.definitions)
        if unfit(given.schema, inside, given.definitions, spec.definitions) is None and types(inside, spec.definitions):
            return {"do": "set-place", "place": place, "value": [f"${use.reference}"]}
    return None


def _has_choices(schema: Mapping[str, Any], spec: ToolSpec) -> bool:
    return any("enum" in one or "const" in one for one in choices(schema, spec.definitions))
