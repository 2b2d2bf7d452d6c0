"""A session keeps what is its own, shares nothing, says when it lost something, and always goes on."""

import select
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

LATE_PRINT = """
import threading, time
def later():
    time.sleep(0.3)
    print('from a thread')
threading.Thread(target=later).start()
print('in the call')
"""
LEAVE_TRACES = """
import os, socket, time
for folder in ('/tmp', '/dev/shm', os.path.expanduser('~')):
    open(f'{folder}/trace-NAME', 'w').write('NAME')
listening = socket.socket(socket.AF_UNIX)
listening.bind('\\0trace')
listening.listen()
server = socket.create_server(('127.0.0.1', 5151))
trace = 'NAME'
"""
FIND_TRACES = """
[f'{folder}/{one}' for folder in ('/tmp', '/dev/shm', os.path.expanduser('~')) for one in os.listdir(folder)
 if one.startswith('trace-') and one != 'trace-NAME'] + [trace] * (trace != 'NAME')
"""
BURN_BETWEEN_CALLS = """
import os, signal, threading, time
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
def burn():
    while True:
        try:
            if os.fork() == 0:
                ends = time.process_time() + 0.3
                while time.process_time() < ends:
                    pass
                os._exit(0)
        except OSError:
            pass
        time.sleep(0.3)
threading.Thread(target=burn, daemon=True).start()
"""
JOBS: dict[str, list[dict[str, Any]]] = {
    "kept": [{"code": "x = [1]"}, {"code": "x.append(2)\nx"}, {"code": "def f():\n    return sum(x)"}, {"code": "f()"}],
    "error": [{"code": "x = 1"}, {"code": "y = 2\nraise ValueError('no')"}, {"code": "x + y"}],
    "syntax": [{"code": "x = 1"}, {"code": "x = = 2"}, {"code": "x"}],
    "missing package": [{"code": "import no_such_package"}, {"code": "1 + 1"}],
    "timeout": [{"code": "x = 1"}, {"code": "while True: pass", "seconds": 0.5}, {"code": "'x' in globals()"}],
    "killed during": [
        {"code": "x = 1"},
        {"code": "import time; time.sleep(20)", "seconds": 20, "kill_after_seconds": 0.4},
        {"code": "'x' in globals()"},
    ],
    "supervisor killed": [
        {"code": "x = 1"},
        {"code": "import time; time.sleep(20)", "seconds": 20, "kill_after_seconds": 0.4, "supervisor": True},
        {"code": "'x' in globals()"},
    ],
    "killed between": [{"code": "x = 1", "kill_afterwards": True}, {"code": "'x' in globals()"}],
    "late print": [{"code": LATE_PRINT, "pause_seconds": 0.7}, {"code": "print('clean')"}],
    "one": [
        {"code": LEAVE_TRACES.replace("NAME", "one"), "pause_seconds": 1},
        {"code": FIND_TRACES.replace("NAME", "one")},
    ],
    "other": [
        {"code": LEAVE_TRACES.replace("NAME", "other"), "pause_seconds": 1},
        {"code": FIND_TRACES.replace("NAME", "other")},
    ],
    "files": [
        {"code": "import os; os.listdir('in')", "files": {"a.txt": "first"}},
        {"code": "open('in/a.txt').read()"},
        {"code": "open('in/a.txt', 'w')"},
        {"code": "os.unlink('in/a.txt')"},
        {"code": "os.symlink('/etc/passwd', 'in/b.txt')"},
        # Whoever else opens a file with a lease waits for long; by a hard link it may be the user's own.
        {"code": "import fcntl; fcntl.fcntl(open('in/a.txt'), fcntl.F_SETLEASE, fcntl.F_RDLCK)"},
        {"code": "sorted(os.listdir('in'))", "files": {"../../up.txt": "second", "x/../y.txt": "third"}},
    ],
    "results": [
        {"code": "open('out/a.txt', 'w').write('first')"},
        {"code": "open('out/b.txt', 'w').write('second')"},
        {"code": "open('out/a.txt', 'w').write('third')"},
        {"code": "1"},
    ],
    "burn between": [{"code": BURN_BETWEEN_CALLS, "pause_seconds": 4.5}, {"code": "1"}],
}


@pytest.fixture(scope="module")
def attacked(attacking: ModuleType, user: str, or_excused: Callable[[Exception], None]) -> Iterator[dict[str, Any]]:
    """What came of each session, of one user."""
    with attacking.baited({}) as bait:
        steps = {name: [{"seconds": 10, **one} for one in given] for name, given in JOBS.items()}
        jobs = [{"name": name, "limits": {}, "steps": given} for name, given in steps.items()]
        try:
            told = attacking.send(user, jobs, bait, parallel=4)
        except attacking.Unable as error:
            or_excused(error)
        yield told


def _values(attacked: dict[str, Any], name: str) -> list[Any]:
    return [one["value"] for one in attacked["jobs"][name][:-1]]


def test_variables_are_kept(attacked: dict[str, Any]) -> None:
    assert _values(attacked, "kept") == [None, "[1, 2]", None, "3"]


def test_an_error_keeps_them(attacked: dict[str, Any]) -> None:
    _, failed, after, _ = attacked["jobs"]["error"]
    assert failed["status"] == "error"
    assert (failed["error"]["type"], failed["error"]["message"], failed["error"]["line"]) == ("ValueError", "no", 2)
    assert not failed["state_lost"]
    assert after["value"] == "3"


def test_wrong_syntax_keeps_them(attacked: dict[str, Any]) -> None:
    _, failed, after, _ = attacked["jobs"]["syntax"]
    assert (failed["error"]["type"], failed["error"]["line"]) == ("SyntaxError", 1)
    assert after["value"] == "1"


def test_a_missing_package_is_told_with_those_that_are_there(attacked: dict[str, Any]) -> None:
    failed, after, _ = attacked["jobs"]["missing package"]
    assert failed["error"]["type"] == "ModuleNotFoundError"
    assert all(one in failed["error"]["message"] for one in ("no_such_package", "numpy", "pandas"))
    assert after["value"] == "2"


def test_a_time_out_loses_them_and_says_so(attacked: dict[str, Any]) -> None:
    _, ended, after, _ = attacked["jobs"]["timeout"]
    assert (ended["status"], ended["state_lost"]) == ("timeout", True)
    assert (after["status"], after["value"]) == ("done", "False")


@pytest.mark.parametrize("job", ["killed during", "supervisor killed"])
def test_a_worker_that_is_killed_in_a_call_loses_them_and_says_so(attacked: dict[str, Any], job: str) -> None:
    _, ended, after, _ = attacked["jobs"][job]
    assert (ended["status"], ended["state_lost"]) in [("crashed", True), ("killed", True)]
    assert ended["wall_seconds"] < 8
    assert (after["status"], after["value"]) == ("done", "False")


def test_a_worker_that_is_killed_between_calls_loses_them_and_says_that_it_is_a_first_call(
    attacked: dict[str, Any],
) -> None:
    first, after, _ = attacked["jobs"]["killed between"]
    assert (after["status"], after["value"]) == ("done", "False")
    assert [one["state_lost"] or one["cells"] == 1 for one in first["after"]] == [True]


def test_what_a_left_thread_prints_is_told_as_background(attacked: dict[str, Any]) -> None:
    first, after, _ = attacked["jobs"]["late print"]
    assert first["stdout"] == "in the call\n"
    assert after["stdout"] == "clean\n"
    assert "from a thread" in "".join(one["background_output"] for one in [*first["after"], after])


def test_two_sessions_see_nothing_of_each_other(attacked: dict[str, Any]) -> None:
    assert _values(attacked, "one")[-1] == "[]"
    assert _values(attacked, "other")[-1] == "[]"


def test_what_is_given_can_be_read_and_not_be_changed(attacked: dict[str, Any]) -> None:
    told = attacked["jobs"]["files"]
    assert [one["value"] for one in told[:2]] == ["['a.txt']", "'first'"]
    assert [one["error"]["type"] for one in told[2:6]] == ["OSError"] * 3 + ["PermissionError"]
    names = told[6]["value"]
    assert "a.txt" in names
    assert "/" not in names
    assert len(eval(names)) == 3


def test_only_what_is_new_comes_out(attacked: dict[str, Any]) -> None:
    out = [[one["name"] for one in step["artifacts"]] for step in attacked["jobs"]["results"][:-1]]
    assert out == [["a.txt"], ["b.txt"], ["a.txt"], []]


def test_computing_on_between_calls_is_ended(attacked: dict[str, Any]) -> None:
    """Each child ends before it has used much, and nobody waits for it: the sum is counted nowhere by itself."""
    first, after, _ = attacked["jobs"]["burn between"]
    assert after["status"] == "done"
    assert first["running_after_pause"] <= 2


def test_every_session_leaves_nothing(attacked: dict[str, Any]) -> None:
    assert {name: one[-1]["survivors"] for name, one in attacked["jobs"].items()} == {name: [] for name in JOBS}
    assert attacked["host"]["after"]["descriptors"] <= attacked["host"]["before"]["descriptors"] + 2
    assert attacked["host"]["after"]["scratch"] == []


def test_nothing_is_left_of_a_host_that_is_killed(
    attacking: ModuleType, user: str, or_excused: Callable[[Exception], None]
) -> None:
    with attacking.baited({}) as bait, tempfile.TemporaryDirectory(prefix="sensorium-attacker-") as home:
        host = str(Path("/proc/self/ns/pid").readlink())
        try:
            with attacking.started(user, Path(home), bait, "left_behind.py", host) as process:
                assert select.select([process.stdout], [], [], 60)[0]
                namespace = process.stdout.readline().decode().strip()
                assert namespace.startswith("pid:["), process.stderr.read()
                # Held open, because the number of one that is gone is soon another's.
                with _when_full(namespace, 5).open():
                    process.send_signal(signal.SIGKILL)
                    process.wait()
                    assert _left(namespace) == []
        except attacking.Unable as error:
            or_excused(error)


def _when_full(namespace: str, many: int) -> Path:
    """Wait until so many processes are in a namespace, so that there is something to be left; return its file."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if len(found := _inside(namespace)) >= many:
            return found[0]
        time.sleep(0.05)
    raise AssertionError("the code of the session did not get that far")


def _left(namespace: str) -> list[Path]:
    """Return what is still in a namespace, after giving the kernel time to clear it."""
    deadline = time.monotonic() + 5
    while (found := _inside(namespace)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return found


def _inside(namespace: str) -> list[Path]:
    found = []
    for one in Path("/proc").iterdir():
        if one.name.isdigit():
            with suppress(OSError):
                if str((one / "ns" / "pid").readlink()) == namespace:
                    found.append(one / "ns" / "pid")
    return found
