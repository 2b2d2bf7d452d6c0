"""Which sentences say something about the media, and so need evidence.

The rules are lists of words, the same for every model, and lean to neither side: what greets, offers, asks, explains
how, or says what could not be done needs none; everything else that stands in an answer about looked-at media does. A
sentence with a quotation or a figure of its own gets no benefit of a doubt.
"""

import re

_QUOTED_OR_FIGURE = re.compile(r"[“”„«「」\"]|\d")

_ASKS = re.compile(r"[?？][”’」』）)\]\"'*_]*\s*$")
_LEADS_ON = re.compile(
    r"^(?:however|but|and|so|also|then|finally|unfortunately|sorry|note(?: that)?|please note(?: that)?|overall|"
    r"besides|"
    r"in addition|for (?:more|further)[^,]{0,30}|as (?:for|to) [^,]{1,40}|as an? (?:ai|language|"
    r"text)[^,]{0,24}?(?:model|assistant)|不过|但是?|另外|"
    r"此外|同时|因此|所以|抱歉|很遗憾|遗憾的是|注意|"
    r"请注意)[,，:：]?\s*",
    re.IGNORECASE,
)
_POLITE = re.compile(
    r"^(?:(?:hello|hi|hey|sure|ok|okay|done|thanks|thank you|you're welcome|certainly|of course|great|good question|"
    r"absolutely|yes|no|got it|understood|sorry|my apologies|(?:short|quick) answer:|happy to help|glad to help|"
    r"all done|that(?:'s|"
    r" is) (?:all|it|everything)|there|everyone|"
    r"so much|"
    r"again|very much|for (?:your|the) (?:patience|question|video|file|message)s?|you)[\s,.!]*)+$"
    r"|^(?:(?:您好|你好|好的|没问题|谢谢|不客气|抱歉|对不起|当然可以|当然|可以|明白了?|收到|已?完成了?|好|是的|"
    r"不是)[，。！!\s]*)+$",
    re.IGNORECASE,
)
_OFFERS = re.compile(
    r"\b(?:let me know|feel free|if you(?:'d| would)? (?:like|want|need|prefer|have|wish)|would you like|do you want|"
    r"hope (?:this|that|it) helps|just ask|tell me (?:if|which|what|whether))\b"
    r"|如需|如果?(?:您|你)?(?:还?有|需要|想要?|希望|愿意)|若需|若要|请告诉我|欢迎(?:随时|继续|提问)|随时(?:告诉|联系|"
    r"提问)|希望.{0,12}帮助|"
    r"需要我.{0,30}吗",
    re.IGNORECASE,
)
# What I did or can do; what I saw or heard is about the media.
_MYSELF = re.compile(
    r"^(?:i|i'm|i've|i'll|i'd)\b|^we (?:can|could|cannot|couldn't|did not|didn't)\b|^我(?!们|国|市|省|校|司)", re.I
)
_PERCEIVED = re.compile(
    r"\b(?:see|saw|seen|hear|heard|notic\w+|observ\w+|count\w*|identif\w+|detect\w*|spot\w*|found|find|recogni[sz]\w+|"
    r"learn\w*)\b|看到|看见|听到|听见|发现|注意到|观察|数出|数到|识别出|检测到|认出",
    re.IGNORECASE,
)
_NOT = re.compile(
    r"\b(?:not|cannot|no|nothing|none|never|unable|without|neither)\b|n['’]t\b|未|无法|没|不能|不会|无从", re.IGNORECASE
)
_OURS = (
    r"(?:speech|words?|text|audio|sound|transcri\w+|steps?|tools?|files?|video|frames?|parts?|pictures?|image|ocr|"
    r"recognition|language|results?|content|details?|it|this|that|these|those|identity|names?|who|what|whether|report|"
    r"plan|request|model|rest)"
)
_NOT_DONE = re.compile(
    rf"\b{_OURS}\b.{{0,60}}?(?:\b(?:could not be|cannot be|can not be|failed|(?:was|were) skipped|did not finish|"
    rf"is unavailable|"
    rf"are unavailable|"
    r"not available|not supported|(?:was|were|is|are|has|have) (?:not|only partly|only partially)(?: been)? "
    r"(?:transcribed|recogni[sz]ed|looked at|listened to|analy[sz]ed|examined|checked|read|heard|included|covered|"
    r"known|"
    r"clear|verified|identified|confirmed|described))\b|(?:could|can)n['’]t be\b|(?:was|were|is|are)n['’]t "
    r"(?:transcribed|recogni[sz]ed|looked at|analy[sz]ed|examined|checked|known|clear|available|supported)\b)"
    r"|\bnothing (?:else|more|further) (?:was|is)\b|\bthe results? (?:do|does|did)(?: not|n['’]t)\b|结果中(?:没有|"
    r"并未|未)"
    r"|(?:未能|无法|不能|没能|没有能|尚未|难以)(?:被)?(?:准确|完全|直接)?(?:识别|转写|读取|确定|判断|辨认|打开|完成|"
    r"处理|找到|确认|核实|查看|描述|回答|提供|得知|"
    r"给出)|(?:步骤|工具|转写|识别|执行|处理).{0,12}失败|(?:尚)?未(?:转写|查看|收听|识别|分析|处理|使用)",
    re.IGNORECASE,
)
_UNSURE = re.compile(
    r"\b(?:(?:draft|rough|automatic) transcript|transcript (?:is|was) (?:only )?(?:a )?(?:rough )?draft|"
    r"(?:may|might|can|could|will|are likely to) (?:be|contain|have|include) (?:\w+ )?(?:wrong|incorrect|inaccura\w+|"
    r"errors?|"
    r"mistakes?|incomplete|missing|unreliable)|(?:is|are|was|were|remains?) (?:uncertain|unclear|unreliable|unknown|"
    r"guesses|mostly guesses|(?:only |just )?(?:approximate|estimates?|rough|automatic))|no (?:vision|language|"
    r"speech) model|limitations?|caveats?|treat (?:it|this|them) "
    r"(?:as|with)|take (?:it|this|them) with)\b"
    r"|草稿|可能有误|可能不准|可能(?:存在|包含|会有)(?:错|误|遗漏)|不准确|仅供参考|不确定|不可靠|局限|误差|"
    r"未使用.{0,6}模型",
    re.IGNORECASE,
)
_HOW_TO = re.compile(
    r"^(?:(?:set|use|run|try|open|add|install|call|ask|check|click|press|type|download|upload|give|provide|play|choose|"
    r"pass|keep|save|copy|paste|repeat|restart|change|read|see|view|watch)(?: again| out)? "
    r"(?:the|a|an|your|it|this|that|them|me|for|with|another|more|again|one|`|'|\"|-|sensorium|[A-Z_]{4,}|"
    r"\S+\.\w{2,4}\b)|"
    r"(?:to|in order to) (?:get|see|have|add|make|enable|use|fix|do|go|transcribe|improve|view|play|open)\b.{0,80}"
    r"(?:,|\b(?:set|use|run|open|you)\b)|go to|make sure|please\b|"
    r"you (?:can|could|may|might|should|will|need|would)(?! (?:also )?(?:see|hear|notice|observe|find))|"
    r"(?:i|we)(?:'d| would)? (?:recommend|suggest|advise)|sensorium )"
    r"|^(?:请|可以?(?!看到|听到|见|以看到|以听到|以发现)(?:用|通过|使用|运行|设置|打开|再|先)|您可以?(?!看到|听到)|"
    r"你可以?(?!看到|听到)|建议|使用|运行|"
    r"[^。，]{0,12}可以?用.{1,20}(?:打开|播放|查看|编辑)|设置|打开|安装|添加|试试|改用|参见|详见|要(?:获得|得到|看|"
    r"查看|改善|启用))",
    re.IGNORECASE,
)
_INTRODUCES = re.compile(
    r"^(?:my (?:confidence|answer|analysis|summary|notes?)\b|(?:all of this|this|the above|everything above|"
    r"these results?) "
    r"(?:is|are|was|were) (?:all )?(?:based on|taken from|from)\b|based on (?:the|what)[^,]{0,40}[:,]?$|here(?:'s|"
    r" is| are)|below (?:is|are)|this is (?:a|the|your|my) (?:summary|report|answer|list|overview|"
    r"transcript)|"
    r"the following|in (?:short|summary|brief)[:,]?$|summary[:.]?$)|^(?:需要说明的是[，,])?(?:以上|上述)(?:内容|结果|"
    r"信息|分析|回答)?(?:均|都)?(?:基于|来自|根据|由)|^(?:以下|下面|如下|这是(?:一份|您的|你的|对|"
    r"关于)?.{0,12}(?:摘要|总结|报告|"
    r"回答|概述|列表))",
    re.IGNORECASE,
)
_ABOUT_FILES = re.compile(
    r"\b(?:report|summary|transcript|subtitles?|chart|file|files|page|pictures?|audio|video|clip|sound|version)\b"
    r"[^.]{0,60}\b(?:(?:is|are|was|were|has been|have been) (?:also |now )?(?:saved|written|stored|attached|available|"
    r"ready|below|above|created|generated|exported|named)|(?:is|are) in `?\S+\.\w{2,5})"
    r"|\byou(?:['’]ll| will| can) find (?:it|them|(?:the|your|all|both) (?:\w+ ){0,2}(?:reports?|summary|files?|pages?|"
    r"transcripts?|charts?|pictures?)) (?:in|at|under|here)\b"
    r"|^(?:files?|report|output|saved|made|artifacts?)\b[^.]{0,40}:\s*`?\S+\.\w{2,5}"
    r"|(?:报告|摘要|字幕|文件|图表|转写稿?|音频|视频)(?:文件)?.{0,20}(?:已(?:经)?(?:保存|生成|写入|导出|完成|附上|"
    r"准备)|保存(?:在|为|到)|见附件|如下)",
    re.IGNORECASE,
)

MEDIA = re.compile(
    r"\b(?:the|this|that|your|our)\s+(?:\w+\s+){0,2}?(?:videos?|clips?|footage|films?|movies?|recordings?|audio|sound|"
    r"podcasts?|songs?|pictures?|images?|photo\w*|screenshots?|slides?|speakers?|talks?|lectures?|scenes?|presenters?|"
    r"narrators?|voices?)\b[^.?!]{0,80}?\b(?:shows?|showing|contains?|depicts?|features?|says?|said|mentions?|talks?|"
    r"explains?|"
    r"describes?|appears?|begins?|starts?|ends?|is|are|was|were|has|have|displays?|reads?|discuss\w*|introduces?|"
    r"opens?|"
    r"includes?|illustrates?|presents?|lasts?|covers?)\b|\bin (?:the|this|your) (?:video|clip|film|picture|image|photo|"
    r"recording|talk)\b"
    r"|(?:视频|影片|录音|音频|图片|照片|画面|截图|幻灯片|讲者|演讲者|主持人|片中|图中|视频里)[^。！？]{0,40}?(?:是|"
    r"有|显示|展示|说|讲|提到|介绍|包含|"
    r"出现|描述|讨论|表示|时长|为)",
    re.IGNORECASE,
)
"""What names the media and says something of it: all that is looked for where nothing was looked at."""


def needs_evidence(raw: str, text: str) -> bool:
    """Tell whether a sentence says something of the media.

    Args:
        raw: As it is written, with Markdown.
        text: Its words.
    """
    words = text.strip()
    previous = ""
    while previous != words:  # "However, note that …"
        previous, words = words, _LEADS_ON.sub("", words, count=1)
    shown = _LEADS_ON.sub("", raw.strip().strip("*_"), count=1)
    if not re.search(r"[^\W\d_]", words):
        return bool(re.search(r"\d", words))
    if _ASKS.search(words) or _POLITE.search(words) or _OFFERS.search(words):
        return False
    if _MYSELF.search(words) and (not _PERCEIVED.search(words) or _NOT.search(words)):
        return False
    if _ABOUT_FILES.search(words):
        return False
    if _HOW_TO.search(shown) or _HOW_TO.search(words):
        return False
    if _INTRODUCES.search(words) and not _QUOTED_OR_FIGURE.search(words):
        return False
    if _QUOTED_OR_FIGURE.search(words):
        return True
    return not (_NOT_DONE.search(words) or _UNSURE.search(words))


def asserts(raw: str, text: str) -> bool:
    """Tell whether a sentence says that something is so, instead of asking, offering, explaining how or denying it."""
    shown = _LEADS_ON.sub("", raw.strip().strip("*_"), count=1)
    how_to = _HOW_TO.search(shown) or _HOW_TO.search(text)
    return not (_ASKS.search(text) or _OFFERS.search(text) or how_to or _NOT.search(text))


def denies(text: str) -> bool:
    """Tell whether a sentence says that something is not so."""
    return bool(_NOT.search(text))


def is_heading_claim(text: str) -> bool:
    """Tell whether a heading says more than what stands under it: it quotes, or has a figure that is no small count."""
    if re.search(r"[“「『\"]", text):
        return True
    rest = re.sub(r"^\W*\d{1,2}[.)、]\s*", "", text)
    return bool(re.search(r"\d\s*%|\d:\d\d|\d\.\d|\d{2,}", rest))
