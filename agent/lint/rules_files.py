"""What one of our own tools is given where it takes a file."""

from collections.abc import Iterator, Mapping
from typing import Any

from ..plan import Step
from .draft import Draft, Given, Use, joined, split
from .finding import Finding
from .kinds import ANYTHING, asked_for, kind_of_file
from .own_tools import is_file
from .shapes import NoSuchPart, items_of, leaves, types
from .toolspec import Port, ToolSpec
from .wrong_kind import wrong_kind


def check_file_argument(step: Step, spec: ToolSpec, port: Port, draft: Draft) -> Iterator[Finding]:
    """Check what one of our own tools is given where it takes a file."""
    for use in draft.uses[step.id]:
        if use.place[0] == port.name:
            yield from check_file(step, spec, port, use, draft)


def inner_file(spec: ToolSpec, use: Use) -> Port | None:
    """Return the field that a reference stands in, where that is a file: `picture` of one of the `scenes` of a film."""
    if spec.tool is None or len(use.place) != 3:
        return None
    found = (one for one in spec.tool.inner_files if (one.within, one.name) == (use.place[0], use.place[2]))
    return next((Port(name=one.name, kinds=frozenset(one.kinds)) for one in found), None)


def check_file(step: Step, spec: ToolSpec, port: Port, use: Use, draft: Draft) -> Iterator[Finding]:
    """Check one reference where a file is taken."""
    root, path = split(use.reference)
    if root == "files" and not path:
        yield from _check_all_files(step, use, port, draft)
        return
    try:
        given = draft.given(use.reference, step)
    except NoSuchPart:
        return
    if not use.alone:
        return
    if use.as_text:
        yield Finding(
            step=step.id,
            rule="wrong-type",
            message=f"`{port.name}` of `{spec.name}` is a file, and `${{{use.reference}}}` is text.",
            repair={"do": "set-place", "place": list(use.place), "value": f"${use.reference}"},
        )
        return
    if root == "item" or (root in draft.tools and path[-1:] != ("media",)):
        yield from _check_file(step, port, use, given, draft)


def _check_all_files(step: Step, use: Use, port: Port, draft: Draft) -> Iterator[Finding]:
    if port.many and len(use.place) == 1:
        return
    repair = {"do": "set-place", "place": list(use.place), "value": "$files[0]"}
    yield Finding(
        step=step.id,
        rule="wrong-type",
        message=f"`$files` is the list of all files, and `{port.name}` of `{step.tool}` takes one: name it as "
        "`$files[0]`.",
        repair=repair if draft.files is not None and len(draft.files) == 1 else None,
    )


def _check_file(step: Step, port: Port, use: Use, given: Given, draft: Draft) -> Iterator[Finding]:
    has = types(given.schema, given.definitions)
    if not has:
        return
    wants_list = port.many and len(use.place) == 1
    if is_file(given.schema, given.definitions) and ("array" in has) == wants_list:
        if given.is_known and not given.kinds & port.kinds:
            yield wrong_kind(step, f"`${use.reference}`", given.kinds, port.kinds)
        return
    if has == {"string"}:
        if given.kinds and given.is_known and not wants_list:
            fits = given.is_handle and given.kinds & port.kinds
            if not fits:
                to = _one_file(use, given, port, draft)
                yield _no_file(step, port, use, "is text", to)
        return
    if wants_list and "array" in has:
        inside = items_of(given.schema, given.definitions)
        if not types(inside, given.definitions) or types(inside, given.definitions) == {"string"}:
            return
    what = "is a list" if has == {"array"} else "is no file"
    yield _no_file(step, port, use, what, _one_file(use, given, port, draft))


def _no_file(step: Step, port: Port, use: Use, what: str, meant: Mapping[str, Any] | None) -> Finding:
    hint = ""
    if what == "is a list" and not port.many:
        hint = " Name one of its items, or use `for_each`."
    return Finding(
        step=step.id,
        rule="wrong-type",
        message=f"`${use.reference}` {what}, and `{port.name}` of `{step.tool}` takes "
        f"{'files' if port.many else 'a file'} ({', '.join(sorted(port.kinds))}).{hint}",
        repair=meant,
    )


def _one_file(use: Use, given: Given, port: Port, draft: Draft) -> Mapping[str, Any] | None:
    """Return the repair that names the one file that can be meant."""
    root, path = split(use.reference)
    place = list(use.place)
    if types(given.schema, given.definitions) == {"object"}:
        found = [
            (inner, kind_of_file(inner[-1]))
            for inner, part in leaves(given.schema, given.definitions)
            if is_file(part, given.definitions) and "array" not in types(part, given.definitions)
        ]
        fitting = [inner for inner, one in found if one in port.kinds]
        fitting = fitting or [inner for inner, one in found if one == ANYTHING]
        if len(fitting) == 1:
            value: Any = f"${joined(root, [*path, *fitting[0]])}"
            value = [value] if port.many and len(place) == 1 else value
            return {"do": "set-place", "place": place, "value": value}
    spec = draft.tools.get(root)
    if spec is None or draft.steps[root].for_each:
        return None
    # Several pictures where one is taken: all of them on one sheet.
    for part, schema in spec.output.get("properties", {}).items():
        switch = asked_for(part)
        if switch and switch[0] in spec.ports and is_file(schema, spec.result_definitions):
            holds_files = any(
                is_file(inner, spec.result_definitions)
                for _, inner in leaves(items_of(given.schema, given.definitions), given.definitions)
            )
            if holds_files and kind_of_file(part) in port.kinds:
                value = [f"${root}.{part}"] if port.many and len(place) == 1 else f"${root}.{part}"
                return {"do": "set-place", "place": place, "value": value, "with": {
                    "step": root, "argument": switch[0], "value": switch[1]}}  # fmt: skip
    return None
