"""Objects found in JSON that is still coming."""

import json
import random
from typing import Any

import pytest

from sensorium.agent.plan_reader import ObjectReader


def in_pieces(text: str, size: int) -> list[str]:
    return [text[at : at + size] for at in range(0, len(text), size)]


def random_value(moments: random.Random, depth: int) -> Any:
    """Return a value with everything in it that structure could be mistaken for."""
    kind = moments.random()
    if depth > 3 or kind < 0.4:
        return moments.choice([1, None, True, 'a"b\\', "{[", "}]", "\\", '\\"', "é\n steps", ""])
    if kind < 0.7:
        return [random_value(moments, depth + 1) for _ in range(moments.randint(0, 3))]
    names = ("steps", 'a"', "b\\", "{")
    return {moments.choice(names): random_value(moments, depth + 1) for _ in range(moments.randint(0, 3))}


def test_the_objects_of_a_list_are_found_wherever_the_text_is_cut() -> None:
    moments = random.Random(3)
    for _ in range(500):
        steps = [{"args": random_value(moments, 0)} for _ in range(moments.randint(0, 4))]
        goal = moments.choice(["steps", "x\\", '{"steps": [{}]}', 3])
        plan = {"goal": goal, "before": random_value(moments, 1), "steps": steps, "after": random_value(moments, 1)}
        text = json.dumps(plan, ensure_ascii=moments.random() < 0.5, indent=moments.choice([None, 1]))
        reader, found = ObjectReader("steps"), []
        while text:
            size = moments.randint(0, 7)
            found += reader.feed(text[:size])
            text = text[size:]
        assert [json.loads(one) for one in found] == steps


def test_an_object_is_given_with_its_last_bracket_and_not_before() -> None:
    reader = ObjectReader("steps")
    assert reader.feed('{"goal": "g", "steps": [{"id": "a", "args": {"x": [1]}') == []
    assert reader.feed('}, {"id": ') == ['{"id": "a", "args": {"x": [1]}}']
    assert reader.feed('"b"}]}') == ['{"id": "b"}']


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_without_a_list_the_whole_object_is_found_once(size: int) -> None:
    reader, text = ObjectReader(), '{"text": "a } \\" b", "more": {}}'
    found = [one for piece in in_pieces(f"```json\n{text}\n```{text}", size) for one in reader.feed(piece)]
    assert found == [text]


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(json.dumps({"steps": [{"id": "a"}]})),
        "{'steps': [{'id': 'a'}]}",
        '{"plan": {"steps": [{"id": "a"}]}}',
        '{"steps": {"id": "a"}}',
        '{"steps": ["a", ["b"]], "others": [{"id": "a"}]}',
        "]]}} nothing",
    ],
)
def test_where_the_list_is_not_nothing_is_found(text: str) -> None:
    reader = ObjectReader("steps")
    assert [one for piece in in_pieces(text, 2) for one in reader.feed(piece)] == []
