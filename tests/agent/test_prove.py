"""What a model says of a real video is proven before anybody reads it."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from sensorium.agent.answer import Answer
from sensorium.agent.assistant import Assistant
from sensorium.agent.events import AguiWriter, Event, TextDelta
from sensorium.tools.base.budget import Caps
from sensorium.tools.base.endpoints import Endpoint
from sensorium.tools.base.errors import ProviderError
from sensorium.tools.base.settings import Settings

REQUEST = "Analyze this video and write a report"
PERCEIVED = [
    {"id": "probe", "tool": "probe_media", "args": {"media": "$files[0]"}},
    {"id": "text", "tool": "read_text", "args": {"media": "$files[0]"}},
]
REPORT = {
    "id": "report",
    "tool": "write_report",
    "args": {"request": "$request", "media": ["$files[0]"], "findings": ["$probe", "$text"], "run_facts": "$run"},
}
GOOD = "The first slide says “Kites and wind” [text.m1, text.m2]. It lasts 4 s [probe.duration_seconds]."
BAD = "The first slide says “Kites and rain” [text.m1]."

Ask = Callable[..., Any]


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory, making: ModuleType) -> Path:
    slides = [making.slide(text) for text in ("Kites\nand wind", "Bridges\n[click](http://evil.example/x)")]
    return making.video(tmp_path_factory.mktemp("talk") / "talk.mp4", lambda n: slides[n // 20], seconds=4)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One library: the video is read once."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def assistant(home: Path, server: Any) -> Iterator[Assistant]:
    endpoint = Endpoint(name="house", base_url=server.url)
    settings = Settings(home=home, offline=True, models={"think": "house:big"}, endpoints={"house": endpoint})
    with Assistant(settings) as opened:
        yield opened


@pytest.fixture
def told() -> list[Event]:
    """The events of a run."""
    return []


@pytest.fixture
def ask(assistant: Assistant, server: Any, script: ModuleType, talk: Path, told: list[Event]) -> Ask:
    """Ask about the video; the model plans to look, and then says this."""

    async def run(*said: str, request: str = REQUEST, report: bool = False) -> Answer:
        steps = [*PERCEIVED, *([REPORT] if report else [])]
        server.play(script.calls(("make_plan", {"goal": "Look", "steps": steps})), *map(script.says, said))
        return await assistant.run(request, [talk], on_event=told.append)

    return run


def asked(server: Any) -> str:
    """Return the last message that the model was sent."""
    return str(server.requests[-1]["messages"][-1]["content"])


async def test_what_is_backed_passes_untouched_with_two_calls(ask: Ask, server: Any, told: list[Event]) -> None:
    answer = await ask(GOOD + " It starts with kites [0:00].")
    assert (answer.status, len(server.requests)) == ("done", 2)
    assert answer.text == (
        "The first slide says “Kites and wind” [on screen at 0:00]. It lasts 4 s [measured]. "
        "It starts with kites [0:00]."
    )
    assert [(one["status"], one["evidence"]) for one in answer.claims] == [
        ("backed", ["text.m1", "text.m2"]),
        ("backed", ["probe.duration_seconds"]),
        ("backed", ["text.m1", "text.m2"]),
    ]
    assert "".join(event.text for event in told if isinstance(event, TextDelta)) == answer.text


async def test_a_repair_that_succeeds_is_the_answer(ask: Ask, server: Any, told: list[Event]) -> None:
    answer = await ask(BAD, GOOD)
    assert len(server.requests) == 3
    assert "tools" not in server.requests[-1]
    assert "the quotation 'Kites and rain' does not stand in the evidence" in asked(server)
    assert [one["status"] for one in answer.claims] == ["backed", "backed"]
    assert "rain" not in "".join(event.text for event in told if isinstance(event, TextDelta))


@pytest.mark.parametrize(
    ("said", "status", "problem"),
    [
        (BAD, "struck", "does not stand in the evidence"),
        ("The first slide stands for 7 s [text.m1].", "struck", "the number 7"),
        ("At 0:03 it is about kites [text.m1].", "struck", "the time 0:03"),
        ("It is about kites [9:59].", "marked", "nothing was found at 9:59"),
        ("It is about kites [text.m99].", "marked", "the evidence 'text.m99' does not exist"),
        ("A dog runs through the picture.", "marked", "no evidence is given"),
        ("I saved the report as report.pdf.", "struck", "no tool made the file 'report.pdf'"),
        ("The report is in artifact://sha256/0123abc.", "struck", "no tool made the file"),
    ],
)
async def test_what_stays_unbacked_is_struck_or_marked_and_said(
    ask: Ask, server: Any, *, said: str, status: str, problem: str
) -> None:
    answer = await ask(f"{said} {GOOD}", f"{said} {GOOD}")
    assert len(server.requests) == 3
    assert problem in asked(server)
    first, *others = answer.claims
    assert (first["status"], [one["status"] for one in others]) == (status, ["backed", "backed"])
    if status == "struck":
        assert "1 statement struck" in answer.text and said.split(" [", maxsplit=1)[0].rstrip(".") not in answer.text
    else:
        assert "(not backed by what was found)" in answer.text and "1 statement marked" in answer.text
    assert "9:59" not in answer.text and "m99" not in answer.text
    assert "It lasts 4 s" in answer.text


async def test_the_files_that_were_made_are_listed_where_one_is_invented(ask: Ask, server: Any) -> None:
    said = f"I saved it as summary.pdf. {GOOD}"
    answer = await ask(said, said, report=True)
    assert "summary.pdf" not in answer.text
    assert "`report.md`" in answer.text and "`report.html`" in answer.text


async def test_a_chinese_answer_is_proven_in_chinese(ask: Ask, server: Any) -> None:
    said = "第一张幻灯片写着“Kites and wind”[text.m1, text.m2]。画面中有一只狗。视频时长 9 秒[probe.duration_seconds]。"
    answer = await ask(said, said, request="分析这个视频并写报告")
    assert answer.text == (
        "第一张幻灯片写着“Kites and wind”[画面 0:00]。画面中有一只狗。（没有依据）\n\n"
        "（删去 1 句：与所见所闻不符，或其中没有。标注 1 句：没有依据。）"
    )


async def test_rows_of_a_table_are_claims(ask: Ask, server: Any) -> None:
    said = (
        "| time | slide | evidence |\n|---|---|---|\n| 0:00 | Kites and wind | text.m1 |\n"
        "| 0:02 | “Rivers” | text.m3 |\n| 0:02 | Bridges | [text.m3] |\n"
    )
    answer = await ask(said, said)
    assert [one["status"] for one in answer.claims] == ["backed", "struck", "backed"]
    assert answer.text.splitlines()[:4] == [
        "| time | slide | evidence |",
        "|---|---|---|",
        "| 0:00 | Kites and wind | on screen at 0:00 |",
        "| 0:02 | Bridges | [on screen at 0:02] |",
    ]


async def test_text_found_in_media_becomes_no_link(ask: Ask, server: Any) -> None:
    links = "[click](http://evil.example/x) ![p](http://evil.example/p.png) <img src=http://evil.example>"
    said = f"It says {links} [text.m3]."
    answer = await ask(said, said)
    assert "](" not in answer.text and "![" not in answer.text and "<img" not in answer.text.replace("\\<img", "")
    assert "`http://evil.example/x`" in answer.text


async def test_no_evidence_at_all_leaves_conversation_alone(
    assistant: Assistant, server: Any, script: ModuleType, told: list[Event]
) -> None:
    server.play(script.says("A kite ", "flies because 2 forces balance. “Wind” is one."))
    answer = await assistant.run("Why does a kite fly?", on_event=told.append)
    assert (answer.text, len(server.requests)) == ("A kite flies because 2 forces balance. “Wind” is one.", 1)
    assert answer.claims == []
    assert next(event.text for event in told if isinstance(event, TextDelta)) == "A kite "


async def test_without_a_tool_neither_a_file_nor_media_is_spoken_of(
    assistant: Assistant, server: Any, script: ModuleType, talk: Path
) -> None:
    said = "The video shows a dog on a beach. I have saved a clip as dog.mp4. Shall I go on?"
    server.play(script.says(said), script.says(said))
    answer = await assistant.run("What is in it?", [talk])
    assert [one["status"] for one in answer.claims] == ["marked", "struck"]
    assert answer.text.startswith("The video shows a dog on a beach. (not backed by what was found) Shall I go on?")
    assert "No file was made." in answer.text


async def test_a_repair_that_fails_to_come_leaves_the_first_answer(ask: Ask, server: Any, script: ModuleType) -> None:
    answer = await ask(f"{BAD} {GOOD}", "")
    assert (answer.status, len(server.requests)) == ("done", 3)
    assert "It lasts 4 s" in answer.text and "1 statement struck" in answer.text


async def test_a_run_stopped_before_the_repair_asks_for_it_once(
    ask: Ask, assistant: Assistant, server: Any, script: ModuleType
) -> None:
    with pytest.raises(ProviderError):  # the script ends before the repair
        await ask(BAD)
    asked_before = len(server.requests)
    server.play(script.says(BAD + GOOD), script.says("a third answer"))
    answer = await assistant.resume("last")
    assert (len(server.requests) - asked_before, len(server.script)) == (1, 1)
    assert "does not stand in the evidence" in asked(server)
    assert [one["status"] for one in answer.claims] == ["struck", "backed", "backed"]


async def test_the_report_is_written_again_with_the_claims_of_the_model(
    ask: Ask, assistant: Assistant, server: Any
) -> None:
    answer = await ask(GOOD, report=True)
    assert (answer.status, len(server.requests)) == ("done", 2)
    made = {one.name: assistant.path(one.handle).read_text() for one in answer.artifacts if "report" in one.name}
    written = json.loads(made["report.json"])
    assert [one["text"] for one in written["summary"]] == [
        "The first slide says “Kites and wind”.",
        "It lasts 4 s.",
    ]
    known = {one["id"] for one in written["moments"]} | {one["name"] for one in written["measures"]}
    assert all(set(one["evidence"]) <= known for one in written["summary"])
    assert any("house:big" in limit for limit in written["limits"])
    assert not any("No model interpreted" in limit for limit in written["limits"])
    assert sorted(step["tool"] for step in written["run"]["steps"]) == ["probe_media", "read_text"]
    assert (
        "Kites and wind" in made["report.md"] and len([one for one in answer.artifacts if one.name == "report.md"]) == 1
    )


async def test_a_report_without_a_claim_that_holds_keeps_its_own_summary(
    ask: Ask, assistant: Assistant, server: Any
) -> None:
    answer = await ask("Someone waves.", "Someone waves.", report=True)
    made = {one.name: assistant.path(one.handle).read_text() for one in answer.artifacts if "report" in one.name}
    written = json.loads(made["report.json"])
    assert "talk.mp4 is a video of 4 s" in written["summary"][0]["text"]
    assert any("No model interpreted" in limit for limit in written["limits"])


async def test_claims_stand_in_the_json_and_in_what_is_recorded(
    ask: Ask, assistant: Assistant, told: list[Event]
) -> None:
    answer = await ask(GOOD)
    writer = AguiWriter()
    lines = [line for event in told for line in writer.lines(event)]
    assert lines[-1]["result"]["claims"] == answer.claims
    again = await assistant.resume(answer.run_id)
    assert again.claims == answer.claims


async def test_only_the_users_own_address_stays_a_link(ask: Ask, server: Any) -> None:
    said = f"See [mine](https://mine.example/p) and [other](https://mine.ex). {GOOD}"
    answer = await ask(said, said, request="Compare it with https://mine.example/p, please")
    assert answer.text.startswith("See [mine](https://mine.example/p) and other (`https://mine.ex`).")


async def test_a_further_question_rests_on_what_earlier_turns_found(
    ask: Ask, assistant: Assistant, server: Any, script: ModuleType
) -> None:
    first = await ask(GOOD)
    server.play(script.says("It lasts 4 s [probe.duration_seconds], and it names bridges [text.m3]."))
    answer = await assistant.run("How long is it?", thread=first.thread)
    assert [one["status"] for one in answer.claims] == ["backed"]
    assert answer.text == "It lasts 4 s [measured], and it names bridges [on screen at 0:02]."


async def test_a_repair_that_the_budget_does_not_allow_leaves_the_first_answer(
    home: Path, server: Any, script: ModuleType, talk: Path
) -> None:
    settings = Settings(
        home=home,
        offline=True,
        models={"think": "house:big"},
        endpoints={"house": Endpoint(name="house", base_url=server.url)},
        caps=Caps(units={"calls": 2}),
    )
    server.play(script.calls(("make_plan", {"goal": "Look", "steps": PERCEIVED})), script.says(f"{BAD} {GOOD}"))
    with Assistant(settings) as assistant:
        answer = await assistant.run(REQUEST, [talk])
    assert (answer.status, len(server.requests)) == ("partial", 2)
    assert answer.text.startswith("The first slide says “Kites and wind” [on screen at 0:00]. It lasts 4 s [measured].")
    assert "1 statement struck" in answer.text and "The budget is used up" in answer.text
    assert [one["status"] for one in answer.claims] == ["struck", "backed", "backed"]
