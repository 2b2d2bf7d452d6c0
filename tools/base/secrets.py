"""Keep secrets out of whatever is shown, logged or stored, by their values.

Who reads a secret says so with `know`. From then on it is struck wherever text leaves the code that needs it: whole, in
the encodings that servers and libraries write it in, and in part where a part of it would help to find the rest.
"""

import base64
import binascii
import json
import logging
import re
import sys
import threading
import traceback
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from pydantic import BaseModel

M = TypeVar("M", bound="BaseModel")

MARK = "[secret]"
"""What stands in the place of one."""
SHORTEST = 8
"""Letters; shorter ones, such as `ollama`, are no secrets, and words of any text."""
LEAST_PART = 10
"""Letters in a row of a secret that are struck wherever they stand, if they are at least a third of it."""
LEAST_END = 8
"""Letters of its beginning or end that are struck where a text was cut there."""
_CUT = ("…", "...", "*", "•", "[")
# A name and password in an address, known or not.
_USER = re.compile(r"(?<=://)[^\s/@:'\"<>]*:[^\s/@'\"<>]+(?=@)")
_ESCAPES = re.compile(r"%[0-9A-Fa-f]{2}|\\+(?:[ux]00|x|[^\w\s])|&#")

_known: dict[str, None] = {}


def know(*values: str | None) -> None:
    """Strike these values from now on; what is too short to be a secret is passed over."""
    for one in values:
        if one and len(one) >= SHORTEST and one not in _known:
            _known[one] = None


def known() -> list[str]:
    """Return the values that are struck: for another process of ours."""
    return list(_known)


def redact(text: str) -> str:
    """Return text without any known secret, nor what stands for one."""
    if _known and ("%" in text or "\\" in text or "&#" in text) and _ESCAPES.search(text):
        for secret in _known:
            text = _spelled(secret).sub(MARK, text)
    for secret in _known:
        for form in _forms(secret):
            text = _struck(text, form)
    return text


def redact_told(text: str) -> str:
    """Return text for people, an error or a line of a log, without secrets and without passwords in addresses."""
    return redact(_USER.sub(MARK, text) if "://" in text and "@" in text else text)


def redact_bytes(content: bytes) -> bytes:
    """Return the bytes of a text without secrets; the same when it has none, or is no text."""
    if not _known:
        return content
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return content
    struck = redact(text)
    return content if struck == text else struck.encode("utf-8")


def redact_plain(value: Any) -> Any:
    """Return JSON data without secrets in its texts and names; the same object when it has none."""
    if not _known:
        return value
    written = json.dumps(value, ensure_ascii=False, default=str)
    return value if redact(written) == written else _walked(value)


def redact_model(model: M) -> M:
    """Return a result without secrets in its texts; the same object when it has none."""
    if not _known:
        return model
    written = model.model_dump_json()
    if redact(written) == written:
        return model
    return type(model).model_validate(_walked(model.model_dump()))


def _walked(value: Any) -> Any:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {redact(name) if isinstance(name, str) else name: _walked(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_walked(part) for part in value]
    return value


class Stream:
    """Strikes secrets from text that comes in pieces: what may be a part of one waits for the next."""

    def __init__(self) -> None:
        self._held = ""

    def take(self, piece: str) -> str:
        """Return what may be passed on of all that came so far."""
        if not _known:
            return piece
        text = self._held + piece
        keep = max((_overlap(text, form) for secret in _known for form in _forms(secret)), default=0)
        at = len(text) - keep
        self._held = text[at:]
        return redact(text[:at])

    def rest(self) -> str:
        """Return what was held back, when nothing more comes."""
        held, self._held = self._held, ""
        return redact(held)


class SecretFilter(logging.Filter):
    """Strikes secrets from what is logged, tracebacks too."""

    def filter(self, record: logging.LogRecord) -> bool:
        said = record.getMessage()
        if (struck := redact_told(said)) != said:
            record.msg, record.args = struck, ()
        if record.exc_info and not record.exc_text:
            # A formatter writes what it finds here, and makes its own only where it finds nothing.
            record.exc_text = redact_told("".join(traceback.format_exception(*record.exc_info)).rstrip("\n"))
        elif record.exc_text:
            record.exc_text = redact_told(record.exc_text)
        if record.stack_info:
            record.stack_info = redact_told(record.stack_info)
        return True


def logger_of(name: str) -> logging.Logger:
    """Return a logger from whose records secrets are struck before any handler sees them."""
    logger = logging.getLogger(name)
    if not any(isinstance(one, SecretFilter) for one in logger.filters):
        logger.addFilter(SecretFilter())
    return logger


def guard_process() -> None:
    """Strike secrets from what this program writes by itself: logs of any library, tracebacks that nobody caught."""
    for handler in logging.getLogger().handlers:
        if not any(isinstance(one, SecretFilter) for one in handler.filters):
            handler.addFilter(SecretFilter())
    sys.excepthook = lambda kind, error, trace: _print_error(error)
    threading.excepthook = lambda args: _print_error(args.exc_value)


def _print_error(error: BaseException | None) -> None:
    if error and not isinstance(error, SystemExit) and sys.stderr:
        print(redact_told("".join(traceback.format_exception(error))), end="", file=sys.stderr)


@cache
def _forms(secret: str) -> tuple[str, ...]:
    """Return a secret as it is, and as others write it."""
    raw = secret.encode()
    forms = [secret, json.dumps(secret)[1:-1], quote(secret, safe=""), quote_plus(secret)]
    forms += [binascii.hexlify(raw).decode(), binascii.hexlify(raw).decode().upper()]
    forms += [one for shift in range(3) for one in _base64(raw, shift)]
    return tuple(dict.fromkeys(one for one in forms if len(one) >= SHORTEST))


def _base64(raw: bytes, shift: int) -> Iterator[str]:
    """Yield the letters of base64 that a secret alone decides, wherever in a longer text it begins."""
    # Each letter is 6 bits: those that share bits with what stands before or after are left out.
    first, after = -(-shift * 8 // 6), (shift + len(raw)) * 8 // 6
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        yield encode(b"\0" * shift + raw + b"\0\0").decode()[first:after]


@cache
def _spelled(secret: str) -> re.Pattern[str]:
    """Return what finds a secret of which any letters are written as escapes, the same way or not."""
    return re.compile("".join(map(_letter, secret)))


def _letter(letter: str) -> str:
    code = ord(letter)
    in_address = "".join(f"%{one:02x}" for one in letter.encode())
    escapes = rf"{in_address}|%{code:02x}|\\+u00{code:02x}|\\+x{code:02x}|&#x0*{code:x};|&#0*{code};"
    return rf"(?:{re.escape(letter)}|\\+{re.escape(letter)}|(?i:{escapes}))"


def _struck(text: str, form: str) -> str:
    """Return text without a form of a secret, without long parts of it, and without the rest of one that was cut."""
    return _cut_out(text, sorted({*_whole(text, form), *_parts(text, form), *_ends(text, form)}))


def _cut_out(text: str, spans: Iterable[tuple[int, int]]) -> str:
    kept, at = [], 0
    for begin, end in spans:
        if begin >= at:
            kept += [text[at:begin], MARK]
        at = max(at, end)
    return "".join([*kept, text[at:]]) if kept else text


def _found(text: str, part: str) -> Iterator[int]:
    at = text.find(part)
    while at >= 0:
        yield at
        at = text.find(part, at + 1)


def _whole(text: str, form: str) -> Iterator[tuple[int, int]]:
    yield from ((at, at + len(form)) for at in _found(text, form))


def _parts(text: str, form: str) -> Iterator[tuple[int, int]]:
    """Yield where a text shares many letters in a row with a form."""
    least = max(LEAST_PART, -(-len(form) // 3))
    if least >= len(form):
        return
    # Each part that long has one of these windows in it, whatever its beginning.
    size = (least + 1) // 2
    for start in {*range(0, len(form) - size + 1, least - size + 1), len(form) - size}:
        for at in _found(text, form[start : start + size]):
            before = _common(text[max(0, at - start) : at][::-1], form[:start][::-1])
            after = _common(text[at + size : at + len(form)], form[start + size :])
            if before + size + after >= least:
                yield at - before, at + size + after


def _ends(text: str, form: str) -> Iterator[tuple[int, int]]:
    """Yield where the beginning of a form stands right before a cut, or its end right after one."""
    for at in _found(text, form[:LEAST_END]):
        end = at + _common(text[at : at + len(form)], form)
        if end == len(text) or text.startswith(_CUT, end):
            yield at, end
    for at in _found(text, form[-LEAST_END:]):
        end = at + LEAST_END
        begin = end - _common(text[max(0, end - len(form)) : end][::-1], form[::-1])
        if begin == 0 or text.endswith(_CUT, 0, begin):
            yield begin, end


def _common(text: str, form: str) -> int:
    """Return how many letters two texts begin with alike."""
    least = min(len(text), len(form))
    return next((at for at in range(least) if text[at] != form[at]), least)


def _overlap(text: str, form: str) -> int:
    """Return how many of the last letters of a text are in a row in a form, so that more of it may come."""
    size = 0
    while size < min(len(text), len(form)) and text[-size - 1 :] in form:
        size += 1
    return size


def secrets_in(environ: Mapping[str, str]) -> Iterable[str]:
    """Return what the names of environment variables say is a secret, and passwords of proxies."""
    for name, value in environ.items():
        if _NAMED.search(name) and not value.startswith(("/", "~", ".")):
            yield value
        elif name.lower().endswith("_proxy") and (found := _USER.search(value)):
            yield from found[0].split(":", 1)


_NAMED = re.compile(r"(?:API_?KEY|ACCESS_?KEY|SECRET(?:_?KEY)?|TOKEN|PASSWORD|PASSWD)$", re.IGNORECASE)
