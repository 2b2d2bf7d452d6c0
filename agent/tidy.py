"""Results as a chat model reads them: plain data without plumbing, moments as lines, files as references."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ..tools.base.pictures import clock

MAX_DEPTH = 6
UNSURE = 0.5
"""Under this confidence a line says that it is unsure."""
# Who said it and the words' own times help no planner; the file is named once above the moments. What code holds stands
# in the moments, by lines.
_DROPPED = frozenset({"source", "words", "definitions", "imports", "problems"})
_MOMENT = frozenset({"kind", "start_seconds", "end_seconds", "source"})
_ARTIFACT = frozenset({"handle", "media_type", "name", "bytes"})
_COVERAGE = frozenset({"looked_at", "heard", "frames"})


def tidy(result: Any, step: str, names: Mapping[str, str]) -> Any:
    """Return a plain result as a model should read it.

    A moment is one line with its id, such as `[talk.m3] 0:20-0:55 speech: …`. A file is what a plan calls it, such as
    `$frames.items[0].picture`. What is said twice in a result is said once.

    Args:
        result: The plain result of a step; a list for a step with `for_each`.
        step: Its id.
        names: References of files that are known already, by their handles.
    """
    own = {handle: f"${path}" for path, handle in _files(result, step)}
    return _Tidy({**own, **names}).value(result, step, 0)


def file_names(files: list[str]) -> dict[str, str]:
    """Return what the user's files are called in a plan, by their handles."""
    return {handle: f"$files[{number}]" for number, handle in enumerate(files)}


class _Tidy:
    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names

    def value(self, value: Any, path: str, depth: int) -> Any:
        if isinstance(value, str):
            return self._names.get(value, value)
        if isinstance(value, float):
            return round(value, 3)
        if isinstance(value, list):
            return [self.value(one, f"{path}[{place}]", depth + 1) for place, one in enumerate(value)]
        if not isinstance(value, Mapping):
            return value
        if depth > MAX_DEPTH:
            return "…"
        if value.keys() >= _ARTIFACT:
            return self._artifact(value, path)
        if value.keys() >= _MOMENT:
            return self._moment(value)
        if value.keys() >= _COVERAGE:
            return _coverage(value)
        return self._object(value, path, depth)

    def _object(self, value: Mapping[str, Any], path: str, depth: int) -> dict[str, Any]:
        kept = {name: part for name, part in value.items() if name not in _DROPPED and part not in (None, "", [], {})}
        if kept.get("partial") is False:
            del kept["partial"]
        moments = kept.get("moments")
        plain = {
            name: _measures(part) if name == "measures" else self.value(part, f"{path}.{name}", depth + 1)
            for name, part in kept.items()
            if name != "moments"
        }
        for name in _repeated(kept):
            del plain[name]
        if not isinstance(moments, list):
            return plain
        # A moment without words is the picture that shows it, and that has its place and time in the rest.
        shown = {handle for name, part in kept.items() if name != "moments" for _, handle in _files(part, "")}
        spoken = [one for one in moments if one.get("text") or one.get("artifact") not in shown]
        lines = [self.value(one, f"{path}.moments", depth + 1) for one in spoken]
        told = set(_texts(plain))
        # Last, because they are what is cut when a result is long.
        return plain if told.issuperset(map(str, lines)) else {**plain, "moments": lines}

    def _artifact(self, value: Mapping[str, Any], path: str) -> str:
        facts = value.get("facts") or {}
        seconds = facts.get("seconds")
        size = f"{facts['width_pixels']}x{facts['height_pixels']}" if facts.keys() >= {"width_pixels"} else ""
        about = [value["media_type"], size, clock(seconds) if isinstance(seconds, int | float) else ""]
        return f"${path} ({', '.join(filter(None, [_one_line(value['name']), *about]))})"

    def _moment(self, value: Mapping[str, Any]) -> str:
        start, end = value["start_seconds"], value.get("end_seconds")
        when = "" if start is None else _time(start)
        if start is not None and end is not None and end > start:
            when += f"-{_time(end)}"
        text = _one_line(str(value.get("text") or "")) or self._names.get(str(value.get("artifact")), "")
        confidence = value.get("confidence")
        unsure = " (unsure)" if isinstance(confidence, int | float) and confidence < UNSURE else ""
        box = value.get("box")
        # Where words stand on a slide is of no use to a planner, where a thing stands in a picture is.
        where = f" at [{', '.join(f'{side:g}' for side in box)}]" if box and value["kind"] != "text" else ""
        id = f"[{value['id']}] " if value.get("id") else ""
        return f"{id}{when} {value['kind']}: {text}{where}{unsure}".replace("  ", " ").strip()


def _files(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Yield the reference and the handle of each file in a plain result."""
    if isinstance(value, Mapping):
        if value.keys() >= _ARTIFACT:
            yield path, value["handle"]
            return
        for name, part in value.items():
            yield from _files(part, f"{path}.{name}")
    elif isinstance(value, list):
        for place, part in enumerate(value):
            yield from _files(part, f"{path}[{place}]")


def _repeated(value: Mapping[str, Any]) -> list[str]:
    """Return the parts of a result that say nothing beside its moments or its text, such as all that is said in one."""
    moments = value.get("moments") or []
    said = [_one_line(str(one.get("text") or "")) for one in moments if isinstance(one, Mapping)]
    whole, lines = " ".join(said), set(said)
    text = _one_line(value["text"]) if isinstance(value.get("text"), str) else ""
    repeated = []
    for name, part in value.items():
        if isinstance(part, str):
            again = len(part) > 1 and _one_line(part) == whole
        else:
            listed = isinstance(part, list) and all(isinstance(one, str) for one in part)
            again = listed and all(_one_line(one) in lines or _one_line(one) in text for one in part)
        if again:
            repeated.append(name)
    return repeated


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list):
        for part in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(part)


def _measures(measures: Any) -> Any:
    """Return measures as name -> value with unit; several of one name stay apart."""
    if not all(isinstance(one, Mapping) and {"name", "value"} <= one.keys() for one in measures):
        return measures
    pairs = [(one["name"], f"{one['value']:g} {one.get('unit') or ''}".strip()) for one in measures]
    return (
        dict(pairs) if len({name for name, _ in pairs}) == len(pairs) else [f"{name}: {value}" for name, value in pairs]
    )


def _coverage(value: Mapping[str, Any]) -> str:
    parts = []
    for name in ("looked_at", "heard"):
        if spans := value.get(name):
            shown = ", ".join(f"{_time(start)}-{_time(end)}" for start, end in spans[:10])
            parts.append(f"{name.replace('_', ' ')} {shown}{' …' if len(spans) > 10 else ''}")
    if value.get("frames"):
        parts.append(f"{value['frames']} frames")
    if value.get("seconds"):
        parts.append(f"of {_time(value['seconds'])}")
    return "; ".join(parts)


def _time(seconds: float) -> str:
    return clock(seconds).removesuffix(".0")


def _one_line(text: str) -> str:
    return " ".join(text.split())


def written(value: Any) -> str:
    """Return plain data as short JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
