"""What the user's files cannot give: sound, pictures, a time beyond their end, a file that is not theirs."""

from collections.abc import Iterator, Mapping
from typing import Any

from ...tools.base.workspace import PREFIX
from ..plan import Step, references
from .draft import Draft, Place
from .finding import Finding
from .kinds import kind
from .names import converts_by_name
from .toolspec import Port, ToolSpec
from .values import read_seconds

# Words in the names of arguments that say where in a file; others say how long or how often.
_WHERE = frozenset(
    {"start", "end", "times", "time", "timestamps", "timestamp", "between", "at", "from", "until", "window"}
)


def check_media(step: Step, spec: ToolSpec, draft: Draft) -> Iterator[Finding]:
    """Find what the facts of the files speak against."""
    for port, place, value in _given(step, spec):
        found = list(references(value))
        if not found:
            yield from _check_literal(step, spec, port, place=place, value=value, draft=draft)
            continue
        file = draft.file(found[0])
        if file is not None:
            yield from _check_file(step, spec, port, found[0], file)
            yield from _check_times(step, spec, found[0], file)
            yield from _check_length(step, spec, found[0], file)


def _given(step: Step, spec: ToolSpec) -> Iterator[tuple[Port, Place, str]]:
    """Yield what is given where files are taken, also within the parts of a film."""
    for port in spec.ports.values() if spec.ports else _open_ports(step, spec):
        if port.kinds and port.name in step.args:
            for place, value in _values(step.args[port.name], (port.name,)):
                if isinstance(value, str):
                    yield port, place, value
    for one in spec.tool.inner_files if spec.tool else ():
        parts = step.args.get(one.within)
        for at, part in enumerate(parts if isinstance(parts, list) else ()):
            if isinstance(part, Mapping) and isinstance(part.get(one.name), str):
                yield Port(name=one.name, kinds=frozenset(one.kinds)), (one.within, at, one.name), part[one.name]


def _open_ports(step: Step, spec: ToolSpec) -> Iterator[Port]:
    for name in step.args:
        yield Port(name=name, kinds=frozenset(spec.takes))


def _values(value: Any, place: Place) -> Iterator[tuple[Place, Any]]:
    if isinstance(value, list):
        for at, part in enumerate(value):
            yield from _values(part, (*place, at))
    else:
        yield place, value


def _check_literal(
    step: Step, spec: ToolSpec, port: Port, *, place: Place, value: str, draft: Draft
) -> Iterator[Finding]:
    """A plan of a model uses the files the user named, and what its steps make; see `Run.reach`."""
    if spec.tool is None or value.startswith("data:") or not value.strip():
        return
    if value.startswith(("http://", "https://")):
        yield Finding(
            step=step.id,
            rule="literal-file",
            message=f"`{port.name}` of `{spec.name}` is the address {value[:200]!r}, and it opens files only. Make a "
            'step that fetches it, `{"id": "page", "tool": "fetch_url", "args": {"url": …}}`, and give `$page.file`.',
        )
        return
    files = draft.files or ()
    name = value.replace("\\", "/").rpartition("/")[2]
    same = [at for at, file in enumerate(files) if value == file.get("handle") or name == file.get("name")]
    if value.startswith(PREFIX) and (same or draft.files is None or _is_made(value, draft.finished)):
        return
    is_only = len(files) == 1 and draft.literal(value).kinds == {kind(files[0].get("kind"))}
    meant = same[0] if len(same) == 1 else 0 if is_only and not same else None
    yield Finding(
        step=step.id,
        rule="literal-file",
        message=f"`{port.name}` of `{spec.name}` is {value[:80]!r}. A plan names the user's files as `$files[0]` and "
        "what a step made as `$step.part`.",
        # A handle may be of what was made for reading on; the door knows, and refuses what is out of reach.
        severity="warning" if draft.files is None or value.startswith(PREFIX) else "error",
        repair=None if meant is None else {"do": "set-place", "place": list(place), "value": f"$files[{meant}]"},
    )


def _is_made(handle: str, finished: Mapping[str, Any]) -> bool:
    waiting: list[Any] = list(finished.values())
    while waiting:
        one = waiting.pop()
        if one == handle:
            return True
        if isinstance(one, Mapping):
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
    return False


def _check_file(step: Step, spec: ToolSpec, port: Port, reference: str, file: Mapping[str, Any]) -> Iterator[Finding]:
    has, name = kind(file.get("kind")), file.get("shown", file.get("name", f"${reference}"))
    if spec.tool is not None and has and has not in port.kinds:
        needs = " or ".join(sorted(port.kinds))
        yield Finding(
            step=step.id,
            rule="wrong-media",
            message=f"`${reference}` ({name}) is {has}, and `{spec.name}` needs {needs}.",
        )
    elif has and _needs_sound(port, spec) and file.get("has_sound") is False:
        yield Finding(
            step=step.id,
            rule="no-sound",
            message=f"`${reference}` ({name}) has no sound, which `{spec.name}` needs.",
            severity="warning" if step.optional else "error",
        )
    elif has == "video" and not port.kinds & {"audio"} and file.get("has_pictures") is False:
        yield Finding(
            step=step.id,
            rule="no-pictures",
            message=f"`${reference}` ({name}) has no moving picture, which `{spec.name}` needs.",
            severity="warning" if step.optional else "error",
        )


def _needs_sound(port: Port, spec: ToolSpec) -> bool:
    """Return whether a tool listens: it takes sound and no picture, or turns video into sound."""
    if spec.gives == {"audio"} and converts_by_name(spec.name, "video", "audio"):
        return True
    # Of a tool whose arguments have no names it is not known which input is the one that sounds.
    return bool(spec.ports) and {"audio"} <= port.kinds and "picture" not in port.kinds


def _check_times(step: Step, spec: ToolSpec, reference: str, file: Mapping[str, Any]) -> Iterator[Finding]:
    length = file.get("seconds")
    if not isinstance(length, int | float) or isinstance(length, bool) or length <= 0:
        return
    for name, value in step.args.items():
        if not _WHERE & set(name.casefold().split("_")):
            continue
        times = [(place, time) for place, one in _values(value, (name,)) if (time := _seconds(one)) is not None]
        late = [(place, time) for place, time in times if time > length]
        if not late:
            continue
        # A stretch ends with its file at the latest; every tool takes it so.
        is_stretch = len(times) == 2 and len(late) == 1 and late[0][0][-1] == 1 and "time" not in name
        is_end = is_stretch or name.casefold().startswith("end")
        yield Finding(
            step=step.id,
            rule="beyond-end",
            message=f"`{name}` of `{spec.name}` has {late[0][1]:g} s, and `${reference}` "
            f"({file.get('name', 'the file')}) ends at {length:g} s.",
            severity="warning" if is_end or step.optional else "error",
            repair={"do": "set-place", "place": list(late[0][0]), "value": length} if is_end else None,
        )


def _seconds(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value)
    return read_seconds(value) if isinstance(value, str) else None


def _check_length(step: Step, spec: ToolSpec, reference: str, file: Mapping[str, Any]) -> Iterator[Finding]:
    most, length = spec.limits.get("max_input_seconds"), file.get("seconds")
    if isinstance(most, int | float) and isinstance(length, int | float) and length > most:
        named = f"`${reference}` ({file.get('name', 'the file')})"
        yield Finding(
            step=step.id,
            rule="over-limit",
            message=f"{named} has {length:g} s, and `{spec.name}` takes at most {most:g} s.",
        )
