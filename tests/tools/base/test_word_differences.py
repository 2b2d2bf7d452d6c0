"""What only one of two files says or shows."""

import random

from sensorium.tools.base.moments import Kind, Moment, Source
from sensorium.tools.base.word_differences import speech_only_in


def moment(text: str, kind: Kind = "speech") -> Moment:
    return Moment(kind=kind, start_seconds=0.0, end_seconds=1.0, text=text, source=Source(tool="test"))


def test_one_word_more_in_a_long_talk_of_few_words_is_all_that_is_told() -> None:
    words = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
    talk = " ".join(random.Random(1).choices(words, k=400))
    assert [one.text for one in speech_only_in([moment(f"well {talk}")], [moment(talk)])] == ["well"]
