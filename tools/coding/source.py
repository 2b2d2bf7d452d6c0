"""The source in a file: its text, or the code of a notebook's cells with where each line stands."""

import io
import json
import re
import tokenize
from dataclasses import dataclass, field
from typing import Any, Literal

from ..base.errors import MediaError
from .languages import Language, language_of

MOST_BYTES = 1_000_000
"""Of source; parsing 1 MB of numbers takes 1.5 s and 450 MB."""
MOST_NOTEBOOK_BYTES = 50_000_000
"""Of a notebook, whose outputs may be pictures."""
MOST_CELLS = 2000
MOST_CELL_LETTERS, MOST_LETTERS, MOST_PRINTED = 8000, 100_000, 500
"""Of one cell's source, of all cells, and of what one cell printed, that are told."""
_MAGIC = re.compile(r"^(\s*)(?:[%!?].*|\w[\w.]*\?{1,2})$", re.MULTILINE)
"""What only a notebook understands: `%matplotlib inline`, `!ls`, `array?`."""
_TIMED = re.compile(r"^([ \t]*)%time[ \t]+(?=\S)", re.MULTILINE)
"""What stands behind this one is Python."""

CellKind = Literal["code", "markdown", "raw"]


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A cell of a notebook."""

    number: int
    """Counted from 1, with all cells."""
    kind: CellKind
    lines: int
    first_line: int
    """Where its code begins in the code of all cells; 0 for a cell that has none."""
    source: str = ""
    """Cut when it is long."""
    outputs: tuple[str, ...] = ()
    """What kinds of output are kept with it."""
    printed: str = ""
    """What its outputs of text say, cut when it is long; it may come from anybody."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """Code as text."""

    name: str
    text: str
    language: Language | None
    cells: tuple[Cell, ...] = ()
    limits: tuple[str, ...] = field(default=())

    @property
    def is_python(self) -> bool:
        return self.language is not None and self.language.name in ("Python", "Jupyter notebook")

    def place(self, line: int) -> str:
        """Return where a line of the text stands, for people: `line 12`, or `cell 3, line 2`."""
        within = [cell for cell in self.cells if cell.first_line and cell.first_line <= line]
        return f"cell {within[-1].number}, line {line - within[-1].first_line + 1}" if within else f"line {line}"


def read_source(content: bytes, name: str) -> Source:
    """Return the source in a file's content.

    Raises:
        MediaError: It is too large, is not text, or is a notebook that cannot be read.
    """
    first_line = content[:200].split(b"\n", 1)[0].decode("ascii", "replace")
    language = language_of(name, first_line)
    if language is not None and language.name == "Jupyter notebook":
        return _notebook(content, name, language)
    if len(content) > MOST_BYTES:
        raise MediaError(f"{name!r} has {len(content):,} bytes; the limit for code is {MOST_BYTES:,}. Split it first.")
    if (nul := content.find(b"\0")) >= 0:
        raise MediaError(
            f"{name!r} has a NUL byte at {nul:,}, so it is not source code, or is written in UTF-16. Save it as UTF-8."
        )
    text = _decoded(content, name, is_python=language is not None and language.name == "Python")
    return Source(name=name, text=text.replace("\r\n", "\n").replace("\r", "\n"), language=language)


def _decoded(content: bytes, name: str, *, is_python: bool) -> str:
    """Return the text; Python may name its encoding in the first two lines."""
    encoding = "utf-8-sig"
    if is_python:
        try:
            encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
        except SyntaxError as error:
            raise MediaError(f"{name!r} cannot be read: {error}. Save it as UTF-8.") from error
    try:
        text = content.decode(encoding)
        text.encode()  # some encodings can write what is no text
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise MediaError(
            f"{name!r} is not {encoding} text: byte 0x{content[error.start]:02x} in line {line}. Save it as UTF-8."
        ) from error
    except (LookupError, ValueError) as error:
        raise MediaError(f"{name!r} is not {encoding[:40]} text. Save it as UTF-8.") from error
    return text


def _notebook(content: bytes, name: str, language: Language) -> Source:
    if len(content) > MOST_NOTEBOOK_BYTES:
        raise MediaError(
            f"{name!r} has {len(content):,} bytes; the limit for a notebook is {MOST_NOTEBOOK_BYTES:,}. "
            "Clear its outputs."
        )
    try:
        whole = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise MediaError(f"{name!r} is not a notebook: its JSON cannot be read ({_short(error)}).") from error
    listed = whole.get("cells") if isinstance(whole, dict) else None
    if not isinstance(listed, list):
        older = isinstance(whole, dict) and "worksheets" in whole
        raise MediaError(
            f"{name!r} is not a notebook of format 4: it has no list of cells."
            + (" Its format is 3: open and save it with Jupyter." if older else "")
        )
    if len(listed) > MOST_CELLS:
        raise MediaError(f"{name!r} has {len(listed):,} cells; the limit is {MOST_CELLS:,}. Split it first.")
    cells, code, limits, room = list[Cell](), list[str](), list[str](), MOST_LETTERS
    for number, one in enumerate(listed, 1):
        source, kind = _source(one)
        if kind is None:
            limits.append(f"Cell {number} is not a cell as notebooks have them, and was left out.")
            continue
        lines = source.split("\n")
        first_line = 0
        if kind == "code":
            first_line = len(code) + 1
            code += _plain(source).split("\n")
        kinds, printed = _outputs(one)
        shown = _cut(source, min(MOST_CELL_LETTERS, room))
        room -= len(shown)
        cells.append(
            Cell(
                number=number,
                kind=kind,
                lines=len(lines),
                first_line=first_line,
                source=shown,
                outputs=kinds,
                printed=printed,
            )
        )
    text = "\n".join(code) + "\n"
    if len(text.encode("utf-8", "replace")) > MOST_BYTES:
        raise MediaError(f"The code in {name!r} is larger than {MOST_BYTES:,} bytes. Split it first.")
    if (spoken := _kernel(whole)) not in ("", "python"):
        limits.append(f"The notebook says that its language is {spoken!r}; it was read as Python.")
    return Source(name=name, text=text, language=language, cells=tuple(cells), limits=tuple(limits[:20]))


def _plain(source: str) -> str:
    """Return a cell as Python, line by line: what only a notebook understands does nothing."""
    if source.startswith("%%"):
        return "\n" * source.count("\n")
    return _MAGIC.sub(r"\1pass", _TIMED.sub(r"\1", source))


def _source(cell: Any) -> tuple[str, CellKind | None]:
    kind = cell.get("cell_type") if isinstance(cell, dict) else None
    if kind not in ("code", "markdown", "raw"):
        return "", None
    source = cell.get("source", "")
    if isinstance(source, list) and all(isinstance(one, str) for one in source):
        source = "".join(source)
    if not isinstance(source, str) or "\0" in source:
        return "", None
    # A lone half of a surrogate pair, which JSON can hold, is no text.
    text = source.encode("utf-8", "replace").decode().replace("\r\n", "\n").replace("\r", "\n")
    return text.rstrip("\n"), kind


def _outputs(cell: dict[str, Any]) -> tuple[tuple[str, ...], str]:
    """Return the kinds of a cell's outputs, and what those of text say."""
    outputs = cell.get("outputs")
    kinds, said = list[str](), list[str]()
    for one in outputs[:100] if isinstance(outputs, list) else []:
        if not isinstance(one, dict):
            continue
        data = one.get("data")
        held = data if isinstance(data, dict) else {str(one.get("output_type")): one.get("text")}
        kinds += [" ".join(str(kind).split())[:40] for kind in list(held)[:5]]
        said.append(_text(held.get("text/plain", one.get("text"))))
    return tuple(dict.fromkeys(kinds))[:10], _cut("\n".join(filter(None, said)), MOST_PRINTED)


def _text(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        value = "".join(value)
    return value[: MOST_PRINTED + 1].encode("utf-8", "replace").decode() if isinstance(value, str) else ""


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}…"


def _kernel(whole: dict[str, Any]) -> str:
    metadata = whole.get("metadata")
    for key, name in (("language_info", "name"), ("kernelspec", "language")):
        part = metadata.get(key) if isinstance(metadata, dict) else None
        if isinstance(part, dict) and isinstance(part.get(name), str):
            return " ".join(part[name].lower().split())[:40]
    return ""


def _short(error: Exception) -> str:
    return "it is nested too deeply" if isinstance(error, RecursionError) else " ".join(str(error).split())[:120]
