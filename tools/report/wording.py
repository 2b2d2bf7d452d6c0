"""The words of a report, in English and Chinese."""

import re
import unicodedata

from ..base.moments import Measure
from ..base.words import Language
from .chinese import in_chinese
from .phrases import COUNTS, MEASURES, PHRASES, UNITS

# Control characters, and the marks that turn the direction of the text around them: media text must not move ours.
_UNSEEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]"
)
_AT_LEAST = re.compile(r"of at least ([\d.]+) s")


class Wording:
    """The words of one language."""

    def __init__(self, language: Language) -> None:
        self.language: Language = language
        self._at = 0 if language == "en" else 1

    def __call__(self, key: str, /, **values: object) -> str:
        """Return a phrase with its values in place."""
        phrase = PHRASES[key][self._at].format(**values)
        # Figures are set off by a space, the unit after them is not: 时长 3:23 的, but 时长 6.2 秒的.
        return re.sub("秒 (?=[的中是均])", "秒", phrase) if self.language == "zh" else phrase

    def listed(self, items: list[str]) -> str:
        """Return items as one list in words."""
        return self("list_join").join(items)

    def length(self, seconds: float) -> str:
        """Return a length: `6.2 s`, and from a minute on `3:23`."""
        return clock(seconds) if seconds >= 59.5 else f"{number(round(seconds, 1))} {self.unit('s')}"

    def span(self, start: float, end: float) -> str:
        return self("span", start=clock(start), end=clock(end))

    def measure(self, name: str) -> str:
        """Return a measure's name for people."""
        return MEASURES.get(name, (name.replace("_", " "),) * 2)[self._at]

    def value(self, measure: Measure) -> str:
        """Return a measure's value with its unit."""
        if measure.unit in ("s", "seconds") and measure.value >= 1:
            return f"{number(measure.value)} {self.unit(measure.unit)}" + (
                f" ({clock(measure.value)})" if measure.value >= 60 else ""
            )
        unit = "" if measure.unit in COUNTS else self.unit(measure.unit)
        return f"{number(measure.value)}{'' if unit in ('', '%') or unit.startswith('（') else ' '}{unit}"

    def told(self, statement: str) -> str:
        """Return what a tool states in this language where it is known, else as the tool wrote it."""
        return in_chinese(statement) if self.language == "zh" else statement

    def unit(self, unit: str) -> str:
        """Return a unit as it is written after a number."""
        if self.language == "en":
            return unit.replace(" per minute", "/min")
        return _AT_LEAST.sub(r"（不短于 \1 秒）", unit) if unit.startswith("of at") else UNITS.get(unit, unit)


def clock(seconds: float) -> str:
    """Return a position as people write it: `0:20`, `1:02:03`."""
    whole = int(seconds + 0.5)
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"


def number(value: float) -> str:
    """Return a number with as many digits as tell something."""
    if abs(value - round(value)) < 1e-9 or abs(value) >= 1000:
        return f"{round(value):,}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}".rstrip("0").rstrip(".") or "0"


def engine(provider: str) -> str:
    """Return who served, without its model: `pocketsphinx` of `pocketsphinx:en-us`."""
    return clean(provider.partition(":")[0])


def clean(text: str) -> str:
    """Return media text on one line, without what cannot be seen or would reorder what stands around it."""
    return " ".join(visible(text).split())


def visible(text: str) -> str:
    """Return media text with its lines and spaces, without what cannot be seen or would reorder what stands around."""
    return _UNSEEN.sub("", unicodedata.normalize("NFC", text))


def quote(text: str, most: int = 240) -> str:
    """Return media text in quotation marks, cut at a word when it is longer than `most` characters."""
    plain = re.sub(r"[“”\"«»]", "’", clean(text)).strip()
    if len(plain) > most:
        head = plain[:most]
        plain = (head.rsplit(" ", 1)[0] if " " in head[most // 2 :] else head).rstrip(" ,;:，；：") + "…"
    return f"“{plain}”"
