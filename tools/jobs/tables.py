"""The tables of a job file: each field is read as what it must be, and what is wrong is said with where it stands."""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from ..base.endpoints import http_address
from ..base.errors import SettingsError
from ..base.makers import FILES
from . import template
from .finding import expression

_HEADER = re.compile(r"[ -~]*")
OF_VALUES = ("", "text", "int", "ms")
"""Filters of values; the last is a number of seconds in whole milliseconds."""
OF_FILES = ("", "base64", "data_url", "url", "file", "type", "name", "seconds")
"""Filters of files; the last four are a part of a form, the media type, the name and the length in whole seconds."""


class JobFileError(SettingsError):
    """A file of a job API cannot be understood."""

    def __init__(self, message: str, path: tuple[str, ...]) -> None:
        super().__init__(message)
        self.path = path
        """The names of the tables that lead to what is wrong, and its own; see `line_of`."""


def near_to(name: str, known: Iterable[str]) -> str:
    near = get_close_matches(name, list(known), 1)
    return f"; did you mean `{near[0]}`?" if near else ""


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def line_of(text: str, path: tuple[str, ...]) -> int | None:
    """Return the line of a TOML text, counted from 1, on which a field stands; that of its table where it has none."""
    lines = text.splitlines()
    for size in range(len(path), 0, -1):
        table, inner = path[:size], path[size:]
        header = r"\s*\[+\s*" + r"\s*\.\s*".join(_key(one) for one in table) + r"\s*\]+"
        start = next((number for number, line in enumerate(lines) if re.match(header, line)), None)
        if start is not None:
            return _line_in(lines, start + 1, inner) or start + 1
    return _line_in(lines, 0, path)


def _line_in(lines: list[str], start: int, path: tuple[str, ...]) -> int | None:
    if not path:
        return None
    for number in range(start, len(lines)):
        if re.match(r"\s*\[", lines[number]):
            break
        if re.match(rf"\s*{_key(path[0])}\s*[.=]", lines[number]):
            return number + 1
    return None


def _key(name: str) -> str:
    return rf"[\"']?{re.escape(name)}[\"']?"


_NEEDED: Any = object()


class Table:
    """A table of the file and where it stands."""

    def __init__(self, values: Any, path: tuple[str, ...], file: str) -> None:
        self.path, self.file = path, file
        if not isinstance(values, Mapping):
            raise JobFileError(f"{file}: `{'.'.join(path)}` must be a table.", path)
        self.values: Mapping[str, Any] = values

    def wrong(self, name: str, why: str) -> JobFileError:
        where = ".".join((*self.path, name))
        value = self.values.get(name)
        # In the place of a variable's name stands the key itself, mostly.
        is_shown = isinstance(value, str | int | float) and name not in ("key", "issuer", "secret")
        shown = f" is {value!r}" if is_shown else ""
        end = "" if why.endswith("?") else "."
        return JobFileError(f"{self.file}: `{where}`{shown}: {why}{end}", (*self.path, name))

    def has_only(self, known: str) -> None:
        for name in (one for one in self.values if one not in known.split()):
            near = near_to(name, known.split()) or f"; it can be: {', '.join(known.split())}"
            raise self.wrong(name, f"there is no such field{near}")

    def table(self, name: str) -> "Table":
        return Table(self.values.get(name, {}), (*self.path, name), self.file)

    def text(self, name: str, default: Any = _NEEDED) -> Any:
        value = self.values.get(name, default)
        if value is _NEEDED:
            raise self.wrong(name, "it is missing")
        if value is not default and (not isinstance(value, str) or not value.strip()):
            raise self.wrong(name, "it must be a text with something in it")
        return value

    def texts(self, name: str, *, one_too: bool = False, at_least: int = 0) -> tuple[str, ...]:
        value = self.values.get(name, [])
        value = [value] if one_too and isinstance(value, str) else value
        if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
            raise self.wrong(name, "it must be a list of texts")
        if len(value) < at_least:
            raise self.wrong(name, "it is missing")
        return tuple(value)

    def words(self, name: str) -> tuple[str, ...]:
        """Return what a status is compared with: texts, numbers, true or false."""
        value = self.values.get(name, [])
        if not isinstance(value, list) or not all(isinstance(one, str | int | float) for one in value):
            raise self.wrong(name, "it must be a list of texts")
        return tuple(map(template.as_text, value))

    def number(self, name: str, default: float, *, least: float | None = 1e-9, most: float | None = None) -> float:
        value = self.values.get(name, default)
        if not is_number(value) or not (least or float("-inf")) <= value <= (most or float("inf")):
            upto = f", at most {most:g}" if most else ""
            raise self.wrong(name, f"it must be a number{' above 0' if least else ''}{upto}")
        return float(value)

    def truth(self, name: str, default: bool) -> bool:
        value = self.values.get(name, default)
        if not isinstance(value, bool):
            raise self.wrong(name, "it must be true or false")
        return value

    def choice(self, name: str, known: Iterable[str], default: Any = _NEEDED) -> Any:
        value = self.text(name, default)
        if value not in known:
            raise self.wrong(name, f"it must be one of: {', '.join(known)}")
        return value

    def address(self, name: str) -> str:
        text = self.text(name).rstrip("/")
        self.check(name, lambda _: http_address(text, f"`{name}`", "https://api.example.com"))
        return str(text)

    def check(self, name: str, read: Callable[[Any], object]) -> None:
        """See that a field can be read as others of the settings are."""
        try:
            read(self.values.get(name, {}))
        except SettingsError as error:
            raise JobFileError(f"{self.file}: {error}", (*self.path, name)) from None

    def headers(self, name: str) -> dict[str, str]:
        values = self.table(name)
        for one, text in values.values.items():
            if not isinstance(text, str) or not re.fullmatch(r"[A-Za-z0-9-]+", one) or not _HEADER.fullmatch(text):
                raise values.wrong(one, "a header has a name of letters, digits and `-`, and an ASCII text on one line")
        return dict(values.values)

    def expression(self, name: str, default: Any = _NEEDED) -> Any:
        text = self.text(name, default)
        if text is not None:
            try:
                expression(text)
            except ValueError as error:
                raise self.wrong(name, f"it is no JMESPath expression ({error})") from None
        return text

    def check_holes(self, name: str, known: Iterable[str]) -> None:
        known = tuple(known)
        for hole in template.holes(self.values.get(name)):
            if hole.name not in known:
                raise self.wrong(name, f"`{{{hole.name}}}` is not known here{near_to(hole.name, known)}")
            filters = OF_FILES if hole.name in (*FILES, "file") else OF_VALUES
            if hole.filter not in filters:
                raise self.wrong(
                    name, f"`{{{hole.name}:{hole.filter}}}` has no such filter; there is: {', '.join(filters[1:])}"
                )
            if hole.name in FILES and not hole.filter and not self._is_condition(name, hole.name):
                raise self.wrong(name, f"`{{{hole.name}}}` is a file: say how, for example `{{{hole.name}:base64}}`")

    def _is_condition(self, name: str, file: str) -> bool:
        """Tell whether a file is only named by an `if`."""
        return f"{{{file}}}" not in repr(self.values.get(name))
