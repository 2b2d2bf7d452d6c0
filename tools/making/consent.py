"""Whether words are the consent of a speaker to have a voice cloned."""

import difflib
import re
from enum import Enum

from ..base.words import tokens

SENTENCE = "I consent to my voice being cloned"
_AGREE = ("consent", "agree", "allow", "permit", "permission", "authorize", "authorise", "approve", "grant", "license")
_AGREE_FORMS = {form for one in _AGREE for form in (one, f"{one}s", f"{one}ed", f"{one}ing")}
_VOICE = ("voice", "voices", "speech", "recording", "cloned", "clone", "cloning", "copied", "copy")
_ALIKE = 0.8
"""A word that a recogniser wrote nearly so is that word."""
_NO = re.compile(
    r"\b(?:(?:do|does|did|will|would|can|could|shall|should)(?:\s+not|n['’]?t)|cannot|never|not|refuse\w*|deny|denies|"
    r"object\w*|forbid\w*|no\s+one|nobody)\b(?:\s+\w+){0,4}?\s+(?:consent|agree|allow|permi|authori[sz]|approv|grant)\w*|"
    r"(?<!no )\b(?:refuse|object|decline|forbid)\w*\b|\bwithout\s+(?:my\s+)?(?:consent|permission)\b",
    re.IGNORECASE,
)
_CHINESE_NO = re.compile(
    r"(?:不|没有|未|从未|拒绝|禁止|反对|不得|不会)[^，。！？]{0,4}?(?:同意|允许|授权|许可|准许|批准)|拒绝|禁止|反对"
)
_CHINESE_YES = re.compile(r"同意|允许|授权|许可|准许|批准|愿意")
_CHINESE_VOICE = re.compile(r"声音|嗓音|语音|音色|克隆|复制")


class Consent(Enum):
    """What words say."""

    YES = "yes"
    NO = "no"
    UNCLEAR = "unclear"


def consents(words: str) -> Consent:
    """Return whether words say that a voice may be cloned; English and Chinese."""
    if _NO.search(words) or _CHINESE_NO.search(words):
        return Consent.NO
    if _CHINESE_YES.search(words) and _CHINESE_VOICE.search(words):
        return Consent.YES
    written = [one.lower() for one in tokens(words)]
    return Consent.YES if _has(written, tuple(_AGREE_FORMS)) and _has(written, _VOICE) else Consent.UNCLEAR


def _has(written: list[str], wanted: tuple[str, ...]) -> bool:
    return any(difflib.get_close_matches(one, wanted, n=1, cutoff=_ALIKE) for one in written if len(one) > 3)
