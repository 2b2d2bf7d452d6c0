"""Whether an address may be fetched without asking: it stands in the user's own words, or in the allow-list."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import suppress
from urllib.parse import unquote

from ..base.errors import ArgumentError
from .own_words import own_words
from .spelling import Location, read_location

_START = re.compile(r"https?://", re.IGNORECASE)
# What ends an address in running text: space, quotes and brackets of any script, and Chinese and Japanese punctuation,
# which no address holds as it is.
_END = re.compile(
    r"[\s<>\"`“”‘’«»「」『』【】〔〕（）《》〈〉，。、；：！？…|\\^{}\u0000-\u001f\u007f\u200b-\u200f\u2028-\u202f\ufeff]"
)
_CHINESE = re.compile(r"[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]")
"""And Japanese and Korean: written without a space after an address; `https://café.example` is one word."""
_BEFORE = "([,;:>'*_~="
"""What may stand before an address without a space; after anything else of ASCII it is part of a longer word."""
_TRAILING = ".,;:!?*_~'"
_PATTERN = re.compile(r"(?:\*\.)?(?:[a-z0-9_-]+\.)*[a-z0-9_-]+", re.IGNORECASE)


def addresses_in(text: str) -> list[str]:
    """Return the http(s) addresses that stand in a request, in order and as they are dialled, each once."""
    likeliest = (one for word in _words(text) for one in _read([list(_forms(word))[-1]]))
    return list(dict.fromkeys(one.url for one in likeliest))


def stands_in(url: str, text: str) -> bool:
    """Tell whether a request has exactly this address, as a word of its own among the user's own words.

    The case of scheme and host, the usual port, an empty path and a fragment make no difference; any other path or
    query is another address.
    """
    try:
        wanted = read_location(url)
    except ArgumentError:
        return False
    return any(one == wanted for word in _words(text) for one in _read(_forms(word)))


def is_allowed(url: str, allow: Iterable[str]) -> bool:
    """Tell whether an address fits one of the patterns `example.org`, `*.example.org` and `https://host/path/*`."""
    try:
        location = read_location(url)
    except ArgumentError:
        return False
    return any(_fits(location, pattern.strip()) for pattern in allow)


def why_no_pattern(pattern: str) -> str | None:
    """Return what is wrong with a pattern of the allow-list, or None."""
    if "://" not in pattern:
        if _PATTERN.fullmatch(pattern.strip()):
            return None
        return "a host is written like `example.org`, or `*.example.org` with all below it"
    try:
        stem = pattern.strip().removesuffix("*")
        read_location(stem)
    except ArgumentError as error:
        return str(error)
    return "`*` stands only at the end" if "*" in stem else None


def _fits(location: Location, pattern: str) -> bool:
    if "://" in pattern:
        stem = read_location(pattern.removesuffix("*"))
        if (stem.scheme, stem.host, stem.port) != (location.scheme, location.host, location.port):
            return False
        if not pattern.endswith("*"):
            return stem.target == location.target
        # `/talks/../private` begins with `/talks/`, and servers read it as `/private`.
        return location.target.startswith(stem.target) and not _climbs(location.target)
    host = pattern.lower()
    if host.startswith("*."):
        return location.host.endswith(host[1:])
    return location.host == host


def _climbs(target: str) -> bool:
    """Tell whether some server may read a path as leading upwards, however it is encoded."""
    path, before = target.partition("?")[0], ""
    while path != before:
        path, before = unquote(path), path
    path = unicodedata.normalize("NFKC", path).replace("\\", "/")
    if "\ufffd" in path or not path.isprintable():  # `%c0%ae` is a dot for a careless reader of UTF-8
        return True
    return ".." in (part.partition(";")[0] for part in path.split("/"))  # `..;a` is `..` with a parameter


def _words(text: str) -> Iterator[str]:
    """Yield the words of a text that begin like an address, up to what no address holds."""
    text, behind = own_words(text), 0
    for found in _START.finditer(text):
        before = text[found.start() - 1] if found.start() else " "
        # One address inside another is not one that the user wrote: `https://archive.example/https://example.org/`.
        if (found.start() < behind and before not in ",;") or not _may_stand_before(before):
            continue
        end = _END.search(text, found.end())
        behind = end.start() if end else len(text)
        yield text[found.start() : behind]


def _read(forms: Iterable[str]) -> Iterator[Location]:
    for form in forms:
        with suppress(ArgumentError):
            yield read_location(form)


def _may_stand_before(letter: str) -> bool:
    return not letter.isascii() or letter.isspace() or bool(_END.match(letter)) or letter in _BEFORE


def _forms(word: str) -> Iterator[str]:
    """Yield what the writer of a word may mean as the address: all of it, then without what ends a sentence."""
    inner = re.search(r"[,;]https?://", word, re.IGNORECASE)
    whole = word[: inner.start()] if inner else word
    for form in (whole, whole[: _closing(whole)]):
        yield form
        yield form.rstrip(_TRAILING)
        yield _before_letters(form).rstrip(_TRAILING)


def _closing(word: str) -> int:
    """Return where a bracket closes that was opened before the word; the end when there is none."""
    depth = 0
    for at, letter in enumerate(word):
        depth += (letter in "([") - (letter in ")]")
        if depth < 0:
            return at
    return len(word)


def _before_letters(word: str) -> str:
    """Return the part of a word before the Chinese that follows an address without a space."""
    first = found.start() if (found := _CHINESE.search(word)) else len(word)
    head, rest = word[:first], word[first:]
    authority, slash, _ = head.partition("://")[2].partition("/")
    # A name of a host, or a folder, may itself be Chinese: there the address goes on.
    goes_on = "." in rest or "/" in rest or head.endswith("/") or not (slash or "." in authority)
    return word if goes_on else head
