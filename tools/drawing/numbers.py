"""Reads the numbers of a chart as people write them into a sentence."""

import re

from .card import ChartCard, ChartKind

# A comma inside `1,200` parts nothing.
_BETWEEN = re.compile(r"\s*(?:[;；\n、，]|,(?!\d{3}(?!\d))|\band\b)\s*")
_POINT = re.compile(
    r"(?P<name>\S.{0,59}?)\s*(?:[:=：]|\s|(?<=[^\x00-\x7f])(?=[-+\d$€£¥]))\s*"
    r"(?P<written>[-−+]?[$€£¥]?(?:(?<=[$€£¥])[-−+])?\d[\d,]*(?:\.\d+)?\s*(?P<unit>%|[A-Za-z°]{1,8}(?:/[a-z]{1,4})?|[\u4e00-\u9fff]{1,3})?)"
)
_TITLE = re.compile(r"(?P<title>[^:：\n]{0,80}?)\s*[:：\n]\s*(?P<rest>.+)", re.DOTALL)


def read_chart(content: str, noun: str) -> ChartCard | None:
    """Return the chart of `Sales: Jan 3, Feb 5`; None where anything but names with numbers stands there."""
    noun = noun.lower()
    kind: ChartKind = "pie" if "pie" in noun or "饼" in noun else "line" if "line" in noun or "折线" in noun else "bar"
    found = _TITLE.fullmatch(content.strip())
    if found and not re.search(r"\d", found["title"]) and (points := _points(found["rest"])):
        return ChartCard(points=points, kind=kind, title=found["title"].strip())
    points = _points(content)
    return ChartCard(points=points, kind=kind) if points else None


def _points(text: str) -> tuple[tuple[str, float, str], ...]:
    points = []
    for part in filter(None, _BETWEEN.split(text.strip(" .。"))):
        found = _POINT.fullmatch(part)
        if not found:
            return ()
        number = re.sub(r"[^\d.]", "", found["written"].removesuffix(found["unit"] or ""))
        if not re.fullmatch(r"\d{1,15}(?:\.\d{1,9})?", number):
            return ()
        value = -float(number) if re.match(r"[$€£¥]?[-−]", found["written"]) else float(number)
        points.append((found["name"].strip(), value, found["written"].strip()))
    return tuple(points) if len(points) >= 2 else ()
