"""Which files a model says were made, and whether a tool made them."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

_ENDINGS = (
    "md|html?|json|pdf|docx?|pptx?|xlsx?|csv|tsv|txt|srt|vtt|ass|wav|mp3|m4a|aac|flac|ogg|mp4|mov|mkv|webm|avi|gif|png|"
    "jpe?g|webp|svg|zip|tar|gz"
)
_NAME = re.compile(
    rf"(?<![\w~/\\-])[\w.()~/\\-]{{0,120}}\w[\w()-]{{0,60}}\.(?:{_ENDINGS})(?![\w-]|\.\w)", re.IGNORECASE
)
_HANDLE = re.compile(r"artifact:/{0,2}[\w/.]*", re.IGNORECASE)
_MAKING = re.compile(
    r"\b(?:sav(?:e|es|ed|ing)|wr(?:ote|itten)|creat\w+|made|generat\w+|export\w+|produc\w+|render\w+|attach\w+|stored?|"
    r"outputs?|"
    r"download\w*|deliver\w+|here (?:is|are)|available|ready|find (?:it|them)|named|called|files?|report|"
    r"recorded)\b"
    r"|保存|生成|写入|导出|附件|附上|下载|创建|制作|输出|存为|文件|如下|已写|报告",
    re.IGNORECASE,
)
_POINTS_AT = re.compile(
    r"^(?:please )?(?:open|see|download|view|find|read|check)\b|^请?(?:打开|查看|下载|参见|详见|见)", re.IGNORECASE
)
_VERB = r"(?:saved|created|made|generated|exported|produced|rendered|written|attached|recorded|cut|drawn)"
_KINDS = (
    "video|clip|film|movie|audio|sound file|mp3|narration|picture|image|chart|plot|diagram|subtitle|caption|pdf|"
    "document|file|zip|presentation|spreadsheet|animation|gif"
)
_MADE = re.compile(
    rf"^(?:i|i've|i have)\b[^.]{{0,30}}\b{_VERB}\b[^.]{{0,40}}?\b({_KINDS})s?\b"
    rf"|\b(?:the|your|a|an)\s(?:\w+ ){{0,3}}?({_KINDS})s?\b (?:has|have) been (?:successfully )?{_VERB}\b"
    r"|^(?:我)?(?:已经?|成功)(?:为您|为你|帮您|帮你)?(?:保存|生成|导出|制作|创建|输出|剪辑|绘制)(?:了|好|"
    r"成)?[^。]{0,10}?(视频|片段|音频|图片|图表|字幕|文档|文件|PDF|演示文稿|表格|动画)",
    re.IGNORECASE,
)
_TYPES: Mapping[str, tuple[str, ...]] = {
    "video/": ("video", "clip", "film", "movie", "animation", "视频", "片段", "动画"),
    "audio/": ("audio", "sound file", "mp3", "narration", "音频"),
    "image/": ("picture", "image", "chart", "plot", "diagram", "gif", "animation", "图片", "图表", "动画"),
    "text/": ("subtitle", "caption", "document", "file", "字幕", "文档", "文件"),
    "application/": ("document", "file", "文档", "文件"),
}
_ANY = ("file", "文件")


@dataclass(frozen=True, kw_only=True)
class Files:
    """What a model may speak of: the files tools made, and those of the user."""

    made: Mapping[str, str] = field(default_factory=dict)
    """Name -> media type."""
    handles: frozenset[str] = frozenset()
    own: Sequence[str] = ()

    def problems(self, text: str, asserts: Callable[[], bool]) -> Iterator[str]:
        """Yield what a sentence says of files that is not so.

        Args:
            text: Its words.
            asserts: Tells whether it says that something is, instead of asking, offering or denying it.
        """
        for found in _HANDLE.finditer(text):
            handle = found[0].rstrip(".")
            if not any(one.startswith(handle) for one in self.handles) and handle.casefold() != "artifact:":
                yield f"no tool made the file {handle!r}"
        invented = [name for name in map(_base, _NAME.findall(text)) if not self._knows(name)]
        if invented and (_POINTS_AT.search(text) or ((_MAKING.search(text) or _is_bare(text)) and asserts())):
            yield from (f"no tool made the file {name!r}" for name in dict.fromkeys(invented))
        elif (said := _MADE.search(text)) and asserts():
            kind = next(filter(None, said.groups()), "").casefold()
            if not self._has(kind):
                yield f"no tool made a {kind}"

    def tells_of(self, text: str) -> bool:
        """Tell whether a sentence says of a file that a tool made that it was made."""
        return any(name in text for name in self.made) and bool(_MAKING.search(text))

    def _knows(self, name: str) -> bool:
        # Chinese has no space before a name: 已保存到report.md
        folded = name.casefold()
        return any(folded.endswith(one.casefold()) for one in (*self.made, *self.own) if one)

    def _has(self, kind: str) -> bool:
        if kind in _ANY:
            return bool(self.made)
        wanted = [start for start, kinds in _TYPES.items() if kind in kinds]
        return any(media_type.startswith(start) for media_type in self.made.values() for start in wanted)

    def without(self, text: str) -> str:
        """Return a text without the names of these files: the 2 in `talk_2.mp4` counts nothing."""
        for name in sorted((*self.made, *self.own), key=len, reverse=True):
            if name and name in text:
                text = text.replace(name, " ")
        return text


def _base(name: str) -> str:
    return re.split(r"[/\\]", name)[-1]


def _is_bare(text: str) -> bool:
    """Tell whether a line is nothing but names of files, as in a list of what was made."""
    rest = _NAME.sub("", text)
    return len(re.findall(r"\w", rest)) <= 12 and "/" not in rest
