"""Tells whether a prompt asks for a card, and what is to stand on it; strictly, for all else wants a painter."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .card import Card, ListCard, QuoteCard, TitleCard
from .graphs import read_diagram
from .numbers import read_chart

MOST_LETTERS = 4000
"""A longer prompt is no card."""

_QUOTED = re.compile(r"“([^”]+)”|\"([^\"]+)\"|「([^」]+)」|『([^』]+)』|‘([^’]+)’|(?<!\w)'([^']+)'(?!\w)|《([^》]+)》")
_COLON = re.compile(r"\s*[:：]\s*")
# Before the noun: what one says when asking, and what a card can be without anything drawn on it.
_ASKING = (
    r"(?:please\s+)?(?:(?:can|could|would)\s+you\s+)?(?:please\s+)?"
    r"(?:(?:make|create|draw|design|generate|render|produce|typeset|give|i\s+want|i\s+need|i(?:'d|\s+would)\s+like)\s+)?"
    r"(?:me\s+)?(?:an?\s+|the\s+|one\s+)?"
)
_LOOKS = (
    "simple|clean|plain|minimal|minimalist|minimalistic|elegant|bold|modern|beautiful|nice|pretty|stylish|typographic|typeset|"
    "dark|light|black|white|blue|green|red|purple|square|vertical|horizontal|portrait|landscape|wide|short|small|big|large|"
    "basic|centered|centred"
)
_LEAD = rf"^\s*{_ASKING}(?P<looks>(?:(?:{_LOOKS})(?:\s*,\s*|\s+(?:and\s+)?))*)"
_ASKING_ZH = (
    r"^\s*(?:请|麻烦)?(?:你)?(?:帮我|给我|为我|替我)?(?:画|做|制作|生成|设计|绘制|创建|来|出|弄|要|写(?!着|上)|列)?(?:出)?(?:一)?(?:张|个|幅|份|页)?"
    r"(?P<looks>(?:(?:简单|简洁|干净|漂亮|好看|优雅|现代|极简|深色|浅色|黑色|白色|蓝色|绿色|红色|紫色|横版|竖版|方形)的?)*)"
)
_NOUNS: Mapping[str, str] = {
    "title": r"title\s+(?:card|slide|page)|(?:section|chapter|end|text|closing|opening)\s+(?:card|title|slide)"
    r"|intertitle|(?:(?:happy\s+)?birthday|greetings?|thank[\s-]?you|invitation|christmas|holiday|wedding|anniversary|welcome"
    r"|congratulations?|get[\s-]well|new\s+year|name|place)\s+card",
    "quote": r"(?:quote|quotation)(?:\s+card)?",
    "list": r"(?:(?:shopping|grocery|packing|reading|bullet(?:ed)?|numbered|to-?do|task|guest|check)[\s-]?)?list"
    r"(?:\s+card)?|agenda",
    "diagram": r"(?:flow|process|block|sequence|step)[\s-]?(?:chart|diagram)|diagram",
    "chart": r"(?:bar|column|pie|line)[\s-](?:chart|graph)|chart|graph",
}
_NOUNS_ZH: Mapping[str, str] = {
    "title": r"(?:标题|片头|片尾|章节|文字|结尾)(?:卡片|字卡|卡|页)|字卡"
    r"|(?:生日|新年|新春|圣诞|节日|婚礼|毕业|感谢)?(?:贺卡|祝福卡|感谢卡|邀请函|邀请卡)",
    "quote": r"(?:引言|名言|金句|语录|引用|引文)(?:卡片|字卡|卡)?",
    "list": r"(?:购物|待办|任务|检查|物品|行李|阅读)?(?:清单|列表)(?:卡片|卡)?|议程",
    "diagram": r"流程图|示意图|框图|关系图",
    "chart": r"柱状图|柱形图|条形图|饼状?图|折线图|图表",
}
# Between the noun and what is quoted, and after it: nothing else may stand there.
_GLUE = frozenset(
    re.findall(
        r"\w+",
        "that says say saying reads read reading which with the a an and of for titled title entitled called text "
        "words word quote line heading headline subtitle subtitled sub below under underneath it above by from on in "
        f"background font letters lettering type typography style color colour centered centred please its {_LOOKS}",
    )
)
# Possessive: with `写着` and `写` among them, a long text could be parted in too many ways.
_GLUE_ZH = re.compile(
    r"(?:上面|写着|写上|写|内容|文字|标题|副标题|题为|是|为|的|上|下面|和|以及|并|有|带|用|背景|字体|字|配|黑底|白底|白字|黑字|深色|浅色"
    r"|黑色|白色|蓝色|绿色|红色|紫色|出自|作者|卡片|说|着|[\s,，。.;；、:：!！])*+"
)
_BY = re.compile(
    r"^\s*(?:[-–—―]{1,3}\s*|by\s+|from\s+|出自|作者[:：]?)\s*(?P<by>[^\n\"“”「」:：;；]{2,60}?)\s*[.。]?\s*$", re.I
)
_BY_AFTER = re.compile(r"(?:\s+[-–—―]{1,3}\s+|\s*[–—―]{1,2}\s*|\n\s*[-–—―]*\s*)(?P<by>[^\n–—―]{2,60})$")
_SUBTITLE = re.compile(r"\s*(?:\||\n+|[,，;；.]?\s*(?:with\s+(?:the\s+)?)?(?:sub-?title|副标题)\s*[:：]\s*)\s*", re.I)
_ITEMS = re.compile(r"\s*(?:\n+|;|；)\s*")
_MARK = re.compile(r"^\s*(?:[-*•·–]|\[[ xX]?\]|☐|(?P<number>\d{1,2}|[一二三四五六七八九十])[.)、．])\s*")
_NUMBERED_IN_LINE = re.compile(r"\s*(?<!\d)\d{1,2}[.)、]\s+")
_MOST_WORDS_BETWEEN = 8


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A card as it was asked for."""

    card: Card
    looks: frozenset[str]
    """Words on how it is to look: `dark`, `蓝色`."""


def read_card(prompt: str, style: str | None = None) -> Asked | None:
    """Return the card that a prompt asks for; None where it asks for anything that has to be drawn.

    Args:
        prompt: Begins with what is asked for, such as `title card: …`, or is a diagram such as `A -> B -> C`.
        style: May name the card where the prompt is only what stands on it.
    """
    text = unicodedata.normalize("NFC", prompt).strip()
    if len(text) > MOST_LETTERS:
        return None
    # Of thousands of spaces in a row, the patterns below would try each as the first.
    text = re.sub(r" ?\n[ \n]*", "\n", re.sub(r"[^\S\n]+", " ", text))
    if style and (kind := _named(style)):
        card = _cards(kind, style)(f": {text}")
        return Asked(card=card, looks=_looks(style)) if card else None
    for lead, nouns in ((_LEAD, _NOUNS), (_ASKING_ZH, _NOUNS_ZH)):
        for kind, noun in nouns.items():
            found = re.match(rf"{lead}(?P<noun>{noun})(?![A-Za-z])", text, re.IGNORECASE)
            if found and (card := _cards(kind, found["noun"])(text[found.end() :])):
                return Asked(card=card, looks=_looks(text[: found.end()]) | _looks(_unquoted(text[found.end() :])))
    if (named := _named_after(text)) is not None:
        return named
    if (bare := read_diagram(re.sub(r"的?(?:流程图|示意图)[。.]?$", "", text), is_bare=True)) is not None:
        return Asked(card=bare, looks=frozenset())
    if (said := _quoted_alone(text)) is not None:
        return Asked(card=said, looks=frozenset())
    return None


def _named_after(text: str) -> Asked | None:
    """Return the card of `写着“…”的标题卡`, where what it is stands after its words."""
    for lead, nouns in ((_LEAD, _NOUNS), (_ASKING_ZH, _NOUNS_ZH)):
        begins = re.match(lead, text, re.IGNORECASE)
        for kind in ("title", "quote"):
            ends = re.search(rf"(?:{nouns[kind]})[。.!！]?$", text, re.IGNORECASE)
            if begins and ends and begins.end() <= ends.start():
                inside = text[begins.end() : ends.start()]
                card = _cards(kind, ends[0])(inside) if _QUOTED.search(inside) else None
                if card:
                    return Asked(card=card, looks=_looks(begins[0]) | _looks(_unquoted(inside)))
    return None


def _named(style: str) -> str | None:
    """Return the kind of card that a style is the name of, and of nothing else."""
    for lead, nouns in ((_LEAD, _NOUNS), (_ASKING_ZH, _NOUNS_ZH)):
        for kind, noun in nouns.items():
            if re.fullmatch(rf"{lead}(?:{noun})\s*", style, re.IGNORECASE):
                return kind
    return None


def _cards(kind: str, noun: str) -> "Callable[[str], Card | None]":
    return {
        "title": _title,
        "quote": _quote,
        "list": lambda rest: _list(rest, noun),
        "diagram": lambda rest: read_diagram(
            _after(rest), takes_steps=bool(re.search("flow|process|step|流程", noun, re.I))
        ),
        "chart": lambda rest: read_chart(_after(rest), noun),
    }[kind]


def _title(rest: str) -> TitleCard | None:
    if quoted := _all_quoted(rest):
        return TitleCard(title=quoted[0], subtitle=" ".join(quoted[1:]))
    content = _content(rest) or _said(rest)
    if content is None or _QUOTED.match(content):  # what follows the quoted words is to be drawn
        return None
    parts = [one for one in _SUBTITLE.split(content, maxsplit=1) if one.strip()]
    title, subtitle = (*map(_bare, parts), "")[:2] if parts else ("", "")
    return TitleCard(title=title, subtitle=" ".join(subtitle.split())) if title else None


def _quote(rest: str) -> QuoteCard | None:
    before, quotes, after = _around(rest)
    if quotes and _is_glue(before) and len(quotes) <= 2:
        by = _BY.match(after)
        if by and len(quotes) == 1:
            return QuoteCard(text=quotes[0], by=by["by"].strip())
        if _is_glue(after):
            return QuoteCard(text=quotes[0], by=quotes[1] if len(quotes) == 2 else "")
        return None
    if quotes and not before.strip(" :：\n"):
        return None
    content = _content(rest)
    if content is None:
        return None
    by = _BY_AFTER.search(content)
    text = content[: by.start()] if by else content
    return QuoteCard(text=_bare(text), by=by["by"].strip() if by else "") if _bare(text) else None


def _list(rest: str, noun: str) -> ListCard | None:
    found = re.match(
        r"\s*(?:of|for|关于)?\s*(?P<of>[^:：\n]{0,60}?)\s*(?:[:：]|\n)\s*(?P<items>.+)$", rest, re.DOTALL | re.I
    )
    if not found or len(found["of"].split()) > _MOST_WORDS_BETWEEN:
        return None
    lines = [one for one in _ITEMS.split(found["items"]) if one.strip()]
    if len(lines) == 1:
        several = [one for one in _NUMBERED_IN_LINE.split(lines[0]) if one.strip()]
        numbered = len(several) > 1
        lines = several if numbered else [one for one in re.split(r"\s*[,，、]\s*", lines[0]) if one.strip()]
    else:
        numbered = all((mark := _MARK.match(one)) and mark["number"] for one in lines)
    items = tuple(one for one in (_bare(_MARK.sub("", line)) for line in lines) if one)
    if len(items) < 2:
        return None
    title = found["of"].strip() or (
        "" if re.fullmatch(r"(?:bullet(?:ed)?|numbered)?\s*list(?:\s+card)?|清单|列表", noun, re.I) else noun
    )
    return ListCard(title=title[:1].upper() + title[1:], items=items, numbered=numbered or "numbered" in noun.lower())


def _quoted_alone(text: str) -> QuoteCard | None:
    """Return the card of a prompt that is nothing but words in quotation marks with who said them."""
    found = _QUOTED.match(text)
    by = _BY.match(text[found.end() :]) if found else None
    if not found or not by or not re.match(r"\s*[-–—―]", text[found.end() :]):
        return None
    return QuoteCard(text=next(filter(None, found.groups())).strip(), by=by["by"].strip())


def _content(rest: str) -> str | None:
    """Return what follows a colon, where nothing but a purpose in a few words stands before it."""
    found = re.match(r"\s*(?P<between>[^:：\n\"“「]{0,60}?)\s*[:：]\s*(?P<content>.+)$", rest, re.DOTALL)
    if not found:
        return None
    between = found["between"].strip().lower()
    is_purpose = re.fullmatch(r"(?:for|about|of)\s+(?:\S+\s*){1,6}", between) and not re.search(
        r"\b(?:with|showing|featuring|over|behind|of\s+an?|photo|painting|in\s+the)\b", between
    )
    return found["content"].strip() if is_purpose or _is_glue(between) else None


def _said(rest: str) -> str | None:
    """Return the words after `saying`, where none are quoted: all of them stand on the card."""
    found = re.match(
        r"\s*[,，]?\s*(?:that\s+|which\s+)?(?:say(?:s|ing)|read(?:s|ing)|写[着上])\s*(?P<words>.+)$", rest, re.I
    )
    return found["words"].strip() if found and not _QUOTED.search(rest) else None


def _after(rest: str) -> str:
    """Return what follows a noun without the colon or the words that join it on."""
    return re.sub(
        r"^\s*[,，]?\s*(?:[:：]|(?:that\s+)?show(?:s|ing)\b\s*:?|of\b|for\b|from\b|with\b|显示|表示)?\s*",
        "",
        rest,
        flags=re.IGNORECASE,
    )


def _all_quoted(rest: str) -> list[str]:
    """Return what is quoted, where everything else only joins it."""
    _, quotes, _ = _around(rest)
    return quotes if quotes and _is_glue(_unquoted(rest)) else []


def _around(rest: str) -> tuple[str, list[str], str]:
    found = list(_QUOTED.finditer(rest))
    quotes = [next(filter(None, one.groups())).strip() for one in found]
    return (rest[: found[0].start()], quotes, rest[found[-1].end() :]) if found else (rest, [], "")


def _unquoted(text: str) -> str:
    return _QUOTED.sub(" ", text)


def _is_glue(text: str) -> bool:
    words = re.findall(r"[a-z]+", text.lower())
    others = re.sub(r"[A-Za-z]+", " ", text)
    return (
        all(one in _GLUE for one in words)
        and _GLUE_ZH.fullmatch(others.replace("-", " ").strip("()（）'\" ")) is not None
    )


def _bare(text: str) -> str:
    """Return a text without the quotation marks around all of it, on one line."""
    text = " ".join(text.split())
    found = _QUOTED.fullmatch(text)
    return next(filter(None, found.groups())).strip() if found else text


def _looks(text: str) -> frozenset[str]:
    found = re.findall(r"[a-z]+", text.lower())
    return frozenset(found) & frozenset(_LOOKS.split("|")) | frozenset(
        re.findall(r"深色|浅色|黑色|白色|蓝色|绿色|红色|紫色|黑底|白底", text)
    )
