"""`sensorium plan`: what is shown of a plan, and the check of a plan that another program made."""

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from sensorium.agent.answer import Planned
from sensorium.agent.cli import main
from sensorium.agent.lint import mend
from sensorium.agent.plan_text import plan_lines, takes
from sensorium.agent.printing import width
from sensorium.tools.base.catalog import catalog
from sensorium.tools.base.estimate import between

Cli = Callable[..., tuple[int, str, str]]
BAD = {
    "goal": "Say what is in the film",
    "steps": [
        {"id": "a", "tool": "Video-to-Audio", "args": {"video": "film.mp4"}},
        {"id": "b", "tool": "Speech-to-Text", "args": {"audio": "$a"}},
    ],
}
TOOLS = [
    {"name": "Video-to-Audio", "inputs": ["video"], "outputs": ["audio"]},
    {"name": "Audio-to-Text", "inputs": ["audio"], "outputs": ["text"]},
]


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """Run a command in this process and return its exit code, output and errors."""
    monkeypatch.setenv("SENSORIUM_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SENSORIUM_OFFLINE", "1")
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object, stdin: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        try:
            code = main(["plan", *map(str, arguments)])
        except SystemExit as left:
            code = int(left.code or 0)
        return (code, *capsys.readouterr())

    return run


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """A plan and the catalog it is for."""
    plan, tools = tmp_path / "plan.json", tmp_path / "tools.json"
    plan.write_text(json.dumps(BAD))
    tools.write_text(json.dumps(TOOLS))
    return plan, tools


def test_a_plan_of_another_program_is_checked_with_its_catalog(cli: Cli, files: tuple[Path, Path]) -> None:
    code, out, _ = cli("--check", files[0], "--catalog", files[1], "--json")
    shown = json.loads(out)
    assert code == 1
    assert list(shown) == ["plan", "text", "findings", "repairs", "quote"]
    assert [one["tool"] for one in shown["plan"]["steps"]] == ["Video-to-Audio", "Audio-to-Text"]
    assert [one["rule"] for one in shown["repairs"]] == ["unknown-tool"]
    assert shown["findings"] == [] and shown["quote"] is None


def test_a_good_plan_exits_with_0_and_is_read_from_standard_input(cli: Cli, files: tuple[Path, Path]) -> None:
    good = json.dumps(BAD).replace("Speech-to-Text", "Audio-to-Text")
    code, out, err = cli("--check", "-", "--catalog", files[1], stdin=good)
    assert (code, err) == (0, "")
    assert "2. b  Audio-to-Text" in out and "Mended" not in out and "Wrong" not in out


def test_a_plan_for_our_own_tools_is_checked_against_files_and_quoted(
    cli: Cli, tmp_path: Path, making: ModuleType
) -> None:
    making.video(tmp_path / "clip.mp4", lambda n: making.slide("one"), seconds=3)
    plan = {"steps": [{"id": "s", "tool": "find_scenes", "args": {"media": "$files[0]"}}], "goal": "scenes"}
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    code, out, _ = cli("--check", "plan.json", "clip.mp4", "--json")
    assert code == 0
    quote = json.loads(out)["quote"]
    assert quote["units"]["frames"]["low"] >= 1 and quote["high_usd"] == 0
    plan["steps"].append({"id": "t", "tool": "transcribe", "args": {"media": "$files[0]"}})
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    code, out, _ = cli("--check", "plan.json", "clip.mp4")
    assert code == 1
    assert "Wrong:\n  - t: `$files[0]` (clip.mp4) has no sound, which `transcribe` needs." in out


def test_the_plan_for_a_request_is_shown_with_what_it_takes(cli: Cli, tmp_path: Path, making: ModuleType) -> None:
    making.video(tmp_path / "clip.mp4", lambda n: making.slide("one"), seconds=3)
    code, out, _ = cli("Write a report", "clip.mp4", "--json")
    shown = json.loads(out)
    assert (code, shown["findings"], shown["repairs"]) == (0, [], [])
    assert shown["quote"]["units"]["frames"]["high"] >= 1
    code, out, _ = cli("Write a report", "clip.mp4")
    assert code == 0
    assert "write_report" in out and "after " in out and "Takes: " in out
    assert "Costs: nothing: all of it is done on this machine" in out


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ((), 2, "say what you want"),
        ((" ",), 2, "say what you want"),
        (("--catalog", "tools.json", "Write a report"), 2, "go with `--check"),
        (("--check", "lost.json"), 2, "'lost.json' cannot be read"),
        (("--check", "plan.json", "--catalog", "lost.json"), 2, "'lost.json' cannot be read"),
        (("--check", "plan.json", "--catalog", "broken.json"), 2, "is not JSON"),
        (("--check", "plan.json", "--catalog", "deep.json"), 2, "is not JSON"),
        (("--check", "plan.json", "--catalog", "empty.json"), 2, "holds no tools"),
        (("--check", "bytes.json"), 2, "is no text"),
    ],
)
def test_what_cannot_be_checked_is_a_usage_error_of_one_line(
    cli: Cli, files: tuple[Path, Path], tmp_path: Path, *, arguments: tuple[str, ...], code: int, words: str
) -> None:
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "deep.json").write_text("[" * 9_000)
    (tmp_path / "empty.json").write_text("[]")
    (tmp_path / "bytes.json").write_bytes(b"\xff\xfe\x00")
    ended, out, err = cli(*arguments)
    assert (ended, out) == (code, "")
    assert words in err.splitlines()[-1]


def test_a_file_that_is_no_plan_is_told_and_exits_with_1(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "deep.json").write_text("[" * 9_000 + "]" * 9_000)
    code, out, _ = cli("--check", "deep.json")
    assert (code, "nested" in out) == (1, True)
    (tmp_path / "notes.txt").write_text("Buy milk.")
    code, out, _ = cli("--check", "notes.txt")
    assert code == 1
    assert out.startswith("\nWrong:\n  - The arguments are not JSON") or "not JSON" in out


@pytest.mark.parametrize("columns", [30, 60, 100])
def test_a_plan_fits_into_the_columns_of_a_terminal(columns: int) -> None:
    steps: list[Any] = [
        {"id": "a_step_with_a_very_long_name_indeed", "tool": "extract_frames", "args": {"video": "$files[0]"}},
        {"id": "text", "tool": "summarize_text", "args": {"text": "第三季度营业收入同比增长百分之十二，" * 5}},
        {"id": "lost", "tool": "dance", "args": {"to": ["$a_step_with_a_very_long_name_indeed.items[0].picture"] * 4}},
    ]
    mended = mend({"goal": "看" * 60, "steps": steps}, catalog())
    planned = Planned(plan=mended.plan, text="Words " * 40, findings=mended.findings, repairs=mended.repairs)
    lines = list(plan_lines(planned, columns))
    assert max(map(width, lines)) <= columns
    assert any(line.startswith("Mended:") for line in lines) and any(line.startswith("Wrong:") for line in lines)


def test_amounts_are_told_in_words() -> None:
    assert takes(between(1, 10, 2000, "frames")) == "1 to 2,000 frames (likely 10)"
    assert takes(between(1.5, 1.5, 1.5, "audio_minutes")) == "1.5 minutes of sound"
