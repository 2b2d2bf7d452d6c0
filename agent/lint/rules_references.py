"""References that lead nowhere."""

from collections.abc import Collection, Iterator

from ..plan import RESERVED, Step, look_up, references
from .draft import Draft, joined, split
from .finding import Finding
from .kinds import asked_for
from .names import guess, plain_name
from .rules_each import check_each
from .shapes import NoSuchPart, unfit

# Words that models put between a step and its result where there is nothing.
_PART_ALIASES = {
    "text": ("transcription", "transcript_text", "full_text", "content", "ocr_text", "transcript", "words"),
    "items": ("frames", "images", "pictures", "keyframes"), "scenes": ("shots", "segments", "cuts"),
    "picture": ("image", "chart", "frame", "file"), "audio": ("speech", "sound", "file", "wav"),
    "seconds": ("duration", "length"), "sheet": ("contact_sheet", "grid"), "matches": ("results", "moments"),
}  # fmt: skip
_WRAPPERS = frozenset({"result", "results", "output", "outputs", "data", "value", "response", "content", "returns"})


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
        yield from check_each(step, draft)
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


def _unknown(step: Step, message: str, repair: dict[str, str] | None) -> Finding:
    return Finding(step=step.id, rule="unknown-reference", message=message, repair=repair)
