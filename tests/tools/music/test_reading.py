import pytest

from sensorium.tools.music.reading import line, read
from sensorium.tools.music.theory import Key


@pytest.mark.parametrize(
    ("description", "mood"),
    [
        ("calm piano", "calm"),
        ("欢快的吉他", "happy"),
        ("BGM欢快轻松", "happy"),
        ("A sad song about rain", "sad"),
        ("忧伤的钢琴曲", "sad"),
        ("tension rises", "tense"),
        ("史诗感的交响乐", "epic"),
        ("lofi beats to study", "lo-fi"),
        ("梦幻空灵", "dreamy"),
        ("浪漫的小提琴", "romantic"),
        ("funny cartoon chase", "playful"),
        ("神秘的森林", "mysterious"),
        ("techno", "energetic"),
        ("not sad, but happy", "happy"),
        ("a piece of music", None),
        ("", None),
    ],
)
def test_the_mood_is_read_in_english_and_chinese(description: str, mood: str | None) -> None:
    assert read(description).mood == mood


def test_tempo_key_metre_and_instruments_are_read() -> None:
    asked = read("tense waltz in D minor, 96 bpm, violin and harp, no drums")
    assert (asked.key, asked.beats_per_minute, asked.is_waltz, asked.drums) == (Key(2, "minor"), 96, True, False)
    assert asked.timbres == ("strings", "harp")
    chinese = read("每分钟 120 拍的C大调圆舞曲，长笛和吉他，有鼓")
    assert (chinese.key, chinese.beats_per_minute) == (Key(0, "major"), 120)
    assert chinese.is_waltz and chinese.drums
    assert (chinese.lead, chinese.chords) == ("flute", "guitar")


def test_words_of_speed_bend_the_tempo() -> None:
    asked = ("slow piano", "very fast", "很慢的钢琴", "piano")
    assert [read(one).tempo_factor for one in asked] == [0.85, 1.3, 0.72, 1.0]


@pytest.mark.parametrize("description", ["happy but not too fast", "not slow", "not very fast", "不太慢的钢琴"])
def test_a_speed_that_is_not_wanted_does_not_bend_the_tempo(description: str) -> None:
    assert read(description).tempo_factor == 1.0


@pytest.mark.parametrize(
    "description",
    [
        "waltz without any drums",
        "rock, no heavy drums",
        "no percussion",
        "drumless jazz",
        "不带鼓的摇滚",
        "没有任何打击乐",
    ],
)
def test_drums_that_are_not_wanted_are_not_played(description: str) -> None:
    assert read(description).drums is False


@pytest.mark.parametrize("description", ["soft drums, no heavy beats", "light percussion without any loud drums"])
def test_soft_drums_are_played_where_only_loud_ones_are_not_wanted(description: str) -> None:
    assert read(description).drums is True


def test_what_was_asked_for_by_name_counts_before_the_description() -> None:
    asked = read("sad piano in C major. " + line("happy", Key(6, "minor"), 90))
    assert (asked.mood, asked.key, asked.beats_per_minute) == ("happy", Key(6, "minor"), 90)
    assert asked.drums is None, "beats per minute are no drums"


def test_a_tempo_that_nobody_plays_is_passed_over() -> None:
    assert read("999 bpm").beats_per_minute is None
    assert read("10 bpm").beats_per_minute is None
    assert read("tempo 1200").beats_per_minute is None
