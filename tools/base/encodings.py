"""Tell in which encoding a text file is that does not say so."""

import codecs
from collections import Counter
from dataclasses import dataclass

UTF_8, UTF_16 = "UTF-8", "UTF-16"
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
ENOUGH = 0.75
"""Of the letters beyond ASCII must be such as are usual in an encoding, or the bytes are no text in it."""
_LOOKED_AT_BYTES = 1 << 18
# In which first bytes each has its usual letters: the common hanzi, kanji and hangul stand before the rare ones, and
# those of another encoding fall among the rare ones or nowhere. The first of two that fit as well is taken.
_EASTERN = {
    "GB18030": ("gb2312", {0xA1, 0xA3, *range(0xB0, 0xD8)}),
    "Big5": ("big5", {0xA1, *range(0xA4, 0xC7)}),
    "Shift-JIS": ("cp932", {*range(0x81, 0x84), *range(0x88, 0x98)}),
    "EUC-KR": ("euc_kr", set(range(0xB0, 0xC9))),
}
_KOREAN_BYTES = 24
"""Half of the common hanzi look like hangul: all of a text must, and be as long, to be Korean."""
_WESTERN = {
    "Windows-1252": ("cp1252", frozenset("àâäáãåæçèéêëìíîïñòóôöõøœùúûüßÀÂÄÁÅÆÇÈÉÊÍÎÑÓÔÖØŒÚÜ¿¡«»“”‘’–—…°€\xa0")),
    "Windows-1250": (
        "cp1250",
        frozenset("ąćęłńóśźżĄĆĘŁŃÓŚŹŻáčďéěíňřšťúůýžÁČĎÉĚÍŇŘŠŤÚŮÝŽöüőűÖÜŐŰăâîţşŢŞ«»„“”‘’–—…€\xa0"),
    ),
    "Windows-1251": ("cp1251", frozenset(map(chr, range(0x410, 0x450))) | frozenset("ёЁіїєґІЇЄҐ№«»“”„–—…\xa0")),
}
_DECODED_AS = {"GB18030": "gb18030", "Big5": "big5hkscs", "Shift-JIS": "cp932", "EUC-KR": "cp949"}


@dataclass(frozen=True)
class Decoded:
    """Text, and what it was taken for."""

    text: str
    encoding: str
    """As people call it."""
    is_guessed: bool
    """Whether its letters alone tell."""


def decoded(content: bytes) -> Decoded | None:
    """Return a text by its mark, as UTF-8 or UTF-16 if it is that, or as its letters look; None for what is no text."""
    for mark, codec in _MARKS:
        if content.startswith(mark):
            return Decoded(content[len(mark) :].decode(codec, "replace"), UTF_8 if codec == "utf-8" else UTF_16, False)
    if b"\0" in content:
        return _unmarked_utf_16(content)
    try:
        return Decoded(content.decode(), UTF_8, False)
    except UnicodeDecodeError:
        pass
    shares = {UTF_8: _share(content, "utf-8", None)}
    shares |= {name: _share(content, codec, usual) for name, (codec, usual) in _EASTERN.items()}
    shares |= {name: _share(content, codec, usual) for name, (codec, usual) in _WESTERN.items()}
    is_korean = shares["EUC-KR"] == 1.0 and len(content.translate(None, bytes(range(128)))) >= _KOREAN_BYTES
    best = "EUC-KR" if is_korean else max(shares, key=shares.__getitem__)
    if shares[best] < ENOUGH:
        return None
    codec = _DECODED_AS.get(best) or _WESTERN.get(best, ("utf-8",))[0]
    return Decoded(content.decode(codec, "replace"), best, True)


def _unmarked_utf_16(content: bytes) -> Decoded | None:
    """Return a text whose spaces, digits and line ends have a zero before or behind them; no other text has zeros."""
    for codec, spaces in (("utf-16-le", (b" \0", b"\n\0")), ("utf-16-be", (b"\0 ", b"\0\n"))):
        pairs = {content[at : at + 2] for at in range(0, min(len(content), _LOOKED_AT_BYTES) - 1, 2)}
        if pairs.isdisjoint(spaces):
            continue
        text = content.decode(codec, "replace")
        if "\0" not in text and text.count("\ufffd") <= 1:
            return Decoded(text, UTF_16, False)
    return None


def _share(content: bytes, codec: str, usual: set[int] | frozenset[str] | None) -> float:
    """Return which share of the letters beyond ASCII is usual in an encoding; of UTF-8, which is there at all."""
    text = content[:_LOOKED_AT_BYTES].decode(codec, "replace")
    letters = Counter(one for one in text if not one.isascii())
    fits = 0
    for letter, times in letters.items():
        if usual is None:
            is_usual = letter != "\ufffd"
        elif letter == "\ufffd":
            is_usual = False
        else:
            is_usual = letter in usual if isinstance(usual, frozenset) else letter.encode(codec)[0] in usual
        fits += times if is_usual else 0
    return fits / max(1, letters.total())
