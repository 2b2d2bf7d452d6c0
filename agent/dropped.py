"""The files that a line of text names, as typed, quoted, or dropped on a terminal."""

import re
import shlex
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ..tools.base.workspace import at_home

_WORD = re.compile(r"\"([^\"]*)\"|'([^']*)'|(\S+)")


def paths_in(text: str) -> list[Path]:
    """Return the paths in a line: `a.mp4 "my talk.mp4" my\\ talk.mp4 file:///tmp/a.mp4`.

    A name with spaces may stand alone without quotes when there is such a file.
    """
    text = text.strip()
    if text and _path(text).exists():
        return [_path(text)]
    return [_path(one) for one in _words(text)]


def files_dropped(line: str) -> list[Path]:
    """Return the files of a line that is nothing but paths of files that are there; else none."""
    line = line.strip()
    if not line or (
        line[0] not in "/~'\"\\." and not line.startswith("file:") and not re.match(r"[A-Za-z]:[\\/]", line)
    ):
        return []
    paths = paths_in(line)
    return paths if paths and all(one.is_file() for one in paths) else []


def _words(text: str) -> list[str]:
    if sys.platform == "win32":  # a backslash parts folders there
        return [next(part for part in hit.groups() if part is not None) for hit in _WORD.finditer(text)]
    try:
        return [one for one in shlex.split(text) if one]
    except ValueError:  # a quote that nothing closes, as in it's.mp4
        return text.split()


def _path(word: str) -> Path:
    if word.startswith("file://"):
        word = unquote(urlsplit(word).path)
        word = word[1:] if re.match(r"/[A-Za-z]:/", word) else word
    try:
        return at_home(Path(word))
    except (OSError, ValueError):
        return Path(word)
