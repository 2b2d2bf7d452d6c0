"""How much of a long result a model is told."""

import random
from typing import Any

import pytest

from sensorium.agent.digest import BESIDE_LETTERS, allot, head_of
from sensorium.agent.tidy import written


def test_a_short_result_is_whole() -> None:
    assert head_of({"text": "short"}, 100) is None


def test_the_head_of_a_list_says_how_much_is_left_and_where_it_goes_on() -> None:
    result = {"language": "en", "moments": [f"0:{n:02} speech: word" for n in range(60)]}
    head = head_of(result, 400)
    assert head and len(written(head.value)) <= 400
    assert head.value["language"] == "en"
    assert (head.pointer, head.rest) == ("/moments", result["moments"])
    assert head.value["moments"] == [*result["moments"][: head.kept], f"… {60 - head.kept} more"]


def test_the_head_of_a_text_says_how_long_it_is() -> None:
    head = head_of({"text": "x" * 5000}, 1000)
    assert head and head.value["text"] == "x" * head.kept + "… (5000 letters)"
    assert head.pointer == "/text" and 600 < head.kept < 1000


def test_the_largest_cut_is_the_one_that_is_named() -> None:
    head = head_of({"few": ["a" * 30] * 9, "many/~": ["b" * 30] * 99}, 500)
    assert head and head.pointer == "/many~1~0"


@pytest.mark.parametrize("seed", range(40))
def test_a_head_is_never_longer_than_it_may_be(seed: int) -> None:
    chance = random.Random(seed)

    def value(depth: int) -> Any:
        match chance.randrange(4 if depth else 2):
            case 0:
                return "字w" * chance.randrange(900)
            case 1:
                return chance.random()
            case 2:
                return [value(depth - 1) for _ in range(chance.randrange(30))]
        return {f"name{n}": value(depth - 1) for n in range(chance.randrange(30))}

    result = value(3)
    for letters in (300, 1500, 12_000):
        head = head_of(result, letters)
        assert len(written(head.value if head else result)) <= letters + 3


def test_what_no_other_step_used_gets_most_of_the_room() -> None:
    sizes = {"speech": 9_000, "text": 800, "found": 5_000, "report": 9_000, "chart": 200}
    letters = allot(sizes, {"found", "report", "chart"}, 12_000)
    assert letters == {"chart": 200, "found": 5_000, "report": 6_800, "text": 800, "speech": BESIDE_LETTERS}


def test_what_all_fits_is_not_cut() -> None:
    sizes = {"speech": 6_000, "found": 5_000}
    assert allot(sizes, {"found"}, 12_000) == sizes


def test_a_result_alone_may_have_all_the_room() -> None:
    assert allot({"speech": 50_000}, {"speech"}, 12_000) == {"speech": 12_000}


def test_however_many_there_are_they_keep_to_the_room() -> None:
    sizes = {f"s{n}": 4_000 for n in range(64)}
    assert sum(allot(sizes, {"s1", "s2"}, 12_000).values()) <= 12_000 * 1.25
