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
