"""Reads what a user says in a conversation, a piece at a time."""

import sys
from contextlib import suppress

from .printing import tell

_BLOCK = '"""'
"""Begins and ends several lines."""


class Lines:
    """What a user says, a piece at a time."""

    is_terminal = False

    def next(self, prompt: str) -> str | None:
        """Return the next line; None at the end."""
        raise NotImplementedError


class Piped(Lines):
    """Lines of a pipe or a file, each a turn."""

    def next(self, prompt: str) -> str | None:
        line = sys.stdin.readline()
        return line.rstrip("\r\n") if line else None


class Terminal(Lines):
    """Lines that are typed; what is pasted may have several."""

    is_terminal = True

    def __init__(self) -> None:
        # It edits lines, remembers them, and takes a paste of several lines as one; Windows has none.
        with suppress(ImportError):
            import readline

            with suppress(OSError, ValueError):
                readline.parse_and_bind("set enable-bracketed-paste on")

    def next(self, prompt: str) -> str | None:
        try:
            return self._whole(self._typed(prompt))
        except EOFError:
            tell("")
            return None

    def _whole(self, line: str) -> str:
        """Return a line with those that belong to it: after a backslash, or up to the end of a block."""
        while line.endswith("\\"):
            line = f"{line[:-1]}\n{self._typed('… ')}"
        if not line.lstrip().startswith(_BLOCK):
            return line
        text = line.lstrip()[len(_BLOCK) :]
        while _BLOCK not in text:
            text = f"{text}\n{self._typed('… ')}"
        return text.partition(_BLOCK)[0].strip("\n")

    def _typed(self, prompt: str) -> str:
        if sys.stdout.isatty():
            return input(prompt)
        sys.stderr.write(prompt)  # standard output is for answers
        sys.stderr.flush()
        if not (line := sys.stdin.readline()):
            raise EOFError
        return line.rstrip("\n")


def open_lines() -> Lines:
    """Return the lines of standard input; on a terminal they can be edited."""
    return Terminal() if sys.stdin.isatty() else Piped()
