"""Pieces that the words about every kind of result are made of."""

from collections.abc import Mapping
from typing import Any

from ...tools.base.moments import Measure
from ...tools.report.wording import Wording, clean, clock, number
from .phrases import Tongue

Output = Mapping[str, Any]
"""A result as plain data, cut to what is read: without empty fields; a cut list ends with a line that says so."""

MOST_LINES = 12
MOST_NAMES = 6
_CUT = "… and "


def files_line(output: Any, say: Tongue) -> str:
    """Return the names of the files a result made."""
    names = list(dict.fromkeys(_names(output)))
    if not names:
        return ""
    shown = names[:MOST_NAMES]
    return say("Files: ", "文件：") + say.listed(shown) + more(len(names) + _unnamed(output) - len(shown), say)


def _names(value: Any) -> list[str]:
    if isinstance(value, Mapping):
        if {"handle", "media_type", "name"} <= value.keys():
            return [clean(str(value["name"]))]
        return [name for part in value.values() for name in _names(part)]
    if isinstance(value, list):
        return [name for part in value for name in _names(part)]
    return []


def _unnamed(value: Any) -> int:
    """Return how many files were in what was cut off lists whose items are a file each."""
    if isinstance(value, Mapping):
        return sum(map(_unnamed, value.values()))
    if not isinstance(value, list):
        return 0
    kept = value[:-1] if _is_cut(value) else value
    each = _is_cut(value) and len(_names(kept)) == len(kept)
    return sum(map(_unnamed, kept)) + (_length(value) - len(kept) if each else 0)


def items_of(output: Output, name: str) -> list[Any]:
    """Return a list of a result without the line that says it was cut."""
    listed: list[Any] = output.get(name) or []
    return listed[:-1] if _is_cut(listed) else listed


def count_of(output: Output, name: str) -> int:
    """Return how long a list was before it was cut."""
    return _length(output.get(name) or [])


def _length(listed: list[Any]) -> int:
    return len(listed) - 1 + int(listed[-1].removeprefix(_CUT).split()[0]) if _is_cut(listed) else len(listed)


def _is_cut(listed: list[Any]) -> bool:
    return bool(listed) and isinstance(listed[-1], str) and listed[-1].startswith(_CUT)


def at(item: Output) -> str:
    """Return "[0:12] ", or nothing for what has no time."""
    start = item.get("start_seconds")
    return f"[{clock(float(start))}] " if start is not None else ""


def span(start_seconds: float, end_seconds: float) -> str:
    return f"{clock(start_seconds)}–{clock(end_seconds)}"


def exact(seconds: float) -> str:
    """Return a position to the tenth of a second, as a frame needs it: 1:03.5."""
    tenths = round(10 * seconds)
    return clock(tenths // 10) + (f".{tenths % 10}" if tenths % 10 else "")


def measure(plain: Output, say: Tongue) -> str:
    """Return "speech share percent: 76.9 %"."""
    wording, one = Wording(say.language), Measure.model_validate(plain)
    name = wording.measure(one.name)
    return name + say(": ", "：") + (number(one.value) if one.unit == name else wording.value(one))


def bullets(lines: list[str], total: int, say: Tongue, most: int = MOST_LINES) -> str:
    """Return lines as a list; how many are left out is said."""
    shown = [f"- {line}" for line in lines[:most]]
    left = total - len(shown)
    return "\n".join([*shown, *([say(f"- … and {left} more", f"- …… 还有 {left} 条")] if left > 0 else [])])


def more(count: int, say: Tongue) -> str:
    return say(f" and {count} more", f" 等，另有 {count} 个") if count > 0 else ""


def paragraphs(*parts: str) -> str:
    return "\n".join(part for part in parts if part)
