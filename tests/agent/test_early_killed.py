"""Killed while a plan is being written, a run goes on without doing again what it had done of it."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from sensorium.agent.cli import main

FACTS = {"id": "facts", "tool": "image_facts", "args": {"media": "$files[0]"}}
PLAN = {"goal": "Look", "steps": [FACTS, {**FACTS, "id": "again", "args": {"media": "$files[1]"}}]}


def test_what_a_killed_run_had_done_of_an_unfinished_plan_is_not_done_again(
    tmp_path: Path,
    server: Any,
    script: ModuleType,
    making: ModuleType,
    environment: Callable[[Path], dict[str, str]],
    *,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    names = [tmp_path / f"{name}.png" for name in ("one", "two")]
    for name in names:
        making.slide(name.stem).save(name)
    (tmp_path / "home").mkdir()
    toml = f'[models]\nthink = "house:big"\n[providers.house]\nbase_url = "{server.url}"\n'
    (tmp_path / "home" / "sensorium.toml").write_text(toml)
    whole, never = script.calls(("make_plan", PLAN)), threading.Event()
    written = next(n for n in range(len(whole.events)) if arguments(whole.events[:n]).count("}") == 2)
    server.play(script.Reply(events=[*whole.events[:written], never]))

    command = [sys.executable, "-m", "sensorium", "run", "Look at both", *map(str, names), "--json"]
    with subprocess.Popen(command, env=environment(tmp_path / "home"), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        first = next(event for event in map(json.loads, process.stdout) if event["type"] == "TOOL_CALL_RESULT")
        process.kill()
    never.set()
    server.play(whole, script.says("Done."))
    for name, value in environment(tmp_path / "home").items():
        monkeypatch.setenv(name, value)
    assert main(["resume", "last", "--json"]) == 0
    told = map(json.loads, capsys.readouterr().out.splitlines())
    ended = [event for event in told if event["type"] == "TOOL_CALL_RESULT"]
    assert json.loads(first["content"])["cached"] is False
    cached = {event["toolCallId"]: json.loads(event["content"])["cached"] for event in ended}
    run_id = first["toolCallId"].removesuffix("-facts")
    assert cached == {f"{run_id}-facts": True, f"{run_id}-again": False}


def arguments(events: list[Any]) -> str:
    """Return what these events bring of the arguments of calls."""
    deltas = [one["choices"][0]["delta"] for one in events if one["choices"]]
    return "".join(call["function"].get("arguments", "") for one in deltas for call in one.get("tool_calls", []))
