"""The words by which a request is recognised that no tool here can serve."""

import re
from collections.abc import Mapping

from .intents import Lack
from .signs import MAKE, SKIP
from .wording import either, sign

_ART = either(
    r"""
        images?|pictures?|photos?|illustrations?|drawings?|paintings?|logos?|posters?|icons?|wallpapers?|cartoons?
        memes?|artworks?|portraits?|avatars?
    """
)
_FILM = r"(?:videos?|movies?|films?|animations?|clips?|gifs?|trailers?|reels?|montages?)"
_NOT_FILM = r"(?!\s+(?:report|summar|transcript|subtitle|chapter|analysis|overview|notes|info|facts|file))"
_HAN_NOT_CHART = r"(?![^,。]{0,8}(?:图表|柱|折线|饼|曲线|直方|散点|条形|语速))"

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
    "music": sign(
        rf"""
            (?:compose|write|sing|play|{MAKE}) {SKIP}(?:music|songs?|melod(?:y|ies)|tunes?|soundtracks?|jingles?
              beats?|background music)
            sing
        """,
        r"作曲|谱曲|(?:生成|创作|写|作|唱|配)[^,。]{0,4}(?:音乐|歌|曲子|旋律|配乐)|配乐",
    ),
    "edit": sign(
        rf"""
            (?:trim|crop|rotate|resize|compress|convert|transcode|re-?encode|merge|concatenate|concat|stitch|join
              blur|pixelate|denoise|dub|mute|speed up|slow down|upscale|stabili[sz]e|watermark|reverse
              colou?ri[sz]e)(?! (?:\w+ ){{0,5}}?(?:in)?to text)(?= |$)
            burn(?:ed)? (?:in|the|into)(?: subtitles| captions)?|hard-?code(?:d)? subtitles
            cut (?:out|off|away|it|the|this|a|from|between|me)|clip (?:out|from|the|this|it)
            (?:{MAKE}|extract|save|export|get|take|cut) {SKIP}(?:clips?|excerpts?|sub-?clips?) (?:from|between|at
              out|of (?:the|this|it|my))
            (?:extract|save|export|get|rip|separate|isolate) (?:me )?(?:(?:the|its|only|just|all)\s+)*(?:audio|sound
              music|mp3|wav|vocals|voice)(?: track)?(?! transcript| text)
            remove (?:the |all )?(?:background(?: noise)?|noise|silences?|watermark|audio|sound)
            add (?:(?:the|a|some|my)\s+)*(?:music|watermark|logo|voice-?over)
            edit (?:the|this|my) (?:video|audio|picture|image|photo)|shorter version|shorten (?:the|this) (?:video|clip)
            (?:export|save) (?:it |this |that )?(?:as|to) (?:an? )?(?:gif|mp[34]|wav|mov|avi|webm|mkv)
        """,
        r"""
            剪辑|剪掉|剪出|剪切|剪成|裁剪|裁切|压缩|转码|转换?(?:成|为)?(?:格式|mp[34]|gif|wav|mov|avi|mkv)|合并
            拼接|(?:提取|分离|导出|抽取)(?:出)?(?:音频|声音|音轨|人声|背景音乐)
            [把将](?:音频|声音|音轨|人声)[^,。]{0,3}(?:提取|分离|导出|抽)|消音|降噪|去水印|加水印|打码|配音|倍速
            (?:烧录|压制|嵌入)字幕|旋转|美颜|修图|p图
        """,
    ),
    "film": sign(
        rf"(?:{MAKE}|film|animate|shoot) {SKIP}{_FILM}{_NOT_FILM}|text[- ]to[- ]video|animate (?:this|the|it)",
        r"""
            (?:生成|制作|做|拍|创作|合成)(?:一?[个段部条])?[^,。]{0,6}?(?:视频|动画|短片|影片|电影)(?!的|报告|总结
              摘要|字幕|章节|纪要|笔记|里|中)
            文生视频
        """,
    ),
    "draw": sign(
        rf"""
            (?:draw|paint|sketch|{MAKE}) {SKIP}(?:{_ART})(?! (?:from|at|every|each|facts|report|sheet))
            (?:draw|paint|sketch)(?! {SKIP}(?:charts?|graphs?|plots?|diagrams?|histograms?|bars?|lines?|curves?
              pies?|conclusions?|scatter))(?: me)?(?: an?| the| some)? [a-z]+(?: [a-z]+){{0,6}}
            text[- ]to[- ]image
        """,
        rf"""
            {_HAN_NOT_CHART}(?:画(?!面|质|外|中)[一只条个张幅副朵棵座辆]{{1,2}}(?!图)[^,。]+|(?:生成|创作
              设计)(?:一?[张幅个])?[^,。]{{0,8}}(?:图片|图像|插画|海报|头像|标志|logo|壁纸))
            文生图
        """,
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
