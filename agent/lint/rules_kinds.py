"""What is wrong along an edge: the kind of media, or the type of a value, is not what the next step takes."""

from collections.abc import Iterator, Mapping
from typing import Any

from ..plan import Step, references
from .draft import Draft, Given, Place, Use, joined, split
from .finding import Finding
from .names import converts_by_name, words
from .shapes import NoSuchPart, choices, items_of, leaves, properties, types, unfit, walk
from .specs import ANYTHING, Port, Specs, ToolSpec, asked_for, is_file, kind, kind_of_file

MAX_CONVERTERS = 3
"""The longest chain of tools that is put in between."""
MOST_CHAINS = 200
"""Where there are more ways than this, none of them is the only one."""


def check_edges(step: Step, spec: ToolSpec, draft: Draft) -> Iterator[Finding]:
    """Find inputs that are not of the kind or type that the tool takes."""
    if not spec.ports:
        yield from _check_open(step, spec, draft)
        return
    for name, value in step.args.items():
        port = spec.ports.get(name)
        if port is None:
            continue
        if spec.tool is not None and port.kinds:
            yield from _check_file_argument(step, spec, port, draft)
        elif port.kinds:
            yield from _check_plain_argument(step, port, name, value, draft)
        yield from _check_types(step, spec, port, draft)
    yield from _check_links(step, spec, draft)


def _check_open(step: Step, spec: ToolSpec, draft: Draft) -> Iterator[Finding]:
    """Check the inputs of a tool of which only the kinds are known, not the names of its arguments."""
    takes = frozenset(spec.takes)
    if takes and ANYTHING not in takes:
        for name in step.args:
            # An argument that is named as one of the kinds is of that kind.
            named = {kind(word) for word in (name, *words(name))} & takes
            port = Port(name=name, kinds=frozenset(named) or takes)
            yield from _check_plain_argument(step, port, name, step.args[name], draft)
    yield from _check_links(step, spec, draft)


def _check_links(step: Step, spec: ToolSpec, draft: Draft) -> Iterator[Finding]:
    """Check links that no reference stands for."""
    takes = spec.input_kinds
    if not takes or ANYTHING in takes:
        return
    referred = {split(use.reference)[0] for use in draft.uses[step.id]}
    linked = [source for source, target in sorted(draft.links) if target == step.id and source not in referred]
    is_unfed = spec.is_open and not referred and not any(draft.literal(one).is_known for one in step.args.values())
    if not linked and is_unfed and not step.args:
        linked = list(step.depends_on)
    for source in linked:
        given = draft.tools[source].gives if source in draft.tools else frozenset()
        if given and ANYTHING not in given and not given & takes:
            yield _wrong_kind(
                step, f"the result of `{source}`", given, takes, _through(given, takes - {"text"} or takes, draft.specs),
                {"do": "convert-link", "source": source},
            )  # fmt: skip


def _check_plain_argument(step: Step, port: Port, name: str, value: Any, draft: Draft) -> Iterator[Finding]:
    if ANYTHING in port.kinds:
        return
    for use in draft.uses[step.id]:
        if use.place[0] != name or not (use.alone or "text" not in port.kinds):
            continue
        try:
            given = draft.given(use.reference, step)
        except NoSuchPart:
            continue
        yield from _compare(step, use.place, f"`${use.reference}`", given, port.kinds, draft)
    for place, literal in _literals(value, (name,)):
        given = draft.literal(literal)
        # Text may hold the name of a file, and a single word with a medium's ending is a file.
        is_file_name = " " not in literal and "text" not in given.kinds
        if given.is_known and not given.kinds & port.kinds and ("text" not in port.kinds or is_file_name):
            source = _waited_for(step, port.kinds, draft)
            if source is None:
                yield from _compare(step, place, repr(literal), given, port.kinds, draft)
            else:
                yield _wrong_kind(
                    step, repr(literal), given.kinds, port.kinds, None,
                    {"do": "set-place", "place": list(place), "value": f"${source}"},
                )  # fmt: skip


def _waited_for(step: Step, wanted: frozenset[str], draft: Draft) -> str | None:
    """Return the one step that this one waits for without using its result, and whose result fits."""
    used = {split(use.reference)[0] for use in draft.uses[step.id]}
    waits = [one for one in step.depends_on if one not in used and one in draft.tools]
    fitting = [one for one in waits if draft.tools[one].gives & wanted and not draft.tools[one].output]
    return fitting[0] if len(fitting) == 1 and draft.tools[fitting[0]].tool is None else None


def _literals(value: Any, place: Place) -> Iterator[tuple[Place, str]]:
    if isinstance(value, str) and not any(references(value)):
        yield place, value
    elif isinstance(value, list):
        for at, part in enumerate(value):
            yield from _literals(part, (*place, at))


def _compare(
    step: Step, place: Place, what: str, given: Given, wanted: frozenset[str], draft: Draft
) -> Iterator[Finding]:
    if not given.is_known or not given.kinds or given.kinds & wanted:
        return
    # Beside a medium, text says what to do with it.
    files = wanted - {"text"} or wanted
    found = _through(given.kinds, files, draft.specs)
    yield _wrong_kind(step, what, given.kinds, wanted, found, {"do": "convert", "place": list(place)})


def _wrong_kind(
    step: Step,
    what: str,
    given: frozenset[str],
    wanted: frozenset[str],
    through: list[str] | None,
    how: Mapping[str, Any],
) -> Finding:
    message = f"{what[0].upper()}{what[1:]} is {_words(given)}, and `{step.tool}` takes {_words(wanted)}."
    message += f" Put {' and '.join(f'`{one}`' for one in through)} in between." if through else ""
    repair = {**how, "through": through} if through else how if how.get("do") == "set-place" else None
    return Finding(step=step.id, rule="wrong-kind", message=message, repair=repair)


def _words(kinds: frozenset[str]) -> str:
    return " or ".join(sorted(kinds)) or "no media"


def _through(given: frozenset[str], wanted: frozenset[str], specs: Specs) -> list[str] | None:
    """Return the one shortest chain of tools that turns one kind into another; None when there is none, or several."""
    ways: dict[str, list[tuple[str, str]]] = {}
    for spec in specs.values():
        if (found := spec.converts()) and spec.tool is None:
            port, gives = found
            for one in port.kinds if port else spec.takes:
                if one != gives:
                    ways.setdefault(one, []).append((gives, spec.name))
    # Each chain: what it gives, its tools, and whether the name of each says what it converts.
    chains: list[tuple[str, tuple[str, ...], bool]] = [(one, (), True) for one in sorted(given)]
    for _ in range(MAX_CONVERTERS):
        chains = [
            (gives, (*made, name), named and converts_by_name(name, one, gives))
            for one, made, named in chains
            for gives, name in ways.get(one, ())
        ]
        arrived = [(made, named) for one, made, named in chains if one in wanted]
        if arrived:
            # Of several, the one whose names say that they convert: `Text-to-Image`, and not `Image Search`.
            only = [made for made, named in arrived if named or len(arrived) == 1]
            return list(only[0]) if len(only) == 1 else None
        if len(chains) > MOST_CHAINS:
            return None
    return None


def _check_file_argument(step: Step, spec: ToolSpec, port: Port, draft: Draft) -> Iterator[Finding]:
    """Check what one of our own tools is given where it takes a file."""
    for use in draft.uses[step.id]:
        if use.place[0] != port.name:
            continue
        root, path = split(use.reference)
        if root == "files" and not path:
            yield from _check_all_files(step, use, port, draft)
            continue
        try:
            given = draft.given(use.reference, step)
        except NoSuchPart:
            continue
        if not use.alone:
            continue
        if use.as_text:
            yield Finding(
                step=step.id,
                rule="wrong-type",
                message=f"`{port.name}` of `{spec.name}` is a file, and `${{{use.reference}}}` is text.",
                repair={"do": "set-place", "place": list(use.place), "value": f"${use.reference}"},
            )
            continue
        if root in draft.tools and "media" not in (root, *path[-1:]):
            yield from _check_file(step, spec, port, use, given, draft)
        elif root == "item":
            yield from _check_file(step, spec, port, use, given, draft)


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


def _check_file(step: Step, spec: ToolSpec, port: Port, use: Use, given: Given, draft: Draft) -> Iterator[Finding]:
    has = types(given.schema, given.definitions)
    if not has:
        return
    wants_list = port.many and len(use.place) == 1
    if is_file(given.schema, given.definitions) and ("array" in has) == wants_list:
        if given.is_known and not given.kinds & port.kinds:
            yield _wrong_kind(step, f"`${use.reference}`", given.kinds, port.kinds, None, {})
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


def _check_types(step: Step, spec: ToolSpec, port: Port, draft: Draft) -> Iterator[Finding]:
    """Check the type of a referenced value against that of the argument."""
    if port.kinds and spec.tool is not None:
        return
    for use in draft.uses[step.id]:
        if use.place[0] != port.name or not use.alone:
            continue
        try:
            given = draft.given(use.reference, step)
            wanted = walk_values(port, use.place, spec)
        except NoSuchPart:
            continue
        if use.as_text:
            given = Given(schema={"type": "string"}, kinds=frozenset({"text"}))
        why = unfit(given.schema, wanted, given.definitions, spec.definitions)
        if why is None:
            continue
        meant = _meant_value(use, given, wanted, port, spec, draft)
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


def walk_values(port: Port, place: Place, spec: ToolSpec) -> Mapping[str, Any]:
    """Return the schema of the place inside an argument where a reference stands."""
    return walk(port.schema, place[1:], spec.definitions, port.name)


def _meant_value(
    use: Use, given: Given, wanted: Mapping[str, Any], port: Port, spec: ToolSpec, draft: Draft
) -> Mapping[str, Any] | None:
    """Return the repair that gives the one value that can be meant."""
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
