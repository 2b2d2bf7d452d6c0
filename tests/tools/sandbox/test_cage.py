"""What a cage holds in, and how it ends."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sensorium.tools.sandbox import cage as cages
from sensorium.tools.sandbox.cage import Cage, CageError
from sensorium.tools.sandbox.limits import Limits

GUEST = """
import os, socket, sys
from channel import Channel

def main():
    channel = Channel(socket.socket(fileno=int(os.environ["SENSORIUM_CHANNEL"])))
    while True:
        try:
            told = eval(channel.receive().body["ask"])
        except OSError as error:
            told = type(error).__name__, error.errno
        channel.send({"told": told})
"""


@pytest.fixture
def guest(tmp_path: Path) -> Path:
    """A guest that evaluates what it is asked."""
    path = tmp_path / "asked.py"
    path.write_text(GUEST)
    return path


@pytest.fixture
def cage(bubblewrap: str, guest: Path) -> Iterator[Cage]:
    started = Cage.start(guest, limits=Limits())
    yield started
    started.kill()


def ask(cage: Cage, what: str) -> Any:
    cage.channel.send({"ask": what})
    return cage.channel.receive(20).body["told"]


def test_nothing_of_the_host_is_in_it(cage: Cage) -> None:
    assert ask(cage, "sorted(os.listdir('/work')) + os.listdir('/work/in') + os.listdir('/tmp')") == ["in", "out"]
    assert set(ask(cage, "os.listdir('/')")) <= {
        "bin", "dev", "etc", "lib", "lib32", "lib64", "libx32", "opt", "proc", "sbin", "tmp", "usr", "work",
        Path(sys.base_prefix).parts[1],
    }  # fmt: skip
    assert ask(cage, "open('/etc/passwd').read()").splitlines() == ["user:x:1000:1000:user:/work:/bin/sh"]
    assert ask(cage, "socket.gethostname()") == "sandbox"
    assert ask(cage, "(os.getuid(), os.getgid(), os.getgroups())") == [1000, 1000, []]


def test_the_environment_is_made_up_in_every_process(cage: Cage, monkeypatch: pytest.MonkeyPatch) -> None:
    names = set(ask(cage, "sorted(os.environ)"))
    assert names & {"PATH", "HOME", "TMPDIR"} == {"PATH", "HOME", "TMPDIR"}
    assert not names & {"USER", "PWD_OLD", "SENSORIUM_HOME", "PYTEST_CURRENT_TEST", "VIRTUAL_ENV"}
    assert ask(cage, "open('/proc/1/environ').read()") == ""


def test_no_descriptor_is_inherited_but_the_channel(bubblewrap: str, guest: Path, tmp_path: Path) -> None:
    with (tmp_path / "secret").open("w") as opened:
        os.set_inheritable(opened.fileno(), True)
        cage = Cage.start(guest, limits=Limits())
        try:
            each = "(f'/proc/self/fd/{n}' for n in os.listdir('/proc/self/fd'))"
            targets = ask(cage, f"[os.readlink(one) for one in {each} if os.path.exists(one)]")
        finally:
            cage.kill()
    assert sorted(one.partition(":")[0] for one in targets) == ["/dev/null", "pipe", "pipe", "socket"]


@pytest.mark.parametrize(
    "path", ["/x", "/usr/x", "/etc/x", "/dev/x", "/work/../x", "/opt/sensorium/x", "/proc/sys/kernel/core_pattern"]
)
def test_what_is_not_the_work_folder_cannot_be_written(cage: Cage, path: str) -> None:
    assert ask(cage, f"open({path!r}, 'w')") == ["OSError", 30]


def test_there_is_no_network_nor_any_other_family_of_sockets(cage: Cage) -> None:
    assert ask(cage, "socket.create_connection(('192.0.2.1', 80), 1)")[0] in {"OSError", "TimeoutError"}
    for family in (16, 17, 38, 40):  # netlink, packet, the kernel's ciphers, and the one to a virtual machine's host
        assert ask(cage, f"socket.socket({family}, socket.SOCK_DGRAM)") == ["OSError", 97]
    assert ask(cage, "socket.socketpair()[0].fileno() > 0") is True


def test_system_calls_that_lead_out_are_refused(cage: Cage) -> None:
    call = "(lambda c: (c.set_errno(0), c.CDLL(None, use_errno=True).{}, c.get_errno())[1:])(__import__('ctypes'))"
    for what in ("unshare(0x10000000)", "mount(None, b'/tmp', b'tmpfs', 0, None)", "ptrace(16, 1, 0, 0)"):
        assert ask(cage, call.format(what)) == [-1, 1], what
    assert ask(cage, call.format("ioctl(0, 0x5412, 0)")) == [-1, 1]


def test_the_limits_hold_before_the_guest_begins(cage: Cage) -> None:
    told = ask(cage, "[__import__('resource').getrlimit(n) for n in (9, 1, 6, 7, 4)]")
    limits = Limits()
    wanted = (limits.memory_bytes, limits.file_bytes, limits.processes, limits.descriptors, 0)
    assert told == [[one, one] for one in wanted]


def test_folders_in_memory_are_as_large_as_they_are_said_to_be(cage: Cage) -> None:
    sizes = ask(cage, "[os.statvfs(p).f_blocks * os.statvfs(p).f_frsize for p in ('/work', '/tmp', '/dev/shm')]")
    most = Limits().disk_bytes
    assert sizes == [most, most // 2, most // 2]


def test_a_file_can_be_bound_at_its_own_path_or_another(bubblewrap: str, guest: Path, tmp_path: Path) -> None:
    own = tmp_path / "own" / "a.txt"
    own.parent.mkdir()
    own.write_text("own")
    cage = Cage.start(guest, limits=Limits(), binds=[own, (own, "/opt/given/b.txt")])
    try:
        assert ask(cage, f"open({str(own)!r}).read() + open('/opt/given/b.txt').read()") == "ownown"
        assert ask(cage, f"os.listdir({str(own.parent)!r})") == ["a.txt"]
        assert ask(cage, f"open({str(own)!r}, 'w')")[0] == "OSError"
    finally:
        cage.kill()


def test_killing_ends_everything_and_may_be_done_again(cage: Cage) -> None:
    left = ask(cage, "0 if os.fork() else [os.setsid(), __import__('time').sleep(99)]")
    assert left == 0
    assert cage.alive
    namespace = _namespace_of(cage)
    assert len(_processes_in(namespace)) == 3
    cage.kill("because")
    cage.kill("again")
    assert not cage.alive
    assert cage.why_ended() == "because"
    assert _processes_in(namespace) == []


def test_the_cage_ends_when_its_maker_is_killed(bubblewrap: str, guest: Path) -> None:
    script = f"""
import os, time
from pathlib import Path
from sensorium.tools.sandbox.cage import Cage
from sensorium.tools.sandbox.limits import Limits
cage = Cage.start(Path({str(guest)!r}), limits=Limits())
cage.channel.send({{"ask": "os.readlink('/proc/self/ns/pid') if os.fork() else __import__('time').sleep(99)"}})
print(cage.channel.receive(20).body["told"], flush=True)
time.sleep(99)
"""
    maker = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert maker.stdout
    namespace = maker.stdout.readline().strip()
    try:
        assert len(_processes_in(namespace)) == 3
    finally:
        maker.send_signal(signal.SIGKILL)
        maker.wait()
        maker.stdout.close()
    ends = time.monotonic() + 10
    while _processes_in(namespace) and time.monotonic() < ends:
        time.sleep(0.05)
    assert _processes_in(namespace) == []


def test_a_cage_outlives_the_thread_that_asked_for_it(bubblewrap: str, guest: Path) -> None:
    import threading

    started: list[Cage] = []
    thread = threading.Thread(target=lambda: started.append(Cage.start(guest, limits=Limits())))
    thread.start()
    thread.join()
    try:
        assert not started[0].await_end(0.3)
        assert ask(started[0], "1 + 1") == 2
    finally:
        started[0].kill()


def test_nothing_is_left_open_here(bubblewrap: str, guest: Path) -> None:
    Cage.start(guest, limits=Limits()).kill()
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(3):
        Cage.start(guest, limits=Limits()).kill()
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_without_bubblewrap_it_says_what_to_install(guest: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(CageError, match="apt install bubblewrap"):
        Cage.start(guest, limits=Limits())


def test_what_bubblewrap_says_when_it_fails_is_told(
    guest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = tmp_path / "bwrap"
    fake.write_text("#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CageError, match="setting up uid map: Permission denied"):
        Cage.start(guest, limits=Limits())


def test_a_guest_does_not_begin_where_nothing_confines_it() -> None:
    script = f"import sys; sys.path.insert(0, {str(Path(cages.__file__).parent)!r}); import boot; boot.boot()"
    ended = subprocess.run([sys.executable, "-I", "-c", script, "{}"], capture_output=True, text=True, check=False)
    assert ended.returncode != 0
    assert "The cage is not closed" in ended.stderr


def test_it_is_never_the_kernel_s_root(cage: Cage) -> None:
    status = (Path("/proc") / str(_first_process(cage)) / "status").read_text()
    ids = next(line for line in status.splitlines() if line.startswith("Uid:")).split()[1:]
    assert "0" not in ids


def test_an_ordinary_user_can_start_one(as_ordinary_user: Callable[[str], str], guest: Path) -> None:
    guest.chmod(0o644)
    script = f"""
import json
from pathlib import Path
from sensorium.tools.sandbox.cage import Cage
from sensorium.tools.sandbox.limits import Limits
cage = Cage.start(Path({str(guest)!r}), limits=Limits())
cage.channel.send({{"ask": "(os.getuid(), sorted(os.listdir('/work')))"}})
print(json.dumps(cage.channel.receive(20).body["told"]))
cage.kill()
"""
    assert json.loads(as_ordinary_user(script)) == [1000, ["in", "out"]]


def _first_process(cage: Cage) -> int:
    namespace = _namespace_of(cage)
    return min(_processes_in(namespace))


def _namespace_of(cage: Cage) -> str:
    told: str = ask(cage, "os.readlink('/proc/self/ns/pid')")
    return told


def _processes_in(namespace: str) -> list[int]:
    found = []
    for one in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if one.name.isdigit() and str((one / "ns/pid").readlink()) == namespace:
                found.append(int(one.name))
    return found
