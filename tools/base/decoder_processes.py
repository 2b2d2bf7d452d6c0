"""The processes that open untrusted media: forked for each call where that works, else started for it."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from .errors import TransientError

if TYPE_CHECKING:
    from ..sandbox.channel import Channel

REPLY_SECONDS = 15.0
"""Longest time for an answer; it takes some milliseconds."""
START_SECONDS = 60.0
"""Longest time for the first one: the decoders are imported for it, which takes a second."""
MEMORY_BYTES = 2 << 30
"""Of one call, beyond what is read from libraries: four hours of sound, the most there is, take half of it."""
LATER_MODULES = frozenset({"PIL.PpmImagePlugin", "cv2", "numpy.ma", "scenedetect.detectors.content_detector"})
"""What a child may have imported that is worth having before the next fork, beside our own modules: nothing that starts
threads when it is imported."""
GUEST = Path(__file__).resolve().parent.parent / "sandbox" / "decoder.py"
ROOT = GUEST.parents[2]
"""Of the package."""
_PASSED_ON = ("LANG", "LC_ALL", "PATH", "SYSTEMROOT", "TMPDIR", "LD_LIBRARY_PATH")
_ENVIRONMENT = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}


class House(Protocol):
    """What a decoder runs in: a cage, or an ordinary process."""

    @property
    def channel(self) -> "Channel": ...

    @property
    def alive(self) -> bool: ...

    def kill(self) -> None:
        """End all processes in it, and wait until they are gone."""
        ...


class Child(Protocol):
    """A process that makes one call."""

    channel: "Channel"

    def look(self) -> tuple[str, float] | None:
        """Return its state and its seconds of processor time; None where that cannot be told.

        Raises:
            TransientError: Whoever could tell does not answer, and was ended.
        """
        ...

    def let_go(self) -> None:
        """Have it ended, without waiting for that."""
        ...

    def end(self) -> int | None:
        """End it and return its wait status; None when that is not known."""
        ...

    @property
    def had_company(self) -> bool:
        """Whether others worked beside it when all of them ended together."""
        ...


@dataclass(eq=False)
class Process:
    """An ordinary process: what there is where nothing better works."""

    process: "subprocess.Popen[bytes]"
    channel: "Channel"

    @classmethod
    def start(cls, **environment: str) -> "Process":
        from ..sandbox.channel import Channel
        from ..sandbox.launcher import in_lasting_thread

        ours, theirs = socket.socketpair()
        kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        paths = os.pathsep.join(one for one in sys.path if Path(one).is_absolute() and Path(one).is_dir())
        env = {
            **kept,
            **_ENVIRONMENT,
            "SENSORIUM_PATHS": paths,
            "SENSORIUM_CHANNEL": str(theirs.fileno()),
            **environment,
        }
        command = [sys.executable, "-I", str(GUEST)]
        with theirs:
            if sys.platform == "win32":
                process = subprocess.Popen(command, env=env, stdin=subprocess.PIPE, cwd=GUEST.anchor)
                assert process.stdin
                process.stdin.write(theirs.share(process.pid).hex().encode() + b"\n")
                process.stdin.flush()
            else:
                fds = [theirs.fileno()]
                # It is told to die with us when the *thread* that started it ends.
                process = in_lasting_thread(
                    lambda: subprocess.Popen(command, env=env, pass_fds=fds, cwd="/", stdin=subprocess.DEVNULL)
                )
        return cls(process, Channel(ours))

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self.channel.close()


@dataclass(eq=False)
class Nursery:
    """A process that has imported the decoders and forks a child for each call."""

    house: House
    confined: bool
    used: float = field(default_factory=time.monotonic)
    children: "set[_Forked]" = field(default_factory=set)
    later: set[str] = field(default_factory=set)
    lost: int | None = None
    """How many calls were under way when the process was found to have ended."""
    _answered: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def child(self, modules: Sequence[str], limits: Mapping[str, int], *, kept: bool = False) -> "Child":
        """Fork a child, which may be kept when its call is over.

        Raises:
            TransientError: The process has ended or does not answer.
        """
        from ..sandbox.channel import Channel

        ours, theirs = socket.socketpair()
        with theirs:
            order = {"do": "fork", "modules": [*modules, *sorted(self.later)], "limits": dict(limits)}
            try:
                number = int(self.ask(order, [theirs.fileno()])["forked"])
                if not number:
                    raise TransientError("No process to open media can be started now: there are too many. Try again.")
            except TransientError:
                ours.close()
                raise
        child = _Forked(Channel(ours), self, number, kept)
        self.children.add(child)
        return child

    def kill(self) -> None:
        """End the process and its children, at once."""
        self.house.kill()
        for child in list(self.children):
            child.channel.close()

    def ask(self, order: Mapping[str, Any], descriptors: Sequence[int] = ()) -> dict[str, Any]:
        """Return the answer of the process.

        Raises:
            TransientError: There is none; the process was ended.
        """
        from ..sandbox.channel import ChannelError

        with self._lock:
            try:
                self.house.channel.send(order, descriptors=descriptors)
                most_seconds = REPLY_SECONDS if self._answered else START_SECONDS
                body = self.house.channel.receive(timeout_seconds=most_seconds).body
                self._answered = True
                return body
            except (ChannelError, OSError) as error:
                if self.lost is None:
                    self.lost = sum(not one.kept for one in self.children)
                self.house.kill()
                raise TransientError("The decoder ended in the middle of its work. Try again.") from error

    def tell(self, order: Mapping[str, Any]) -> None:
        """Have the process do something that it does not answer."""
        from ..sandbox.channel import ChannelError

        with self._lock, suppress(ChannelError, OSError):  # whoever asks it next finds that it has ended
            self.house.channel.send(order)

    def learn(self, imported: Sequence[str]) -> None:
        """Have what a child imported at hand before the next one is forked."""
        self.later |= {one for one in imported if one in LATER_MODULES or _is_ours(one)}


def _is_ours(module: str) -> bool:
    """Return whether a name that nobody trusts is that of a module of our tools; importing one does nothing."""
    if not re.fullmatch(r"sensorium(\.[a-z_]+)+", module) or not module.startswith("sensorium.tools."):
        return False
    return ROOT.joinpath(*module.split(".")[1:]).with_suffix(".py").is_file()


@dataclass(eq=False)
class _Forked:
    """A forked child."""

    channel: "Channel"
    nursery: Nursery
    number: int
    kept: bool = False
    """It goes on to serve, and has work only while others have."""
    _over: bool = False

    def look(self) -> tuple[str, float] | None:
        seen = self.nursery.ask({"do": "look", "number": self.number})
        return str(seen["state"]), float(seen["seconds"])

    def let_go(self) -> None:
        if self._leave():
            self.nursery.children.discard(self)
            self.nursery.tell({"do": "drop", "number": self.number})

    def end(self) -> int | None:
        if not self._leave():
            return None
        try:
            return int(self.nursery.ask({"do": "end", "number": self.number})["status"])
        except TransientError:
            return None
        finally:
            self.nursery.children.discard(self)

    @property
    def had_company(self) -> bool:
        return (self.nursery.lost or 0) > 1

    def _leave(self) -> bool:
        if self._over:
            return False
        self._over = True
        self.channel.close()
        self.nursery.used = time.monotonic()
        return True


@dataclass(eq=False)
class _Spawned:
    """A process for one call, where processes cannot be forked."""

    channel: "Channel"
    house: Process

    had_company = False

    def look(self) -> None:
        return None

    def let_go(self) -> None:
        self.house.kill()

    def end(self) -> None:
        self.house.kill()


class Spawner:
    """Starts a process for every call, the next one ahead of time."""

    confined = False

    def __init__(self) -> None:
        self._spare: Process | None = None
        self._lock = threading.Lock()

    def child(self, modules: Sequence[str], limits: Mapping[str, int], *, kept: bool = False) -> Child:
        with self._lock:
            house, self._spare = self._spare, None
            if house is not None and not house.alive:
                house.kill()
                house = None
            house = house or self._start()
            self._spare = self._start()
        return _Spawned(house.channel, house)

    def end(self) -> None:
        """End the process that was started ahead of time."""
        with self._lock:
            if self._spare is not None:
                self._spare.kill()
                self._spare = None

    def learn(self, imported: Sequence[str]) -> None:
        """Nothing: each process imports for itself."""

    @staticmethod
    def _start() -> Process:
        limits = {"DATA": MEMORY_BYTES, "CORE": 0}
        return Process.start(SENSORIUM_DECODER_ONCE=json.dumps(limits))


Makers = Nursery | Spawner


def told(status: int | None) -> str:
    """Return how a process ended, for people."""
    if status is not None and sys.platform != "win32" and os.WIFSIGNALED(status):
        with suppress(ValueError):
            return signal.Signals(os.WTERMSIG(status)).name
    return ""
