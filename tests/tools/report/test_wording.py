"""The words of a report in both languages."""

import re
from pathlib import Path
from types import ModuleType

import pytest

from sensorium.tools import call
from sensorium.tools.base.moments import Measure
from sensorium.tools.base.run import Run
from sensorium.tools.base.words import is_han
from sensorium.tools.report import chinese
from sensorium.tools.report.chinese import in_chinese
from sensorium.tools.report.phrases import PHRASES
from sensorium.tools.report.wording import Wording, clean, clock, quote

HOLES = re.compile(r"\{(\w+)\}")


def test_each_phrase_takes_the_same_values_in_both_languages() -> None:
    for key, (english, other) in PHRASES.items():
        assert sorted(HOLES.findall(english)) == sorted(HOLES.findall(other)), key


def test_each_statement_takes_the_same_values_in_chinese() -> None:
    lines = Path(chinese.__file__).with_name("chinese.txt").read_text(encoding="utf-8").splitlines()
    told = [line for line in lines if line and not line.startswith("#")]
    for english, other in zip(told[::2], told[1::2], strict=True):
        assert not is_han(english) and is_han(other), english
        assert sorted(HOLES.findall(english)) == sorted(HOLES.findall(other)), english


def test_each_statement_is_said_by_its_own_words_in_chinese() -> None:
    lines = Path(chinese.__file__).with_name("chinese.txt").read_text(encoding="utf-8").splitlines()
    told = [line for line in lines if line and not line.startswith("#")]
    filled = [re.sub(r"\{(\d)\}", r"value \1", line) for line in told]
    for english, other in zip(filled[::2], filled[1::2], strict=True):
        assert in_chinese(english) == other


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (
            "Video: h264, 160×90, 25 frames a second, turned by 90° for display.",
            "视频：h264，160×90，每秒 25 帧，显示时旋转 90°。",
        ),
        (
            "Video: h264, 160×90, 25 frames a second on average, varying, turned by 90° for display.",
            "视频：h264，160×90，平均每秒 25 帧（不恒定），显示时旋转 90°。",
        ),
        ("Video: h264, 160×90, turned by 90° for display.", "视频：h264，160×90，显示时旋转 90°。"),
        ("silence", "静音"),
    ],
)
def test_rare_facts_are_known_in_chinese_too(statement: str, said: str) -> None:
    assert in_chinese(statement) == said


def test_the_time_without_sound_has_a_name_in_both_languages() -> None:
    assert [Wording(language).measure("silence_seconds") for language in ("en", "zh")] == ["silence", "静音时长"]


async def test_what_the_tools_state_is_known_in_chinese(run: Run, making: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "two.mp4"
    pictures = [making.slide(text, colour=colour) for text, colour in (("FIRST", "white"), ("SECOND", "navy"))]
    making.video(path, lambda at: pictures[at // 30], seconds=6, fps=10, sound=making.tone(6.0))
    picture = tmp_path / "one.png"
    pictures[0].save(picture)
    for tool, file in (
        ("probe_media", path),
        ("find_scenes", path),
        ("read_text", path),
        ("extract_frames", path),
        ("probe_media", picture),
        ("image_facts", picture),
    ):
        found = await call(tool, {"media": str(file)}, run)
        facts = [one.text for one in found.moments if one.kind == "fact"]
        for statement in [*facts, *found.limits]:
            size = re.fullmatch(r"\w+, \d+ × \d+ pixels", statement)
            assert size or is_han(in_chinese(statement)), f"{tool}: {statement}"


async def test_what_a_summary_leaves_out_is_known_in_chinese_too(run: Run) -> None:
    drafted = "A draft transcript was left out: its words are mostly guesses."
    made = await call("summarize_text", {"text": "Kites need wind. Wind is free."}, run)
    assert all(is_han(in_chinese(one)) for one in [*made.limits, drafted])


def test_an_unknown_statement_stays_as_it_is() -> None:
    assert in_chinese("Something else happened.") == "Something else happened."


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "0:00"), (59.4, "0:59"), (59.6, "1:00"), (754, "12:34"), (3723, "1:02:03")]
)
def test_positions_are_shown_to_the_second(seconds: float, shown: str) -> None:
    assert clock(seconds) == shown


@pytest.mark.parametrize(
    ("measure", "shown"),
    [
        (Measure(name="duration_seconds", value=203.3, unit="s"), "203.3 s (3:23)"),
        (Measure(name="slides", value=5, unit="slides"), "5"),
        (Measure(name="brightness", value=0.4534), "0.45"),
        (Measure(name="bytes", value=1_445_352, unit="bytes"), "1,445,352 bytes"),
    ],
)
def test_measures_have_as_many_digits_as_tell_something(measure: Measure, shown: str) -> None:
    assert Wording("en").value(measure) == shown


def test_quotations_are_cut_at_a_word_and_hold_no_marks_of_their_own() -> None:
    assert quote('He said "no" to all of this', most=20) == "“He said ’no’ to all…”"


def test_marks_that_reorder_text_are_dropped() -> None:
    assert clean("a\u202eb\u2066c\x00 \n d") == "abc d"


def test_no_space_stands_between_a_chinese_unit_and_the_next_word() -> None:
    say = Wording("zh")
    assert say("is_audio", name="a.wav", length=say.length(6.2)) == "a.wav 是一段时长 6.2 秒的录音。"
    assert say("is_audio", name="a.wav", length=say.length(62)) == "a.wav 是一段时长 1:02 的录音。"
