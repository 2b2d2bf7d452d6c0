"""Keep secrets out of whatever is shown, logged or stored, by their values.

Who reads a secret says so with `know`. From then on it is struck wherever text leaves the code that needs it: whole, in
the encodings that servers and libraries write it in, and in part where a part of it would help to find the rest.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from pydantic import BaseModel

M = TypeVar("M", bound="BaseModel")

MARK = "[secret]"
"""What stands in the place of one."""
SHORTEST = 8
"""Letters; shorter ones, such as `ollama`, are no secrets, and words of any text."""
_WORD = re.compile(r"[a-z-]{1,11}")
"""Put where a key is asked for and none is needed, such as `anything` or `lm-studio`: words of any text, too."""
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
    """Strike these values from now on; what is too short to be a secret, or a short word, is passed over."""
    for one in values:
        if one and len(one) >= SHORTEST and not _WORD.fullmatch(one) and one not in _known:
            _known[one] = None


def known() -> list[str]:
    """Return the values that are struck: for another process of ours."""
    return list(_known)


def redact(text: str) -> str:
    """Return text without any known secret, nor what stands for one."""
    secrets = tuple(_known)  # another thread may add to them
    if secrets and ("%" in text or "\\" in text or "&#" in text) and _ESCAPES.search(text):
        for secret in secrets:
            text = _spelled(secret).sub(MARK, text)
    hits = [one for one in _sought(secrets) if one[0] in text]
    return _without(text, sorted({span for one in hits for span in _spans(text, *one)})) if hits else text


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
        keep = max((_overlap(text, form) for secret in tuple(_known) for form in _forms(secret)), default=0)
        at = len(text) - keep
        self._held = text[at:]
        return redact(text[:at])

    def rest(self) -> str:
        """Return what was held back, when nothing more comes."""
        held, self._held = self._held, ""
        return redact(held)


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
    # From the first of them only: tried from each, a long row of them would take hours.
    slashes = r"(?<!\\)\\+"
    escapes = rf"{in_address}|%{code:02x}|{slashes}(?:u00|x){code:02x}|&#x0*{code:x};|&#0*{code};"
    return rf"(?:{re.escape(letter)}|{slashes}{re.escape(letter)}|(?i:{escapes}))"


@lru_cache(maxsize=4)  # of each set of secrets that there was, it would be much
def _sought(secrets: tuple[str, ...]) -> tuple[tuple[str, int, str], ...]:
    """Return windows of all forms of all secrets: a text without any of them has nothing to strike.

    Returns:
        Letters, where in a form they stand, and the form.
    """
    found: list[tuple[str, int, str]] = []
    for secret in secrets:
        for form in _forms(secret):
            # Each part that is long enough has one of these in it, whatever its beginning. Of what is encoded, only
            # parts with the beginning or the end are looked for: others cannot be read without them.
            last, step = len(form) - LEAST_END, _least(form) - LEAST_END + 1
            starts = [*range(0, last, step)] if form == secret else [0]
            found += [(form[at : at + LEAST_END], at, form) for at in dict.fromkeys([*starts, last])]
    return tuple(found)


def _least(form: str) -> int:
    """Return how many letters in a row of a form are struck wherever they stand."""
    return min(len(form), max(LEAST_PART, -(-len(form) // 3)))


def _spans(text: str, window: str, start: int, form: str) -> Iterator[tuple[int, int]]:
    """Yield what is to be struck where a window of a form stands in a text."""
    at = text.find(window)
    while at >= 0:
        before = _common(text[max(0, at - start) : at][::-1], form[:start][::-1])
        after = _common(text[at + LEAST_END : at - start + len(form)], form[start + LEAST_END :])
        begin, end = at - before, at + LEAST_END + after
        is_cut_after = before == start and (end == len(text) or text.startswith(_CUT, end))
        is_cut_before = start + LEAST_END + after == len(form) and (begin == 0 or text.endswith(_CUT, 0, begin))
        if end - begin >= _least(form) or is_cut_after or is_cut_before:
            yield begin, end
        at = text.find(window, at + 1)


def _without(text: str, spans: Iterable[tuple[int, int]]) -> str:
    kept, at = [], 0
    for begin, end in spans:
        if begin >= at:
            kept += [text[at:begin], MARK]
        at = max(at, end)
    return "".join([*kept, text[at:]]) if kept else text


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
        if _NAMED.search(name) and not value.startswith(("/", "~", ".")) and not value.isdecimal():
            yield value
        elif name.lower().endswith("_proxy") and (found := _USER.search(value)):
            yield from found[0].split(":", 1)


_NAMED = re.compile(r"(?:API_?KEY|ACCESS_?KEY|SECRET(?:_?KEY)?|TOKEN|PASSWORD|PASSWD)$", re.IGNORECASE)
