"""What requests mean after others, for the brain without a model."""

import math
from dataclasses import replace
from typing import Any

import pytest

from sensorium.agent.embedded.compose import compose
from sensorium.agent.embedded.facts import File
from sensorium.agent.embedded.followup import Meant, Turn, follow
from sensorium.agent.embedded.intents import (
    Cannot,
    Compare,
    Edit,
    Find,
    Frames,
    Greet,
    Intent,
    Report,
    Slideshow,
    Summarize,
    Transcribe,
)

REPORT, TALK = "Write a report on this talk", "talk.mp4"


def file(name: str, *, new: bool = False) -> File:
    return File(
        reference="$files[0]",
        name=name,
        handle=f"artifact://{name}",
        kind="video",
        seconds=120.0,
        has_sound=True,
        has_pictures=True,
        attached="" if new else "earlier",
    )


def meant(*requests: str, new: str = "", facts: tuple[str, ...] = ()) -> Meant:
    """Ask about one talk, and at the end perhaps about a new file."""
    turns = [Turn(request=one, files=[file(TALK, new=number == 0)]) for number, one in enumerate(requests)]
    if new:
        turns[-1] = Turn(request=requests[-1], files=[file(TALK), file(new, new=True)])
    return follow(turns, facts)


def wanted(*requests: str, **more: Any) -> tuple[Intent, ...]:
    return meant(*requests, **more).understood.intents


@pytest.mark.parametrize(
    ("first", "then", "intent"),
    [
        (REPORT, "now only the second half", Report(span=(60.0, 120.0))),
        (REPORT, "and the first third?", Report(span=(0.0, 40.0))),
        (REPORT, "just from 1:00 to 1:30", Report(span=(60.0, 90.0))),
        (REPORT, "只要后半段", Report(span=(60.0, 120.0))),
        (REPORT, "只看前30秒", Report(span=(0.0, 30.0))),
        (REPORT, "the same for the last ten seconds", Report(span=(110.0, 120.0))),
        (REPORT, "again", Report()),
        (REPORT, "再来一遍", Report()),
        (REPORT, "make it shorter", Summarize(sentences=5)),
        (REPORT, "can you make it a bit shorter, please?", Summarize(sentences=5)),
        (REPORT, "短一点", Summarize(sentences=5)),
        (REPORT, "in one sentence", Summarize(sentences=1)),
        (REPORT, "as 3 bullet points", Summarize(sentences=3)),
        ("Transcribe this", "only the second half", Transcribe(span=(60.0, 120.0))),
        ("转写这个视频", "只要前半段", Transcribe(span=(0.0, 60.0))),
        ("Read the text on the slides", "only the first half", Find(query="", span=(0.0, 60.0), kinds=("text",))),
        ("Make 3 screenshots", "now of the last half", Frames(count=3, span=(60.0, 120.0))),
        (REPORT, "and what about the budget?", Find(query="budget")),
        (REPORT, "那预算呢？", Find(query="预算")),
        (
            "What does she say about kites after 1:00?",
            "and about the budget?",
            Find(query="budget", span=(60.0, math.inf)),
        ),
        ("What does she say about kites?", "and in the second half?", Find(query="kites", span=(60.0, 120.0))),
        (REPORT, "Now only the part after 1:00", Report(span=(60.0, math.inf))),
        (REPORT, "between 0:30 and 0:50 only", Report(span=(30.0, 50.0))),
        (REPORT, "从1分钟开始", Report(span=(60.0, math.inf))),
        (REPORT, "只看1分钟以后的", Report(span=(60.0, math.inf))),
        ("Transcribe this", "go back to the whole video", Transcribe()),
        ("转写这个视频", "还是看整个视频吧", Transcribe()),
        ("转写这个视频", "回到整个视频", Transcribe()),
        (REPORT, "switch to English", Report()),
        (REPORT, "一样的，但是用英文", Report()),
        (REPORT, "更短", Summarize(sentences=5)),
        (REPORT, "缩短到两句话", Summarize(sentences=2)),
        (REPORT, "说得详细点", Report()),
        (REPORT, "transcribe it", Transcribe()),
        (REPORT, "Thanks!", Greet()),
        ("hello", "make it shorter", Cannot("change")),
    ],
)
def test_a_change_keeps_what_it_does_not_name(first: str, then: str, intent: Intent) -> None:
    assert wanted(first, then) == (intent,)


def test_changes_add_up() -> None:
    assert wanted(REPORT, "make it shorter", "even shorter", "only the first half") == (
        Summarize(sentences=3, span=(0.0, 60.0)),
    )
    assert wanted("Transcribe this", "only the second half", "the whole thing") == (Transcribe(),)
    assert wanted("Transcribe this", "only the last half", "shorter") == (Summarize(sentences=5, span=(60.0, 120.0)),)


@pytest.mark.parametrize("then", ["in Chinese", "in Chinese, please", "用中文", "Could you do that in Chinese?"])
def test_a_language_is_kept_until_another_is_named(then: str) -> None:
    assert meant(REPORT, then).understood.language == "zh"
    assert meant(REPORT, then, "make it shorter").understood.language == "zh"
    assert meant(REPORT, then, "make it shorter", "换成英文").understood.language == "en"
    assert wanted(REPORT, then) == (Report(),)


def test_who_changes_the_language_of_the_requests_is_answered_in_it() -> None:
    assert meant(REPORT, "短一点").understood.language == "zh"
    assert meant("写一份报告", "shorter").understood.language == "en"
    assert meant("写一份报告", "0:30-1:00").understood.language == "zh"


def test_a_language_that_nothing_here_writes_is_said() -> None:
    assert [getattr(one, "lack", "") for one in wanted(REPORT, "and in German")] == ["", "translate"]


def test_a_new_file_is_what_the_request_is_about() -> None:
    for request in ("and this one?", "the same for this one", "这个也一样"):
        asked = meant(REPORT, request, new="b.mp4")
        assert ([one.name for one in asked.files], asked.understood.intents) == (["b.mp4"], (Report(),))
    both = meant(REPORT, "compare it with this one", new="b.mp4")
    assert ([one.name for one in both.files], both.understood.intents) == ([TALK, "b.mp4"], (Compare(),))
    assert len(meant(REPORT, "transcribe talk.mp4", new="b.mp4").files) == 2  # the plan takes the one that is named


@pytest.mark.parametrize(
    ("fact", "language", "sentences"),
    [
        ("I prefer short answers", "en", 3),
        ("我喜欢简短的回答", "en", 3),
        ("Answer me in Chinese", "zh", 5),
        ("请用中文回答我", "zh", 5),
        ("My name is Anna and I live in Beijing", "en", 5),
    ],
)
def test_preferences_fill_in_what_a_request_leaves_open(fact: str, language: str, sentences: int) -> None:
    asked = meant("What is this talk about?", facts=(fact,)).understood
    assert (asked.language, asked.intents) == (language, (Summarize(sentences=sentences),))
    named = meant("Answer in English: give me 7 sentences about this talk", facts=(fact,)).understood
    assert named.language == "en"
    assert all(one.sentences == 7 for one in named.intents if isinstance(one, Summarize))


VERTICAL, FASTER = Edit(task="crop", form="9:16"), Edit(task="speed", amount=2.0)


@pytest.mark.parametrize(
    ("requests", "intents"),
    [
        (("make it vertical", "now make it 2x faster"), (VERTICAL, FASTER)),
        (("make it vertical", "now make it 2x faster", "and reverse it"), (VERTICAL, FASTER, Edit(task="reverse"))),
        (("make it vertical", "no, make it square"), (Edit(task="crop", form="1:1"),)),
        (("改成竖屏", "再加速到2倍"), (VERTICAL, FASTER)),
        (
            ("cut out 0:10 to 0:20", "and cut out 0:40 to 0:50"),
            (
                Edit(task="leave_out", spans=((10.0, 20.0),)),
                Edit(task="leave_out", spans=((40.0, 50.0),)),
            ),
        ),
        (
            ("make it 2x faster", "cut out 0:10 to 0:20", "make it vertical"),
            (FASTER, Edit(task="leave_out", spans=((10.0, 20.0),), stage=1), replace(VERTICAL, stage=1)),
        ),
        (("make it 2x faster", "remove the last 10 seconds"), (Edit(task="leave_out", spans=((110.0, 120.0),)),)),
        (("make it vertical", "make the original 2x faster"), (FASTER,)),
        (("make it vertical", "transcribe it"), (Transcribe(),)),
        (("make a slideshow of this video", "add calm music"), (Slideshow(music=True, mood="calm music"),)),
    ],
)
def test_a_further_change_is_made_of_what_came_out(requests: tuple[str, ...], intents: tuple[Intent, ...]) -> None:
    assert wanted(*requests) == intents


def test_times_of_a_further_change_are_those_of_what_came_out() -> None:
    requests = ("make it 2x slower", "cut out 2:10 to 2:20", "and now cut out 0:10 to 0:20", "keep 0:30 to 3:30")
    steps = compose(meant(*requests).understood, meant(*requests).files).steps
    assert [(one["id"], one["args"]["media"]) for one in steps] == [
        ("changed", "$files[0]"), ("without", "$changed.file"), ("clip", "$without.file")
    ]  # fmt: skip
    assert steps[1]["args"]["parts"] == [[130.0, 140.0], [10.0, 20.0]]
