"""The whole of a run, for people and for programs."""

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from sensorium.agent.answer import RunView
from sensorium.agent.assistant import Assistant
from sensorium.agent.cli import main
from sensorium.agent.printing import width
from sensorium.agent.show import lines_of
from sensorium.tools.base.journal import RunRow, StepRow
from sensorium.tools.base.ledger import OrderRow

HASH = "ab12" * 16
TEXT = "The answer, which may be as long as it wants to be, for whoever reads it can wrap it as they like."


@pytest.fixture
def view() -> RunView:
    """A run with two plans, a failed step, an approval and costs."""
    record: dict[str, Any] = {
        "tool": "transcribe",
        "status": "done",
        "seconds": 12.34,
        "cost_usd": 0.0123,
        "cached": False,
        "provider": "faster-whisper:small",
        "error": None,
        "artifacts": [f"artifact://sha256/{HASH}"],
        "partial": True,
    }
    step = {"id": "speech", "tool": "transcribe", "args": {"media": "$files[0]"}}
    frames = {
        "id": "looks",
        "tool": "look_at",
        "args": {"media": "$item"},
        "for_each": "$speech.moments",
        "optional": True,
    }
    order: dict[str, Any] = {
        "run": "r", "key": "k", "provider": "openai", "model": "gpt", "quoted_units": {}, "quoted_usd": 0.02,
        "outcome": None, "created": 0.0, "ended": 1.0,
    }  # fmt: skip
    failed = {
        "id": "looks",
        "tool": "look_at",
        "status": "failed",
        "error": {"type": "ToolError", "message": "No. " * 40},
    }
    artifact = {
        "handle": f"artifact://sha256/{HASH}",
        "media_type": "text/plain",
        "bytes": 1234,
        "name": "transcript.txt",
    }
    usage = {"provider": "openai", "model": "gpt", "calls": 2, "input_tokens": 10, "output_tokens": 5, "unreported": 1}
    return RunView(
        row=RunRow(
            run="0123456789ab",
            request="写一份关于这个视频的报告，并且说明讲者在什么时候提到了预算，以及他对预算的看法是什么，还有他的结论"
            * 2,
            files=["/media/disk/a folder with a rather long name/talk about kites and wind.mp4"],
            options={},
            status="partial",
            answer={"text": TEXT, "steps": [failed], "artifacts": [artifact], "usage": [usage]},
            created=0.0,
            seconds=13.2,
        ),
        thread="fedcba987654",
        plans=[{"goal": "hear", "steps": [step]}, {"goal": "look", "steps": [frames]}],
        decisions=[{"name": "looks", "tool": "look_at", "type": "reject", "message": "Too dear.", "key": HASH}],
        steps=[
            StepRow(
                step="speech",
                key=HASH,
                record=record,
                result={},
                args={"media": f"artifact://sha256/{HASH}", "words": ["x"] * 200, "language": "zh"},
            )
        ],
        orders=[
            OrderRow(**order, number=1, call="", role="think", state="done", usd=0.01, units={"input_tokens": 10.0}),
            OrderRow(**order, number=2, call="r-looks", role="see", state="unknown", usd=None, units={}),
        ],
    )


@pytest.mark.parametrize("columns", [60, 100])
def test_all_of_a_run_fits_the_terminal(view: RunView, columns: int) -> None:
    lines = list(lines_of(view, columns))
    assert max(width(line) for line in lines if line != TEXT) <= columns
    text = "\n".join(lines)
    for words in (
        "run 0123456789ab: partial, 13.2 s",
        "thread fedcba987654",
        "plan 1: hear",
        "  1. speech = transcribe",
        "plan 2: look",
        "looks = look_at, for each of $speech.moments",
        "done      speech = transcribe: 12.3 s, $0.0123",
        "call ab12ab12ab12",
        "media: sha256:ab12ab12ab12",
        "failed    looks = look_at",
        "reject    looks = look_at",
        "Too dear.",
        "$0.0100  think openai:gpt",
        "unknown",
        "openai:gpt: 2 calls, 10 tokens in, 5 out",
        "transcript.txt: text/plain, 1,234 bytes",
        TEXT,
    ):
        assert words in text
    assert HASH in "".join(line.strip() for line in lines)


def test_the_data_of_a_run_is_complete(view: RunView) -> None:
    plain = view.plain()
    assert json.loads(json.dumps(plain)) == plain
    assert [one["goal"] for one in plain["plans"]] == ["hear", "look"]
    assert plain["decisions"][0]["type"] == "reject"
    assert (plain["thread"], plain["journal"][0]["key"]) == ("fedcba987654", HASH)
    assert plain["journal"][0]["args"]["language"] == "zh"
    assert plain["artifacts"][0]["sha256"] == HASH
    assert [one["state"] for one in plain["orders"]] == ["done", "unknown"]
    assert plain["run"]["cost_usd"] == pytest.approx(0.01)


def test_the_command_shows_what_a_real_run_did(
    tmp_path: Path, making: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SENSORIUM_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SENSORIUM_OFFLINE", "1")
    making.slide("Kites").save(tmp_path / "slide.png")

    def shown(*words: str) -> str:
        assert main(list(words)) == 0
        return capsys.readouterr().out

    shown("run", "Read the text", str(tmp_path / "slide.png"))
    text = shown("show", "last")
    assert "plan: " in text
    assert "= read_text" in text
    assert "Kites" in text
    plain = json.loads(shown("show", "last", "--json"))
    assert plain["plans"][0]["steps"][0]["tool"] == "read_text"
    assert plain["journal"][0]["args"]["media"].startswith("artifact://sha256/")
    assert plain["run_id"] == plain["thread"]


def test_what_the_user_decided_is_recorded(assistant: Assistant) -> None:
    assistant.journal.decide("abc", [{"type": "approve", "name": "one"}, {"type": "reject", "name": "two"}])
    assert [one["type"] for one in assistant.journal.decisions("abc")] == ["approve", "reject"]
