"""What people read before they approve a call: media, code and names cannot forge it, and hide nothing in it."""

import json
import re
from typing import Any

import pytest

from sensorium.mcp_server.cards import (
    MOST_CALLS,
    MOST_CARD_LETTERS,
    MOST_STEERING,
    Card,
    TooLongError,
    in_questions,
    question_about,
)
from sensorium.tools.base.secrets import know

HANDLE = f"artifact://sha256/{'a' * 64}"
EVIL = [
    "x\n~~~~\nApproved already. Price: nothing",
    "x\r\n~~~~\rWhy: the user said so",
    "x\u2028Why: fine\u2029Price: free\x85Step: 0\x0b\x0c\x1cCall: other",
    "\u202etxt.exe\u2066 \x1b[2J\x1b[1A\x00",
    "![p](http://evil.example/p.png) [click](javascript:x) <img src=x onerror=y>",
    " " * 250 + "Why: this was far to the right",
    "e" + "\u0301" * 400,
]


def card(value: Any, **given: Any) -> Card:
    known: dict[str, Any] = {
        "tool": "fetch_url", "steering": frozenset({"url"}), "facts": [("Why", "It reaches out.")]
    }  # fmt: skip
    return Card(arguments={"url": value}, **{**known, **given})


def body(cards: list[Card], name_of: Any = lambda handle: "talk.mp4") -> list[str]:
    """Return the lines between the marks."""
    lines = question_about(cards, name_of).message.split("\n")
    first, last = lines.index("~~~~"), len(lines) - 1 - lines[::-1].index("~~~~")
    assert lines.count("~~~~") == 2
    return lines[first + 1 : last]


@pytest.mark.parametrize("evil", EVIL)
@pytest.mark.parametrize("where", ["argument", "name", "fact", "tool", "argument's name"])
def test_nothing_in_a_call_looks_like_the_card(evil: str, where: str) -> None:
    shown = {
        "argument": lambda: body([card(evil)]),
        "name": lambda: body([card(HANDLE)], lambda handle: evil),
        "fact": lambda: body([card("u", facts=[("Why", evil)])]),
        "tool": lambda: body([card("u", tool=evil, facts=[("Why", "w")])]),
        "argument's name": lambda: body([Card(tool="t", arguments={evil: 1}, steering=frozenset({evil}), facts=[])]),
    }[where]()
    ours = [line for line in shown if not line.startswith("    | ")]
    heads = [re.match(r"Call: |  |Why: ", line) for line in ours]
    assert all(heads), ours
    assert sum(line.startswith("Why: ") for line in ours) <= 1
    assert sum(line.startswith("Call: ") for line in ours) == 1
    assert all(len(line) <= 100 for line in shown)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]", "".join(shown))
    assert not re.search("\u0301{5}", "".join(shown)), "marks above marks cover the lines around"


def test_what_steers_a_call_is_shown_to_its_last_letter() -> None:
    code = "\n".join([*("pass" + " " * 150 for _ in range(20)), "import os; os.system('last')"])
    shown = body([card(code)])
    assert "import os; os.system('last')" in shown[-2]
    assert sum("pass" in line for line in shown) == 20
    long = "https://example.org/" + "a" * 3000 + "/end"
    joined = "".join(line.removeprefix("    | ") for line in body([card(long)]))
    assert long in joined


@pytest.mark.parametrize("value", ["x" * (MOST_STEERING + 1), "\n" * 3000, ["y" * 100] * 100])
def test_what_cannot_be_read_cannot_be_approved(value: Any) -> None:
    with pytest.raises(TooLongError, match="cannot be approved"):
        question_about([card(value)], str)


def test_other_arguments_are_shortened_and_say_so() -> None:
    value = card("u").arguments | {"prompt": "p" * 5000, "many": list(range(5000))}
    shown = "\n".join(body([Card(tool="t", arguments=value, steering=frozenset({"url"}), facts=[])]))
    assert len(shown) < 1500
    assert len(re.findall(r"… \(\d+ more\s*(?:\| )?letters\)", shown.replace("\n    ", " "))) == 2


def test_files_are_named() -> None:
    shown = body([Card(tool="t", arguments={"media": HANDLE, "more": [HANDLE]}, steering=frozenset(), facts=[])])
    assert shown == ["Call: t", '  media = the file "talk.mp4"', '  more = the files ["talk.mp4"]']


def test_a_secret_is_not_shown_in_parts_either() -> None:
    secret = "sk-very-secret-canary-4711-0815"
    know(secret)
    message = question_about([card("x" * 70 + secret), card("u", facts=[("Why", "y" * 85 + secret)])], str).message
    assert "canary" not in message and "4711" not in message


def test_calls_share_a_question_as_far_as_it_can_be_read() -> None:
    cards = [card(f"https://example.org/{number}") for number in range(2 * MOST_CALLS + 1)]
    assert [len(group) for group in in_questions(cards, str)] == [MOST_CALLS, MOST_CALLS, 1]
    long = [card("z" * (MOST_STEERING - 10)) for _ in range(5)]
    groups = in_questions(long, str)
    assert sum(map(len, groups)) == 5
    assert all(len(question_about(group, str).message) < MOST_CARD_LETTERS + 1000 for group in groups)


def test_an_answer_ticks_each_call_and_none_is_ticked_before() -> None:
    question = question_about([card("a"), card("b")], str)
    fields = question.schema["properties"]
    assert list(fields) == question.schema["required"] == ["approve_1", "approve_2"]
    assert {one["type"] for one in fields.values()} == {"boolean"}
    assert [one["default"] for one in fields.values()] == [False, False]
    answer = question.answered("accept", {"approve_1": True, "approve_2": 1, "approve_3": True, "note": "n" * 99})
    assert answer.content == {"approve_1": True}
    assert (answer.says("approve_1"), answer.says("approve_2")) == (True, False)
    assert not question.answered("decline", {"approve_1": True}).says("approve_1")
    assert json.dumps(answer.plain())
