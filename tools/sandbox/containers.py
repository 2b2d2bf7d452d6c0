"""A cage made by podman or docker, where bubblewrap does not work; with a fake engine tested, with a real one not."""

import contextlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

from ..base.errors import UnavailableError
from .calling import LimitedElsewhere
from .channel import Channel, ChannelError, Message
from .collect import Collected, Signature, safe_name
from .limits import Limits
from .session import CodeSession

Engine = Literal["podman", "docker"]
START_SECONDS = 60.0
_KILL_SECONDS = 20.0
_KILLED_STATUS = 137
_MOUNT = "/opt/sensorium"
_USER = "65534:65534"
_OWN = Path(__file__).parent
_SHARED = ("container_boot.py", "channel.py", "guest.py", "guest_parts.py")


def find_engine() -> Engine | None:
    """Return which engine is installed, podman before docker: it needs no service that runs as root."""
    engines: tuple[Engine, ...] = ("podman", "docker")
    return next((one for one in engines if shutil.which(one)), None)


def mend(engine: Engine, image: str) -> str:
    """Return the command that makes the image; it is never downloaded when code is run."""
    packages = "numpy pandas matplotlib pillow scipy"
    return (
        f"`printf 'FROM python:3-slim\\nRUN pip install {packages}\\n' | {engine} build -t {image} -` makes its image."
    )


def flags(name: str, binds: Sequence[tuple[Path, str]], limits: Limits) -> list[str]:
    """Return the flags that make the container a cage.

    Args:
        name: Of the container.
        binds: Folders and where they are in it, read-only.
        limits: For memory, processes and disk.
    """
    mounts = [part for source, place in binds for part in ("--volume", f"{source}:{place}:ro,z")]
    sized = f"rw,noexec,nosuid,nodev,size={limits.disk_bytes},mode=1777"
    return [
        "--rm", "--interactive", "--name", name, "--pull", "never", "--network", "none", "--read-only",
        "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--user", _USER, "--ipc", "private",
        "--pids-limit", str(limits.processes), "--memory", str(limits.total_memory_bytes),
        "--memory-swap", str(limits.total_memory_bytes), "--ulimit", f"nofile={limits.descriptors}",
        "--ulimit", f"fsize={limits.file_bytes}", "--ulimit", "core=0", "--tmpfs", f"/work:{sized}",
        "--tmpfs", f"/tmp:{sized}", "--shm-size", str(limits.disk_bytes // 2), "--workdir", "/work",
        "--hostname", "sandbox", "--log-driver", "none", *mounts, *_environment(),
    ]  # fmt: skip


def _environment() -> list[str]:
    from .bubblewrap import ENVIRONMENT
    from .session import ENVIRONMENT as FOR_CODE

    # The image's own PATH has its Python.
    kept = {name: value for name, value in (ENVIRONMENT | FOR_CODE).items() if name != "PATH"}
    return [part for name, value in kept.items() for part in ("--env", f"{name}={value}")]


class ContainerCage(LimitedElsewhere):
    """One container with a guest in it; used like a `Cage`, but files come out through a program beside the guest."""

    def __init__(self, engine: Engine, name: str, folder: Path, limits: Limits) -> None:
        self.limits = limits
        self.passed_a_limit = False
        self.stdout = self.stderr = self.end_descriptor = -1
        self._engine, self._name, self._folder = engine, name, folder
        self._key = secrets.token_hex(16)
        self._why = ""
        self._ended = False
        self._lock = threading.Lock()
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.channel: Channel
        self._process: subprocess.Popen[bytes]

    @classmethod
    def start(
        cls, engine: Engine, image: str, *, limits: Limits, binds: Sequence[tuple[Path, str]] = ()
    ) -> "ContainerCage":
        """Start a container with the guest and wait until it is about to run.

        Args:
            engine: Which program makes it.
            image: Has Python as `python3`, and its packages.
            limits: For all in it.
            binds: Folders and where they are in it, read-only.

        Raises:
            UnavailableError: It cannot be started; the message says what the engine said.
        """
        name = f"sensorium-{secrets.token_hex(8)}"
        folder = Path(tempfile.mkdtemp(prefix="sensorium-"))
        cage = cls(engine, name, folder, limits)
        try:
            cage._begin(image, binds)
        except (OSError, ChannelError) as error:
            said = cage._last_words() or str(error)
            cage.kill()
            raise UnavailableError(f"{engine} cannot start a sandbox of the image {image!r}: {said[:500]}") from error
        return cage

    def _begin(self, image: str, binds: Sequence[tuple[Path, str]]) -> None:
        shared = self._folder / "shared"
        shared.mkdir()
        for name in _SHARED:
            shutil.copyfile(_OWN / name, shared / name)
        self._listener.bind(str(shared / "channel.sock"))
        # The user in the container is another one here; the folder around it is ours alone.
        (shared / "channel.sock").chmod(0o666)
        shared.chmod(0o755)
        self._folder.chmod(0o711)
        self._listener.listen(4)
        limits = {"RLIMIT_AS": self.limits.memory_bytes, "RLIMIT_CORE": 0}
        run = [
            self._engine,
            "run",
            *flags(self._name, [(shared, _MOUNT), *binds], self.limits),
            "--entrypoint",
            "python3",
            image,
        ]
        self._process = subprocess.Popen(
            [*run, "-I", f"{_MOUNT}/container_boot.py", "guest", json.dumps({"key": self._key, "limits": limits})],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert self._process.stdout and self._process.stderr
        self.stdout, self.stderr = self._process.stdout.fileno(), self._process.stderr.fileno()
        self.channel = self._accept("guest", self._process, START_SECONDS)
        if self.channel.receive(START_SECONDS).body != {"ready": True}:
            raise ChannelError("the guest said something else")
        os.set_blocking(self.stdout, False)
        os.set_blocking(self.stderr, False)
        if hasattr(os, "pidfd_open"):
            self.end_descriptor = os.pidfd_open(self._process.pid)

    def _accept(self, role: str, process: "subprocess.Popen[bytes]", seconds: float) -> Channel:
        """Return the connection of a program that we started, and of no other in the container."""
        ends = time.monotonic() + seconds
        self._listener.settimeout(0.2)
        while time.monotonic() < ends:
            try:
                connected, _ = self._listener.accept()
            except TimeoutError:
                if process.poll() is not None:
                    raise ChannelError(f"{self._engine} ended with status {process.returncode}") from None
                continue
            channel = Channel(connected)
            with contextlib.suppress(ChannelError):
                if channel.receive(5.0).body == {"role": role, "key": self._key}:
                    return channel
            channel.close()
        raise ChannelError(f"it did not answer within {seconds:g} s")

    @property
    def alive(self) -> bool:
        """Whether the container still runs."""
        return not self._ended and self._process.poll() is None

    def why_ended(self) -> str:
        """Return why it ended, or nothing while it runs."""
        return "" if self.alive else self._why or "its process ended"

    def await_end(self, seconds: float) -> bool:
        """Wait until it has ended by itself."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        code = self._process.poll()
        # 128 + SIGKILL: the kernel ends what takes more memory than it may.
        self.passed_a_limit = code == _KILLED_STATUS
        if code is not None and not self._why:
            self._why = "it took more memory than it may" if self.passed_a_limit else f"it ended with status {code}"
        return code is not None

    def take_out(self, seen: dict[str, Signature]) -> Collected:
        """Return the files in `/work/out` that are new or changed; what the container says of them is not believed.

        Args:
            seen: What was taken before; brought up to date.
        """
        files: dict[str, bytes] = {}
        refused: list[str] = []
        left = self.limits.artifacts_bytes
        with self._beside("out", {"most": self.limits.artifact_bytes}) as channel:
            for _ in range(10_000):
                message = channel.receive(60.0, max_bytes=self.limits.artifact_bytes)
                named = message.body.get("name")
                if not isinstance(named, str) or not named:
                    break
                if (state := _state(message)) is None or seen.get(named) == state:
                    continue
                name = safe_name(named.replace("/", "-"))
                if not message.blobs:
                    refused.append(f"{named!r} is no regular file, or is too large")
                elif len(files) >= self.limits.artifacts or len(message.blobs[0]) > left or name in files:
                    refused.append(f"{named!r} is beyond what may come out of one call")
                else:
                    seen[named], files[name] = state, bytes(message.blobs[0])
                    left -= len(files[name])
        return Collected(files=list(files.items()), refused=refused[:32])

    @contextlib.contextmanager
    def _beside(self, role: str, told: Mapping[str, object]) -> Iterator[Channel]:
        """Run a program of ours in the container, beside the guest."""
        program = ["python3", "-I", f"{_MOUNT}/container_boot.py", role, json.dumps({**told, "key": self._key})]
        process = _quiet([self._engine, "exec", "--user", _USER, self._name, *program])
        channel = None
        try:
            channel = self._accept(role, process, START_SECONDS)
            yield channel
        except ChannelError as error:
            raise UnavailableError(f"The files could not be moved with {self._engine}: {error}") from error
        finally:
            if channel:
                channel.close()
            process.kill()
            process.wait()

    def kill(self, why: str = "it was killed") -> None:
        """End the container and all in it. May be called again, and from any thread."""
        with self._lock:
            if self._ended:
                return
            self._ended = True
            self._why = self._why or why
            with contextlib.suppress(OSError, subprocess.TimeoutExpired):
                _quiet([self._engine, "kill", "--signal", "KILL", self._name]).wait(_KILL_SECONDS)
            if hasattr(self, "_process"):
                self._process.kill()
                self._process.wait()
                for pipe in (self._process.stdout, self._process.stderr):
                    if pipe:
                        pipe.close()
            if hasattr(self, "channel"):
                self.channel.close()
            self._listener.close()
            if self.end_descriptor >= 0:
                os.close(self.end_descriptor)
            self.stdout = self.stderr = self.end_descriptor = -1
            shutil.rmtree(self._folder, ignore_errors=True)

    def _last_words(self) -> str:
        if not hasattr(self, "_process") or self._process.stderr is None:
            return ""
        os.set_blocking(self._process.stderr.fileno(), False)
        return (self._process.stderr.read() or b"").decode(errors="replace").strip()


def _quiet(command: Sequence[str]) -> "subprocess.Popen[bytes]":
    nothing = subprocess.DEVNULL
    return subprocess.Popen(command, stdin=nothing, stdout=nothing, stderr=nothing)


def _state(message: Message) -> Signature | None:
    state = message.body.get("state")
    if isinstance(state, list) and len(state) == 3 and all(isinstance(one, int) for one in state):
        return state[0], state[1], state[2], 0
    return None


def container_session(engine: Engine, image: str, *, limits: Limits, folder: Path | None = None) -> CodeSession:
    """Return a session of code whose cages are containers."""

    def start(given: Limits, inbox: Path) -> ContainerCage:
        return ContainerCage.start(engine, image, limits=given, binds=[(inbox, "/work/in")])

    return CodeSession(limits=limits, folder=folder, start=start)


def try_engine(engine: Engine, image: str) -> tuple[bool, str]:
    """Run a call in a container, as code will be run, and say whether it worked, and how it went."""
    if not hasattr(socket, "AF_UNIX"):
        return False, "this system has no sockets that a container could share"
    if shutil.which(engine) is None:
        return False, f"`{engine}` is not installed"
    session = container_session(engine, image, limits=Limits())
    try:
        outcome = session.execute("6 * 7", timeout_seconds=20)
    except (UnavailableError, OSError) as error:
        return False, str(error)
    finally:
        session.close()
    if outcome.value != "42":
        return False, f"a first call in {engine} ended wrongly: {outcome.why}"
    return True, f"{engine}, with the image {image!r}; never tried by Sensorium's own tests with a real engine"
