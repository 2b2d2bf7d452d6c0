"""The command line, as a user and a script meet it."""

import errno
import io
import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from sensorium.agent.cli import main


@dataclass(frozen=True)
class Ended:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, object]:
        return json.loads(self.out)  # type: ignore[no-any-return]


Cli = Callable[..., Ended]


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENSORIUM_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SENSORIUM_OFFLINE", "1")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Run a command in this process."""

    def run(*arguments: object, stdin: str = "") -> Ended:
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        try:
            code = main([str(one) for one in arguments])
        except SystemExit as left:
            code = int(left.code or 0)
        out, err = capsys.readouterr()
        return Ended(code, out, err)

    return run


@pytest.fixture
def picture(making: ModuleType) -> Path:
    making.slide("Revenue grew\nby 12 percent").save("slide.png")
    return Path("slide.png")


@pytest.fixture
def clip(making: ModuleType) -> Path:
    """Six seconds with two slides and a tone."""
    slides = [making.slide("First slide"), making.slide("Second slide", colour="navy", ink="white")]
    return making.video(Path("clip.mp4"), lambda n: slides[n // 30], seconds=6, sound=making.tone(6))


def _arguments(**given: object) -> str:
    return json.dumps(given)


def test_help_names_every_command_and_exit_code(cli: Cli) -> None:
    ended = cli("--help")
    assert ended.code == 0
    commands = ("run", "demo", "resume", "runs", "show", "tools", "tool", "plan", "doctor", "chat", "threads", "facts")
    commands += ("export", "replay")
    assert [one for one in commands if f"\n    {one} " not in ended.out] == []
    assert "130 interrupted" in ended.out


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["run"], ["run", "x", "--max-steps", "0"], ["show"]])
def test_what_cannot_be_understood_is_a_usage_error(cli: Cli, arguments: list[str]) -> None:
    ended = cli(*arguments)
    assert (ended.code, ended.out) == (2, "")
    assert "error:" in ended.err


def test_tools_are_listed_within_60_columns(cli: Cli) -> None:
    lines = cli("tools").out.splitlines()
    assert max(map(len, lines)) <= 60
    names = [line.split()[0] for line in lines if not line.startswith(" ")]
    assert names == [one["name"] for one in json.loads(cli("tools", "--json").out)]


def test_tools_as_json_have_their_schemas(cli: Cli) -> None:
    probe = next(one for one in json.loads(cli("tools", "--json").out) if one["name"] == "probe_media")
    assert probe["input_schema"]["additionalProperties"] is False
    assert probe["input_schema"]["properties"]["media"]["type"] == "string"
    assert probe["output_schema"]["properties"]


def test_a_tool_without_arguments_is_explained(cli: Cli) -> None:
    ended = cli("tool", "probe_media")
    assert ended.code == 0
    assert "| `media` |" in ended.out


def test_arguments_come_as_json_from_a_file_or_from_standard_input(cli: Cli, picture: Path) -> None:
    arguments = _arguments(media=str(picture))
    Path("args.json").write_text(arguments, encoding="utf-8")
    given = [
        cli("tool", "probe_media", arguments, "--json"),
        cli("tool", "probe_media", "@args.json", "--json"),
        cli("tool", "probe_media", "-", "--json", stdin=arguments),
    ]
    assert [one.code for one in given] == [0, 0, 0]
    assert [one.json["ok"] for one in given] == [True, True, True]
    assert [one.json["cached"] for one in given] == [False, True, True]
    assert given[0].json["result"] == given[1].json["result"] == given[2].json["result"]
    assert given[0].json["cost_usd"] == 0
    assert "media" in json.loads(cli("tool", "probe_media", arguments).out)


@pytest.mark.parametrize(
    ("name", "arguments", "kind", "words"),
    [
        ("prob_media", "{}", "ArgumentError", "Did you mean `probe_media`?"),
        ("probe_media", "{}", "ArgumentError", "`media`: Field required"),
        ("probe_media", '{"media": "a", "colour": 1}', "ArgumentError", "`colour`"),
        ("probe_media", "talk.mp4", "ArgumentError", "is not JSON"),
        ("probe_media", "[" * 9_000, "ArgumentError", "is not JSON"),
        ("run_python", "print(1)", "ArgumentError", """Write for example '{"code": "…"}'."""),
        ("probe_media", "[1]", "ArgumentError", "must be a JSON object"),
        ("probe_media", "@missing.json", "ArgumentError", "'missing.json' cannot be read"),
        ("probe_media", '{"media": "missing.mp4"}', "MediaError", "'missing.mp4' does not exist"),
        ("probe_media", '{"media": "."}', "MediaError", "is a folder"),
    ],
)
def test_a_failed_call_says_why_in_words_and_in_json(
    cli: Cli, name: str, arguments: str, kind: str, words: str
) -> None:
    as_json = cli("tool", name, arguments, "--json")
    assert as_json.code == 1
    assert as_json.json["ok"] is False
    assert as_json.json["error"]["type"] == kind  # type: ignore[index]
    assert words in as_json.json["error"]["message"]  # type: ignore[index]
    plain = cli("tool", name, arguments)
    assert (plain.code, plain.out) == (2 if kind == "ArgumentError" else 1, "")
    assert words in plain.err
    assert "Traceback" not in plain.err


def test_a_provider_that_is_down_is_said_as_json_too(cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SENSORIUM_DRAW", "house:gpt-image-1")
    monkeypatch.setenv("SENSORIUM_DEGRADE", "0")
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "sensorium.toml").write_text('[providers.house]\nbase_url = "http://127.0.0.1:9/v1"\n')
    ended = cli("tool", "make_image", _arguments(prompt="a fox"), "--json")
    assert (ended.code, ended.json["ok"]) == (4, False)
    assert ended.json["error"]["type"] == "ProviderError"  # type: ignore[index]


def test_what_a_tool_made_is_put_into_a_folder(cli: Cli, clip: Path) -> None:
    ended = cli("tool", "extract_frames", _arguments(media=str(clip), count=2), "-o", "out", "--json")
    assert ended.code == 0
    made = [one["name"] for one in ended.json["artifacts"]]  # type: ignore[attr-defined]
    assert sorted(one.name for one in Path("out").iterdir()) == sorted(made)


def test_a_file_given_to_a_tool_is_never_overwritten(cli: Cli, making: ModuleType) -> None:
    mine = making.wav(Path("transcript.json"), making.tone(1)).read_bytes()
    ended = cli("tool", "transcribe", _arguments(media="transcript.json"), "-o", ".")
    assert ended.code == 0
    assert Path("transcript.json").read_bytes() == mine
    assert Path("transcript-2.json").exists()


def test_a_run_answers_on_stdout_and_shows_its_steps_on_stderr(cli: Cli, clip: Path) -> None:
    ended = cli("run", "Write a report", "-o", "out", clip)
    assert ended.code == 0
    assert ended.out.strip()
    assert "done       write_report" in ended.err
    assert {"report.md", "report.html", "report.json", "clip.mp4"} <= {one.name for one in Path("out").iterdir()}
    report = json.loads(Path("out/report.json").read_text(encoding="utf-8"))
    assert report["schema"] == "sensorium.report/1"


def test_an_answer_whose_files_cannot_be_delivered_is_not_lost(
    cli: Cli, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("sensorium.tools.base.placing.Place.copy", full)
    ended = cli("run", "Write a report", "-o", "out", clip)
    assert ended.code == 1
    assert "First slide" in ended.out
    assert "cannot be written: No space left on device" in ended.err


def test_a_run_as_json_is_one_event_a_line(cli: Cli, clip: Path) -> None:
    ended = cli("run", "Write a report", clip, "--json")
    events = [json.loads(line) for line in ended.out.splitlines()]
    assert (events[0]["type"], events[-1]["type"]) == ("RUN_STARTED", "RUN_FINISHED")
    assert events[-1]["result"]["status"] == "done"
    assert {"STATE_SNAPSHOT", "TOOL_CALL_START", "TOOL_CALL_RESULT", "TEXT_MESSAGE_CONTENT"} <= {
        one["type"] for one in events
    }


def test_a_second_question_repeats_nothing(cli: Cli, clip: Path) -> None:
    cli("run", "Write a report", clip)
    ended = cli("run", "Write a report", clip)
    looked = [line for line in ended.err.splitlines() if line.startswith("done  ") and "write_report" not in line]
    assert looked
    assert [line for line in looked if not line.endswith("remembered")] == []


def test_runs_can_be_listed_and_shown(cli: Cli, clip: Path) -> None:
    cli("run", "抽取文字", clip)
    row = json.loads(cli("runs", "--json").out)[0]
    assert (row["request"], row["status"]) == ("抽取文字", "done")
    assert row["run_id"][:12] in cli("runs").out
    shown = cli("show", "last", "--json").json
    assert shown["run_id"] == row["run_id"]
    assert {"steps", "cost_usd", "seconds"} <= set(shown["run"])  # type: ignore[arg-type]
    assert "request: 抽取文字" in cli("show", row["run_id"][:6]).out


def test_a_run_that_is_not_known_is_a_usage_error(cli: Cli) -> None:
    for command in ("show", "resume"):
        ended = cli(command, "nonsense")
        assert (ended.code, ended.out) == (2, "")
        assert "There is no run 'nonsense'" in ended.err


def test_a_plan_is_shown_and_nothing_runs(cli: Cli, clip: Path) -> None:
    as_json = cli("plan", "Write a report", clip, "--json")
    assert as_json.code == 0
    assert [one["tool"] for one in as_json.json["plan"]["steps"]][-1] == "write_report"  # type: ignore[index]
    assert as_json.json["findings"] == []
    assert cli("plan", "Write a report", clip).out == cli("run", "--plan-only", "Write a report", clip).out
    assert json.loads(cli("runs", "--json").out) == []


def test_a_plan_longer_than_allowed_is_refused_when_it_is_only_shown_too(cli: Cli, clip: Path) -> None:
    ended = cli("run", "--plan-only", "--max-steps", "2", "Write a report", clip)
    assert ended.code == 1
    assert "steps; the limit is 2." in ended.out


@pytest.mark.parametrize("more", [[], ["--plan-only"]])
def test_a_budget_that_cannot_be_held_is_refused(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, picture: Path, more: list[str]
) -> None:
    monkeypatch.setenv("SENSORIUM_THINK", "openai:gpt-4o")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-none")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    ended = cli("run", "Read the text", picture, "--budget-usd", "1", *more)
    assert (ended.code, ended.out) == (3, "")
    assert "`openai:gpt-4o`: its price is not known. Write it into `[providers.openai.price]`" in ended.err
    assert json.loads(cli("runs", "--json").out) == []


def test_a_budget_of_nothing_and_a_model_that_costs_something_is_one_line_that_names_both(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, picture: Path
) -> None:
    price = "[providers.openai.price]\ninput_tokens = 1\noutput_tokens = 5\n"
    home = Path(os.environ["SENSORIUM_HOME"])
    home.mkdir()
    (home / "sensorium.toml").write_text(price)
    monkeypatch.setenv("SENSORIUM_THINK", "openai:m")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-none")
    ended = cli("run", "Read the text", picture, "--budget-usd", "0")
    assert (ended.code, ended.out, len(ended.err.splitlines())) == (3, "", 1)
    assert "The budget is $0.00, and `openai:m` costs money. Raise `--budget-usd` (or `usd` in `[budget]`)" in ended.err


def test_a_budget_is_held_by_what_costs_nothing(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, picture: Path, server: Any, script: ModuleType
) -> None:
    assert cli("run", "Read the text", picture, "--budget-usd", "0").code == 0
    home = Path(os.environ["SENSORIUM_HOME"])
    (home / "sensorium.toml").write_text(f'[providers.house]\nbase_url = "{server.url}"\n')
    monkeypatch.setenv("SENSORIUM_THINK", "house:small")
    server.play(script.says("A slide."))
    assert cli("run", "Read the text", picture, "--budget-usd", "0").out == "A slide.\n"


def test_an_output_that_cannot_be_used_is_refused_before_anything_runs(cli: Cli, picture: Path) -> None:
    ended = cli("run", "Describe this", picture, "-o", picture)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == "sensorium: `-o` needs a folder, and 'slide.png' is a file. Choose another name.\n"
    assert json.loads(cli("runs", "--json").out) == []


def test_a_file_that_cannot_be_read_is_named_and_fails_the_run(cli: Cli) -> None:
    Path("empty.mp4").touch()
    ended = cli("run", "Write a report", "empty.mp4", "missing.mp4")
    assert ended.code == 1
    assert "empty.mp4" in ended.out
    assert "missing.mp4" in ended.out
    assert "Traceback" not in ended.err


def test_a_run_that_reads_one_of_two_files_is_partial(cli: Cli, picture: Path) -> None:
    ended = cli("run", "Read the text", picture, "missing.png")
    assert ended.code == 5
    assert "missing.png" in ended.out


def test_wrong_settings_have_their_own_exit_code(cli: Cli, monkeypatch: pytest.MonkeyPatch, picture: Path) -> None:
    Path("sensorium.toml").write_text("[models\n")
    assert (cli("doctor").code, cli("runs").code) == (3, 3)
    Path("sensorium.toml").unlink()
    monkeypatch.setenv("SENSORIUM_THINK", "openai:gpt-4o")
    ended = cli("run", "Describe this", picture, "--json")
    assert ended.code == 3
    assert json.loads(ended.out.splitlines()[-1])["type"] == "RUN_ERROR"
    assert "SENSORIUM_THINK" in ended.err


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_names_that_are_not_text_do_not_stop_anything(cli: Cli, picture: Path) -> None:
    odd = Path(os.fsdecode(b"\xff\xfe \xe4\xb8\xad\xe6\x96\x87 \x1b[31m.png"))
    picture.rename(odd)
    ended = cli("run", "Read the text", odd, "-o", "out")
    assert (ended.code, "\x1b" in ended.out + ended.err) == (0, False)
    assert "Revenue grew" in ended.out
    assert cli("show", "last").code == 0
    assert cli("show", "last", "--json").code == 0
    events = cli("run", "Read the text", odd, "--json")
    assert events.code == 0
    assert json.loads(events.out.splitlines()[-1])["type"] == "RUN_FINISHED"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such arguments")
def test_words_that_are_not_text_do_not_stop_anything(cli: Cli, picture: Path) -> None:
    assert cli("run", os.fsdecode(b"Read the text \xff"), picture).code == 0
    assert cli("show", os.fsdecode(b"\xff")).code == 2


def test_doctor_says_what_serves_and_what_is_missing(cli: Cli) -> None:
    ended = cli("doctor", "--json")
    assert ended.code == 0
    checks = {one["name"]: one for one in ended.json["checks"]}  # type: ignore[attr-defined]
    assert {"python", "packages", "home", "think", "hear", "speak", "read", "font"} <= set(checks)
    assert checks["hear"]["state"] == "less"  # without a model there is only a draft
    assert checks["hear"]["fix"]
    assert "The main job works here." in cli("doctor").out


def test_doctor_names_a_home_that_cannot_be_written(cli: Cli, monkeypatch: pytest.MonkeyPatch, picture: Path) -> None:
    monkeypatch.setenv("SENSORIUM_HOME", str(picture.absolute() / "home"))
    ended = cli("doctor")
    assert ended.code == 3
    assert "SENSORIUM_HOME" in ended.out


def _process(*arguments: str, **more: object) -> "subprocess.Popen[bytes]":
    streams: dict[str, object] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen([sys.executable, "-m", "sensorium", *arguments], **{**streams, **more})


@pytest.mark.parametrize("arguments", [["tools"], ["tools", "--json"], ["--help"], ["doctor"]])
def test_a_closed_pipe_is_quiet(arguments: list[str]) -> None:
    with _process(*arguments) as process:
        assert process.stdout and process.stderr
        process.stdout.close()
        assert process.stderr.read() == b""


def test_a_run_whose_reader_left_stops_quietly_and_can_be_resumed(cli: Cli, clip: Path) -> None:
    with _process("run", "Write a report", str(clip), "--json") as process:
        assert process.stdout and process.stderr
        process.stdout.readline()
        process.stdout.close()
        assert b"Traceback" not in process.stderr.read()
    assert process.returncode == 141
    assert cli("resume", "last").code == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["run", "Read the text", "slide.png"], 0, b"Revenue grew"),
        (["tool", "probe_media", '{"media": "slide.png"}', "-o", "out"], 0, b'"kind": "picture"'),
        (["tool", "probe_media", '{"media": "missing.png"}'], 1, b""),
    ],
)
def test_progress_that_cannot_be_written_takes_nothing_from_the_answer(
    picture: Path, arguments: list[str], code: int, words: bytes
) -> None:
    with Path("/dev/full").open("wb") as full, _process(*arguments, stderr=full) as process:
        out, _ = process.communicate()
    assert (process.returncode, words in out) == (code, True)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
def test_an_answer_that_cannot_be_written_is_said(picture: Path) -> None:
    with Path("/dev/full").open("wb") as full, _process("tools", stdout=full) as process:
        _, err = process.communicate()
    assert (process.returncode, err.count(b"The output cannot be written: No space left")) == (1, 1)


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent in another way there")
def test_ctrl_c_says_how_to_go_on(cli: Cli, clip: Path) -> None:
    with _process("run", "Write a report", str(clip)) as process:
        assert process.stderr
        for line in process.stderr:
            if line.startswith(b"started"):
                process.send_signal(signal.SIGINT)
                break
        out, err = process.communicate()
    assert (process.returncode, out) == (130, b"")
    assert b"sensorium resume" in err
    assert b"Traceback" not in err
    assert json.loads(cli("runs", "--json").out)[0]["status"] == "cancelled"
    ended = cli("resume", "last", "-o", "out")
    assert ended.code == 0
    assert Path("out/report.html").exists()


def test_what_is_logged_cannot_upset_the_terminal(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(logging, "lastResort", logging.lastResort)
    cli("tools")
    with monkeypatch.context() as patched:
        patched.setattr(logging.root, "handlers", [])  # those of the tests
        try:
            raise ValueError("bad name \x1b[2J\u202e.mp4")
        except ValueError:
            logging.getLogger("sensorium.agent.act").exception("step %s failed", "\x1b[31m")
    said = capsys.readouterr().err
    assert "step \ufffd[31m failed\nTraceback" in said
    assert "ValueError: bad name \ufffd[2J\ufffd.mp4" in said


def test_a_bug_keeps_its_traceback(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sensorium.agent.tool_commands.listing", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        cli("tools")
