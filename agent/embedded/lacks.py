"""The words by which a request is recognised that no tool here can serve."""

import re
from collections.abc import Mapping

from .intents import Lack
from .signs import SKIP
from .wording import sign

LACKS: Mapping[Lack, re.Pattern[str]] = {
    "translate": sign(
        r"""
            translat(?:e[sd]?|ing|ions?)
            (?:in)?to (?:english|chinese|mandarin|german|french|spanish|italian|portuguese|russian|japanese|korean
              arabic|hindi|dutch|polish|turkish)
            interpret (?:it )?into \w+
        """,
        r"翻译(?:[成为到]\w{1,3}?[语文])?|译[成为]\w{1,3}?[语文]",
    ),
    "speakers": sign(
        r"""
            diari[sz](?:e|ation)|who (?:is |was )?(?:speak|talk)(?:s|ing)?(?: when)?
            (?:identify|distinguish|separate|label|tell apart|recogni[sz]e) (?:(?:the|each|all|different
              individual)\s+)*(?:speakers?|voices?)
            how many (?:speakers|voices|people (?:speak|talk))|speaker (?:labels?|identification|separation|names?)
            who is (?:the|this) (?:man|woman|person|guy|actor|speaker)
        """,
        r"""
            (?:区分|识别|标出|分辨|分离)(?:不同)?(?:的)?(?:说话人|讲话人|发言人)|谁在(?:说话|讲话)
            说话人(?:识别|分离)|(?:多少|几)个?(?:人在?[说讲]|说话人)|人都?是谁|是谁在?[说讲]
        """,
    ),
    "clone": sign(
        r"clon(?:e|ing) (?:\w+ ){0,2}?voices?|voice clon(?:e|ing)|learn (?:my|this|the|his|her) voice",
        r"(?:克隆|复刻|学习)[^,。]{0,4}(?:声音|音色|嗓音)|(?:声音|音色)克隆",
    ),
    "web": sign(
        r"""
            (?:search|browse|google|look up)(?: \w+){0,6} (?:the web|the internet|online|google)
            search the (?:web|internet)|on the (?:web|internet)|latest news|today'?s news|weather|stock price
        """,
        r"上网|网上|联网|搜索网络|天气|最新新闻|今天的新闻|股价",
    ),
    "code": sign(
        rf"""
            (?:write|run|execute|debug|fix|implement) {SKIP}(?:code|scripts?|programs?|python|javascript|sql
              functions?)(?! on)
            python script
        """,
        r"(?:写|运行|执行|调试)[^,。]{0,8}(?:代码|程序|脚本|函数)",
    ),
    "edit": sign(
        r"""
            (?:blur|pixelate|anonymi[sz]e|denoise|dub|stabili[sz]e|watermark|colou?ri[sz]e)(?= |$)
            (?<!ways to )(?:remove|reduce|clean(?: up)?|get rid of|filter(?: out)?) (?:the |all |this )?(?:noise
              background(?: noise)?|hum|hiss|echo|watermark)
            fad(?:e|es|ed|ing)[ -](?:it |this |the \w+ )?(?:in|out)|zoom (?:in|out)(?! on (?:zoom|the call))
            (?:add|put) (?:(?:the|a|some|my)\s+)*(?:watermark|logo|filters?|effects?|fades?|fade ?-?(?:in|out)s?
              stickers?|emojis?|picture-in-picture)
            (?:make|turn) (?:(?:the|this|it|that|my|video|clip|film|picture|photo|image|sound|audio|much|more|a
              bit|little)\s+)+(?:brighter|darker|louder|quieter|sharper|black and white|gr[ae]y(?:scale)?|sepia
              colou?rful)
            (?:normali[sz]e|boost|increase|raise|lower|reduce|adjust|change|fix) (?:(?:the|its|this)\s+)*(?:volume
              loudness|brightness|contrast|saturation|colou?rs?|white balance)
            edit (?:the|this|my) (?:video|audio)
        """,
        r"降噪|去噪|(?:去(?!年)|除(?!了)|消|减)[^,。]{0,6}(?:噪音|噪声|杂音|回声|水印)(?!污染)|(?:加|打|添)[^,。]{0,3}(?:水印|logo|贴纸|滤镜)|打码|配音(?!乐)|美颜|防抖|滤镜|调[亮暗]|变[亮暗]|黑白|音量[^,。]{0,4}(?:调|提|大(?!小)|(?<!大)小|高(?!低)|(?<!高)低)|声音[^,。]{0,3}(?:调[大小高低]|放大)|(?:调[大小高低]|提高|降低|放大)(?:音量|声音)|加特效|淡入|淡出",
    ),
    "write": sign(
        rf"""
            (?:write|compose|draft)(?: me)? (?:an?|the|some|my) (?:\w+ ){{0,3}}?(?:poems?|stor(?:y|ies)|e-?mails?
              essays?|letters?|articles?|blog(?: ?posts?)?|tweets?|lyrics|speech|novel|reply|press release|cv
              resume)
            (?:create|generate|make|turn (?:it|this|that) into) {SKIP}(?:quiz(?:zes)?|flash ?cards?|blog ?posts?
              articles?|tweets?|essays?|poems?)
            rewrite|paraphrase|rephrase|tell (?:me )?a (?:joke|story)
        """,
        r"""
            (?:写|作)一?[首篇封个][^,。]{0,6}(?:诗|故事|邮件|文章|信|小说|作文|文案|推文|博客)|改写|润色
            讲个?(?:笑话|故事)
        """,
    ),
}


def lacks_in(text: str) -> tuple[list[Lack], str]:
    """Return what cannot be done of a command, and the command without it."""
    found: list[Lack] = []
    for lack, pattern in LACKS.items():
        if hit := pattern.search(text):
            found.append(lack)
            # What is to be translated can still be transcribed; "blur the faces" does not ask for their number.
            end = hit.end() if lack in ("translate", "speakers") else len(text)
            text = text[: hit.start()] + " " * (end - hit.start()) + text[end:]
            text = pattern.sub(lambda again: " " * len(again[0]), text)
    return found, text
