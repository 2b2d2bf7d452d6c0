"""The words a request wants said aloud."""

import re

from ...tools.base.dialogue import found_dialogue
from .intents import Say
from .wording import MASK, either

LANGUAGES = {
    "en": "english|英语|英文",
    "zh": "chinese|mandarin|putonghua|中文|汉语|普通话|国语",
    "yue": "cantonese|粤语|广东话",
    "de": "german|德语|德文",
    "fr": "french|法语|法文",
    "es": "spanish|西班牙语",
    "it": "italian|意大利语",
    "pt": "portuguese|葡萄牙语",
    "ru": "russian|俄语|俄文",
    "ja": "japanese|日语|日文",
    "ko": "korean|韩语|韩文",
    "ar": "arabic|阿拉伯语",
    "hi": "hindi|印地语",
    "nl": "dutch|荷兰语",
    "pl": "polish|波兰语",
    "tr": "turkish|土耳其语",
    "sv": "swedish|瑞典语",
    "vi": "vietnamese|越南语",
}
ANY_LANGUAGE = "|".join(LANGUAGES.values())
_NORMAL, _SLOW, _VERY_SLOW, _FAST = 160, 110, 80, 220
"""Words a minute; 150-160 is the pace of audiobooks."""

_QUOTE = rf"(?P<quote>{MASK}+)"
_VERB = r"say|speak|pronounce|narrate|utter|announce|vocali[sz]e|read|text[- ]to[- ]speech|tts"
_ASKING = re.compile(
    r"\b(?:what|when|where|how|why|who|which|does|did|do they|find|search|mentions?)\b|什么|哪|几次|找|是否|有没有"
)
_WITH_MARK = re.compile(
    rf"(?:^|[.!?;,:\n]\s*|\b(?:and|then|please|to|you|me|just|now|also|aloud)\s+)(?P<verb>{_VERB})\b"
    rf"(?P<mid>[^{MASK}.!?\n:]{{0,80}})(?:{_QUOTE}|:\s*(?P<colon>\S.*))",
    re.DOTALL,
)
_WANTING = r"(?:please|can you|could you|would you|just|now|hey|hi|hello|i want you to|i'd like you to)[\s,]+"
_NOT_WORDS = either(
    r"""
        what|when|where|which|how|why|who|if|it(?!')|this|that(?!')|something|anything|my
        the (?:text|summary|transcript|words|result)
    """
)
_BARE_END = either(
    rf"""
        aloud|out loud|loudly|(?:very )?slowly|(?:very )?fast|quickly|in a \w+ voice|at \d+|in (?:{ANY_LANGUAGE})
    """
)
_BARE = re.compile(
    rf"(?:^|\b(?:and|then)\b)\W*(?:{_WANTING})*(?:say|pronounce|announce|speak)\s+(?!(?:{_NOT_WORDS})\b)"
    rf"(?P<bare>[^\n{MASK}]+?)\s*(?=$|[.!?\n]|\b(?:{_BARE_END})\b)"
)
_FILE_TEXT = re.compile(
    either(
        r"""
            \b(?:read|say|speak|narrate)\b[^.!?\n]{0,60}\b(?:aloud|out loud|to me)\b|\btext[- ]to[- ]speech\b|\btts\b
            \b(?:speak|narrate|voice)\s+(?:the|this|it|my)\b[^.!?\n]{0,40}|语音合成|文字转语音|读(?:给我听|出声)
            (?:朗读|念)(?:一下|出来?)?[^,。:]{0,12}|[把将][^,。]{1,12}(?:念|朗读|读)(?:出来|给我听|一遍)
        """
    )
)
_HAN_VERB = r"(?:朗读|念|读|说|播报|语音合成|文字转语音)"
_HAN_WITH_MARK = re.compile(
    rf"(?<![他她它们里师者人听小解])(?P<verb>{_HAN_VERB})"
    r"(?P<mid>(?:一下|一遍|出来|出|给我听|大声|这句话|这段话|这句|这段|以下|下面|的|内容|文字|对话|对白|话|:)*?)\s*"
    rf"(?:{_QUOTE}|:\s*(?P<colon>\S.*))|[把将]\s*(?P<quote2>{MASK}+)\s*(?:用\w{{1,4}})?(?:大声)?地?{_HAN_VERB}",
    re.DOTALL,
)
_HAN_BARE = re.compile(
    rf"^\W*(?:请|帮我|麻烦|你|能不能|可以)*(?:用(?:{ANY_LANGUAGE}))?(?:大声|慢慢|慢速|快速)?地?说(?:一[句声])?"
    rf"(?!说|明|出|一|了|什么|过|到|的|话|清|不)(?P<bare>[^,。?\n{MASK}]{{1,80}})"
)
_IN_LANGUAGE = re.compile(rf"(?:\bin (?:an? )?|用)(?P<name>{ANY_LANGUAGE})")
_DIALOGUE = re.compile(
    r"dialogue|dialog\b|conversation|\b(?:two|three|several|different) voices|对话|对白|[两二三]个(?:声音|人)"
)
_AS_SOUND = re.compile(
    r"^(?!.*(?:video|film|movie|slide|summar|视频|影片|电影|总结|摘要))"
    r".*?(?:audio|sound|voices?\b|record|podcast|speech|aloud|音频|声音|录音|配音|语音|读).{0,60}?:\s*(?P<colon>\S.*)",
    re.DOTALL,
)
"""Before a dialogue, which is asked for as sound."""
_VOICE = re.compile(
    r"\b(?:in|with|by|using) (?:an? )?(?P<kind>[a-z' -]{2,30}?) voice\b|"
    r"用(?:一个)?(?P<han>女|男|[^,。:用]{1,6}的)性?(?:声|嗓)音?"
)
_FEMALE, _MALE = (
    re.compile(r"\b(?:female|feminine|woman|girl|lady)|女"),
    re.compile(r"\b(?:male|masculine|man|guy|boy)|男"),
)
_NO_VOICE = re.compile(rf"\b(?:slow|fast|quick|loud|{ANY_LANGUAGE})")
_NEXT_QUOTE = re.compile(r"[\"”」』]\s+[\"“「『]")
_PACE = re.compile(r"(?:\bat |语速)\s*(?P<pace>\d{2,3})(?!\d)\s*(?:words|wpm|$|字|词|\b)")


def say_in(text: str, matched: str) -> tuple[Say, str] | None:
    """Return what is to be said aloud, and the plain text with that part blank; None when nothing is.

    Args:
        text: The request as it was typed.
        matched: The same for matching, made by `masked`.
    """
    for pattern in (_WITH_MARK, _HAN_WITH_MARK, _BARE, _HAN_BARE):
        for hit in pattern.finditer(matched):
            parts = hit.groupdict()
            name = next(name for name in ("quote", "quote2", "colon", "bare") if parts.get(name))
            start, end = _sentence(matched, hit.start(), hit.end(name))
            around = matched[start : hit.start(name)] + " " + matched[hit.end(name) : end]
            if _ASKING.search(matched[start : hit.start(name)]) or not _is_speech(hit, name, around):
                continue
            words = text[hit.start(name) : hit.end(name)].strip().strip("\"“”「」『』《》‘’'").strip()
            words = _NEXT_QUOTE.sub(" <#0.5#> ", words)
            blank = matched[: hit.start()] + " " * (end - hit.start()) + matched[end:]
            return _say(words, around), blank
    if (known := _AS_SOUND.match(matched)) and found_dialogue(words := text[known.start("colon") :].strip()):
        return _say(words, f"dialogue {matched[: known.start('colon')]}"), " " * len(matched)
    whole = _FILE_TEXT.search(matched)
    if whole is None or _ASKING.search(matched[max(0, whole.start() - 20) : whole.start()]):
        return None
    start, end = _sentence(matched, whole.start(), whole.end())
    blank = matched[: whole.start()] + " " * (whole.end() - whole.start()) + matched[whole.end() :]
    return _say("", matched[start:end]), blank


def _is_speech(hit: re.Match[str], name: str, around: str) -> bool:
    """Tell "read 'x' aloud" from "read the text in 'x'": reading needs a word that says aloud, or a colon."""
    verb = hit.groupdict().get("verb")
    if verb == "read" and name == "quote":
        return bool(re.search(r"\b(?:aloud|out|loud|to me)\b", around))
    if verb == "read":
        return bool(re.search(r"\b(?:aloud|out|loud|to me|this|following)\b", around))
    if verb in ("读", "念"):
        return name == "quote" or bool(re.search(r"出|听|下面|以下|这|大声|:", hit[0]))
    return True


def _sentence(matched: str, start: int, end: int) -> tuple[int, int]:
    """Return where the sentence around a part begins and ends."""
    before = max(matched.rfind(mark, 0, start) for mark in ".!?。\n") + 1
    after = re.search(r"[.!?。;\n]|,\s*(?=\w)|\band\b|然后|并", matched[end:])
    return before, end + after.start() if after else len(matched)


def _say(words: str, around: str) -> Say:
    language = None
    if found := _IN_LANGUAGE.search(around):
        language = next(code for code, names in LANGUAGES.items() if found["name"] in names.split("|"))
    return Say(
        text=words,
        language=language,
        words_per_minute=_pace(around),
        as_dialogue=_is_dialogue(words, around),
        voice=_voice(around),
    )


def _voice(around: str) -> str:
    found = _VOICE.search(around)
    kind = (found["kind"] or found["han"]).removesuffix("的") if found else ""
    if _NO_VOICE.search(kind):
        return ""
    return "female" if _FEMALE.search(kind) else "male" if _MALE.search(kind) else kind


def _is_dialogue(words: str, around: str) -> bool:
    """Tell whether several speak: it is said so, or the names of who does are no headings."""
    if _DIALOGUE.search(around):
        return not words or bool(found_dialogue(words))
    names = [one.speaker for one in found_dialogue(words)]
    return len(set(names)) < len(names) or any(len(one) == 1 for one in names)


def _pace(around: str) -> int | None:
    if found := _PACE.search(around):
        return int(found["pace"])
    if re.search(r"\bvery slow|非常慢|很慢", around):
        return _VERY_SLOW
    if re.search(r"\bslow|慢", around):
        return _SLOW
    if re.search(r"\b(?:fast|quick)|快", around):
        return _FAST
    return None
