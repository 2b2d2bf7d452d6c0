"""Asks a user on a terminal what may be done, card by card."""

import asyncio
import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TextIO

from ..tools.base.visible import clean
from .approval import Approve, Ask, Decision, Decisions, Request
from .cards import card, is_cut, keys, summary, wrapped
from .keyboard import Keyboard
from .terminal import View

_MOST_COLUMNS = 100


def open_approver(view: View, *, as_json: bool, given: Decisions | None = None) -> Approve | None:
    """Return who answers what a run asks; None where nobody can.

    Args:
        view: What shows the run.
        as_json: A program reads the events: it answers later, with `sensorium resume`.
        given: The answer to what is asked first.
    """
    at_terminal = not as_json and sys.stdin.isatty() and sys.stderr.isatty()
    if at_terminal:
        user: Approve = Approver(view=view, keyboard=Keyboard(sys.stdin), stream=sys.stderr, environ=os.environ)
    if given is None:
        return user if at_terminal else _later if as_json else None
    left = [given]

    async def answer(request: Request) -> Decisions | None:
        return left.pop() if left else await (user if at_terminal else _later)(request)

    return answer


async def _later(request: Request) -> Decisions | None:
    """Leave a request for whoever resumes the run."""
    return None


@dataclass(frozen=True, kw_only=True)
class Approver:
    """Answers requests with what the user presses."""

    view: View
    """Kept still while a card is on the screen."""
    keyboard: Keyboard
    stream: TextIO
    """Where cards are written."""
    environ: Mapping[str, str]

    async def __call__(self, request: Request) -> Decisions | None:
        """Return the decisions of the user; None when the input was closed."""
        decided: list[Decision] = []
        with self.view.held():
            self.keyboard.forget()
            self._write(summary(request, self._columns))
            for number, ask in enumerate(request.asks, 1):
                left = request.asks[number - 1 :]
                can_all = all("approve" in one.allowed for one in left) and not any(one.is_exact for one in left[1:])
                decision = await self._decide(ask, number, len(request.asks), can_all=can_all)
                if decision is None:
                    return None
                if isinstance(decision, str):
                    return [*decided, *(Decision(type="approve") for _ in request.asks[len(decided) :])]
                decided.append(decision)
        return decided

    async def _decide(self, ask: Ask, number: int, count: int, *, can_all: bool) -> Decision | Literal["all"] | None:
        """Return the decision about one call; `all`: approve it and all that follow."""
        is_whole = ask.is_exact
        while True:
            self._write(self._card(ask, number, count, is_whole=is_whole))
            columns, left = self._columns, count - number + 1 if can_all else 1
            cut = not is_whole and is_cut(ask, columns)
            while (key := await self._ask(keys(ask, left, columns=columns, is_cut=cut))) is not None:
                pressed = "A" if key.strip() == "A" else key.strip().casefold()[:1]
                if pressed == "A" and left > 1:
                    return "all"
                if pressed in ("a", "A") and "approve" in ask.allowed:
                    return Decision(type="approve")
                if pressed == "r" and "reject" in ask.allowed:
                    reason = await self._ask("Why? The model that plans reads it; nothing is fine > ")
                    return None if reason is None else Decision(type="reject", message=clean(reason.strip(), keep=""))
                if pressed == "e" and "edit" in ask.allowed:
                    if args := await self._edited(ask):
                        return Decision(type="edit", name=ask.tool, args=args)
                    continue
                if pressed == "v" and cut:
                    break
            if key is None:
                self._write([""])
                return None
            is_whole = True

    async def _edited(self, ask: Ask) -> dict[str, Any] | None:
        """Return other arguments; None when they were left as they are, or are no JSON object."""
        if editor := self.environ.get("VISUAL") or self.environ.get("EDITOR"):
            before = json.dumps(ask.args, ensure_ascii=False, indent=1)
            # A Ctrl-C is for the editor now. Not SIG_IGN, which the editor would inherit.
            ours = signal.signal(signal.SIGINT, lambda *_: None)
            try:
                text = await asyncio.to_thread(_in_editor, editor, before)
            except (OSError, ValueError) as error:
                self._write(wrapped(f"The editor {editor!r} could not be used: {error}.", self._columns))
                return None
            finally:
                signal.signal(signal.SIGINT, ours)
        else:
            before = json.dumps(ask.args, ensure_ascii=False)
            self._write([clean(before)])
            text = await self._ask("New arguments as JSON on one line; nothing keeps them > ") or ""
        if not text.strip() or text.strip() == before:
            return None
        try:
            args = json.loads(text)
        except (ValueError, RecursionError) as error:
            self._write(wrapped(f"This is not JSON: {error}.", self._columns))
            return None
        if not isinstance(args, dict):
            self._write(["The arguments must be a JSON object: {…}."])
            return None
        return args

    async def _ask(self, prompt: str) -> str | None:
        with suppress(OSError):
            self.stream.write(prompt)
            self.stream.flush()
        return await self.keyboard.line()

    def _card(self, ask: Ask, number: int, count: int, *, is_whole: bool) -> list[str]:
        return card(
            ask,
            number,
            count,
            columns=self._columns,
            colour=not self.environ.get("NO_COLOR") and self.environ.get("TERM") != "dumb",
            is_unicode=(self.stream.encoding or "").lower().replace("-", "") == "utf8",
            is_whole=is_whole,
        )

    def _write(self, lines: list[str]) -> None:
        with suppress(OSError):  # the terminal may be gone
            self.stream.write("".join(f"{one}\n" for one in lines))
            self.stream.flush()

    @property
    def _columns(self) -> int:
        try:
            columns = os.get_terminal_size(self.stream.fileno()).columns
        except OSError:
            columns = 80
        return min(max(columns or 80, 20), _MOST_COLUMNS)


def _in_editor(editor: str, text: str) -> str:
    """Return what a user makes of a text in an editor.

    Raises:
        OSError: It cannot be started, or failed.
        ValueError: Its command cannot be understood, or what it wrote is no text.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "arguments.json"
        file.write_text(text, encoding="utf-8")
        ended = subprocess.run([*shlex.split(editor), str(file)], check=False)
        if ended.returncode:
            raise OSError(f"it ended with status {ended.returncode}")
        return file.read_text(encoding="utf-8")
