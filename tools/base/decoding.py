"""Run what opens untrusted media in a decoder process, answer what it asks for, and believe its result only as far as
it is of the right type and size and names nothing that it was not given."""

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
from .decoder_processes import MEMORY_BYTES, Child, Makers, told
from .decoders import DESCRIPTORS, nursery
from .errors import ArgumentError, Cancelled, MediaError, ToolError, TransientError
from .memo import artifacts_in
from .opening import KeptPath, Known, changed, open_kept
from .packing import PackError, Parcel, letter_of, name_of_function
from .picture_files import MAX_PICTURE_PIXELS
from .secrets import logger_of
from .unpacking import believed, is_large, returned_by
from .workspace import PREFIX, Artifact, Fact

if TYPE_CHECKING:
    from ..sandbox.channel import Message
    from .models import TextReader
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
PUT_BYTES, PUTS_BYTES, PUTS = 256 << 20, 8 << 30, 10_000
"""Most bytes of a file that a decoder makes, of all of one call, and most files."""
MOST_LETTERS = 4000
"""Of an error's message."""

_HANDLE = re.compile(re.escape(PREFIX) + "[0-9a-f]{64}")
_MEDIA_TYPE = re.compile(r"[a-z]{1,20}/[a-z0-9.+-]{1,60}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
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
    _readers: "Sequence[TextReader]" = ()
    _given: set[str] = field(default_factory=set)
    """Handles that the call was given."""
    _made: dict[str, list[Artifact]] = field(default_factory=dict)
    """By handle; the same content may be put under several names."""
    _lent: list[Path] = field(default_factory=list)
    """Files that the process was lent."""
    _put_bytes: int = 0
    _refusal: ToolError | None = None
    """The last error that was raised here, for something that the decoder asked for."""

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
            self._given = set(_handles([*self.args, *self.kwargs.values()])) | set(self.run.call.inputs)
        name = name_of_function(self.function)
        makers = nursery(self.run.settings) if self.run is not None else _usual_nursery()
        if self.run is not None and not makers.confined and UNCONFINED not in self.run.call.notes:
            self.run.call.notes.append(UNCONFINED)
        child = makers.child([name.partition(":")[0]], self._limits())
        try:
            value, imported = self._perform(child, name)
        except BaseException:
            child.end()
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
                    self._hear(message)
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
        self._readers = parcel.lent or self._readers
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
        what, given = message.body["ask"], _pairs(message)
        answer: Any
        try:
            if what == "path":
                answer = self._run().path(self._allowed(given, message))
            elif what == "artifact":
                answer = self._artifact(self._allowed(given, message))
            elif what == "put":
                answer = self._put(given, message)
            elif what == "read":
                answer = self._read(given, message)
            else:
                raise PackError("it asks for what there is not")
        except Cancelled:
            raise
        except ToolError as error:
            self._refusal = error
            child.channel.send({"id": self._id, "error": type(error).__name__, "message": str(error)})
            return
        self._send(child, {}, answer)

    def _hear(self, message: "Message") -> None:
        given, run = _pairs(message), self.run
        if run is None:
            return
        if message.body["tell"] == "used":
            run.used(_line(_value(given, message, "provider", str), 100))
        elif message.body["tell"] == "progress":
            fraction = _value(given, message, "fraction", float | None)
            note = _line(_value(given, message, "note", str), 200)
            run.progress(None if fraction is None or math.isnan(fraction) else min(1.0, max(0.0, fraction)), note)

    def _run(self) -> "Run":
        if self.run is None:
            raise PackError("it asks for a file, and there is none")
        return self.run

    def _allowed(self, given: Mapping[str, Any], message: "Message") -> str:
        """Return a handle that the process may use: one that the call was given, or that was made in it."""
        handle: str = _value(given, message, "handle", str)
        if handle not in self._given and handle not in self._made:
            raise PackError("it asks for a file that it was not given")
        return handle

    def _artifact(self, handle: str) -> Artifact:
        return self._made[handle][-1] if handle in self._made else self._run().artifact(handle)

    def _put(self, given: Mapping[str, Any], message: "Message") -> Artifact:
        content = _value(given, message, "content", bytes)
        name = _line(_value(given, message, "name", str), 255).replace("/", "_").replace("\\", "_")
        media_type = _value(given, message, "media_type", str)
        facts = _value(given, message, "facts", dict[str, str | int | float | bool | None])
        self._put_bytes += len(content)
        if len(content) > PUT_BYTES or self._put_bytes > PUTS_BYTES or len(self._made) >= PUTS:
            raise PackError("it makes too much")
        if not _MEDIA_TYPE.fullmatch(media_type) or len(facts) > 32:
            raise PackError("it makes what cannot be")
        made = self._run().put(content, name=name, media_type=media_type, facts=cast("Mapping[str, Fact]", facts))
        self._made.setdefault(made.handle, []).append(made)
        return made

    def _read(self, given: Mapping[str, Any], message: "Message") -> Any:
        import numpy as np
        from numpy.typing import NDArray

        number = _value(given, message, "number", int)
        picture = _value(given, message, "picture", NDArray[np.uint8])
        shape = picture.shape
        if len(shape) != 3 or shape[2] != 3 or not 0 < shape[0] * shape[1] <= MAX_PICTURE_PIXELS:
            raise PackError("it wants read what is no picture")
        if not 0 <= number < len(self._readers):
            raise PackError("it asks a reader that it was not given")
        return self._readers[number].read(picture)

    def _believed(self, message: "Message", wanted: Any) -> T:
        for path in self._lent:
            # The result is remembered for the content that was there before.
            if _has_changed(path):
                raise changed(path)
        letter = letter_of(message.blobs)
        value = believed(letter, message.blobs[1:], wanted)
        for handle in _handles_in(letter):
            if handle not in self._given and handle not in self._made:
                raise PackError("it names a file that it was not given")
        for artifact in artifacts_in(value):
            if artifact not in [*self._made.get(artifact.handle, ()), self._artifact(artifact.handle)]:
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
                return one(_line(message, MOST_LETTERS))
        if kind == "MemoryError":
            most = f"{MEMORY_BYTES >> 20:,} MB"
            return MediaError(f"{self._name()} takes more than {most} to decode; it is damaged or hostile.")
        logger.warning("A decoder failed: %r %r", kind, body.get("trace"))
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
            for handle in [*_handles([*self.args, *self.kwargs.values()]), *self.run.call.inputs]:
                if self.run.reaches(handle):
                    return repr(self.run.name(handle))
        called = next((one for one in self.args if isinstance(one, str)), None)
        return repr(called) if called else "The file"


def decode_now(run: "Run", function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Do what `run.decode` does, from a thread that may wait."""
    return Decoding(run, function, args, kwargs).result()


@dataclass(eq=False)
class Engine(Generic[T]):
    """A process that goes on to serve one function, because what it loads is large; it is handed pixels, not files."""

    function: Callable[..., T]
    _child: Child | None = None
    _pid: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, *args: Any) -> T:
        """Return what the function returns.

        Raises:
            MediaError: What it was handed ended the process.
        """
        with self._lock:
            makers = _usual_nursery()  # which is used herewith, and so does not end
            for last in (False, True):
                if self._pid != os.getpid():  # forked meanwhile: the process there was is another's
                    self._child, self._pid = None, os.getpid()
                fresh = self._child is None
                child = self._child = self._child or self._start(makers)
                try:
                    return Decoding(None, self.function, args, {}).keep(child)
                except BaseException as error:
                    self._child = None
                    child.end()
                    # One that was there before may have been ended with the process that it was forked from.
                    if fresh or last or not isinstance(error, MediaError):
                        raise
        raise AssertionError("unreachable")

    def _start(self, makers: Makers) -> Child:
        module = name_of_function(self.function).partition(":")[0]
        return makers.child([module], limits(cpu_seconds=None), kept=True)


def _usual_nursery() -> Makers:
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


def _pairs(message: "Message") -> dict[str, Any]:
    """Return what an ask or a tell is about: names, and values that are not believed yet."""
    letter = letter_of(message.blobs)
    pairs = letter.get("of") if isinstance(letter, dict) else None
    if not isinstance(pairs, list) or not all(isinstance(one, list) and len(one) == 2 for one in pairs):
        raise PackError("it asks for nothing")
    return {str(key): value for key, value in pairs}


def _value(given: Mapping[str, Any], message: "Message", name: str, wanted: Any) -> Any:
    return believed(given.get(name), message.blobs[1:], wanted)


def _words(value: Any) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _line(text: str, most: int) -> str:
    """Return text without what steers a terminal or the direction of reading, cut to a length."""
    return _CONTROL.sub(" ", text)[:most]


def _handles(values: Sequence[Any]) -> Iterator[str]:
    """Yield the handles among arguments: by themselves, in lists, and in our own plain objects."""
    for value in values:
        if isinstance(value, str):
            if _HANDLE.fullmatch(value):
                yield value
        elif isinstance(value, list | tuple):
            yield from _handles(value)


def _handles_in(letter: Any) -> Iterator[str]:
    waiting = [letter]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            if _HANDLE.fullmatch(value):
                yield value
        elif isinstance(value, list):
            waiting += value
        elif isinstance(value, dict):
            waiting += [*value, *value.values()]
