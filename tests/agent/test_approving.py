"""Approvals on the command line: cards on a terminal, events for programs, and nobody there."""

import io
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest

from sensorium.agent.approval import Ask, Decision, Request
from sensorium.agent.approver import Approver
from sensorium.agent.cards import card, is_cut, keys, wrapped
from sensorium.agent.cli import main
from sensorium.agent.keyboard import Keyboard
from sensorium.agent.printing import width
from sensorium.agent.terminal import PlainView

TEXT = "The kite rose over the hill. The children laughed."
ASKED = {"name": "summarize_text", "args": {"text": TEXT}}
DECIDE = '{"decisions": [%s]}'
_CODES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


class Ended(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def finished(self) -> dict[str, Any]:
        last = self.events[-1]
        assert last["type"] == "RUN_FINISHED"
        return last


@pytest.fixture
def home(tmp_path: Path, server: Any) -> Path:
    """A home whose policy asks about `summarize_text`, and whose model is the scripted server."""
    (folder := tmp_path / "home").mkdir()
    (folder / "sensorium.toml").write_text(
        f'[models]\nthink = "house:big"\n[providers.house]\nbase_url = "{server.url}"\n'
        '[policy]\nsummarize_text = "ask"\n'
    )
    return folder


@pytest.fixture
def planned(server: Any, script: ModuleType) -> Callable[..., None]:
    """Let the model plan these steps, then say that it is done."""

    def plan(*steps: dict[str, Any]) -> None:
        steps = steps or ({"id": "short", "tool": "summarize_text", "args": {"text": TEXT}},)
        server.play(script.calls(("make_plan", {"goal": "g", "steps": list(steps)})), script.says("That is all."))

    return plan


@pytest.fixture
def process(home: Path, environment: Callable[[Path], dict[str, str]], tmp_path: Path) -> Callable[..., Ended]:
    """Run a command in a process of its own, without a terminal."""

    def run(*arguments: str, stdin: str = "") -> Ended:
        ended = subprocess.run(
            [sys.executable, "-m", "sensorium", *arguments],
            input=stdin, capture_output=True, text=True, env=environment(home), cwd=tmp_path, timeout=60, check=False,
        )  # fmt: skip
        return Ended(ended.returncode, ended.stdout, ended.stderr)

    return run


@pytest.fixture
def sensorium(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Ended]:
    """Run a command in this process, without a terminal: it is the same, and a process takes seconds to start."""
    monkeypatch.setenv("SENSORIUM_HOME", str(home))
    monkeypatch.setenv("SENSORIUM_OFFLINE", "1")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "stdin", io.StringIO())

    def run(*arguments: str) -> Ended:
        code = main(arguments)
        out, err = capsys.readouterr()
        return Ended(code, out, err)

    return run


def test_a_program_reads_what_is_asked_and_answers_with_resume(
    process: Callable[..., Ended], sensorium: Callable[..., Ended], planned: Callable[..., None]
) -> None:
    planned()
    ended = process("run", "Make it short", "--json")
    assert ended.code == 5
    asked = next(one["value"] for one in ended.events if one["type"] == "CUSTOM" and one["name"] == "interrupt")
    assert [{key: one[key] for key in ("name", "args")} for one in asked["action_requests"]] == [ASKED]
    assert asked["review_configs"][0]["allowed_decisions"] == ["approve", "edit", "reject"]
    outcome = ended.finished["outcome"]
    assert (outcome["type"], len(outcome["interrupts"])) == ("interrupt", 1)
    assert outcome["interrupts"][0]["metadata"] == asked
    assert outcome["interrupts"][0]["responseSchema"]["required"] == ["decisions"]
    assert ended.finished["result"]["status"] == "waiting"

    assert "waiting" in sensorium("runs").out
    assert json.loads(sensorium("show", "last", "--json").out)["status"] == "waiting"
    run = ended.finished["runId"]
    again = sensorium("resume", run, "--json")
    assert (again.code, again.finished["outcome"]["type"]) == (5, "interrupt")

    wrong = sensorium("resume", run, "--decisions", DECIDE % "")
    assert wrong.code == 2
    assert "One decision is needed, and there are 0" in wrong.err
    went_on = process("resume", run, "--json", "--decisions", "-", stdin=DECIDE % '{"type": "approve"}')
    assert (went_on.code, went_on.finished["outcome"]["type"]) == (0, "success")
    assert went_on.finished["result"]["steps"][0]["status"] == "done"
    late = sensorium("resume", run, "--decisions", DECIDE % '{"type": "approve"}')
    assert late.code == 2
    assert "is done and waits for no decision" in late.err


def test_an_edit_that_does_not_fit_is_told_why_and_what_waits_stays_to_be_seen(
    sensorium: Callable[..., Ended], planned: Callable[..., None]
) -> None:
    planned()
    assert sensorium("run", "Make it short", "--json").code == 5
    edit = '{"type": "edit", "edited_action": {"name": "summarize_text", "args": {"text": "a", "often": "b"}}}'
    edited = sensorium("resume", "last", "--decisions", DECIDE % edit)
    assert edited.code == 5
    assert re.search(r"^`short`: .*'often'.*\nWaiting for your approval of `summarize_text`", edited.out)
    shown = sensorium("show", "last").out
    assert "waits for approval:\n  summarize_text\n      text: a\n      often: b\n" in shown
    assert sensorium("resume", "last", "--decisions", DECIDE % "").code == 2
    assert "waits for approval:\n" in sensorium("show", "last").out
    replayed = sensorium("replay", "last")
    assert (replayed.code, "is waiting and has no answer to compare with" in replayed.err) == (2, True)
    approved = sensorium("resume", "last", "--decisions", DECIDE % '{"type": "approve"}')
    assert (approved.code, "it must be one of: edit, reject" in approved.err) == (2, True)
    assert sensorium("resume", "last", "--yes").code == 1
    assert "summarize_text: " not in sensorium("show", "last").out


def test_decisions_may_edit_and_stand_in_a_file(
    sensorium: Callable[..., Ended], planned: Callable[..., None], tmp_path: Path
) -> None:
    planned()
    assert sensorium("run", "Make it short", "--json").code == 5
    edited = {"name": "summarize_text", "args": {"text": "A kite. A hill."}}
    (tmp_path / "d.json").write_text(DECIDE % json.dumps({"type": "edit", "edited_action": edited}))
    ended = sensorium("resume", "last", "--decisions", "@d.json")
    assert (ended.code, ended.out) == (0, "That is all.\n")
    journalled = json.loads(sensorium("show", "last", "--json").out)["journal"]
    assert journalled[0]["args"]["text"] == "A kite. A hill."
    assert sensorium("resume", "last", "--decisions", "[nonsense").code == 2


def test_with_nobody_there_it_is_refused_and_said_so(
    sensorium: Callable[..., Ended], planned: Callable[..., None], server: Any
) -> None:
    planned()
    ended = sensorium("run", "Make it short")
    assert (ended.code, ended.out) == (1, "That is all.\n")
    assert "rejected   summarize_text" in ended.err
    assert "Nobody was there to approve it." in ended.err
    assert "`summarize_text` in `[policy]` of sensorium.toml" in ended.err
    assert "Nobody was there to approve it." in server.requests[-1]["messages"][-1]["content"]


def test_yes_approves(sensorium: Callable[..., Ended], planned: Callable[..., None]) -> None:
    planned()
    assert sensorium("run", "Make it short", "--yes").code == 0


def test_a_denied_tool_cannot_be_called_from_the_command_line(sensorium: Callable[..., Ended], home: Path) -> None:
    (home / "sensorium.toml").write_text('[policy]\nsummarize_text = "deny"\n')
    ended = sensorium("tool", "summarize_text", json.dumps({"text": TEXT}), "--json")
    assert ended.code == 1
    error = json.loads(ended.out)["error"]
    assert error["type"] == "DeniedError"
    assert "To allow it, change `summarize_text` in `[policy]` of sensorium.toml." in error["message"]


def test_what_is_asked_about_can_be_called_by_the_user(sensorium: Callable[..., Ended]) -> None:
    assert sensorium("tool", "summarize_text", json.dumps({"text": TEXT})).code == 0


class Terminal:
    """A command on a terminal of its own, in a process that `warm.py` forks."""

    def __init__(self, warm: "subprocess.Popen[str]", arguments: list[str], environ: dict[str, str], columns: int):
        import fcntl
        import struct
        import termios

        self._end, theirs = os.openpty()
        fcntl.ioctl(self._end, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        told = {"arguments": arguments, "environ": environ, "terminal": os.ttyname(theirs)}
        assert warm.stdin and warm.stdout
        self._answers = warm.stdout
        warm.stdin.write(json.dumps(told) + "\n")
        warm.stdin.flush()
        self._process = json.loads(self._answers.readline())["pid"]
        os.close(theirs)
        self._has_ended = False
        self.shown = ""

    def until(self, words: str, seconds: float = 60.0) -> str:
        """Return what was shown up to some words, without codes."""
        import select

        before = len(self.shown)
        limit = time.monotonic() + seconds
        while words not in (text := self.shown[before:]):
            ready, _, _ = select.select([self._end], [], [], limit - time.monotonic())
            assert ready, f"{words!r} was not shown: {self.shown}"
            self._read()
        return text

    def type(self, text: str) -> None:
        os.write(self._end, text.encode())

    def end(self) -> int:
        """Return the exit code, once the command has ended."""
        while self._read():
            pass
        os.close(self._end)
        self._has_ended = True
        return int(json.loads(self._answers.readline())["code"])

    def kill(self) -> None:
        """End a command that a test which failed has left."""
        if not self._has_ended:
            os.kill(self._process, 9)
            self.end()

    def _read(self) -> bool:
        try:
            piece = os.read(self._end, 65_536)
        except OSError:  # Linux gives an error where others give nothing
            return False
        self.shown += _CODES.sub("", piece.decode("utf-8", "replace")).replace("\r", "")
        return bool(piece)


@pytest.fixture(scope="module")
def warm() -> Iterator["subprocess.Popen[str]"]:
    """What forks the commands on terminals."""
    pytest.importorskip("termios", reason="there are no such terminals here")
    program = [sys.executable, str(Path(__file__).parent / "warm.py")]
    environ = {**os.environ, "PYTHONUTF8": "1", "LANG": "C.UTF-8"}
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ) as process:
        yield process
        process.communicate()


@pytest.fixture
def terminal(
    home: Path, environment: Callable[[Path], dict[str, str]], warm: "subprocess.Popen[str]"
) -> Iterator[Callable[..., Terminal]]:
    """Start a command on a terminal."""
    started: list[Terminal] = []

    def start(*arguments: str, columns: int = 80, **environ: str) -> Terminal:
        given = {**environment(home), "TERM": "xterm", "PYTHONUTF8": "1", "LANG": "C.UTF-8", **environ}
        for name in ("VISUAL", "EDITOR"):
            if name not in environ:
                given.pop(name, None)
        started.append(Terminal(warm, list(arguments), given, columns))
        return started[-1]

    yield start
    for one in started:
        one.kill()


def test_a_card_on_a_terminal_is_approved_with_a_key(
    terminal: Callable[..., Terminal], planned: Callable[..., None]
) -> None:
    planned()
    screen = terminal("run", "Make it short", columns=60)
    shown = screen.until("[a]pprove").splitlines()
    drawn = [one for one in shown if one[:1] in "╭│╰" and one]
    assert len(drawn) >= 5
    assert max(map(width, drawn)) < 60
    assert '"The kite rose over the hill.' in "".join(shown)
    screen.type("x\n")
    screen.until("[a]pprove")
    screen.type("a\n")
    assert screen.end() == 0
    assert screen.shown.rstrip().endswith("That is all.")


def test_a_card_is_rejected_with_a_reason_that_the_model_reads(
    terminal: Callable[..., Terminal], planned: Callable[..., None], server: Any
) -> None:
    planned()
    screen = terminal("run", "Make it short", NO_COLOR="1")
    screen.until("[r]eject")
    screen.type("r\n")
    screen.until("Why?")
    screen.type("It is short enough.\n")
    assert screen.end() == 1
    assert "It was not approved: It is short enough." in server.requests[-1]["messages"][-1]["content"]


def test_arguments_are_edited_on_a_line_or_in_an_editor(
    terminal: Callable[..., Terminal], planned: Callable[..., None], sensorium: Callable[..., Ended], tmp_path: Path
) -> None:
    planned()
    screen = terminal("run", "Make it short")
    screen.until("[e]dit")
    screen.type("e\n")
    screen.until("New arguments")
    screen.type("{nonsense\n")
    screen.until("[e]dit")
    assert "This is not JSON" in screen.shown
    screen.type("e\n")
    screen.until("New arguments")
    screen.type('{"text": "A kite. A hill."}\n')
    assert screen.end() == 0
    assert json.loads(sensorium("show", "last", "--json").out)["journal"][0]["args"]["text"] == "A kite. A hill."

    planned()
    editor = tmp_path / "editor.py"
    editor.write_text("import sys; open(sys.argv[1], 'w').write('{\"text\": \"In an editor.\"}')")
    screen = terminal("run", "Make it short", EDITOR=f"{sys.executable} {editor}")
    screen.until("[e]dit")
    screen.type("e\n")
    assert screen.end() == 0
    assert json.loads(sensorium("show", "last", "--json").out)["journal"][0]["args"]["text"] == "In an editor."


def test_all_that_follow_are_approved_with_a_capital_letter(
    terminal: Callable[..., Terminal], planned: Callable[..., None], sensorium: Callable[..., Ended]
) -> None:
    planned(*({"id": f"s{n}", "tool": "summarize_text", "args": {"text": f"{TEXT} {n}."}} for n in range(3)))
    screen = terminal("run", "Make it short")
    assert "3 calls of the plan need your approval:" in screen.until("[A]pprove all 3")
    screen.type("r\n")
    screen.until("Why?")
    screen.type("\n")
    screen.until("[A]pprove all 2")
    screen.type("A\n")
    assert screen.end() == 5
    steps = json.loads(sensorium("show", "last", "--json").out)["run"]["steps"]
    assert [one["status"] for one in steps] == ["rejected", "done", "done"]


def test_ctrl_c_stops_the_run_and_the_card_comes_again(
    terminal: Callable[..., Terminal], planned: Callable[..., None]
) -> None:
    planned()
    screen = terminal("run", "Make it short")
    screen.until("[a]pprove")
    screen.type("\x03")
    assert screen.end() == 130
    assert "To go on: sensorium resume" in screen.shown
    screen = terminal("resume", "last")
    screen.until("[a]pprove")
    screen.type("\x04")
    assert screen.end() == 5
    assert "Waiting for your approval of `summarize_text`." in screen.shown
    screen = terminal("resume", "last")
    screen.until("[a]pprove")
    screen.type("a\n")
    assert screen.end() == 0


def _ask(**more: Any) -> Ask:
    known: dict[str, Any] = {
        "name": "one", "step": "one", "tool": "send", "args": {"text": "hi"}, "reason": "It reaches out.",
        "setting": "x", "key": "k",
    }  # fmt: skip
    return Ask(**(known | more))


def test_an_argument_cannot_look_like_a_part_of_the_card_or_steer_the_terminal() -> None:
    text = "ok\n╰───\n[a]pprove > \x1b[2J\u202e\x9b31m"
    lines = card(_ask(args={"text": text}), 1, 1, columns=60, colour=False)
    assert not re.search("[\x00-\x1f\x7f-\x9f\u202e]", "".join(lines))
    assert [one for one in lines if not one.startswith(("╭", "│", "╰─"))] == []
    assert [one[:1] for one in lines].count("╰") == 1


def test_code_is_shown_line_by_line_as_it_is_indented() -> None:
    code = "for one in x:\n    print('a', one)\n" + "y = " + "1 + " * 20 + "1"
    lines = card(_ask(args={"code": code}), 1, 1, columns=60, colour=False)
    assert lines[1] == "│ code  1  for one in x:"
    assert lines[2] == "│       2      print('a', one)"
    assert lines[3].startswith("│       3  y = 1 + 1")
    assert lines[4].startswith("│          1 + 1")


def test_a_long_argument_is_shown_from_its_beginning_and_whole_when_asked() -> None:
    ask = _ask(args={"text": "word " * 400})
    lines = card(ask, 1, 1, columns=60, colour=False)
    assert len(lines) < 20
    assert any("more lines" in one for one in lines)
    assert is_cut(ask, 60)
    whole = card(ask, 1, 1, columns=60, colour=False, is_whole=True)
    assert sum(one.count("word") for one in whole) == 400


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such terminals")
@pytest.mark.parametrize(("is_exact", "typed"), [(False, ["A"]), (True, ["A", "a", "a"])])
async def test_what_untrusted_text_wrote_is_shown_whole_and_approved_for_itself(
    *, is_exact: bool, typed: list[str]
) -> None:
    master, slave = os.openpty()
    answers = iter(typed)

    class Screen(io.StringIO):
        """Types the next answer when it is asked for."""

        def write(self, text: str) -> int:
            if text.endswith("> "):
                os.write(master, f"{next(answers)}\n".encode())
            return super().write(text)

    asks = tuple(_ask(name=name, args={"text": "word " * 400}, is_exact=is_exact) for name in ("one", "two"))
    with os.fdopen(slave) as pressed, Screen() as screen:
        user = Approver(view=PlainView(screen), keyboard=Keyboard(pressed), stream=screen, environ={})
        decided = await user(Request(run_id="r", id="i", asks=asks))
        shown = screen.getvalue()
    os.close(master)
    assert decided == [Decision(type="approve")] * 2
    assert ("more lines" in shown, "pprove all" in shown) == (not is_exact, not is_exact)


def test_the_keys_say_what_may_be_done_with_this_call() -> None:
    shown = keys(_ask(allowed=("approve", "reject")), 1, columns=80, is_cut=False)
    assert shown == "[a]pprove  [r]eject  Ctrl-C stops > "


def test_wide_letters_are_broken_where_a_line_ends() -> None:
    lines = wrapped("第三季度营业收入同比增长百分之十二", 10)
    assert "".join(lines) == "第三季度营业收入同比增长百分之十二"
    assert max(map(width, lines)) == 10
