"""How a conversation that grew too long is made short."""

import json
import random
from collections.abc import Sequence

import pytest
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage
from langchain_core.messages.tool import tool_call

from sensorium.agent.messages import user_message
from sensorium.agent.shortening import shorten, tokens_of, units

TALK = {"handle": "artifact://sha256/aa", "name": "talk.mp4", "kind": "video", "seconds": 3.0}


def asked(text: str) -> HumanMessage:
    return user_message(text, [TALK])


def called(number: int, letters: int, count: int = 1) -> list[AnyMessage]:
    """Return a message with so many calls, and their results, each so long."""
    ids = [f"call_{number}_{place}" for place in range(count)]
    made = AIMessage("", tool_calls=[tool_call(name="echo", args={"text": "x"}, id=one) for one in ids])
    told = {"tool": "echo", "status": "done", "output": {"text": "word " * (letters // 5)}}
    return [made, *(ToolMessage(json.dumps({"results": {f"s{number}": told}}), tool_call_id=one) for one in ids)]


def conversation(seed: int) -> list[AnyMessage]:
    """Return some turns, each with a request, some calls, and mostly an answer."""
    chance = random.Random(seed)
    messages: list[AnyMessage] = []
    for turn in range(chance.randrange(1, 9)):
        messages.append(asked(f"Question {turn}? " + "字" * chance.randrange(300)))
        for _ in range(chance.randrange(4)):
            messages += called(len(messages), chance.randrange(6000), chance.randrange(1, 4))
        if chance.random() < 0.8:
            messages.append(AIMessage(f"Answer {turn}. " * chance.randrange(1, 80)))
    return messages


def size(messages: Sequence[AnyMessage]) -> int:
    return tokens_of(list(messages))


def test_a_short_conversation_stays_as_it_is() -> None:
    messages = [asked("Hello"), *called(1, 400), AIMessage("Hi")]
    assert shorten(messages, 1000) == messages


@pytest.mark.parametrize("seed", range(60))
def test_calls_and_their_results_are_never_parted_and_the_request_stays(seed: int) -> None:
    messages = conversation(seed)
    last = next(one for one in reversed(messages) if isinstance(one, HumanMessage))
    for most_tokens in (200, 1000, 3000, 9000):
        for end in range(1, len(messages) + 1):
            if end < len(messages) and isinstance(messages[end], ToolMessage):
                continue  # a message of the state never ends between a call and its results
            short = shorten(messages[:end], most_tokens)
            open_calls: list[str] = []
            for message in short:
                if isinstance(message, ToolMessage):
                    assert open_calls and message.tool_call_id == open_calls.pop(0)
                    continue
                assert not open_calls
                if isinstance(message, AIMessage):
                    open_calls = [str(one["id"]) for one in message.tool_calls]
            assert not open_calls
        whole = shorten(messages, most_tokens)
        assert any(str(one.text).startswith(str(last.text)) for one in whole if isinstance(one, HumanMessage))
        assert whole[-1].content == messages[-1].content or str(whole[-1].text).startswith(str(messages[-1].text))


@pytest.mark.parametrize("seed", range(20))
def test_what_is_sent_keeps_to_the_budget_but_for_what_is_never_cut(seed: int) -> None:
    messages = conversation(seed)
    request = max(at for at, one in enumerate(messages) if isinstance(one, HumanMessage))
    never_cut = tokens_of([messages[request]]) + tokens_of(units(messages)[-1])
    assert size(shorten(messages, 3000)) <= 3000 + never_cut + 120  # and the words around the lines


def test_the_beginning_of_what_is_sent_stays_the_same_for_many_calls() -> None:
    messages: list[AnyMessage] = [asked("Go on")]
    beginnings = []
    for number in range(60):
        messages += called(number, 800)
        beginnings.append(str(shorten(messages, 4000)[0].text))
    assert size(messages) > 10_000
    assert 3 <= len(set(beginnings)) <= 12
    assert all(size(shorten(messages[:end], 4000)) < 4500 for end in range(1, len(messages), 2))


def test_what_is_cut_is_told_in_a_line_each() -> None:
    first = [asked("What is it?"), AIMessage("A talk on <kites>.")]
    refused = ToolMessage("The plan was not run: no such tool", tool_call_id="x", status="error")
    wrong: list[AnyMessage] = [AIMessage("", tool_calls=[tool_call(name="ecko", args={}, id="x")]), refused]
    short = shorten([*first, *wrong, *called(1, 30_000), asked("And who speaks?"), *called(2, 100)], 4000)
    earlier = str(short[0].text)
    assert "The user: What is it?" in earlier
    assert '$s1 (echo) done: {"text": "word word' in earlier
    assert "Answer: A talk on \\u003ckites\\u003e." in earlier
    assert "Not run: The plan was not run: no such tool" in earlier
    assert len(earlier) < 1200
    assert [type(one) for one in short] == [HumanMessage, AIMessage, ToolMessage]
    assert earlier.startswith(str(asked("And who speaks?").text))


def test_in_one_long_turn_the_lines_stand_behind_its_request() -> None:
    messages = [asked("Go on"), *called(1, 20_000), *called(2, 100)]
    short = shorten(messages, 4000)
    assert [type(one) for one in short] == [HumanMessage, AIMessage, ToolMessage]
    assert str(short[0].text).startswith(str(messages[0].text))
    assert "$s1 (echo) done" in str(short[0].text)
    assert short[0].additional_kwargs == messages[0].additional_kwargs
