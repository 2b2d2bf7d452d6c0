"""The conversation on the command line, typed and piped."""

import codecs
import io
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from sensorium.agent.chat import _HELP
from sensorium.agent.cli import main
from sensorium.agent.dropped import files_dropped, paths_in
from sensorium.agent.printing import width

_CONTROLLING = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
)


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENSORIUM_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SENSORIUM_OFFLINE", "1")
    monkeypatch.setenv("LANG", "C.UTF-8")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")


@pytest.fixture
def slide(making: ModuleType) -> Path:
    making.slide("Kites and wind").save("my slide.png")
    return Path("my slide.png")


@pytest.fixture
def piped(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str, str]]:
    def run(*lines: str, options: tuple[str, ...] = ()) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
        code = main(["chat", *options])
        ended = capsys.readouterr()
        return code, ended.out, ended.err

    return run


def test_each_piped_line_is_a_turn_of_one_conversation(piped: Callable[..., tuple[int, str, str]], slide: Path) -> None:
    code, out, err = piped("/attach 'my slide.png'", "Read the text", "", "in Chinese", "/artifacts", "/save out")
    assert (code, out.count("Kites and wind")) == (0, 2)
    assert "文字：" in out
    assert "> " not in out
    assert err.count(": started") == 2
    assert (Path("out") / "text.txt").read_text(encoding="utf-8").startswith("Kites")
    code, out, err = piped("/thread", "/thread new", "/thread", options=("-c",))
    assert "Read the text (2 turns)" in err
    assert "Files: my slide.png" in err
    assert err.count("A new conversation.") == 2


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("/nonsense", "There is no /nonsense. There are: /attach, /plan"),
        ("/attach", "/attach talk.mp4"),
        ('/attach ""', "/attach talk.mp4"),
        ("/attach gone.mp4", "'gone.mp4' is not there"),
        ("/attach\tgone.mp4", "'gone.mp4' is not there"),
        ("/save", "/save out"),
        ('/save ""', "/save out"),
        ("/save out", "No turn made any files"),
        ("/resume", "No turn of this conversation was stopped"),
        ("/resume abc", "There is no run 'abc'"),
        ("/plan", "/plan write a report"),
        ("/thread xyz", "There is no thread 'xyz'"),
    ],
)
def test_a_command_that_cannot_be_done_says_so_and_the_conversation_goes_on(
    piped: Callable[..., tuple[int, str, str]], line: str, words: str
) -> None:
    code, out, err = piped(line, "hello")
    assert (code, out.startswith("Hello.")) == (1, True)
    assert words in err
    assert "Traceback" not in err


def test_words_follow_the_language_of_the_requests(piped: Callable[..., tuple[int, str, str]]) -> None:
    _, out, err = piped("你好", "/help", "/nonsense", "hello", "/help")
    assert "添加文件" in out
    assert "没有 /nonsense" in err
    assert "add files" in out


def test_help_fits_60_columns() -> None:
    assert max(width(f"{name:<18}{words}") for name, *both in _HELP for words in both) <= 60


def test_quit_ends_before_the_lines_do(piped: Callable[..., tuple[int, str, str]]) -> None:
    assert piped("/quit", "hello")[:2] == (0, "")


@pytest.mark.skipif(sys.platform == "win32", reason="paths are written in another way there")
def test_paths_are_read_however_a_terminal_writes_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("a.mp4", "my talk.mp4", "it's.mp4", "讲座.mp4"):
        (tmp_path / name).touch()
    spaced, here = Path("my talk.mp4"), str(tmp_path)
    assert paths_in("a.mp4 讲座.mp4") == [Path("a.mp4"), Path("讲座.mp4")]
    for written in ("my talk.mp4", '"my talk.mp4"', "'my talk.mp4' ", "my\\ talk.mp4"):
        assert paths_in(written) == [spaced]
    assert paths_in("it's.mp4") == [Path("it's.mp4")]
    assert paths_in("it's.mp4 a.mp4") == [Path("it's.mp4"), Path("a.mp4")]
    assert paths_in(f"file://{here}/my%20talk.mp4 ~/a.mp4") == [tmp_path / "my talk.mp4", tmp_path / "a.mp4"]
    assert files_dropped(f"'{here}/my talk.mp4' {here}/a.mp4") == [tmp_path / "my talk.mp4", tmp_path / "a.mp4"]
    assert files_dropped("./a.mp4") == [Path("a.mp4")]
    for request in ("a.mp4", "'a.mp4' and what is it?", "/attach a.mp4", "/gone.mp4", "what is a.mp4?", ""):
        assert files_dropped(request) == []


class Typed:
    """A chat on a terminal of its own."""

    def __init__(self, *options: str) -> None:
        self.terminal, there = os.openpty()
        environment = {**os.environ, "TERM": "xterm-256color", "NO_COLOR": "1"}
        command = [sys.executable, "-c", _CONTROLLING, sys.executable, "-m", "sensorium", "chat", *options]
        self.process = subprocess.Popen(
            command, stdin=there, stdout=there, stderr=there, start_new_session=True, env=environment
        )
        os.close(there)
        self.shown = ""
        # The bytes of a character may come one by one.
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def wait_for(self, words: str, seconds: float = 60.0) -> str:
        """Return what was shown since the last time, up to these words."""
        ends = time.monotonic() + seconds
        while words not in self.shown:
            assert time.monotonic() < ends, self.shown
            if select.select([self.terminal], [], [], 0.2)[0]:
                self.shown += self._decoder.decode(os.read(self.terminal, 65_536))
        at = self.shown.index(words) + len(words)
        before, self.shown = self.shown[:at], self.shown[at:]
        return before

    def type(self, text: str) -> None:
        if text == "\x03":
            # Between writing its prompt and waiting for keys, CPython notices a signal only when the next key comes.
            time.sleep(0.3)
        os.write(self.terminal, text.encode())


@pytest.fixture
def typed() -> Iterator[Callable[..., Typed]]:
    if sys.platform == "win32":
        pytest.skip("there are no pseudo-terminals")
    opened: list[Typed] = []

    def start(*options: str) -> Typed:
        opened.append(Typed(*options))
        return opened[-1]

    yield start
    for one in opened:
        one.process.kill()
        one.process.wait()
        os.close(one.terminal)


@pytest.fixture
def served(server: Any, tmp_path: Path) -> None:
    """The scripted server is the model of the settings."""
    (tmp_path / "home").mkdir()
    settings = f'[models]\nthink = "house:big"\n[providers.house]\nbase_url = "{server.url}"\n'
    (tmp_path / "home" / "sensorium.toml").write_text(settings, encoding="utf-8")


@pytest.mark.usefixtures("served")
def test_ctrl_c_stops_the_turn_and_not_the_conversation(
    typed: Callable[..., Typed], server: Any, script: ModuleType
) -> None:
    server.play(script.says("never", "said", pause_seconds=60), script.says("Here I am."))
    chat = typed()
    chat.wait_for("> ")
    chat.type("Wait for me\n")
    chat.wait_for("Run ")
    assert server.asked.wait(60)
    chat.type("\x03")
    chat.wait_for("Stopped. /resume goes on with it.")
    chat.wait_for("> ")
    chat.type("Are you there?\n")
    chat.wait_for("Here I am.")
    chat.wait_for("> ")
    chat.type("\x03")
    chat.wait_for("Ctrl-C again, or /quit, to leave.")
    chat.wait_for("> ")
    chat.type("\x04")
    chat.wait_for("To come back: sensorium chat --thread ")
    assert chat.process.wait(30) == 0
    told = [one["content"] for one in server.requests[-1]["messages"] if one["role"] != "system"]
    assert "Wait for me" in told[0]
    assert "stopped" in told[1]


@pytest.mark.usefixtures("served")
def test_ctrl_c_stops_a_plan_and_not_the_conversation(
    typed: Callable[..., Typed], server: Any, script: ModuleType
) -> None:
    server.play(script.says("never", "said", pause_seconds=60), script.says("Here I am."))
    chat = typed()
    chat.wait_for("> ")
    chat.type("/plan something slow\n")
    assert server.asked.wait(60)
    chat.type("\x03")
    chat.wait_for("Stopped.")
    chat.wait_for("> ")
    chat.type("Are you there?\n")
    chat.wait_for("Here I am.")


def test_what_is_pasted_is_one_turn(typed: Callable[..., Typed]) -> None:
    chat = typed()
    chat.wait_for("> ")
    chat.type("\x1b[200~remember that\nI like short answers\x1b[201~")
    chat.type("\n")
    chat.wait_for("I will remember: “I like short answers”")
    chat.wait_for("> ")
    chat.type('"""\n')
    chat.wait_for("… ")
    chat.type("remember that I am Anna\n")
    chat.type('"""\n')
    chat.wait_for("I will remember: “I am Anna”")
    chat.type("/quit\n")
    assert chat.process.wait(30) == 0
