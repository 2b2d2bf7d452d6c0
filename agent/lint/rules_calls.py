"""What is wrong with a step by itself: its tool, the names of its arguments, and their literals."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from ..plan import Step, references, root_of
from .draft import Draft, Given
from .finding import Finding
from .kinds import ANYTHING
from .names import guess, plain_name
from .shapes import NoSuchPart, types
from .toolspec import Port, ToolSpec
from .values import coerced, problem

# Names under which models know an argument that holds the file a tool works on.
_MEDIA_NAMES = (
    frozenset(
        f"{place}{word}"
        for word in ("media", "file", "video", "audio", "image", "picture", "photo", "clip", "sound", "frame", "source")
        for place in ("", "input")
    )
    | frozenset(
        f"{word}{place}"
        for word in ("media", "file", "video", "audio", "image", "picture", "input", "source")
        for place in ("path", "file", "url", "uri", "name")
    )
    | frozenset(["src", "path", "url", "uri", "input", "handle", "artifact", "files", "images", "videos", "frames"])
)
_ARGUMENT_ALIASES = {
    "media": ("file",), "query": ("q", "search", "question", "keywords", "keyword", "term", "search_query", "phrase"),
    "text": ("content", "input_text", "message", "script", "body", "sentence", "prompt"),
    "count": ("n", "num", "number", "num_frames", "n_frames", "frame_count", "number_of_frames", "frames_count",
              "amount", "max_frames"),
    "language": ("lang", "locale", "language_code"), "title": ("heading", "report_title", "chart_title"),
    "times": ("timestamps", "timestamp", "at", "at_seconds", "time", "seconds"),
    "between_seconds": ("between", "time_range", "range", "window", "span", "segment", "interval"),
    "every_seconds": ("interval_seconds", "every", "step_seconds", "interval"),
    "findings": ("results", "evidence", "inputs", "sources", "data", "content", "finding", "analysis"),
    "kind": ("type", "chart_type", "style"), "sentences": ("num_sentences", "max_sentences", "length"),
    "words_per_minute": ("wpm", "speed", "rate"), "limit": ("max_results", "top_k", "k", "n", "max_matches"),
    "request": ("user_request", "question", "prompt", "instruction", "query"), "pictures": ("images", "charts"),
    "width_pixels": ("width",), "height_pixels": ("height",), "speech": ("transcript", "transcription", "findings"),
    "first": ("a", "left", "file1", "media1", "first_file"), "second": ("b", "right", "file2", "media2", "second_file"),
    "start": ("offset", "from"), "contact_sheet": ("sheet", "grid", "montage"), "seconds": ("duration", "length"),
}  # fmt: skip


def check_tool(step: Step, draft: Draft) -> Iterator[Finding]:
    """Find a tool that there is not."""
    if step.tool in draft.specs:
        return
    known = {name: spec.aliases for name, spec in draft.specs.items()}
    meant = guess(step.tool, known, _fitting(step, draft))
    yield Finding(
        step=step.id,
        rule="unknown-tool",
        message=f"There is no tool {step.tool!r}. {meant.hint(draft.specs)}",
        repair={"do": "rename-tool", "to": meant.meant} if meant.meant else None,
    )


def _fitting(step: Step, draft: Draft) -> set[str] | None:
    """Return the tools that take what the step is given and give what its users take; None when neither is known."""
    given = {one for one in _kinds_in(step, draft) if one != ANYTHING}
    wanted = [kinds for name in draft.users.get(step.id, ()) if (kinds := _kinds_wanted(step.id, name, draft))]
    if not given and not wanted:
        return None
    return {
        name
        for name, spec in draft.specs.items()
        if (not given or not spec.input_kinds or bool(given & spec.input_kinds) or ANYTHING in spec.input_kinds)
        and (not spec.gives or all(kinds & spec.gives for kinds in wanted))
    }


def _kinds_in(step: Step, draft: Draft) -> Iterator[str]:
    for use in draft.uses[step.id]:
        try:
            yield from draft.given(use.reference, step).kinds
        except NoSuchPart:
            continue
    for value in step.args.values():
        yield from draft.literal(value).kinds
    for source, target in draft.links:
        if target == step.id and source in draft.tools:
            yield from draft.tools[source].gives


def _kinds_wanted(step: str, user: str, draft: Draft) -> frozenset[str]:
    spec = draft.tools.get(user)
    if spec is None:
        return frozenset()
    names = {str(use.place[0]) for use in draft.uses[user] if root_of(use.reference) == step}
    kinds = [spec.ports[name].kinds for name in names if name in spec.ports] if spec.ports else [spec.input_kinds]
    found = frozenset(one for some in kinds for one in some)
    return frozenset() if ANYTHING in found else found


def check_arguments(step: Step, spec: ToolSpec, draft: Draft) -> Iterator[Finding]:
    """Find arguments that the tool does not have, lacks, or cannot take."""
    if spec.is_open:
        yield from _check_open(step, spec, draft)
        return
    missing = [name for name in spec.required if name not in step.args]
    unknown = [name for name in step.args if name not in spec.ports]
    free = [name for name in spec.ports if name not in step.args]
    renamed: set[str] = set()
    for name in unknown:
        found = _unknown(step, name, spec, free=free, missing=missing, only=len(unknown) == 1, draft=draft)
        meant = (found.repair or {}).get("to")
        if meant in renamed:
            found = Finding(step=step.id, rule=found.rule, message=found.message)
        elif meant:
            renamed.add(meant)
        yield found
    for name in missing:
        if name not in renamed:
            yield _missing(step, spec.ports[name], spec, draft)
    yield from _check_values(step, spec)


def _check_open(step: Step, spec: ToolSpec, draft: Draft) -> Iterator[Finding]:
    is_fed = step.args or step.depends_on or step.for_each or any(target == step.id for _, target in draft.links)
    if spec.takes and not is_fed:
        yield Finding(
            step=step.id,
            rule="missing-argument",
            message=f"`{spec.name}` needs {' and '.join(spec.takes)}, and is given nothing.",
        )


def _unknown(
    step: Step, name: str, spec: ToolSpec, *, free: list[str], missing: list[str], only: bool, draft: Draft
) -> Finding:
    takes = ", ".join(f"`{one}`" for one in spec.ports) or "no arguments"
    message = f"`{spec.name}` has no argument {name!r}. It takes: {takes}."
    value = step.args[name]
    meant = _meant_argument(step, name, spec, free=free, missing=missing, only=only, draft=draft)
    if meant:
        repair: Mapping[str, Any] | None = {"do": "rename-argument", "argument": name, "to": meant}
    elif value is None:
        repair = {"do": "remove-argument", "argument": name}
    else:
        repair = None
    return Finding(step=step.id, rule="unknown-argument", message=message, repair=repair)


def _meant_argument(
    step: Step, name: str, spec: ToolSpec, *, free: list[str], missing: list[str], only: bool, draft: Draft
) -> str | None:
    value = step.args[name]
    fitting = {one for one in free if _may_take(spec.ports[one], value, step, spec, draft)}
    files = [one for one in free if spec.ports[one].kinds and one in fitting]
    wanted = [one for one in files if one in missing] or files
    if plain_name(name) in _MEDIA_NAMES and len(wanted) == 1:
        return wanted[0]
    # `video_path` is `video`, and the other way round.
    aliases = {one: (*_ARGUMENT_ALIASES.get(one, ()), _bare(one)) for one in free if one in fitting}
    meant = (guess(name, aliases, fitting).meant or guess(_bare(name), aliases, fitting).meant) if aliases else None
    if meant:
        return meant
    # What is left over and what is lacking belong together when there is one of each, and they fit.
    return missing[0] if only and len(missing) == 1 and missing[0] in fitting and _is_telling(
        spec.ports[missing[0]], value
    ) else None  # fmt: skip


def _bare(name: str) -> str:
    """Return the name of an argument without the words for a place where a file is."""
    return re.sub(r"(?<=[a-z0-9])_?(?:path|file|filename|file_path|uri)$", "", name, flags=re.I)


def _is_telling(port: Port, value: Any) -> bool:
    """Return whether it says something that a value fits an argument: nearly everything fits a text."""
    return bool(port.kinds) or not isinstance(value, str) or any(references(value))


def _may_take(port: Port, value: Any, step: Step, spec: ToolSpec, draft: Draft) -> bool:
    if port.lenient or any(references(value)):
        return _takes_reference(port, value, step, draft)
    if port.kinds:
        given = draft.literal(value)
        return not given.is_known or bool(given.kinds & port.kinds)
    if problem(value, port.schema, spec.definitions) is None:
        return True
    return any(
        problem(one, port.schema, spec.definitions) is None
        for one in coerced(port.name, value, port.schema, spec.definitions)
    )


def _takes_reference(port: Port, value: Any, step: Step, draft: Draft) -> bool:
    uses = [use for use in draft.uses[step.id] if use.alone and value == _value_of(step, use.place)]
    if len(uses) != 1:
        return True
    try:
        given: Given = draft.given(uses[0].reference, step)
    except NoSuchPart:
        return True
    if port.kinds:
        return not given.is_known or not given.kinds or bool(given.kinds & port.kinds) or not given.schema
    has, wants = types(given.schema, given.definitions), types(port.schema, {})
    return not has or not wants or bool(has & wants) or port.lenient


def _value_of(step: Step, place: tuple[str | int, ...]) -> Any:
    return step.args[str(place[0])] if len(place) == 1 else None


def _missing(step: Step, port: Port, spec: ToolSpec, draft: Draft) -> Finding:
    message = f"`{spec.name}` needs the argument `{port.name}`."
    files = [
        number
        for number, file in enumerate(draft.files or ())
        if file.get("kind") in port.kinds or ANYTHING in port.kinds
    ]
    only_file = len(files) == 1 and len(draft.files or ()) == 1
    only_place = sum(1 for one in spec.ports.values() if one.kinds and one.required) == 1
    if port.kinds and only_file and only_place:
        value = ["$files[0]"] if port.many else "$files[0]"
        repair = {"do": "set-argument", "argument": port.name, "value": value}
        return Finding(step=step.id, rule="missing-argument", message=message, repair=repair)
    return Finding(step=step.id, rule="missing-argument", message=message)


def _check_values(step: Step, spec: ToolSpec) -> Iterator[Finding]:
    # The parts of a film are checked with the references in them.
    parted = {one.within for one in spec.tool.inner_files} if spec.tool else set()
    fixed = {
        name: value
        for name, value in step.args.items()
        if name in spec.ports and ((name in parted and isinstance(value, list)) or not any(references(value)))
    }
    wrong = _refused(spec, fixed)
    for name, value in fixed.items():
        port = spec.ports[name]
        why = wrong.get(name) or _loose(value, port, spec)
        if why is None:
            continue
        message = f"The argument `{name}` of `{spec.name}`: {why}."
        yield Finding(
            step=step.id, rule="wrong-argument", message=message, repair=_value_repair(name, value, port, spec)
        )


def _refused(spec: ToolSpec, fixed: Mapping[str, Any]) -> dict[str, str]:
    """Return argument -> why its literal cannot be taken."""
    if spec.tool is None:
        found = {name: problem(value, spec.ports[name].schema, spec.definitions) for name, value in fixed.items()}
        return {name: why for name, why in found.items() if why}
    try:
        spec.tool.arguments.model_validate(fixed)
    except ValidationError as error:
        wrong: dict[str, str] = {}
        for one in error.errors(include_url=False, include_context=False):
            name = str(one["loc"][0]) if one["loc"] else ""
            if one["type"] != "extra_forbidden" and isinstance(one["input"], str) and any(references(one["input"])):
                continue  # known only when it runs
            if name in fixed:
                within = ".".join(map(str, one["loc"][1:]))
                wrong.setdefault(name, f"`{within}`: {one['msg']}" if within else one["msg"])
        return wrong
    return {}


def _loose(value: Any, port: Port, spec: ToolSpec) -> str | None:
    """Return why a text is no number or truth value, though our own tools would read it as one."""
    if spec.tool is None or not isinstance(value, str) or port.kinds or port.lenient:
        return None
    wanted = types(port.schema, spec.definitions)
    return problem(value, port.schema, spec.definitions) if wanted and "string" not in wanted else None


def _value_repair(name: str, value: Any, port: Port, spec: ToolSpec) -> Mapping[str, Any] | None:
    if value is None and not port.required:
        return {"do": "remove-argument", "argument": name}
    for one in coerced(name, value, port.schema, spec.definitions):
        if type(one) is type(value) and one == value:
            continue
        if not _refused(spec, {name: one}) and problem(one, port.schema, spec.definitions) is None:
            return {"do": "set-argument", "argument": name, "value": one}
    return None
