"""Numbers that a request wants plotted."""

import math
import re
from dataclasses import dataclass, replace
from typing import Literal

ChartKind = Literal["bar", "line", "pie", "scatter", "area"]

MOST_BARS = 12
"""Bars of a histogram; values that are more different are counted in ranges."""

_HISTOGRAM = r"histograms?|distribution|直方图|分布图"
_KINDS: tuple[tuple[ChartKind | Literal["histogram"], str], ...] = (
    ("histogram", _HISTOGRAM),
    ("area", r"areas?(?: charts?| plots?)?|面积图"),
    ("pie", r"pies?(?: charts?| diagrams?)?|doughnut|饼状?图|饼形图"),
    ("scatter", r"scatter(?: ?plots?| charts?)?|散点图?"),
    ("line", r"lines?(?: charts?| graphs?| plots?)?|curves?|折线图?|曲线图?|线图|走势图|趋势图"),
    ("bar", r"bars?(?: charts?| graphs?| plots?)?|columns?(?: charts?)?|柱状?图?|柱形图|条形图|直条图"),
)
_NUMBER = r"[-+−]?(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?(?:e[-+]?\d+)?"
_UNIT = r"(?:%|°c?|[kmb]\b|[a-z]{1,3}\b|元|万|亿|人|个|次|分|度|岁|公斤|米)?"
_ITEM = re.compile(
    rf"^(?P<label>.*?)(?:(?<=\S)\s*[:=]\s*|(?<![\w.])|(?:(?<=[^\x00-\x7f])|(?<=\w)(?=[是为占有]))[是为占有]?)\$?(?P<value>{_NUMBER})\s*(?P<unit>{_UNIT})$",
    re.IGNORECASE,
)
_PAIR = re.compile(rf"(?P<label>[^\W\d]{{1,40}})\s*[:=]?\s*(?P<value>{_NUMBER})%?", re.IGNORECASE)
_VALUES = rf"(?P<values>{_NUMBER}(?:\s*[,\s]\s*{_NUMBER})+)"
_ROW = re.compile(rf"(?P<name>[^:=]{{1,60}}?)\s*[:=]\s*{_VALUES}\s*", re.IGNORECASE)
_SHORT_ROW = re.compile(rf"(?P<name>[^\W\d]\w{{0,30}})\s*[:=]\s*{_VALUES}", re.IGNORECASE)
_TITLE = re.compile(
    r"[,，]?\s*(?:with )?(?:the |a )?(?:titled?|called|named|标题(?:为|是|叫)?|题为)\s*[:：]?\s*"
    r"(?:[\"“”'「『](?P<quoted>[^\"“”'」』]+)[\"“”'」』]|(?P<bare>[^,，;；\n]+?)(?=$|[,，;；\n]))",
    re.IGNORECASE,
)
_WORDS = (
    r"please|can you|could you|for me|these|this|those|the|following|numbers?|values?|data|series|"
    r"plot|draw|chart|graph|diagram|make|create|show|visuali[sz]e|as an?|as|in an?|into an?|using|with|of|for|me|an?|"
    r"画成?个?|绘制成?|绘|做成?|生成|作成?|请|帮我|给我|替我|来|把|将|用|以下|下面|这些|这组|数字|数据|数值|图表?|一个|一张|一幅|的|成"
)
_LEADING = re.compile(rf"(?:{_WORDS})(?![a-z0-9])", re.IGNORECASE)
_TRAILING = re.compile(rf"(?:\s*(?<![a-z])(?:{_WORDS}))+\s*$", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One series."""

    name: str = ""
    x: tuple[str, ...] | tuple[float, ...]
    y: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """A chart as a request describes it."""

    kind: ChartKind
    title: str
    rows: tuple[Row, ...]


def numbers_in(text: str) -> Numbers | None:
    """Return the numbers to plot, or None when fewer than two are there.

    Args:
        text: The part of a request that asks for a chart, as it was typed.
    """
    title = ""
    if found := _TITLE.search(text):
        title = (found["quoted"] or found["bare"]).strip()
        text = text[: found.start()] + " " + text[found.end() :]
    asked: ChartKind | Literal["histogram"] | None = None
    for kind, pattern in _KINDS:
        bounded = rf"(?<![a-z])(?:{pattern})(?![a-z])"
        if asked is None and re.search(bounded, text, re.IGNORECASE):
            asked = kind
        text = re.sub(bounded, " ", text, flags=re.IGNORECASE)
    text = text.translate(str.maketrans("，；：、−（）", ",;:,-()")).strip(" .。!?？\n")
    text = _TRAILING.sub("", text).strip(" ,.。")
    rows = _many(text) or _one(text, points=asked == "scatter")
    if not rows:
        return None
    if asked == "histogram":
        return Numbers(kind="bar", title=title, rows=tuple(_counted(row) for row in rows))
    named = any(isinstance(place, str) for row in rows for place in row.x)
    if asked == "pie":
        rows = [replace(row, x=tuple(str(place) if named else f"{place:g}" for place in row.x)) for row in rows]
    return Numbers(kind=asked or ("bar" if named else "line"), title=title, rows=tuple(rows))


def _counted(row: Row) -> Row:
    """Return how often each value is there, or how many values are in each range."""
    values = sorted(set(row.y))
    if len(values) <= MOST_BARS:
        return Row(
            name=row.name, x=tuple(f"{one:g}" for one in values), y=tuple(float(row.y.count(one)) for one in values)
        )
    bars = min(MOST_BARS, math.ceil(math.sqrt(len(row.y))))
    width = (values[-1] - values[0]) / bars
    places = [min(bars - 1, int((one - values[0]) / width)) for one in row.y]
    starts = [values[0] + width * place for place in range(bars)]
    labels = tuple(f"{start:g}–{start + width:g}" for start in starts)
    return Row(name=row.name, x=labels, y=tuple(float(places.count(place)) for place in range(bars)))


def _many(text: str) -> list[Row]:
    """Return several named rows such as "sales: 3, 4; costs: 1, 2"; of rows x and y, x gives the places."""
    hits = [_ROW.fullmatch(part) for part in re.split(r"[;\n]", text) if part.strip()]
    rows = [(_clean(hit["name"]), _values(hit["values"])) for hit in hits if hit]
    if len(rows) < 2:
        rows = [(hit["name"], _values(hit["values"])) for hit in _SHORT_ROW.finditer(text)]
    if len(rows) < 2 or any(len(values) != len(rows[0][1]) for _, values in rows):
        return []
    places = _count(len(rows[0][1]))
    if rows[0][0].lower() == "x":
        places = rows.pop(0)[1]
    return [Row(name=name, x=places, y=values) for name, values in rows]


def _one(text: str, *, points: bool) -> list[Row]:
    name, items = "", [part.strip() for part in _items(text)]
    head = items[0] if items else ""
    if ":" in head and (lead := head.rsplit(":", 1))[1].strip() and not re.fullmatch(r"\s*\d+\s*", lead[0]):
        # "revenue: Jan 10, Feb 12": what stands before the first colon names the whole, unless it labels one number.
        rest = lead[1].strip()
        if _ITEM.match(rest) and (len(items) == 1 or not all(":" in item for item in items)):
            name, items[0] = _clean(lead[0]), rest
    hits = [_ITEM.match(item) for item in items]
    pairs = [(_clean(hit["label"]), _float(hit["value"])) for hit in hits if hit]
    if len(pairs) < 2:
        values = _values(text)
        named = [(_clean(hit["label"]), _float(hit["value"])) for hit in _PAIR.finditer(text)]
        named = [pair for pair in named if pair[0]]
        pairs = named if len(named) >= 2 and len(named) == len(values) else [("", value) for value in values]
    if len(pairs) < 2:
        return []
    values = tuple(value for _, value in pairs)
    labels = [label for label, _ in pairs]
    if points and all(re.fullmatch(_NUMBER, label) for label in labels):
        return [Row(name=name, x=tuple(map(_float, labels)), y=values)]
    if any(labels):
        return [Row(name=name, x=tuple(label or str(place) for place, label in enumerate(labels, 1)), y=values)]
    return [Row(name=name, x=_count(len(values)), y=values)]


def _items(text: str) -> list[str]:
    """Split a list; a comma inside a number stays where the items are separated in another way."""
    for separator in (r"[;\n]", r",\s+|\s+and\s+|和|与", r",|\s+and\s+|和|与"):
        parts = [part for part in re.split(separator, text) if part.strip()]
        if len(parts) > 1:
            return [part for part in parts if re.search(r"\d", part)]
    return [text]


def _count(size: int) -> tuple[float, ...]:
    return tuple(float(place) for place in range(1, size + 1))


def _values(text: str) -> tuple[float, ...]:
    return tuple(_float(one) for one in re.findall(rf"(?<![A-Za-z0-9.]){_NUMBER}", text, re.IGNORECASE))


def _float(text: str) -> float:
    return float(text.replace(",", "").replace("−", "-"))


def _clean(label: str) -> str:
    """Return a label without the words of the command before it; a lone "A" is a label."""
    label = label.strip(" :=,.'\"“”()")
    while (found := _LEADING.match(label)) and label not in ("A", "I"):
        label = label[found.end() :].strip(" :=,.'\"“”()")
    return label
