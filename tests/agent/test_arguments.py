"""Arguments as models write them: mended where it is certain, refused where it is a guess."""

import json
from typing import Any

import pytest
from langchain_core.messages import AIMessageChunk
from langchain_core.messages.tool import tool_call_chunk

from sensorium.agent.arguments import BrokenArguments, broken, read_arguments, why_broken

WANTED = {"a": [1, None], "b": "x, }"}


@pytest.mark.parametrize(
    "given",
    [
        WANTED,
        json.dumps(WANTED),
        json.dumps(json.dumps(WANTED)),
        f"```json\n{json.dumps(WANTED)}\n```",
        json.dumps(WANTED) * 2,
        json.dumps(WANTED) + "}",
        json.dumps(WANTED) + "\n</tool_call>",
        json.dumps(WANTED) + "<|im_end|>" * 60,
        json.dumps(WANTED) + "</tool_call><|a b|>]}```",
        '{"a": [1, null,], "b": "x, }",}',
        "{'a': [1, None], 'b': 'x, }'}",
        "\ufeff" + json.dumps(WANTED),
    ],
)
def test_what_has_one_reading_is_mended(given: Any) -> None:
    assert read_arguments(given) == WANTED


@pytest.mark.parametrize("given", [None, "", "  ", "{}", "null", '""'])
def test_nothing_is_no_arguments(given: Any) -> None:
    assert read_arguments(given) == {}


def test_a_line_break_inside_a_string_is_kept() -> None:
    assert read_arguments('{"text": "one\ntwo"}') == {"text": "one\ntwo"}


def test_half_a_letter_is_replaced() -> None:
    assert read_arguments(r'{"text": ["\ud83e\ude81", "\uD83E", "\\ud83e"]}') == {"text": ["🪁", "\ufffd", r"\ud83e"]}


def test_a_backslash_that_begins_no_escape_stands_for_itself() -> None:
    assert read_arguments(r'{"pattern": "\d+\\s\n\u00e9"}') == {"pattern": "\\d+\\s\né"}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ('{"a": 1', "break off after 7 characters"),
        ('{"a": "one two', "break off after 14 characters"),
        ('{"a": [1, 2', "break off"),
        ('{"a": 1 "b": 2}', "not JSON: Expecting ',' delimiter at character 8, near '{\"a\": 1 \"b\": 2}'"),
        ('{"a": 1}{"b": 2}', "something follows the object"),
        ('{"a": NaN}', "NaN is no JSON"),
        ("[1, 2]", r"are \[1, 2\], and must be a JSON object"),
        ("seven", "not JSON"),
        (7, "are 7"),
        ("[" * 100_000, "nested too deeply"),
        ("{}" + "<|a|>" * 60 + "<|a", "something follows the object"),
        ("```json" + "\n" * 20_000 + "x", "not JSON"),
        ('{"page": "' + '<a href=\\"x\\">y</a>' * 20_000, "break off"),
        ('{"a": 1e999}', "1e999 is no JSON"),
        ("{'a': open('/etc/passwd')}", "not JSON"),
        ("{'a': {1, 2}}", "not JSON"),
        (r"{'a': '\x41'}", "not JSON"),
    ],
)
def test_what_would_be_a_guess_is_refused(given: Any, words: str) -> None:
    with pytest.raises(BrokenArguments, match=words):
        read_arguments(given)


def test_broken_arguments_stay_broken_on_their_way_through_langchain() -> None:
    text = '{"steps": [{"id": "a"}'
    chunk = AIMessageChunk(content="", tool_call_chunks=[tool_call_chunk(name="p", args=broken(text), id="1", index=0)])
    assert chunk.tool_calls == []
    assert why_broken(chunk.invalid_tool_calls[0]["args"]) == (
        f"The arguments break off after {len(text)} characters: …{text!r}."
    )
