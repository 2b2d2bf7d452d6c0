"""Reads the numbers of a chart as people write them into a sentence."""

import re
from collections.abc import Sequence

from ..base.errors import ArgumentError
from .card import ChartCard, ChartKind

# A comma inside `1,200` parts nothing.
_BETWEEN = re.compile(r"\s*(?:[;；\n、，]|,(?!\d{3}(?!\d))|\band\b)\s*")
_POINT = re.compile(
    r"(?P<name>\S.{0,59}?)\s*(?:[:=：]|\s|(?<=[^\x00-\x7f])(?=[-+\d$€£¥]))\s*"
    r"(?P<written>[-−+]?[$€£¥]?(?:(?<=[$€£¥])[-−+])?\d[\d,]*(?:\.\d+)?\s*(?P<unit>%|[A-Za-z°]{1,8}(?:/[a-z]{1,4})?|[\u4e00-\u9fff]{1,3})?)"
)
_TITLE = re.compile(r"(?P<title>[^:：\n]{0,80}?)\s*[:：\n]\s*(?P<rest>.+)", re.DOTALL)
_TIMES = {
    "k": 1e3, "K": 1e3, "thousand": 1e3, "M": 1e6, "million": 1e6, "B": 1e9, "bn": 1e9, "billion": 1e9,
    "trillion": 1e12, "千": 1e3, "万": 1e4, "百万": 1e6, "千万": 1e7, "亿": 1e8,
}  # fmt: skip
_UNIT = re.compile(r"(?P<times>百万|千万|[千万亿]|[kKMB]\b|bn\b|thousand\b|[mb]illion\b|trillion\b)?(?P<rest>.*)")


def read_chart(content: str, noun: str) -> ChartCard | None:
    """Return the chart of `Sales: Jan 3, Feb 5`; None where anything but names with numbers stands there.

    Raises:
        ArgumentError: Its numbers are in several units.
    """
    noun = noun.lower()
    kind: ChartKind = "pie" if "pie" in noun or "饼" in noun else "line" if "line" in noun or "折线" in noun else "bar"
    found = _TITLE.fullmatch(content.strip())
    if found and not re.search(r"\d", found["title"]) and (points := _points(found["rest"])):
        return ChartCard(points=points, kind=kind, title=found["title"].strip())
    points = _points(content)
    return ChartCard(points=points, kind=kind) if points else None


def _points(text: str) -> tuple[tuple[str, float, str], ...]:
    points, units = [], []
    for part in filter(None, _BETWEEN.split(text.strip(" .。"))):
        found = _POINT.fullmatch(part)
        if not found:
            return ()
        number = re.sub(r"[^\d.]", "", found["written"].removesuffix(found["unit"] or ""))
        if not re.fullmatch(r"\d{1,15}(?:\.\d{1,9})?", number):
            return ()
        value = -float(number) if re.match(r"[$€£¥]?[-−]", found["written"]) else float(number)
        points.append((found["name"].strip(), value, found["written"].strip()))
        units.append(found["unit"] or "")
    return _on_one_scale(points, units) if len(points) >= 2 else ()


def _on_one_scale(points: Sequence[tuple[str, float, str]], units: Sequence[str]) -> tuple[tuple[str, float, str], ...]:
    """Return points whose values compare: 2M is more than 500K, and nobody knows what 5 kg are in metres."""
    if len(set(units)) == 1:
        times = [1.0] * len(points)
    else:
        read = [found for one in units if (found := _UNIT.fullmatch(one))]
        times = [_TIMES[one["times"]] if one["times"] else 1.0 for one in read]
        # `1 win` and `3 wins` are one unit; `s`, `ms` and `m` are three.
        rests = [one["rest"].strip().lower() for one in read]
        units = [one.removesuffix("s") if len(one) > 2 else one for one in rests]
    signs = [sign[0] if (sign := re.search("[$€£¥]", written)) else "" for _, _, written in points]
    for kinds in (units, signs):
        if len(set(filter(None, kinds))) > 1:
            raise ArgumentError(
                f"The numbers of a chart share one scale, and {', '.join(one for _, _, one in points)[:80]} are in "
                "several units. Give all of them in one."
            )
    return tuple((name, value * by, written) for (name, value, written), by in zip(points, times, strict=True))
