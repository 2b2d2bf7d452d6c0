"""Charts of given numbers."""

import asyncio
import math
import re
from dataclasses import replace
from typing import Any

import pytest

from sensorium.tools import call
from sensorium.tools.base import fonts
from sensorium.tools.base.errors import ArgumentError
from sensorium.tools.base.moments import Series
from sensorium.tools.base.run import Run
from sensorium.tools.credentials.chosen import Credentials
from sensorium.tools.make_chart import make_chart

LINE = {"name": "a", "x": [0, 1, 2], "y": [3, 1, 4]}
BARS = {"name": "b", "x": ["one", "two"], "y": [3, 1]}


def colours(run: Run, handle: str) -> set[tuple[int, int, int]]:
    from PIL import Image

    with Image.open(run.path(handle)) as picture:
        found = picture.convert("RGB").getcolors(1 << 24)
    assert found
    return {colour for count, colour in found if count > 50}


def _untold(run: Run) -> Run:
    """Return the run with files that do not tell when they were made."""
    return replace(run, settings=replace(run.settings, credentials=Credentials(enabled=False)))


@pytest.mark.parametrize(
    ("kind", "series"),
    [
        ("line", [LINE]),
        ("scatter", [LINE]),
        ("area", [LINE]),
        ("bar", [BARS, BARS]),
        ("bar", [LINE]),
        ("pie", [BARS]),
    ],
)
async def test_each_kind_is_drawn_as_a_picture_and_as_svg(run: Run, kind: str, series: list[dict[str, Any]]) -> None:
    chart = await call("make_chart", {"series": series, "kind": kind, "title": "Some numbers"}, run)
    assert (0, 114, 178) in colours(run, chart.picture.handle)
    assert (chart.picture.name, chart.picture.facts["width_pixels"]) == ("some-numbers.png", 1200)
    assert "<svg" in run.path(chart.drawing.handle).read_text()
    assert chart.points == sum(len(one["y"]) for one in series)


@pytest.mark.parametrize("kind", ["bar", "line", "area"])
async def test_names_that_begin_alike_stay_apart(run: Run, kind: str) -> None:
    names = [f"The same beginning of a long name, {number}" for number in range(3)]
    chart = await call("make_chart", {"series": [{"x": names, "y": [1, 2, 3]}], "kind": kind}, run)
    # The SVG has the words of a label in a comment beside their outlines.
    assert run.path(chart.drawing.handle).read_text(encoding="utf-8").count("<!-- The same beginning of a… -->") == 3


async def test_the_same_numbers_give_the_same_files(run: Run) -> None:
    series = [Series.model_validate(LINE)]
    first, second = [await make_chart.function(series=series, run=_untold(run)) for _ in range(2)]
    assert (first.picture.handle, first.drawing.handle) == (second.picture.handle, second.drawing.handle)


async def test_charts_that_are_drawn_at_once_do_not_change_each_other(run: Run) -> None:
    from matplotlib import rcParams

    before = rcParams["svg.hashsalt"], rcParams["svg.fonttype"]
    series = [Series.model_validate(LINE)]
    made = await asyncio.gather(*(make_chart.function(series=series, run=_untold(run)) for _ in range(8)))
    assert len({one.drawing.handle for one in made}) == 1
    assert (rcParams["svg.hashsalt"], rcParams["svg.fonttype"]) == before


async def test_dollar_signs_are_drawn_as_they_stand(run: Run) -> None:
    chart = await call("make_chart", {"series": [LINE], "title": "$5 and \\frac{ $ & <b>"}, run)
    assert chart.limits == []


async def test_chinese_is_drawn_with_a_font_that_has_it_or_the_lack_is_told(run: Run) -> None:
    chart = await call("make_chart", {"series": [{**BARS, "x": ["第一季度", "第二季度"]}], "kind": "bar"}, run)
    if fonts.find_cjk_font():
        assert chart.limits == []
    else:
        assert chart.limits == [
            f"No font here has {'一二季度第'!r}, so boxes are drawn instead. Install `fonts-noto-cjk`."
        ]


async def test_characters_of_no_font_are_drawn_as_boxes_and_told(run: Run) -> None:
    chart = await call("make_chart", {"series": [LINE], "title": "Old \U00012000 signs"}, run)
    assert chart.limits == ["No font here has '\U00012000', so boxes are drawn instead."]


@pytest.mark.parametrize(
    ("args", "problem"),
    [
        ({"series": [{"name": "a", "x": [1, 2], "y": [1]}]}, "series 'a' has 2 values of `x` and 1 of `y`"),
        ({"series": [{"x": [], "y": []}]}, "series 1 is empty"),
        ({"series": [{"x": [1.0], "y": [math.nan]}]}, "series 1 has 1 values that are no number, such as nan"),
        ({"series": [BARS, LINE]}, "some series have names for `x` and some have numbers"),
        ({"series": [BARS], "kind": "scatter"}, "a scatter chart needs numbers"),
        ({"series": [{"x": ["a"], "y": [-1]}], "kind": "pie"}, "must not be negative"),
        ({"series": [BARS, BARS], "kind": "pie"}, "a pie shows one series, and there are 2"),
        ({"series": [LINE, {**LINE, "x": [0, 1, 3]}], "kind": "bar", "stacked": True}, "need the same `x`"),
        ({"series": []}, "at least 1 item"),
        ({"series": [LINE], "kind": "donut"}, "Input should be 'line'"),
    ],
)
async def test_numbers_that_cannot_be_drawn_are_refused_with_the_reason(
    run: Run, args: dict[str, Any], problem: str
) -> None:
    with pytest.raises(ArgumentError, match=re.escape(problem)):
        await call("make_chart", args, run)
