"""A completion put together from bytes."""

import json

import pytest

from sensorium.agent import stream
from sensorium.agent.stream import Completion, NotAChat, Piece, Refused


def test_a_completion_that_never_ends_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "MAX_BYTES", 100)
    completion = Completion()
    with pytest.raises(Refused, match="goes on after 100 bytes"):
        for _ in range(9):
            completion.feed(b": keep-alive\n\n")


def test_content_may_be_a_list_of_parts() -> None:
    completion = Completion()
    parts = [{"type": "thinking", "thinking": []}, {"type": "text", "text": "yes"}]
    whole = {"choices": [{"message": {"content": parts}, "finish_reason": "stop"}]}
    completion.feed(json.dumps(whole).encode())
    assert completion.end() == Piece(text="yes")
    assert completion.is_complete


def test_a_refusal_is_what_the_model_says() -> None:
    completion = Completion()
    piece = completion.feed(b'data: {"choices": [{"delta": {"content": null, "refusal": "I cannot."}}]}\n\n')
    assert piece == Piece(text="I cannot.")


def test_only_the_first_of_several_choices_counts() -> None:
    completion = Completion()
    both = [{"index": n, "delta": {"content": str(n)}} for n in (0, 1)]
    assert completion.feed(b"data: " + json.dumps({"choices": both}).encode() + b"\n\n") == Piece(text="0")


def test_events_that_say_nothing_known_are_no_chat() -> None:
    completion = Completion()
    completion.feed(b'data: {"type": "ping"}\n\n')
    with pytest.raises(NotAChat, match="ping"):
        completion.end()


def fed(*parts: object) -> Completion:
    """Return what a stream of these deltas gives."""
    completion = Completion()
    for part in parts:
        completion.feed(b"data: " + json.dumps({"choices": [{"delta": part}]}).encode() + b"\n\n")
    completion.end()
    return completion


@pytest.mark.parametrize(
    "calls", ["x", 7, {"a": 1}, [None], ["x"], [{"index": 0, "function": "x"}], [{"index": [1], "function": [1]}]]
)
def test_what_is_no_call_is_left_out(calls: object) -> None:
    made = fed({"content": "yes"}, {"tool_calls": calls}).calls
    assert [one for one in made if one.name] == []


def test_what_is_nested_too_deeply_is_no_chat() -> None:
    with pytest.raises(NotAChat):
        Completion().feed(b"data: " + b"[" * 100_000 + b"\n\n")


def test_a_letter_that_was_cut_in_two_is_put_together() -> None:
    completion, pieces = Completion(), []
    for half in ("a \ud83e", "\ude81 b", "c \ud83e"):
        function = {"name": "say", "arguments": half}
        part = {"content": half, "reasoning": half, "tool_calls": [{"index": 0, "function": function}]}
        pieces.append(completion.feed(b"data: " + json.dumps({"choices": [{"delta": part}]}).encode() + b"\n\n"))
    pieces.append(completion.end())
    kite = "a 🪁 bc \ufffd"
    assert "".join(one.text for one in pieces) == "".join(one.reasoning for one in pieces) == kite
    assert "".join(call.arguments for one in pieces for call in one.calls) == completion.calls[0].arguments == kite


def test_an_object_of_arguments_is_made_whole_too() -> None:
    function = {"name": "say", "arguments": {"text": ["\ud83e\ude81", "\ud83e"]}}
    assert fed({"tool_calls": [{"function": function}]}).calls[0].arguments == {"text": ["🪁", "\ufffd"]}
