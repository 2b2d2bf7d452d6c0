"""Words and sentences of English and Chinese text."""

import re
from collections.abc import Sequence
from functools import cache
from typing import Literal

Language = Literal["en", "zh"]
Stretch = tuple[int, int]
"""Start and end of a piece of a text, in characters."""

HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"

# Function words carry no topic. The list is the usual core of English ones plus what speech adds ("okay", "gonna").
_ENGLISH = """
a about above after again against all also am an and any are aren't as at back be because been before being below
between both but by can can't cannot come comes could couldn't did didn't do does doesn't doing don't down during each
even every few for from further get gets getting go goes going gonna got had hadn't has hasn't have haven't having he
he'd he'll he's her here here's hers herself him himself his how however i i'd i'll i'm i've if in into is isn't it
it's its itself just know let let's like lot made make makes many may me might more most much must my myself no nor
not now of off oh ok okay on once one only or other our ours ourselves out over own put really right s said same
say says see shall she she's should shouldn't so some something still such t take than that that's the their
theirs them themselves then there there's these they they'd they'll they're they've thing things think this those
through to too uh um under until up us use used using very want was wasn't way we we'd we'll we're we've well were
weren't what what's when where which while who whom why will with without won't would wouldn't yeah yes yet you
you'd you'll you're you've your yours yourself yourselves"""
STOP_WORDS = frozenset(_ENGLISH.split())

# What breaks a run of hanzi into phrases; longest first, because 我们 must not leave 们 behind. Single ones are few:
# 能, 用, 中, 会 or 地 break more words (动能, 用户, 中国, 会议, 地方) than they part.
_CHINESE = """
的 了 和 与 及 或 是 在 我 你 您 他 她 它 我们 你们 他们 她们 它们 咱们 这 那 这个 那个 这些 那些 这样 那样 这里 那里
一个 一种 一些 一下 就 也 都 还 很 不 没有 可以 能够 应该 需要 对于 关于 因为 所以 但是 而且 如果 然后 虽然 不过
为了 什么 怎么 怎样 如何 为什么 哪 哪里 哪些 谁 吗 呢 吧 啊 呀 嘛 着 被 把 说了 讲了 提到 说到 讲到 大家 现在 今天
就是 还是 已经 自己 时候 非常 进行 通过 以及 并且 之后 之前 其中 请问"""
HAN_STOP_WORDS = tuple(sorted(_CHINESE.split(), key=len, reverse=True))
_HAN_BREAK = re.compile("|".join(HAN_STOP_WORDS))

# A point after these ends no sentence.
_ABBREVIATION = re.compile(
    r"(?:\b(?:mr|mrs|ms|dr|prof|st|vs|etc|e\.g|i\.e|approx|fig|figs|eq|vol|dept|inc|ltd|co|jr|sr)|\b(?-i:[A-Z]))\.$",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"[。！？；…]+[”’」』）】\"']*|(?<![.!?])[.!?]++[\"'”’)\]]*+(?=\s|$)|\n\s*\n")
_SHORT_LINE = 60


# These two take milliseconds to compile, and programs that only list tools do not need them.
@cache
def _han() -> re.Pattern[str]:
    return re.compile(rf"[{HAN}]")


@cache
def _token() -> re.Pattern[str]:
    return re.compile(rf"[{HAN}]+|[^\W_{HAN}]+(?:['’.\-][^\W_{HAN}]+)*")


def is_han(text: str) -> bool:
    """Tell whether any character is a hanzi."""
    return bool(_han().search(text))


def tokens(text: str) -> list[str]:
    """Return the words as written; a run of hanzi, which has no spaces, is one token."""
    return _token().findall(text)


def count_words(text: str) -> int:
    """Count words, each hanzi as one: the usual measure of either language."""
    return sum(len(token) if is_han(token) else 1 for token in tokens(text))


def guess_language(text: str) -> Language:
    """Return the language most of a text is in; a hanzi weighs as much as a Latin word, and a number nothing."""
    written = [token for token in tokens(text) if any(map(str.isalpha, token))]
    han = sum(len(token) for token in written if is_han(token))
    return "zh" if han and han >= sum(not is_han(token) for token in written) else "en"


QUOTED = re.compile(
    "\"([^\"\n]+)\"|“([^”]+)”|「([^」]+)」|『([^』]+)』|《([^》]+)》|‘([^’]+)’|(?<!\\w)'((?:[^'\n]|'(?=\\w))+)'(?!\\w)"
)
"""What stands in quotation marks, in one of its groups."""

_ANSWER_IN = r"\b(?:report|summar\w+|analy\w+|answer|reply|write|respond|minutes|notes)\b.{0,200}?\bin"
_ANSWER = "写|报告|总结|概括|回答|摘要|纪要|分析|输出|生成"
# A language that is spoken, said aloud or searched for is not what the answer is to be in.
_ASKED_FOR: tuple[tuple[Language, re.Pattern[str]], ...] = (
    (
        "zh",
        re.compile(
            rf"{_ANSWER_IN} (?:simplified )?(?:chinese|mandarin)\b|用(?:中文|汉语)|(?:中文|汉语)的?(?:{_ANSWER})",
            re.IGNORECASE,
        ),
    ),
    (
        "en",
        re.compile(
            rf"{_ANSWER_IN} english\b|英[文语]的?(?:{_ANSWER})|(?:{_ANSWER})[^。]{{0,80}}?用英[文语](?!说|讲|念|读|朗)",
            re.IGNORECASE,
        ),
    ),
)


def answer_language(request: str) -> Language:
    """Return the language to answer a request in: the one it names, else that of its words around quotes."""
    return named_language(request) or guess_language(_around_quotes(request))


def named_language(request: str) -> Language | None:
    """Return the language that a request wants its answer in by name; None when it names none."""
    words = _around_quotes(request)
    return next((language for language, pattern in _ASKED_FOR if pattern.search(words)), None)


def _around_quotes(request: str) -> str:
    words = QUOTED.sub(" ", request)
    return words if re.search(r"\w", words) else request


def split_sentences(text: str) -> list[Stretch]:
    """Return where each sentence stands, without the space around it."""
    stretches: list[Stretch] = []
    start = 0
    for end in [*_breaks(text), len(text)]:
        piece = text[start:end]
        left = start + len(piece) - len(piece.lstrip())
        right = start + len(piece.rstrip())
        if left < right and _token().search(text, left, right):
            stretches.append((left, right))
            start = end
        elif stretches and left < right:
            stretches[-1] = (stretches[-1][0], right)
            start = end
    return stretches


def _breaks(text: str) -> list[int]:
    found = {
        match.end()
        for match in _SENTENCE_END.finditer(text)
        if not _ABBREVIATION.search(text, max(0, match.start() - 8), match.end())
    }
    # A short line without a full stop, before one that starts anew, is a heading or a list item.
    position = 0
    for line in text.split("\n"):
        position += len(line) + 1
        following = text[position : position + 1]
        starts_anew = following.isupper() or following.isdigit() or following in "-*•·" or is_han(following)
        if following and starts_anew and 0 < len(line.strip()) < _SHORT_LINE:
            found.add(position)
    return sorted(found)


def stem(word: str) -> str:
    """Return a word without its common English endings, in lower case, so that `releases` and `released` meet.

    The first step of Porter's algorithm (1980) and the final e; rarer endings cost more false meetings than they earn.
    """
    word = word.casefold().replace("’", "'").removesuffix("'s")
    if len(word) <= 3 or not word.isascii():
        return word
    if word.endswith("ies"):
        word = word[:-3] + "i"
    elif word.endswith("sses"):
        word = word[:-2]
    elif word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    for ending in ("ing", "ed"):
        rest = word.removesuffix(ending)
        if rest != word and len(rest) >= 3 and re.search("[aeiouy]", rest):
            word = rest[:-1] if rest[-1] == rest[-2] and rest[-1] not in "lsz" else rest
            break
    if word.endswith("y") and len(word) > 3 and word[-2] not in "aeiou":
        word = word[:-1] + "i"
    return word[:-1] if word.endswith("e") and len(word) > 4 else word


def letters(text: str) -> str:
    """Return what counts when texts are compared: no spaces, no case."""
    return "".join(text.split()).casefold()


def is_stop(word: str) -> bool:
    """Tell whether a word carries no topic of its own."""
    folded = word.casefold().replace("’", "'")
    return folded in STOP_WORDS or (len(folded) == 1 and not is_han(folded) and not folded.isdigit())


def han_phrases(run: str) -> list[str]:
    """Return the pieces of a run of hanzi between function words."""
    return [piece for piece in _HAN_BREAK.split(run) if piece]


def terms(text: str, *, query: bool = False) -> list[str]:
    """Return what a text is found by: stems of its content words, and overlapping pairs of hanzi.

    Args:
        query: Leave out single hanzi unless one stands alone: they are indexed for it only.
    """
    found: list[str] = []
    for token in tokens(text):
        if not is_han(token):
            if not is_stop(token):
                found.append(stem(token))
            continue
        for piece in han_phrases(token) or [token] if query else [token]:
            found += [piece[at : at + 2] for at in range(len(piece) - 1)]
            if not query or len(piece) == 1:
                found += piece
    return found


def join(parts: Sequence[str]) -> str:
    """Join pieces of running text: a space between words, none between hanzi."""
    text = ""
    for part in filter(None, (part.strip() for part in parts)):
        glue = "" if not text or (_is_wide(text[-1]) and _is_wide(part[0])) else " "
        text += glue + part
    return text


def _is_wide(letter: str) -> bool:
    return is_han(letter) or letter in "，。！？；：、“”‘’（）《》「」"
