"""A whole run through the assistant with a model behind an endpoint."""

import json
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pydantic import BaseModel

from sensorium.agent.answer import Answer, Options
from sensorium.agent.assistant import Assistant
from sensorium.agent.cli import main
from sensorium.agent.events import AguiWriter, Event, TextDelta
from sensorium.tools.base.endpoints import Endpoint
from sensorium.tools.base.errors import ProviderError, SettingsError, StorageError
from sensorium.tools.base.run import Run
from sensorium.tools.base.settings import Settings
from sensorium.tools.base.tool import Tool, tool

CANARY = "sk-canary-0a1b2c3d"


class Said(BaseModel):
    """What a small tool gives."""


PLAN = {
    "goal": "Say it twice",
    "steps": [
        {"id": "one", "tool": "echo", "args": {"text": "first"}},
        {"id": "two", "tool": "echo", "args": {"text": "${one.text} again"}},
    ],
}


@pytest.fixture
def assistant(settings: Settings, server: Any, small_tools: dict[str, Tool]) -> Iterator[Assistant]:
    endpoint = Endpoint(name="house", base_url=server.url, key="HOUSE_KEY", secret=CANARY)
    known = replace(settings, models={"think": "house:big"}, endpoints={"house": endpoint})
    with Assistant(known, tools=small_tools) as opened:
        yield opened


@pytest.fixture
def told() -> list[Event]:
    """The events of a run."""
    return []


@pytest.fixture
def ask(assistant: Assistant, told: list[Event]) -> Callable[..., Any]:
    async def run(request: str = "Say it twice", **options: Any) -> Answer:
        return await assistant.run(request, options=Options(**options), on_event=told.append)

    return run


def results(server: Any, request: int) -> list[str]:
    """Return the tool messages that a request ends with."""
    messages = server.requests[request]["messages"]
    last = max(at for at, one in enumerate(messages) if one["role"] == "assistant")
    return [one["content"] for one in messages[last + 1 :]]


async def test_a_plan_and_an_answer_are_two_calls_of_the_model(
    ask: Callable[..., Any], server: Any, script: ModuleType, calls: list[str], told: list[Event]
) -> None:
    server.play(script.calls(("make_plan", PLAN), text="I plan."), script.says("Said ", "twice."))
    answer = await ask()
    assert (answer.status, answer.text, calls) == ("done", "Said twice.", ["first", "first again"])
    assert [one["id"] for one in answer.steps] == ["one", "two"]
    assert answer.usage == [
        {"provider": "house", "model": "big", "calls": 2, "input_tokens": 22, "output_tokens": 14, "unreported": 0}
    ]
    first, second = server.requests
    assert [one["function"]["name"] for one in first["tools"]] == ["echo", "wait", "fail", "stumble", "make_plan"]
    assert [one["role"] for one in second["messages"]] == ["system", "user", "assistant", "tool"]
    assert json.loads(results(server, 1)[0])["results"]["two"]["output"]["text"] == "first again"
    assert [event.text for event in told if isinstance(event, TextDelta)] == ["I plan.", "Said twice."]
    writer = AguiWriter()
    lines = [line for event in told for line in writer.lines(event)]
    assert lines[-1]["usage"] == [{"provider": "house", "model": "big", "inputTokens": 22, "outputTokens": 14}]
    assert [line["messageId"] for line in lines if line["type"] == "TEXT_MESSAGE_START"] == [
        f"{answer.run_id}-answer",
        f"{answer.run_id}-answer-1",
    ]


async def test_a_video_becomes_a_report_with_two_calls_of_the_model(
    tmp_path: Path, server: Any, script: ModuleType, making: ModuleType
) -> None:
    slides = [making.slide("Kites\nand wind"), making.slide("Bridges\nand rivers")]
    talk = making.video(tmp_path / "talk.mp4", lambda n: slides[n // 20], seconds=4)
    perceived = [{"id": name, "tool": tool, "args": {"media": "$files[0]"}, "optional": True}
                 for name, tool in (("probe", "probe_media"), ("text", "read_text"))]  # fmt: skip
    report = {"request": "$request", "media": ["$files[0]"], "findings": ["$probe", "$text"], "run_facts": "$run"}
    steps = [*perceived, {"id": "report", "tool": "write_report", "args": report}]
    server.play(
        script.calls(("make_plan", {"goal": "Report", "steps": steps})), script.says("It is about kites [0:00].")
    )
    endpoint = Endpoint(name="house", base_url=server.url)
    settings = Settings(
        home=tmp_path / "home", offline=True, models={"think": "house:big"}, endpoints={"house": endpoint}
    )
    with Assistant(settings) as assistant:
        answer = await assistant.run("Analyze this video and write a report", [talk])
        made = {one.name: assistant.path(one.handle).read_text() for one in answer.artifacts if "report" in one.name}
    assert (answer.status, answer.text, len(server.requests)) == ("done", "It is about kites [0:00].", 2)
    assert "kites" in str(results(server, 1)).lower()
    written = json.loads(made["report.json"])
    assert [step["tool"] for step in written["run"]["steps"]] == ["probe_media", "read_text"]
    assert "Bridges" in made["report.md"]
    assert '"seconds": 4' in server.requests[0]["messages"][1]["content"]


async def test_a_step_that_a_full_disk_stopped_is_tried_again_when_there_is_room(
    tmp_path: Path, server: Any, script: ModuleType, small_tools: dict[str, Tool], calls: list[str]
) -> None:
    @tool(effect="writes", resource="network")
    async def store(*, run: Run) -> Said:
        """Write where there is room the second time."""
        calls.append("store")
        if calls.count("store") == 1:
            raise StorageError("The disk is full. Free it, then `sensorium resume last`.")
        return Said()

    steps = [{"id": "one", "tool": "echo", "args": {"text": "first"}}, {"id": "two", "tool": "store", "args": {}}]
    server.play(script.calls(("make_plan", {"goal": "x", "steps": steps})), script.says("Done."))
    endpoint = Endpoint(name="house", base_url=server.url)
    settings = Settings(
        home=tmp_path / "home", offline=True, models={"think": "house:big"}, endpoints={"house": endpoint}
    )
    with Assistant(settings, tools={**small_tools, "store": store}) as assistant:
        with pytest.raises(StorageError, match="Free it"):
            await assistant.run("Store it")
        answer = await assistant.resume("last")
    assert (answer.status, answer.text, sorted(calls)) == ("done", "Done.", ["first", "store", "store"])
    assert len(server.requests) == 2


async def test_direct_calls_beside_a_plan_are_run_and_answered_too(
    ask: Callable[..., Any], server: Any, script: ModuleType, calls: list[str]
) -> None:
    server.play(script.calls(("echo", {"text": "alone"}), ("make_plan", PLAN), ("echo", {})), script.says("Done."))
    answer = await ask()
    assert (answer.status, sorted(calls)) == ("done", ["", "alone", "first", "first again"])
    answered = [list(json.loads(one)["results"]) for one in results(server, 1)]
    assert answered[1] == ["one", "two"]
    assert [len(one) for one in answered] == [1, 2, 1]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (("ecko", {}), "There is no tool 'ecko'. Did you mean `echo`?"),
        (("functions.dance", {}), "There is no tool 'functions.dance'"),
        (("echo", '{"text": "cut o'), "`echo`: The arguments break off after 15 characters"),
        (("make_plan", {"goal": "x"}), "The plan has no `steps`"),
        (("make_plan", {"goal": "x", "steps": [{"id": "a", "tool": "echo", "args": {"loud": 1}}]}), "no argument"),
    ],
)
async def test_what_cannot_be_run_goes_back_to_the_model(
    ask: Callable[..., Any], server: Any, script: ModuleType, calls: list[str], *, wrong: Any, words: str
) -> None:
    server.play(
        script.calls(wrong, ("echo", {"text": "beside"})), script.calls(("make_plan", PLAN)), script.says("Done.")
    )
    answer = await ask()
    assert (answer.status, answer.text, calls) == ("done", "Done.", ["first", "first again"])
    assert [words in one for one in results(server, 1)] == [True, True]


async def test_after_three_plans_that_cannot_be_run_the_answer_says_so(
    ask: Callable[..., Any], server: Any, script: ModuleType, calls: list[str]
) -> None:
    server.play(*[script.calls(("ecko", {"text": str(n)}), ("echo", {})) for n in range(5)])
    answer = await ask()
    assert (answer.status, calls, len(server.requests)) == ("failed", [], 3)
    assert answer.text.startswith("The model made 3 plans, and none could be run.")
    assert "There is no tool 'ecko'." in answer.text


async def test_an_empty_answer_is_said_to_be_one_and_the_results_are_kept(
    ask: Callable[..., Any], server: Any, script: ModuleType
) -> None:
    server.play(script.calls(("make_plan", PLAN)), script.says(finish="content_filter"))
    answer = await ask("说两遍")
    assert answer.status == "partial"
    assert "模型没有给出回答（content_filter）" in answer.text and "one、two" in answer.text


async def test_an_answer_that_was_cut_is_partial(ask: Callable[..., Any], server: Any, script: ModuleType) -> None:
    server.play(script.says("The first ha", finish="length"))
    answer = await ask()
    assert answer.status == "partial"
    assert answer.text == "The first ha\n\n(The answer was cut at the model's limit of tokens.)"


@pytest.mark.parametrize(
    ("reason", "status", "more"),
    [
        ("max_tokens", "partial", "\n\n(The answer was cut at the model's limit of tokens.)"),
        ("content_filter", "partial", "\n\n(The model stopped before its answer was whole: content_filter.)"),
        ("insufficient_system_resource", "partial",
         "\n\n(The model stopped before its answer was whole: insufficient_system_resource.)"),
        ("STOP", "done", ""),
        ("eos_token", "done", ""),
        (None, "done", ""),
    ],
)  # fmt: skip
async def test_an_answer_that_ended_for_another_reason_than_its_end_is_partial(
    ask: Callable[..., Any], server: Any, script: ModuleType, *, reason: str | None, status: str, more: str
) -> None:
    server.play(script.says("The first ha", finish=reason))
    answer = await ask()
    assert (answer.status, answer.text) == (status, f"The first ha{more}")


async def test_a_plan_cut_by_the_limit_says_why(ask: Callable[..., Any], server: Any, script: ModuleType) -> None:
    cut = script.calls(("make_plan", json.dumps(PLAN)[:60]))
    events = [one if not one["choices"] or not one["choices"][0]["finish_reason"] else script.ending("length", None)[0]
              for one in cut.events]  # fmt: skip
    server.play(script.Reply(events=events), script.says("I cannot."))
    assert (await ask()).status == "failed"
    assert "plan fewer steps at once" in results(server, 1)[0]


async def test_a_model_that_never_stops_calling_is_stopped(
    ask: Callable[..., Any], server: Any, script: ModuleType, calls: list[str]
) -> None:
    server.play(*[script.calls(("echo", {"text": str(n)})) for n in range(30)])
    answer = await ask()
    assert (answer.status, len(calls), len(server.requests)) == ("partial", 12, 13)
    assert "tools" not in server.requests[-1]
    assert answer.text.startswith("The model gave an empty answer")


async def test_a_run_goes_on_after_the_endpoint_broke_off(
    ask: Callable[..., Any], assistant: Assistant, server: Any, script: ModuleType, calls: list[str]
) -> None:
    server.play(script.calls(("make_plan", PLAN)), script.Reply(events=[script.delta(content="Sai")], cut=True))
    with pytest.raises(ProviderError, match="broke off"):
        await ask()
    assert assistant.runs()[0].status == "failed"
    server.play(script.says("Said twice."))
    answer = await assistant.resume("last")
    told = "\n\n(1 request was sent whose answer never came; it may have been paid.)"
    assert (answer.status, answer.text, calls) == ("done", f"Said twice.{told}", ["first", "first again"])
    assert len(server.requests) == 3
    assert answer.usage[0]["calls"] == 2


async def test_plan_only_shows_what_is_wrong_with_broken_arguments(
    assistant: Assistant, server: Any, script: ModuleType
) -> None:
    server.play(script.calls(("make_plan", "{")), script.calls(("make_plan", PLAN)))
    assert [one.rule for one in (await assistant.plan("Say it twice")).findings] == ["broken-arguments"]
    planned = await assistant.plan("Say it twice")
    assert planned.plan and [one.id for one in planned.plan.steps] == ["one", "two"]


async def test_thought_before_calls_goes_back_where_the_endpoint_wants_it(
    tmp_path: Path, server: Any, script: ModuleType, small_tools: dict[str, Tool]
) -> None:
    server.play(
        script.Reply(events=[script.delta(reasoning_content="Hm."), *script.calls(("make_plan", PLAN)).events]),
        script.says("Done."),
    )
    env = {"SENSORIUM_HOME": str(tmp_path / "home"), "SENSORIUM_THINK": "deepseek:m", "DEEPSEEK_API_KEY": CANARY}
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "sensorium.toml").write_text(f'[providers.deepseek]\nbase_url = "{server.url}"\n')
    with Assistant(Settings.read(env, tmp_path), tools=small_tools) as assistant:
        assert (await assistant.run("Say it twice")).text == "Done."
    assert server.requests[1]["messages"][2]["reasoning_content"] == "Hm."


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        ({"events": [], "body": "<html></html>"}, 3, "Set `OPENAI_BASE_URL`"),
        ({"status": 401, "body": {}}, 3, "Set `OPENAI_API_KEY`"),
        ({"status": 404, "body": {"error": "model 'm' not found"}}, 3, "Set `SENSORIUM_THINK`"),
        ({"status": 500, "body": "oh"}, 4, "`openai` failed (500): oh."),
        (None, 4, "the connection was refused"),
    ],
)
def test_the_command_says_in_a_line_what_to_change(
    server: Any, script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *,
    capsys: pytest.CaptureFixture[str], answer: Any, code: int, words: str,
) -> None:  # fmt: skip
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = server.url if answer else f"http://127.0.0.1:{nobody.getsockname()[1]}/v1"
        for name, value in {"HOME": tmp_path / "home", "THINK": "openai:m", "OFFLINE": "1"}.items():
            monkeypatch.setenv(f"SENSORIUM_{name}", str(value))
        monkeypatch.setenv("OPENAI_API_KEY", CANARY)
        monkeypatch.setenv("OPENAI_BASE_URL", url)
        monkeypatch.chdir(tmp_path)
        server.play(*[script.Reply(**answer)] if answer else [])
        assert main(["run", "hello"]) == code
    said = capsys.readouterr()
    assert [line for line in said.err.splitlines() if line.startswith("sensorium: ") and words in line]
    assert CANARY not in said.err + said.out


async def test_the_key_is_nowhere_but_in_the_request(
    ask: Callable[..., Any], assistant: Assistant, server: Any, script: ModuleType, told: list[Event]
) -> None:
    echo = {"error": {"message": f"Incorrect API key provided: {CANARY}"}}
    server.play(script.calls(("make_plan", PLAN)), script.says("Done."), script.Reply(status=401, body=echo))
    await ask()
    with pytest.raises(SettingsError):
        await ask()
    server.play(script.Reply(status=422, body=echo))
    with pytest.raises(ProviderError):
        await ask()
    writer = AguiWriter()
    assert CANARY not in str([line for event in told for line in writer.lines(event)])
    assert CANARY not in str([assistant.show(row.run).plain() for row in assistant.runs()])
    assert [headers["authorization"] for headers in server.headers] == [f"Bearer {CANARY}"] * 4
    files = [path for path in assistant.settings.home.rglob("*") if path.is_file()]
    assert {"library.db", "checkpoints.db"} <= {path.name for path in files}
    assert not [path for path in files if CANARY.encode() in path.read_bytes()]
