"""What was made or changed, in words."""

import re

from ...tools.report.wording import Wording, clean, number
from .phrases import Tongue
from .telling import Output, files_line, paragraphs

_SENTENCE_END = re.compile(r"(?<=\.) (?=[A-Z])")
_KINDS = {
    "speech": "语音",
    "music": "音乐",
    "a steady tone": "持续的单音",
    "noise": "噪声",
    "silence": "静音",
    "sound that rules cannot name": "规则无法辨别的声音",
    "nothing": "无",
}
_KIND = re.compile(rf"(?P<kind>{'|'.join(_KINDS)}) (?P<seconds>[\d.]+) s")


def tell_made(output: Output, say: Tongue) -> str:
    """Return which files were made, how long they are, and by whom; and words that came with them."""
    told = Wording(say.language).told
    texts = [told(clean(str(one))) for one in output.get("texts", []) if str(one).strip()]
    engine = clean(str(output.get("engine", "")))
    by = say(f"Made by {engine}.", f"由 {engine} 生成。") if engine else ""
    return paragraphs(files_line(output, say), _length(output, say), by, *texts)


def tell_edited(output: Output, say: Tongue) -> str:
    """Return the new files and how long they are together."""
    return paragraphs(files_line(output, say), _length(output, say))


def tell_heard(output: Output, say: Tongue) -> str:
    """Return what a sound is like."""
    told = Wording(say.language).told
    whole, *sentences = _SENTENCE_END.split(clean(str(output.get("summary", ""))))
    if say.language == "zh":
        whole = _KIND.sub(lambda hit: f"{_KINDS[hit['kind']]} {hit['seconds']} 秒", whole)
        whole = whole.replace(" s: ", " 秒：").replace(", ", "，").rstrip(".") + "。"
    return paragraphs(clean(str(output.get("answer", ""))), say(" ", "").join([whole, *map(told, sentences)]))


def _length(output: Output, say: Tongue) -> str:
    seconds = output.get("seconds")
    if not isinstance(seconds, int | float):
        return ""
    return say(f"Length: {number(float(seconds))} s.", f"时长：{number(float(seconds))} 秒。")
