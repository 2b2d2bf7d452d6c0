"""The live view, on a small emulated terminal."""

import io
import logging
import os
import re
import sys
import threading
import unicodedata
from dataclasses import replace

import pytest

from sensorium.agent.answer import Answer
from sensorium.agent.cli import Log
from sensorium.agent.events import PlanMade, RunFinished, RunStarted, StepEnded, StepProgress, StepStarted
from sensorium.agent.printing import fit, pad, width
from sensorium.agent.terminal import GIVEN_UP, LiveView, PlainView, open_view, summary, watching
from sensorium.tools.base.visible import clean

_CODES = re.compile(r"\x1b\[(\d*)([AJm])|(.)", re.DOTALL)


class Screen(io.StringIO):
    """A terminal that understands what the live view writes, and nothing else."""

    encoding = "utf-8"  # type: ignore[assignment]

    def __init__(self, columns: int, lines: int = 24) -> None:
        super().__init__()
        self.columns, self.lines = columns, lines
        self.rows: list[str] = [""]
        self.row = 0

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        for count, code, letter in _CODES.findall(text):
            if code == "A":
                self.row = max(0, self.row - int(count or 1))
            elif code == "J":
                self.rows = [*self.rows[: self.row], ""]
            elif letter == "\n":
                self.row += 1
                self.rows += [""] * (self.row + 1 - len(self.rows))
            elif letter and letter != "\r":
                assert unicodedata.category(letter) != "Cc"
                if width(self.rows[self.row] + letter) > self.columns:
                    self.row += 1
                    self.rows.insert(self.row, "")
                self.rows[self.row] += letter
        return len(text)

    def narrow(self, columns: int) -> None:
        """Wrap again, as terminals do when their window becomes narrower."""
        self.columns = columns
        whole, self.rows, self.row = "\n".join(self.rows[: self.row]) + "\n", [""], 0
        self.write(whole)

    @property
    def shown(self) -> list[str]:
        return [row.rstrip() for row in self.rows if row.strip()]


def _view(screen: Screen, monkeypatch: pytest.MonkeyPatch, *, colour: bool = False) -> LiveView:
    monkeypatch.setattr(LiveView, "_size", lambda self: (screen.columns, screen.lines))
    # Its clock would draw again at any moment, also between two lines of a test on a busy machine.
    monkeypatch.setattr(LiveView, "_tick", lambda self: None)
    return LiveView(screen, colour=colour)


def _plan(*tools: str) -> PlanMade:
    steps = [{"id": f"s{n}", "tool": tool, "title": tool, "status": "waiting"} for n, tool in enumerate(tools, 1)]
    return PlanMade(goal="x", steps=steps)


def _started(number: int = 1, tool: str = "read_text") -> StepStarted:
    return StepStarted(call_id=f"c{number}", step=f"s{number}", tool=tool)


def _ended(number: int = 1, tool: str = "read_text", **more: object) -> StepEnded:
    return StepEnded(call_id=f"c{number}", step=f"s{number}", tool=tool, **{"status": "done", "seconds": 1.0, **more})


def _progress(note: str, number: int = 1) -> StepProgress:
    return StepProgress(call_id=f"c{number}", step=f"s{number}", tool="read_text", fraction=0.5, note=note)


def test_a_step_is_one_line_that_becomes_its_result(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen(60)
    view = _view(screen, monkeypatch)
    view.show(RunStarted(run_id="abc", request="x"))
    view.show(_plan("read_text"))
    view.show(_started())
    assert screen.shown == ["Run abc", "Plan: 1 step", "· read_text             0 s"]
    view.show(_ended())
    view.close()
    assert screen.shown == ["Run abc", "Plan: 1 step", "✓ read_text          1.0 s"]


def test_steps_of_one_tool_are_told_apart_by_their_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen(60)
    view = _view(screen, monkeypatch)
    view.show(_plan("read_text", "read_text", "speak"))
    view.show(_ended(2))
    view.show(_ended(3, tool="speak"))
    view.close()
    assert screen.shown[1:] == ["✓ read_text s2       1.0 s", "✓ speak              1.0 s"]


def test_lines_stay_on_one_row_at_60_columns_with_wide_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen(60)
    view = _view(screen, monkeypatch)
    monkeypatch.setattr("sensorium.agent.terminal.REDRAW_SECONDS", 0.0)
    for number in (1, 2, 3):
        view.show(_started(number))
        view.show(_progress("第三季度营业收入同比增长百分之十二，新增客户三百一十家。" * 3, number))
    assert len(screen.shown) == 3
    assert all(width(row) <= 59 and row.endswith("…") for row in screen.shown)
    view.close()
    assert screen.shown == []


def test_what_is_logged_stands_whole_above_the_live_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen(60)
    _view(screen, monkeypatch).close()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", screen)
    words = "Job 'job-1' goes on at the shop. It is not ordered anew: the same call again asks for it."
    record = logging.LogRecord("sensorium", logging.WARNING, "", 1, words, None, None)
    with watching() as view:
        view.show(_started())
        with view.held():  # while the user is asked
            Log().emit(record)
        Log().emit(record)
        view.show(_ended())
    assert screen.shown == [words[:60], words[60:]] * 2 + ["✓ read_text          1.0 s"]


def test_a_window_that_becomes_narrower_leaves_no_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen(100)
    view = _view(screen, monkeypatch)
    monkeypatch.setattr("sensorium.agent.terminal.REDRAW_SECONDS", 0.0)
    view.show(_started())
    view.show(_progress("word " * 30))
    screen.narrow(40)
    assert len(screen.shown) == 3
    view.show(_progress("half"))
    assert [row for row in screen.shown if "word" in row] == []
    view.close()
    assert screen.shown == []


def test_more_steps_than_rows_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen(60, lines=6)
    view = _view(screen, monkeypatch)
    for number in range(9):
        view.show(_started(number))
    assert len(screen.shown) == 5
    assert screen.shown[-1] == "… and 5 more"
    view.close()


def test_a_failure_is_shown_whole_and_cannot_move_the_cursor(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen(200)
    view = _view(screen, monkeypatch)
    message = "'a\x1b[2Jb.mp4' is empty\n(0 bytes)."
    view.show(_started())
    view.show(_ended(status="failed", error={"type": "MediaError", "message": message}))
    view.close()
    assert screen.shown == ["✗ read_text          'a\ufffd[2Jb.mp4' is empty (0 bytes)."]


def test_colour_is_for_terminals_that_want_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sensorium.agent.terminal._moves_cursor", lambda stream: True)
    written: list[str] = []
    screen = Screen(60)
    monkeypatch.setattr(screen, "write", written.append)
    for environ in ({}, {"NO_COLOR": "1"}):
        view = open_view(screen, environ)
        view.show(_started())
        view.show(_ended())
        view.close()
        written.append("|")
    coloured, plain = "".join(written).split("|")[:2]
    assert "\x1b[32m✓\x1b[0m" in coloured
    assert "✓" in plain and "m✓" not in plain
    assert isinstance(open_view(screen, {"TERM": "dumb"}), PlainView)


def test_what_is_no_terminal_gets_plain_lines_without_controls() -> None:
    stream = io.StringIO()
    view = open_view(stream, {})
    view.show(RunStarted(run_id="abc", request="x"))
    view.show(_started())
    view.show(_progress("ignored: too soon"))
    view.show(_ended(cached=True))
    view.close()
    assert stream.getvalue() == "run abc: started\nstarted    read_text\ndone       read_text  remembered\n"


def test_one_step_is_not_several() -> None:
    step = {"id": "a", "tool": "read_text", "status": "done"}
    answer = Answer(run_id="abc", status="done", text="", artifacts=[], steps=[step], seconds=1.0)
    assert summary(RunFinished(answer=answer)) == "done: run abc, 1 step, 1.0 s"
    assert ", 2 steps, " in summary(RunFinished(answer=replace(answer, steps=[step, step])))


def test_views_may_be_called_from_many_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen(60)
    view = _view(screen, monkeypatch)
    monkeypatch.setattr("sensorium.agent.terminal.REDRAW_SECONDS", 0.0)
    view.show(_started())
    threads = [threading.Thread(target=lambda: [view.show(_progress("x")) for _ in range(50)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(screen.shown) == 1
    view.close()


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are POSIX")
def test_the_width_of_a_real_terminal_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl
    import pty
    import struct
    import termios

    monkeypatch.setattr("sensorium.agent.terminal.REDRAW_SECONDS", 0.0)
    leader, follower = pty.openpty()
    with os.fdopen(follower, "w", encoding="utf-8") as stream:
        for columns in (60, 33):
            fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
            view = open_view(stream, {"NO_COLOR": "1"})
            assert isinstance(view, LiveView)
            view.show(_started())
            view.show(_progress("n" * 100))
            drawn = ""
            while not drawn.endswith("…\r\n"):  # a terminal gives what was written in pieces
                drawn += os.read(leader, 4096).decode(errors="replace")
            assert width(drawn.rpartition("\x1b[J")[2].strip()) == columns - 1
            view.close()
    os.close(leader)


def test_widths_count_columns() -> None:
    assert (width("abc"), width("中文"), width("e\u0301"), width("")) == (3, 4, 1, 0)
    assert fit("中文字幕", 5) == "中文…"
    assert fit("abc", 3) == "abc"
    assert pad("中", 4) == "中  "


def test_clean_text_has_no_controls_no_reordering_and_no_halves_of_characters() -> None:
    assert clean("a\x1b[31mb\r\u202ec\udcffd\te\n") == "a\ufffd[31mb\ufffd\ufffdc\ufffdd\te\n"
    assert clean("a\u2028b\u061cc\U000e0041d\u3164e") == "a\ufffdb\ufffdc\ufffdd\ufffde"
    assert clean("Soft\u00adware \U0001f469\u200d\U0001f680") == "Soft\u00adware \U0001f469\u200d\U0001f680"
    assert clean("\x9b2J 中文 é 🎬") == "\ufffd2J 中文 é 🎬"


def test_a_plan_that_is_still_written_is_told_when_it_is_whole_or_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    screen, plain = Screen(60), io.StringIO()
    for view in (_view(screen, monkeypatch), PlainView(plain)):
        view.show(replace(_plan("read_text"), is_whole=False))
        view.show(_started())
        view.show(_ended())
        view.show(PlanMade(goal="", steps=[], is_whole=False))
        view.show(_plan("read_text", "speak"))
        view.close()
    assert screen.shown == ["✓ read_text          1.0 s", GIVEN_UP, "Plan: 2 steps"]
    assert plain.getvalue().splitlines() == [
        "started    read_text",
        "done       read_text  1.0 s",
        GIVEN_UP,
        "plan: read_text, speak",
    ]
