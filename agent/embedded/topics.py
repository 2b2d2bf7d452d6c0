"""What a question is about."""

import re

from .wording import MASK, Clause, either

_ABOUT_WORDS = either(
    r"""
        about|regarding|concerning|on the (?:topic|subject|matter) of|mention(?:s|ed|ing)?(?: of)?|mentions of
        refer(?:s|red|ring)? to|references? to|discuss(?:es|ed|ing)?|explain(?:s|ed|ing)?|describe[sd]?|define[sd]?
        introduce[sd]?|quote (?:him|her|them) on|cover(?:s|ed)?|titled|called|named|label?led
        talk(?:s|ed|ing)? of|speak(?:s|ing)? of
        (?:the )?(?:word|term|phrase|name)(?= )|the words(?= )|(?:says?|said|saying)(?= )
    """
)
_ABOUT = re.compile(rf"\b(?:{_ABOUT_WORDS})\s+(?P<topic>.+)")
_ON_A_SLIDE = re.compile(
    r"\bwhat (?:does|do|did|is|are) (?:on )?(?:the|this|that) "
    r"(?P<topic>(?!(?:first|last|next|second|third|current)\b)[^,;]+?) "
    r"(?:slide|page|screen|section|chapter)s?(?: (?:says?|shows?|contains?|about))?$"
)
_HAN_ABOUT = re.compile(
    r"(?:关于|有关|对于|提到|提及|提过|说到|说过|讲到|讲过|谈到|谈过|谈及|讨论|介绍|解释|讲解|定义|出现|显示|展示)[了过]?"
    r"(?P<topic>[^,;?。]+)"
)
_HAN_IS = re.compile(
    r"^(?:什么是|啥是|何为|何谓)(?P<after>[^,;?。]+)|^(?P<before>[^,;?。]+?)(?:是什么|是啥|指什么|什么意思)"
)
_HAN_VIEW = re.compile(
    r"(?:对于?|就)(?P<topic>[^,;?。]+?)(?:的|有什么|是什么|怎么)(?:看法|观点|意见|态度|评价|理解|解释|说法|看|说)"
)
_HAN_WHEN = re.compile(
    r"^(?P<topic>[^,;?。]+?)(?:是在|是|在)?"
    r"(?:什么时候|何时|哪里|哪儿|哪一?(?:页|分钟|秒|段|部分)|第几(?:页|分钟|秒)|多少次|几次)"
)
_TAIL_WORDS = either(
    r"""
        (?:first |last )?(?:appears?|appeared|shown?|comes? up|came up|comes?|begins?|starts?|occurs?|happens?
          displayed|visible|mentioned|discussed|explained|introduced)
        in (?:the|this|that|my) (?:\w+ )?(?:video|talk|lecture|recording|clip|audio|file|film|movie|podcast|meeting
          presentation|slides?)
        on (?:the )?(?:screen|slides?)|on (?:a|any) slide|(?:and|or) (?:when|where|why|how|what|at what time|who)\b.*
        anywhere|at all|exactly|please|at the (?:very )?(?:end|beginning|start|top|bottom)|for the (?:first|last) time
        and give .*|with times?(?:tamps?)?|from|at|before|after|between|in the|in|and|or
    """
)
_TAIL = re.compile(rf"\s*\b(?:{_TAIL_WORDS})$")
_LEAD = re.compile(
    r"^(?:the|an?|any|some|his|her|their|its|this|that|these|those|of|about|on|to|what|how|why|is|are)\s+"
)
_SLIDE = re.compile(
    r"^(?:the |a )?(?:slides?|pages?|parts?|sections?|moments?|scenes?) (?:about|on|with|of|titled|called|for)\s+"
)
_HAN_TAIL_WORDS = either(
    r"""
        的?(?:时候|地方|部分|时间点?|时刻|片段|内容|幻灯片|画面|那一?(?:页|段|部分)|页面|位置|镜头|情况|次数?)
        [了过]?(?:吗|呢|么|没有|没|吧)|[是在有]*(?:什么|哪些|哪里|哪儿|多少|几).*|[说讲谈][了过的]?.*|怎么.*|如何.*
        他|她|老师|讲者|作者|时|[的了过吗呢么都]
    """
)
_HAN_TAIL = re.compile(rf"(?:{_HAN_TAIL_WORDS})$")

# Words that carry no topic of their own in a question about media.
_STOP = frozenset(
    """
    a an the this that these those is are was were be been being do does did doing has have had having can could will
    would shall should may might must i me my we us our you your he him his she her it its they them their who whom
    whose which what when where why how at in on of to for from by with within into onto and or but so if then than as
    not no yes there here any some every each all both also too very just only exactly please tell show find search
    look locate jump go get give list speaker speakers presenter presenters lecturer teacher professor person people
    someone anyone guy man woman narrator host author video videos audio recording clip film movie lecture talk podcast
    presentation file files slide slides screen page part parts section moment moments time times timestamp timestamps
    minute minutes second seconds point points place places say says said saying speak speaks spoken talk talks talked
    talking mention mentions mentioned mentioning discuss discusses discussed explain explains explained describe show
    shows shown showing appear appears appeared appearing come comes came see seen hear heard happen happens happened
    happening about regarding during after before between until since while first last next again ever many much often
    long word words thing things something anything know want need let's do's don't isn't doesn't it's what's where's
    when's who's that's there's out up down
    """.split()  # noqa: SIM905 - a list of its words would be three pages
)
_NO_TOPIC = frozenset(
    """
    it this that them him her me us you video audio recording clip film movie lecture talk podcast file files videos
    picture image photo meeting presentation document text and
    """.split()  # noqa: SIM905
)
_HAN_NO_TOPIC = re.compile(
    r"(?:[这那本该]?[个段场次部张]?(?:视频|录音|音频|讲座|会议|文件|图片?|片子|照片)?的?(?:主要)?"
    r"(?:要点|重点|主题|内容|大意|结论|中心思想|时长|长度|语言|分辨率|编码|帧率|语速|格式|标题|响度)?)"
)
_HAN_STOP = re.compile(
    r"什么时候|什么|时候|何时|哪里|哪儿|哪些|哪个|哪一|怎么样?|如何|为什么|为何|多少|几次|几个|有没有|是不是|是否|能不能|可以|"
    r"视频|录音|音频|片子|影片|幻灯片|画面|屏幕|这个|那个|这段|那段|这里|里面|当中|其中|他们|她们|我们|你们|"
    r"老师|教授|讲者|演讲者|主讲人|说话人|发言人|作者|有人|主持人|请问|请|告诉|知道|一下|提到|提及|说到|讲到|谈到|说过|讲过|提过|出现|"
    r"找出|找到|查找|搜索|定位|部分|地方|片段|内容|时间|位置|画面|"
    r"[他她它我你在是的了吗呢么啊吧有到说讲谈提过里中上和与及把将给从对都也就还这那找哪几个,;?。!、:\s]"
)


def topic_of(clause: Clause, matched: str) -> str:
    """Return the words to search for, or "" when the clause names nothing.

    Args:
        clause: The question.
        matched: Its plain text, with times and polite words blank; of the same length.
    """
    if clause.quotes:
        return max(clause.quotes, key=len)
    return explicit_topic(clause, matched) or _rest(matched)


def explicit_topic(clause: Clause, matched: str) -> str:
    """Return what follows a word such as "about", "mentions" or 提到; "" when there is none."""
    for pattern in (_ON_A_SLIDE, _ABOUT, _HAN_VIEW, _HAN_IS, _HAN_ABOUT, _HAN_WHEN):
        for hit in pattern.finditer(matched):
            name = next(name for name, part in hit.groupdict().items() if part)
            topic = _tidy(clause.text, matched, *hit.span(name))
            meant = topic.lower().split()
            if meant and not _NO_TOPIC.issuperset(meant) and not _HAN_NO_TOPIC.fullmatch(topic):
                return topic
    return ""


def _tidy(text: str, matched: str, start: int, end: int) -> str:
    """Return the words between two places as they were typed, without what stands around a topic."""
    part = matched[start:end]
    before = None
    while part != before:
        before = part
        stripped = part.lstrip(" ,;:?'\"")
        start += len(part) - len(stripped)
        part = stripped.rstrip(" ,;:?.'\"")
        for lead in (_SLIDE, _LEAD):
            if (found := lead.match(part)) and len(part) > found.end():
                start += found.end()
                part = part[found.end() :]
        for tail in (_TAIL, _HAN_TAIL):
            part = tail.sub("", part)
    return " ".join(text[start : start + len(part)].replace(MASK, " ").split())


def _rest(text: str) -> str:
    """Return the words of a text that carry meaning."""
    text = _HAN_STOP.sub(" ", text.replace(MASK, " "))
    words = re.findall(r"[\w'+#./-]*\w", text)
    return " ".join(word for word in words if word not in _STOP and word.strip("'-") not in _STOP)
