"""The words by which a request is recognised, in English and Chinese."""

import re
from collections.abc import Mapping

from .intents import Subject
from .times import NUMBER
from .wording import either, sign

MAKE = r"(?:make|create|generate|produce|render|design|give me|get me|build|do)"
SKIP = r"(?:(?!(?:of|for|from|about|on|in|and|to|with|as|at|every|when|where)\b)[\w'-]+\s+){0,5}?"
"""A few words between a verb and what it makes, as in "make me a really short film"."""
_THESE = r"(?:(?:this|the|my|our|these|that|all|both|two|of|short|whole|entire|attached|following)\s+)*"
_FILES = either(
    r"""
        videos?|clips?|talks?|lectures?|recordings?|audio|files?|films?|movies?|podcasts?|meetings?|presentations?
        images?|pictures?|photos?|documents?|texts?|it|this|these|them
    """
)
_HAN_FILES = r"(?:视频|录音|音频|文件|讲座|会议|影片|片子|图片|照片|图|课程?|演讲|播客|文档|文本|材料|它)"

INTO_WORDS = r"(?:in)?to (?:[\w-]+ ){0,3}?(?:sentences?|paragraphs?|bullets?|points|words)"
HAN_INTO_WORDS = r"[成为到][^,。]{0,4}[句段条点字]"
"""What a talk is compressed into, and no film."""
_CHARTS = r"(?:charts?|graphs?|plots?|diagrams?|histograms?)"

SIGNS: Mapping[str, re.Pattern[str]] = {
    "report": sign(
        rf"""
            reports?|overviews?|recaps?|digest|protocol|write-?ups?|study notes?|conclusions?|debrief|full analysis
            (?:take|write|make|lecture|class|meeting) notes|summar(?:y|ies|i[sz]e[sd]?|i[sz]ing|i[sz]ation)
            (?:meeting|take|write|make|draft|create|produce|generate|the meeting's) (?:the )?minutes
            minutes of (?:the|this|our|a|my)|analysis of (?:this|the|my)|what'?s (?:going on|happening)
            (?:analy[sz]e|examine|review|study|inspect|look at|watch|listen to|process)\s+{_THESE}(?:{_FILES})
        """,
        rf"""
            报告|总结|概括|摘要|纪要|概述|综述|归纳|梳理|复盘|笔记|小结|分析[^,。]{{0,8}}{_HAN_FILES}
            看[一下看]*[这那个段]+{_HAN_FILES}
        """,
    ),
    "analyze": sign(
        r"analy[sz]e|analysis|examine|review|inspect",
        r"分析|研究|看看",
    ),
    "brief": sign(
        rf"""
            brief(?:ly)?|short(?:ly)?|quick(?:ly)?|tl;?dr|gist|in a nutshell|one-liner
            key (?:points?|takeaways?|ideas?)|main (?:points?|ideas?|takeaways?)|takeaways?|highlights?|bullets?
            bullet points?
            (?:compress|condense|shorten|reduce|boil|squeeze|distill?) (?:[\w']+ ){{0,6}}?{INTO_WORDS}
        """,
        rf"[压浓]缩{HAN_INTO_WORDS}|简短|简要|简单(?:地)?(?:总结|概括)|要点|重点|大意|一句话|几句话|亮点",
    ),
    "transcribe": sign(
        r"""
            transcri(?:be[sd]?|bing|pts?|ption)|speech[- ]to[- ]text|dictation
            write down (?:what|everything|the words)|text version
            (?:speech|audio|voice|recording) (?:in)?to (?:an? )?(?:txt|text)
            (?:convert|turn|change) (?:(?:the|this|it|its|speech|audio|voice|video|recording|to)\s+)*(?:in)?to text
        """,
        r"""
            转写|转录|听写|逐字稿|文字稿|语音转文字|语音识别|识别(?:语音|录音)|听打|转换?(?:成|为)文[字本]|转文字
            讲稿|说的话(?:都)?(?:写|记)|(?:提取|扒|抄)[^,。]{0,6}文案|口播稿
        """,
    ),
    "subtitles": sign(
        r"sub-?titl(?:es?|ed|ing)|(?:closed )?captions?|captioning|srt|web-?vtt|vtt",
        r"字幕",
    ),
    "chapters": sign(
        r"chapters?|chapteri[sz]e|table of contents|toc|outline|youtube time ?stamps",
        r"章节|目录|大纲|分章|提纲|分成几?[段章]",
    ),
    "read": sign(
        r"""
            ocr|everything (?:that's |that is |shown |written )?on (?:the |all )?(?:slides?|screen)
            (?:read|extract|recogni[sz]e|get|grab|copy|pull|list|show|find|detect|give me|return|save
              output) (?:out )?(?:(?:me|all|any|the|of|every|visible|written|printed|on-?screen|out)\s+)*(?:text
              words|writing|letters|slides?' text|formulas?|captions on)
            (?:on-?screen|slide|visible|written|printed) text
            text (?:on|in|from) (?:the |this |each |every |all )?(?:\w+ )?(?:slides?|screens?|images?|pictures?
              photos?|screenshots?|frames?|pages?|signs?)
            (?:is|'s) written
            read (?:(?:the|this|these|my|all|each)\s+)*(?:slides?|screens?|images?|pictures?|photos?|screenshots?
              signs?|pages?|labels?|whiteboard|blackboard|receipt|chart|graph)
        """,
        r"""
            识别[^,。]{0,8}(?:文字|文本|字(?!幕))
            (?:读取|提取|抽取|读出|认出|列出)[^,。]{0,10}(?:文字|文本|字(?!幕))|文字识别
            (?:屏幕|图片?|画面|幻灯片|照片)[上中里]?的?(?:文字|文本|字(?!幕))
            读一?下?[^,。]{0,8}(?:文字|图片|幻灯片|图)|(?:里面?|上面?)的(?:文字|字(?!幕))
        """,
    ),
    "frames": sign(
        rf"""
            (?<!the )frames? per second|(?:key ?|still )?frames?(?! ?-?rates?| per second)
            screen ?-?(?:shots?|caps?|grabs?)|stills|an? still(?= at| of| from)|still (?:images?|pictures?)
            (?:images?|pictures?|photos?) (?:per|(?:for|of|from) (?:each|every)) (?:slide|scene|shot|page)
            thumbnails?|snapshots?|contact sheets?|storyboards?
            (?:save|extract|export|grab|capture|get|pull) (?:out )?(?:(?:all|each|every|of|the)\s+)*(?:slides?|pictures?
              images?)
            slides? as (?:an? )?(?:images?|pictures?|png)
            show (?:me )?(?:the )?(?:slide|picture|screen|image) (?:at|from)
            (?:an? )?(?:picture|image|photo)s? (?:from|of) (?:the )?(?:video|clip|film|movie)
            (?:pictures?|images?|photos?) (?:at|every|each)(?= [\d:a-z]*)
            {NUMBER} (?:pictures?|images?|photos?) (?:from|out of|of) (?:the|this|my)
        """,
        r"""
            截图|截屏|抽帧|抽取?[^,。]{0,6}[帧图]|关键帧|缩略图|拼图|九宫格|联系表|截取?[^,。]{0,6}(?:画面|图|张|帧)
            (?:提取|导出|保存|抽出|取出?)[^,。]{0,10}(?:幻灯片|画面|图片|帧)|(?<![每率])帧(?!率|数)|秒的?(?:画面|图)
        """,
    ),
    "scenes": sign(
        r"""
            scenes?(?: ?changes?| ?cuts?| ?detection)?
            (?:shot|scene|slide) (?:changes?|boundar(?:y|ies)|transitions?|switch(?:es)?)|(?<!-)shots|cuts
            transitions?|slides? (?:change|switch)(?:es|d)?|how many slides
        """,
        r"场景|镜头|转场|切换|换页|翻页|分镜",
    ),
    "probe": sign(
        r"""
            the frames per second|how many (?:frames|channels|streams|tracks)|\d{3,4}p|4k|(?:full )?hd|meta-?data
            codecs?|resolutions?|frame ?-?rates?|fps
            bit ?-?rates?|durations?|(?:the )?length of|technical (?:details?|info(?:rmation)?|facts?|data)
            (?:media|file|video|audio|stream|track) (?:info(?:rmation)?|details?|properties|specs?|facts|parameters)
            probe|ffprobe|mediainfo|specs|sample ?-?rates?|aspect ratio|containers?|file ?-?(?:size|format|type)
            what format|dimensions|how long (?:is|are|does)|how (?:big|large)
            number of (?:channels|streams|tracks|frames)|mono|stereo|portrait|landscape|corrupt(?:ed)?|damaged|playable
            when was (?:it|this|the \w+|this \w+) (?:recorded|made|created|filmed)
        """,
        r"""
            元数据|编码|分辨率|帧率|码率|比特率|时长|多长|多久(?!.*[说讲])|技术(?:信息|参数|指标)
            (?:文件|媒体|视频|音频)(?:的)?(?:信息|参数|格式|大小|属性)|采样率|声道|总帧数|多少帧|封装|多大
            横屏|竖屏|损坏|什么时候[录拍]
        """,
    ),
    "loudness": sign(
        r"loud(?:ness)?|too quiet|lufs|volume|how quiet|peak level|decibels?|db",
        r"响度|音量|多大声|分贝|声音(?:有多|太|够不够|[大小]不)[大小]",
    ),
    "silence": sign(
        r"silen(?:t|ces?)|pauses?|gaps in (?:the )?(?:speech|audio|sound)|dead air|quiet (?:parts?|spans?)",
        r"静音|停顿|无声|安静的|沉默|冷场",
    ),
    "rate": sign(
        r"""
            words? (?:per|a|/) ?minute|wpm|speaking (?:rate|speed|pace|tempo|time)
            speech (?:rate|speed|pace|tempo|statistics|stats)|rate of speech|talking (?:speed|pace|time)
            pace of (?:the )?(?:speech|speaker|talk)
            (?:how fast|how quickly|how slowly) .{0,30}(?:talk|speak)(?:s|ing)?|filler words?
            how (?:much|long) (?:time )?(?:does|do|did|is|was) .{0,30}(?:talk|speak|speech)(?:s|ing)?
        """,
        r"""
            语速|说话(?:的)?(?:速度|快慢)|每分钟(?:的)?(?:说)?(?:多少)?(?:个)?[字词](?:数)?
            (?:说|讲)话?得?(?:有)?多快|说话时间|字数统计
        """,
    ),
    "facts": sign(
        r"(?:image|picture|photo) (?:quality|facts|details|info(?:rmation)?)|facts (?:of|about|on)",
        r"(?:图片|照片)的?(?:信息|参数|属性|事实)",
    ),
    "describe": sign(
        r"""
            describe|description|caption (?:this|the|these|my)
            what(?:'s| is| are| can you see| do you see)? ?(?:in|on|shown in|depicted in|visible in) (?:this|the
              that|these) (?:image|picture|photo|screenshot|drawing)s?
            what (?:do|can) you see|tell me about (?:this|the|these) (?:image|picture|photo)s?
            what (?:does|do) (?:this|the|these) (?:image|picture|photo)s? (?:show|depict)s?
            what (?:is|'s) (?:this|it|that)(?: (?:image|picture|photo))?(?: of)?
            explain (?:this|the) (?:image|picture|photo|chart|diagram)|recogni[sz]e (?:the |this )?objects?
            what objects?
        """,
        r"""
            描述|描绘|看图说话|图[片中里]+[^,。]{0,4}(?:是|有|画)(?:了)?(?:些)?什么
            (?:这|照片|图)(?:张图?)?[^,。]{0,4}(?:是|有)(?:些)?什么|画的是什么|看到(?:了)?什么
        """,
    ),
    "compare": sign(
        r"""
            compar(?:e[sd]?|ing|ison)|differences?|differ(?:s|ent)?|diff|similar(?:ity|ities)?|duplicates?|(?:the )?same
            identical|versus|vs\.?|better quality|which (?:one )?is (?:better|longer|shorter|larger|sharper|louder)
            changed between
        """,
        r"对比|比较|相比|区别|差异|差别|不同|异同|相同|一样|相似|哪个更",
    ),
    "chart": sign(
        r"""
            plots?|plotted|plotting|charts?|graphs?|diagrams?|histograms?|visuali[sz](?:e|ation)
            (?:as|in) (?:bars|lines?|a pie)
        """,
        r"""
            图表|柱状|条形图|折线|饼图|饼状|曲线图|散点|直方图|画[^,。]{0,6}图|绘[^,。]{0,6}图|作图|走势图|趋势图
            做[^,。]{0,6}图表
        """,
    ),
    "plotting": sign(
        rf"""
            plot|visuali[sz]e
            (?:draw|{MAKE}|show|show me|give|put|turn|need|want) {SKIP}(?:(?:as|in|into|to) )?(?:an? )?{SKIP}{_CHARTS}
            chart|graph (?:the|these|this|it|of)
        """,
        r"画|绘|作图|做[^,。]{0,6}图|生成[^,。]{0,6}图",
    ),
    "find": sign(
        r"""
            (?:exact )?quotes? (?:him|her|them|about|on|from)
            find|search|searching|look(?:ing)? for|locate|jump to|skip to|go to|spot|pinpoint|seek
            every (?:time|mention|place|occurrence)
            (?:all|any) (?:the )?(?:mentions?|occurrences?|references?|places|times|parts|moments)
            the (?:frames?|pictures?|screens?) (?:where|when|showing|in which)
            the (?:parts?|moments?|places?|sections?|times?|slides?|scenes?|minutes?|seconds?|timestamps?
              bits?) (?:where|when|about|that|in which|on which|with)
        """,
        r"""
            找|搜索|查找|搜一下|定位|跳到|检索
            (?:提到|说到|讲到|谈到|出现|讨论|介绍|解释)[^,。]*的(?:地方|时候|部分|片段|时刻|位置|段落|时间|画面)
        """,
    ),
    "help": sign(
        r"""
            what can you do|what (?:do|can) you (?:do|help)[^?]*
            how (?:do|can|should) i use (?:you|this|it|sensorium)|who are you|what are you
            your (?:capabilities|features|tools)|what (?:tools|features) (?:do you have|are there)|help(?: me)?
        """,
        r"""
            你(?:都)?(?:能|会|可以)(?:做|干|帮我做)?(?:些)?什么|怎么用|如何使用|你是谁|(?:有|什么)(?:哪些)?功能
            有什么用|使用方法|帮助
        """,
    ),
    "greet": sign(
        r"""
            hi+|hello+|hey+|hiya|howdy|yo|good (?:morning|afternoon|evening|day)|thanks?(?: you)?
            thank you(?: very much)?|thx|cheers|ok(?:ay)?|bye|goodbye|there|everyone|sensorium|how are you
        """,
        r"你好|您好|嗨|哈喽|早上好|下午好|晚上好|谢谢|多谢|再见|在吗",
    ),
}


def signs_in(text: str) -> set[str]:
    """Return the names of the signs in lower-case text."""
    found = {name for name, pattern in SIGNS.items() if pattern.search(text)}
    return found | {"facts"} if subjects_in(text) else found


SUBJECTS: Mapping[Subject, re.Pattern[str]] = {
    "codes": sign(r"qr(?: ?-?codes?)?|bar ?-?codes?", r"二维码|条形?码"),
    "faces": sign(r"faces?|people|persons?", r"人脸|面孔|几个人|多少人"),
    "colours": sign(r"colou?rs?|palette", r"颜色|色彩|色调"),
    "light": sign(
        r"brightness|bright|dark|sharp(?:ness)?|blurr?(?:y|ed|iness)|exposure|over-?exposed|blank",
        r"曝光|清晰|模糊|亮度|空白",
    ),
    "camera": sign(r"exif|camera|when was (?:it|this|the \w+) (?:taken|shot)", r"相机|拍摄(?:时间|参数|信息)"),
    "location": sign(
        r"gps|location|where (?:was|is|were) (?:it|this|the \w+) (?:taken|shot|photographed)",
        r"拍摄地|哪里拍|位置信息|在哪[里儿]?拍",
    ),
}


def subjects_in(text: str) -> frozenset[Subject]:
    """Return which facts of a picture lower-case text asks for."""
    return frozenset(subject for subject, pattern in SUBJECTS.items() if pattern.search(text))


def is_greeting(text: str) -> bool:
    """Tell whether lower-case text is a greeting and nothing else."""
    return "greet" in signs_in(text) and not re.search(r"\w", SIGNS["greet"].sub("", text))
