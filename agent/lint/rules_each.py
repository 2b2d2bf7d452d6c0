"""What is wrong with the list that a step is made for."""

import re
from collections.abc import Iterator

from ..plan import RESERVED, Step, look_up
from .draft import Draft, joined, split, split_each
from .finding import Finding
from .shapes import NoSuchPart, choices, properties, types, walk


def check_each(step: Step, draft: Draft) -> Iterator[Finding]:
    """Find a `for_each` that is no list."""
    reference = split_each(step.for_each)
    if reference is None:
        named = split(step.for_each or "")[0] if re.fullmatch(r"[A-Za-z_][\w.\[\]-]*", step.for_each or "") else ""
        is_known = named in draft.steps or named in draft.finished or named == "files"
        yield Finding(
            step=step.id,
            rule="for-each",
            message=f"`for_each` of `{step.id}` is {step.for_each!r}, and must be a reference to a list, such as "
            '"$frames.items".',
            repair={"do": "set-for-each", "to": f"${step.for_each}"} if is_known else None,
        )
        return
    if step.for_each != f"${reference}":
        yield Finding(
            step=step.id,
            rule="for-each",
            message=f"`for_each` of `{step.id}` is text; a list keeps its type only as `${reference}`.",
            repair={"do": "set-for-each", "to": f"${reference}"},
        )
        return
    root, path = split(reference)
    if root in RESERVED and not (root == "files" and not path):
        if root != "item":
            yield _no_list(step, reference, "is no list", None)
        return
    if root in draft.finished:
        try:
            value = look_up(reference, draft.finished)
        except Exception:
            return  # told above
        if not isinstance(value, list):
            yield _no_list(step, reference, "is no list", None)
        return
    try:
        given = draft.given(reference, step)
    except NoSuchPart:
        return
    kinds = types(given.schema, given.definitions)
    if not kinds or "array" in kinds:
        return
    yield _no_list(step, reference, f"is {' or '.join(sorted(kinds))}", _only_list(reference, step, draft))


def _only_list(reference: str, step: Step, draft: Draft) -> dict[str, str] | None:
    """Return the repair that takes the one list inside an object."""
    root, path = split(reference)
    spec = draft.tools.get(root)
    if spec is None or draft.steps[root].for_each:
        return None
    if not path:
        lists = list(spec.own_lists)
    else:
        part = walk(spec.output, path, spec.result_definitions, root)
        lists = [
            name
            for name in properties(part, spec.result_definitions)
            for one in choices(walk(part, [name], spec.result_definitions, root), spec.result_definitions)
            if one.get("type") == "array"
        ]
    return {"do": "set-for-each", "to": f"${joined(root, [*path, lists[0]])}"} if len(lists) == 1 else None


def _no_list(step: Step, reference: str, what: str, repair: dict[str, str] | None) -> Finding:
    return Finding(
        step=step.id,
        rule="for-each",
        message=f"`for_each` of `{step.id}` needs a list, and `${reference}` {what}.",
        repair=repair,
    )
