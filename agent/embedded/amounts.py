"""How much a change is to do: the speed, size, angle and shape that a request names."""

import re

from .times import NUMBER, number

ASPECTS = (
    r"\d{1,2} ?: ?\d{1,2}|square|vertical|portrait|horizontal|landscape|wide ?screen|竖屏|竖版|横屏|横版|方形|正方形"
)
_ASPECT = re.compile(ASPECTS)
_SHAPES = {
    "square": "1:1", "方形": "1:1", "正方形": "1:1",
    "vertical": "9:16", "portrait": "9:16", "竖屏": "9:16", "竖版": "9:16",
}  # fmt: skip
_WIDE = "16:9"
_SLOWER = re.compile(r"slow|减速|慢")
_FACTOR = re.compile(
    rf"(?P<times>{NUMBER})\s*(?:x(?![a-z0-9])|×|times|倍)|(?:by|factor(?: of)?)\s+(?P<by>{NUMBER})(?!\s*(?:%|percent))"
    r"|(?P<word>half|double|twice|triple|一半)"
)
_PERCENT = re.compile(r"(?P<to>\b(?:to|at)\s+|[到成至]\s*)?(?P<percent>\d{1,4}(?:\.\d+)?)\s*(?:%|percent|per cent)")
_WORDS = {"half": 0.5, "一半": 0.5, "double": 2.0, "twice": 2.0, "triple": 3.0}
_HEIGHT = re.compile(r"(?<![\d:])(?P<height>\d{3,4})\s?p(?![a-z])|(?P<uhd>4k)(?![a-z])")
_BOTH = re.compile(r"(?<!\d)(?P<width>\d{1,5})\s*(?:px)?\s*[x×*]\s*(?P<height>\d{1,5})(?!\d)")
_ONE = re.compile(
    r"(?P<width>\d{2,5})\s*(?:px|pixels?)?\s*(?:wide|in width|across)|width (?:of |to )?(?P<width2>\d{2,5})"
    r"|宽度?[为到成是]?\s*(?P<width3>\d{2,5})|(?P<height>\d{2,5})\s*(?:px|pixels?)?\s*(?:high|tall|in height)"
    r"|height (?:of |to )?(?P<height2>\d{2,5})|高度?[为到成是]?\s*(?P<height3>\d{2,5})"
)
_BYTES = re.compile(
    r"(?<!\d)(?P<count>\d{1,6}(?:\.\d+)?)\s*(?P<unit>[kmg])i?b(?![a-z])|(?P<mega>\d{1,4}(?:\.\d+)?)\s*兆"
)
_UNIT_BYTES = {"k": 1_000, "m": 1_000_000, "g": 1_000_000_000}
_DEGREES = re.compile(r"(?P<degrees>\d{1,3})\s*(?:°|degrees?|度)?")
_COUNTER = re.compile(r"counter ?-?clockwise|anti ?-?clockwise|left|逆时针|向左")
_UPSIDE_DOWN = re.compile(r"upside ?-?down|half ?-?way|倒过来|颠倒")
_VERTICAL = re.compile(r"vertical(?:ly)?|upside|top to bottom|上下|垂直")
USUAL_FASTER, USUAL_SLOWER = 1.5, 0.5


def speed_in(text: str) -> float:
    """Return how much faster something shall be: below 1 is slower."""
    slower = bool(_SLOWER.search(text))
    if said := _PERCENT.search(text):
        share = float(said["percent"]) / 100
        speed = share if said["to"] else 1 - share if slower else 1 + share
        return round(speed, 4) if speed > 0 else USUAL_SLOWER
    if (value := factor_in(text)) is not None and value > 0:
        if value == 1:  # 放慢一倍
            value = 2.0
        return round(1 / value, 4) if slower and value > 1 else value
    return USUAL_SLOWER if slower else USUAL_FASTER


def factor_in(text: str) -> float | None:
    """Return how many times as much something shall be; None where that is not said."""
    if not (said := _FACTOR.search(text)):
        return None
    return _WORDS[said["word"]] if said["word"] else number(said["times"] or said["by"])


def share_in(text: str) -> float | None:
    """Return to which share of its size something is to be scaled; None where that is not said."""
    if said := _PERCENT.search(text):
        share = float(said["percent"]) / 100
        return share if said["to"] or share > 1 else 1 - share
    return factor_in(text)


def size_in(text: str) -> tuple[int | None, int | None]:
    """Return the width and the height in pixels that are named."""
    if said := _BOTH.search(text):
        return int(said["width"]), int(said["height"])
    if said := _HEIGHT.search(text):
        return None, 2160 if said["uhd"] else int(said["height"])
    if said := _ONE.search(text):
        width = said["width"] or said["width2"] or said["width3"]
        height = said["height"] or said["height2"] or said["height3"]
        return int(width) if width else None, int(height) if height else None
    return None, None


def bytes_in(text: str) -> int | None:
    """Return how large a file may be; None where that is not said."""
    if not (said := _BYTES.search(text)):
        return None
    return round(float(said["mega"]) * 1e6 if said["mega"] else float(said["count"]) * _UNIT_BYTES[said["unit"]])


def turn_in(text: str) -> float:
    """Return by how many degrees something is to be turned clockwise."""
    degrees = _DEGREES.search(text)
    turn = float(degrees["degrees"]) if degrees else 180.0 if _UPSIDE_DOWN.search(text) else 90.0
    return (-turn if _COUNTER.search(text) else turn) % 360


def is_vertical(text: str) -> bool:
    """Tell whether something is to be mirrored top to bottom."""
    return bool(_VERTICAL.search(text))


def aspect_in(text: str) -> str:
    """Return the shape that is named, such as `9:16`; "" where none is."""
    if not (said := _ASPECT.search(text)):
        return ""
    shape = said[0].replace(" ", "")
    return shape if ":" in shape else _SHAPES.get(shape, _WIDE)
