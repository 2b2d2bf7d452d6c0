"""What left this machine in a run: in `show` and in its report, after any interruption, to the request."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from sensorium.agent.assistant import Assistant
from sensorium.agent.cli import main
from sensorium.agent.sent_text import sent_lines
from sensorium.agent.show import lines_of
from sensorium.tools.base.contents import Contents
from sensorium.tools.base.egress import Sent
from sensorium.tools.base.run import Run
from sensorium.tools.base.settings import Settings

PLAN = {
    "goal": "Look and report",
    "steps": [
        {"id": "facts", "tool": "image_facts", "args": {"media": "$files[0]"}},
        {"id": "seen", "tool": "look_at", "args": {"media": "$files[0]", "question": "What is it?"}},
        {
            "id": "report",
            "tool": "write_report",
            "args": {"findings": ["$facts", "$seen"], "media": ["$files[0]"], "run_facts": "$run"},
            "depends_on": ["seen"],
        },
    ],
}


@pytest.fixture
def home(tmp_path: Path, server: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    house = f'[providers.house]\nbase_url = "{server.url}"\ntakes = ["picture"]\n'
    (folder / "sensorium.toml").write_text(f'[models]\nthink = "house:big"\nsee = "house:eye"\n{house}')
    monkeypatch.setenv("SENSORIUM_HOME", str(folder))
    monkeypatch.setenv("SENSORIUM_OFFLINE", "1")
    monkeypatch.chdir(tmp_path)
    return folder


def shown(home: Path) -> list[Sent]:
    with Assistant(Settings.read({"SENSORIUM_HOME": str(home)})) as assistant:
        return assistant.show("last").egress


def test_a_run_with_models_lists_each_request_and_the_report_what_each_host_was_sent(
    home: Path, server: Any, script: ModuleType, making: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    making.slide("A kite").save("kite.png")

    def answer(request: dict[str, Any]) -> Any:
        if request["model"] == "eye":
            return script.whole(json.dumps({"answer": "A kite."}))
        if any(one["role"] == "tool" for one in request["messages"]):
            return script.says("It is a kite [seen.m1].")
        return script.calls(("make_plan", PLAN))

    server.answering = answer
    assert main(["run", "What is it?", "kite.png", "-o", "out"]) == 0
    capsys.readouterr()
    host = server.url.split("/")[2]
    sent = shown(home)
    assert [(one.role, one.step, one.to) for one in sent] == [
        ("think", "", "house:big"), ("see", "seen", "house:eye"), ("think", "", "house:big"),
    ]  # fmt: skip
    assert [one.bytes for one in sent] == [int(one["content-length"]) for one in server.headers]
    assert [one.contents.pictures for one in sent] == [0, 1, 0]
    assert all(one.contents.characters > 100 and one.state == "sent" for one in sent)
    assert main(["show", "last", "--json"]) == 0
    assert [one["host"] for one in json.loads(capsys.readouterr().out)["egress"]] == [host] * 3
    report = json.loads(Path("out/report.json").read_text())
    (told,) = report["run"]["sent"]
    assert (told["host"], told["pictures"], told["roles"], told["steps"]) == (host, 1, ["think", "see"], ["seen"])
    assert told["picture_bytes"] == sent[1].contents.picture_bytes > 500
    for name in ("report.md", "report.html"):
        text = Path("out", name).read_text()
        assert "What left this machine" in text
        assert "pictures: 1 (" in text
        assert "Nothing left this machine" in text  # the server is on it


def test_show_has_a_line_for_each_host(home: Path) -> None:
    with Assistant(Settings.read({"SENSORIUM_HOME": str(home)})) as assistant:
        assistant.journal.begin("r1", "Look", [], {})
        egress = assistant._base.begin("r1").egress
        egress.end(egress.begin(role="see", host="models.example", bytes=2000), was_sent=True)
        egress.begin(role="think", host="models.example", bytes=1)
        egress.end(egress.begin(role="think", host="down.example", bytes=1), was_sent=False)
        lines = list(lines_of(assistant.show("r1"), 100))
    at = lines.index("sent:")
    assert lines[at + 1 : at + 3] == [
        "  models.example: 2 requests, 1 of them perhaps, 2,001 bytes",
        "      for see, think",
    ]
    assert not any("down.example" in one for one in lines)


def test_no_amount_is_cut_where_lines_are_short(run: Run) -> None:
    held = Contents(characters=29_651, pictures=1, picture_bytes=9_728, sound_seconds=11.0, sound_bytes=352_044)
    run.egress.end(run.egress.begin(role="see", host="127.0.0.1:43193", bytes=399_000, contents=held), was_sent=True)
    assert list(sent_lines(run.egress.rows(), 60)) == [
        "  127.0.0.1:43193 (on this machine): 1 request, 399,000",
        "      bytes, 1 picture (9,728 bytes), 11.0 s of sound,",
        "      29,651 characters",
        "      for see",
    ]


def test_a_call_that_failed_says_what_it_sent(
    home: Path, server: Any, script: ModuleType, making: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = home / "sensorium.toml"
    settings.write_text(f"degrade = false\n{settings.read_text()}")
    making.slide("Kites").save("kite.png")
    server.play(script.Reply(status=400, body="no"))
    assert main(["tool", "look_at", '{"media": "kite.png", "question": "What is it?"}']) != 0
    assert "(on this machine): 1 request" in capsys.readouterr().err


@pytest.fixture(scope="module")
def runner(killing: ModuleType) -> Iterator[Any]:
    with killing.runner() as started:
        yield started


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the processes that are killed are forked")
@pytest.mark.parametrize("boundary", ["before the intent", "before it is sent", "in flight", "after the answer"])
def test_no_request_is_missing_after_a_kill(
    tmp_path: Path, runner: Any, killing: ModuleType, server: Any, script: ModuleType, *, boundary: str
) -> None:
    home = killing.furnish(tmp_path / "home", server, script)
    assert runner.do(home, server, key="sk-0123456789", request="Look twice", die=(boundary, 4)) == {"died": True}
    assert runner.do(home, server, key="sk-0123456789", resume="last")["status"] == "done"
    sent = shown(home)
    received = [int(one["content-length"]) for one in server.headers]
    assert [one.bytes for one in sent if one.state != "not sent"] == received
    assert [one.state for one in sent].count("sending") == (boundary == "in flight")


async def test_nothing_is_said_of_what_a_brain_of_the_callers_own_was_sent(
    tmp_path: Path, making: ModuleType, settings: Settings
) -> None:
    from sensorium.agent.embedded.brain import EmbeddedBrain

    making.slide("A kite").save(tmp_path / "kite.png")
    for brain, known in ((None, True), (EmbeddedBrain(), False)):
        with Assistant(settings, brain=brain) as assistant:
            answer = await assistant.run("Write a report", [tmp_path / "kite.png"])
            (data,) = [one for one in answer.artifacts if one.name.endswith("report.json")]
            ran = json.loads(assistant.path(data.handle).read_bytes())["run"]
            assert ("sent" in ran) is known
            assert ("  nothing left this machine" in lines_of(assistant.show(answer.run_id), 100)) is known
