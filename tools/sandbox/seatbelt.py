"""A cage made by macOS's seatbelt. It was never tried on a Mac, so it is used only when the settings ask for it.

It has no quota for disk, no memory of its own and no `/work`: code is told to use `in` and `out` in its own folder.
"""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

from ..base.errors import UnavailableError
from .bubblewrap import ENVIRONMENT
from .calling import LimitedElsewhere
from .channel import Channel, ChannelError
from .collect import Collected, Signature, collect
from .limits import Limits
from .session import CodeSession

START_SECONDS = 30.0
_KILL_SECONDS = 10.0
_OWN = Path(__file__).parent
_READ = ("/usr/lib", "/usr/share", "/System/Library", "/private/var/db/dyld", "/private/etc/localtime")
_DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")
_BOOT = f"import sys; sys.path.insert(0, {str(_OWN)!r}); import seatbelt_boot; seatbelt_boot.boot()"


def profile(program: Path, readable: Sequence[Path], writable: Path) -> str:
    """Return seatbelt's rules: nothing but reading the interpreter and writing one folder; no process, no network.

    Args:
        program: The only program that may be started.
        readable: Folders that may be read.
        writable: The folder that may be written, and read.
    """
    folders = "".join(f" (subpath {_quoted(one)})" for one in (*_READ, *map(str, readable), str(writable)))
    devices = "".join(f" (literal {_quoted(one)})" for one in _DEVICES)
    return "\n".join(
        (
            "(version 1)",
            "(deny default)",
            f"(allow process-exec (literal {_quoted(str(program))}))",
            "(allow file-read-metadata)",
            f"(allow file-read*{folders}{devices})",
            f'(allow file-write* (subpath {_quoted(str(writable))}) (literal "/dev/null"))',
            "(allow sysctl-read)",
        )
    )


class SeatbeltCage(LimitedElsewhere):
    """One process under seatbelt's rules, with a folder of its own; used like a `Cage`."""

    def __init__(self, process: "subprocess.Popen[bytes]", channel: Channel, folder: Path, limits: Limits) -> None:
        assert process.stdout and process.stderr
        self.channel = channel
        self.limits = limits
        self.passed_a_limit = False
        self.end_descriptor = -1
        self.stdout, self.stderr = process.stdout.fileno(), process.stderr.fileno()
        self._process = process
        self._folder = folder
        self._why = ""
        self._ended = False
        self._lock = threading.Lock()

    @classmethod
    def start(cls, *, limits: Limits, inbox: Path) -> "SeatbeltCage":
        """Start the guest and wait until it is about to run.

        Raises:
            UnavailableError: It does not start; the message says what seatbelt said.
        """
        program = shutil.which("sandbox-exec")
        if program is None:
            raise UnavailableError("`sandbox-exec` is not there; it is part of macOS.")
        folder = Path(tempfile.mkdtemp(prefix="sensorium-work-")).resolve()
        (folder / "work" / "out").mkdir(parents=True)
        (folder / "work" / "in").symlink_to(inbox.resolve())
        python, binds, paths = _interpreter()
        rules = profile(python, [*binds, inbox.resolve(), _OWN], folder / "work")
        (folder / "secret").write_text("what the guest must not be able to read")
        told = json.dumps(
            {
                "limits": _resource_limits(limits),
                "paths": paths,
                "out": str(folder / "work" / "out"),
                "forbidden": str(folder / "secret"),
            }
        )
        ours, theirs = socket.socketpair()
        with theirs:
            process = subprocess.Popen(
                [program, "-p", rules, str(python), "-I", "-S", "-c", _BOOT, told],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=(theirs.fileno(),),
                cwd=folder / "work",
                env={
                    **ENVIRONMENT,
                    "HOME": str(folder / "work"),
                    "TMPDIR": str(folder / "work"),
                    "MPLCONFIGDIR": str(folder / "work"),
                    "SENSORIUM_CHANNEL": str(theirs.fileno()),
                },
                start_new_session=True,
            )
        cage = cls(process, Channel(ours), folder, limits)
        try:
            if cage.channel.receive(START_SECONDS).body != {"ready": True}:
                raise ChannelError("the guest said something else")
            os.set_blocking(cage.stdout, False)
            os.set_blocking(cage.stderr, False)
        except (ChannelError, OSError) as error:
            said = cage._last_words() or str(error)
            cage.kill()
            raise UnavailableError(f"The sandbox of macOS does not start: {said[:500]}") from error
        return cage

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return not self._ended and self._process.poll() is None

    def await_end(self, seconds: float) -> bool:
        """Wait until it has ended by itself."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        return self._process.poll() is not None

    def why_ended(self) -> str:
        """Return why it ended, or nothing while it runs."""
        return "" if self.alive else self._why or f"its process ended with status {self._process.poll()}"

    def take_out(self, seen: dict[str, Signature]) -> Collected:
        """Return the files that are new or changed."""
        root = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            return collect(root, self.limits, seen)
        finally:
            os.close(root)

    def kill(self, why: str = "it was killed") -> None:
        """End it; it could start no other process. May be called again, and from any thread."""
        with self._lock:
            if self._ended:
                return
            self._ended = True
            if self._process.poll() is None:
                self._why = self._why or why
                with contextlib.suppress(OSError):
                    os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(_KILL_SECONDS)
            for pipe in (self._process.stdout, self._process.stderr):
                if pipe:
                    pipe.close()
            self.channel.close()
            self.stdout = self.stderr = -1
            shutil.rmtree(self._folder, ignore_errors=True)

    def _last_words(self) -> str:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(1.0)
        os.set_blocking(self.stderr, False)
        with contextlib.suppress(BlockingIOError):
            return os.read(self.stderr, 4096).decode(errors="replace").strip()
        return ""


def seatbelt_session(*, limits: Limits, folder: Path | None = None) -> CodeSession:
    """Return a session of code under seatbelt."""

    def start(given: Limits, inbox: Path) -> SeatbeltCage:
        return SeatbeltCage.start(limits=given, inbox=inbox)

    return CodeSession(limits=limits, folder=folder, start=start)


def try_seatbelt() -> tuple[bool, str]:
    """Run a call under seatbelt, as code will be run, and say whether it worked, and how it went."""
    if sys.platform != "darwin":
        return False, f"seatbelt is for macOS, and this is {sys.platform}"
    session = seatbelt_session(limits=Limits())
    try:
        outcome = session.execute("6 * 7", timeout_seconds=20)
    except (UnavailableError, OSError) as error:
        return False, str(error)
    finally:
        session.close()
    if outcome.value != "42":
        return False, f"a first call under seatbelt ended wrongly: {outcome.why}"
    return True, "seatbelt, which was never tested: code has `in` and `out` in its own folder, and no quota"


def _interpreter() -> tuple[Path, list[Path], list[str]]:
    """Return the interpreter, the folders that it reads, and those of its packages."""
    program = Path(getattr(sys, "_base_executable", None) or sys.executable).resolve()
    packages = [one for one in sys.path if Path(one).name in ("site-packages", "dist-packages") and Path(one).is_dir()]
    return program, [Path(sys.base_prefix).resolve(), *(Path(one).resolve() for one in packages)], packages


def _resource_limits(limits: Limits) -> dict[str, int]:
    return {
        "RLIMIT_CPU": int(limits.cpu_seconds * 50),
        "RLIMIT_FSIZE": limits.file_bytes,
        "RLIMIT_NOFILE": limits.descriptors,
        "RLIMIT_CORE": 0,
    }


def _quoted(path: str) -> str:
    return '"' + path.replace("\\", "\\\\").replace('"', '\\"') + '"'
