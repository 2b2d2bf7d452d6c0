"""A request made ready to be matched: clauses in lower case, with what is quoted set aside."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ...tools.base.words import QUOTED

MASK = "\u2588"
"""Stands for each letter of what is quoted, so that no word in it is read as a command."""

HEAD_LETTERS, TAIL_LETTERS = 1500, 500
"""What is read of a longer request; patterns cost time that grows with its square."""

_TRADITIONAL = (
    "報寫轉錄總結視頻圖場鏡頭讀說話語長碼編裡裏這個們麼時間現顯關於對較區別異樣畫數標題節輯聽識檔擷靜響聲臉顏"
    "條維單張頁請幫處幾從後內講談論紹釋難詞簡縮製輸導檢測調開變換給會議紀問還並"
)
_SIMPLIFIED = (
    "报写转录总结视频图场镜头读说话语长码编里里这个们么时间现显关于对较区别异样画数标题节辑听识档撷静响声脸颜"
    "条维单张页请帮处几从后内讲谈论绍释难词简缩制输导检测调开变换给会议纪问还并"
)
_FOLD = str.maketrans(_TRADITIONAL, _SIMPLIFIED) | {
    **{wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)},  # full-width letters, digits and punctuation
    **str.maketrans("\u3000\u00a0\t\u2019", "   '"),
}
_EXTENSIONS = (
    "mp4|mov|mkv|webm|avi|m4v|mpe?g|ts|ogv|wav|mp3|flac|ogg|opus|m4a|aac|png|jpe?g|gif|webp|bmp|tiff?|heic|avif|"
    "txt|md|csv|json|pdf|docx?|pptx?|xlsx?|html?"
)
_FILE_NAME = re.compile(rf"(?<![A-Za-z0-9])(?:[A-Za-z]:)?[\w.~/\\-]*[\w-]\.(?:{_EXTENSIONS})(?![A-Za-z0-9])", re.ASCII)
ADDRESS = re.compile(r"\b(?:https?|ftp)://[^\s，。）)]+|\bwww\.[^\s，。）)]+")

_ENGLISH_HEADS = (
    r"analy[sz]e|summari[sz]e|write|make|create|generate|produce|give|extract|transcribe|caption|subtitle|describe|"
    r"compare|find|search|look|show|tell|list|read|say|speak|pronounce|narrate|plot|draw|chart|graph|take|grab|save|"
    r"detect|count|measure|probe|check|translate|convert|cut|trim|crop|export|get|split|explain|identify|locate|"
    r"download|compose|compress|burn|mute|rotate|resize|scale|speed|slow|reverse|merge|join|remove|delete|add|keep|upscale|"
    r"flip|mirror|loop|fade|replace|mix|combine|stitch|paint|sketch|animate|"
    r"turn|please|do not|don't|without|no|skip|what|when|where|who|why|how|which|is|are|does|did"
)
_CHINESE_HEADS = (
    r"分析|总结|概括|归纳|写(?!(?:上|着|有|明|的是)*[::,]?\s*█)|做|生成|制作|输出|提取|截|抽|转写|转录|听写|描述|比较|对比|找|搜索|查找|告诉|列出|识别|读|念|朗读|"
    r"说[::“说]|镜像|翻转|倒放|放慢|加速|减速|替换|换成|改[成为]|变成|静音|画|绘|统计|检测|测|翻译|剪|导出|保存|给出|给我|加|配|标出|分章|去掉|删|裁|转|烧录|压制|拼接|合并|旋转|缩放|压缩|请|帮我|把|将|不要|不用|不需要|无需|别|什么时候"
)
_HEAD = rf"(?:(?:{_ENGLISH_HEADS})\b|{_CHINESE_HEADS})"
_JOINT = (
    r"[,;、\n]|\band\b|\bthen\b|\balso\b|\bplus\b|\bbut\b|\bas well as\b|&|"
    r"并且|并|然后|再|接着|同时|还有|以及|另外|顺便|而且|和"
)
_ABBREVIATED = r"(?<!\bdr)(?<!\bmr)(?<!\bms)(?<!\bmrs)(?<!\bprof)(?<!\be\.g)(?<!\bi\.e)(?<!\bvs)"
_SPLIT = re.compile(rf"[!?。]+|{_ABBREVIATED}\.(?=\s|$)|(?<!\s)(?:\s*(?:{_JOINT}))+\s*(?={_HEAD})")


def either(text: str) -> str:
    """Return a pattern written over several lines as one: where a line ends stands a `|`."""
    return re.sub(r"\s*\n\s*", "|", text.strip())


def sign(english: str, chinese: str) -> re.Pattern[str]:
    """Compile alternatives of both languages, parted by `|` or by lines; English ones match whole words."""
    return re.compile(rf"(?<![a-z])(?:{either(english)})(?![a-z])|{either(chinese)}")


@dataclass(frozen=True, kw_only=True)
class Clause:
    """One thing that is asked."""

    text: str
    """As it was typed, with its quotes."""
    plain: str
    """For matching: same length, lower case, simplified characters, quotes masked."""
    quotes: tuple[str, ...] = ()
    asked: bool = False
    """True when a question mark ended it."""


def plain(text: str) -> str:
    """Return text of the same length that compares easily: lower case, ASCII punctuation, simplified characters."""
    lower = "".join(one if len(one := letter.lower()) == 1 else letter for letter in text)
    return lower.translate(_FOLD)


def masked(text: str, names: Iterable[str] = ()) -> str:
    """Return the plain text with what is quoted masked, and names of files and addresses blank.

    The middle of a very long text is masked: what is wanted stands at its beginning or end, what is between is content.
    """
    folded = ADDRESS.sub(lambda hit: " " * len(hit[0]), plain(text))
    if len(folded) > HEAD_LETTERS + TAIL_LETTERS:
        middle = len(folded) - HEAD_LETTERS - TAIL_LETTERS
        folded = folded[:HEAD_LETTERS] + MASK * middle + folded[-TAIL_LETTERS:]
    for name in names:
        if "." in name.strip("."):
            folded = folded.replace(plain(name), " " * len(name))
    folded = _FILE_NAME.sub(lambda hit: " " * len(hit[0]), folded)
    return QUOTED.sub(lambda hit: MASK * len(hit[0]), folded)


def quotes_in(text: str) -> tuple[str, ...]:
    """Return what stands in quotation marks."""
    return tuple(next(part for part in hit.groups() if part).strip() for hit in QUOTED.finditer(text))


def clauses(text: str, matched: str) -> list[Clause]:
    """Split a request where a sentence ends, and where a new command or question begins.

    Args:
        text: As it was typed.
        matched: The same, made by `masked`; it may have more blanked out.
    """
    found: list[Clause] = []
    start = 0
    for hit in [*_SPLIT.finditer(matched), None]:
        end = hit.start() if hit else len(matched)
        if matched[start:end].strip():
            part = text[start:end]
            asked = bool(hit and "?" in plain(hit[0]))
            found.append(Clause(text=part, plain=matched[start:end], quotes=quotes_in(part), asked=asked))
        start = hit.end() if hit else end
    return found
