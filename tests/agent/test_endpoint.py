"""The chat model behind an endpoint: real HTTP and server-sent events, every quirk a script."""

import asyncio
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk

from sensorium.agent.endpoint import EndpointBrain
from sensorium.tools.base.endpoints import Quirks

CANARY = "sk-canary-0a1b2c3d"
Make = Callable[..., EndpointBrain]


def made(message: AIMessage) -> list[tuple[str, Any]]:
    return [(one["name"], one["args"]) for one in message.tool_calls]


async def test_text_streams_and_the_last_chunk_counts_tokens(
    brain: EndpointBrain, server: Any, script: ModuleType
) -> None:
    server.play(script.says("Hel", "lo 你好", pause_seconds=0.02))
    chunks = [chunk async for chunk in brain.astream("hi")]
    assert [chunk.content for chunk in chunks] == ["Hel", "lo 你好", ""]
    last = chunks[-1]
    assert isinstance(last, AIMessageChunk) and last.chunk_position == "last"
    assert last.usage_metadata == {"input_tokens": 11, "output_tokens": 7, "total_tokens": 18}
    assert last.response_metadata == {
        "endpoint": "house",
        "model_name": "big",
        "finish_reason": "stop",
        "usage": "reported",
    }


async def test_the_request_is_streamed_with_tools_and_key(
    brain: EndpointBrain, server: Any, script: ModuleType
) -> None:
    server.play(script.says("ok"))
    tool = {"name": "probe", "description": "Look.", "input_schema": {"type": "object", "properties": {}}}
    await brain.bind_tools([tool]).ainvoke("hi")
    function = {"name": "probe", "description": "Look.", "parameters": {"type": "object", "properties": {}}}
    assert server.requests == [
        {
            "model": "big",
            "messages": [{"role": "user", "content": "hi"}],
            "stream": True,
            "stream_options": {"include_usage": True},
            "tools": [{"type": "function", "function": function}],
        }
    ]
    assert server.headers[0]["authorization"] == f"Bearer {CANARY}"


async def test_quirks_change_the_request(make_brain: Make, server: Any, script: ModuleType) -> None:
    server.play(script.says("ok"))
    await make_brain(quirks=Quirks(usage=False, body={"top_k": 1})).ainvoke("hi")
    assert "stream_options" not in server.requests[0]
    assert server.requests[0]["top_k"] == 1


async def test_several_calls_keep_their_order_ids_and_text(
    brain: EndpointBrain, server: Any, script: ModuleType
) -> None:
    server.play(script.calls(("probe", {"media": "$files[0]"}), ("say", {"text": "你好 \u2028"}), text="I look."))
    message = await brain.ainvoke("hi")
    assert message.content == "I look."
    assert made(message) == [("probe", {"media": "$files[0]"}), ("say", {"text": "你好 \u2028"})]
    assert [one["id"] for one in message.tool_calls] == ["id0", "id1"]


A, B = {"name": "a", "arguments": '{"x": 1}'}, {"name": "b", "arguments": "{}"}


@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param([{"index": 0, "id": "1", "function": A}, {"index": 1, "id": "2", "function": B}], id="whole"),
        pytest.param([{"index": 0, "id": "1", "function": A}, {"index": 0, "id": "2", "function": B}], id="same index"),
        pytest.param([{"id": "1", "function": A}, {"id": "2", "function": B}], id="no index"),
        pytest.param([{"function": A}, {"function": B}], id="neither index nor id"),
        pytest.param([{"index": 0, "id": "1", "function": A}, {"index": 1, "id": "1", "function": B}], id="one id"),
        pytest.param(
            [{"index": 0, "id": "1", "function": {"name": "a", "arguments": {"x": 1}}}, {"index": 1, "function": B}],
            id="arguments as an object",
        ),
        pytest.param(
            [
                {"index": 0, "id": "1", "function": {"name": "a", "arguments": '{"x"'}},
                {"index": 0, "id": "1", "function": {"name": "a", "arguments": ": 1}"}},
                {"index": 1, "id": "2", "function": {"name": "b", "arguments": None}},
            ],
            id="name in every piece, no arguments",
        ),
    ],
)
async def test_calls_are_put_together_however_they_come(
    brain: EndpointBrain, server: Any, script: ModuleType, pieces: list[Any]
) -> None:
    events = [script.delta(tool_calls=[one]) for one in pieces]
    server.play(script.Reply(events=[*events, *script.ending("stop", None)]))
    message = await brain.ainvoke("hi")
    assert made(message) == [("a", {"x": 1}), ("b", {})]
    assert len({one["id"] for one in message.tool_calls}) == 2
    assert all(one["id"] for one in message.tool_calls)


async def test_an_answer_that_is_not_streamed_is_read_all_the_same(
    brain: EndpointBrain, server: Any, script: ModuleType
) -> None:
    function = {"name": "a", "arguments": '{"x": 1}'}
    said = {"role": "assistant", "content": "Look:", "tool_calls": [{"id": "1", "function": function}]}
    whole = {"choices": [{"index": 0, "message": said, "finish_reason": "tool_calls"}], "usage": script.USAGE}
    server.play(script.Reply(body=whole))
    message = await brain.ainvoke("hi")
    assert (message.content, made(message)) == ("Look:", [("a", {"x": 1})])
    assert message.usage_metadata and message.usage_metadata["total_tokens"] == 18


async def test_cut_off_arguments_are_not_completed(brain: EndpointBrain, server: Any, script: ModuleType) -> None:
    server.play(script.calls(("a", '{"x": [1, 2'), ("b", "{'y': True,}")))
    message = await brain.ainvoke("hi")
    assert made(message) == [("b", {"y": True})]
    assert [(one["name"], one["id"]) for one in message.invalid_tool_calls] == [("a", "id0")]


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
async def test_reasoning_is_kept_apart_from_the_answer(
    brain: EndpointBrain, server: Any, script: ModuleType, field: str
) -> None:
    thoughts = [script.delta(**{field: "Let me "}), script.delta(**{field: "see."}), script.delta(content="42")]
    server.play(script.Reply(events=[*thoughts, *script.ending("stop", None)]))
    message = await brain.ainvoke("hi")
    assert message.content == "42"
    assert message.additional_kwargs == {"reasoning_content": "Let me see."}


async def test_thought_between_tags_is_no_part_of_the_answer(
    brain: EndpointBrain, server: Any, script: ModuleType
) -> None:
    server.play(script.says("\n<th", "ink>Let me see", ".</thi", "nk>\n\n", "Use <think> as a tag."))
    message = await brain.ainvoke("hi")
    assert message.content == "Use <think> as a tag."
    assert message.additional_kwargs == {"reasoning_content": "Let me see."}


async def test_nothing_said_is_an_empty_answer(brain: EndpointBrain, server: Any, script: ModuleType) -> None:
    server.play(script.Reply(events=[script.delta(content=None), *script.ending("content_filter", None)]))
    message = await brain.ainvoke("hi")
    assert (message.content, message.usage_metadata) == ("", None)
    assert message.response_metadata["usage"] == "missing"
    assert message.response_metadata["finish_reason"] == "content_filter"


async def test_the_last_of_running_counts_is_the_count(brain: EndpointBrain, server: Any, script: ModuleType) -> None:
    counts = [{**script.delta(content="a"), "usage": {"prompt_tokens": 5, "completion_tokens": n}} for n in (1, 2, 3)]
    details = {"prompt_tokens_details": {"cached_tokens": 4}, "completion_tokens_details": {"reasoning_tokens": 1}}
    last = {"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 3, **details}}
    server.play(script.Reply(events=[*counts, *script.ending("stop", None), last]))
    assert (await brain.ainvoke("hi")).usage_metadata == {
        "input_tokens": 5,
        "output_tokens": 3,
        "total_tokens": 8,
        "input_token_details": {"cache_read": 4},
        "output_token_details": {"reasoning": 1},
    }


async def test_no_tag_at_the_end_is_needed_when_the_answer_is_whole(
    brain: EndpointBrain, server: Any, script: ModuleType
) -> None:
    server.play(script.says("ok", done=False))
    assert (await brain.ainvoke("hi")).content == "ok"


async def test_a_connection_is_used_again(brain: EndpointBrain, server: Any, script: ModuleType) -> None:
    server.play(script.says("a"), script.says("b"))
    assert [(await brain.ainvoke("hi")).content for _ in range(2)] == ["a", "b"]
    assert server.peers[0] == server.peers[1]


def test_a_client_lives_as_long_as_its_loop(brain: EndpointBrain, server: Any, script: ModuleType) -> None:
    server.play(script.says("a"), script.says("b"))
    assert [asyncio.run(brain.ainvoke("hi")).content for _ in range(2)] == ["a", "b"]


def test_it_can_be_called_without_a_loop(brain: EndpointBrain, server: Any, script: ModuleType) -> None:
    server.play(script.says("a"))
    assert brain.invoke("hi").content == "a"
