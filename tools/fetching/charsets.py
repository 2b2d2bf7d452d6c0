"""Turns the bytes of a page or a text into letters, whatever its server and its head say of their character set."""

import codecs
import re
from pathlib import Path

# Browsers look no further for a declaration (HTML standard, 1024 bytes); some pages have long comments before it.
_HEAD_BYTES = 4096
_DECLARED = re.compile(
    rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?([\w.:-]{1,40})|<\?xml[^>]{0,100}?encoding=[\"']([\w.:-]{1,40})",
    re.IGNORECASE,
)
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
MOST_TEXT_BYTES = 16 * 2**20
"""Of a text that is written anew."""
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
# What the names mean on the web (Encoding standard): each is the larger set that its pages are really written in.
_LARGER = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "iso8859-1": "cp1252",
    "ascii": "cp1252",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "big5": "big5hkscs",
    "iso8859-9": "cp1254",
    "tis-620": "cp874",
}
# Of the rest of `codecs`, which also knows `zip`, `rot13` and `idna`, nothing is a page's character set.
_KNOWN = re.compile(
    r"utf-?(8|16|16-le|16-be)|cp\d{3,4}|iso8859-\d{1,2}|koi8-[rut]|mac-\w+|gb18030|big5\w*|euc_\w+|shift_jis\w*|"
    r"cp932|iso2022_jp|hz"
)
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f\ufffe\uffff\ud800-\udfff]")


def decode_text(data: bytes, claimed: str = "", *, is_cut: bool = False) -> str:
    """Return bytes as text: by their mark, as UTF-8 when they are that, as declared, or as they look."""
    for mark, charset in _MARKS:
        if data.startswith(mark):
            return _clean(data[len(mark) :].decode(charset, "replace"))
    try:
        return _clean(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        if is_cut and error.start > len(data) - 4:  # in the middle of the last character
            return _clean(data[: error.start].decode("utf-8"))
    declared = _DECLARED.search(data[:_HEAD_BYTES])
    said = next((one for one in declared.groups() if one), b"").decode("ascii") if declared else ""
    for name in (claimed, said):
        if known := _charset(name):
            return _clean(data.decode(known, "replace"))
    return _clean(data.decode(_guessed(data), "replace"))


def to_utf8(path: Path, claimed: str) -> bool:
    """Write a text that is in another character set anew, and return whether it was one."""
    if path.stat().st_size > MOST_TEXT_BYTES:
        return False
    data = path.read_bytes()
    if not data.startswith(tuple(mark for mark, _ in _MARKS)) and _BINARY.search(data):
        return False
    text = decode_text(data, claimed)
    if "\ufffd" in text:
        return False
    path.write_text(text, encoding="utf-8", newline="")
    return True


def _charset(name: str) -> str | None:
    """Return the codec behind a name that pages use, when there is one."""
    try:
        known = codecs.lookup(name.strip().lower()).name
    except (LookupError, ValueError):
        return None
    known = _LARGER.get(known, known)
    return known if _KNOWN.fullmatch(known) else None


def _guessed(data: bytes) -> str:
    import charset_normalizer

    # Not UTF-16, which any bytes can be taken for; pages that are in it have its mark.
    best = charset_normalizer.from_bytes(data[: 2**16], steps=3, cp_exclusion=["utf_16", "utf_16_le", "utf_16_be"])
    found = best.best()
    return (found and _charset(found.encoding)) or "cp1252"


def _clean(text: str) -> str:
    return _CONTROLS.sub("", text)
