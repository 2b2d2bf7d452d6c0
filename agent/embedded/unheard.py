"""Whether words that are not understood order a change of media, or ask about them."""

import re

from .edit_signs import FILM

_START = r"(?:^|[,;.!?。]|\b(?:and|then|please)\b)\W*"
_VERBS = (
    "animate|blend|change|chop|clip|combine|compress|convert|crop|cut|delete|edit|enhance|fade|fix|flip|freeze|improve"
    "|join|loop|make|merge|mix|mute|put|remove|rename|replace|resize|reverse|rotate|shorten|slow|speed|split|stitch"
    "|stretch|swap|trim|turn|zoom"
)
# "Crop diseases" and "merge conflicts" are no orders; what is made, cut or merged has an article, or is a film.
_OBJECT = rf"(?:the|these|this|that|it|its|my|our|all|an?|some|more|in|into|\d[\w.]*|\w+er|colou?rs?|{FILM})\b"
_ENGLISH = re.compile(
    rf"{_START}(?:(?:{_VERBS})\W*$|(?:{_VERBS}) (?:(?:up|out|off|down|back) )?{_OBJECT}"
    rf"|(?:add|apply|insert|overlay|boost|improve|enhance|remove|delete) (?!up\b)[a-z\d]|repeat (?:\w+ )?{FILM}\b)"
)
_HAN_VERBS = (
    "剪(?!纸|刀|影|辑)|剪辑(?:一下|成|这|视频)|裁[剪切成掉]|删[掉除去]|去[掉除]|加[上个一点些入长快速]|添加|变[成得快慢亮暗短长大小]"
    "|换[成掉一]|换个(?!说法|角度|话题)|调[整大小高低亮暗快慢色]|循环播|拼[接起在成]|合并|合在|合起来|缩[短小放]|旋转|倒[放着过]"
    "|放[大慢快]|转[换码]|改[成为]|弄[短长成快慢好小大得]|做成|美化|修[复剪好]|修一下"
    "|(?:提[高升]|优化|增强|改善)(?=$|一|[^,。]{0,3}(?:画质|音质|清晰|分辨率|帧率|质量))|[短长快慢][一点些]"
)
_HAN = re.compile(rf"{_START}(?:[把将给让][^,。]{{1,12}}?|视频|画面|声音|音乐|图片|照片)?[再都全要]?(?:{_HAN_VERBS})")
_ASKS_OR_WRITES = re.compile(
    r"\b(?:what|who|whose|when|where|why|how|which|tell|explain\w*|describ\w+|assess|analy[sz]\w+|find|read|list"
    r"|mention\w*|shown|said|says|sense|clear|sure|understand\w*|everything|(?<!filler )words|notes?|lists?|tables?"
    r"|time ?-?lines?|to-?dos?|summar\w+|points|articles?|paragraphs?|sentences?|topics?|outlines?|essays?|reports?"
    r"|blogs?|quiz\w*|questions?|answers?|items|plans?|mind ?maps?|index|glossary|stor(?:y|ies)|conclusions?"
    r"|transcripts?|recipes?|steps|instructions?|documents?|flash ?cards?|spreadsheets?)\b"
    r"|什么|谁|哪|多少|怎么|如何|为何|总结|概括|概述|摘要|列|讲|说|告诉|提取|整理|分析|解释|描述|梳理|步骤|记录|文字|文章|笔记|手法"
    r"|表格|清单|要点|重点|意思|故事|观点"
)


def is_change(text: str) -> bool:
    """Tell whether lower-case text orders a change, whichever that may be, rather than words about what is there."""
    return not _ASKS_OR_WRITES.search(text) and bool(_ENGLISH.search(text) or _HAN.search(text))
