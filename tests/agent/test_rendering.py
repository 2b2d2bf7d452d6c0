"""What a model is sent: only what it can read, and the newest pictures only."""

import itertools
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage
from langchain_core.messages.tool import tool_call
from PIL import Image
from pydantic import BaseModel

from sensorium.agent.act import Executor
from sensorium.agent.assistant import Assistant
from sensorium.agent.context import Context
from sensorium.agent.messages import user_message
from sensorium.agent.rendering import (
    LEAST_TOKENS,
    NEWEST_PICTURES,
    Reader,
    messages_for,
    reader_of,
    without_old_thoughts,
)
from sensorium.agent.shortening import MOST_TOKENS
from sensorium.tools.base.abilities import Ability
from sensorium.tools.base.catalog import catalog
from sensorium.tools.base.endpoints import Endpoint, Quirks
from sensorium.tools.base.errors import ProviderError
from sensorium.tools.base.moments import Findings, Moment, Source
from sensorium.tools.base.pictures import jpeg
from sensorium.tools.base.run import Run
from sensorium.tools.base.settings import Settings
from sensorium.tools.base.tool import Tool, tool
from sensorium.tools.base.workspace import Artifact


class Shot(Findings):
    """A picture that was found."""

    picture: Artifact


@pytest.fixture
def tools(small_tools: dict[str, Tool]) -> dict[str, Tool]:
    @tool(effect="pure", resource="cpu")
    async def shoot(number: int, *, run: Run) -> Shot:
        """Make a picture."""
        made = run.put(
            jpeg(Image.new("RGB", (400, 300), (number * 37 % 256, 5 * number, 0))),
            name=f"{number}.jpg",
            media_type="image/jpeg",
        )
        seen = Moment(kind="picture", start_seconds=None, text=f"red {number}", source=Source(tool="shoot"))
        return Shot(picture=made, moments=[seen])

    @tool(effect="pure", resource="cpu")
    async def recite(words: int, *, run: Run) -> "Recited":
        """Say many words."""
        return Recited(text=" ".join(f"word{number}" for number in range(words)))

    return {**small_tools, "shoot": shoot, "recite": recite}


class Recited(BaseModel):
    """Many words."""

    text: str


@pytest.fixture
def opened(tmp_path: Path, server: Any, tools: dict[str, Tool]) -> Iterator[Callable[..., Assistant]]:
    """Open an assistant whose model takes this."""
    assistants: list[Assistant] = []

    def make(**ability: Any) -> Assistant:
        endpoint = Endpoint(name="house", base_url=server.url, models=(Ability(**ability),))
        settings = Settings(
            home=tmp_path / "home", offline=True, models={"think": "house:big"}, endpoints={"house": endpoint}
        )
        assistants.append(Assistant(settings, tools=tools))
        return assistants[-1]

    yield make
    for one in assistants:
        one.close()


def pictures(request: dict[str, Any]) -> list[str]:
    """Return what stands before each picture in a request."""
    parts = [part for one in request["messages"] if isinstance(one["content"], list) for part in one["content"]]
    return [before["text"] for before, part in itertools.pairwise(parts) if part["type"] == "image_url"]


async def test_only_the_newest_pictures_are_sent_and_of_older_ones_their_words(
    opened: Callable[..., Assistant], server: Any, script: ModuleType
) -> None:
    rounds = [script.calls(("shoot", {"number": 2 * n}), ("shoot", {"number": 2 * n + 1})) for n in range(4)]
    server.play(*rounds, script.says("Red [shoot_1.m1]."))
    await opened(takes=("picture",)).run("Which colour?")
    last = server.requests[-1]
    assert pictures(last) == [f"$shoot_{n}.picture:" for n in range(5, 9)]
    assert NEWEST_PICTURES == 4
    assert "red 0" in json.dumps(last["messages"])
    assert [len(pictures(one)) for one in server.requests] == [0, 2, 4, 4, 4]
    roles = [one["role"] for one in last["messages"]]
    assert roles[-4:] == ["assistant", "tool", "tool", "user"]


async def test_a_model_that_takes_no_pictures_is_sent_words_only(
    opened: Callable[..., Assistant], server: Any, script: ModuleType
) -> None:
    server.play(script.calls(("shoot", {"number": 7})), script.says("Red [shoot_1.m1]."))
    await opened().run("Which colour?")
    assert "red 7" in json.dumps(server.requests[-1])
    assert "base64" not in json.dumps(server.requests)


async def test_no_picture_is_sent_where_a_tool_looks_for_the_model(
    opened: Callable[..., Assistant], server: Any, script: ModuleType, tools: dict[str, Tool]
) -> None:
    tools["look_at"] = tools["recite"]
    server.play(script.calls(("shoot", {"number": 7})), script.says("Red [shoot_1.m1]."))
    await opened(takes=("picture",)).run("Which colour?")
    assert "base64" not in json.dumps(server.requests)


async def test_the_users_picture_is_shown_to_a_model_that_takes_pictures(
    opened: Callable[..., Assistant], server: Any, script: ModuleType, tmp_path: Path
) -> None:
    Image.new("RGB", (30, 20), "blue").save(tmp_path / "blue.png")
    server.play(script.says("Done."))
    await opened(takes=("picture",)).run("Which colour?", [tmp_path / "blue.png"])
    content = server.requests[0]["messages"][1]["content"]
    assert [part["type"] for part in content] == ["text", "text", "image_url"]
    assert content[0]["text"].startswith("Which colour?")
    assert content[1]["text"] == "$files[0]:"


async def test_what_a_model_with_a_small_window_is_sent_is_shorter(
    opened: Callable[..., Assistant], server: Any, script: ModuleType
) -> None:
    sizes = {}
    for window in (None, 4_000):
        server.requests.clear()
        server.play(*[script.calls(("recite", {"words": 3_000 + n})) for n in range(6)], script.says("Done."))
        await opened(window_tokens=window).run("Recite")
        sizes[window] = len(json.dumps(server.requests[-1]["messages"]))
    assert sizes[4_000] < 10_000
    assert sizes[None] > 20_000


def test_what_is_left_for_the_conversation_of_a_small_window(make_brain: Any, tools: dict[str, Tool]) -> None:
    def most(window: int | None) -> int:
        return reader_of(make_brain(models=(Ability(window_tokens=window),)), tools).most_tokens

    assert (most(None), most(1_000_000), most(2_048)) == (MOST_TOKENS, MOST_TOKENS, LEAST_TOKENS)
    assert LEAST_TOKENS < most(8_192) < 6_000


async def test_media_that_a_model_does_not_take_becomes_words(
    make_brain: Any, executor: Callable[[], Executor]
) -> None:
    context = Context(brain=make_brain(), catalog={}, executor=executor(), emit=print, max_steps=9)
    video = {"type": "video", "base64": "QUJD", "mime_type": "video/mp4"}
    state: Any = {"messages": [HumanMessage([{"type": "text", "text": "See:"}, video])]}
    sent = await messages_for(state, context)
    assert sent[1].content == [
        {"type": "text", "text": "See:"},
        {"type": "text", "text": "(Video, not shown: this model takes text. The text of its frames and its transcript "
                                 "stands for it.)"},
    ]  # fmt: skip


@pytest.mark.parametrize(("keeps", "left"), [(True, ["", "new"]), (False, ["", ""])])
def test_what_a_model_thought_is_sent_back_only_in_the_turn_it_belongs_to(*, keeps: bool, left: list[str]) -> None:
    def turn(thought: str) -> list[AnyMessage]:
        made = AIMessage(
            "",
            tool_calls=[tool_call(name="echo", args={}, id=thought)],
            additional_kwargs={"reasoning_content": thought},
        )
        return [user_message("Go on", []), made, ToolMessage("{}", tool_call_id=thought)]

    messages = without_old_thoughts([*turn("old"), *turn("new")], Reader(keeps_thoughts=keeps))
    thoughts = [one.additional_kwargs.get("reasoning_content", "") for one in messages if isinstance(one, AIMessage)]
    assert thoughts == left


def test_who_wants_its_thoughts_back_is_a_quirk(make_brain: Any) -> None:
    kept = {reasoning: reader_of(make_brain(quirks=Quirks(reasoning=reasoning)), {}).keeps_thoughts
            for reasoning in ("drop", "field", "tags")}  # fmt: skip
    assert kept == {"drop": False, "field": True, "tags": True}


async def test_every_request_begins_with_the_same_bytes_as_the_one_before(
    opened: Callable[..., Assistant], server: Any, script: ModuleType
) -> None:
    assistant = opened()
    for request in ("Go on", "Begin"):
        server.play(script.calls(("echo", {"text": "1"})), script.calls(("echo", {"text": "2"})), script.says("Done."))
        await assistant.run(request)
    sent = [json.dumps(one["messages"]) for one in server.requests]
    assert all(json.dumps(one["tools"]) == json.dumps(server.requests[0]["tools"]) for one in server.requests)
    for before, after in itertools.pairwise(sent[:3]):
        assert after.startswith(before.removesuffix("]"))
    assert server.requests[0]["messages"][0] == server.requests[3]["messages"][0]


async def test_what_a_model_thought_is_kept_only_where_it_wants_it_back(
    make_brain: Any, settings: Settings, server: Any, script: ModuleType, small_tools: dict[str, Tool]
) -> None:
    for reasoning, kept in (("drop", False), ("field", True)):
        thought = script.delta(reasoning_content="A secret thought.")
        made = script.Reply(events=[thought, *script.calls(("echo", {"text": "1"})).events])
        server.play(made, script.Reply(events=[script.delta(content="So")], cut=True))
        brain = make_brain(quirks=Quirks(reasoning=reasoning))
        home = settings.home / reasoning
        opened = Assistant(replace(settings, home=home), brain=brain, tools=small_tools)
        with opened as assistant, pytest.raises(ProviderError):
            await assistant.run("Go on")
        stored = b"".join(file.read_bytes() for file in home.glob("checkpoints.db*"))
        assert (b"A secret thought." in stored) is kept


async def test_pictures_of_a_real_video_are_sent_once(
    tmp_path: Path, server: Any, script: ModuleType, making: ModuleType
) -> None:
    slides = [making.slide("Kites\nand wind"), making.slide("Bridges\nand rivers")]
    talk = making.video(tmp_path / "talk.mp4", lambda n: slides[n // 20], seconds=4)
    steps = [
        {"id": "frames", "tool": "extract_frames", "args": {"media": "$files[0]", "count": 2}},
        {"id": "text", "tool": "read_text", "args": {"media": "$files[0]"}, "optional": True},
        {"id": "report", "tool": "write_report", "args": {"findings": ["$text"], "run_facts": "$run"}},
    ]
    server.play(script.calls(("make_plan", {"goal": "Report", "steps": steps})), script.says("Done."))
    endpoint = Endpoint(name="house", base_url=server.url, models=(Ability(takes=("picture",)),))
    settings = Settings(
        home=tmp_path / "home", offline=True, models={"think": "house:big"}, endpoints={"house": endpoint}
    )
    tools = {name: one for name, one in catalog().items() if name != "look_at"}
    with Assistant(settings, tools=tools) as assistant:
        answer = await assistant.run("Analyze this video and write a report", [talk])
    assert (answer.status, len(server.requests)) == ("done", 2)
    assert [pictures(one) for one in server.requests] == [
        [],
        ["$frames.items[0].picture:", "$frames.items[1].picture:"],
    ]


async def test_a_model_reads_on_where_a_long_result_was_cut(
    opened: Callable[..., Assistant], server: Any, script: ModuleType, tools: dict[str, Tool]
) -> None:
    tools["read_artifact"] = catalog()["read_artifact"]
    args = {"artifact": "$whole.recite_1", "unit": "characters", "start": 11_960}
    server.play(script.calls(("recite", {"words": 3_000})), script.calls(("read_artifact", args)), script.says("Done."))
    answer = await opened().run("Recite")
    assert [one["status"] for one in answer.steps] == ["done", "done"]
    first = json.loads(server.requests[1]["messages"][-1]["content"])["results"]["recite_1"]
    assert first["more"].endswith(json.dumps(args, separators=(",", ":")))
    shown = first["output"]["text"].partition("… (")[0]
    rest = json.loads(server.requests[2]["messages"][-1]["content"])["results"]["read_artifact_2"]["output"]["text"]
    assert " ".join(f"word{number}" for number in range(3_000)).startswith(shown + rest)


async def test_an_answer_that_was_mended_is_not_sent_in_later_turns(
    make_brain: Any, executor: Callable[[], Executor]
) -> None:
    context = Context(brain=make_brain(), catalog={}, executor=executor(), emit=print, max_steps=9)
    first = [HumanMessage("What?"), AIMessage("A wrong answer."), HumanMessage("Mend it.", id="r1-repair")]
    being_mended: Any = {"messages": first}
    assert [str(one.text) for one in (await messages_for(being_mended, context))[1:]] == [
        "What?", "A wrong answer.", "Mend it.",
    ]  # fmt: skip
    later: Any = {"messages": [*first, AIMessage("A right one."), HumanMessage("And?")]}
    assert [str(one.text) for one in (await messages_for(later, context))[1:]] == ["What?", "A right one.", "And?"]


async def test_a_long_conversation_with_pictures_stays_short_and_its_databases_small(
    opened: Callable[..., Assistant], server: Any, script: ModuleType
) -> None:
    assistant = opened(takes=("picture",), window_tokens=5_200)
    sizes: list[int] = []
    thread, looked_at = None, 0
    for turn in range(20):
        numbers = range(looked_at, looked_at + 2 + turn % 2)
        looked_at = numbers.stop
        server.requests.clear()
        server.play(script.calls(*(("shoot", {"number": one}) for one in numbers)), script.says("Done."))
        answer = await assistant.run(f"Look at the next {len(numbers)} pictures. " * 8, thread=thread)
        thread = answer.thread
        assert answer.status == "done"
        assert len(numbers) <= len(pictures(server.requests[-1])) <= NEWEST_PICTURES
        sizes.append(len(re.sub(r"base64,[^\"]*", "", json.dumps(server.requests[-1]["messages"]))))
    assert looked_at == 50
    assert max(sizes[10:]) <= max(sizes[:10]) * 1.1, sizes
    kept = {file.name: file.stat().st_size for file in assistant.settings.home.glob("*.db")}
    assert sum(kept.values()) < 1_000_000, kept
