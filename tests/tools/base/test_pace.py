"""Speech in equal stretches of time."""

from itertools import pairwise

import pytest

from sensorium.tools.base.moments import Moment, Source
from sensorium.tools.base.pace import Pace, pace


def said(start: float, end: float, text: str) -> Moment:
    return Moment(kind="speech", start_seconds=start, end_seconds=end, text=text, source=Source(tool="transcribe"))


def test_words_are_shared_out_over_the_stretches_they_are_said_in() -> None:
    assert pace([said(0, 10, "a b c d e f"), said(12, 14, "g h")], 15) == [
        Pace(start_seconds=0.0, end_seconds=5.0, words=3.0, spoken_seconds=5.0),
        Pace(start_seconds=5.0, end_seconds=10.0, words=3.0, spoken_seconds=5.0),
        Pace(start_seconds=10.0, end_seconds=15.0, words=2.0, spoken_seconds=2.0),
    ]


def test_a_short_rest_belongs_to_the_stretch_before_it() -> None:
    edges = [(one.start_seconds, one.end_seconds) for one in pace([said(0, 11, "a b")], 11)]
    assert edges == [(0.0, 5.0), (5.0, 11.0)]
    assert [one.end_seconds for one in pace([said(0, 13, "a b")], 13)] == [5.0, 10.0, 13.0]


@pytest.mark.parametrize("seconds", [0.5, 59.0, 700.0, 7200.0, 250_000.0])
def test_every_length_gives_few_stretches_that_follow_each_other(seconds: float) -> None:
    found = pace([said(0, seconds, "word " * 100)], seconds)
    assert 1 <= len(found) <= 30
    assert (found[0].start_seconds, found[-1].end_seconds) == (0.0, seconds)
    assert all(one.end_seconds == two.start_seconds for one, two in pairwise(found))
    assert sum(one.words for one in found) == pytest.approx(100)


def test_a_moment_without_length_keeps_its_words() -> None:
    assert sum(one.words for one in pace([said(3, 3, "a b")], 10)) == pytest.approx(2)
