"""What a request wants: words in English and Chinese become intents."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from ...tools.base.words import answer_language
from ...tools.fetching.permission import addresses_in
from .aloud import say_in
from .code_words import with_code
from .facts import File
from .intents import (
    Cannot,
    Chart,
    Facts,
    Find,
    Frames,
    Greet,
    Help,
    Intent,
    NoTime,
    Probe,
    Rate,
    Report,
    Say,
    Step,
    Summarize,
    Transcribe,
    Understanding,
)
from .orders import ordered
from .questions import asked, is_question
from .signs import is_greeting, signs_in
from .times import Span, times_in
from .unheard import is_change
from .wording import ADDRESS, Clause, clauses, either, masked

_FIRST_WHAT = r"(?:seconds?|minutes?|hours?|frames?|slides?|parts?|scenes?|half|s|m|min|pictures?|images?)\b"
_POLITE_ENGLISH = either(
    rf"""
        hi|hello|hey|ok|okay|well|so|now|first(?!\s+(?:[\w.]+\s+)?{_FIRST_WHAT})|then|next|finally|and|also|but|or
        please|pls|plz|kindly|just|only|simply|maybe|thanks|(?:can|could) (?:you|u)|would you|will you|would you mind
        (?:can|could|may) i (?:get|have|see)
        i(?:'d| would) like(?: you)?(?: to)?(?: have| get| know| see)?|let me (?:know|see|have)|let's|help me(?: to)?
        (?:i|we) (?:want|need|wish)(?: you)?(?: to)?(?: know| see| have| get)?|i wonder|do you (?:know|think)
        i was wondering(?: if you (?:can|could))?|find out|figure out|make sure (?:to|you)|go ahead and|try to
        remember to|don't forget to|tell me|explain to me|if|whether
        (?:show me|find|find me|say|give me|list|tell us|search|look up|check|see|describe|explain
          summarize)(?= (?:if|whether|when|where|what|how|who|which|why)\b)
    """
)
_POLITE_CHINESE = either(
    r"""
        请问?|麻烦你?|帮我|帮忙|帮|给我|替我|你?能不能|你?可不可以|你?可以|你能(?!做|干)|能否|可否|能(?=.*吗)
        我想(?:要)?(?:知道|了解|看看?|问)?|我要|我需要|想知道|告诉我|说说看|看看|看一下|查一下|先|再|然后|接着|并且?
        同时|顺便|最后(?=[,再请把给生做写])|另外|还有|以及|也|只(?!要?\s*(?:第|最?[前后]|开头|[\d一二三四五六七八九十]+\s*[秒分:]))要?|直接|和|别忘了|不要忘记|好的|你好|您好
    """
)
_POLITE = re.compile(rf"\W*(?:(?:{_POLITE_ENGLISH})\b|{_POLITE_CHINESE})")
_POLITE_END = re.compile(r"(?<!\s)(?:\s*(?:please|thanks|thank you|for me|谢谢|好吗|可以吗|行吗|吧))+\W*$")
_HOW_TO = re.compile(
    r"^\W*how (?:to|(?:do|can|could|would|should) (?:i|you|we|one)) (?:cut|trim|crop|edit|join|merge|"
    r"convert|split|make|mute|rotate|resize|add \w+ to|put \w+ (?:on|under|into))(?: an?| any| some)? (?:\w+ )?"
    r"(?:videos?|films?|movies?|clips?|slideshows?|recordings?|sounds?)\W*$|"
    r"^\W*(?:怎么|怎样|如何)(?:样)?(?:才能)?(?:剪辑?|裁剪?|转换|合并|拼接|做|给|编辑)(?:一个|一段)?(?:视频|影片|电影|录音|幻灯片)(?:加字幕|配乐)?\W*$"
)
"""Of no file in particular."""
_ERRAND = re.compile(
    r"^\W*(?:paint|buy|book|order|call|phone|e?mail|cook|bake|build|repair|wash|drive|pay|sell|remind|deliver)\s+"
    r"(?:me|my|us|our|a|an|the|your)\b(?!.*\b(?:this|it|that|here|in the|video|film|movie|clip|recording|audio|sound|"
    r"picture|photo|image|talk|slides?|file|report|notes|summary|list|timeline)\b)"
)
"""What is wished of the world, and names nothing of a file."""
_HELP_WITH = re.compile(r"\bhelp me\b.*\w{3}|video|file|talk|视频|文件|帮我|帮助我")
_INLINE = re.compile(
    r"(?:summari[sz]e|summary of|tl;?dr|shorten|总结|概括|摘要)[^:\n]{0,40}(?::|\n)\s*(?P<text>\S.{60,})$", re.DOTALL
)

Wanted = TypeVar("Wanted", Transcribe, Probe, Facts)

MOST_SAYINGS = 8
"""How many texts one request can have said aloud."""


def understand(request: str, files: Sequence[File] = ()) -> Understanding:
    """Return what a request wants of some files.

    Args:
        request: As it was typed, in English, Chinese or both.
        files: What is known of the files.
    """
    usable = [file for file in files if not file.error]
    matched = masked(request, [file.name for file in files])
    found: list[Intent] = []
    if _has_strange_address(request, files):
        found.append(Cannot("address"))
    command = matched
    for _ in range(MOST_SAYINGS):
        if said := say_in(request, matched):
            found.append(said[0])
            matched = said[1]
    if not found and not usable and (inline := _INLINE.search(matched)):
        found.append(Summarize(text=request[inline.start("text") :].strip()))
        matched = command = matched[: inline.start("text")]
        matched = matched[: inline.start()]
    seconds = next((file.seconds for file in usable if file.seconds), None)
    kinds = frozenset(file.kind for file in usable)
    without: set[Step] = set()
    for clause in clauses(request, matched):
        intents, left_out = _of_clause(clause, seconds, kinds)
        found += intents
        without |= left_out
    tidy = _tidy(with_code(_tidy(found), masked(request, [file.name for file in files]), usable, assumed=not found))
    otherwise = _otherwise(request, matched, usable)
    return Understanding(
        request=request,
        language=answer_language(command if re.search(r"\w", command) else request),
        intents=tuple(tidy or otherwise),
        without=frozenset(without),
        assumed=bool(usable) and not tidy and not any(isinstance(one, Cannot) for one in otherwise),
    )


def is_about_files(request: str) -> bool:
    """Tell whether a request needs what is at an address in it.

    Not when its words are only said aloud, say, nor when it brings the text itself: who wrote that may be anybody.
    """
    words = ADDRESS.sub(" ", request)
    if not re.search(r"\w", words):
        return True
    wanted = understand(words).intents
    if any(isinstance(one, Summarize) and one.text for one in wanted):
        return False
    return not all(isinstance(one, Say | Chart | Greet | Help) for one in wanted)


def _has_strange_address(request: str, files: Sequence[File]) -> bool:
    """Tell whether a request has an address that is not among the files, fetched or not."""
    written = [one for one in ADDRESS.findall(request) if not one.lower().startswith(("http://", "https://"))]
    return bool(written) or not set(addresses_in(request)) <= {file.address for file in files}


def _of_clause(clause: Clause, seconds: float | None, kinds: frozenset[str]) -> tuple[list[Intent], frozenset[Step]]:
    if is_greeting(clause.plain):
        return [Greet()], frozenset()
    if "help" in signs_in(clause.plain) and len(clause.plain.split()) < 8 and not _HELP_WITH.search(clause.plain):
        return [Help()], frozenset()
    if _HOW_TO.search(clause.plain):
        return [Help()], frozenset()
    text = _without_politeness(clause.plain)
    odd: list[Intent] = [NoTime(text=one) for one in times_in(text).odd]
    if is_question(text, marked=clause.asked and text == clause.plain):
        return _meant(asked(clause, text, seconds, kinds), odd, question=True), frozenset()
    wanted, left_out = ordered(clause, text, seconds, kinds)
    if not wanted and not left_out and clause.asked:
        return _meant(asked(clause, text, seconds, kinds), odd, question=True), frozenset()
    return _meant(wanted, odd, question=False), left_out


def _meant(found: list[Intent], odd: list[Intent], *, question: bool) -> list[Intent]:
    """Return the intents with the times that make no sense; those that had only such times are left out.

    "A frame at 99:99" is not a frame of anything else; "a report, and a frame at 99:99" still is a report.
    """
    if not odd:
        return found
    return odd + [one for one in found if _has_time(one) or not (question or isinstance(one, Frames))]


def _has_time(intent: Intent) -> bool:
    match intent:
        case Frames(times=times, every_seconds=every_seconds, span=span):
            return bool(times or every_seconds or span)
        case Find(query=query, span=span):
            return bool(query or span)
    return False


def _without_politeness(text: str) -> str:
    """Blank the words around a command or question that do not change what it wants."""
    position = 0
    while (found := _POLITE.match(text, position)) and found.end() < len(text):
        position = found.end()
    if end := _POLITE_END.search(text, position):
        text = text[: end.start()] + " " * (len(text) - end.start())
    return " " * position + text[position:]


def _tidy(found: list[Intent]) -> list[Intent]:
    """Return each intent once, without those that another one holds."""
    once = list(dict.fromkeys(found))
    if any(isinstance(one, Report) for one in once):
        once = [one for one in once if not isinstance(one, Summarize) or one.text or one.span]
    if Rate() in once and Chart(numbers=None) in once:  # "How fast does he speak? Plot it."
        once[once.index(Rate())] = Rate(chart=True)
    if Rate(chart=True) in once:
        once = [one for one in once if one not in (Rate(), Chart(numbers=None))]
    once = _merged(
        once,
        Transcribe,
        lambda one, other: replace(
            one, subtitles=one.subtitles or other.subtitles, language=one.language or other.language
        ),
        part=lambda one: one.span,
    )
    once = _merged(
        once,
        Probe,
        lambda one, other: Probe(loudness=one.loudness or other.loudness, silence=one.silence or other.silence),
    )
    once = _merged(once, Facts, lambda one, other: Facts(subjects=one.subjects | other.subjects))
    if len(once) > 1:
        once = [one for one in once if not isinstance(one, Greet)]
    return once


def _merged(
    found: list[Intent],
    kind: type[Wanted],
    both: Callable[[Wanted, Wanted], Wanted],
    part: Callable[[Wanted], Span | None] = lambda one: None,
) -> list[Intent]:
    """Return the intents with those of one kind and about one part as one, where the first of them stands."""
    merged: dict[Span | None, Wanted] = {}
    for one in found:
        if isinstance(one, kind):
            merged[part(one)] = both(merged[part(one)], one) if part(one) in merged else one
    together: list[Intent] = []
    for one in found:
        if not isinstance(one, kind):
            together.append(one)
        elif part(one) in merged:
            together.append(merged.pop(part(one)))
    return together


def _otherwise(request: str, matched: str, usable: Sequence[File]) -> list[Intent]:
    """Return the sensible default for words that are not understood."""
    plain = _without_politeness(matched)
    if not all(file.kind == "text" for file in usable) and (is_change(plain) or _ERRAND.search(plain)):
        return [Cannot("change")]
    if usable:
        return [Summarize() if all(file.kind == "text" for file in usable) else Report()]
    if not re.search(r"\w", matched):
        return [Greet() if request.strip() else Help()]
    return [Cannot("know")]
