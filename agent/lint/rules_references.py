"""What is wrong between steps: ids, references that lead nowhere, and circles."""

import re
from collections.abc import Collection, Iterator
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

from ..plan import RESERVED, Step, look_up, references
from .draft import Draft, joined, split, split_each
from .finding import Finding
from .names import guess, plain_name
from .shapes import NoSuchPart, choices, properties, types, unfit, walk
from .specs import asked_for

# Words that models put between a step and its result where there is nothing.
_PART_ALIASES = {
    "text": ("transcription", "transcript_text", "full_text", "content", "ocr_text", "transcript", "words"),
    "items": ("frames", "images", "pictures", "keyframes"), "scenes": ("shots", "segments", "cuts"),
    "picture": ("image", "chart", "frame", "file"), "audio": ("speech", "sound", "file", "wav"),
    "seconds": ("duration", "length"), "sheet": ("contact_sheet", "grid"), "matches": ("results", "moments"),
}  # fmt: skip
_WRAPPERS = frozenset({"result", "results", "output", "outputs", "data", "value", "response", "content", "returns"})


def check_ids(draft: Draft) -> Iterator[Finding]:
    """Find ids that are given twice or that mean something else."""
    seen: dict[str, Step] = {}
    referred = {need for needs in draft.needs.values() for need in needs}
    for number, step in enumerate(draft.plan.steps):
        if step.id in seen or step.id in draft.finished or step.id in RESERVED:
            first = seen.get(step.id)
            same = first is not None and (first.tool, first.args, first.for_each) == (
                step.tool, step.args, step.for_each)  # fmt: skip
            free = step.id not in referred
            repair = {"do": "remove-at", "at": number} if same else {"do": "rename-at", "at": number} if free else None
            yield Finding(
                step=step.id,
                rule="step-id",
                message=f"The id {step.id!r} is taken. Give each step an id of its own.",
                repair=repair,
            )
        seen.setdefault(step.id, step)


def check_references(step: Step, draft: Draft) -> Iterator[Finding]:
    """Find references that lead nowhere."""
    told: set[str] = set()
    for use in draft.uses[step.id]:
        if use.reference not in told:
            told.add(use.reference)
            yield from _check_reference(use.reference, step, draft, in_each=False)
    for reference in references(step.for_each):
        yield from _check_reference(reference, step, draft, in_each=True)
    if step.for_each is not None:
        yield from _check_for_each(step, draft)
    for name in step.depends_on:
        if name == step.id:
            yield Finding(
                step=step.id,
                rule="cycle",
                message=f"The steps wait for each other: {name} -> {name}.",
                repair={"do": "remove-dependency", "name": name},
            )
        elif name not in draft.steps and name not in draft.finished:
            meant = None if name in RESERVED else _meant_step(name, step, draft)
            repair = {"do": "rename-dependency", "name": name, "to": meant} if meant else {
                "do": "remove-dependency", "name": name}  # fmt: skip
            yield _unknown(step, f"`depends_on` names {name!r}, which is no step.", repair)


def _check_reference(reference: str, step: Step, draft: Draft, *, in_each: bool) -> Iterator[Finding]:
    root, path = split(reference)
    if root == "item" and (step.for_each is None or in_each):
        yield _unknown(step, "`$item` means something only in a step with `for_each`.", None)
    elif root in draft.finished:
        try:
            look_up(reference, draft.finished)
        except Exception as error:
            yield _unknown(step, str(error), None)
    elif root not in RESERVED and root not in draft.steps:
        known = ", ".join(f"`${name}`" for name in [*draft.steps, *draft.finished, "files"] if name != step.id)
        meant = _meant_step(root, step, draft)
        to = "files[0]" if meant == "files" else joined(meant, path) if meant else ""
        yield _unknown(step, f"`${reference}` refers to no step. There are: {known}.", _to(reference, to, meant))
    elif root == "files":
        yield from _check_files(reference, step, draft)
    elif root != "run":
        try:
            draft.given(reference, step)
        except NoSuchPart as error:
            meant = _meant_path(reference, error, step, draft)
            yield _unknown(step, _told(reference, error, draft), _to(reference, meant or "", meant))
        else:
            yield from _check_asked_for(reference, step, draft)


def _told(reference: str, error: NoSuchPart, draft: Draft) -> str:
    root, _ = split(reference)
    if error.at == 0 and error.among and root in draft.tools and not draft.steps[root].for_each:
        return f"`{draft.tools[root].name}` gives no {error.part!r}. It gives: {', '.join(error.among)}."
    return f"The reference `${reference}` {error}."


def _to(reference: str, to: str, meant: str | None) -> dict[str, str] | None:
    return {"do": "rewrite-reference", "from": reference, "to": to} if meant else None


def _check_files(reference: str, step: Step, draft: Draft) -> Iterator[Finding]:
    _, path = split(reference)
    count = None if draft.files is None else len(draft.files)
    if count is None or not path or not isinstance(path[0], int) or -count <= path[0] < count:
        try:
            draft.given(reference, step)
        except NoSuchPart as error:
            # `$files[0].path` is the file itself.
            whole = f"files[{path[0]}]" if path and isinstance(path[0], int) else None
            yield _unknown(step, f"The reference `${reference}` {error}.", _to(reference, whole or "", whole))
        return
    there = "no file" if count == 0 else f"`$files[0]` to `$files[{count - 1}]`" if count > 1 else "only `$files[0]`"
    yield _unknown(step, f"`${reference}` names a file that there is not: there is {there}.", None)


def _meant_step(name: str, step: Step, draft: Draft) -> str | None:
    """Return the step that a name means which is none: a slip, or the name of the tool of just one step."""
    others = [one for one in draft.steps if one != step.id] + list(draft.finished)
    if plain_name(name) in ("file", "inputfile", "userfile", "input", "media") and len(draft.files or ()) == 1:
        return "files"
    by_tool = [one for one in others if one in draft.steps and plain_name(draft.steps[one].tool) == plain_name(name)]
    if len(by_tool) == 1:
        return by_tool[0]
    after = _descendants(step.id, draft)
    return guess(name, {one: () for one in others if one not in after}).meant


def _descendants(name: str, draft: Draft) -> Collection[str]:
    found: set[str] = set()
    waiting = [name]
    while waiting:
        for user in draft.users.get(waiting.pop(), ()):
            if user not in found:
                found.add(user)
                waiting.append(user)
    return found


def _meant_path(reference: str, error: NoSuchPart, step: Step, draft: Draft) -> str | None:
    """Return the reference that is meant by one whose path leads nowhere."""
    root, path = split(reference)
    candidates: list[list[str | int]] = []
    if error.part in _WRAPPERS or (error.at == 0 and root in draft.steps and error.part == draft.steps[root].tool):
        candidates.append([*path[: error.at], *path[error.at + 1 :]])
    if error.among and isinstance(path[error.at], str):
        fitting = _fitting_parts(reference, error, step, draft)
        known = {one: _PART_ALIASES.get(one, ()) for one in error.among if one in fitting}
        meant = guess(error.part, known, fitting).meant if known else None
        if meant:
            candidates.append([*path[: error.at], meant, *path[error.at + 1 :]])
    if not error.among and len(path) == error.at + 1 and path[error.at] in ("path", "url", "uri", "file", "handle"):
        candidates.append([*path[: error.at]])
    spec = draft.tools.get(root)
    if spec and not candidates and not spec.output and len(spec.gives) == 1 and len(path) == 1:
        candidates.append([])
    for one in candidates:
        try:
            draft.given(joined(root, one), step)
        except NoSuchPart:
            continue
        return joined(root, one)
    return None


def _fitting_parts(reference: str, error: NoSuchPart, step: Step, draft: Draft) -> set[str]:
    """Return the parts that can stand for the one that is not there: of the type that the argument is."""
    root, path = split(reference)
    spec = draft.tools.get(step.id)
    uses = [use for use in draft.uses[step.id] if use.reference == reference and use.alone and len(use.place) == 1]
    port = spec.ports.get(str(uses[0].place[0])) if spec and len(uses) == 1 else None
    if port is None or spec is None or port.kinds or port.lenient:
        return set(error.among)
    fitting = set()
    for one in error.among:
        try:
            given = draft.given(joined(root, [*path[: error.at], one, *path[error.at + 1 :]]), step)
        except NoSuchPart:
            continue
        if unfit(given.schema, port.schema, given.definitions, spec.definitions) is None:
            fitting.add(one)
    return fitting


def _check_asked_for(reference: str, step: Step, draft: Draft) -> Iterator[Finding]:
    """Find a part of a result that is only there when an argument asks for it."""
    root, path = split(reference)
    spec = draft.tools.get(root)
    needed = asked_for(str(path[0])) if path and spec else None
    if spec is None or needed is None or needed[0] not in spec.ports:
        return
    argument, value = needed
    if not draft.steps[root].args.get(argument):
        yield Finding(
            step=root,
            rule="not-asked-for",
            message=f"`{step.id}` uses `${reference}`, which `{spec.name}` gives only with `{argument}`.",
            repair={"do": "set-argument", "argument": argument, "value": value},
        )


def _check_for_each(step: Step, draft: Draft) -> Iterator[Finding]:
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


def check_circles(draft: Draft) -> Iterator[Finding]:
    """Find steps that wait for each other."""
    ids = set(draft.steps)
    graph = {name: (needs & ids) - (set(draft.steps[name].depends_on) & {name}) for name, needs in draft.needs.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle = list(reversed(error.args[1]))
        first = next(step for step in draft.plan.steps if step.id in circle)
        yield Finding(
            step=first.id,
            rule="cycle",
            message=f"The steps wait for each other: {' -> '.join(circle)}.",
            repair=_loosened(circle, draft),
        )


def _loosened(circle: list[str], draft: Draft) -> dict[str, str] | None:
    """Return the repair of a circle in which only one wait is not for a result."""
    loose = []
    for step, need in pairwise(circle):
        if need in draft.steps[step].depends_on:
            data = {split(use.reference)[0] for use in draft.uses[step]}
            data |= {split(one)[0] for one in references(draft.steps[step].for_each)}
            if need not in data and (need, step) not in draft.links:
                loose.append((step, need))
    if len(loose) != 1:
        return None
    return {"do": "remove-dependency-of", "step": loose[0][0], "name": loose[0][1]}


def _unknown(step: Step, message: str, repair: dict[str, str] | None) -> Finding:
    return Finding(step=step.id, rule="unknown-reference", message=message, repair=repair)
