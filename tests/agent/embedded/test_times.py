"""Times that requests name."""

import math

import pytest

from sensorium.agent.embedded.times import number, times_in


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("frames at 0:12 and 1:03.5", (12.0, 63.5)),
        ("at 12, 30 and 45 seconds", (12.0, 30.0, 45.0)),
        ("at 1:02:03", (3723.0,)),
        ("1m30s", (90.0,)),
        ("1 min 30 s", (90.0,)),
        ("at 1 minute and 30 seconds", (90.0,)),
        ("90 seconds", (90.0,)),
        ("two minutes", (120.0,)),
        ("minute 2", (120.0,)),
        ("half a minute in", (30.0,)),
        ("第12秒", (12.0,)),
        ("第10、20、30秒", (10.0, 20.0, 30.0)),
        ("1分30秒", (90.0,)),
        ("一分半", (90.0,)),
        ("二十五秒处", (25.0,)),
        ("1小时2分3秒", (3723.0,)),
        ("a second report", ()),
        ("a 16:9 picture", ()),
        ("this 3-minute video", ()),
        ("the top 10", ()),
    ],
)
def test_points_are_read(text: str, points: tuple[float, ...]) -> None:
    found = times_in(text, 200.0)
    assert (found.points, found.spans, found.every_seconds) == (points, (), None)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("from 0:30 to 1:00", (30.0, 60.0)),
        ("between 10 and 20 seconds", (10.0, 20.0)),
        ("0:10-0:20", (10.0, 20.0)),
        ("10 to 20 s", (10.0, 20.0)),
        ("from 1 minute to 2 minutes", (60.0, 120.0)),
        ("第1分20秒到2分钟", (80.0, 120.0)),
        ("第1分钟到第2分钟", (60.0, 120.0)),
        ("在10秒和20秒之间", (10.0, 20.0)),
        ("the first minute", (0.0, 60.0)),
        ("前30秒", (0.0, 30.0)),
        ("第一分钟", (0.0, 60.0)),
        ("the last 10 seconds", (190.0, 200.0)),
        ("最后半分钟", (170.0, 200.0)),
        ("before 0:30", (0.0, 30.0)),
        ("after 1:30", (90.0, math.inf)),
    ],
)
def test_spans_are_read(text: str, span: tuple[float, float]) -> None:
    found = times_in(text, 200.0)
    assert (found.points, found.spans) == ((), (span,))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("every 10 seconds", 10.0),
        ("every other second", 2.0),
        ("one frame a second", 1.0),
        ("2 frames per second", 0.5),
        ("5 fps", 0.2),
        ("5 frames every 10 seconds", 2.0),
        ("each minute", 60.0),
        ("每10秒截一张", 10.0),
        ("每秒2帧", 0.5),
        ("每分钟一张", 60.0),
        ("0 frames per second", None),
        ("5 frames as one", None),
    ],
)
def test_intervals_are_read(text: str, seconds: float | None) -> None:
    found = times_in(text, 200.0)
    assert (found.points, found.spans, found.every_seconds) == ((), (), seconds)


@pytest.mark.parametrize(
    ("text", "odd"),
    [
        ("at 99:99:99", ("99:99:99",)),
        ("at 1:75 and 0:12", ("1:75",)),
        ("at 1:30:75", ("1:30:75",)),
        ("every 0 seconds", ("every 0 seconds",)),
        ("0 frames per second", ("0 frames per second",)),
        ("a frame at -5 seconds", ("-5 seconds",)),
        ("a frame at -0:05", ("-0:05",)),
        ("每0秒截一张", ("每0秒截一张",)),
        ("在-5秒截图", ("-5秒",)),
        ("at 1:02:03, 59:59 and 123:45", ()),
        ("from 0:10 - 0:20", ()),
        ("10 -20 seconds", ()),
        ("a 16:9 picture", ()),
    ],
)
def test_what_looks_like_a_time_and_is_none_is_told_apart(text: str, odd: tuple[str, ...]) -> None:
    found = times_in(text, 200.0)
    assert found.odd == odd
    assert not odd or found.points == ((12.0,) if "0:12" in text else ())


def test_the_end_of_a_file_of_unknown_length_is_nowhere() -> None:
    assert times_in("the last 10 seconds").spans == ()


def test_what_is_read_is_blank_in_the_rest() -> None:
    text = "what is said at 0:12 about gravity"
    assert times_in(text).rest == text.replace("0:12", "    ")


def test_the_parts_are_the_spans_and_the_points() -> None:
    assert times_in("from 0:30 to 1:00").parts == ((30.0, 60.0),)
    assert times_in("at 0:03 and 0:20").parts == ((3.0, 3.0), (20.0, 20.0))
    assert times_in(", ".join(f"0:{at}" for at in range(10, 20))).parts == ((10.0, 19.0),)
    assert times_in("nothing").parts == ()


@pytest.mark.parametrize(
    ("text", "value"),
    [("12", 12.0), ("1.5", 1.5), ("twelve", 12.0), ("二十五", 25.0), ("一百零五", 105.0), ("十", 10.0)],
)
def test_numbers_are_read_in_digits_and_words(text: str, value: float) -> None:
    assert number(text) == value


def test_digits_without_end_are_no_number() -> None:
    for text in ("at " + "9" * 400 + " seconds", "for " + "1" * 20_000 + " minutes"):
        found = times_in(text)
        assert (found.points, found.spans) == ((), ())
