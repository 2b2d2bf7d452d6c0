"""With `--local-only` nothing leaves this machine, not even a question for an address: a tripwire in every process."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

REMOTE = """
[providers.far]
base_url = "https://models.example.com/v1"
key = "FAR_KEY"
takes = ["picture"]
[models]
see = ["far:eye"]
hear = "far:ear"
speak = "far:voice"
"""
# Each is a command of its own in one process, which prints its exit code.
_RUN = """
import json, sys
from sensorium.agent.cli import main
for arguments in json.loads(sys.argv[1]):
    try:
        code = main(arguments)
    except SystemExit as left:
        code = left.code
    print(f"EXIT {code}", flush=True)
"""


@dataclass(frozen=True)
class Ended:
    codes: list[int]
    said: str
    tripped: list[str]


Wired = Callable[..., Ended]


@pytest.fixture
def wired(tmp_path: Path, making: ModuleType) -> Wired:
    """Run commands in a process whose every way out is watched, and those of its children in Python too."""
    (tmp_path / "wire").mkdir()
    (tmp_path / "wire" / "sitecustomize.py").write_bytes((Path(__file__).parent / "tripwire.py").read_bytes())
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "sensorium.toml").write_text(REMOTE)
    making.slide("A kite in the sky").save(tmp_path / "kite.png")

    def run(*commands: list[str], stdin: str = "", **more: str) -> Ended:
        log = tmp_path / "tripped"
        log.write_text("")
        environment = {
            **os.environ, "PYTHONPATH": str(tmp_path / "wire"), "TRIPWIRE": str(log), "FAR_KEY": "sk-far-0123456789",
            "SENSORIUM_HOME": str(tmp_path / "home"), "LANGSMITH_TRACING": "true", "LANGSMITH_API_KEY": "ls-0123456789",
            "HTTPS_PROXY": "http://proxy.example.com:3128", "HF_HUB_CACHE": str(tmp_path / "hub"), **more,
        }  # fmt: skip
        ended = subprocess.run(
            [sys.executable, "-c", _RUN, json.dumps(commands)],
            cwd=tmp_path, env=environment, input=stdin, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        codes = [int(line.split()[1]) for line in ended.stdout.splitlines() if line.startswith("EXIT ")]
        return Ended(codes, ended.stdout + ended.stderr, log.read_text().splitlines())

    return run


def test_the_tripwire_trips(wired: Wired) -> None:
    ended = wired(["doctor", "--online"])
    assert any("proxy.example.com" in line for line in ended.tripped), ended.said


def test_nothing_goes_out(wired: Wired, tmp_path: Path, making: ModuleType) -> None:
    picture = making.slide("Kites")
    making.video(tmp_path / "talk.mp4", lambda at: picture, seconds=2.0, sound=making.tone(2.0))
    look = json.dumps({"media": "kite.png", "question": "What is it?"})
    ended = wired(
        ["run", "Write a report", "talk.mp4", "--local-only", "-o", "out"],
        ["tool", "look_at", look, "--local-only"],
        ["tool", "transcribe", '{"media": "talk.mp4"}', "--local-only"],
        ["tool", "speak", '{"text": "A kite."}', "--local-only"],
        ["tool", "fetch_url", '{"url": "https://example.com/a.png"}', "--local-only"],
        ["tool", "fetch_url", '{"url": "http://93.184.215.14/a.png"}', "--local-only"],
        ["tool", "fetch_url", '{"url": "https://www.youtube.com/watch?v=dQw4w9WgXcQ"}', "--local-only"],
        ["run", "What is on https://example.com/a.png ?", "--local-only"],
        ["doctor", "--online", "--local-only"],
        ["plan", "What is on it?", "kite.png", "--local-only"],
        ["show", "last"],
    )
    assert ended.tripped == [], ended.said
    assert len(ended.codes) == 11, ended.said
    assert "Nothing was sent to 'example.com': `--local-only`" in ended.said
    assert ended.codes[0] == 0, ended.said
    assert "`--local-only`" in ended.said
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["run"]["sent"] == []
    assert "Nothing left this machine" in (tmp_path / "out" / "report.md").read_text()
    assert "Nothing left this machine" in (tmp_path / "out" / "report.html").read_text()


def test_a_model_elsewhere_that_plans_is_refused_with_the_name_of_the_switch(wired: Wired) -> None:
    ended = wired(
        ["run", "What is it?", "kite.png", "--local-only"], ["chat", "kite.png", "--local-only"],
        stdin="What is it?\n/quit\n", SENSORIUM_THINK="far:big",
    )  # fmt: skip
    assert (ended.tripped, ended.codes[0]) == ([], 3), ended.said
    assert "Nothing was sent to 'models.example.com': `--local-only`" in ended.said


def test_the_variable_does_the_same_and_a_run_stays_local_when_it_is_resumed(wired: Wired, tmp_path: Path) -> None:
    refused = wired(["run", "What is it?", "kite.png", "--local-only"], ["resume", "last"], SENSORIUM_THINK="far:big")
    assert (refused.tripped, refused.codes) == ([], [3, 3]), refused.said
    by_variable = wired(["run", "What is it?", "kite.png"], SENSORIUM_THINK="far:big", SENSORIUM_LOCAL_ONLY="1")
    assert (by_variable.tripped, by_variable.codes) == ([], [3]), by_variable.said
