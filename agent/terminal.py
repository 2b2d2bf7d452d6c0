"""Show what a run does: live lines on a terminal, plain lines everywhere else."""

import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from typing import Protocol, TextIO

from ..tools.base.budget import usd
from .events import Event, PlanMade, RunFinished, RunStarted, Spending, StepEnded, StepProgress, StepStarted
from .printing import fit, one_line, pad, tell, width

REDRAW_SECONDS = 0.1
"""Progress that comes faster is not drawn: nobody reads it, and a slow terminal would hold up the work."""
REPORT_SECONDS = 15.0
"""How often a long step says something where lines stay."""
GIVEN_UP = "The plan that was being written is given up."
_NAME_COLUMNS = 18
_MARKS = {"done": "✓", "failed": "✗", "skipped": "–", "rejected": "–", "cancelled": "–", "partial": "!"}
_COLOURS = {"done": "32", "failed": "31", "skipped": "33", "rejected": "33", "cancelled": "33", "partial": "33"}


class View(Protocol):
    """Shows events; may be called from any thread."""

    def show(self, event: Event) -> None: ...

    def held(self) -> AbstractContextManager[None]:
        """Keep still while something else is on the screen; what happened meanwhile is shown afterwards."""
        ...

    def close(self) -> None: ...


_shown: list[View] = []
"""The views of this process, the last one on the screen."""


@contextmanager
def watching() -> Iterator[View]:
    """Give a view on standard error; take its live lines away at the end."""
    view = open_view(sys.stderr, os.environ)
    _shown.append(view)
    try:
        yield view
    finally:
        _shown.remove(view)
        view.close()


@contextmanager
def above() -> Iterator[None]:
    """Let something be printed above the live lines, which would be drawn over it."""
    with _shown[-1].held() if _shown else nullcontext():
        yield


def open_view(stream: TextIO, environ: Mapping[str, str]) -> View:
    """Return the view that suits a stream."""
    if stream.isatty() and environ.get("TERM") != "dumb" and _moves_cursor(stream):
        return LiveView(stream, colour=not environ.get("NO_COLOR"))
    return PlainView(stream)


def _moves_cursor(stream: TextIO) -> bool:
    if (stream.encoding or "").lower().replace("-", "") != "utf8":
        return False
    if sys.platform == "win32":
        import ctypes
        import msvcrt

        console, mode = msvcrt.get_osfhandle(stream.fileno()), ctypes.c_ulong()
        kernel = ctypes.windll.kernel32
        # ENABLE_VIRTUAL_TERMINAL_PROCESSING: off by default in the old console window.
        return bool(kernel.GetConsoleMode(console, ctypes.byref(mode))) and bool(
            kernel.SetConsoleMode(console, mode.value | 4)
        )
    return True


def ending(event: StepEnded) -> str:
    """Say how a step ended: how long it took, or why it failed."""
    if event.error:
        return event.error["message"]
    return "remembered" if event.cached else f"{event.seconds:.1f} s"


class PlainView:
    """One line for each thing that happens."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._names = _Names()
        self._said: dict[str, float] = {}
        self._lock = threading.Lock()
        self._held: list[Event] | None = None

    def show(self, event: Event) -> None:
        with self._lock:
            if self._held is not None:
                self._held.append(event)
            elif line := self._line(event):
                tell(line, self._stream)

    @contextmanager
    def held(self) -> Iterator[None]:
        with self._lock:
            self._held = []
        try:
            yield
        finally:
            with self._lock:
                missed, self._held = self._held, None
            for event in missed:
                self.show(event)

    def close(self) -> None:
        return None

    def _line(self, event: Event) -> str | None:
        match event:
            case RunStarted():
                return f"run {event.run_id}: {'resumed' if event.resumed else 'started'}"
            case PlanMade():
                self._names.plan(event)
                if not event.is_whole:
                    return None if event.steps else GIVEN_UP
                return f"plan: {', '.join(step['tool'] for step in event.steps)}"
            case StepStarted():
                self._said[event.call_id] = time.monotonic()
                return f"started    {self._names.of(event)}"
            case StepProgress() if time.monotonic() - self._said.get(event.call_id, 0) >= REPORT_SECONDS:
                self._said[event.call_id] = time.monotonic()
                return f"running    {self._names.of(event)}  {_share(event.fraction)} {fit(event.note, 80)}"
            case Spending():
                return f"spent      {spending(event)}" if spending(event) else None
            case StepEnded():
                return f"{event.status:<10} {self._names.of(event)}  {ending(event)}"
            case RunFinished():
                return summary(event)
            case _:
                return None


class LiveView:
    """A line for each running step, redrawn in place below the lines of those that ended."""

    def __init__(self, stream: TextIO, *, colour: bool) -> None:
        self._stream = stream
        self._colour = colour
        self._names = _Names()
        self._running: dict[str, tuple[StepStarted, float, StepProgress | None]] = {}
        self._spent = ""
        self._drawn: list[int] = []
        """Columns of each live line on the screen."""
        self._drawn_at = 0.0
        self._lock = threading.Lock()
        self._held: list[Event] | None = None
        self._closed = threading.Event()
        self._clock = threading.Thread(target=self._tick, daemon=True)
        self._clock.start()

    def show(self, event: Event) -> None:
        with self._lock:
            if self._held is not None:
                self._held.append(event)
                return
            match event:
                case RunStarted():
                    self._draw([f"{'Resuming' if event.resumed else 'Run'} {event.run_id}"])
                case PlanMade():
                    self._names.plan(event)
                    if event.is_whole:
                        self._draw([f"Plan: {len(event.steps)} step{'s' * (len(event.steps) != 1)}"])
                    elif not event.steps:
                        self._draw([GIVEN_UP])
                case StepStarted():
                    self._running[event.call_id] = (event, time.monotonic(), None)
                    self._draw([])
                case StepProgress() if event.call_id in self._running:
                    started, since, _ = self._running[event.call_id]
                    self._running[event.call_id] = (started, since, event)
                    if time.monotonic() - self._drawn_at >= REDRAW_SECONDS:
                        self._draw([])
                case StepEnded():
                    self._running.pop(event.call_id, None)
                    self._draw([self._ended(event)])
                case Spending():
                    self._spent = spending(event)
                    self._draw([])
                case RunFinished():
                    self._running.clear()
                    self._draw([summary(event)])

    @contextmanager
    def held(self) -> Iterator[None]:
        if self._held is not None:  # by whoever asks the user
            yield
            return
        with self._lock:
            running, self._running = self._running, {}
            self._draw([])
            self._held = []
        try:
            yield
        finally:
            with self._lock:
                missed, self._held, self._running = self._held, None, running
            for event in missed:
                self.show(event)

    def close(self) -> None:
        """Take the live lines away; what ended stays."""
        self._closed.set()
        with self._lock:
            self._running.clear()
            self._draw([])

    def _tick(self) -> None:
        while not self._closed.wait(0.5):
            with self._lock:
                if self._running and self._held is None:
                    self._draw([])

    def _ended(self, event: StepEnded) -> str:
        mark = _MARKS.get(event.status, "✓")
        if self._colour:
            mark = f"\x1b[{_COLOURS.get(event.status, '0')}m{mark}\x1b[0m"
        return f"{mark} {pad(self._names.of(event), _NAME_COLUMNS)} {one_line(ending(event))}"

    def _live(self, columns: int) -> list[str]:
        lines = []
        for started, since, progress in self._running.values():
            seconds = f"{time.monotonic() - since:5.0f} s"
            share, note = (_share(progress.fraction), progress.note) if progress else ("", "")
            name = pad(self._names.of(started), _NAME_COLUMNS)
            lines.append(fit(f"· {name}{seconds}  {share} {note}".rstrip(), columns))
        return [*lines, *([fit(f"  spent {self._spent}", columns)] if lines and self._spent else [])]

    def _draw(self, ended: list[str]) -> None:
        """Replace the live lines by the lines of what ended and the live lines of now."""
        columns, rows = self._size()
        # A narrower window has wrapped what was drawn before.
        risen = sum(max(1, -(-one // columns)) for one in self._drawn)
        live = self._live(columns - 1)
        if len(live) >= rows:
            live = [*live[: rows - 2], f"… and {len(live) - rows + 2} more"]
        erase = f"\x1b[{risen}A\r\x1b[J" if risen else ""
        # The terminal may be gone; the work goes on.
        with suppress(OSError):
            self._stream.write(erase + "".join(f"{line}\n" for line in [*ended, *live]))
            self._stream.flush()
        self._drawn, self._drawn_at = [width(line) for line in live], time.monotonic()

    def _size(self) -> tuple[int, int]:
        try:
            size = os.get_terminal_size(self._stream.fileno())
        except OSError:
            return 80, 24
        return max(20, size.columns or 80), max(5, size.lines or 24)


def spending(event: Spending) -> str:
    """Say what a run has cost so far; nothing where all was free."""
    spent = event.spent
    if not (spent.usd or spent.unknown_usd or spent.unpriced):
        return ""
    cap = f" of {usd(event.cap_usd)}" if event.cap_usd is not None else ""
    unpriced = f", and {spent.unpriced} request{'s' * (spent.unpriced != 1)} of unknown price" if spent.unpriced else ""
    return f"{usd(spent.usd + spent.unknown_usd)}{cap}{unpriced}"


def summary(event: RunFinished) -> str:
    """Say in a line how a run ended."""
    answer = event.answer
    price = f", {usd(answer.cost_usd)}" if answer.cost_usd else ""
    price += f" and up to {usd(answer.unknown_usd)} that may have been paid" if answer.unknown_usd else ""
    price += ", price unknown" if answer.unpriced else ""
    steps = f"{len(answer.steps)} step{'s' * (len(answer.steps) != 1)}"
    return f"{answer.status}: run {answer.run_id}, {steps}, {answer.seconds:.1f} s{price}"


class _Names:
    """What steps are called: by their tool, and by their id too where a plan has several steps of that tool."""

    def __init__(self) -> None:
        self._uses: Counter[str] = Counter()

    def plan(self, event: PlanMade) -> None:
        self._uses = Counter(step["tool"] for step in event.steps)

    def of(self, event: StepStarted | StepProgress | StepEnded) -> str:
        return f"{event.tool} {event.step}" if self._uses[event.tool] > 1 else event.tool


def _share(fraction: float | None) -> str:
    return "" if fraction is None else f"{100 * fraction:3.0f} %"
