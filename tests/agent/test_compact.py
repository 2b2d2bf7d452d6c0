"""What a model reads of a result."""

import json

from sensorium.agent.compact import MAX_LETTERS, compact


def test_a_short_result_is_whole_but_for_its_plumbing() -> None:
    assert compact({"text": "x", "source": {"tool": "t"}, "items": [1, 2], "none": None, "zero": 0}) == {
        "text": "x",
        "items": [1, 2],
        "zero": 0,
    }


def test_a_long_list_is_cut_until_the_result_is_short_and_says_so() -> None:
    cut = compact([{"at": number, "text": "word " * 60} for number in range(500)])
    assert len(json.dumps(cut)) <= MAX_LETTERS
    assert cut[0]["at"] == 0
    assert cut[-1] == f"… and {500 - (len(cut) - 1)} more"


def test_a_long_text_says_how_long_it_was() -> None:
    assert compact("x" * 5000).endswith("x… (5000 characters)")


def test_nothing_is_too_deep() -> None:
    deep: object = "bottom"
    for _ in range(50):
        deep = {"in": deep}
    assert json.dumps(compact(deep)).count("in") == 6
