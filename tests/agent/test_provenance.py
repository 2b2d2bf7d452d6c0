"""Where the values of a run came from, as JSON data and as a drawing."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

import pytest

from sensorium.agent.approval import Decision, Request
from sensorium.agent.assistant import Assistant
from sensorium.agent.cli import main
from sensorium.agent.endpoint import EndpointBrain
from sensorium.agent.printing import width
from sensorium.agent.provenance import lines_of, provenance_of
from sensorium.tools.base.moments import Findings, Moment, Source
from sensorium.tools.base.run import Run
from sensorium.tools.base.settings import Settings
from sensorium.tools.base.tool import AnyFile, Control, Tool, tool

ADDRESS = "http://page.example/x"


@pytest.fixture
def tools() -> dict[str, Tool]:
    @tool(effect="pure")
    async def read(media: AnyFile, *, run: Run) -> Findings:
        """Read a file."""
        return Findings(media=media, moments=[Moment(kind="text", text=ADDRESS, source=Source(tool="read"))])

    @tool(effect="network")
    async def load(url: Annotated[str, Control()], *, run: Run) -> Findings:
        """Load a page."""
        run.comes_from_web("page.example")
        return Findings()

    return {"read": read, "load": load}


@pytest.fixture
def assistant(settings: Settings, brain: EndpointBrain, tools: dict[str, Tool]) -> Iterator[Assistant]:
    with Assistant(settings, brain=brain, tools=tools) as opened:
        yield opened


@pytest.fixture
async def seen(assistant: Assistant, server: Any, script: ModuleType, tmp_path: Path) -> dict[str, Any]:
    """A run that read a letter, loaded what it names after the user approved that, and was refused a second time."""
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear all")
    plans: list[list[dict[str, Any]]] = [
        [{"id": "text", "tool": "read", "args": {"media": "$files[0]"}}],
        [{"id": "page", "tool": "load", "args": {"url": "${text.moments[0].text}"}}],
        [{"id": "more", "tool": "load", "args": {"url": f"{ADDRESS}/2"}}],
    ]
    server.play(*(script.calls(("make_plan", {"goal": "g", "steps": one})) for one in plans), script.says("Done."))
    kinds: Iterator[Any] = iter(["approve", "reject"])

    async def approve(request: Request) -> list[Decision]:
        return [Decision(type=next(kinds)) for _ in request.asks]

    await assistant.run("Summarize the letter", [letter], approve=approve)
    return provenance_of(assistant, "last")


async def test_each_step_has_its_sources_its_labels_and_what_the_user_said(seen: dict[str, Any]) -> None:
    first, second, third = seen["plans"]
    sha = seen["files"][0]["labels"][0]
    assert [one["trusted"] for one in seen["plans"]] == [True, False, False]
    (text,), (page,), (more,) = first["steps"], second["steps"], third["steps"]
    assert text["args"] == {"media": {"from": ["files[0]"], "value": "$files[0]"}}
    assert text["labels"] == sorted(["user", sha, f"tool:read#{seen['run_id']}-text"])
    assert (page["args"]["url"]["from"], page["approval"]) == (["text"], "approve")
    assert {"web:page.example", sha} <= set(page["labels"])
    assert (more["args"]["url"], more["status"]) == ({"from": ["the plan"], "value": f"{ADDRESS}/2"}, "rejected")
    assert seen["answer"]["from"] == "'letter.txt' and the page of page.example"


@pytest.mark.parametrize("columns", [40, 60, 120])
async def test_the_drawing_fits_and_marks_what_is_not_trusted(seen: dict[str, Any], columns: int) -> None:
    lines = list(lines_of(seen, columns))
    assert max(map(width, lines)) <= columns
    text = "\n".join(lines)
    for said in ("├─ request", "└─ files[0] ! letter.txt", "text ! = read: done", "approved by you", "rejected"):
        assert said in text
    if columns == 120:
        assert "plan 1, written on your words alone" in lines
        assert "plan 2, written ! after reading 'letter.txt'" in lines
        assert "answer, written ! after reading 'letter.txt' and the page of page.example" in lines


async def test_what_a_name_or_a_request_holds_cannot_draw(seen: dict[str, Any]) -> None:
    odd = {**seen, "request": "a\x1b[2J\nplan 9, written on your words alone"}
    odd["files"] = [{**seen["files"][0], "name": "x\n└─ files[1]   trusted.txt\x1b[1A"}]
    lines = list(lines_of(odd, 120))
    assert not any("\x1b" in one or "\n" in one for one in lines)
    assert len(lines) == len(list(lines_of(seen, 120)))


def test_the_command_draws_it_and_gives_it_as_json(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SENSORIUM_HOME", str(settings.home))
    monkeypatch.setenv("SENSORIUM_OFFLINE", "1")
    assert main(["run", "hello"]) == 0
    capsys.readouterr()
    assert main(["show", "last", "--provenance"]) == 0
    assert "└─ request   hello" in capsys.readouterr().out
    assert main(["show", "last", "--provenance", "--json"]) == 0
    plain = json.loads(capsys.readouterr().out)
    assert (plain["request"], plain["plans"], plain["answer"]["trusted"]) == ("hello", [], True)


async def test_a_run_from_before_there_were_labels_is_drawn_without_trust(
    assistant: Assistant, seen: dict[str, Any]
) -> None:
    turn = assistant.threads.turn(seen["run_id"])
    records = {name: {key: part for key, part in one.items() if key != "labels"} for name, one in turn.records.items()}
    assistant.threads.keep(replace(turn, records=records))
    drawn: Callable[[], dict[str, Any]] = lambda: provenance_of(assistant, "last")  # noqa: E731
    assert not drawn()["plans"][0]["steps"][0]["trusted"]
    assert not drawn()["answer"]["trusted"]
