"""The words by which a change of given media is recognised: cut, join, crop, turn into another form."""

import re
from collections.abc import Callable, Mapping
from typing import get_args

from .intents import Edit, EditTask
from .signs import MAKE, SKIP
from .times import NUMBER, Times, number, times_in
from .wording import sign

_THE = r"(?:(?:the|this|that|my|our|its|a|an|all|any|every|whole|first|only|just|me|of)\s+)*"
_FILM = r"(?:videos?|clips?|films?|movies?|recordings?|audio|sound|files?|footage|it|this|these|them|podcasts?|songs?)"
_FORMATS = "mp4|mkv|webm|mov|m4a|mp3|wav|flac|opus|ogg|webp"
_ASPECTS = (
    r"\d{1,2} ?: ?\d{1,2}|square|vertical|portrait|horizontal|landscape|wide ?screen|竖屏|竖版|横屏|横版|方形|正方形"
)
_SOUNDS = "mp3|wav|m4a|flac|opus|ogg"
_WORDS_SHOWN = "(?:subtitles|captions)"
_INTO = r"(?:(?:in)?to |as |of )?(?:an? )?"
_FORM = re.compile(rf"(?<![a-z0-9])(?P<form>{_FORMATS})(?![a-z0-9])")
_ASPECT = re.compile(_ASPECTS)
_HEIGHT = re.compile(r"(?<![\d:])(?P<height>\d{3,4})\s?p(?![a-z])|(?P<uhd>4k)(?![a-z])")
_FACTOR = re.compile(
    rf"(?P<times>\d+(?:\.\d+)?)\s*(?:x|×|times|倍)|(?:by|factor(?: of)?)\s+(?P<by>{NUMBER})"
    r"|(?P<word>half|double|twice|triple)"
)
_WORDS = {"half": 0.5, "double": 2.0, "twice": 2.0, "triple": 3.0}
_DEGREES = re.compile(r"(?P<degrees>\d{2,3})\s*(?:°|degrees?|度)?")
_PIECES = re.compile(r"pieces?|parts?|segments?|chunks?|clips?|[段份片]")
_PARTS = re.compile(rf"(?P<count>{NUMBER})\s*(?:equal )?(?:pieces|parts|segments|chunks|clips|个?[段份片])")
_AT = re.compile(r"\bat\b|在")
_SLOWER = re.compile(r"slow|减速|慢")
_COUNTER = re.compile(r"counter ?-?clockwise|anti ?-?clockwise|left|逆时针|向左")
_SHAPES = {
    "square": "1:1", "方形": "1:1", "正方形": "1:1",
    "vertical": "9:16", "portrait": "9:16", "竖屏": "9:16", "竖版": "9:16",
}  # fmt: skip
_WIDE = "16:9"
USUAL_FASTER, USUAL_SLOWER = 1.5, 0.5
USUAL_HEIGHT_PIXELS = 720
USUAL_UPSCALE = 2.0
MOST_PIECES = 32

# In this order: what is left out is not kept, and a GIF is no format to convert to.
_SIGNS: Mapping[EditTask, re.Pattern[str]] = {
    "without_silence": sign(
        rf"""
            (?:remove|cut|delete|trim|skip|strip|drop|take|get rid of) (?:out )?{_THE}(?:silences?|pauses?|dead air
              silent (?:parts?|gaps?|bits?|sections?)|quiet parts?)(?: out)?
            jump ?-?cuts?|cut {_THE}{_FILM} at (?:the )?(?:silences|pauses)
        """,
        r"(?:去掉|删除|删掉|剪掉|去除|移除|裁掉)[^,。]{0,6}(?:静音|停顿|空白|沉默|无声)[^,。]{0,4}",
    ),
    "burn_subtitles": sign(
        rf"""
            burn(?:ed|t)?(?: in| the| into)+ ?(?:\w+ ){{0,3}}?{_WORDS_SHOWN}|hard-?code(?:d)? (?:the )?{_WORDS_SHOWN}
            burn(?:ed|t)?-?in {_WORDS_SHOWN}|{_WORDS_SHOWN} burn(?:ed|t)(?: in)?
        """,
        r"(?:烧录|压制|内嵌|硬)[^,。]{0,4}字幕|字幕(?:烧录|压制)",
    ),
    "mux_subtitles": sign(
        rf"""
            (?:add|put|embed|mux|attach|insert) {_THE}(?:soft )?{_WORDS_SHOWN} (?:in(?:to)?|to|on|onto
              with) {_THE}{_FILM}
        """,
        r"(?:给|为)[^,。]{0,6}(?:加上?|添加|配上?)[^,。]{0,4}字幕|(?:加上?|添加|嵌入)字幕轨?",
    ),
    "gif": sign(
        rf"""
            (?:{MAKE}|convert|turn|export|save|change) {SKIP}{_INTO}(?:animated |looping )?gifs?
            (?:in)?to (?:an? )?(?:animated )?gif|as (?:an? )?(?:animated )?gif
        """,
        r"(?:转换?|做|生成|制作|导出|保存)[^,。]{0,6}(?:gif|动图)",
    ),
    "sound": sign(
        rf"""
            (?:extract|save|export|get|rip|separate|isolate|pull|convert) (?:out )?{_THE}(?:audio|sound|mp3|wav
              soundtrack)(?: tracks?)?(?! transcript| text)(?: (?:as|to|into) (?:an? )?(?:{_FORMATS}))?
            (?:convert|turn|change) {_THE}{_FILM} (?:in)?to (?:an? )?(?:audio|sound|{_SOUNDS})(?: files?)?
        """,
        r"""
            (?:提取|分离|导出|抽取)(?:出)?[^,。]{0,6}(?:音频|声音|音轨)
            [把将][^,。]{0,6}(?:音频|声音|音轨)[^,。]{0,3}(?:提取|分离|导出|抽)出?来?
        """,
    ),
    "mute": sign(
        rf"""
            mute(?:d)?(?: {_THE}{_FILM})?
            (?:remove|strip|delete|drop|take out) {_THE}(?:audio|sound)(?: tracks?)?
        """,
        r"(?:去掉|删除|删掉|去除|移除)(?:视频的?)?(?:声音|音轨|音频|原声)|消音|(?:设为|变成)静音",
    ),
    "leave_out": sign(
        rf"""
            (?:cut out|remove|delete|drop|leave out|get rid of|take out|skip) {_THE}(?:{_FILM}|parts?|sections?|bits?
              piece|everything|from|between|seconds|minutes|half|intro|outro)?
        """,
        r"剪掉|去掉|删掉|删除|去除|跳过",
    ),
    "split": sign(
        rf"(?:split|divide|cut|chop|slice) (?:up )?{_THE}{_FILM} (?:up )?(?:in(?:to)?|at|every)",
        r"分割|切分|切成|拆分|分成[^,。]{0,4}(?:段|份|片)",
    ),
    "join": sign(
        rf"(?:merge|concatenate|concat|stitch|join|combine) (?:together )?{_THE}(?:{NUMBER} )?{_FILM}(?: together)?",
        r"合并|拼接|(?:连|接)在一起|合成一个(?:视频|文件)",
    ),
    "crop": sign(
        rf"crop {_THE}(?:\w+ )?{_INTO}(?:{_ASPECTS})?|(?:make|convert|turn) {_THE}{_FILM} {_INTO}(?:{_ASPECTS})",
        rf"(?:裁剪?|裁切|裁|改|变|转换?)[成为到]+(?:{_ASPECTS})",
    ),
    "upscale": sign(
        rf"upscale(?: {_THE}(?:{_FILM}|images?|pictures?|photos?))?|super[- ]resolution", r"超分|放大(?:图片|照片)"
    ),
    "scale": sign(
        rf"""
            (?:resize|rescale|scale|downscale|shrink|compress)(?: down)?(?: {_THE}(?:{_FILM}|images?|pictures?
              photos?))?
            reduce {_THE}(?:{_FILM}|(?:file ?)?size)
        """,
        r"缩放|压缩|缩小|调整(?:尺寸|分辨率|大小)",
    ),
    "speed": sign(
        rf"""
            speed (?:{_THE}{_FILM} )?up|slow (?:{_THE}{_FILM} )?down|speed(?:ed)? (?:up|{_THE}{_FILM} (?:to|by))
            (?:{MAKE}|play) {_THE}{_FILM} (?:\w+ )?(?:faster|slower)|\d+(?:\.\d+)?x (?:speed|faster|slower)
            time ?-?lapse|slow ?-?motion
        """,
        r"倍速|加速|减速|慢放|快放|慢动作",
    ),
    "rotate": sign(
        rf"rotate(?: {_THE}(?:{_FILM}|images?|pictures?|photos?))?|turn {_THE}{_FILM} (?:by )?\d+ ?(?:°|degrees)",
        r"旋转",
    ),
    "reverse": sign(
        rf"reverse {_THE}{_FILM}|play {_THE}{_FILM} backwards?|backwards? (?:video|clip)", r"倒放|反向播放"
    ),
    "convert": sign(
        rf"""
            (?:convert|transcode|re-?encode|remux|export|save|turn|change) {SKIP}{_INTO}(?:{_FORMATS})(?: files?)?
        """,
        rf"(?:转换?|导出|保存|转码)[成为到换]*(?:格式)?(?:{_FORMATS})(?:格式)?",
    ),
    "keep": sign(
        rf"""
            (?:trim|cut|clip|shorten)(?: (?:out|off|away|down))?(?: {_THE}(?:{_FILM}|parts?|sections?|half))?(?: of)?
            (?:{MAKE}|extract|save|export|get|take|cut|keep) {SKIP}(?:clips?|excerpts?|sub-?clips?|snippets?|parts?
              sections?|segments?|seconds|minutes?|half)(?: (?:from|between|at|out|of))?
            keep (?:only |just )?(?:the )?
        """,
        r"剪辑|剪出|剪切|剪下|剪成|裁剪|裁切|只?保留|截取[^,。]{0,4}(?:片段|视频|一段)",
    ),
}
_NEEDS_A_PART = ("keep", "leave_out")
_NEEDS_MORE: Mapping[EditTask, Callable[[str], bool]] = {
    # "Make a video vertical" is a crop, "make a square video of a cat" is none; "compress" needs no number.
    "crop": lambda text: bool(_ASPECT.search(text)),
    "convert": lambda text: bool(_FORM.search(text)),
}
assert set(_SIGNS) == set(get_args(EditTask))


def edits_in(text: str, seconds: float | None, kinds: frozenset[str]) -> tuple[list[Edit], str]:
    """Return the changes of given media that a command wants, and the command without them.

    Args:
        text: Plain, in lower case.
        seconds: Length of the file, for "the last ten seconds".
        kinds: Kinds of the user's files; without any there is nothing to change.
    """
    if not kinds & {"video", "audio", "picture"}:
        return [], text
    times = times_in(text, seconds)
    for task, pattern in _SIGNS.items():
        hit = pattern.search(text)
        if hit is None or not _NEEDS_MORE.get(task, bool)(text):
            continue
        if task in _NEEDS_A_PART and not times.spans:
            continue
        edit = _edit(task, text, times, seconds)
        if task == "split" and not (edit.points or edit.every_seconds):
            continue
        return [edit], " " * len(text)
    return [], text


def _edit(task: EditTask, text: str, times: Times, seconds: float | None) -> Edit:
    match task:
        case "crop":
            said = _ASPECT.search(text)
            shape = said[0].replace(" ", "") if said else ""
            return Edit(task=task, form=shape if ":" in shape else _SHAPES.get(shape, _WIDE))
        case "scale":
            size = _HEIGHT.search(text)
            height = 2160 if size and size["uhd"] else int(size["height"]) if size else USUAL_HEIGHT_PIXELS
            return Edit(task=task, amount=float(height))
        case "speed":
            return Edit(task=task, amount=_factor(text))
        case "upscale":
            factor = _factor(text)
            return Edit(task=task, amount=factor if factor > 1 and _FACTOR.search(text) else USUAL_UPSCALE)
        case "rotate":
            degrees = _DEGREES.search(text)
            turn = float(degrees["degrees"]) if degrees else 90.0
            return Edit(task=task, amount=(-turn if _COUNTER.search(text) else turn) % 360)
        case "convert" | "sound":
            return Edit(task=task, spans=times.spans, form=said["form"] if (said := _FORM.search(text)) else "")
        case "split":
            return _split(text, times, seconds)
        case "keep" | "leave_out" | "gif":
            return Edit(task=task, spans=times.spans)
    return Edit(task=task)


def _split(text: str, times: Times, seconds: float | None) -> Edit:
    """Return where something is split: at times, or into pieces of a length or a number."""
    if times.every_seconds:
        return Edit(task="split", every_seconds=times.every_seconds)
    if len(times.points) == 1 and _PIECES.search(text) and not _AT.search(text):
        return Edit(task="split", every_seconds=times.points[0])
    if not times.points and seconds and (said := _PARTS.search(times.rest)):
        count = min(MOST_PIECES, max(2, round(number(said["count"]))))
        return Edit(task="split", points=tuple(round(seconds * one / count, 3) for one in range(1, count)))
    return Edit(task="split", points=times.points)


def _factor(text: str) -> float:
    """Return how much faster something shall be: below 1 is slower."""
    slower = bool(_SLOWER.search(text))
    if said := _FACTOR.search(text):
        value = _WORDS[said["word"]] if said["word"] else number(said["times"] or said["by"])
        if value > 0:
            return round(1 / value, 4) if slower and value > 1 else value
    return USUAL_SLOWER if slower else USUAL_FASTER
