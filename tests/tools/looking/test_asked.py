"""Answers of models that look, in the shapes they come in: what is meant is read, what is noise stops nothing."""

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from PIL import Image

from sensorium.tools import call
from sensorium.tools.base.answers import AnswerError, BrokenAnswer, read_answer
from sensorium.tools.base.run import Run
from sensorium.tools.looking.asked import Answer, ChartAnswer, GroundAnswer, ReadAnswer
from sensorium.tools.looking.result import Looked

HUGE = "9" * 400
"""A whole number that no float can hold."""


@pytest.fixture
def field(tmp_path: Path) -> str:
    Image.new("RGB", (400, 300), (90, 90, 90)).save(tmp_path / "field.png")
    return str(tmp_path / "field.png")


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("1.2e3", 1200),
        ("1,200 (2 rows)", None),
        ("about 12", 12),
        ("12 %", 12),
        ("-4.5", -4.5),
        ("5-10", None),
        ("many", None),
        (float("nan"), None),
        (int(HUGE), None),
        (True, None),
    ],
)
def test_a_number_is_read_where_one_is_written(written: Any, number: float | None) -> None:
    answer = ChartAnswer.model_validate({"answer": "x", "chart": {"series": [{"x": [1], "y": [written]}]}})
    assert answer.chart is not None
    assert answer.chart.series[0].y == [number]


def test_words_where_objects_were_asked_for_are_taken_for_the_text() -> None:
    answer = Answer.model_validate(
        {"answer": "x", "seen": ["a car", {"picture": None, "text": "b"}, 3], "want": "more"}
    )
    assert [(one.picture, one.text) for one in answer.seen] == [(1, "a car"), (0, "b")]
    assert answer.want == []


@pytest.mark.parametrize(
    ("said", "enough"), [(None, True), ("yes", True), ("partly", False), ("不够", False), (0, False)]
)
def test_enough_may_be_said_in_words(said: Any, enough: bool) -> None:
    assert Answer.model_validate({"answer": "x", "enough": said}).enough is enough


def test_rows_that_are_objects_have_their_names_as_head() -> None:
    answer = ReadAnswer.model_validate({"tables": [{"rows": [{"year": 2024, "sold": 3}, {"year": 2025}]}]})
    assert answer.tables[0].rows == [["year", "sold"], ["2024", "3"], ["2025", ""]]


@pytest.mark.parametrize("text", ["{}", '{"answer": ""}', '{"description": "a field"}', '{"answer": " ", "seen": []}'])
def test_an_answer_that_says_nothing_is_none(text: str) -> None:
    with pytest.raises(BrokenAnswer, match="it says nothing"):
        read_answer(text, Answer)


def test_an_empty_list_of_what_was_asked_for_is_an_answer() -> None:
    assert read_answer('{"answer": "", "found": []}', GroundAnswer).found == []


@pytest.mark.parametrize(
    "answer",
    [
        '{"answer": "x", "seen": [{"picture": 1, "text": "a", "box": [0, 0, HUGE, NaN]}]}',
        '{"answer": "x", "seen": [{"picture": HUGE, "text": "a"}]}',
        '{"answer": "x \\ud83d", "seen": []}',
        '{"answer": "x", "enough": false, "want": [{"picture": 1, "frames": HUGE}, true, null]}',
    ],
)
async def test_noise_in_an_answer_costs_no_second_request(
    seeing: Callable[..., Run], server: Any, script: ModuleType, field: str, answer: str
) -> None:
    server.play(script.whole(answer.replace("HUGE", HUGE)))
    looked: Looked = await call("look_at", {"media": field}, seeing())
    assert looked.answer.startswith("x")
    assert len(server.requests) == 1
    json.loads(looked.model_dump_json())


@pytest.mark.parametrize("choices", [5, {"a": 1}, None, "text", [3]])
async def test_choices_that_are_none_are_an_empty_answer(
    seeing: Callable[..., Run], server: Any, script: ModuleType, field: str, choices: Any
) -> None:
    server.play(*[script.Reply(body={"choices": choices})] * 2)
    with pytest.raises(AnswerError, match="The answer is empty"):
        await call("look_at", {"media": field}, seeing())


@pytest.mark.parametrize("count", [int(HUGE), -5, 0, True, "9"])
async def test_a_count_of_tokens_that_cannot_be_true_is_not_believed(
    seeing: Callable[..., Run], server: Any, script: ModuleType, field: str, count: Any
) -> None:
    server.play(script.whole('{"answer": "x"}', usage={"prompt_tokens": count, "completion_tokens": 3}))
    looked = await call("look_at", {"media": field}, seeing())
    assert (looked.spent.reported_tokens, looked.spent.answer_tokens) == (None, 3)


async def test_a_position_on_an_axis_that_is_no_number_is_a_name(
    seeing: Callable[..., Run], server: Any, script: ModuleType, field: str
) -> None:
    chart = json.dumps({"answer": "x", "chart": {"series": [{"x": [int(HUGE), 2], "y": [1, 2]}]}})
    server.play(script.whole(chart))
    looked = await call("look_at", {"media": field, "task": "chart"}, seeing())
    assert looked.chart.series[0].x == [HUGE, "2"]


async def test_what_is_counted_without_a_number_is_as_many_as_its_boxes(
    seeing: Callable[..., Run], server: Any, script: ModuleType, field: str
) -> None:
    boxes = [{"picture": 1, "box": [0.1, 0.1, 0.2, 0.2]}, {"picture": 1, "box": [0.5, 0.1, 0.6, 0.2]}]
    counts = [{"what": "cars", "number": None, "boxes": boxes}, {"what": "trees", "number": -4}]
    server.play(script.whole(json.dumps({"answer": "Two cars.", "counts": counts})))
    looked = await call("look_at", {"media": field, "task": "count", "question": "How many cars?"}, seeing())
    assert [(one.what, one.number, len(one.places)) for one in looked.counts] == [("cars", 2, 2)]


async def test_long_names_of_many_pictures_stay_inside_the_budget(
    seeing: Callable[..., Run], server: Any, script: ModuleType, eyes: ModuleType, tmp_path: Path
) -> None:
    names = [str(tmp_path / f"{number:02}{'long' * 50}.png") for number in range(12)]
    for number, name in enumerate(names):
        Image.new("RGB", (900, 700), (20 * number, 0, 0)).save(name)
    wanted = [{"picture": number, "box": [0, 0, 0.5, 0.5]} for number in range(1, 9)]
    server.answering = eyes.answering(script, lambda _: {"answer": "x", "enough": False, "want": wanted})
    run = seeing()
    for budget in (3000, 5000, 8000):
        args = {"media": names[0], "compare_with": names[1:], "budget_tokens": budget}
        looked = await call("look_at", args, run)
        assert looked.spent.estimated_tokens <= budget
    assert eyes.pictures(server.requests[0])[1].label.endswith("…onglong.png'")
