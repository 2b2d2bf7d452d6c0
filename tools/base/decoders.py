"""The processes that open untrusted media: started when first needed, a fresh one for every call, ended when idle."""

import atexit
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

from .errors import ToolError, TransientError

if TYPE_CHECKING:
    from ..sandbox.channel import Channel
    from ..sandbox.limits import Limits
    from .settings import Settings

IDLE_SECONDS = 300.0
"""A process without work is ended after this."""
REPLY_SECONDS = 15.0
"""Longest time for an answer; it takes some milliseconds."""
START_SECONDS = 60.0
"""Longest time for the first one: the decoders are imported for it, which takes a second."""
MEMORY_BYTES = 2 << 30
"""Of one call, beyond what is read from libraries: four hours of sound, the most there is, take half of it."""
DESCRIPTORS = 512
PROCESSES = 2048
"""Most threads of all children together; a child can start no processes."""
LATER_MODULES = frozenset({"cv2", "scenedetect.detectors.content_detector"})
"""What a child may have imported that is worth having before the next fork, beside our own modules: nothing that starts
threads when it is imported."""
GUEST = Path(__file__).resolve().parent.parent / "sandbox" / "decoder.py"
_ROOT = GUEST.parents[2]
_PARTS = ("__init__.py", "prompts", "tools")
_PLACE = "/opt/package/sensorium"
"""Where these parts of the package are in a cage."""
_FORKS = sys.platform == "linux"
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
class _Process:
    """An ordinary process: what there is where nothing better works."""

    process: "subprocess.Popen[bytes]"
    channel: "Channel"

    @classmethod
    def start(cls, **environment: str) -> "_Process":
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
    return _ROOT.joinpath(*module.split(".")[1:]).with_suffix(".py").is_file()


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
    house: _Process

    had_company = False

    def look(self) -> None:
        return None

    def let_go(self) -> None:
        self.house.kill()

    def end(self) -> None:
        self.house.kill()


class _Spawner:
    """Starts a process for every call, the next one ahead of time."""

    confined = False

    def __init__(self) -> None:
        self._spare: _Process | None = None
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
    def _start() -> _Process:
        limits = {"DATA": MEMORY_BYTES, "CORE": 0}
        return _Process.start(SENSORIUM_DECODER_ONCE=json.dumps(limits))


Makers = Nursery | _Spawner


@dataclass
class _Here:
    """What this process has started."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    nurseries: dict[bool, Nursery] = field(default_factory=dict)
    """Confined or not."""
    spawner: _Spawner | None = None
    cage_fails: str = ""
    """Why no sandbox could be started."""


_here = _Here()


def nursery(settings: "Settings") -> Makers:
    """Return what makes children, confined as well as it works here.

    Raises:
        ToolError: No process can be started.
    """
    if not _FORKS:
        with _here.lock:
            _here.spawner = _here.spawner or _Spawner()
        return _here.spawner
    confined = is_confined(settings)
    with _here.lock:
        house = _here.nurseries.get(confined)
        if house is None or not house.house.alive:
            if house is not None:
                house.kill()
            house = _started(confined)
            _here.nurseries[house.confined] = house
            if len(_here.nurseries) == 1:
                _end_later()
        house.used = time.monotonic()
    return house


def is_confined(settings: "Settings") -> bool:
    """Return whether media is opened in a sandbox here, as far as is known: it is tried by opening one."""
    return _FORKS and settings.sandbox.kind != "none" and not _here.cage_fails


def why_unconfined(settings: "Settings") -> str:
    """Try how media is opened here, and return why that is not in a sandbox; nothing when it is.

    Raises:
        ToolError: No process can be started at all.
    """
    if nursery(settings).confined:
        return ""
    if settings.sandbox.kind == "none":
        return '`[sandbox]` of sensorium.toml says `kind = "none"`'
    return _here.cage_fails or f"the sandbox for it is for Linux, and this is {sys.platform}"


def end_all() -> None:
    """End all decoder processes that wait for work."""
    for house in list(_here.nurseries.values()):
        with suppress(Exception):
            house.kill()
    _here.nurseries.clear()
    if _here.spawner is not None:
        _here.spawner.end()
        _here.spawner = None


def _started(confined: bool) -> Nursery:
    from ..sandbox.cage import Cage, CageError

    if confined:
        binds = [(_ROOT / name, f"{_PLACE}/{name}") for name in _PARTS]
        try:
            cage = Cage.start(GUEST, limits=_limits(), binds=binds, environment={"SENSORIUM_PACKAGE": _PLACE})
            return Nursery(cage, confined=True)
        except CageError as error:
            _here.cage_fails = str(error)
    try:
        return Nursery(_Process.start(), confined=False)
    except OSError as error:
        raise ToolError(
            f"The process that opens media could not be started: {error}. `sensorium doctor` says more."
        ) from error


def _limits() -> "Limits":
    """Return the limits of the cage, under which each child has its own."""
    from ..sandbox.limits import Limits

    return Limits(
        memory_bytes=4 * MEMORY_BYTES,
        total_memory_bytes=max(MEMORY_BYTES, os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2),
        processes=PROCESSES,
        descriptors=2 * DESCRIPTORS,
        disk_bytes=1 << 20,
    )


def _end_idle() -> None:
    """End what has had no work for long, or come again later."""
    with _here.lock:
        for confined, house in list(_here.nurseries.items()):
            if all(one.kept for one in house.children) and time.monotonic() - house.used > IDLE_SECONDS:
                del _here.nurseries[confined]
                house.kill()
        if _here.nurseries:
            _end_later()


def _end_later() -> None:
    timer = threading.Timer(IDLE_SECONDS / 5, _end_idle)
    timer.daemon = True
    timer.start()


def _forget() -> None:
    """Start anew in a process that was forked: the decoders are its parent's."""
    _here.lock, _here.nurseries, _here.spawner = threading.Lock(), {}, None


atexit.register(end_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def told(status: int | None) -> str:
    """Return how a process ended, for people."""
    if status is not None and sys.platform != "win32" and os.WIFSIGNALED(status):
        with suppress(ValueError):
            return signal.Signals(os.WTERMSIG(status)).name
    return ""
