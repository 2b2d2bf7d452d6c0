"""Times that a request names, in English and Chinese."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

Span = tuple[float, float]

MOST_PARTS = 8
"""Parts of a file that are looked at each by itself; of more, all from the first to the last."""

_SMALL = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
_TENS = {
    "fifteen": 15,
    "twenty": 20,
    "thirty": 30,
    "forty": 40,
    "forty-five": 45,
    "fifty": 50,
    "sixty": 60,
    "ninety": 90,
}
_LOOSE = {"half a": 0.5, "half an": 0.5, "a couple of": 2, "a few": 3, "few": 3, "several": 5, "a dozen": 12, "几": 5}
_WORDS = {word: float(value) for value, word in enumerate(_SMALL)} | {**_TENS, **_LOOSE, "半": 0.5}
_HAN_DIGITS = {digit: value for value, digit in enumerate("零一二三四五六七八九")} | {"两": 2}
_WORD = "|".join(sorted((word for word in _WORDS if word.isascii()), key=len, reverse=True))
# Only whole numbers of a bearable length: of many digits in a row each would be looked at as the start of one.
NUMBER = rf"(?:(?<!\d)\d{{1,12}}(?!\d)(?:\.\d{{1,12}})?|\b(?:{_WORD})\b|[零一二两三四五六七八九十百]+|半|几)"
"""A pattern for an amount in digits or words; `number` reads what it matches."""

_UNIT_SECONDS = {"h": 3600.0, "小": 3600.0, "m": 60.0, "分": 60.0, "s": 1.0, "秒": 1.0}
_UNIT = r"(?:hours?|hrs?|h|minutes?|mins?|m|seconds?|secs?|s|小时|分钟|分|秒钟|秒)(?![a-z])"
_LIST = r"\s*(?:,\s*and|,|、|and|&|和|及|与)\s*"
_TO = r"\s*(?:to|till|until|through|-|–|—|~|到|至)\s*第?"
_CLOCK = r"(?<![\d:.])\d{1,3}:[0-5]\d(?::[0-5]\d)?(?:\.\d+)?(?![\d:])"
_ODD = re.compile(
    rf"(?P<clock>(?!{_CLOCK})(?<![\d:.])\d{{1,3}}(?::\d\d){{1,2}}(?:\.\d+)?(?![\d:]))|"
    r"(?:\b(?:at|after|before|from|every|to|until)\s+|每隔?|[在第])"
    rf"(?P<negative>-\s?\d+(?:(?::\d\d)+|(?:\.\d+)?\s*-?\s*个?{_UNIT}))"
)
_AMOUNT = rf"(?:第\s*)?{NUMBER}(?:{_LIST}第?{NUMBER})*\s*-?\s*个?{_UNIT}半?"
_NAMED = r"\b(?:minute|second)\s+\d+(?:\.\d+)?"
_TIME = re.compile(rf"(?P<clock>{_CLOCK})|(?P<named>{_NAMED})|(?P<amount>{_AMOUNT})")
_RANGE = re.compile(rf"(?:第\s*)?(?P<low>{NUMBER}){_TO}(?P<high>{NUMBER})\s*-?\s*(?P<unit>{_UNIT})")
_NTH_MINUTE = re.compile(rf"(?<![到至~-])第\s*(?P<nth>{NUMBER})\s*分钟(?!\s*[\d零一二两三四五六七八九十到至~-])")
_PICTURE = r"(?:frames?|pictures?|images?|stills?|screenshots?|thumbnails?|one)"
_RATE = re.compile(
    rf"(?P<count>{NUMBER})?\s*{_PICTURE}\s*(?:(?:per|an?|each|every)\s+|/\s*)(?P<length>{NUMBER}(?=\s*-?\s*[hms]))?\s*(?P<unit>{_UNIT})"
    rf"|每隔?\s*(?P<length2>{NUMBER})?\s*个?(?P<unit2>{_UNIT})[^\d,，。;；\s]*?(?P<count2>{NUMBER})?\s*[张帧幅]"
    r"|(?P<fps>(?<!\d)\d{1,6}(?:\.\d{1,6})?)\s*fps"
)
_EVERY = re.compile(
    rf"(?:every|each|per|interval of|每隔?)\s*(?P<other>other\s+)?(?P<length>{NUMBER})?\s*-?\s*个?(?P<unit>{_UNIT})"
)
_FIRST = re.compile(rf"(?:first|opening|initial|前|开头的?|头)\s*(?P<length>{NUMBER})?\s*-?\s*个?(?P<unit>{_UNIT})")
_LAST = re.compile(
    rf"(?:last|final|closing|最后的?|末尾的?|结尾的?|(?<![然之以])后)\s*(?P<length>{NUMBER})?\s*-?\s*个?(?P<unit>{_UNIT})"
)
_SHARES = {"half": 2, "third": 3, "quarter": 4, "半": 2, "三分之一": 3, "四分之一": 4}
_ORDINALS = {"first": 0, "opening": 0, "second": 1, "other": -1, "middle": 1, "third": 2, "last": -1, "final": -1}
_SHARE = re.compile(
    rf"\b(?:the )?(?P<which>{'|'.join(_ORDINALS)}|latter)\s+(?P<share>half|third|quarter)\b"
    r"(?!\s+(?:an? )?(?:hours?|minutes?|seconds?|mins?|secs?|h)\b)"
    r"|(?P<side>[前后上下])(?P<part>半|三分之一|四分之一)(?!个?(?:小时|分|秒|钟|年|天))(?:部分|[段场截程])?"
)
# "a 3-minute video", "30 seconds long": a length, not a place.
_A_LENGTH = re.compile(
    r"\s*-?(?:long\b|video|clip|talk|lecture|recording|film|movie|podcast|speech|audio|长?的(?:视频|音频|录音|片段|讲座))"
)


@dataclass(frozen=True, kw_only=True)
class Times:
    """What a text says about time, in seconds from the start."""

    points: tuple[float, ...]
    spans: tuple[Span, ...]
    """The end is infinite for "after 1:30"."""
    every_seconds: float | None
    odd: tuple[str, ...]
    """What looks like a time and is none: 99:99, every 0 seconds, at -5 s."""
    rest: str
    """The text with all this blanked out."""

    @property
    def parts(self) -> tuple[Span, ...]:
        """The spans, and each point as a span without length."""
        return _few((*self.spans, *((one, one) for one in self.points)))

    @property
    def places(self) -> tuple[Span | None, ...]:
        """The spans, each wanted by itself; None alone when there is none and the whole file is meant."""
        return _few(self.spans) or (None,)


def _few(parts: tuple[Span, ...]) -> tuple[Span, ...]:
    if len(parts) > MOST_PARTS:
        return ((min(start for start, _ in parts), max(end for _, end in parts)),)
    return parts


def number(text: str) -> float:
    """Return the value of what `NUMBER` matches."""
    text = " ".join(text.split())
    if text in _WORDS:
        return _WORDS[text]
    if text[0].isdigit():
        return float(text)
    value = digit = 0
    for letter in text:
        if letter in "十百":
            value += (digit or 1) * (10 if letter == "十" else 100)
            digit = 0
        else:
            digit = _HAN_DIGITS[letter]
    return float(value + digit)


def times_in(text: str, seconds: float | None = None) -> Times:
    """Return the times in lower-case text.

    Args:
        text: What to read.
        seconds: Length of the file, which "the last ten seconds" needs.
    """
    left = _Left(text)
    odd = [hit["clock"] or hit["negative"] for hit in left.take(_ODD)]
    every = [(_pace(hit), hit[0]) for hit in left.take(_RATE)]
    every += [(_length(hit, "2" if hit["other"] else "1"), hit[0]) for hit in left.take(_EVERY)]
    odd += [words for length, words in every if length <= 0]
    spans = [share for hit in left.take(_SHARE) if (share := _share(hit, seconds))]
    spans += [(0.0, _length(hit, "1")) for hit in left.take(_FIRST)]
    lasts = [_length(hit, "1") for hit in left.take(_LAST)]
    spans += [(max(0.0, seconds - last), seconds) for last in lasts if seconds is not None]
    spans += [(60.0 * number(hit["nth"]) - 60.0, 60.0 * number(hit["nth"])) for hit in left.take(_NTH_MINUTE)]
    for hit in left.take(_RANGE):
        unit = _UNIT_SECONDS[hit["unit"][0]]
        spans.append((number(hit["low"]) * unit, number(hit["high"]) * unit))
    points = _places(left, spans)
    ordered = tuple(dict.fromkeys((min(span), max(span)) for span in spans))
    return Times(
        points=tuple(dict.fromkeys(points)),
        spans=ordered,
        every_seconds=next((length for length, _ in every if length > 0), None),
        odd=tuple(" ".join(one.split()) for one in dict.fromkeys(odd)),
        rest=left.text,
    )


class _Left:
    """A text from which what was understood is blanked out, so that nothing is read twice."""

    def __init__(self, text: str) -> None:
        self.text = text

    def blank(self, start: int, end: int) -> None:
        self.text = self.text[:start] + " " * (end - start) + self.text[end:]

    def take(self, pattern: re.Pattern[str]) -> list[re.Match[str]]:
        hits = list(pattern.finditer(self.text))
        for hit in hits:
            self.blank(*hit.span())
        return hits


def _places(left: _Left, spans: list[Span]) -> list[float]:
    """Return the points that are named, and add to `spans` what two of them or a word beside them make."""
    text = left.text
    points: list[float] = []
    marks = list(_marks(text))
    while marks:
        start, end, values = marks.pop(0)
        before, after = text[:start], text[end:]
        between = re.search(r"(?:between|介于|在)\s*$", before)
        joint = text[end : marks[0][0]] if marks else ""
        if marks and len(values) == 1 and (re.fullmatch(_TO, joint) or (between and re.fullmatch(_LIST, joint))):
            _, end, ends = marks.pop(0)
            spans.append((values[0], ends[0]))
        elif between and len(values) == 2:
            spans.append((values[0], values[1]))
        elif not _A_LENGTH.match(after):
            listed = bool(marks and re.fullmatch(_LIST, joint)) or len(values) > 1
            side = None if listed else _side(values[0], before, after)
            if side:
                spans.append(side)
            else:
                points += values
        left.blank(start, end)
    return points


def _side(point: float, before: str, after: str) -> Span | None:
    if re.search(r"(?:after|since|starting (?:at|from)|from)\s*$", before) or re.match(
        r"\s*(?:之后|以后|开始|起|onward)", after
    ):
        return (point, math.inf)
    if re.search(r"(?:before|until|till|up to)\s*$", before) or re.match(r"\s*(?:之前|以前)", after):
        return (0.0, point)
    return None


def _marks(text: str) -> Iterator[tuple[int, int, list[float]]]:
    """Yield start, end and values of each time; "1 minute 30 seconds" is one."""
    held: tuple[int, int, list[float]] | None = None
    held_unit = 0.0
    for hit in _TIME.finditer(text):
        values, unit = _values(hit)
        if held and len(values) == len(held[2]) == 1 and 0 < unit < held_unit:
            joint = text[held[1] : hit.start()]
            if re.fullmatch(r"\s*(?:,?\s*and\s*)?", joint):
                held, held_unit = (held[0], hit.end(), [held[2][0] + values[0]]), unit
                continue
        if held:
            yield held
        held, held_unit = (hit.start(), hit.end(), values), unit
    if held:
        yield held


def _values(hit: re.Match[str]) -> tuple[list[float], float]:
    """Return the seconds of a time, and the unit they were given in (0 for one that cannot be continued)."""
    if clock := hit["clock"]:
        parts = [float(part) for part in clock.split(":")]
        return [sum(part * 60.0**power for power, part in enumerate(reversed(parts)))], 0.0
    if named := hit["named"]:
        unit, value = named.split()
        return [float(value) * _UNIT_SECONDS[unit[0]]], 0.0
    amount = hit["amount"]
    last = list(re.finditer(_UNIT, amount))[-1]
    seconds = _UNIT_SECONDS[last[0][0]]
    half = seconds / 2 if amount.endswith("半") else 0.0
    return [number(one) * seconds + half for one in re.findall(NUMBER, amount[: last.start()])], seconds


def _share(hit: re.Match[str], seconds: float | None) -> Span | None:
    """Return what "the second half" is; None when the length of the file is not known."""
    if seconds is None:
        return None
    parts = _SHARES[hit["share"] or hit["part"]]
    if hit["side"]:
        at = 0 if hit["side"] in "前上" else parts - 1
    else:
        at = min(_ORDINALS.get(hit["which"], -1) % parts, parts - 1)
    return (round(seconds * at / parts, 3), round(seconds * (at + 1) / parts, 3))


def _length(hit: re.Match[str], otherwise: str) -> float:
    return number(hit["length"] or otherwise) * _UNIT_SECONDS[hit["unit"][0]]


def _pace(hit: re.Match[str]) -> float:
    """Return the seconds from one picture to the next; 0 when that cannot be."""
    if hit["fps"]:
        count, seconds = float(hit["fps"]), 1.0
    else:
        unit = hit["unit"] or hit["unit2"]
        count = number(hit["count"] or hit["count2"] or "1")
        seconds = number(hit["length"] or hit["length2"] or "1") * _UNIT_SECONDS[unit[0]]
    return seconds / count if count else 0.0
