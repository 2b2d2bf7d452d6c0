"""What a description of music asks for, in English or Chinese: mood, tempo, key, metre and instruments."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from .moods import MOODS, Mood, Timbre
from .theory import Key, read_key

SLOWEST, FASTEST = 40, 220
"""Beats a minute."""

_MOODS: Mapping[Mood, str] = {
    "calm": r"calm\w*|peaceful\w*|relax\w*|gentle|gently|soft|quiet\w*|serene|sooth\w*|meditat\w*|ambient|lullab\w*|"
    r"spa|sleep\w*|平静|安静|宁静|舒缓|放松|轻柔|柔和|温和|冥想|摇篮曲|恬静|治愈",
    "happy": r"happy|happily|cheer\w*|joy\w*|bright|sunny|upbeat|uplift\w*|optimis\w*|positive|corporate|merry|"
    r"birthday|festive|celebrat\w*|ukulele|欢快|快乐|开心|愉快|高兴|喜悦|明快|轻快|阳光|喜庆|节日|欢乐|生日",
    "sad": r"sad\w*|melanchol\w*|sorrow\w*|mourn\w*|lonel\w*|grief|tearful|nostalg\w*|heartbr\w*|悲伤|忧伤|伤感|难过|"
    r"哀伤|忧郁|凄凉|孤独|怀旧|悲痛|失落",
    "tense": r"tens\w+|suspens\w*|thrill\w*|horror|scary|danger\w*|anxi\w*|ominous|dark|紧张|悬疑|惊悚|恐怖|"
    r"危险|焦虑|阴暗|压抑",
    "epic": r"epic|hero\w*|cinematic|trailer|majestic|triumph\w*|grand|battle|orchestra\w*|powerful|史诗|宏大|"
    r"壮丽|英雄|磅礴|"
    r"震撼|大气|战斗|恢弘|交响",
    "lo-fi": r"lo-?\s?fi|chill\w*|study|studying|hip-?hop|cafe|coffee|jazz\w*|低保真|慵懒|学习|咖啡|爵士|嘻哈",
    "dreamy": r"dream\w*|ethereal|float\w*|magic\w*|fairy\w*|space|stars?|starry|snow\w*|music box|梦幻|空灵|"
    r"飘渺|星空|童话|魔法|八音盒|雪",
    "romantic": r"romantic|love|tender|wedding|waltz|warm|浪漫|爱情|温柔|婚礼|圆舞曲|华尔兹|温暖|温馨|深情",
    "playful": r"playful|funny|fun|comic\w*|comedy|quirky|whimsical|cartoon\w*|silly|children\w*|kids|pets?|"
    r"8-?bit|chiptune|"
    r"俏皮|搞笑|滑稽|幽默|有趣|活泼|卡通|儿童|顽皮|可爱",
    "mysterious": r"myster\w*|secret\w*|enigma\w*|strange|eerie|detective|night|神秘|诡异|奇异|侦探|夜",
    "energetic": r"energ\w*|danc\w*|electro\w*|edm|techno|house|workout|sport\w*|driving|action|rock|"
    r"fast-paced|动感|激情|"
    r"热血|舞曲|电子|运动|摇滚|劲爆|节奏感",
}
_TIMBRES: Mapping[Timbre, str] = {
    "electric piano": r"electric piano|rhodes|e-?piano|电钢琴",
    "piano": r"(?<!electric )piano|(?<!电)钢琴",
    "guitar": r"guitar|ukulele|吉他|尤克里里",
    "harp": r"harp|竖琴",
    "music box": r"music ?box|celesta|glockenspiel|八音盒|钟琴",
    "vibraphone": r"vibraphone|marimba|xylophone|bells?|颤音琴|马林巴|木琴|铃",
    "strings": r"strings?|violins?|cellos?|orchestra\w*|弦乐|提琴|交响",
    "flute": r"flute|whistle|长笛|笛子|竖笛",
    "clarinet": r"clarinet|oboe|woodwind|单簧管|双簧管|木管",
    "brass": r"brass|horns?|trumpets?|trombones?|铜管|小号|圆号|长号",
    "organ": r"organ|管风琴",
    "synth": r"synth\w*|合成器",
    "chip": r"8-?bit|chiptune|chip|像素|红白机",
}
_LEADING: tuple[Timbre, ...] = ("flute", "clarinet", "brass", "vibraphone", "music box", "chip", "synth")
"""Those that play one note at a time, or mostly a melody; the others can play the chords, too."""
_NO_LOUD_DRUMS = re.compile(
    r"\b(?:no|without)\s+(?:any\s+|the\s+)?(?:heavy|loud)\s+(?:drum\w*|percussion|beats?)\b", re.IGNORECASE
)
_NO_DRUMS = re.compile(
    r"\b(?:no|without)\s+(?:(?:any|the|a|kind of|sort of)\s+){0,3}(?:drum\w*|percussion|beats?)\b|"
    r"\bdrumless\b|(?:无|不要|没有|不带|不含|不用|去掉)(?:任何)?(?:鼓|打击乐)",
    re.IGNORECASE,
)
_DRUMS = re.compile(r"\bdrum\w*|\bpercussion|\bbeats\b(?! (?:a|per) minute)|鼓点|鼓|打击乐", re.IGNORECASE)
_WALTZ = re.compile(r"\bwaltz\w*|\b3/4\b|圆舞曲|华尔兹|三拍", re.IGNORECASE)
_MOOD_LINE = re.compile(rf"\bmood: ({'|'.join(MOODS)})\b", re.IGNORECASE)
_TEMPO = re.compile(
    r"(?<![\d.])(\d{2,3})\s*(?:bpm|beats (?:a|per) minute|拍/分|拍每分|拍)|(?:tempo|bpm)[: =]+(\d{2,3})(?!\d)|"
    r"每分钟\s*(\d{2,3})\s*拍",
    re.IGNORECASE,
)
_KEY = re.compile(
    r"\b(?:in|key:|key of)\s+(?:the key of\s+)?([A-G](?:#|♯|b|♭|-?\s?sharp|-?\s?flat)?[ -](?:major|minor))\b|"
    r"([升降]?[A-Ga-g][大小]调)",
    re.IGNORECASE,
)
_SPEEDS = (
    (re.compile(r"\b(?:very|extremely) slow\w*|很慢|极慢", re.IGNORECASE), 0.72),
    (re.compile(r"\b(?:very|extremely) fast|很快(?!乐)|极快|飞快", re.IGNORECASE), 1.3),
    (re.compile(r"\bslow\w*|慢", re.IGNORECASE), 0.85),
    (re.compile(r"\bfast\w*|\bquick\w*|\bup-?tempo|快节奏|快速|急促", re.IGNORECASE), 1.15),
)
_NOT = re.compile(r"\b(?:not|no|never|without|isn't|non)\s+(?:too\s+|very\s+|a\s+|so\s+)?$|[不没无]太?$", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What was read in a description; None or nothing where it says nothing."""

    mood: Mood | None = None
    key: Key | None = None
    beats_per_minute: int | None = None
    unplayed_tempo: int | None = None
    """One that was asked for, but is slower or faster than anybody plays."""
    tempo_factor: float = 1.0
    timbres: tuple[Timbre, ...] = ()
    drums: bool | None = None
    is_waltz: bool = False

    @property
    def lead(self) -> Timbre | None:
        """The instrument that the melody is for."""
        return next((one for one in self.timbres if one in _LEADING), next(iter(self.timbres), None))

    @property
    def chords(self) -> Timbre | None:
        """The instrument that the chords are for."""
        return next((one for one in self.timbres if one not in _LEADING), None)


def line(mood: str | None, key: Key | None, beats_per_minute: int | None) -> str:
    """Return what was asked for by name as words that `read` and models of music know."""
    parts = [
        f"Mood: {mood}." if mood else "",
        f"Key: {key.name}." if key else "",
        f"Tempo: {beats_per_minute} beats per minute." if beats_per_minute else "",
    ]
    return " ".join(filter(None, parts))


def read(description: str) -> Asked:
    """Return what a description asks for; of a mood, key or tempo that `line` wrote at its end before all else."""
    lines = _MOOD_LINE.findall(description)
    keys = [one for pair in _KEY.findall(description) for one in pair if one]
    tempos = [int(one) for found in _TEMPO.findall(description) for one in found if one]
    playable = next((one for one in reversed(tempos) if SLOWEST <= one <= FASTEST), None)
    return Asked(
        mood=next((one for one in MOODS if lines and one == lines[-1].lower()), None) or _mood(description),
        key=read_key(keys[-1].replace("-", " ")) if keys else None,
        beats_per_minute=playable,
        unplayed_tempo=tempos[-1] if tempos and playable is None else None,
        tempo_factor=next((factor for pattern, factor in _SPEEDS if _is_said(pattern, description)), 1.0),
        timbres=_timbres(description),
        drums=_drums(description),
        is_waltz=bool(_WALTZ.search(description)),
    )


def _drums(description: str) -> bool | None:
    """Return whether drums are wanted, None where nothing is said of them: `soft drums, no heavy beats` are wanted."""
    others = _NO_LOUD_DRUMS.sub("", description)
    if _NO_DRUMS.search(others):
        return False
    if _DRUMS.search(others):
        return True
    return None if others == description else False


def _is_said(pattern: re.Pattern[str], description: str) -> bool:
    """Return whether words are there, and not only as what is not wanted: `not too fast`."""
    return any(not _NOT.search(description[: one.start()]) for one in pattern.finditer(description))


def _mood(description: str) -> Mood | None:
    """Return the mood that most words speak of; of two with as many, the one that is named first."""
    counts: dict[Mood, tuple[int, int]] = {}
    for mood, words in _MOODS.items():
        found = [one for one in _bounded(words).finditer(description) if not _NOT.search(description[: one.start()])]
        if found:
            counts[mood] = (-len(found), found[0].start())
    return min(counts.items(), key=lambda one: one[1])[0] if counts else None


def _timbres(description: str) -> tuple[Timbre, ...]:
    """Return the instruments in the order in which they are named."""
    found = {
        timbre: match.start()
        for timbre, words in _TIMBRES.items()
        if (match := _bounded(words).search(description)) and not _NOT.search(description[: match.start()])
    }
    return tuple(sorted(found, key=lambda timbre: found[timbre]))


def _bounded(words: str) -> re.Pattern[str]:
    """Return a pattern of whole words; Chinese ones have no bounds, and stand beside Latin letters, too."""
    chinese = r"[^\x00-\x7f]"
    return re.compile(rf"(?:(?<![a-z])|(?={chinese}))(?:{words})(?:(?![a-z])|(?<={chinese}))", re.IGNORECASE)
