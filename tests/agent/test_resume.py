"""Killed anywhere, a run goes on where it was and ends with the same report."""

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

REQUEST = "Analyze this video and write a report"
Environment = Callable[[Path], dict[str, str]]


def sensorium(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "sensorium", *arguments]


def journal(home: Path) -> dict[str, float]:
    """Return when each step of the only run ended."""
    with sqlite3.connect(home / "library.db") as db:
        rows = db.execute("SELECT step, created FROM steps WHERE json_extract(record, '$.status') = 'done'").fetchall()
    return dict(rows)


def report_of(folder: Path) -> dict[str, Any]:
    """Return the report without what differs from one run to the next: its id and how long it took."""
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    del report["run"], report["run_id"]
    return report


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory, making: ModuleType) -> Path:
    slides = [making.slide(text) for text in ("Kites\nand wind", "Bridges\nand rivers")]
    sound = np.concatenate([making.tone(2), making.tone(2, level=0)])
    folder = tmp_path_factory.mktemp("talk")
    return making.video(folder / "talk.mp4", lambda n: slides[n // 20], seconds=4, sound=sound)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, talk: Path, environment: Environment) -> dict[str, Any]:
    """The report of a run that nobody killed."""
    folder = tmp_path_factory.mktemp("undisturbed")
    command = sensorium("run", REQUEST, str(talk), "-o", str(folder / "out"))
    subprocess.run(command, env=environment(folder), check=True, capture_output=True, timeout=120)
    return report_of(folder / "out")


@pytest.mark.parametrize("ended_steps", [0, 1, 3, 5])
def test_a_killed_run_is_finished_without_running_a_finished_step_again(
    tmp_path: Path, talk: Path, undisturbed: dict[str, Any], environment: Environment, ended_steps: int
) -> None:
    command = sensorium("run", REQUEST, str(talk), "--json")
    with subprocess.Popen(command, env=environment(tmp_path), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        seen = -1  # the first line is RUN_STARTED
        for line in process.stdout:
            seen += json.loads(line)["type"] in ("RUN_STARTED", "TOOL_CALL_RESULT")
            if seen == ended_steps:
                break
        process.kill()
    before = journal(tmp_path)
    assert len(before) >= ended_steps

    resume = sensorium("resume", "last", "-o", str(tmp_path / "out"))
    done = subprocess.run(resume, env=environment(tmp_path), capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    after = journal(tmp_path)
    assert {step: after[step] for step in before} == before
    assert report_of(tmp_path / "out") == undisturbed
