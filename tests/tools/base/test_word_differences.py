"""What only one of two files says or shows."""

import random

import pytest

from sensorium.tools.base.errors import Cancelled
from sensorium.tools.base.moments import Kind, Moment, Source
from sensorium.tools.base.run import Run
from sensorium.tools.base.word_differences import lines_only_in, speech_only_in


def moment(text: str, kind: Kind = "speech") -> Moment:
    return Moment(kind=kind, start_seconds=0.0, end_seconds=1.0, text=text, source=Source(tool="test"))


def test_one_word_more_in_a_long_talk_of_few_words_is_all_that_is_told() -> None:
    words = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
    talk = " ".join(random.Random(1).choices(words, k=400))
    assert [one.text for one in speech_only_in([moment(f"well {talk}")], [moment(talk)])] == ["well"]


def test_lines_that_were_read_a_little_differently_are_one_unless_a_figure_differs(run: Run) -> None:
    first = [moment(text, "text") for text in ("Quarterly revlew", "Page 12", "Agenda", "AGENDA")]
    other = [moment(text, "text") for text in ("Quarterly reviews", "Page 13")]
    assert [one.text for one in lines_only_in(first, other, run)] == ["Page 12", "Agenda"]


def test_comparing_many_lines_can_be_stopped(run: Run) -> None:
    run.cancelled.set()
    with pytest.raises(Cancelled):
        lines_only_in([moment("Agenda", "text")], [moment("Summary", "text")], run)
