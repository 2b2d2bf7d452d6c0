"""Code in sessions: values, errors, files, limits, and that the next call works whatever the last one did."""

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from sensorium.tools.base.errors import MediaError
from sensorium.tools.base.fonts import find_cjk_font
from sensorium.tools.sandbox.limits import Limits
from sensorium.tools.sandbox.session import MAX_CODE_BYTES, CodeSession

FOREVER = "while True: pass"


def test_variables_are_kept_and_the_last_expression_is_the_value(session: CodeSession) -> None:
    assert session.execute("x = 20").value is None
    outcome = session.execute("y = 22\nx + y")
    assert (outcome.status, outcome.value, outcome.state_lost) == ("done", "42", False)
    assert outcome.cells == ("x = 20", "y = 22\nx + y")


def test_what_is_printed_comes_back_apart(session: CodeSession) -> None:
    outcome = session.execute("import sys\nprint('out')\nprint('err', file=sys.stderr)\nsys.stdout.write('no newline')")
    assert (outcome.stdout, outcome.stderr) == ("out\nno newline", "err\n")


def test_an_error_names_the_line_and_leaves_the_variables(session: CodeSession) -> None:
    outcome = session.execute("x = 1\ndef half(n):\n    return n / 0\nhalf(x)")
    assert outcome.status == "error"
    assert outcome.error
    assert (outcome.error.type, outcome.error.message, outcome.error.line) == (
        "ZeroDivisionError", "division by zero", 3,
    )  # fmt: skip
    assert "return n / 0" in outcome.error.traceback
    assert "/opt/sensorium" not in outcome.error.traceback
    assert session.execute("x").value == "1"


def test_a_syntax_error_names_its_line(session: CodeSession) -> None:
    outcome = session.execute("x = 1\nif x\n    pass")
    assert outcome.error
    assert (outcome.error.type, outcome.error.line, outcome.state_lost) == ("SyntaxError", 2, False)


def test_a_missing_package_is_answered_with_those_that_are_there(session: CodeSession) -> None:
    outcome = session.execute("import tensorflow_of_tomorrow")
    assert outcome.error
    assert outcome.error.type == "ModuleNotFoundError"
    assert "numpy, pandas, scipy, matplotlib" in outcome.error.message


def test_the_packages_work(session: CodeSession) -> None:
    code = """
import numpy, pandas, scipy.stats
from PIL import Image
Image.new("RGB", (4, 2)).save("/work/out/p.png")
pandas.DataFrame({"a": numpy.arange(3)}).a.sum(), float(scipy.stats.norm.cdf(0))
"""
    outcome = session.execute(code, timeout_seconds=60)
    assert (outcome.status, outcome.value) == ("done", "(np.int64(3), 0.5)"), outcome.why
    assert [name for name, _ in outcome.artifacts] == ["p.png"]


def test_figures_that_are_shown_or_left_open_come_back_once(session: CodeSession) -> None:
    code = """
import matplotlib.pyplot as plt
plt.plot([1, 2]); plt.show()
plt.figure(); plt.plot([3, 1]); plt.savefig("/work/out/own.png")
plt.figure(); plt.plot([3, 2])
None
"""
    outcome = session.execute(code, timeout_seconds=60)
    assert outcome.status == "done", outcome.why
    assert [name for name, _ in outcome.artifacts] == ["figure-1.png", "figure-2.png", "own.png"]
    assert all(data.startswith(b"\x89PNG") for _, data in outcome.artifacts)
    assert len({data for _, data in outcome.artifacts}) == 3
    assert session.execute("plt.get_fignums()").value == "[]"


@pytest.mark.skipif(find_cjk_font() is None, reason="no font here has Chinese letters")
def test_figures_have_chinese_letters(session: CodeSession) -> None:
    outcome = session.execute("import matplotlib.pyplot as plt\nplt.title('销售 2026'); plt.show()", timeout_seconds=60)
    assert (outcome.status, outcome.stderr) == ("done", "")


def test_code_that_asks_for_input_is_told_that_nobody_answers(session: CodeSession) -> None:
    outcome = session.execute("input('name? ')")
    assert outcome.error
    assert outcome.error.type == "EOFError"
    assert "Nothing can be typed in here" in outcome.error.message


def test_code_that_wants_too_much_memory_is_told_how_much_there_is(session: CodeSession) -> None:
    outcome = session.execute("x = bytes(2**33)")
    assert outcome.error
    assert (outcome.error.type, outcome.state_lost) == ("MemoryError", False)
    assert f"{session.limits.memory_bytes // 2**20} MiB of memory here" in outcome.error.message


def test_code_that_dials_is_told_that_there_is_no_network(session: CodeSession) -> None:
    outcome = session.execute("import urllib.request; urllib.request.urlopen('http://example.com')")
    assert outcome.error
    assert "There is no network here" in outcome.error.message


def test_threads_have_room_beside_the_packages(session: CodeSession) -> None:
    code = """
import threading, numpy, pandas, scipy.stats, matplotlib.pyplot
together = threading.Barrier(24)
def work():
    numpy.linalg.svd(numpy.ones((100, 100)))
    together.wait()
threads = [threading.Thread(target=work) for _ in range(24)]
for one in threads: one.start()
for one in threads: one.join()
"""
    outcome = session.execute(code, timeout_seconds=60)
    assert outcome.status == "done", outcome.why


def test_files_are_lent_read_only_and_taken_out_when_they_are_new(session: CodeSession, tmp_path: Path) -> None:
    given = tmp_path / "given.txt"
    given.write_text("from outside")
    first = session.execute(
        "open('/work/out/copy.txt', 'w').write(open('/work/in/a b.txt').read())", {"a b.txt": given}
    )
    assert first.artifacts == [("copy.txt", b"from outside")]
    assert session.execute("1").artifacts == []
    changed = session.execute("open('/work/in/a b.txt', 'w')")
    assert changed.error
    assert changed.error.type == "OSError"
    assert given.read_text() == "from outside"
    given.unlink()
    other = tmp_path / "other.txt"
    other.write_text("another")
    assert session.execute("open('/work/in/a b.txt').read()", {"a b.txt": other}).value == "'another'"


def test_a_file_that_only_its_owner_may_read_is_lent_too(session: CodeSession, tmp_path: Path) -> None:
    given = tmp_path / "given.txt"
    given.write_text("mine")
    given.chmod(0o600)
    assert session.execute("open('/work/in/it').read()", {"it": given}).value == "'mine'"
    with given.open("rb") as opened:
        assert session.execute("open('/work/in/fd').read()", {"fd": opened.fileno()}).value == "'mine'"


def test_a_time_out_loses_the_variables_and_says_so(session: CodeSession) -> None:
    session.execute("x = 1")
    outcome = session.execute(f"print('began')\n{FOREVER}", timeout_seconds=0.5)
    assert outcome.seconds < session.limits.wall_seconds / 2
    assert (outcome.status, outcome.state_lost, outcome.stdout) == ("timeout", True, "began\n")
    assert outcome.cells[0] == "x = 1"
    assert not session.alive
    after = session.execute("x")
    assert after.error
    assert after.error.type == "NameError"


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("import os; os._exit(0)", "crashed"),
        ("import os; os.closerange(0, 4096)", "crashed"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "crashed"),
        ("import os\nfor n in range(3, 4096):\n  try: os.write(n, b'{}' * 99)\n  except OSError: pass", "crashed"),
        ("while True: print('x' * 100_000)", "killed"),
        ("for n in range(100_000): open(f'/work/{n}', 'w').close()", "killed"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSTOP)", "timeout"),
    ],
)
def test_whatever_a_call_does_the_next_one_works(session: CodeSession, code: str, status: str) -> None:
    outcome = session.execute(code, timeout_seconds=1 if status == "timeout" else 20)
    assert (outcome.status, outcome.state_lost, outcome.value) == (status, True, None), outcome.why
    assert outcome.why
    assert session.execute("6 * 7").value == "42"


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("import os\nwhile True: os.fork()", "BlockingIOError"),
        ("bytearray(2**31)", "MemoryError"),
        ("open('/work/out/big', 'wb').write(bytes(2**27))", "OSError"),
        ("import os\nkept = [os.open('/dev/null', 0) for _ in range(1000)]", "OSError"),
        ("def f(): f()\nf()", "RecursionError"),
        ("input()", "EOFError"),
    ],
)
def test_limits_that_code_can_meet_leave_the_session_alive(session: CodeSession, code: str, error: str) -> None:
    session.execute("x = 1")
    outcome = session.execute(code)
    assert outcome.error
    assert (outcome.error.type, outcome.state_lost) == (error, False)
    assert session.execute("x").value == "1"


def test_processor_time_is_limited_over_all_processes(bubblewrap: str) -> None:
    session = CodeSession(limits=Limits(cpu_seconds=0.6, wall_seconds=20))
    try:
        outcome = session.execute(f"import os\nfor _ in range(3): os.fork()\n{FOREVER}")
        assert (outcome.status, outcome.state_lost) == ("killed", True)
        assert "processor time" in outcome.why
        assert outcome.seconds < 10
    finally:
        session.close()


def test_long_output_keeps_its_beginning_and_its_end(bubblewrap: str) -> None:
    session = CodeSession(limits=Limits(output_bytes=1000))
    try:
        outcome = session.execute("print('first'); print('x' * 5000); print('last')")
        assert outcome.truncated
        assert outcome.stdout.startswith("first\n")
        assert outcome.stdout.endswith("last\n")
        assert len(outcome.stdout) < 1100
    finally:
        session.close()


def test_what_an_earlier_thread_prints_is_no_part_of_the_next_call(session: CodeSession) -> None:
    code = """
import threading
ready, go, printed = (threading.Event() for _ in range(3))
def late():
    ready.set(); go.wait(); print("from before"); printed.set()
threading.Thread(target=late, daemon=True).start()
ready.wait()
"""
    session.execute(code)
    outcome = session.execute("go.set(); printed.wait(); print('now')")
    assert (outcome.stdout, outcome.background_output) == ("now\n", "from before\n")


def test_processes_that_are_left_behind_end_with_their_call(session: CodeSession) -> None:
    code = """
import os, signal, time
if os.fork() == 0:
    os.setsid()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if os.fork():
        os._exit(0)
    while True:
        time.sleep(1)
os.wait()
"""
    assert session.execute(code).status == "done"
    assert session.execute("[one for one in os.listdir('/proc') if one.isdigit()]").value == "['1', '2']"


def test_a_thread_that_computes_on_after_its_call_ends_the_session(session: CodeSession) -> None:
    session.execute(f"import threading\ndef spin():\n    {FOREVER}\nthreading.Thread(target=spin, daemon=True).start()")
    cage = session._cage
    assert cage
    assert cage.await_end(20)
    assert session.execute("1").value == "1"


def test_a_worker_that_is_killed_between_calls_is_told_of(session: CodeSession) -> None:
    session.execute("x = 1")
    cage = session._cage
    assert cage
    cage.kill("something killed it")
    outcome = session.execute("'x' in globals()")
    assert (outcome.status, outcome.value, outcome.state_lost) == ("done", "False", True)
    assert "something killed it" in outcome.why
    assert session.execute("1").state_lost is False


def test_children_that_go_on_being_started_end_the_session(session: CodeSession) -> None:
    code = """
import os, signal, threading, time
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
def breed():
    while True:
        if os.fork() == 0:
            time.sleep(0.5)
            os._exit(0)
        time.sleep(0.1)
threading.Thread(target=breed, daemon=True).start()
"""
    session.execute(code)
    cage = session._cage
    assert cage
    assert cage.await_end(20)


def test_a_value_that_is_too_long_is_cut(session: CodeSession) -> None:
    outcome = session.execute("'x' * 10_000_000")
    assert outcome.value
    assert len(outcome.value) < 30_000


def test_code_that_says_it_is_done_is_done(session: CodeSession) -> None:
    assert session.execute("import sys\nsys.exit()").status == "done"
    outcome = session.execute("sys.exit(3)")
    assert outcome.error
    assert (outcome.error.type, outcome.error.message) == ("SystemExit", "3")


def test_text_that_cannot_be_written_comes_back_as_text(session: CodeSession) -> None:
    outcome = session.execute("class Odd:\n    def __repr__(self): return '\\ud800é\\0'\nOdd()")
    assert outcome.value == "\\ud800é\0"
    assert session.execute("len('" + "é" * 200_000 + "')").value == "200000"


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf")])
def test_a_time_that_is_none_is_refused(session: CodeSession, seconds: float) -> None:
    with pytest.raises(ValueError, match="must be above 0"):
        session.execute("1", timeout_seconds=seconds)


def test_only_regular_files_are_given(session: CodeSession, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for source in (tmp_path / "pipe", tmp_path, Path("/dev/zero")):
        with pytest.raises(MediaError, match="is not a regular file"):
            session.execute("1", {"a": source})
    descriptor = os.open("/dev/zero", os.O_RDONLY)
    try:
        with pytest.raises(OSError, match="only a regular file"):
            session.execute("1", {"a": descriptor})
    finally:
        os.close(descriptor)


def test_a_session_that_nobody_closed_leaves_nothing(bubblewrap: str, tmp_path: Path) -> None:
    script = f"""
from pathlib import Path
from sensorium.tools.sandbox.session import CodeSession
session = CodeSession(folder=Path({str(tmp_path)!r}))
print(session.execute("1").value, len(list(Path({str(tmp_path)!r}).iterdir())))
"""
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert (ended.stdout, ended.stderr) == ("1 1\n", "")
    assert list(tmp_path.iterdir()) == []


def test_the_files_of_a_process_that_was_killed_are_removed(bubblewrap: str, tmp_path: Path) -> None:
    ended = subprocess.run(["sh", "-c", "echo $$"], capture_output=True, text=True, check=True).stdout.strip()
    left, other = tmp_path / f"sensorium-in-{ended}-abc", tmp_path / f"sensorium-in-{os.getpid()}-abc"
    for folder in (left, other):
        folder.mkdir()
    session = CodeSession(folder=tmp_path)
    session.execute("1")
    session.close()
    assert (left.exists(), other.exists()) == (False, True)


def test_code_that_is_too_long_is_refused(session: CodeSession) -> None:
    with pytest.raises(ValueError, match="Give what is long as a file"):
        session.execute("#" * (MAX_CODE_BYTES + 1))


def await_call(session: CodeSession) -> None:
    """Return when another thread makes a call."""
    while session._lock.acquire(blocking=False):
        session._lock.release()
        time.sleep(0.01)


async def test_cancelling_ends_the_call(session: CodeSession) -> None:
    await session.run("x = 1")
    call = asyncio.create_task(session.run("import time; time.sleep(60)"))
    await asyncio.to_thread(await_call, session)
    call.cancel()
    started = time.monotonic()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert time.monotonic() - started < session.limits.wall_seconds / 2
    assert not session.alive
    assert (await session.run("1 + 1")).value == "2"


def test_closing_ends_a_call_that_is_being_made(session: CodeSession) -> None:
    session.execute("1")
    outcomes = []
    thread = threading.Thread(target=lambda: outcomes.append(session.execute("import time; time.sleep(60)")))
    thread.start()
    await_call(session)
    session.close()
    thread.join(10)
    assert [(one.status, one.state_lost) for one in outcomes] == [("killed", True)]


def test_two_sessions_of_one_user_do_not_take_from_one_another(bubblewrap: str) -> None:
    code = """
import os, time
children = 0
try:
    while True:
        if os.fork() == 0:
            time.sleep(2); os._exit(0)
        children += 1
except OSError:
    pass
children
"""
    both = [CodeSession(), CodeSession()]
    counts = []
    threads = [threading.Thread(target=lambda one=one: counts.append(one.execute(code).value)) for one in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one in both:
        one.close()
    assert counts == ["62", "62"]


def test_memory_is_limited_over_all_processes(bubblewrap: str) -> None:
    session = CodeSession(limits=Limits(total_memory_bytes=300 * 2**20, wall_seconds=20))
    code = "import os, time\nfor _ in range(8):\n  if os.fork() == 0: kept = bytearray(2**27); time.sleep(9)\n"
    try:
        outcome = session.execute(f"{code}time.sleep(9)")
        assert (outcome.status, outcome.why) == ("killed", "it used more than 300 MiB of memory in all")
        shared = "import os, time\nkept = bytearray(2**26)\nfor _ in range(8):\n  if os.fork() == 0: os._exit(0)\n1"
        assert session.execute(shared).status == "done"
    finally:
        session.close()


def test_what_processes_share_is_counted_once(as_ordinary_user: Callable[[str], str]) -> None:
    script = """
from sensorium.tools.sandbox.limits import Limits
from sensorium.tools.sandbox.session import CodeSession
session = CodeSession(limits=Limits(total_memory_bytes=300 * 2**20))
code = "import os, time\\nkept = b'x' * 2**27\\nfor _ in range(8):\\n  if os.fork() == 0: time.sleep(9)\\n"
print(session.execute(code + "time.sleep(0.4)").status)
session.close()
"""
    assert as_ordinary_user(script) == "done\n"


LETS_GO = """
import mmap, os, time
for _ in range(8):
    if os.fork() == 0:
        kept = mmap.mmap(-1, 2**27)
        kept.write(bytes(2**27))
        kept.madvise(mmap.MADV_DONTNEED)
        time.sleep(9)
time.sleep(9)
"""


def test_memory_that_is_shared_and_let_go_is_seen(as_ordinary_user: Callable[[str], str]) -> None:
    script = f"""
from sensorium.tools.sandbox.limits import Limits
from sensorium.tools.sandbox.session import CodeSession
session = CodeSession(limits=Limits(total_memory_bytes=300 * 2**20))
print(session.execute({LETS_GO!r}).why)
session.close()
"""
    assert "MiB" in as_ordinary_user(script)


def test_a_lack_of_descriptors_is_explained(session: CodeSession) -> None:
    outcome = session.execute("import socket\nkept = []\nwhile True:\n    kept.append(socket.socketpair())")
    assert outcome.error
    assert (outcome.error.type, outcome.error.line) == ("OSError", 4)
    assert "kept.append(socket.socketpair())" in outcome.error.traceback


def test_an_ordinary_user_has_the_same(as_ordinary_user: Callable[[str], str]) -> None:
    script = """
import os
from sensorium.tools.sandbox.limits import Limits
from sensorium.tools.sandbox.session import CodeSession
assert os.getuid() != 0
session = CodeSession(limits=Limits(total_memory_bytes=300 * 2**20))
print(session.execute("open('/work/out/a', 'w').write('x')\\n6 * 7").artifacts)
print(session.execute("import os\\nwhile True: os.fork()").error.type)
print(session.execute("open('/proc/sys/kernel/core_pattern', 'w')").error.type)
not_dumpable = "import ctypes; ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)"
print(session.execute(not_dumpable + "; open('/work/out/b', 'w').close()").artifacts)
code = "import time\\nfor _ in range(8):\\n  if os.fork() == 0: kept = bytearray(2**27); time.sleep(9)\\ntime.sleep(9)"
outcome = session.execute(code)
print(outcome.status, outcome.why, outcome.seconds < 9)
print(session.execute("1").value)
session.close()
"""
    assert as_ordinary_user(script).splitlines() == [
        "[('a', b'x')]",
        "BlockingIOError",
        "OSError",
        "[('b', b'')]",
        "killed it used more than 300 MiB of memory in all True",
        "1",
    ]
