"""Requests are filled in: values keep their types, and what is missing is left out."""

from typing import Any

import pytest

from sensorium.tools.jobs.template import MISSING, Hole, holes, render

VALUES = {"prompt": "a {kite} [[x]]", "seconds": 5.0, "loud": True, "pictures": ["a", "b"], "none": []}


def look_up(name: str, filter: str) -> Any:
    value = VALUES.get(name, MISSING)
    return str(value) if filter == "text" and value is not MISSING else value


@pytest.mark.parametrize(
    ("template", "filled"),
    [
        ("{prompt}", "a {kite} [[x]]"),
        ("{seconds}", 5),
        ("{seconds} s, {loud}", "5 s, true"),
        ("{seconds:text}", "5.0"),
        ("{missing}", MISSING),
        ("now: {missing}", MISSING),
        ("{prompt}[[ --ar {missing}]][[ --s {seconds}]]", "a {kite} [[x]] --s 5"),
        ("[[no hole]] {seconds}", "[[no hole]] 5"),
        ({"a": "{seconds}", "b": "{missing}"}, {"a": 5}),
        ({"a": {"b": "{missing}"}, "c": {}, "d": []}, {"c": {}, "d": []}),
        ({"if": "loud", "x": 1}, {"x": 1}),
        ({"a": {"if": "missing", "type": "image"}, "b": 1}, {"b": 1}),
        (["{missing}"], MISSING),
        (["{pictures}", "c"], ["a", "b", "c"]),
        ([{"uri": "{pictures}", "role": "x"}], [{"uri": "a", "role": "x"}, {"uri": "b", "role": "x"}]),
        ([{"type": "text", "text": "{missing}"}, {"type": "y"}], [{"type": "y"}]),
        ([{"a": "{prompt}[[{missing}]]"}], [{"a": "a {kite} [[x]]"}]),
        (7, 7),
    ],
)
def test_templates_are_filled_in(template: Any, filled: Any) -> None:
    assert render(template, look_up) == filled


def test_what_a_template_needs_is_known() -> None:
    template = {"a": ["{x:url}", {"if": "y"}], "b": "{z}[[{w}]]"}
    assert list(holes(template)) == [Hole("x", "url"), Hole("y"), Hole("z"), Hole("w")]
