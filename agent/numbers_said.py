"""What the numbers of a sentence mean: a measure that it names, or how many there are of something."""

import re
from collections.abc import Mapping

from ..tools.base.moments import Measure
from ..tools.report.check import CLOCK, Fault

MOST_COUNTED = 12
_NUMBER = re.compile(r"(?<![\d.,])\d[\d,]*(?:\.\d+)?")
_UNIT = (
    r"(?:%|percent|per cent|°|(?:s|sec|seconds?|m|min|minutes?|h|hours?|days?|weeks?|months?|years?|mm|cm|km|met\w+|g|"
    r"kg|million|billion|thousand|dollars?|euros?|usd|hz|khz|fps|px|pixels?|words?)\b|[秒分时天周月年米克元万亿度]|小时|公里|百分)"
)
_NUMBER_WORDS = "one two three four five six seven eight nine ten eleven twelve".split()  # noqa: SIM905 - reads best
_HAN_NUMBERS = "一二三四五六七八九十"
_MEASURE_WORDS: Mapping[str, tuple[str, ...]] = {
    "seconds": ("second", "sec", " s", "long", "last", "length", "minute", "duration", "秒", "分", "时长", "长度"),
    "duration": ("long", "last", "length", "minute", "时长", "长度", "duration"),
    "pixels": ("pixel", "×", " x ", "resolution", "wide", "high", "像素", "分辨率", "宽", "高"),
    "frames": ("frame", "fps", "帧"),
    "words": ("word", "词", "字"),
    "minute": ("minute", "wpm", "每分钟"),
    "scenes": ("scene", "shot", "镜头", "场景"),
    "slides": ("slide", "幻灯片"),
    "speech": ("speech", "speak", "spoke", "talk", "语音", "说话"),
    "silence": ("silen", "静音"),
    "loudness": ("loud", "lufs", "响度"),
    "faces": ("face", "人脸"),
    "percent": ("%", "percent", "share", "百分"),
    "channels": ("channel", "mono", "stereo", "声道"),
}


def measures_named(text: str, measures: Mapping[str, Measure]) -> list[str]:
    """Return the ids of the measures that a sentence names with their values."""
    digits = [one.replace(",", "").rstrip(".") for one in _NUMBER.findall(CLOCK.sub(" ", text))]
    if not digits:
        return []
    folded = f" {text.casefold()} "
    found: dict[float, str] = {}
    for name, measure in measures.items():
        scaled = [measure.value, measure.value / 60.0, measure.value / 3600.0]
        named = any(word in folded for part in measure.name.split("_") for word in _MEASURE_WORDS.get(part, (part,)))
        if named and any(abs(round(v, len(d.partition(".")[2])) - float(d)) < 1e-9 for v in scaled for d in digits):
            found.setdefault(measure.value, name)
    return list(found.values())


def is_small_count(fault: Fault, text: str) -> bool:
    """Tell whether a number is how many there are of something, which a reader may have counted: `3 reasons`."""
    number = re.search(r"the number (\d{1,2})$", fault.problem)
    if fault.wrong != "number" or not number or int(number[1]) > MOST_COUNTED:
        return False
    return not re.search(rf"(?:[$€£¥]\s?{number[1]}(?!\d)|(?<![\d.]){number[1]}\s?{_UNIT})", text, re.IGNORECASE)


def without_count(text: str, count: int) -> str:
    """Return a sentence without the number of things that it tells of."""
    ways = [rf"\b{one}\b" for one in (str(count), *_NUMBER_WORDS[count - 1 : count])]
    ways += [f"{one}(?=[个张次页条段位名项点])" for one in _HAN_NUMBERS[count - 1 : count]]
    return re.sub("|".join(ways), " ", text, count=1, flags=re.IGNORECASE)
