"""Reads the file of a job API, and says precisely what is wrong with it."""

import json
import math
import re
import warnings
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from functools import cache
from typing import Any, get_args

from ..base.by_model import read_by_model
from ..base.endpoints import LIMITS, VARIABLE, http_address
from ..base.errors import SettingsError
from ..base.makers import FILES, TASKS, VALUES
from ..base.price import read_prices
from . import template
from .alike import LIKE, spelled_out
from .shapes import (
    LONGEST_DEADLINE_SECONDS,
    REFUSALS,
    Encoding,
    JobApi,
    Jwt,
    Lookup,
    Operation,
    Poll,
    Request,
    Result,
    Span,
    Submit,
    Take,
    Upload,
    Via,
)

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
OF_VALUES = ("", "text", "int", "ms")
"""Filters of values; the last is a number of seconds in whole milliseconds."""
OF_FILES = ("", "base64", "data_url", "url", "file", "type", "name", "seconds")
"""Filters of files; the last four are a part of a form, the media type, the name and the length in whole seconds."""
OURS = ("model", "key", "job", "order", "callback", "file")
_SPAN = ("least", "most", "step")
_OF_FILE = ("bytes", "types", "width_pixels", "height_pixels", "seconds", "inverted")
_HEADERS = {"Authorization": "Bearer {key}"}


class JobFileError(SettingsError):
    """A file of a job API cannot be understood."""

    def __init__(self, message: str, path: tuple[str, ...]) -> None:
        super().__init__(message)
        self.path = path
        """The names of the tables that lead to what is wrong, and its own; see `line_of`."""


def read_api(table: Mapping[str, Any], name: str) -> JobApi:
    """Return the job API that a file describes.

    Args:
        table: What the file holds.
        name: The file's name without `.toml`, which is the provider's.

    Raises:
        JobFileError: Something in it cannot be understood; the message names the field and what is accepted.
    """
    fields = _Table(table, (), f"providers/{name}.toml")
    fields.has_only(
        "name page base_url key note headers jwt ok message deadline_seconds free_when_failed refusals price limits "
        "upload operations"
    )
    fields.check("price", lambda one: read_prices(one, f"providers/{name}.toml"))
    fields.check("limits", lambda one: read_by_model(one, LIMITS, f"`limits` in providers/{name}.toml"))
    keyed = fields.text("key", None)
    if keyed is not None and not VARIABLE.fullmatch(keyed):
        raise fields.wrong("key", "it must be the name of an environment variable in capitals, not the key itself")
    operations = _operations(fields)
    api = JobApi(
        name=name,
        title=fields.text("name"),
        base_url=fields.address("base_url"),
        pages=fields.texts("page", one_too=True, at_least=1),
        key=keyed,
        jwt=_jwt(fields.table("jwt")) if "jwt" in table else None,
        note=fields.text("note", ""),
        headers=fields.headers("headers") if "headers" in table else _HEADERS,
        ok=fields.expression("ok", None),
        message=fields.expression("message", None),
        deadline_seconds=fields.number("deadline_seconds", JobApi.deadline_seconds, most=LONGEST_DEADLINE_SECONDS),
        free_when_failed=fields.truth("free_when_failed", False),
        refusals=_refusals(fields.table("refusals")),
        upload=_upload(fields.table("upload")) if "upload" in table else None,
        operations=tuple(_operation(operations.table(one), one) for one in operations.values),
    )
    if not api.operations:
        raise fields.wrong("operations", "it needs at least one, such as `[operations.video]`")
    return api


def _operations(fields: "_Table") -> "_Table":
    """Return the operations with what they take from those that they are like."""
    operations = fields.table("operations")
    try:
        return _Table(spelled_out(operations.values), operations.path, operations.file)
    except (KeyError, RecursionError) as error:
        name = str(error.args[0])
        raise operations.table(name).wrong(LIKE, "there is no such other operation to be like") from None


def _operation(fields: "_Table", name: str) -> Operation:
    fields.has_only("role task models takes defaults maps upload submit lookup poll cancel result")
    role = fields.choice("role", TASKS)
    takes = {one: _take(fields.table("takes"), one) for one in fields.table("takes").values}
    submit = _submit(fields.table("submit"))
    made = Operation(
        name=name,
        role=role,
        task=fields.choice("task", TASKS[role]),
        models=fields.texts("models", at_least=1),
        takes=takes,
        defaults=_defaults(fields.table("defaults"), takes),
        maps=_maps(fields.table("maps"), takes),
        submit=submit,
        result=_result(fields.table("result")),
        poll=_poll(fields.table("poll")) if "poll" in fields.values else None,
        lookup=_lookup(fields.table("lookup")) if "lookup" in fields.values else None,
        cancel=_cancel(fields.table("cancel")) if "cancel" in fields.values else None,
        upload=_upload(fields.table("upload")) if "upload" in fields.values else None,
    )
    if (submit.job is None) != (made.poll is None):
        has, lacks = ("poll", "`job` in `submit`") if submit.job is None else ("submit", "`poll`")
        raise fields.wrong(has, f"a job needs an id to ask for and a way to ask; {lacks} is missing")
    _check_holes(fields, made)
    return made


def _check_holes(fields: "_Table", made: Operation) -> None:
    """See that what is taken is sent, and that what is sent is taken."""
    sent = {one.name for part in _templates(made.submit) for one in template.holes(part)}
    for name in (one for one in made.takes if one not in sent):
        raise fields.table("takes").wrong(name, f"it is taken and never sent: write `{{{name}}}` into the `submit`")
    for name in sent.intersection({*VALUES, *FILES} - {"job"}) - made.takes.keys():
        raise fields.table("submit").wrong("body", f"`{{{name}}}` is sent and not taken: add it to `takes`")
    if "job" in sent and "job" not in made.takes:
        raise fields.table("submit").wrong("body", "`{job}` there is that of the picture it goes on from: take it")


def _templates(request: Request) -> tuple[Any, ...]:
    return request.path, request.body, request.form, request.headers


def _take(fields: "_Table", name: str) -> Take:
    is_file = name in FILES
    if not is_file and name not in VALUES:
        raise fields.wrong(name, f"there is no such value or file{_near(name, (*VALUES, *FILES))}")
    one = fields.table(name)
    one.has_only(" ".join(("of", "needed", *_SPAN, *(_OF_FILE if is_file else ()))))
    of = one.values.get("of", [])
    if not isinstance(of, list) or not all(isinstance(value, str | int | float) for value in of):
        raise one.wrong("of", "it must be a list of texts or numbers")
    size = one.number("bytes", 0, least=1) if is_file and "bytes" in one.values else None
    return Take(
        of=tuple(of),
        span=_span(one),
        bytes=int(size) if size else None,
        types=one.texts("types") if is_file and "types" in one.values else (),
        **{which: _span(one.table(which), alone=True) for which in _OF_FILE[2:5] if which in one.values},
        needed=one.truth("needed", False),
        inverted=is_file and one.truth("inverted", False),
    )


def _span(fields: "_Table", *, alone: bool = False) -> Span:
    if alone:
        fields.has_only(" ".join(_SPAN))
    found = {name: fields.number(name, 0.0, least=None) for name in _SPAN if name in fields.values}
    if found.get("least", 0) > found.get("most", float("inf")):
        raise fields.wrong("least", f"it is above `most`, which is {found['most']:g}")
    if found.get("step", 1) <= 0:
        raise fields.wrong("step", "it must be above 0")
    return Span(**found)


def _defaults(fields: "_Table", takes: Mapping[str, Take]) -> dict[str, Any]:
    for name, value in fields.values.items():
        if (name not in takes and name != "callback") or name in FILES:
            raise fields.wrong(name, "only values that are taken, and `callback`, have a default")
        if not isinstance(value, str | int | float):
            raise fields.wrong(name, "it must be a text, a number, true or false")
        if name in takes and takes[name].of and value not in takes[name].of:
            raise fields.wrong(name, f"it is not among what is taken: {', '.join(map(str, takes[name].of))}")
    return dict(fields.values)


def _maps(fields: "_Table", takes: Mapping[str, Take]) -> dict[str, dict[str, Any]]:
    for name in fields.values:
        if name not in takes and name != "model":
            raise fields.wrong(name, "only values that are taken, and `model`, are translated")
    return {name: dict(fields.table(name).values) for name in fields.values}


def _submit(fields: "_Table") -> Submit:
    fields.has_only("method path body form headers job idempotency")
    return Submit(
        **_request(fields, "POST", (*VALUES, *FILES, "model", "order", "callback")),
        job=fields.expression("job", None),
        idempotency=fields.text("idempotency", None),
    )


def _lookup(fields: "_Table") -> Lookup:
    fields.has_only("method path body headers job")
    return Lookup(**_request(fields, "GET", ("model", "order")), job=fields.expression("job"))


def _cancel(fields: "_Table") -> Request:
    fields.has_only("method path body headers")
    return Request(**_request(fields, "POST", ("model", "job", "order")))


def _poll(fields: "_Table") -> Poll:
    fields.has_only("method path body headers status done failed progress error seconds")
    pauses = fields.values.get("seconds", [Poll.first_seconds, Poll.longest_seconds])
    is_pair = isinstance(pauses, list) and len(pauses) == 2 and all(_is_number(one) for one in pauses)
    if not is_pair or not 0 < pauses[0] <= pauses[1] <= 300:
        raise fields.wrong("seconds", "it must be the first and the longest pause, such as `[5, 20]`, at most 300")
    done = fields.words("done")
    if not done:
        raise fields.wrong("done", "it needs at least one word for a job that is done")
    return Poll(
        **_request(fields, "GET", ("model", "job", "order")),
        status=fields.expression("status"),
        done=done,
        failed=fields.words("failed"),
        progress=fields.expression("progress", None),
        error=fields.expression("error", None),
        first_seconds=float(pauses[0]),
        longest_seconds=float(pauses[1]),
    )


def _result(fields: "_Table") -> Result:
    fields.has_only("files as keyed texts text seed job via")
    encoding = fields.choice("as", get_args(Encoding), "url")
    if encoding == "body" and "files" in fields.values:
        raise fields.wrong("files", "the answer itself is the file where `as` is `body`: leave it out")
    if encoding != "body" and not {"files", "texts", "text"} & fields.values.keys():
        raise fields.wrong("files", "it is missing, and so are `texts` and `text`: nothing would be made")
    fields.check_holes("text", (*VALUES, "model", "order"))
    return Result(
        files=fields.expression("files", None),
        encoding=encoding,
        keyed=fields.truth("keyed", False),
        texts=fields.expression("texts", None),
        text=fields.text("text", None),
        seed=fields.expression("seed", None),
        job=fields.expression("job", None),
        via=_via(fields.table("via")) if "via" in fields.values else None,
    )


def _via(fields: "_Table") -> Via:
    fields.has_only("method path body headers files")
    return Via(**_request(fields, "GET", ("model", "job", "order", "file")), files=fields.expression("files"))


def _upload(fields: "_Table") -> Upload:
    fields.has_only("method path body form fields headers url")
    part = fields.text("form", None)
    if part is not None and "body" in fields.values:
        raise fields.wrong("body", "a request has `form`, the field that holds the file, or a `body`, not both")
    known: dict[str, Any] = {"method": fields.choice("method", METHODS, "POST"), "path": fields.text("path")}
    known["body"] = fields.values.get("body")
    known["form"] = dict(fields.table("fields").values) if part is not None else None
    known["headers"] = fields.headers("headers")
    for where in ("path", "body", "fields", "headers"):
        fields.check_holes(where, ("file", "model", "order", "key"))
    return Upload(**known, part=part, url=fields.expression("url"))


def _request(fields: "_Table", method: str, known: Iterable[str]) -> dict[str, Any]:
    if "body" in fields.values and "form" in fields.values:
        raise fields.wrong("form", "a request has a `body` or a `form`, not both")
    for where in ("path", "body", "form", "headers"):
        fields.check_holes(where, (*known, "key"))
    made: dict[str, Any] = {
        "method": fields.choice("method", METHODS, method),
        "path": fields.text("path"),
        "body": fields.values.get("body"),
        "headers": fields.headers("headers"),
    }
    if "form" in fields.values:
        made["form"] = dict(fields.table("form").values)
    return made


def _jwt(fields: "_Table") -> Jwt:
    fields.has_only("issuer secret seconds")
    for name in ("issuer", "secret"):
        if not VARIABLE.fullmatch(fields.text(name)):
            raise fields.wrong(name, "it must be the name of an environment variable in capitals")
    return Jwt(
        issuer=fields.text("issuer"), secret=fields.text("secret"), seconds=fields.number("seconds", Jwt.seconds)
    )


def _refusals(fields: "_Table") -> dict[str, str]:
    fields.has_only(" ".join(REFUSALS))
    for name in fields.values:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", FutureWarning)
                re.compile(fields.text(name))
        except (re.error, FutureWarning) as error:
            raise fields.wrong(name, f"it is no regular expression: {error}") from None
    return dict(fields.values)


@cache
def expression(text: str) -> Callable[[Any], Any]:
    """Return what a JMESPath expression finds in JSON data.

    Raises:
        ValueError: It is none.
    """
    import jmespath
    from jmespath.exceptions import JMESPathError

    try:
        compiled = jmespath.compile(text)
    except JMESPathError as error:
        raise ValueError(" ".join(str(error).split())) from None

    def find(data: Any) -> Any:
        try:
            return compiled.search(data, _options())
        except JMESPathError:
            return None  # a function was given another type than it takes: what is asked for is not there

    return find


@cache
def _options() -> Any:
    """Return JMESPath's options with `from_json(text)`: some answers hold JSON as a text."""
    from jmespath import Options, functions

    class Functions(functions.Functions):  # type: ignore[misc]
        @functions.signature({"types": ["string", "null"]})  # type: ignore[untyped-decorator]
        def _func_from_json(self, text: str | None) -> Any:
            try:
                return json.loads(text or "null")
            except ValueError:
                return None

    return Options(custom_functions=Functions())


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


def _near(name: str, known: Iterable[str]) -> str:
    near = get_close_matches(name, list(known), 1)
    return f"; did you mean `{near[0]}`?" if near else ""


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


_NEEDED: Any = object()


class _Table:
    """A table of the file and where it stands."""

    def __init__(self, values: Any, path: tuple[str, ...], file: str) -> None:
        self.path, self.file = path, file
        if not isinstance(values, Mapping):
            raise JobFileError(f"{file}: `{'.'.join(path)}` must be a table.", path)
        self.values: Mapping[str, Any] = values

    def wrong(self, name: str, why: str) -> JobFileError:
        where = ".".join((*self.path, name))
        value = self.values.get(name)
        shown = f" is {value!r}" if isinstance(value, str | int | float) else ""
        return JobFileError(f"{self.file}: `{where}`{shown}: {why}.", (*self.path, name))

    def has_only(self, known: str) -> None:
        for name in (one for one in self.values if one not in known.split()):
            near = _near(name, known.split()) or f"; it can be: {', '.join(known.split())}"
            raise self.wrong(name, f"there is no such field{near.removesuffix('?')}")

    def table(self, name: str) -> "_Table":
        return _Table(self.values.get(name, {}), (*self.path, name), self.file)

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
        if not _is_number(value) or not (least or float("-inf")) <= value <= (most or float("inf")):
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
            if not isinstance(text, str) or not re.fullmatch(r"[A-Za-z0-9-]+", one) or "\n" in text:
                raise values.wrong(one, "a header has a name of letters, digits and `-`, and a text on one line")
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
                raise self.wrong(name, f"`{{{hole.name}}}` is not known here{_near(hole.name, known)}")
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
