"""Messages as an endpoint takes them: calls with their results, media only where it is taken."""

from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.messages.tool import invalid_tool_call, tool_call

from sensorium.agent.wire import wire_messages
from sensorium.tools.base.abilities import Ability
from sensorium.tools.base.endpoints import Endpoint, Quirks, ServedModel
from sensorium.tools.base.errors import UnavailableError


def served(name: str = "big", **more: Any) -> ServedModel:
    return ServedModel(endpoint=Endpoint(name="house", base_url="http://localhost/v1", **more), name=name, role="think")


ALL = served(takes=("picture", "audio", "video"))
TEXT = served()
IMAGE = {"type": "image", "base64": "QUJD", "mime_type": "image/png"}


def sent(content: Any, model: ServedModel = ALL) -> Any:
    return wire_messages([HumanMessage(content)], model)[0]["content"]


def test_a_turn_with_calls_keeps_calls_and_results_together() -> None:
    messages = [
        SystemMessage("Plan."),
        HumanMessage("Look", additional_kwargs={"sensorium": {"files": ["secret"]}}),
        AIMessage("", tool_calls=[tool_call(name="probe", args={"名": 1}, id="1")]),
        ToolMessage("done", tool_call_id="1"),
        AIMessage("It is a talk."),
    ]
    call = {"id": "1", "type": "function", "function": {"name": "probe", "arguments": '{"名": 1}'}}
    assert wire_messages(messages, TEXT) == [
        {"role": "system", "content": "Plan."},
        {"role": "user", "content": "Look"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "1", "content": "done"},
        {"role": "assistant", "content": "It is a talk."},
    ]


def test_a_broken_call_goes_back_as_json_so_that_its_result_has_a_place() -> None:
    wrong = AIMessage("", invalid_tool_calls=[invalid_tool_call(name="p", args='"{"', id="1", error=None)])
    sent_back = wire_messages([wrong, ToolMessage("broken", tool_call_id="1", status="error")], TEXT)
    assert [one["role"] for one in sent_back] == ["assistant", "tool"]
    assert sent_back[0]["tool_calls"][0]["function"] == {"name": "p", "arguments": "{}"}


def test_an_empty_answer_is_not_sent_back() -> None:
    assert wire_messages([HumanMessage("a"), AIMessage("")], TEXT) == [{"role": "user", "content": "a"}]


@pytest.mark.parametrize(
    ("reasoning", "wanted"),
    [
        ("drop", {"content": "I look."}),
        ("field", {"content": "I look.", "reasoning_content": "Hm."}),
        ("tags", {"content": "<think>Hm.</think>I look."}),
    ],
)
def test_thought_before_a_call_goes_back_as_the_endpoint_wants_it(reasoning: Any, wanted: dict[str, str]) -> None:
    message = AIMessage(
        "I look.",
        tool_calls=[tool_call(name="p", args={}, id="1")],
        additional_kwargs={"reasoning_content": "Hm."},
    )
    wired = wire_messages([message], served(quirks=Quirks(reasoning=reasoning)))[0]
    assert {name: wired[name] for name in wired if name not in ("role", "tool_calls")} == wanted


def test_thought_before_an_answer_does_not_go_back() -> None:
    message = AIMessage("Yes.", additional_kwargs={"reasoning_content": "Hm."})
    assert wire_messages([message], served(quirks=Quirks(reasoning="field"))) == [
        {"role": "assistant", "content": "Yes."}
    ]


@pytest.mark.parametrize(
    ("block", "wanted"),
    [
        (IMAGE, {"type": "image_url", "image_url": {"url": "data:image/png;base64,QUJD"}}),
        (
            {"type": "image", "url": "https://x.test/a.png", "extras": {"detail": "low"}},
            {"type": "image_url", "image_url": {"url": "https://x.test/a.png", "detail": "low"}},
        ),
        (
            {"type": "audio", "base64": "QUJD", "mime_type": "audio/mpeg"},
            {"type": "input_audio", "input_audio": {"data": "QUJD", "format": "mp3"}},
        ),
        (
            {"type": "video", "base64": "QUJD", "mime_type": "video/mp4"},
            {"type": "video_url", "video_url": {"url": "data:video/mp4;base64,QUJD"}},
        ),
        (
            {"type": "image_url", "image_url": {"url": "https://x.test/a.png"}},
            {"type": "image_url", "image_url": {"url": "https://x.test/a.png"}},
        ),
    ],
)
def test_media_is_sent_as_the_api_has_it(block: dict[str, Any], wanted: dict[str, Any]) -> None:
    assert sent([{"type": "text", "text": "See:"}, block]) == [{"type": "text", "text": "See:"}, wanted]


@pytest.mark.parametrize(
    ("block", "words"),
    [
        (IMAGE, r"`house:big` takes text, and the message holds picture.*\[providers.house.models.\"big\"\]"),
        ({"type": "audio", "base64": "QUJD"}, "holds audio"),
        ({"type": "video_url", "video_url": {"url": "x"}}, "holds video"),
        ({"type": "file", "base64": "QUJD"}, "type 'file' cannot be sent"),
    ],
)
def test_media_that_is_not_taken_is_refused(block: dict[str, Any], words: str) -> None:
    with pytest.raises(UnavailableError, match=words):
        sent([block], TEXT)


def test_a_picture_that_is_not_taken_becomes_its_words_and_says_so() -> None:
    block = {**IMAGE, "extras": {"caption": "a red door"}}
    assert sent([block], TEXT) == "[picture, which house:big does not take; in words: a red door]"
    assert sent([block])[0]["type"] == "image_url"


def test_what_is_taken_is_known_for_each_model() -> None:
    seeing = Ability(pattern="big-vl*", takes=("picture",))
    assert sent([IMAGE], served("big-vl-2", models=(seeing,)))[0]["type"] == "image_url"
    assert sent([IMAGE], served("gpt-4o-2024-08-06"))[0]["type"] == "image_url"
    with pytest.raises(UnavailableError):
        sent([IMAGE], served("big", models=(seeing,)))


def test_pictures_of_results_follow_the_last_result() -> None:
    results = [
        ToolMessage([{"type": "text", "text": "frame"}, IMAGE], tool_call_id="1"),
        ToolMessage("", tool_call_id="2"),
        HumanMessage("go on"),
    ]
    assert [(one["role"], one["content"]) for one in wire_messages(results, ALL)] == [
        ("tool", "frame"),
        ("tool", "(no text)"),
        ("user", [{"type": "image_url", "image_url": {"url": "data:image/png;base64,QUJD"}}]),
        ("user", "go on"),
    ]
    assert len(wire_messages(results[:2], ALL)) == 3


def test_a_name_that_no_encoding_has_can_be_sent() -> None:
    assert sent("caf\udce9.mp4 é") == "caf?.mp4 é"
