"""`sensorium providers check FILE`: what is wrong on which line, and what would be sent."""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..tools.base.endpoints import presets
from ..tools.base.errors import SettingsError
from ..tools.base.makers import FILES
from ..tools.base.outward import is_this_machine
from ..tools.base.toml_text import read_toml
from ..tools.jobs.api import JobFileError, line_of, read_api
from ..tools.jobs.files import OURS
from ..tools.jobs.shapes import JobApi, Operation, Request
from ..tools.jobs.template import MISSING, render
from .printing import fit, say, say_json
from .tool_commands import columns

_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]*")
_BODY_COLUMNS = 400
_NUMBERS = (
    "width_pixels", "height_pixels", "count", "seed", "strength", "index", "scale", "left_pixels", "right_pixels",
    "top_pixels", "bottom_pixels", "seconds", "frames_per_second", "speed", "beats_per_minute",
)  # fmt: skip
"""Values that are numbers; of the others a limit is one of letters."""


def check(file: Path, *, as_json: bool) -> int:
    """Read a file of a job API, say what is wrong with it, and show what it would send; 3 when it cannot be used.

    Raises:
        SettingsError: It cannot be used.
    """
    try:
        if file.exists() and not file.is_file():
            raise SettingsError(f"{str(file)!r} is no regular file.")
        text = file.read_bytes().decode("utf-8-sig")  # some editors begin each file with a mark
    except OSError as error:
        raise SettingsError(f"{str(file)!r} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        raise SettingsError(f"{str(file)!r} is no text in UTF-8: byte {error.start}.") from None
    line, fault, api = _read(text, file.stem)
    warnings = [*([] if api is None else _doubts(api, tomllib.loads(text), file))]
    sent = [] if api is None else [one for each in api.operations for one in _dry_run(api, each)]
    if as_json:
        wrong = {"line": line, "message": fault} if fault else None
        say_json({"ok": not fault, "file": str(file), "error": wrong, "warnings": warnings, "sent": sent}, indent=1)
        return 3 if fault else 0
    if api is None:
        raise SettingsError(f"{file!s}{f', line {line}' if line else ''}: {fault}")
    count = len(api.operations)
    say(f"{file}: {api.title}, {count} operation{'s' if count > 1 else ''}, {api.base_url}")
    for warning in warnings:
        say(f"  to be seen to: {warning}")
    for one in sent:
        say("")
        say(f"{one['operation']}: {one['request']}")
        say(f"  {one['method']} {one['url']}")
        if one["body"] is not None:
            written = json.dumps(one["body"], ensure_ascii=False)
            say(f"  {fit(written, min(_BODY_COLUMNS, 3 * columns()))}")
    say(f"\nIt can be used: put it at `providers/{file.stem}.toml` in the home folder. Nothing was sent.")
    return 0


def _read(text: str, name: str) -> tuple[int | None, str, JobApi | None]:
    """Return the line and the words of what is wrong, or the API."""
    try:
        table = read_toml(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"line (\d+)", str(error))
        last = len(text.splitlines()) if "end of document" in str(error) else None
        return (int(found[1]) if found else last), f"it is no TOML: {error}", None
    if not table:
        return None, "there is nothing in it. docs/providers.md shows a whole one.", None
    if not _NAME.fullmatch(name):
        return (
            None,
            f"the file's name is the provider's, and {name!r} has more than small letters, digits, `-`, `_`. Rename "
            "it, such as `my-shop.toml`.",
            None,
        )
    try:
        return None, "", read_api(table, name)
    except JobFileError as error:
        return line_of(text, error.path), str(error).removeprefix(f"providers/{name}.toml: "), None


def _doubts(api: JobApi, table: Mapping[str, Any], file: Path) -> Iterator[str]:
    """Yield what can be used, and may not be what was meant."""
    from urllib.parse import urlsplit

    parts = urlsplit(api.base_url)
    if parts.scheme == "http" and not is_this_machine(parts.hostname or ""):
        yield "`base_url` is not encrypted, and the key would travel so: is there an https address?"
    if (ours := OURS / f"{api.name}.toml").is_file() and file.resolve() != ours.resolve():
        yield f"{api.name!r} comes with Sensorium, and this file would stand in the place of that one."
    known = presets().get(api.name, {}).get("key", api.key)
    if api.key not in (None, known):
        yield f"{api.name!r} is known already, and its key is in `{known}`; leave `key` out."
    if api.key is None and api.jwt is None and not is_this_machine(parts.hostname or ""):
        yield "there is no `key`, so none is sent."
    if not table.get("price"):
        yield "there is no `[price]`, so no budget in USD holds with it, and no quote says what it costs."
    for one in api.operations:
        if one.submit.job and not one.lookup and not one.submit.idempotency:
            yield (
                f"`{one.name}`: an order that is cut off is asked about, not repeated; `lookup` or `idempotency` would "
                "tell, where the API has them."
            )
            break


def _dry_run(api: JobApi, operation: Operation) -> Iterator[dict[str, Any]]:
    """Yield what would be sent, with samples as values."""

    def sample(name: str, filter: str) -> Any:
        if name in FILES:
            made = f"<{name}{f' as {filter}' if filter else ''}>"
            return [made] if name == "pictures" else made
        take = operation.takes.get(name)
        value: Any = operation.defaults.get(name, take.of[0] if take and take.of else None)
        if value is None and take and name in _NUMBERS:
            value = take.span.least or take.span.most
        value = f"<{name}>" if value is None else value
        value = operation.maps.get(name, {}).get(str(value), value)
        return str(value) if filter == "text" else value

    for label, request in (
        ("order", operation.submit),
        ("find again", operation.lookup),
        ("ask", operation.poll),
        ("cancel", operation.cancel),
        ("fetch", operation.result.via),
    ):
        if request is not None:
            yield {"operation": operation.name, "request": label, **_written(api, request, sample)}


def _written(api: JobApi, request: Request, sample: Any) -> dict[str, Any]:
    body = render(request.body if request.form is None else dict(request.form), sample)
    path = render(request.path, sample)
    url = path if "://" in path else f"{api.base_url}/{path.lstrip('/')}"
    return {"method": request.method, "url": url, "body": None if body is MISSING else body}
