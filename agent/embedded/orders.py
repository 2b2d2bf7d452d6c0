"""What a command wants."""

import re
from dataclasses import replace
from typing import Literal

from .aloud import ANY_LANGUAGE, LANGUAGES
from .editing import edits_in
from .intents import (
    Cannot,
    Chapters,
    Chart,
    Compare,
    Facts,
    Find,
    Frames,
    Intent,
    Probe,
    Rate,
    Read,
    Report,
    Scenes,
    Step,
    Summarize,
    Transcribe,
)
from .lacks import lacks_in
from .making import made_in
from .numbers import numbers_in
from .signs import SIGNS, signs_in, subjects_in
from .times import NUMBER, Span, Times, number, times_in
from .topics import explicit_topic, topic_of
from .wording import Clause, either

_NOT = either(
    r"""
        \b(?:don'?t|do not|no need (?:to|for)|not needed|without|never|skip(?:ping)?|except(?: for)?|excluding|omit
          leave out|avoid|no|not)\b(?!\s*(?:forget|only|longer|more|less|sure|later))
        不要(?!忘|紧)|不用|无需|不需要|不必|不想要|没必要|不含|不包括|不带|不做|跳过|除了(?![^,。]*(?:还|也|另))
        (?<![识区分辨特级性类个])别(?!忘|的|人|处)
    """
)
_NEGATED = re.compile(
    rf"(?:{_NOT})(?P<what>[^,;.!?。]*?)"
    r"(?=\b(?:but|just|only|please|instead)\b|\band\b(?! no)|而是|只|但|$|[,;.!?。])"
)
_LEAVES_OUT: tuple[tuple[Step, re.Pattern[str]], ...] = (
    ("transcribe", re.compile(r"transcri|speech|sound|audio|listen|subtitle|caption|转写|转录|字幕|语音|声音|音频|听")),
    ("read_text", re.compile(r"\bocr\b|\btext\b|\bread|文字|识字|读字")),
    ("extract_frames", re.compile(r"frame|picture|image|screenshot|截图|抽帧|图片|画面")),
    ("find_scenes", re.compile(r"scene|\bcuts?\b|场景|镜头")),
)
# What something is made from is not what is wanted: "a summary of the transcript".
_FROM = re.compile(
    r"\b(?:summari[sz]e|summary of|report on|based on|from|using|of|with the help of)\s+"
    r"(?:(?:the|its|this|that|all|full)\s+)*"
    r"(?:transcripts?|transcriptions?|subtitles?|captions?|frames?|scenes?|chapters?)\b(?! and)|"
    r"根据[^,。]{0,6}(?:字幕|文字稿|转写|截图|画面)"
)
_COUNT = re.compile(
    rf"(?P<count>{NUMBER})\s*"
    r"(?:(?:key|still|video|sample|evenly[- ]spaced|different|good|best|nice|representative|more|random)\s+)*"
    r"(?:frames?|screen ?-?shots?|stills?|thumbnails?|pictures?|images?|photos?|snapshots?|key ?frames?)"
    rf"|(?P<count2>{NUMBER})\s*[张帧幅]"
)
_SHEET = re.compile(
    either(
        r"""
            contact ?sheets?|storyboards?|\bgrid\b|mosaic|collage|overview (?:picture|image)
            (?:as|in|into|on) (?:one|a single) (?:picture|image|sheet)
            拼图|拼成|联系表|九宫格|(?:合|放|做)[成在到][^,。]{0,4}一张|缩略图[表墙]|总览图
        """
    )
)
_BY_SCENE = re.compile(r"\bscenes?\b|\bshots?\b|\bcuts?\b|key ?frames?|关键帧|场景|镜头|转场")
_OF_EACH = re.compile(r"\b(?:each|every|per)\b|每")
_SINGLE = re.compile(
    r"\b(?:an?|single)\s+(?:\w+\s+)?(?:frame|screen ?-?shot|still|thumbnail|picture|image|snapshot)\b(?! sheet)|"
    r"\bthumbnail\b|[一个]张(?:截图|图|缩略图)|截[个张]图"
)
_REPORT = re.compile(r"report|报告")
_SENTENCES = re.compile(
    rf"(?P<count>{NUMBER})[- ]?(?:\w+ ){{0,2}}?(?:sentences?|bullets?(?: points?)?|points?|lines?|takeaways?|ideas?)\b"
    rf"|(?P<count2>{NUMBER})[句条点]|(?P<count3>{NUMBER})个要点"
)
_ONE_FRAME = (
    (re.compile(r"\b(?:first|opening|very first) (?:frame|picture|image)|第一帧|首帧|第1帧"), "first"),
    (re.compile(r"\b(?:last|final|closing) (?:frame|picture|image)|最后一帧|尾帧|末帧"), "last"),
    (re.compile(r"\b(?:middle|half-?way|mid-?point)\b|中间|正中"), "middle"),
)
_FOUND_BY_TOOLS = {"scenes", "silence", "facts", "chapters", "frames", "read", "transcribe", "subtitles"}
_SPOKEN = re.compile(
    rf"\b(?P<a>{ANY_LANGUAGE})[- ](?:speech|audio|recording|talk|lecture|speaker|podcast|voice|language|video)|"
    rf"(?:spoken|speech|audio|speaks?|speaking|language|it|it's|that's|which is)(?: is| are|:)? (?:in )?"
    rf"(?P<b>{ANY_LANGUAGE})\b|"
    rf"(?P<c>{ANY_LANGUAGE})的?(?:音频|录音|语音|演讲|视频|讲座|对话)|(?:说的?是|语言是|讲的?是|是)(?P<d>{ANY_LANGUAGE})"
)


def ordered(
    clause: Clause, text: str, seconds: float | None, kinds: frozenset[str]
) -> tuple[list[Intent], frozenset[Step]]:
    """Return what a command wants, and what it wants left out.

    Args:
        clause: The command.
        text: Its plain text without polite words; of the same length.
        seconds: Length of the file.
        kinds: Kinds of the user's files.
    """
    left_out: set[Step] = set()
    for hit in list(_NEGATED.finditer(text)):
        left_out |= {step for step, pattern in _LEAVES_OUT if pattern.search(hit["what"])}
        text = text[: hit.start()] + " " * (hit.end() - hit.start()) + text[hit.end() :]
    changed, text = edits_in(text, seconds, kinds)
    made, text = made_in(clause, text, kinds)
    lacks, text = lacks_in(text)
    text = _FROM.sub(lambda hit: hit[0][: hit[0].find(" ")].ljust(len(hit[0])), text)
    wanted: list[Intent] = [
        *changed,
        *made,
        *(Cannot(lack) for lack in lacks),
        *_wanted(clause, text, times_in(text, seconds), seconds, kinds),
    ]
    return wanted, frozenset(left_out)


def _wanted(clause: Clause, text: str, times: Times, seconds: float | None, kinds: frozenset[str]) -> list[Intent]:
    signs = signs_in(text)
    if kinds == {"picture"}:
        # "Caption this" asks what a picture shows; "transcribe this" asks for the words in it.
        signs = {{"subtitles": "describe", "transcribe": "read"}.get(one, one) for one in signs}
    elif "subtitles" in signs:
        signs.discard("describe")
    if "find" in signs and (topic := _searched(clause, times.rest, signs)):
        return [Find(query=topic, span=part) for part in times.places]
    found: list[Intent] = [*_of_sound(clause, text, times, signs), *_of_pictures(text, times, seconds, signs)]
    if "describe" in signs:
        found += [Facts() if kinds == {"picture"} else Report(), Cannot("see")]
    elif "facts" in signs and not found:
        found.append(Facts(subjects=subjects_in(text)))
    short = bool(_SENTENCES.search(times.rest) or times.spans or (kinds == {"text"} and not _REPORT.search(text)))
    if "brief" in signs or ("report" in signs and short):
        sentences = _sentences(times.rest, "brief" in signs)
        found += [Summarize(sentences=sentences, span=part) for part in times.places]
    elif "report" in signs or ("analyze" in signs and not found):
        found.append(Report())
    if not found and (topic := explicit_topic(clause, times.rest)):
        return [Find(query=topic, span=part) for part in times.places]
    return found


def _of_sound(clause: Clause, text: str, times: Times, signs: set[str]) -> list[Intent]:
    """Return what is wanted of words and numbers."""
    found: list[Intent] = []
    if "rate" in signs:
        found.append(Rate(chart="chart" in signs))
    elif "chart" in signs and ("plotting" in signs or numbers_in(clause.text)):
        found.append(Chart(numbers=numbers_in(clause.text)))
    if signs & {"transcribe", "subtitles"}:
        subtitles = "subtitles" in signs
        language = _spoken_language(text)
        found += [Transcribe(language=language, span=part, subtitles=subtitles) for part in times.places]
    if "chapters" in signs:
        found.append(Chapters())
    return found


def _of_pictures(text: str, times: Times, seconds: float | None, signs: set[str]) -> list[Intent]:
    """Return what is wanted of pictures and of files as such."""
    found: list[Intent] = []
    if "compare" in signs:
        found.append(Compare())
    if "frames" in signs:
        found += _frames(text, times, seconds)
    elif "scenes" in signs:
        found.append(Scenes(exact=bool(re.search(r"exact|precise|accurate|精确|准确", text))))
    if signs & {"probe", "loudness", "silence"} and "frames" not in signs:
        found.append(Probe(loudness="loudness" in signs, silence="silence" in signs))
    if "read" in signs:
        found += [Find(query="", span=part, kinds=("text",)) for part in times.parts] or [Read()]
    return found


def _searched(clause: Clause, text: str, signs: set[str]) -> str:
    """Return what is looked for; "" when it is something a tool of its own finds, such as scenes."""
    topic = topic_of(clause, text) if clause.quotes else explicit_topic(clause, text)
    if topic or (signs & _FOUND_BY_TOOLS and not re.search(r"\b(?:where|when|in which|showing)\b", text)):
        return topic
    return topic_of(clause, SIGNS["find"].sub(lambda hit: " " * len(hit[0]), text))


def _frames(text: str, times: Times, seconds: float | None) -> list[Frames]:
    """Return which pictures are wanted."""
    sheet = bool(_SHEET.search(text))
    found = [_frames_of(part, text, times, seconds) for part in times.places]
    if times.spans and times.points:
        found.append(Frames(times=times.points))
    return [replace(one, sheet=sheet) for one in found]


def _frames_of(span: Span | None, text: str, times: Times, seconds: float | None) -> Frames:
    """Return which pictures of a part are wanted."""
    points = list(times.points)
    for pattern, place in _ONE_FRAME:
        if pattern.search(text):
            if place == "first":
                points.append(0.0)
            elif seconds is not None:
                points.append(seconds if place == "last" else round(seconds / 2, 3))
    if points and not span:
        return Frames(times=tuple(sorted(set(points))))
    if times.every_seconds:
        return Frames(every_seconds=times.every_seconds, span=span)
    hit = _COUNT.search(times.rest)
    count = int(number(hit["count"] or hit["count2"])) if hit else 1 if _SINGLE.search(text) else 0
    # "a frame of each scene", "one picture a slide": the number says how many of each.
    if _OF_EACH.search(text):
        count = 0
    by: Literal["scenes", "changes"] = "scenes" if _BY_SCENE.search(text) else "changes"
    return Frames(count=count or None, by=by, span=span)


def _sentences(text: str, brief: bool) -> int:
    if found := _SENTENCES.search(text):
        return max(1, min(20, int(number(found["count"] or found["count2"] or found["count3"]))))
    return 3 if brief else 5


def _spoken_language(text: str) -> str | None:
    """Return the code of the language that the user says is spoken."""
    if not (found := _SPOKEN.search(text)):
        return None
    name = next(part for part in found.groups() if part)
    return next(code for code, names in LANGUAGES.items() if name in names.split("|"))
