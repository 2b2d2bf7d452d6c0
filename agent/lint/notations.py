"""References that are written in other ways than ours."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

from ..plan import root_of
from .names import plain_name

NODE = re.compile(r"<(?:node-)?(\d{1,6})>|<GENERATED>-(\d{1,6})|<resource>-(\d{1,6})")
_OUTPUT_OF = re.compile(r"<output[-_ ]of[-_ ]([^<>]+)>", re.I)
_BRACES = re.compile(r"\{\{\s*\$?(?:steps?\.)?([A-Za-z_][\w.\[\]-]*)\s*\}\}")
_ANGLES = re.compile(r"<\$?([A-Za-z_][\w-]*(?:\.[\w.\[\]]+)?)>")
_NUMBERED = re.compile(r"\$\{?(\d+)((?:\.[A-Za-z_]\w*|\[-?\d+\])*)\}?|#E(\d+)")


def is_foreign(value: Any) -> bool:
    """Return whether a value may hold a reference that is written in another way than ours."""
    if isinstance(value, str):
        return "{{" in value or "<" in value or "#E" in value
    if isinstance(value, Mapping):
        return any(map(is_foreign, value.values()))
    return isinstance(value, list) and any(map(is_foreign, value))


class Notations:
    """Writes the references of one plan in our way."""

    def __init__(
        self, steps: Sequence[Mapping[str, Any]], ids: Mapping[str, str], mend: Callable[[str, str], None]
    ) -> None:
        self._steps = steps
        self._ids = ids
        """What the plan calls a step -> its id here."""
        self._mend = mend
        """Takes the id of a step, and what of it was mended."""
        self._first = 0
        """What the first node is counted as."""

    def rewritten(self, value: Any, id: str, number: int) -> Any:
        """Return a value with references that are written in other ways written in ours."""
        if isinstance(value, Mapping):
            return {str(name): self.rewritten(part, id, number) for name, part in value.items()}
        if isinstance(value, list | tuple):
            return [self.rewritten(part, id, number) for part in value]
        if not isinstance(value, str) or not any(mark in value for mark in "$<{#"):
            return value
        written = value
        written = _BRACES.sub(lambda found: self._named(found[1], found[0]), written)
        written = _OUTPUT_OF.sub(lambda found: self._of_tool(found[1], found[0], number), written)
        written = NODE.sub(self._of_number, written)
        written = _NUMBERED.sub(self._of_id, written)
        written = _ANGLES.sub(lambda found: self._named(found[1], found[0]), written)
        written = self._renamed(written)
        if written != value:
            if re.fullmatch(r"\$\{[^{}$]+\}", written):
                written = f"${written[2:-1]}"
            self._mend(id, f"The reference {value!r} is written {written!r} here.")
        return written

    def _named(self, reference: str, as_it_was: str) -> str:
        root = root_of(reference)
        step = self._ids.get(root) or (root if root in ("files", "request", "item") else None)
        return f"${{{step}{reference[len(root) :]}}}" if step else as_it_was

    def _of_tool(self, tool: str, as_it_was: str, number: int) -> str:
        found = [
            one["id"]
            for at, one in enumerate(self._steps)
            if at != number and plain_name(one["tool"]) == plain_name(tool)
        ]
        return f"${{{found[0]}}}" if len(found) == 1 else as_it_was

    def count_from_1(self) -> bool:
        """Count nodes from 1 if `<node-1>` is the first: counted from 0 some would name themselves or a later one."""
        named = [
            (number, int(found[1] or found[2] or found[3]))
            for number, one in enumerate(self._steps)
            for found in NODE.finditer(json.dumps(one.get("args"), default=str))
        ]
        is_from_1 = all(0 < at <= number for number, at in named) and any(at >= number for number, at in named)
        if not is_from_1 or any(one.isdigit() for one in self._ids):
            return False
        self._first = 1
        return True

    def _of_number(self, found: "re.Match[str]") -> str:
        at = int(found[1] or found[2] or found[3]) - self._first
        name = self._ids.get(str(at))
        if name is None and 0 <= at < len(self._steps):
            name = self._steps[at]["id"]
        return f"${{{name or f'node_{at}'}}}"

    def _of_id(self, found: "re.Match[str]") -> str:
        name = self._ids.get(found[1] or found[3]) or self._ids.get(f"E{found[3]}")
        return f"${{{name}{found[2] or ''}}}" if name else found[0]

    def _renamed(self, text: str) -> str:
        """Write the ids that were renamed anew where a reference names them, as in `$step-1.text`."""
        return self._renaming.sub(lambda found: self._ids[found[0]], text) if self._renaming else text

    @cached_property
    def _renaming(self) -> "re.Pattern[str] | None":
        """What finds the ids that were renamed, the longest first; None when there are none."""
        said = [re.escape(one) for one, id in self._ids.items() if one != id and not one.isdigit()]
        ids = "|".join(sorted(said, key=len, reverse=True))
        return re.compile(rf"(?:(?<=\$)|(?<=\$\{{))(?:{ids})(?![\w-])") if ids else None
