"""What a request means after others: "only the second half" changes the last one and keeps the rest of it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from ...tools.base.words import Language, named_language
from .aloud import LANGUAGES
from .facts import File
from .intents import (
    Cannot,
    Compare,
    Edit,
    Facts,
    Find,
    Frames,
    Greet,
    Help,
    Intent,
    NoTime,
    Probe,
    Read,
    Report,
    Say,
    Slideshow,
    Summarize,
    Transcribe,
    Understanding,
)
from .names import files_named
from .times import NUMBER, Span, number, times_in
from .understand import understand
from .wording import either, masked, sign

MOST_REQUEST_LETTERS = 300
SHORT_SENTENCES = 3
_SHORTER = sign(
    r"""
        shorter|briefer|short|brief(?:ly)?|shorten(?:ed)?|(?:more )?concise(?:ly)?|condensed?
        too long|not so long|less (?:detail(?:s|ed)?|words?|text)|fewer words
    """,
    r"更短|[更再]?短一?[点些]|[更再]?简[短洁要单](?:一?[点些])?|精简(?:一?[点些])?|再短|缩短|少一?[点些]|太长|不要(?:那么|这么)?长|别(?:那么|这么)长",
)
_LONGER = sign(
    r"longer|more (?:detail(?:s|ed)?|words?|text)|in (?:more |greater )?detail|elaborate|expand(?: on)?|detailed",
    r"[更再]?长一?[点些]|[更再]?详细(?:一?[点些])?|展开|多一?[点些]|多[讲说]一?[点些]",
)
_COUNTED = re.compile(
    rf"(?P<count>{NUMBER})\s*-?(?:\w+ )?(?:sentences?|bullet ?points?|bullets|points?|lines?)\b"
    rf"|(?P<han>(?!一点){NUMBER})个?(?:句话?|要点|[条点句])"
)
_AGAIN = sign(r"again|once more|redo|repeat|retry|same|likewise|as before", r"再来|重新|一样|同样|再[做说写]?一[遍次]")
_WHOLE = sign(r"(?:the )?(?:whole|entire|full|complete)(?: thing)?|all of it|everything", r"整个|全部|完整|全文|全片")
_THESE = sign(
    r"(?:this|that|the new|the other) (?:one|file|video|clip|picture|image|recording)|these|those|them",
    r"这[个段张些]|那[个段张些]|新的",
)
_ALL_FILES = sign(
    r"both|all (?:of them|files|videos|pictures|images)|together|each|every file", r"两[个段张]|都|所有|一起|每[个段张]"
)
# What may stand around a change without wanting anything else.
_FILLER = re.compile(
    either(
        r"""
            \b(?:now|only|just|please|pls|make|made|do|doing|it|its|it's|that|this|these|the|an?|for|in|on|of|from|to|with
              and|also|but|what|about|how|give|gimme|me|my|can|could|would|will|you|i|want|need|would|like|be|is|are|as
              at|bit|little|lot|much|even|version|one|ones|keep|instead|then|time|once|try|let's|us|get|show|part|section
              portion|half|talk|video|file|clip|audio|answer|summary|report|list|text|into|use|using|write|say|tell
              language|or|so|ok|okay|thanks|thank|limit|focus|look|down|up|more|than|again|after|before|between|start(?:ing|s)?|onwards?|go|back|return|switch)\b
            不要|现在|只|要|看|就|把|它|这|那|个|改成|改为|改|换成|换|成|用|说|讲|再|更|一下|一遍|一点|一些|点|些|吧|呢|吗|啊|请|能|可以|不|的
            部分|段|给我|给|我|版本|版|来|做|对|中|里|内容|回答|答案|写|下|也|和|视频|报告|总结|摘要|语言|了|仅|而已|得|从|开始|以后|之后|以前|之前|到|回|还|但|麻烦|帮|谢谢|讲述|是
        """
    )
)
_FROM_THE_START = re.compile(r"original|start over|from scratch|instead of|source|原来|原始|原视频|原文件|重新")
# After these there is no one film, or recording, that could be changed further.
_ENDS = frozenset({"split", "sound", "gif", "join", "upscale"})
_MOVES = frozenset({"keep", "leave_out", "without_silence", "speed", "reverse"})
_NAMES: dict[str, str] = {code: names for code, names in LANGUAGES.items() if code != "yue"}
_LANGUAGE = re.compile(
    either(
        "|".join(
            [
                rf"\b(?P<{code}>{'|'.join(name for name in names.split('|') if name.isascii())})\b"
                rf"|(?P<{code}_han>{'|'.join(name for name in names.split('|') if not name.isascii())})"
                for code, names in _NAMES.items()
            ]
        )
    )
)
_BESIDE = re.compile(r"^\W*(?:and|but|what|how|ok|so|then)\b.*|.*呢\W*$|^\W*那.*", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Turn:
    """One request of a conversation, with all files that were there."""

    request: str
    files: Sequence[File]


@dataclass(frozen=True, kw_only=True)
class Meant:
    """What a conversation has come to."""

    understood: Understanding
    files: Sequence[File]
    """Those the last request is about."""
    named: Language | None = None
    """The language that the user asked for by name."""


@dataclass(frozen=True, kw_only=True)
class _Change:
    parts: tuple[Span, ...] = ()
    whole: bool = False
    length: Literal["shorter", "longer"] | None = None
    sentences: int | None = None
    language: str | None = None
    again: bool = False
    these: bool = False

    def __bool__(self) -> bool:
        return self != _Change()


def follow(turns: Sequence[Turn], facts: Sequence[str] = ()) -> Meant:
    """Return what the last of some requests means.

    Args:
        turns: The requests of a conversation, the oldest first; at least one.
        facts: What the user asked to be remembered, such as "I prefer short answers".
    """
    meant: Meant | None = None
    for turn in turns:
        meant = _next(meant, turn)
    assert meant is not None
    return _preferred(meant, facts)


def _next(before: Meant | None, turn: Turn) -> Meant:
    files = _in_hand(before, turn)
    fresh = understand(turn.request, files)
    named = named_language(turn.request)
    if before is None or not _is_work(before.understood):
        return Meant(understood=fresh, files=files, named=named)
    if chained := _chained(before, fresh, files, turn):
        return Meant(understood=replace(fresh, intents=chained), files=files, named=named)
    change = _change(turn.request, files)
    new = {file.handle for file in files if not file.attached}
    if change is None or (change == _Change(these=True) and not new):
        return Meant(understood=_beside(before.understood, fresh), files=files, named=named)
    if any(isinstance(one, Compare) for one in before.understood.intents) and len(files) < 2:
        files = list(turn.files)
    known = change.language in ("en", "zh")
    named = ("en" if change.language == "en" else "zh") if known else before.named
    changed = [intent for one in before.understood.intents for intent in _changed(one, change)]
    if change.language and not known:
        changed.append(Cannot("translate"))
    # What was typed has few letters, so the last request that has more of them tells the language.
    spoken = fresh.language if re.search(r"[^\W\d_]{2}|[\u4e00-\u9fff]", turn.request) else before.understood.language
    understood = replace(
        before.understood,
        request=f"{before.understood.request} / {turn.request}"[-MOST_REQUEST_LETTERS:],
        intents=tuple(dict.fromkeys(changed)),
        language=named or spoken,
        assumed=False,
    )
    return Meant(understood=understood, files=files, named=named)


def _chained(before: Meant, fresh: Understanding, files: Sequence[File], turn: Turn) -> tuple[Intent, ...]:
    """Return the changes of the last request with those of this one: "now faster" is about what came out.

    What was done before is remembered, so doing it again costs nothing. Times that are named after others were moved
    are those of what came out, except that of a file several parts can be left out. Empty where this one is about
    something else.
    """
    is_new = fresh.assumed or [one.handle for one in files] != [one.handle for one in before.files]
    if is_new or _FROM_THE_START.search(masked(turn.request)):
        return ()
    old, wanted = before.understood.intents, fresh.intents
    if len(old) == 1 and isinstance(old[0], Slideshow):
        return _another_show(old[0], wanted)
    if not all(isinstance(one, Edit) and one.task not in _ENDS for one in old):
        return ()
    changes, further = [[one for one in each if isinstance(one, Edit)] for each in (old, wanted)]
    if len(further) < len(wanted):
        return ()
    stage = max(one.stage for one in changes)
    timed = {one.task for one in further if one.spans or one.points or one.every_seconds}
    moved = {one.task for one in changes if one.stage == stage} & _MOVES
    if timed and moved and timed | moved != {"leave_out"}:
        ends = {file.seconds for file in files}
        if any(end in ends for one in further for _, end in one.spans):
            return ()  # how long it is now is not known here
        return (*changes, *(replace(one, stage=stage + 1) for one in further))
    tasks = {one.task for one in further}
    kept = [one for one in changes if one.spans or one.stage < stage or one.task not in tasks]
    return (*kept, *(replace(one, stage=stage) for one in further))


def _another_show(show: Slideshow, wanted: Sequence[Intent]) -> tuple[Intent, ...]:
    """Return a slideshow as it is wanted now; empty where something else is."""
    for one in wanted:
        match one:
            case Edit(task="crop", form=aspect) if aspect:
                show = replace(show, aspect=aspect)
            case Edit(task="mix_sound", form=mood):
                show = replace(show, music=True, mood=f"{mood} music" if mood else show.mood)
            case Slideshow():
                show = replace(
                    show,
                    seconds=one.seconds or (None if one.each_seconds else show.seconds),
                    each_seconds=one.each_seconds or (None if one.seconds else show.each_seconds),
                    aspect=one.aspect or show.aspect,
                    music=one.music or show.music,
                    mood=one.mood or show.mood,
                    captions=one.captions or show.captions,
                    title=one.title or show.title,
                )
            case _:
                return ()
    return (show,)


def _is_work(understood: Understanding) -> bool:
    """Tell whether there is something that can be changed: a greeting is not done again in Chinese."""
    return any(not isinstance(one, Greet | Help | Cannot | NoTime) for one in understood.intents)


def _beside(before: Understanding, fresh: Understanding) -> Understanding:
    """Return a question of its own in the place the last one was asked of: "and what about the budget?"."""
    last = next((one for one in before.intents if isinstance(one, Find) and one.query), None)
    if last is None or not _BESIDE.match(fresh.request.lower()):
        return fresh
    intents = tuple(
        replace(one, span=last.span, kinds=one.kinds or last.kinds)
        if isinstance(one, Find) and one.query and one.span is None
        else one
        for one in fresh.intents
    )
    return replace(fresh, intents=intents)


def _in_hand(before: Meant | None, turn: Turn) -> list[File]:
    """Return the files a request is about: those it names, those it brings, else those of the last request."""
    if before is None or files_named(turn.request, turn.files):
        return list(turn.files)
    new = [file for file in turn.files if not file.attached]
    handles = {file.handle for file in before.files}
    kept = [file for file in turn.files if file.attached and file.handle in handles]
    text = masked(turn.request)
    if _ALL_FILES.search(text):
        return list(turn.files)
    if (
        new
        and not _AGAIN.search(text)
        and any(isinstance(one, Compare) for one in understand(turn.request, new).intents)
    ):
        return kept + new
    return new or kept or list(turn.files)


def _change(request: str, files: Sequence[File]) -> _Change | None:
    """Return what a request changes of the last one; None when it wants something of its own."""
    text = masked(request, [file.name for file in files])
    seconds = next((file.seconds for file in files if file.seconds), None)
    counted = _COUNTED.search(text)
    text = _COUNTED.sub(_blank, text)
    times = times_in(text, seconds)
    text = times.rest
    spoken = _LANGUAGE.search(text)
    change = _Change(
        parts=times.parts,
        whole=bool(_WHOLE.search(text)),
        length="shorter" if _SHORTER.search(text) else "longer" if _LONGER.search(text) else None,
        sentences=int(number(counted["count"] or counted["han"])) if counted else None,
        language=next(name for name, part in spoken.groupdict().items() if part)[:2] if spoken else None,
        again=bool(_AGAIN.search(text)),
        these=bool(_THESE.search(text)),
    )
    for pattern in (_LANGUAGE, _WHOLE, _SHORTER, _LONGER, _AGAIN, _THESE):
        text = pattern.sub(_blank, text)
    if times.odd or times.every_seconds or not change or re.search(r"\w", _FILLER.sub(_blank, text)):
        return None
    return change


def _blank(hit: re.Match[str]) -> str:
    return " " * len(hit[0])


def _changed(intent: Intent, change: _Change) -> list[Intent]:
    """Return an intent as it is wanted now; for several parts of a file, once for each."""
    parts: list[Intent] = [_in_part(intent, part) for part in change.parts]
    if change.whole and not parts:
        parts = [_in_part(intent, None)]
    return [_as_long(one, change) for one in parts or [intent]]


def _in_part(intent: Intent, part: Span | None) -> Intent:
    match intent:
        case Report() | Transcribe() | Summarize(text=""):
            return replace(intent, span=part)
        case Find(query=query) if query or part:
            return replace(intent, span=part)
        case Frames():
            return replace(intent, span=part, times=())
        case Read() if part:
            return Find(query="", span=part, kinds=("text",))
        case Say() | Facts() | Probe() | Compare() | Cannot() | NoTime():
            return intent
    return Find(query="", span=part) if part else intent


def _as_long(intent: Intent, change: _Change) -> Intent:
    if not change.sentences and not change.length:
        return intent
    match intent:
        case Summarize(sentences=sentences):
            shorter, longer = -(-sentences // 2), min(20, 2 * sentences)
            return replace(intent, sentences=change.sentences or (shorter if change.length == "shorter" else longer))
        case Report(span=span) | Transcribe(span=span) if change.sentences or change.length == "shorter":
            return Summarize(sentences=change.sentences or Summarize().sentences, span=span)
    return intent


def _preferred(meant: Meant, facts: Sequence[str]) -> Meant:
    """Return it with what the user prefers where the request says nothing of it."""
    understood = meant.understood
    for fact in map(masked, facts):
        spoken = _LANGUAGE.search(fact)
        code = next(name for name, part in spoken.groupdict().items() if part)[:2] if spoken else None
        if meant.named is None and code in ("en", "zh") and _ANSWERS.search(fact):
            understood = replace(understood, language="en" if code == "en" else "zh")
        if _SHORTER.search(fact) and _ANSWERS.search(fact):
            usual = Summarize().sentences
            intents = tuple(
                replace(one, sentences=SHORT_SENTENCES)
                if isinstance(one, Summarize) and one.sentences == usual
                else one
                for one in understood.intents
            )
            understood = replace(understood, intents=intents)
    return replace(meant, understood=understood)


_ANSWERS = sign(
    r"answers?|repl(?:y|ies)|respon(?:d|ses?)|summar(?:y|ies)|speak|write|talk|texts?|prefer|like|want",
    r"回答|答复|回复|总结|摘要|说|写|喜欢|偏好|希望|想要",
)
