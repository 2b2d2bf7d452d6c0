"""Reads the file of a job API, and says precisely what is wrong with it."""

from collections.abc import Iterable, Mapping
from typing import Any, get_args

from ..base.by_model import read_by_model
from ..base.endpoints import LIMITS, VARIABLE
from ..base.makers import FILES, TASKS, VALUES
from ..base.price import read_prices
from . import template
from .alike import LIKE, spelled_out
from .finding import expression
from .patterns import pattern
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
from .tables import JobFileError, Table, is_number, line_of, near_to

__all__ = ["JobFileError", "expression", "line_of", "read_api"]

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_SPAN = ("least", "most", "step")
_OF_FILE = ("bytes", "types", "width_pixels", "height_pixels", "seconds", "inverted")
_HEADERS = {"Authorization": "Bearer {key}"}


def read_api(table: Mapping[str, Any], name: str) -> JobApi:
    """Return the job API that a file describes.

    Args:
        table: What the file holds.
        name: The file's name without `.toml`, which is the provider's.

    Raises:
        JobFileError: Something in it cannot be understood; the message names the field and what is accepted.
    """
    fields = Table(table, (), f"providers/{name}.toml")
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


def _operations(fields: Table) -> Table:
    """Return the operations with what they take from those that they are like."""
    operations = fields.table("operations")
    try:
        return Table(spelled_out(operations.values), operations.path, operations.file)
    except (KeyError, RecursionError) as error:
        name = str(error.args[0])
        raise operations.table(name).wrong(LIKE, "there is no such other operation to be like") from None


def _operation(fields: Table, name: str) -> Operation:
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


def _check_holes(fields: Table, made: Operation) -> None:
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


def _take(fields: Table, name: str) -> Take:
    is_file = name in FILES
    if not is_file and name not in VALUES:
        raise fields.wrong(name, f"there is no such value or file{near_to(name, (*VALUES, *FILES))}")
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


def _span(fields: Table, *, alone: bool = False) -> Span:
    if alone:
        fields.has_only(" ".join(_SPAN))
    found = {name: fields.number(name, 0.0, least=None) for name in _SPAN if name in fields.values}
    if found.get("least", 0) > found.get("most", float("inf")):
        raise fields.wrong("least", f"it is above `most`, which is {found['most']:g}")
    if found.get("step", 1) <= 0:
        raise fields.wrong("step", "it must be above 0")
    return Span(**found)


def _defaults(fields: Table, takes: Mapping[str, Take]) -> dict[str, Any]:
    for name, value in fields.values.items():
        if (name not in takes and name != "callback") or name in FILES:
            raise fields.wrong(name, "only values that are taken, and `callback`, have a default")
        if not isinstance(value, str | int | float):
            raise fields.wrong(name, "it must be a text, a number, true or false")
        if name in takes and takes[name].of and value not in takes[name].of:
            raise fields.wrong(name, f"it is not among what is taken: {', '.join(map(str, takes[name].of))}")
    return dict(fields.values)


def _maps(fields: Table, takes: Mapping[str, Take]) -> dict[str, dict[str, Any]]:
    for name in fields.values:
        if name not in takes and name != "model":
            raise fields.wrong(name, "only values that are taken, and `model`, are translated")
    return {name: dict(fields.table(name).values) for name in fields.values}


def _submit(fields: Table) -> Submit:
    fields.has_only("method path body form headers job idempotency")
    return Submit(
        **_request(fields, "POST", (*VALUES, *FILES, "model", "order", "callback")),
        job=fields.expression("job", None),
        idempotency=fields.text("idempotency", None),
    )


def _lookup(fields: Table) -> Lookup:
    fields.has_only("method path body headers job")
    return Lookup(**_request(fields, "GET", ("model", "order")), job=fields.expression("job"))


def _cancel(fields: Table) -> Request:
    fields.has_only("method path body headers")
    return Request(**_request(fields, "POST", ("model", "job", "order")))


def _poll(fields: Table) -> Poll:
    fields.has_only("method path body headers status done failed progress ahead error seconds")
    pauses = fields.values.get("seconds", [Poll.first_seconds, Poll.longest_seconds])
    is_pair = isinstance(pauses, list) and len(pauses) == 2 and all(is_number(one) for one in pauses)
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
        ahead=fields.expression("ahead", None),
        error=fields.expression("error", None),
        first_seconds=float(pauses[0]),
        longest_seconds=float(pauses[1]),
    )


def _result(fields: Table) -> Result:
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


def _via(fields: Table) -> Via:
    fields.has_only("method path body headers files")
    return Via(**_request(fields, "GET", ("model", "job", "order", "file")), files=fields.expression("files"))


def _upload(fields: Table) -> Upload:
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


def _request(fields: Table, method: str, known: Iterable[str]) -> dict[str, Any]:
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


def _jwt(fields: Table) -> Jwt:
    fields.has_only("issuer secret seconds")
    for name in ("issuer", "secret"):
        if not VARIABLE.fullmatch(fields.text(name)):
            raise fields.wrong(name, "it must be the name of an environment variable in capitals")
    return Jwt(
        issuer=fields.text("issuer"), secret=fields.text("secret"), seconds=fields.number("seconds", Jwt.seconds)
    )


def _refusals(fields: Table) -> dict[str, str]:
    fields.has_only(" ".join(REFUSALS))
    for name in fields.values:
        try:
            pattern(fields.text(name))
        except ValueError as error:
            raise fields.wrong(name, f"it is no regular expression: {error}") from None
    return dict(fields.values)
