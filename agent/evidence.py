"""Ids of evidence: what a model cites, and what each id stands for.

A moment is `STEP.m3`, the third of that step's `moments`; a measure is `STEP.NAME`; of a step with `for_each` it is
`STEP.2.m3`, for the second item. The ids follow from the results alone, so they are the same after a resume, are never
kept anywhere, and are unique in a thread, because step ids are. The id of a step stands for its whole result, and
`file1`, `file2`, … for the facts of the user's files.
"""

import bisect
import json
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from ..tools.base.moments import Measure, Moment, Source

MOST_LETTERS = 400_000
"""Of one step's whole result, as text to look up words and numbers in."""
START_ERROR_SECONDS, END_ERROR_SECONDS = 0.999, 0.51
"""A model that writes 1:23 may mean 83.9 s, which it cuts, or 82.5 s, which it rounds."""
_FACTS = ("seconds", "width_pixels", "height_pixels", "bytes")


def identify(step: str, result: Any) -> Any:
    """Return a step's plain result with an `id` on each of its moments and measures; nothing else is changed."""
    if isinstance(result, list):
        return [identify(f"{step}.{number}", one) for number, one in enumerate(result, 1)]
    if not isinstance(result, dict) or not (result.get("moments") or result.get("measures")):
        return result
    moments = [{**one, "id": f"{step}.m{number}"} for number, one in enumerate(result.get("moments") or [], 1)]
    names = _free_names([str(one.get("name")) for one in result.get("measures") or []])
    measures = [{**one, "id": f"{step}.{name}"} for one, name in zip(result.get("measures") or [], names, strict=True)]
    known = {_identity(one): one["id"] for one in reversed(moments)}
    rest = {name: _copies(part, known) for name, part in result.items() if name not in ("moments", "measures")}
    return result | rest | {"moments": moments, "measures": measures}


def _free_names(names: Sequence[str]) -> Iterator[str]:
    seen: Counter[str] = Counter()
    for name in names:
        seen[name] += 1
        yield name if seen[name] == 1 else f"{name}_{seen[name]}"


def _copies(value: Any, known: Mapping[str, str]) -> Any:
    """Return `value` with ids on the copies of moments in it, such as those in the matches of a search."""
    if isinstance(value, list):
        return [_copies(one, known) for one in value] if any(isinstance(one, dict | list) for one in value) else value
    if not isinstance(value, dict):
        return value
    if "kind" in value and "start_seconds" in value:
        name = known.get(_identity(value))
        return {**value, "id": name} if name else value
    return {key: _copies(part, known) for key, part in value.items()}


def _identity(moment: Mapping[str, Any]) -> str:
    shown = ("kind", "start_seconds", "end_seconds", "text", "media", "artifact", "box")
    return json.dumps([moment.get(name) for name in shown], sort_keys=True)


def same(part: Mapping[str, Any]) -> str:
    """Return what a moment or a measure is, whatever it is called: two with the same are one."""
    if "kind" in part:
        return _identity(part)
    return json.dumps([part.get("name"), part.get("value"), part.get("media")])


def plain(text: str) -> str:
    """Return only the letters and digits of a text, folded: how quotations are compared."""
    return "".join(letter for letter in unicodedata.normalize("NFKC", text).casefold() if letter.isalnum())


@dataclass(frozen=True)
class _Place:
    """Where a moment's letters begin in all letters."""

    start: int
    id: str


class Evidence:
    """All moments and measures of a run, by their ids."""

    def __init__(self, results: Mapping[str, Any], files: Sequence[Mapping[str, Any]] = ()) -> None:
        """Number what was found.

        Args:
            results: Plain results of the finished steps, by step id.
            files: Facts of the user's files, in order.
        """
        self._results = dict(results)
        self.moments: dict[str, Moment] = {}
        self.measures: dict[str, Measure] = {}
        self.names: dict[str, str] = {one["handle"]: str(one["name"]) for one in files if one.get("handle")}
        for step, result in results.items():
            self._add(identify(step, result))
        self.found = len(self.moments) + len(self.measures)
        """How many moments and measures the tools gave."""
        self._short = self._short_names()
        self._timed = sorted(
            (one for one in self.moments.values() if one.start_seconds is not None),
            key=lambda one: one.start_seconds or 0.0,
        )
        self._letters, self._places = self._all_letters()
        for number, file in enumerate((one for one in files if one.get("handle")), 1):
            self._add_file(f"file{number}", file)

    def _add(self, result: Any) -> None:
        if isinstance(result, list):
            for one in result:
                self._add(one)
        elif isinstance(result, dict):
            home = result.get("media") if isinstance(result.get("media"), str) else None
            for one in result.get("moments") or []:
                try:
                    moment = Moment.model_validate(one)
                except ValidationError:
                    continue  # a tool's own shape that only has the name
                self.moments[moment.id] = moment if moment.media else moment.model_copy(update={"media": home})
            for one in result.get("measures") or []:
                try:
                    measure = Measure.model_validate(one)
                except ValidationError:
                    continue
                self.measures[measure.id] = measure if measure.media else measure.model_copy(update={"media": home})

    def _add_file(self, name: str, file: Mapping[str, Any]) -> None:
        """Make evidence of what is known of a file before any tool looked at it."""
        source = Source(tool="ingest")
        shown = ("name", "kind", "media_type", *_FACTS)
        text = ", ".join(str(file[key]) for key in shown if file.get(key))
        self.moments[name] = Moment(id=name, kind="fact", text=text, media=str(file["handle"]), source=source)
        for key in _FACTS:
            if isinstance(file.get(key), int | float):
                measure = Measure(id=f"{name}.{key}", name=key, value=float(file[key]), media=str(file["handle"]))
                self.measures[measure.id] = measure

    def _short_names(self) -> dict[str, str]:
        """Return what stands for one id only without its step: `m3` where one step has moments, a measure's name."""
        owners: dict[str, list[str]] = {}
        for name in [*self.moments, *self.measures]:
            owners.setdefault(name.rpartition(".")[2], []).append(name)
        found: dict[str, str] = {}
        for short, names in owners.items():
            values = {self.measures[one].value for one in names if one in self.measures}
            # A measure that two tools give alike is one.
            if len(names) == 1 or (len(values) == 1 and all(one in self.measures for one in names)):
                found[short] = names[0]
        return found

    def _all_letters(self) -> tuple[str, list[_Place]]:
        """Return the letters of all texts, each step's in its order, and where each moment's begin."""
        parts, places, position = list[str](), list[_Place](), 0
        for name, moment in self.moments.items():
            letters = plain(moment.text)
            if letters:
                places.append(_Place(position, name))
                parts.append(letters)
                position += len(letters)
        return "".join(parts), places

    def knows(self, token: str) -> bool:
        return token in self.moments or token in self.measures or token in self._short or token in self._results

    def resolve(self, token: str) -> str:
        """Return the id that a model means, or an empty string when there is none."""
        if token in self.moments or token in self.measures:
            return token
        if token in self._short:
            return self._short[token]
        if token in self._results:
            self._add_step(token)
            return token
        return ""

    def _add_step(self, step: str) -> None:
        """Make a step's whole result one moment, with all its words and numbers."""
        if step not in self.moments:
            text = " ".join(_words(self._results[step]))[:MOST_LETTERS]
            self.moments[step] = Moment(id=step, kind="fact", text=text, source=Source(tool=step))

    def at(self, seconds: float, until: float | None = None) -> list[str]:
        """Return the ids of what is said or shown at a time, the nearest start first."""
        last = seconds if until is None else until
        found = [
            one
            for one in self._timed
            if (one.start_seconds or 0.0) - START_ERROR_SECONDS <= last
            and seconds <= max(one.end_seconds or 0.0, one.start_seconds or 0.0) + END_ERROR_SECONDS
        ]
        return [one.id for one in sorted(found, key=lambda one: abs((one.start_seconds or 0.0) - seconds))]

    def containing(self, quoted: str) -> list[str]:
        """Return the ids of the moments that a quotation stands in, or goes through, the first time it does."""
        letters = plain(quoted)
        start = self._letters.find(letters) if letters else -1
        if start < 0:
            return []
        first = bisect.bisect_right(self._places, start, key=lambda one: one.start) - 1
        last = bisect.bisect_right(self._places, start + len(letters) - 1, key=lambda one: one.start) - 1
        owners = [one.id for one in self._places[first : last + 1]]
        # Words of two steps, or of places far apart, do not make one quotation.
        return owners if len({one.rpartition(".")[0] for one in owners}) == 1 else []

    def around(self, name: str) -> list[str]:
        """Return the ids of the moment itself and of those just before and after it in its step."""
        step, _, number = name.rpartition(".m")
        if not number.isdigit():
            return [name]
        near = (f"{step}.m{int(number) + by}" for by in (-1, 0, 1))
        return [one for one in near if one in self.moments]


def _words(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, bool):
        return
    elif isinstance(value, int | float):
        yield f"{value:g}" if abs(value) < 1e6 else str(value)
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _words(part)
    elif isinstance(value, list):
        for part in value:
            yield from _words(part)
