"""Print text so that nothing in it can upset a terminal, a pipe or a file."""

import errno
import json
import os
import sys
import unicodedata
from contextlib import suppress
from typing import Any, TextIO

from ..tools.base.errors import StorageError
from ..tools.base.secrets import redact
from ..tools.base.visible import clean


class ClosedPipe(Exception):
    """The reader of our output went away; there is nobody left to tell."""


def width(text: str) -> int:
    """Return how many columns of a terminal a text takes; a Chinese character takes two."""
    return sum(_columns(letter) for letter in text)


def fit(text: str, columns: int) -> str:
    """Return text on one line, cut to a number of columns, with `…` where it was cut."""
    text = clean(text.replace("\n", " "), keep="")
    if width(text) <= columns:
        return text
    taken, left = "", columns - 1
    for letter in text:
        left -= _columns(letter)
        if left < 0:
            break
        taken += letter
    return taken + "…" if columns > 0 else ""


def one_line(text: str) -> str:
    """Return text on one line, whole."""
    return " ".join(clean(text, keep="\n\t").split())


def pad(text: str, columns: int) -> str:
    """Return text of exactly this many columns: cut or filled with spaces."""
    text = fit(text, columns)
    return text + " " * (columns - width(text))


def _columns(letter: str) -> int:
    if unicodedata.category(letter) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def say(text: str, stream: TextIO | None = None) -> None:
    """Write one text and a line end, at once.

    Raises:
        ClosedPipe: The reader went away, as `head` does.
    """
    stream = stream or sys.stdout
    encoding = stream.encoding or "utf-8"
    safe = clean(redact(text)).encode(encoding, "backslashreplace").decode(encoding)
    try:
        stream.write(safe + "\n")
        stream.flush()
    except BrokenPipeError as error:
        raise ClosedPipe from error
    except OSError as error:
        # Windows says EINVAL where others say EPIPE.
        if error.errno in (errno.EPIPE, errno.EINVAL):
            raise ClosedPipe from error
        forget_output(stream)
        raise StorageError(f"The output cannot be written: {error.strerror}. Free the disk it goes to.") from error


def tell(text: str, stream: TextIO | None = None) -> None:
    """Write one text beside the output, to standard error; where that cannot be, the work is worth more."""
    with suppress(ClosedPipe, StorageError):
        say(text, stream or sys.stderr)


def say_json(value: Any, *, indent: int | None = None) -> None:
    """Write a value as JSON to standard output; on one line unless it is indented."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    # A lone surrogate, from a file name that is not valid UTF-8, is not valid JSON for many readers.
    say(text.encode("utf-8", "replace").decode("utf-8"))


def forget_output(stream: TextIO | None = None) -> None:
    """Send what is still buffered nowhere, so that the interpreter does not complain about it when it exits."""
    with open(os.devnull, "w", encoding="utf-8") as nowhere:  # noqa: PTH123 - `os.devnull` is a name, not a path
        os.dup2(nowhere.fileno(), (stream or sys.stdout).fileno())
