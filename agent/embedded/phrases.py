"""Words of the assistant that belong to no single tool, in English and Chinese."""

from collections.abc import Mapping

from ...tools.base.models import LADDERS
from ...tools.base.words import Language
from .intents import Lack


class Tongue:
    """Says a thing in the language of the request."""

    def __init__(self, language: Language) -> None:
        self.language: Language = language

    def __call__(self, english: str, chinese: str) -> str:
        return chinese if self.language == "zh" else english

    def listed(self, items: list[str]) -> str:
        return ("、" if self.language == "zh" else ", ").join(items)


def lack_words(lack: Lack, say: Tongue) -> str:
    """Return what cannot be done, why, and what would add it."""
    return say(*_LACKS[lack])


_THINK = "a language model: set `SENSORIUM_THINK=provider:model`"
_HAN_THINK = "语言模型：请设置 `SENSORIUM_THINK=provider:model`"
# The setting is promised only where a provider stands behind it.
_SEE, _HAN_SEE = (
    ("a model that can see: set `SENSORIUM_SEE=provider:model`", "能看图的模型：请设置 `SENSORIUM_SEE=provider:model`")
    if "see" in LADDERS
    else (
        "a model that can see; its setting, `SENSORIUM_SEE=provider:model`, has no effect in this version yet",
        "能看图的模型；对应的设置 `SENSORIUM_SEE=provider:model` 在本版本中尚未生效",
    )
)

_LACKS: Mapping[Lack, tuple[str, str]] = {
    "translate": (f"I cannot translate: that needs {_THINK}.", f"我不能翻译：这需要{_HAN_THINK}。"),
    "see": (
        f"I cannot say what a picture shows: that needs {_SEE}. What I give is measured or read from it.",
        f"我不能描述画面里是什么：这需要{_HAN_SEE}。我给出的都是测量到或读到的事实。",
    ),
    "speakers": (
        "I cannot tell who a person or a voice is, nor separate speakers: not in this version. "
        "Names that are said or shown can be searched: ask when a name is mentioned.",
        "我不能识别人物或声音是谁，也不能区分说话人：本版本没有这个功能。说到或显示过的名字可以搜索：请问某个名字什么时候被提到。",
    ),
    "write": (f"I cannot write free text: that needs {_THINK}.", f"我不能自由写作：这需要{_HAN_THINK}。"),
    "film": (
        "I cannot make a video out of words: that needs a model, `SENSORIUM_FILM=provider:model`; `sensorium "
        "providers` lists them. Out of pictures and clips that you give I make one without: ask for a slideshow.",
        "我不能用文字生成视频：这需要模型，请设置 `SENSORIUM_FILM=provider:model`（`sensorium providers` 列出可用的）。"
        "用您给的图片和片段可以直接合成：请说“用这些图片做视频”。",
    ),
    "clone": (
        "I do not clone voices by words alone: that needs a provider of speech and the speaker's recorded consent. "
        "See `sensorium tool clone_voice`, and `sensorium providers` for who learns voices.",
        "仅凭一句话我不能克隆声音：这需要语音服务商，以及说话人的录音同意。"
        "请看 `sensorium tool clone_voice`；`sensorium providers` 列出可用的服务商。",
    ),
    "edit": (
        "I cannot blur, clean, dub or retouch media, nor fade it or change its volume or colours: not in this version. "
        "I cut, join, loop, crop, scale, turn, speed up, convert and subtitle it, and put music under it.",
        "我不能对媒体打码、降噪、配音、修饰，也不能淡入淡出、调音量或调色：本版本没有这个功能。"
        "我可以剪辑、拼接、循环、裁剪、缩放、旋转、变速、转换格式、加字幕和配乐。",
    ),
    "change": (
        "I did not understand what is to be made or changed, so nothing was done. Say what and when, for example “cut "
        "out 0:10 to 0:20”, “make it 9:16”, “burn in subtitles”, “put calm music under it”; `sensorium tools` has all.",
        "我没有听懂要做什么或改什么，因此什么也没做。请说明做什么、从何时到何时，例如“剪掉0:10到0:20”“裁剪成竖屏”“烧录字幕”“配上舒缓的音乐”；"
        "`sensorium tools` 列出全部功能。",
    ),
    "code": (
        f"I cannot write code: that needs {_THINK}. A script that you name I analyze, run and time.",
        f"我不能写代码：这需要{_HAN_THINK}。您给出的脚本，我可以分析、运行并计时。",
    ),
    "rewrite": (
        f"I cannot rewrite or document code: that needs {_THINK}. What I say is measured on the file as it is.",
        f"我不能改写代码或为它写文档：这需要{_HAN_THINK}。以上是对原文件的测量结果。",
    ),
    "web": ("I cannot search the web: not in this version.", "我不能上网搜索：本版本没有这个功能。"),
    "address": (
        "I open only whole addresses that begin with http:// or https://. Write it so, or give the file's path.",
        "我只能打开以 http:// 或 https:// 开头的完整网址。请这样写，或给出文件的路径。",
    ),
    "know": (
        "I answer about the files you give me, and there are none: name them after the request, "
        f'`sensorium run "…" FILE`. Questions of general knowledge need {_THINK}.',
        '我根据您给的文件回答，而这里没有文件：请在请求后面写上文件，`sensorium run "…" 文件`。'
        f"一般知识的问题需要{_HAN_THINK}。",
    ),
}

ABILITIES = (
    """I look at, listen to and read media, and answer with the second each thing is at. For example:
- `sensorium run "Analyze this video and write a report" talk.mp4 -o out/`
- `sensorium run "What does the speaker say about gravity, and when?" talk.mp4`
- "transcribe it", "make subtitles", "make chapters", "read the text on the slides"
- "extract frames at 0:12 and 1:03", "a frame every 10 seconds", "a contact sheet"
- "give the facts of this picture", "compare these two files", "how long and how loud is it?"
- "say 'hello world' aloud", "plot Jan 10, Feb 12, Mar 9"
- "cut out 0:10 to 0:20", "remove the silences", "make it 9:16", "burn in subtitles", "convert to mp3"
- "make a slideshow of these pictures with music", "compose 20 seconds of calm music", "title card: Hello"
- of a script or notebook: "analyze it", "run it and say where it is slow"
English and Chinese, several of these in one request. `sensorium tools` lists everything;
`sensorium doctor` says what would add more.""",
    """我能看、听、读媒体文件，回答都带有时间点。例如：
- `sensorium run "分析这个视频并写一份报告" talk.mp4 -o out/`
- `sensorium run "他什么时候提到动能？" talk.mp4`
- “转写成文字”“生成字幕”“生成章节”“识别幻灯片上的文字”
- “截取0:12和1:03的画面”“每10秒截一张图”“做一张联系表”
- “给出这张图片的信息”“对比这两个文件”“视频多长、响度多少？”
- “把这句话读出来：你好”“画柱状图：一月 10，二月 12，三月 9”
- “剪掉0:10到0:20”“去掉停顿”“裁剪成竖屏”“烧录字幕”“转成mp3”
- “用这些图片做视频，配上音乐”“生成20秒舒缓的音乐”“标题卡：你好”
- 对脚本或 notebook：“分析它”“运行它，看看哪里慢”
中文、英文都可以，一次可以提多个要求。`sensorium tools` 列出全部工具，`sensorium doctor` 说明还能添加什么。""",
)
