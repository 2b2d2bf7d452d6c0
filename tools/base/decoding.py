"""Run what opens untrusted media in a decoder process, and believe its result only as far as it is of the right type
and size and names nothing that it was not given."""

import math
import os
import re
import select
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar, cast

from . import errors
from .decoder_asks import Asks, handles_in, handles_of, line
from .decoder_processes import MEMORY_BYTES, Child, Makers, told
from .decoders import DESCRIPTORS, nursery
from .errors import ArgumentError, Cancelled, MediaError, ToolError, TransientError
from .memo import artifacts_in
from .opening import KeptPath, Known, changed, open_kept
from .outputs import Lent
from .packing import PackError, Parcel, letter_of, name_of_function
from .secret_logs import logger_of
from .unpacking import believed, is_large, returned_by

if TYPE_CHECKING:
    from ..sandbox.channel import Message
    from .run import Run

P = ParamSpec("P")
T = TypeVar("T")

logger = logger_of(__name__)

UNCONFINED = (
    "The file was decoded in an ordinary process with limits, because no sandbox works here; `sensorium doctor` says "
    "what would mend it."
)
WAIT_SECONDS = 0.05
"""How soon a cancelled call is ended."""
LOOK_SECONDS = 1.5
"""How often a silent decoder is looked at."""
STOPPED_LOOKS = 2
"""So often in a row it may be found stopped."""
STALLED_SECONDS = 60.0
"""Longest time without a word in which it takes no processor time; a slow disk may be the reason."""
SEND_SECONDS = 10.0
"""Longest time for it to take a message; a large picture is taken in a fraction of a second."""
FRAME_SECONDS = 30.0
"""Longest time for one message to arrive, once it has begun."""
RESULT_BYTES, LARGE_RESULT_BYTES = 256 << 20, 2 << 30
"""Most bytes of a message: of one with data or a picture, and of a result that may hold sound or many pictures."""
MOST_LETTERS = 4000
"""Of an error's message."""

_ERRORS = (ArgumentError, MediaError, errors.UnavailableError, ToolError)
"""What a decoder may raise of its own."""


@dataclass(eq=False)
class Decoding(Generic[T]):
    """One call of a function in a decoder process."""

    run: "Run | None"
    function: Callable[..., T]
    args: Sequence[Any]
    kwargs: Mapping[str, Any]
    _id: str = field(default_factory=lambda: token_hex(8))
    _stop: threading.Event = field(default_factory=threading.Event)
    _lent: list[Path] = field(default_factory=list)
    """Files that the process was lent."""
    _asks: Asks = field(init=False)
    _refusal: ToolError | None = None
    """The last error that was raised here, for something that the decoder asked for."""

    def __post_init__(self) -> None:
        self._asks = Asks(self.run)

    def stop(self) -> None:
        """Have the process ended; may be called from any thread."""
        self._stop.set()

    def result(self) -> T:
        """Return what the function returns; blocking.

        Raises:
            MediaError: The decoder ended, hung, took too much, or told what cannot be.
            ToolError: What the function raises, or no process can be started.
        """
        if self.run is not None:
            self._asks.given = set(handles_of([*self.args, *self.kwargs.values()])) | set(self.run.call.inputs)
        name = name_of_function(self.function)
        makers = nursery(self.run.settings) if self.run is not None else usual_nursery()
        if self.run is not None and not makers.confined and UNCONFINED not in self.run.call.notes:
            self.run.call.notes.append(UNCONFINED)
        child = makers.child([name.partition(":")[0]], self._limits())
        try:
            value, imported = self._perform(child, name)
            self._asks.close_outputs(keep=True)
        except BaseException:
            child.end()
            self._asks.close_outputs(keep=False)
            raise
        child.let_go()
        makers.learn(imported)
        return value

    def keep(self, child: Child) -> T:
        """Return what the function returns in a process that goes on to serve."""
        return self._perform(child, name_of_function(self.function))[0]

    def _limits(self) -> dict[str, int]:
        seconds = self.run.settings.step_timeout_seconds if self.run is not None else 3600.0
        return limits(cpu_seconds=math.ceil(seconds) * (os.cpu_count() or 1) + 1)

    def _perform(self, child: Child, name: str) -> tuple[T, list[str]]:
        from ..sandbox.channel import ChannelClosed, ChannelError, ChannelTimeout

        wanted = returned_by(self.function)
        try:
            self._send(child, {"function": name}, [list(self.args), dict(self.kwargs)])
            while True:
                message = self._next(child, LARGE_RESULT_BYTES if is_large(wanted) else RESULT_BYTES)
                if message.body.get("id") != self._id:
                    raise PackError("it answers another call")
                if "ask" in message.body:
                    self._answer(child, message)
                elif "tell" in message.body:
                    self._asks.hear(message)
                elif "error" in message.body:
                    raise self._raised(message.body)
                else:
                    return self._believed(message, wanted), _words(message.body.get("imported"))
        except ChannelClosed as error:
            status = child.end()
            raise self._lost() if child.had_company else self._ended(status) from error
        except ChannelTimeout as error:
            raise self._hung() from error
        except (ChannelError, PackError) as error:
            logger.warning("A decoder said what cannot be: %s", error)
            raise MediaError(
                f"{self._name()} made the decoder answer what cannot be; it is damaged or hostile."
            ) from error

    def _next(self, child: Child, max_bytes: int) -> "Message":
        """Wait for what the process says next.

        Raises:
            MediaError: It hangs.
            Cancelled: The call was cancelled.
        """
        silent_since = looked = time.monotonic()
        seconds, stopped = -1.0, 0
        while not _readable(child.channel.fileno(), WAIT_SECONDS):
            self._check()
            now = time.monotonic()
            if now - looked < LOOK_SECONDS:
                continue
            looked = now
            if (seen := self._look(child)) is None:
                continue
            stopped = stopped + 1 if seen[0] in ("T", "t") else 0
            if seen[1] > seconds or seen[0] == "R":
                seconds, silent_since = seen[1], now
            if stopped >= STOPPED_LOOKS or now - silent_since > STALLED_SECONDS:
                raise self._hung()
        self._check()
        return child.channel.receive(timeout_seconds=FRAME_SECONDS, max_bytes=max_bytes)

    def _look(self, child: Child) -> tuple[str, float] | None:
        try:
            return child.look()
        except TransientError as error:
            raise self._lost() if child.had_company else self._ended(None) from error

    def _check(self) -> None:
        if self._stop.is_set():
            raise Cancelled("The decoding was stopped.")
        if self.run is not None:
            self.run.check()

    def _send(self, child: Child, body: Mapping[str, Any], value: Any) -> None:
        parcel = Parcel()
        blobs = parcel.frame(value)
        self._lent += parcel.paths
        self._asks.readers = parcel.lent or self._asks.readers
        for output in parcel.outputs:
            assert self.run is None or output.path.is_relative_to(self.run.settings.home / "scratch"), output.path
            self._asks.outputs.append(Lent(output))
        with ExitStack() as stack:
            paths: list[str] = []
            descriptors: list[int] = []
            if sys.platform == "win32":
                paths = [str(one) for one in parcel.paths]
            else:
                descriptors = [stack.enter_context(_opened(one)) for one in parcel.paths]
            frame = {"id": self._id, "paths": paths, **body}
            child.channel.send(frame, blobs, descriptors, timeout_seconds=SEND_SECONDS)

    def _answer(self, child: Child, message: "Message") -> None:
        try:
            answer = self._asks.answer(message)
        except Cancelled:
            raise
        except ToolError as error:
            self._refusal = error
            child.channel.send({"id": self._id, "error": type(error).__name__, "message": str(error)})
            return
        self._send(child, {}, answer)

    def _believed(self, message: "Message", wanted: Any) -> T:
        for path in self._lent:
            # The result is remembered for the content that was there before.
            if _has_changed(path):
                raise changed(path)
        letter = letter_of(message.blobs)
        value = believed(letter, message.blobs[1:], wanted)
        for handle in handles_in(letter):
            if not self._asks.holds(handle):
                raise PackError("it names a file that it was not given")
        for artifact in artifacts_in(value):
            if not self._asks.is_true(artifact):
                raise PackError("it tells of a file what is not so")
        return cast("T", value)

    def _raised(self, body: Mapping[str, Any]) -> ToolError:
        kind, message = body.get("error"), body.get("message")
        if not isinstance(kind, str) or not isinstance(message, str):
            raise PackError("it fails without saying how")
        if self._refusal is not None and str(self._refusal) == message:
            return self._refusal
        for one in _ERRORS:
            if kind == one.__name__:
                return one(line(message, MOST_LETTERS))
        if kind == "MemoryError":
            most = f"{MEMORY_BYTES >> 20:,} MB"
            return MediaError(f"{self._name()} takes more than {most} to decode; it is damaged or hostile.")
        logger.warning("A decoder failed: %.40r %.5000r", kind, body.get("trace"))
        shown = kind if re.fullmatch("[A-Za-z_]{1,40}", kind) else "an error"
        return MediaError(f"{self._name()} cannot be decoded ({shown}). It is damaged, or of a kind that is not known.")

    def _hung(self) -> ToolError:
        return MediaError(f"{self._name()} made the decoder hang, and it was ended; it is damaged or hostile.")

    def _lost(self) -> ToolError:
        # Whose file did it cannot be told: tried again, it is mostly alone.
        return TransientError(f"The decoder ended while it worked on {self._name()} and on other files. Try again.")

    def _ended(self, status: int | None) -> ToolError:
        how = told(status)
        if how == "SIGXCPU":
            return MediaError(f"{self._name()} took all the processor time that a call may take; it was ended.")
        return MediaError(f"{self._name()} ended the decoder{f' ({how})' if how else ''}; it is damaged or hostile.")

    def _name(self) -> str:
        """Return what the file is called, for messages."""
        if self.run is not None:
            for handle in [*handles_of([*self.args, *self.kwargs.values()]), *self.run.call.inputs]:
                if self.run.reaches(handle):
                    return repr(self.run.name(handle))
        called = next((one for one in self.args if isinstance(one, str)), None)
        return repr(called) if called else "The file"


def decode_now(run: "Run", function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Do what `run.decode` does, from a thread that may wait."""
    return Decoding(run, function, args, kwargs).result()


def usual_nursery() -> Makers:
    """Return what makes children where no settings are known."""
    from .settings import Settings

    return nursery(Settings(home=Path()))


def limits(*, cpu_seconds: int | None) -> dict[str, int]:
    """Return the limits of a child, as `resource` names them."""
    most = {"DATA": MEMORY_BYTES, "AS": 4 * MEMORY_BYTES, "FSIZE": 0, "NOFILE": DESCRIPTORS, "CORE": 0}
    return most if cpu_seconds is None else {**most, "CPU": cpu_seconds}


def _has_changed(path: Path) -> bool:
    if not isinstance(path, KeptPath) or path.known is None:
        return False
    try:
        return not path.known.fits(Known.of(path.stat()))
    except OSError:
        return True


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    """Open a file for reading only, to lend it."""
    descriptor = open_kept(path)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _readable(descriptor: int, seconds: float) -> bool:
    if hasattr(select, "poll"):
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        return bool(poll.poll(seconds * 1000))
    return bool(select.select([descriptor], [], [], seconds)[0])


def _words(value: Any) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
