"""What a question wants to know."""

import re
from typing import Literal

from .intents import (
    Cannot,
    Chapters,
    Compare,
    Facts,
    Find,
    Intent,
    Probe,
    Rate,
    Read,
    Report,
    Scenes,
    Summarize,
    Transcribe,
)
from .lacks import LACKS
from .making import described_in
from .signs import signs_in, subjects_in
from .times import Span, times_in
from .topics import explicit_topic, topic_of
from .wording import Clause, either, sign

# "From 0:30 to 1:00, what …", "in this video, who …": what may stand before the question word.
_BEFORE = r"^(?:\W|\b(?:from|between|at|during|after|before|and|to|until)\b|\b(?:in|on) (?:the|this|that|my) \w+\b)*"
_STARTS = re.compile(
    rf"{_BEFORE}(?:(?:what|when|where|who|whom|whose|which|why|how)(?:'s|'re|'d|'ll)?\b|"
    r"(?:is|are|was|were|does|did|has|isn't|aren't|doesn't)\b|"
    r"(?:do|have|had|can|could|will|would|should) (?:it|he|she|they|we|you|i|the|this|there|any|people)\b|"
    r"(?:any|anything)\b.*\b(?:about|on|regarding)\b|(?:at|in|on|to|about|until|since) (?:what|which|whom|when)\b)"
)
_HAN_ASKS = re.compile(
    r"什么(?!都)|啥|吗$|呢$|谁|哪[里儿些个一页位段]|在哪|何时|多少|多长|多久|多大|多快|几[个次点页种位岁分秒]|怎么|怎样|如何|"
    r"为什么|为何|是否|有没有|是不是|说没说|第几"
)
_COMMAND_ENGLISH = either(
    r"""
        analy[sz]e|summari[sz]e|write|make|create|generate|produce|give|extract|transcribe|caption|subtitle|describe
        compare|find|search|list|read|plot|draw|chart|graph|take|grab|save|detect|count|measure|probe|translate|convert
        cut|trim|export|get|split|show|identify|add|put|remove|delete|burn|mute|crop|rotate|resize|scale|speed|slow
        reverse|merge|join|combine|keep|replace|compress|upscale|flip|mirror|animate|loop
    """
)
_COMMAND_CHINESE = either(
    r"""
        分析|总结|概括|归纳|写|做|生成|制作|输出|提取|截|抽|转写|转录|听写|描述|比较|对比|找|搜索|查找|列出|识别|读|念
        朗读|画(?!面|质|外|中)|绘|统计|检测|测|翻译|剪|导出|把|将
    """
)
# Commands are no questions, even with a question mark: "transcribe this?"
_COMMAND = re.compile(rf"^\W*(?:(?:{_COMMAND_ENGLISH})\b|(?:{_COMMAND_CHINESE})(?![了着过]))")
# "Mute swans: where do they nest?" asks; its first word only begins what it is about.
_TITLE = re.compile(
    r"^\W*(?:burn|compress|crop|cut|flip|join|loop|mirror|mute|reverse|rotate|scale|speed|split|trim)\b[^:]{0,60}:"
    r"(?!\s*how (?:do|can|could|should) (?:i|we|you)\b)"
)
_PRODUCT = sign(
    r"""
        what(?:'s| is| are) (?:the )?(?:transcript|subtitles|chapters|summary|outline)s?$|what chapters
        which chapters|(?:are|is) there (?:any )?chapters
    """,
    r"(?:有|分)(?:哪些|几个?|什么)章",
)
_GIST = sign(
    r"""
        (?:what(?:'s| is| are| was| were) )?(?:this|it|that|the \w+|these|they)(?: \w+)? (?:all )?about$
        what(?:'s| is) (?:this|it|that)(?: (?:video|talk|audio|recording|file|clip|lecture))?$
        what (?:happens|is happening|happened|goes on|is going on)
        (?:main|key|most important|central) (?:points?|ideas?|messages?|topics?|takeaways?|themes?|arguments?
          findings?|things?)
        takeaways?|what (?:topics?|subjects?)|did i miss|(?:talk|speak)(?:s|ed|ing)? about$
        what(?:'s| is| are| was) (?:the )?(?:topic|subject|gist|summary|contents?|conclusions?|message)(?: of.*)?$
        what(?:'s| is) in (?:this|the|it)(?: \w+)?$|about (?:this|the|it|that)(?: \w+)?$
    """,
    r"""
        [讲说谈](?:的|了)?(?:是|些)*(?:什么|啥)(?:内容|事|东西|呢)?$|(?:主要|大概|大致)[^,。]{0,6}(?:内容|[讲说]|是)
        关于什么|中心思想|要点|重点|主题|大意|结论|(?:内容)[^,。]{0,3}(?:是)?什么|什么内容|发生(?:了)?什么
        是什么(?:视频|录音|音频|内容)
    """,
)
_SAID = sign(
    r"""
        (?<!this )(?<!the )(?<!my )(?<!that )(?<!a )(?:says?|said|saying|talk(?:s|ed|ing)?|speak(?:s|ing)?|spoken
          heard|hear)(?: (?:in|on|during|by|here|there|then|exactly|at)\b.*)?$
        what (?:are|is|were|was) the (?:words|lyrics)|the exact words
    """,
    r"[他她讲说话者人师](?:都|到底|究竟)?[说讲](?:了)?(?:些)?什么$|听到(?:了)?什么|台词|歌词|说的(?:是)?什么$",
)
_NTH = r"(?:(?:first|second|third|fourth|fifth|last|next|\d+(?:st|nd|rd|th)) )?"
_WRITTEN = sign(
    rf"""
        (?:what's|is|are|was) (?:\w+ )?(?:written|printed)|what (?:text|words|letters|numbers?)|any text
        what (?:does|do|is|are) (?:the |this |that |these |all )*(?:slides?(?: (?:number )?\d+)?|screen|sign|label
          poster|image|picture|photo|screenshot|it|whiteboard|board|page|receipt|caption)s? (?:say|read|show)s?$
        what(?: is|'s| are) on (?:the |this |that )?{_NTH}(?:slides?|screen|board)
    """,
    r"""
        写(?:着|了|的)?(?:是)?(?:些)?什么|什么(?:字|文字)|哪些(?:文字|字)
        (?:屏幕|幻灯片|黑板|白板)上?(?:有|是|显示)(?:些)?什么$|有(?:没有)?文字
    """,
)
_SEEN = sign(
    r"what (?:do|can|could) (?:you|we|i|one) see|what(?: is|'s) (?:shown|visible|to be seen|to see)",
    r"画面[里中上]?(?:都)?(?:是|有)了?些?(?:什么|啥)|看[到见]了?(?:什么|啥)",
)
_SPEAKING = sign(
    r"""
        says?|said|saying|talk(?:s|ed|ing)?|speak(?:s|ing|ers?)?|spoke|spoken|speech|hear|heard|mention(?:s|ed)?
        explain(?:s|ed)?|tells?|told|words
    """,
    r"说|讲|谈|听|提到|语音|台词|歌词",
)
_SHOWING = sign(
    r"""
        (?:on(?: the| this)? )?(?:screen|slides?|(?:white|black)?board)|show(?:s|n|ed|ing)?|see|seen|visible
        display(?:s|ed|ing)?|written|appears?|pictured?|on-?screen|to be seen
    """,
    r"(?:画面|屏幕|幻灯片|黑板|白板)[上里中]?|显示|写|看[到见]|文字|出现",
)
# What is left of "at 0:12" when the time is blank.
_DANGLING = re.compile(
    r"(?:\s+(?:at|from|between|in|on|around|about|during|after|before|and|to|until|till|by|the))+\W*$"
)
_EDGE = re.compile(
    r"(?P<first>\b(?:at|in|from) the (?:very )?(?:beginning|start)\b|\bat first\b|^how .*\b(?:start|begin)s?$|"
    r"一开始|开头|开始的时候|最初)|"
    r"\b(?:at|in|towards) the (?:very )?end\b|^how .*\b(?:end|finish)(?:s|es)?$|最后(?!一)|结尾|末尾|结束时"
)
LEAST_EDGE_SECONDS = 15.0
_SIGN_SAYS = sign(
    r"what (?:does|do) .*(?:say|read)s?$",
    r"[说写]的?(?:是)?什么$",
)
_LANGUAGE = sign(
    r"(?:what|which) language|in (?:what|which) language",
    r"什么语言|哪种语言|哪国话|什么话$|说的是什么语",
)
_SOUNDS = sign(
    r"""
        (?:is there|does (?:it|this|the \w+) have|has (?:it|this|the \w+)(?: got)?|have) (?:any |an )?(?:sound|audio
          speech|subtitles?|captions?)(?: tracks?)?
    """,
    r"(?:有没有|有|是否有)(?:声音|音频|字幕|音轨)",
)


def is_question(text: str, *, marked: bool) -> bool:
    """Tell whether a clause asks for something in the media rather than for something to be made.

    Args:
        text: The clause without polite words.
        marked: Whether a question mark ended it that no polite word ("can you …?") explains.
    """
    if _COMMAND.search(text):
        title = _TITLE.match(text)
        return marked and bool(title and _STARTS.match(text[title.end() :]))
    return marked or bool(_STARTS.search(times_in(text).rest) or _HAN_ASKS.search(text.strip()))


def asked(clause: Clause, text: str, seconds: float | None, kinds: frozenset[str]) -> list[Intent]:
    """Return what a question wants; nothing when it is only the end of another, such as "and when?".

    Args:
        clause: The question.
        text: Its plain text without polite words; of the same length.
        seconds: Length of the file.
        kinds: Kinds of the user's files.
    """
    if described := described_in(clause, text, kinds):
        return [described]
    times = times_in(text, seconds)
    bare = times.rest.strip(" ,;:")
    signs = signs_in(text)
    if kinds == {"picture"}:
        return _of_pictures(bare, signs)
    explicit = (clause.quotes or (explicit_topic(clause, times.rest),))[0]
    if explicit and _GIST.search(explicit.lower()):
        return [Summarize()]
    parts = times.parts or _edge(bare, seconds)
    if parts and not explicit:
        asking = _DANGLING.sub("", _EDGE.sub(_blank, bare).rstrip())
        everything = any(pattern.search(one) for pattern in (_SAID, _WRITTEN, _GIST, _SEEN) for one in (bare, asking))
        query = "" if everything else topic_of(clause, _SHOWING.sub(_blank, _EDGE.sub(_blank, times.rest)))
        return [Find(query=query, span=part, kinds=_kinds(asking)) for part in parts]
    if _WRITTEN.search(bare):
        return [Read()]
    if _SEEN.search(bare):
        return [Report(), Cannot("see")]
    if explicit:
        topic = topic_of(clause, times.rest)
        return [Find(query=topic, span=part) for part in times.places]
    if LACKS["speakers"].search(bare):
        return [Cannot("speakers")]
    if fixed := _without_search(bare, signs):
        return [fixed]
    topic = topic_of(clause, times.rest)
    return [Find(query=topic)] if topic else []


def _kinds(text: str) -> tuple[Literal["speech", "text"], ...]:
    """Return whether only what is said or only what is shown is asked for; nothing when it is both or neither."""
    if _WRITTEN.search(text):
        return ("text",)
    said, shown = bool(_SPEAKING.search(text)), bool(_SHOWING.search(text))
    return () if said == shown else ("speech",) if said else ("text",)


def _edge(text: str, seconds: float | None) -> tuple[Span, ...]:
    """Return what "at the beginning" or "at the end" means: a tenth of the file, and not too little."""
    if not (hit := _EDGE.search(text)) or seconds is None:
        return ()
    length = min(seconds, max(LEAST_EDGE_SECONDS, 0.1 * seconds))
    return ((0.0, length) if hit["first"] else (seconds - length, seconds),)


def _blank(hit: re.Match[str]) -> str:
    return " " * len(hit[0])


def _without_search(text: str, signs: set[str]) -> Intent | None:
    """Return the intent of a question that a tool answers by itself."""
    if _PRODUCT.search(text):
        return Chapters() if "chapters" in signs else Summarize() if "report" in signs else Transcribe()
    if "rate" in signs:
        return Rate()
    if _LANGUAGE.search(text):
        return Transcribe()
    if signs & {"loudness", "silence"}:
        return Probe(loudness="loudness" in signs, silence="silence" in signs)
    if "compare" in signs:
        return Compare()
    if "scenes" in signs:
        return Scenes()
    if "probe" in signs or _SOUNDS.search(text):
        return Probe()
    if _SAID.search(text):
        return Transcribe()
    if _GIST.search(text):
        return Summarize()
    return Facts(subjects=subjects_in(text)) if "facts" in signs else None


def _of_pictures(text: str, signs: set[str]) -> list[Intent]:
    if _WRITTEN.search(text) or _SIGN_SAYS.search(text) or "read" in signs:
        return [Read()]
    if "compare" in signs:
        return [Compare()]
    if "probe" in signs and not signs & {"facts", "describe"}:
        return [Probe()]
    subjects = subjects_in(text)
    return [Facts(subjects=subjects)] if subjects else [Facts(), Cannot("see")]
