"""Text so that it shows what it is, and nothing in it can upset or disguise what stands around it."""

import unicodedata

# Controls move the cursor or change the terminal; format characters reorder or hide what stands around them, and a few
# letters are as good as nothing. Soft hyphens and joiners are a part of ordinary words and emoji.
_UPSETTING = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))
_HIDDEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_ORDINARY = frozenset("\u00ad\u200c\u200d")


def clean(text: str, *, keep: str = "\n\t") -> str:
    """Return text with what must not reach a terminal shown as `\ufffd`: media and file names may hold anything."""
    return "".join(
        letter
        if letter in keep
        or letter in _ORDINARY
        or (letter not in _HIDDEN and unicodedata.category(letter) not in _UPSETTING)
        else "\ufffd"
        for letter in text
    )


# Joiners shape letters of Arabic, Persian and Indian scripts, and emoji; the two marks place signs beside them.
_SHAPING = frozenset("\u200c\u200d\u200e\u200f")
# What says where a word may be broken, and nothing else.
_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u2060\ufeff"))


def shown(line: str) -> str:
    """Return a line as it is set on a picture: single spaces, no controls, and nothing that turns its direction."""
    seen = (one if one.isprintable() or one in _SHAPING else " " for one in line.translate(_INVISIBLE))
    return " ".join("".join(seen).split())
