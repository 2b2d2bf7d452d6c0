"""Which changes of given media a command wants: cut, join, crop, turn into another form."""

import math
import re
from collections.abc import Callable, Mapping

from .aloud import ANY_LANGUAGE
from .amounts import aspect_in, bytes_in, factor_in, is_vertical, share_in, size_in, speed_in, turn_in
from .edit_signs import EDIT_SIGNS, FILM, FORMATS, OTHER_FORMATS, THE
from .intents import Edit, EditTask
from .signs import HAN_INTO_WORDS, INTO_WORDS
from .times import NUMBER, Times, number, times_in

_FORM = re.compile(rf"(?<![a-z0-9])(?P<form>{FORMATS}|{OTHER_FORMATS})(?![a-z0-9])")
_NO_SOUND_NAMED = re.compile(r"(?:add|put|lay) (?:(?:it|this|that|them) )?(?:(?:in)?to|under|behind|beneath)")
_READS = re.compile(r"(?:read|extract|get|find|list|ocr|transcribe|detect|recogni[sz]e|copy)\b|识别|读|提取")
_PIECES = re.compile(r"pieces?|parts?|segments?|chunks?|clips?|[段份片]")
_PARTS = re.compile(rf"(?P<count>{NUMBER})\s*(?:equal )?(?:pieces|parts|segments|chunks|clips|个?[段份片])")
_HALVES = re.compile(r"in(?:to)? (?:half|halves|two)\b|in the middle|对半|中间")
_AT = re.compile(r"\bat\b|在")
_AT_SILENCES = re.compile(r"silen|pause|静音|停顿")
_TO_LENGTH = re.compile(r"\b(?:to|down to|only|just)\b|成|到|为")
_LONGER_THAN = re.compile(r"(?:longer|more) than|over|above|at least|超过|大于|长于|以上")
_SECONDS_FIRST = re.compile(r"\bseconds? (\d{1,6}(?:\.\d+)?) ?(?:to|-|until|through) ?(\d{1,6}(?:\.\d+)?)")
_INSTEAD = re.compile(r"\b(?:with|by|to|for)\b|换成?")
_TIMES_OVER = re.compile(rf"(?P<count>{NUMBER}) ?(?:times|x(?![a-z])|[次遍])|(?P<twice>twice)")
_LANGUAGE = re.compile(rf"\b(?:{ANY_LANGUAGE})\b|中文|英文|双语")
_NO_MOOD = r"(?!(?:add|put|some|the|this|my|a|an|to|with|under|over|in|into|background)\b)"
_MUSIC = re.compile(rf"\b(?P<mood>(?:{_NO_MOOD}[\w-]+ ){{0,4}}?)(?:background )?music\b")
_HAN_MUSIC = re.compile(
    r"(?:加上?|添加|配上?|放上?|混入|^)(?:一?[段首个点些])?(?P<mood>(?:(?![加配放添混给把将])[\u4e00-\u9fff]){1,7}?)(?:的?(?:背景)?(?:音乐|配乐)|(?<=[琴乐])曲)"
)
_LOOSE_SHAPE = re.compile(
    r"(?<!the )(?<!this )(?<!my )(?<!that )(?<!of )"
    r"\b(?:vertical|portrait|square) (?:clips?|videos?|shorts?|gifs?|versions?)"
    r"|(?:for|as an?) (?:tik ?tok|reels?|(?:youtube )?shorts?)\b|竖屏|竖版|方形"
)
# These make a film of several files, which is more than a change of one.
_SUBTITLES = frozenset({"burn_subtitles", "mux_subtitles"})
_SOUNDS = frozenset({"mix_sound", "replace_sound", "sound"})
_PARTED = frozenset({"split", "leave_out", "join", "sound"})
_AND_SHAPE = re.compile(
    r"(?:\b(?:and|plus)|,) (?:an? )?(?:vertical|portrait|square|horizontal|landscape|9:16|16:9|1:1|4:5|4:3)\b"
    r"(?! \w*(?:slide|picture|image))"
    r"|[,、和并](?:竖屏|竖版|横屏|横版|方形|正方形)"
)
_WITH_WORDS = re.compile(r"\b(?:with|plus) (?:[\w-]+ ){0,2}?(?:captions?|subtitles)\b|(?:[带配有]|加上?)字幕")
_WITH_MUSIC = re.compile(
    r"\b(?:with|plus) (?:[\w-]+ ){0,3}?(?:music|bgm)\b|(?:[带配有]|加上?)[^,。]{0,6}(?:音乐|配乐|bgm)"
)
_AND_MUSIC = re.compile(r"\b(?:and|with|plus) (?:[\w-]+ ){0,3}?(?:music|bgm)\b|(?:音乐|配乐|bgm)")
_FADES = re.compile(r"fad(?:e|es|ing)\b|dissolve|transition|淡入|淡出|转场|过渡")
_INTO_WORDS = re.compile(rf"\b{INTO_WORDS}\b|{HAN_INTO_WORDS}")
_A_FILM_OF_THEM = {
    True: re.compile(r"slide ?-?show|montage|幻灯片|相册"),
    False: re.compile(
        r"slide ?-?show|montage|videos?\b|films?\b|movies?\b|reels?\b|(?:pictures?|images?|photos?) of (?:an?|the)\b"
        r"|幻灯片|相册|视频|影片|短片"
    ),
}
USUAL_UPSCALE = 2.0
USUAL_LOOPS, MOST_LOOPS = 2, 20
MOST_PIECES = 32

_NEEDS_A_PART = ("keep", "leave_out")
# What may be wanted of the same film in one breath: "a vertical clip from 0:10 to 0:20 with burned-in captions".
_BESIDE = frozenset({"burn_subtitles", "mux_subtitles", "crop", "speed", "mute", "scale", "reverse"})
_TAKES_A_SHAPE = frozenset({"keep", "leave_out", "gif", "burn_subtitles", "mux_subtitles", "without_silence"})
_TAKES_A_HEIGHT = frozenset({*_TAKES_A_SHAPE, "convert", "crop", "speed"})
_HEIGHT = re.compile(r"(?<![\d:])\d{3,4}p(?![a-z])|(?<![a-z0-9])4k(?![a-z])")
# No time stands with these, and what begins or ends is nothing that is measured.
_SAYS_NO_TIME = re.compile(
    rf"^(?:please )?(?:(?:trim|shorten|clip) {THE}{FILM}"
    rf"|(?:cut(?: out)?|trim|remove|delete|skip) {THE}(?:intro|outro|beginning|start|ending|end|boring parts?))$"
)
_NEEDS_MORE: Mapping[EditTask, Callable[[str], bool]] = {
    # "Make a video vertical" is a crop, "make a square video of a cat" is none; "compress" needs no number.
    "crop": lambda text: bool(aspect_in(text)) or None not in size_in(text),
    "convert": lambda text: bool(_FORM.search(text)),
    "flip": lambda text: " chart" not in text,
}


def edits_in(text: str, seconds: float | None, kinds: frozenset[str]) -> tuple[list[Edit], str]:
    """Return the changes of given media that a command wants, and the command without them.

    Args:
        text: Plain, in lower case.
        seconds: Length of the file, for "the last ten seconds".
        kinds: Kinds of the user's files; without any there is nothing to change.
    """
    if not kinds & {"video", "audio", "picture"}:
        return [], text
    # Names of files are blank, so there are gaps between the words.
    left = said = _SECONDS_FIRST.sub(r"\1 to \2 seconds", " ".join(text.split()))
    times = times_in(said, seconds)
    found: list[Edit] = []
    for task, pattern in EDIT_SIGNS.items():
        hit = pattern.search(left)
        if hit is None or (found and task not in _BESIDE) or not _NEEDS_MORE.get(task, bool)(left):
            continue
        if _is_other(task, hit[0], said, kinds):
            continue
        edit = _edit(task, left, times, seconds)
        if task in _NEEDS_A_PART and not edit.spans:
            continue
        if task == "split" and not (edit.points or edit.every_seconds or _AT_SILENCES.search(said)):
            continue
        found.append(edit)
        left = f"{left[: hit.start()]} , {left[hit.end() :]}"
    takes_a_shape = found and found[0].task in _TAKES_A_SHAPE and all(one.task != "crop" for one in found)
    if takes_a_shape and (shape := _LOOSE_SHAPE.search(said)):
        found.append(Edit(task="crop", form=aspect_in(shape[0]) or "9:16"))
    if found and "video" in kinds:
        asked = {one.task for one in found}
        found += [one for one in _along(found[0].task, left) if one.task not in asked]
    if found and found[0].task not in _HAS_PARTS and times.spans:
        found.insert(0, Edit(task="keep", spans=times.spans))
    if found and found[0].task in _TAKES_A_HEIGHT and (high := _HEIGHT.search(said)):
        found += [] if any(one.task == "scale" for one in found) else [_of_pictures("scale", high[0])]
    if not found and _SAYS_NO_TIME.match(said):
        found = [Edit(task="keep")]
    return found, " " * len(text) if found else text


def _is_other(task: EditTask, hit: str, said: str, kinds: frozenset[str]) -> bool:
    """Tell whether words that look like a change want something else, or have nothing that it could be made of."""
    is_film = "video" in kinds
    match task:
        case "mux_subtitles":
            return not is_film
        case "replace_sound" | "mix_sound" if not kinds & {"video", "audio"}:
            return True
        case "mix_sound":
            return "audio" not in kinds and bool(_NO_SOUND_NAMED.match(hit))
        case "scale":
            return bool(_INTO_WORDS.search(said))
        case "join":
            return bool(_FADES.search(said))
        case "crop":
            return bool(_A_FILM_OF_THEM[is_film].search(said))
        case "burn_subtitles":
            return bool(_READS.match(said))
    return False


def _along(first: EditTask, left: str) -> list[Edit]:
    """Return what is wanted of the same film in the words that no sign of its own took: "vertical, with captions"."""
    found = []
    if first not in _PARTED and (shape := _AND_SHAPE.search(left)):
        found.append(Edit(task="crop", form=aspect_in(shape[0])))
    if first not in _SUBTITLES and _WITH_WORDS.search(left):
        named = _LANGUAGE.search(left)
        found.append(Edit(task="mux_subtitles", form=named[0] if named else ""))
    if first not in _SOUNDS and (_WITH_MUSIC if first not in _SUBTITLES else _AND_MUSIC).search(left):
        found.append(Edit(task="mix_sound", form=_mood(left)))
    return found


# These do with parts themselves; of what else is asked of a part, the part is cut out first.
_HAS_PARTS = frozenset({"keep", "leave_out", "gif", "convert", "sound", "mute", "split", "without_silence", "join"})


def _edit(task: EditTask, text: str, times: Times, seconds: float | None) -> Edit:
    match task:
        case "crop" | "scale" | "upscale" | "rotate" | "flip":
            return _of_pictures(task, text)
        case "speed":
            return Edit(task=task, amount=speed_in(text))
        case "convert" | "sound" | "gif":
            form = said["form"].replace("jpg", "jpeg") if (said := _FORM.search(text)) else ""
            return Edit(task=task, spans=times.spans, form=form)
        case "split":
            return _split(text, times, seconds)
        case "keep" | "leave_out" | "mute":
            spans = times.spans
            if task == "keep" and not spans and len(times.points) == 1 and _TO_LENGTH.search(text):
                spans = ((0.0, times.points[0]),)
            return Edit(task=task, spans=spans)
        case "without_silence":
            least = times.points[0] if times.points and _LONGER_THAN.search(text) else None
            return Edit(task=task, amount=least)
        case "loop":
            said = _TIMES_OVER.search(text)
            count = 2.0 if said and said["twice"] else number(said["count"]) if said else float(USUAL_LOOPS)
            return Edit(task=task, amount=float(max(2, min(MOST_LOOPS, round(count)))))
        case "replace_sound":
            return Edit(task=task, form=_mood(text[instead.end() :]) if (instead := _INSTEAD.search(text)) else "")
        case "mix_sound":
            return Edit(task=task, form=_mood(text))
        case "burn_subtitles" | "mux_subtitles":
            return Edit(task=task, form=named[0] if (named := _LANGUAGE.search(text)) else "")
    return Edit(task=task)


def _mood(text: str) -> str:
    mood = _MUSIC.search(text) or _HAN_MUSIC.search(text)
    return mood["mood"].strip() if mood else ""


def _of_pictures(task: EditTask, text: str) -> Edit:
    """Return a change of the size, the shape or the direction of a picture."""
    width, height = size_in(text)
    match task:
        case "crop" if width and height:
            return Edit(task=task, width_pixels=width, amount=float(height))
        case "crop":
            return Edit(task=task, form=aspect_in(text))
        case "scale":
            share = None if width or height else share_in(text)
            pixels = float(height) if height else None
            return Edit(task=task, amount=pixels, width_pixels=width, share=share, max_bytes=bytes_in(text))
        case "upscale":
            factor = factor_in(text) or 0.0
            return Edit(task=task, amount=factor if factor > 1 else USUAL_UPSCALE)
        case "rotate":
            return Edit(task=task, amount=turn_in(text))
    return Edit(task=task, amount=180.0 if is_vertical(text) else 0.0)


def _split(text: str, times: Times, seconds: float | None) -> Edit:
    """Return where something is split: at times, or into pieces of a length or a number."""
    if times.every_seconds:
        return Edit(task="split", every_seconds=times.every_seconds)
    if len(times.points) == 1 and _PIECES.search(text) and not _AT.search(text):
        return Edit(task="split", every_seconds=times.points[0])
    parts = 2.0 if _HALVES.search(times.rest) else None
    if said := _PARTS.search(times.rest):
        parts = number(said["count"])
    if not times.points and seconds and parts:
        count = min(MOST_PIECES, max(2, round(parts)))
        return Edit(task="split", points=tuple(round(seconds * one / count, 3) for one in range(1, count)))
    edges = sorted({edge for span in times.spans for edge in span if 0 < edge < (seconds or math.inf)})
    return Edit(task="split", points=times.points or tuple(edges))
