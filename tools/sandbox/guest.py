"""The program in a cage that runs a user's code, one call after another, with the variables kept.

It stands in one process with code that may be hostile, so its host believes nothing it says but the shape of it, and
enforces every limit itself. What is here makes honest code pleasant: values, errors with their line, figures as files.

    <- {"id": …, "mark": …, "cpu_seconds": …} and the code as a blob
    -> {"id": …, "value": …, "error": {"type", "message", "line", "traceback"} or null, "cpu_seconds": …,
        "background": …}
"""

import contextlib
import os
import resource
import signal
import sys
import time
from _ast import Expr, Expression, Module
from _thread import get_ident
from socket import AF_UNIX, SOCK_STREAM, socket
from types import ModuleType, TracebackType
from typing import Any

from channel import Channel, ChannelClosed  # type: ignore[import-not-found, unused-ignore]
from guest_parts import BACKEND, FiguresBackend, Sorting  # type: ignore[import-not-found, unused-ignore]

OUT = "/work/out"
ALONE = False
"""Whether all processes that can be seen are this cage's, for they are killed: said by what has proved it."""
SHOWN_CHARS = 20_000
"""The longest value, message or traceback that is told."""
NO_NETWORK = ("Name or service not known", "name resolution", "Network is unreachable")
"""What an error says that comes of it."""
PACKAGES = ("numpy", "pandas", "scipy", "matplotlib", "PIL", "cv2", "av", "lxml")
"""Worth naming when another is missing."""
_ONLY_AST = 0x400
_NICE = 10
"""So that the host, and the first process here, come to end a crowd of processes that takes all processors."""
_OUT_OF_NAMES = 10_000
_SPARE_DESCRIPTORS = 4
_KILLS, _KILLED_SECONDS = 100, 0.002


class Guest:
    """Runs code in one module, as `__main__`."""

    def __init__(self, channel: Any) -> None:
        self.channel = channel
        self.module = ModuleType("__main__")
        self.module.__dict__.update(__builtins__=__builtins__, exit=sys.exit, quit=sys.exit)
        sys.modules["__main__"] = self.module
        self.process = os.getpid()
        self.sources: dict[str, str] = {}
        self.figures = 0
        self.background: list[str] = []
        self.spare: list[int] = []
        # Kept aside, for code may close or replace the usual ones.
        self.ends = (_aside(1), _aside(2))
        self.streams = (sys.stdout, sys.stderr)
        for stream in self.streams:
            stream.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)  # type: ignore[union-attr]

    def serve(self) -> None:
        """Answer calls until the host is gone."""
        with contextlib.suppress(ChannelClosed):
            while True:
                message = self.channel.receive()
                self.channel.send(self.answer(message.body, message.blobs[0].decode()))

    def answer(self, asked: dict[str, Any], code: str) -> dict[str, Any]:
        """Run the code of one call and say what came of it."""
        before = time.process_time() + _of_children()
        self._prepare(asked["cpu_seconds"])
        value, error = self._result(code)
        if os.getpid() != self.process:  # the code forked, and this is the child
            for stream in self.streams:
                with contextlib.suppress(Exception):
                    stream.flush()
            os._exit(0)
        self._end_others()
        self._disarm()
        mark = asked["mark"].encode()
        for stream, end in zip(self.streams, self.ends, strict=True):
            with contextlib.suppress(Exception):
                stream.flush()
            with contextlib.suppress(OSError):
                os.write(end, mark)
        used = time.process_time() + _of_children() - before
        background = "".join(self.background)
        return {"id": asked["id"], "value": value, "error": error, "cpu_seconds": used, "background": background}

    def _result(self, code: str) -> tuple[str | None, dict[str, Any] | None]:
        value = error = None
        try:
            value = self._shown(self._run(code))
        except BaseException as raised:
            if not isinstance(raised, SystemExit) or raised.code not in (None, 0):  # else a script said it is done
                error = self._described(raised)
        if os.getpid() == self.process:
            try:
                self.save_figures()
            except BaseException as raised:
                error = error or self._described(raised)
        return value, error

    def _disarm(self) -> None:
        sys.settrace(None)
        sys.setprofile(None)
        signal.setitimer(signal.ITIMER_REAL, 0)

    def _spare(self, wanted: bool) -> None:
        if not wanted:
            while self.spare:
                os.close(self.spare.pop())
        with contextlib.suppress(OSError):
            while wanted and len(self.spare) < _SPARE_DESCRIPTORS:
                self.spare.append(os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC))

    def _prepare(self, cpu_seconds: float) -> None:
        self._spare(True)
        self.background = []
        sys.stdout, sys.stderr = self.streams
        if earlier := sys._current_frames().keys() - {get_ident()}:
            sys.stdout, sys.stderr = (Sorting(one, earlier, self.background) for one in self.streams)
        for number, end in zip((1, 2), self.ends, strict=True):
            os.dup2(end, number)
        used = resource.getrusage(resource.RUSAGE_SELF)
        most = int(used.ru_utime + used.ru_stime + cpu_seconds) + 2
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_CPU, (most, resource.getrlimit(resource.RLIMIT_CPU)[1]))
        with contextlib.suppress(OSError):
            os.mkdir(OUT)  # noqa: PTH102 - pathlib takes time to import

    def _run(self, code: str) -> Any:
        name = f"<cell {len(self.sources) + 1}>"
        self.sources[name] = code
        if "linecache" in sys.modules:
            self._tell_linecache()
        tree = compile(code, name, "exec", _ONLY_AST, dont_inherit=True)
        assert isinstance(tree, Module)
        last = tree.body[-1] if tree.body else None
        if isinstance(last, Expr):
            tree.body.pop()
        exec(compile(tree, name, "exec", dont_inherit=True), self.module.__dict__)
        if not isinstance(last, Expr):
            return None
        value = eval(compile(Expression(last.value), name, "eval", dont_inherit=True), self.module.__dict__)
        if value is not None:
            self.module.__dict__["_"] = value
        return value

    def _shown(self, value: Any) -> str | None:
        return None if value is None else _cut(repr(value))

    def _described(self, raised: BaseException) -> dict[str, Any]:
        kind = type(raised)
        name = kind.__name__ if kind.__module__ in {"builtins", "__main__"} else f"{kind.__module__}.{kind.__name__}"
        try:
            message = str(raised)
        except BaseException:
            message = "(its text cannot be made)"
        self._spare(False)  # code may have taken every descriptor, and a module is to be read
        with contextlib.suppress(BaseException):  # no memory for it, or an exception that fights back
            message = ". ".join(filter(None, (message, _advice(raised, message))))
        try:
            trace = self._traceback(raised)
        except BaseException as second:  # no memory, or an exception that fights back
            trace = f"(no traceback: {type(second).__name__})"
        return {
            "type": _cut(name),
            "message": _cut(message),
            "line": self._line(raised),
            "traceback": _cut(trace, from_end=True),
        }

    def _traceback(self, raised: BaseException) -> str:
        import traceback

        self._tell_linecache()
        shown = traceback.TracebackException(type(raised), raised, _of_the_user(raised.__traceback__))
        return "".join(shown.format())

    def _line(self, raised: BaseException) -> int | None:
        line = None
        step = raised.__traceback__
        while step is not None:
            if step.tb_frame.f_code.co_filename == f"<cell {len(self.sources)}>":
                line = step.tb_lineno
            step = step.tb_next
        if line is None and isinstance(raised, SyntaxError) and isinstance(raised.lineno, int):
            return raised.lineno
        return line

    def _tell_linecache(self) -> None:
        import linecache

        for name, code in self.sources.items():
            if name not in linecache.cache:
                linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)

    def save_figures(self) -> None:
        """Write the figures that are open, and close them."""
        pyplot: Any = sys.modules.get("matplotlib.pyplot")
        if not hasattr(pyplot, "get_fignums"):  # nobody imported it, or in vain
            return
        for number in pyplot.get_fignums():
            figure = pyplot.figure(number)
            if not getattr(figure.canvas, "was_saved", False):
                self.save_figure(figure)
        pyplot.close("all")

    def save_figure(self, figure: Any) -> None:
        """Write a figure under a free name."""
        while self.figures < _OUT_OF_NAMES:
            self.figures += 1
            place = f"{OUT}/figure-{self.figures}.png"
            if not os.path.lexists(place):
                figure.savefig(place)
                return

    def _end_others(self) -> None:
        if not ALONE:
            return
        # Every process of this namespace but its first and this one: what double-forked is among them.
        with contextlib.suppress(OSError):
            for _ in range(_KILLS):
                os.kill(-1, signal.SIGKILL)
                with contextlib.suppress(ChildProcessError):
                    while True:
                        os.waitpid(-1, 0)
                time.sleep(_KILLED_SECONDS)  # the others are waited for by the first process


def _aside(number: int) -> int:
    import fcntl

    return fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, 100)


def _of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _of_the_user(trace: TracebackType | None) -> TracebackType | None:
    step = trace
    while step is not None and step.tb_frame.f_code.co_filename == __file__:
        step = step.tb_next
    return step


def _cut(text: str, *, from_end: bool = False) -> str:
    if len(text) <= SHOWN_CHARS:
        return text
    return f"… {text[-SHOWN_CHARS:]}" if from_end else f"{text[:SHOWN_CHARS]} …"


def _advice(raised: BaseException, message: str) -> str:
    """Return what to do about an error that comes of where the code runs."""
    if isinstance(raised, ModuleNotFoundError):
        from importlib.util import find_spec

        here = ["the standard library", *(one for one in PACKAGES if find_spec(one) is not None)]
        return f"There is no network to install it from. Here are: {', '.join(here)}."
    if isinstance(raised, EOFError) and message == "EOF when reading a line":  # of `input`
        return "Nothing can be typed in here: put the value into the code, or give it as a file."
    if isinstance(raised, OSError) and any(one in message for one in NO_NETWORK):
        return "There is no network here: give what it would fetch as a file."
    most, _ = resource.getrlimit(resource.RLIMIT_AS)
    if isinstance(raised, MemoryError) and most != resource.RLIM_INFINITY:
        return f"A process has {most // 2**20} MiB of memory here: take the data in parts, or in smaller types."
    return ""


def main() -> None:
    """Serve the host."""
    number = int(os.environ.pop("SENSORIUM_CHANNEL"))
    os.environ.pop("MALLOC_ARENA_MAX", None)  # it has had its effect, and is no concern of the code
    os.set_inheritable(number, False)
    os.nice(_NICE)
    guest = Guest(Channel(socket(AF_UNIX, SOCK_STREAM, fileno=number)))
    sys.modules[BACKEND] = FiguresBackend(guest.save_figures)
    guest.serve()
