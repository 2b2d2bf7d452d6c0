"""Say in Chinese what tools state in English: their facts and their limits."""

import re
from functools import cache
from pathlib import Path

_HOLE = re.compile(r"\{(\d)\}")
_COLOUR = re.compile(r"(light |dark )?(\w+) \((#[0-9a-f]{6}), (\d+%)\)")
_COLOURS = {
    "white": "白", "black": "黑", "grey": "灰", "red": "红", "orange": "橙", "yellow": "黄", "green": "绿",
    "cyan": "青", "blue": "蓝", "purple": "紫", "pink": "粉", "brown": "棕", "beige": "米",
}  # fmt: skip
_COLOURS_ARE = "Main colours: "


def in_chinese(statement: str) -> str:
    """Return a tool's statement in Chinese, or as it is when it is not known."""
    if statement.startswith(_COLOURS_ARE):
        return "主要颜色：" + "、".join(map(_colour, _COLOUR.finditer(statement)))
    for pattern, chinese in _statements():
        if found := pattern.fullmatch(statement):
            return found.expand(chinese)
    return statement


@cache
def _statements() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Return the pairs of `chinese.txt`: a pattern for the English and a template for the Chinese.

    Those with the most words of their own come first, for the hole of a shorter one takes in the end of a longer one.
    """
    lines = Path(__file__).with_name("chinese.txt").read_text(encoding="utf-8").splitlines()
    told = [line for line in lines if line and not line.startswith("#")]
    pairs = sorted(zip(told[::2], told[1::2], strict=True), key=lambda pair: -len(_HOLE.sub("", pair[0])))
    return tuple((_pattern(english), _HOLE.sub(r"\\\1", chinese)) for english, chinese in pairs)


def _pattern(english: str) -> re.Pattern[str]:
    parts = _HOLE.split(english)
    return re.compile("".join("(.+?)" if at % 2 else re.escape(part) for at, part in enumerate(parts)))


def _colour(found: re.Match[str]) -> str:
    shade = {"light ": "浅", "dark ": "深"}.get(found[1] or "", "")
    name = _COLOURS.get(found[2])
    return f"{f'{shade}{name}色' if name else found[2]}（{found[3]}，{found[4]}）"
