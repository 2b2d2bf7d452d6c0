"""The words by which it is recognised that something new is to be made: a picture, a film, music, a drawn sound."""

import re
from dataclasses import replace

from .edit_signs import EDIT_SIGNS
from .intents import Cannot, DescribeSound, Draw, DrawSound, Explain, Film, Intent, Music, Slideshow, Understanding
from .signs import MAKE, SKIP
from .times import NUMBER, number
from .wording import MASK, Clause, either, sign

MAKE_VIDEO = "make_video"
_ART = either(
    r"""
        images?|pictures?|photos?|illustrations?|drawings?|paintings?|logos?|posters?|icons?|wallpapers?|cartoons?
        memes?|artworks?|portraits?|avatars?|title ?cards?|quote ?cards?|flow ?charts?|banners?|flyers?|stickers?
        (?:birthday|greetings?|thank[- ]you|invitation|christmas|holiday|wedding|anniversary|welcome|name|place) cards?
    """
)
_VIDEO = r"(?:videos?|movies?|films?|animations?|clips?|trailers?|reels?|montages?)"
_A_VIDEO = rf"(?:an? )?(?:\w+ )?{_VIDEO}"
_NOT_VIDEO = r"(?!\s+(?:report|summar|transcript|subtitle|chapter|analysis|overview|notes|info|facts|file))"
_HAN_NOT_CHART = r"(?![^,。]{0,8}(?:图表|柱|折线|饼|曲线|直方|散点|条形|语速))"
_THESE = rf"(?:(?:the|this|these|those|my|all|both|of|{NUMBER})\s+)*"

_MUSIC = sign(
    rf"""
        (?:compose|write|sing|play|{MAKE}) {SKIP}(?:music|songs?|melod(?:y|ies)|tunes?|soundtracks?|jingles?
          beats?|background music|(?:podcast|radio|show|channel) (?:intro|outro|theme)s?)
        sing
    """,
    r"作曲|谱曲|(?:生成|创作|写|作|做|唱|来|弄|制作)[^,。]{0,8}(?:音乐|歌|曲子?|旋律|配乐)(?!的?(?:分析|报告|视频|可视化))"
    r"|(?:播客|节目|电台)的?(?:片头|片尾)",
)
_FILM = sign(
    rf"""
        (?:{MAKE}|film|animate|shoot) {SKIP}{_VIDEO}{_NOT_VIDEO}|text[- ]to[- ]video|animate (?:this|the|it)
        ^\W*an? (?:[\w-]+ ){{0,3}}{_VIDEO} (?:of|about|showing|where|in which|explaining)
    """,
    r"""
        (?:生成|制作|做|拍|创作|合成)(?:一?[个段部条])?[^,。]{0,6}?(?:视频|动画|短片|影片|电影)(?!的|报告|总结
          摘要|字幕|章节|纪要|笔记|里|中)
        文生视频
    """,
)
_DRAW = sign(
    rf"""
        (?:draw|paint|sketch|{MAKE}) {SKIP}(?:{_ART})(?! (?:from|at|every|each|facts|report|sheet))
        (?:draw|paint|sketch)(?! {SKIP}(?:charts?|graphs?|plots?|diagrams?|histograms?|bars?|lines?|curves?
          pies?|conclusions?|scatter))(?: me)?(?: an?| the| some)? [a-z]+(?: [a-z]+){{0,6}}
        text[- ]to[- ]image
    """,
    rf"""
        (?:生成|创作|设计|制作|做)[^,。]{{0,4}}(?:标题|片头|片尾|字|名言|引言|金句|语录)(?:卡片|字卡|卡)
        (?:生成|创作|设计|制作|做|写|画)[^,。]{{0,6}}(?:贺卡|祝福卡|感谢卡|邀请函|邀请卡|海报|插画)
        {_HAN_NOT_CHART}(?:画(?!面|质|外|中)[一只条个张幅副朵棵座辆]{{1,2}}(?!图)[^,。]+|(?:生成|创作
          设计)(?:一?[张幅个])?[^,。]{{0,8}}(?:图片|图像|插画|海报|头像|标志|logo|壁纸|标题卡|流程图))
        文生图|画一?[张个]?流程图
    """,
)
# What is set from type is asked for by its name alone, with a colon.
_CARD = re.compile(
    r"^\W*(?:flow ?chart|title ?card|quote(?: ?card)?|list(?: ?card)?|diagram"
    rf"|流程图|标题卡|(?:引言|名言|金句|语录)卡?|引用|列表)\s*(?::.*[\w{MASK}]|{MASK})"
)
_ARROWS = re.compile(r"\b(?:diagram|graph|流程|图)\b.*(?:->|→|=>)|(?:diagram|流程图|图).*(?:->|→|=>)")
# What may follow a picture in the same breath: "draw a cat and compose a tune" are two clauses already.
_AND_MUSIC = re.compile(
    rf"\s+(?:and|plus|with)\s+(?=(?:(?:an?|some|{NUMBER}|seconds?|minutes?|of)\s+)*(?:[\w-]+\s+){{0,2}}?"
    r"(?:music|songs?|tunes?|melod(?:y|ies)|jingles?)\W*$)"
)
_REPAINT = sign(
    rf"""
        (?:in|out)-?paint
        (?:edit|retouch|restyle|repaint|redraw|change|turn|convert|make) {_THESE}(?:pictures?|photos?|images?|drawings?)
        (?:add|remove|replace) (?:\w+ ){{1,6}}(?:in|from|to) {_THESE}(?:picture|photo|image)
    """,
    r"修图|p图|重绘|(?:把|将)[^,。]{0,6}(?:图片|照片|图)[^,。]{0,4}(?:改|变|换|画)成",
)
_SLIDES = sign(
    rf"""
        (?:{MAKE}|turn|combine|put|edit|compose|assemble) {SKIP}(?:slide ?-?shows?|photo (?:films?|videos?
          montages?)|montages?)
        slide ?-?shows?
        (?:{MAKE}|turn|combine|put|compose|assemble) {SKIP}{_VIDEO} (?:out )?(?:of|from|with) {_THESE}(?:pictures?
          photos?|images?|slides?|files?|clips?|them|these|those|both)
        (?:turn|combine|put) {_THESE}(?:pictures?|photos?|images?|slides?) (?:together )?(?:in)?to {_A_VIDEO}
    """,
    rf"""
        (?:把|用|将)[^,。]{{0,10}}(?:图片|照片|幻灯片|素材)[^,。]{{0,6}}(?:做|制作|合成|生成|剪)[^,。]{{0,12}}(?:视频|影片|短片)
        (?:做成|制作|生成|做)(?:[^,。]{{0,4}}|[^,。{MASK}]{{0,8}}{MASK}+的?)(?:幻灯片|相册)|幻灯片视频|照片视频|电子相册
    """,
)
_EXPLAINS = sign(
    rf"(?:{MAKE}|turn|convert|change) (?:\w+ ){{0,8}}?(?:{_VIDEO}|slide ?-?shows?|explainers?){_NOT_VIDEO}|explainer",
    r"(?:做|制作|生成|转|变|改)[^,。]{0,10}(?:视频|影片|短片|动画|短视频)|讲解视频",
)
_TOGETHER = re.compile(
    r"\b(?:join|merge|concat\w*|stitch|combine|put)\b.*(?:fad(?:e|es|ing)|dissolve|transition)|(?:拼|合).*(?:淡|转场|过渡)"
)
_TITLED = sign(
    rf"(?:add|put|insert|with|start with|begin with) {SKIP}(?:title|intro|opening)(?: cards?| slides?| screens?)?",
    r"(?:加|配|添加)[^,。]{0,4}(?:片头|标题)",
)
_NAMED = re.compile(
    rf"\b(?:en)?(?:titled|called|named)\W*{MASK}|(?:(?:标题|题目|片名|名字|名称)[叫为是:]|叫做?|[题名]为)\W*{MASK}"
)
_ENDED = re.compile(
    rf"(?:\b(?:end|finish|clos)(?:e|s|es|ing)? (?:it )?(?:with|on)\b|结尾|片尾|结束)[^{MASK}]*{MASK}+[^{MASK}]*$"
)
_CAPTIONED = sign(r"captions?|captioned|subtitles?|texts?|words?|labels?|labell?ed", r"字幕|文字|说明")
_EACH = re.compile(
    rf"(?P<count>{NUMBER})[- ]*(?:seconds?|secs?|s)\s+(?:per|for each|for every|each|a)\b"
    rf"|每[^,。]{{0,4}}?(?P<han>{NUMBER})\s*秒"
    rf"|each (?:\w+ )?(?:for |shown for )?(?P<after>{NUMBER})[- ]*(?:seconds?|secs?|s)\b"
)
_MOOD = re.compile(r"\b(?P<mood>(?:(?!(?:with|and|add|some|the|this|my|a|an|background|of|to)\b)[\w-]+ ){1,3})music\b")
_HAN_MOOD = re.compile(
    r"(?:配上?|加上?|添加)(?:一?[段首个点些])?(?P<mood>(?!上|背景|音乐)[\u4e00-\u9fff]{1,6}?(?:背景)?(?:音乐|配乐))"
)
_TALKS = sign(
    rf"(?:{MAKE}|animate) {SKIP}(?:talking|speaking|singing|lip-?sync(?:ed)?) (?:\w+ )?"
    rf"(?:{_VIDEO}|pictures?|photos?|heads?|avatars?)"
    rf"|(?:make|let) {_THESE}(?:pictures?|photos?|images?|portraits?) (?:talk|speak|sing|dance)",
    r"(?:会说话|说话的|对口型|数字人)[^,。]{0,6}(?:视频|照片|图片)|让[^,。]{0,6}(?:照片|图片|画像)[^,。]{0,3}(?:说话|唱歌|跳舞|开口)",
)
_EXTENDS = sign(rf"(?:extend|continue|lengthen) {_THESE}{_VIDEO}", r"(?:延长|续写|扩展)[^,。]{0,4}(?:视频|片段|影片)")
_GIF = sign(rf"{MAKE} {SKIP}(?:gifs?|animations?)", r"(?:做|生成|制作)[^,。]{0,6}(?:gif|动图)")
_OF_GIVEN = re.compile(r"\b(?:the|this|that|my|our|its|these|those)\b|[这那该本]")
_WITH_MUSIC = sign(
    r"(?:with|and|add|some|background) (?:\w+ )?music", r"配乐|背景音乐|(?:加上?|配上?|带)[^,。]{0,6}音乐"
)
_SHOW = rf"(?:(?:{MAKE}|draw|show|plot|display|render|visuali[sz]e) {SKIP})?"
_WAVES = sign(
    rf"{_SHOW}(?:wave ?-?forms?|sound ?waves?|audio waves?|(?:audio|sound|music) visuali[sz](?:er|ation)s?)", r"波形图?"
)
_SPECTRUM = sign(rf"{_SHOW}(?:spectrograms?|spectrum|sonograms?)", r"频谱图?|声谱图?|语谱图?")
_MOVING = sign(r"videos?|moving|animated?|visuali[sz]ers?|animation", r"视频|动态|动画")
_LIKE = sign(
    r"""
        (?:what|which) (?:kind of |sort of |type of )?(?:sounds?|noises?|music|instruments?|genre
          tempo|bpm) (?:is|are|do|does|can|was|were|plays?)\b.*
        what (?:is|are|does|do|did) (?:(?:this|that|it|the|they)\s+)*(?:\w+ )?sounds? like
        how does (?:this|that|it|the \w+|the) sound
        (?:what|which) (?:musical )?key (?:is|are|does)\b.*
        (?:describe|analy[sz]e) (?:the |this |that |its )?(?:sounds?|noises?|music|song|tune)
        how fast is (?:the |this )?(?:music|song|beat)|(?:tempo|bpm|beats per minute|musical key)
    """,
    r"听起来(?:怎么样|像|如何|是)|声音(?:是|像)?(?:什么样|怎么?样)|节奏|(?:什么|哪种)(?:声音|音乐|乐器|调|曲风)|(?:描述|分析)[^,。]{0,4}(?:声音|音乐|曲子)|节拍|几拍|什么调|调性",
)
_LENGTH = re.compile(
    rf"(?P<count>{NUMBER})[- ]*(?P<unit>seconds?|secs?|s|minutes?|mins?|hours?|秒钟?|分钟|小时)(?![a-z])"
)
_OF_LENGTH = re.compile(rf"\s*(?:{_LENGTH.pattern}|(?<!\d)\d{{1,2}}:\d{{1,2}}(?!\d))(?:\s+of)?\s*")
_ASPECT = re.compile(r"(?P<ratio>\d{1,2}:\d{1,2})|(?P<tall>vertical|portrait|竖屏|竖版)|(?P<square>square|方形)")
_POLITE = r"(?:please|can you|could you|would you|will you|i want|i'd like|i need|let's|now|and|then|you to|to)"
_ORDERS = "draw|paint|sketch|make|create|generate|produce|render|design|compose|write|play|film|animate|shoot|give"
_HAN_POLITE = r"(?:请|帮我|给我|麻烦|你|能不能|可以|替我|再|我想要?|我要)"
# What is said before the thing itself, which a model has no use for.
_ORDER = re.compile(
    either(
        rf"""
            ^\W*(?:{_POLITE}\s+)*(?:{_ORDERS})(?:\s+(?:me|us))?\s+
            ^\W*{_HAN_POLITE}*(?:画|生成|创作|设计|制作|做|绘制|谱|作曲|写|拍)(?:出来?|一下)?
        """
    )
)


def made_in(clause: Clause, text: str, kinds: frozenset[str]) -> tuple[list[Intent], str]:
    """Return what a command wants to be made, and the command without it.

    Args:
        clause: The command.
        text: Its plain text, of the same length, with what is left out blank.
        kinds: Kinds of the user's files.
    """
    sounds = bool(kinds & {"audio", "video"})
    if sounds and (_SPECTRUM.search(text) or _WAVES.search(text)):
        if _MOVING.search(text):
            return [DrawSound(form="video")], _blank(text)
        drawn: list[Intent] = [DrawSound(form="waveform")] if _WAVES.search(text) else []
        return [*drawn, *([DrawSound(form="spectrogram")] if _SPECTRUM.search(text) else [])], _blank(text)
    if described := described_in(clause, text, kinds):
        return [described], _blank(text)
    if _TALKS.search(text) or ("video" in kinds and _EXTENDS.search(text)):
        return [Film(prompt=_words(clause, text), seconds=_seconds(text), aspect=_aspect(text))], _blank(text)
    if "picture" in kinds and "video" not in kinds and EDIT_SIGNS["mix_sound"].search(" ".join(text.split())):
        return [_slideshow(clause, text, titled=False, music=True)], _blank(text)
    if kinds == {"text"} and _EXPLAINS.search(text):
        return [Explain(aspect=_aspect(text))], _blank(text)
    titled = bool(clause.quotes) and bool(_TITLED.search(text))
    if kinds & {"picture", "video"} and (titled or _SLIDES.search(text) or _TOGETHER.search(text)):
        return [_slideshow(clause, text, titled=titled)], _blank(text)
    if kinds == {"picture"} and _REPAINT.search(text):
        return [Draw(prompt=_words(clause, text), repaints=True)], _blank(text)
    made = _of_words(clause, text, kinds)
    return made, _blank(text) if made else text


def _of_words(clause: Clause, text: str, kinds: frozenset[str]) -> list[Intent]:
    """Return what is to be made of words alone."""
    whole = _OF_LENGTH.sub(" ", text)
    if not kinds and _GIF.search(text):
        return [Film(prompt=_words(clause, text))]
    if not kinds and (both := _AND_MUSIC.search(text)) and not _MUSIC.search(text[: both.start()]):
        drawn = _of_words(replace(clause, text=clause.text[: both.start()]), text[: both.start()], kinds)
        if drawn:
            played = clause.text[both.end() :].strip().rstrip(".!。！")
            return [*drawn, Music(description=played, seconds=_seconds(text[both.end() :]))]
    if _MUSIC.search(whole):
        return [Music(description=_words(clause, text), seconds=_seconds(text))]
    if "video" in kinds and _OF_GIVEN.search(text):
        return []  # "make the video brighter" is about the one that is given
    if _FILM.search(whole):
        return [Film(prompt=_words(clause, text), seconds=_seconds(text), aspect=_aspect(text))]
    if _DRAW.search(whole) or (not kinds and (_CARD.search(text) or _ARROWS.search(text))):
        return [Draw(prompt=_words(clause, text))]
    return []


def without_film(understood: Understanding) -> Understanding:
    """Return what a request wants where nobody makes videos."""
    intents = [Cannot("film") if isinstance(one, Film) else one for one in understood.intents]
    return replace(understood, intents=tuple(dict.fromkeys(intents)))


def described_in(clause: Clause, text: str, kinds: frozenset[str]) -> DescribeSound | None:
    """Return what is asked of how a sound is; None when nothing is."""
    if kinds and kinds <= {"audio", "video"} and _LIKE.search(text):
        return DescribeSound(question=clause.text.strip())
    return None


def _slideshow(clause: Clause, text: str, *, titled: bool, music: bool = False) -> Slideshow:
    each = _EACH.search(text)
    seconds = number(each["count"] or each["han"] or each["after"]) if each else None
    mood = _MOOD.search(text)
    han = _HAN_MOOD.search(text)
    *quotes, ending = clause.quotes if clause.quotes and _ENDED.search(text) else (*clause.quotes, "")
    titled = bool(quotes) and (titled or bool(_NAMED.search(text)))
    captions = quotes[1:] if titled else quotes if _CAPTIONED.search(text) else ()
    return Slideshow(
        seconds=None if each else _seconds(text),
        each_seconds=seconds or None,
        aspect=_aspect(text),
        music=music or bool(_WITH_MUSIC.search(text)) or bool(mood or han),
        mood=f"{mood['mood'].strip()} music" if mood else han["mood"] if han else "",
        captions=tuple(captions),
        title=quotes[0] if titled else "",
        ending=ending,
    )


def _words(clause: Clause, text: str) -> str:
    """Return what is to be made in the user's own words, without the order to make it."""
    order = _ORDER.match(text)
    return clause.text[order.end() if order else 0 :].strip().strip(".!。！").strip() or clause.text.strip()


def _seconds(text: str) -> float | None:
    if not (said := _LENGTH.search(text)):
        return None
    unit = said["unit"][0]
    return number(said["count"]) * (3600.0 if unit in "h小" else 60.0 if unit in "m分" else 1.0)


def _aspect(text: str) -> str:
    if not (said := _ASPECT.search(text)):
        return ""
    return said["ratio"] or ("9:16" if said["tall"] else "1:1")


def _blank(text: str) -> str:
    return " " * len(text)
