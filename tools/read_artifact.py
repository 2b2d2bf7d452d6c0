"""A part of a long text, table or JSON file."""

import csv
import json
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from .base.errors import ArgumentError, MediaError
from .base.run import Run
from .base.sniff import is_text
from .base.tool import AnyFile, tool

Unit = Literal["characters", "lines", "rows"]
MOST_BYTES = 100_000_000
MOST_CHARACTERS = 100_000
# A line or a row is cut behind this: one of a whole file would be all of it.
LONGEST_LINE = 10_000
# Of the names in an object, in an error.
MOST_NAMED = 500


class Slice(BaseModel):
    """A part of a file, and where the next one starts."""

    name: str
    media_type: str
    unit: Unit
    start: int
    text: str = Field("", description="The characters or lines; empty for rows.")
    rows: list[Any] = Field(default_factory=list, description="Rows of a table, or items of a JSON list.")
    columns: list[str] = Field(default_factory=list, description="Names of the columns, from a table's first row.")
    total: int = Field(description="How many characters, lines or rows there are.")
    next: int | None = Field(None, description="Where to read on; none at the end.")


@tool(effect="pure", resource="cpu", version=2)
async def read_artifact(
    artifact: Annotated[AnyFile, Field(description="A text, table or JSON file.")],
    unit: Annotated[
        Unit, Field(description="`rows` for a CSV file or a JSON list, else `characters` or `lines`.")
    ] = "characters",
    start: Annotated[
        int, Field(ge=0, description="The first one; 0 is the beginning, `next` of the last answer goes on.")
    ] = 0,
    length: Annotated[
        int | None, Field(ge=1, description="How many: 4000 characters, 100 lines or rows if left out.")
    ] = None,
    pointer: Annotated[
        str, Field(description='Where in a JSON file to read, as a JSON pointer, for example "/segments".')
    ] = "",
    *,
    run: Run,
) -> Slice:
    """Read a part of a long text, table or JSON file that another tool made, such as a transcript.

    The answer says how much there is and where the next part starts.
    """
    known, path = run.artifact(artifact), run.path(artifact)
    kind = known.media_type
    if not is_text(kind):
        raise MediaError(f"{known.name!r} is {kind}, which is not text. Use `probe_media` or `read_text` for media.")
    if known.bytes > MOST_BYTES:
        raise MediaError(f"{known.name!r} has {known.bytes:,} bytes; the limit is {MOST_BYTES:,}. Split it first.")
    wanted = length or (4000 if unit == "characters" else 100)
    if pointer and unit != "rows":
        raise ArgumentError('`pointer` leads into a JSON file and needs `unit` "rows".')
    asked = _Asked(name=known.name, media_type=kind, unit=unit, start=start, length=min(wanted, MOST_CHARACTERS))
    if unit == "rows":
        return await run.thread(_rows, path, asked, pointer)
    return await run.thread(_characters if unit == "characters" else _lines, path, asked)


@dataclass(frozen=True, kw_only=True)
class _Asked:
    name: str
    media_type: str
    unit: Unit
    start: int
    length: int

    def answer(self, *, total: int, **found: Any) -> Slice:
        end = self.start + self.length
        return Slice(
            name=self.name,
            media_type=self.media_type,
            unit=self.unit,
            start=self.start,
            total=total,
            next=end if end < total else None,
            **found,
        )


@dataclass
class _Part:
    """The lines, rows or items that were asked for, as many as fit into one answer."""

    asked: _Asked
    size: int = 0
    total: int = 0
    kept: list[Any] = field(default_factory=list)

    def add(self, item: Any) -> None:
        # The first one that does not fit ends the part: from there on the numbers no longer agree.
        if self.total == self.asked.start + len(self.kept) and len(self.kept) < self.asked.length:
            size = self.size + len(json.dumps(item, ensure_ascii=False))
            if size <= MOST_CHARACTERS:
                self.kept.append(item)
                self.size = size
            elif not self.kept:
                raise ArgumentError(
                    f"Item {self.asked.start} of {self.asked.name!r} alone has {size:,} characters; the limit is "
                    f"{MOST_CHARACTERS:,}. Read it as `characters`, or lead deeper into JSON with `pointer`."
                )
        self.total += 1

    def answer(self, **found: Any) -> Slice:
        return replace(self.asked, length=len(self.kept)).answer(total=self.total, **found)


def _characters(path: Path, asked: _Asked) -> Slice:
    whole = path.read_text(encoding="utf-8-sig", errors="replace")
    return asked.answer(total=len(whole), text=whole[asked.start : asked.start + asked.length])


def _lines(path: Path, asked: _Asked) -> Slice:
    part = _Part(asked)
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        for line in file:
            part.add(_cut(line.rstrip("\n")))
    return part.answer(text="\n".join(part.kept))


def _rows(path: Path, asked: _Asked, pointer: str) -> Slice:
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        is_json = asked.media_type.endswith("json") or file.read(64).lstrip()[:1] in ("{", "[")
        file.seek(0)
        if is_json:
            part = _Part(asked)
            for item in _items(_json(file.read(), asked.name), pointer, asked.name):
                part.add(item)
            return part.answer(rows=part.kept)
        if pointer:
            raise ArgumentError(f"`pointer` leads into a JSON file, and {asked.name!r} is {asked.media_type}.")
        table = csv.reader(file, dialect=_dialect(file.read(8192)))
        file.seek(0)
        try:
            columns = [_cut(name) for name in next(table, [])]
            part = _Part(asked, size=len(json.dumps(columns, ensure_ascii=False)))
            for row in table:
                part.add([_cut(cell) for cell in row])
        except csv.Error as error:
            raise MediaError(f"{asked.name!r} is no table: {error}. Read it as `lines`.") from error
        return part.answer(rows=part.kept, columns=columns)


def _json(text: str, name: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:  # a number of thousands of digits is a ValueError too
        raise MediaError(f"{name!r} cannot be read as JSON: {error}. Read it as `characters`.") from error


def _items(value: Any, pointer: str, name: str) -> list[Any]:
    """Return the list a JSON pointer (RFC 6901) leads to; of an object, its pairs."""
    before, *parts = pointer.split("/")
    if before:
        raise ArgumentError(f'`pointer` is {pointer!r}; it begins with `/`, or is "" for the whole file.')
    walked = ""
    for part in parts:
        key = part.replace("~1", "/").replace("~0", "~")
        try:
            value = value[_index(key)] if isinstance(value, list) else value[key]
        except (KeyError, IndexError, ValueError, TypeError):
            there = ", ".join(map(str, value))[:MOST_NAMED] if isinstance(value, dict) else type(value).__name__
            raise ArgumentError(
                f"{name!r} has nothing at {pointer!r}: at {walked or 'its top'!r} there is {there}."
            ) from None
        walked += f"/{part}"
    if isinstance(value, dict):
        return [{"key": key, "value": item} for key, item in value.items()]
    return value if isinstance(value, list) else [value]


def _index(key: str) -> int:
    if not re.fullmatch("0|[1-9][0-9]*", key):
        raise ValueError
    return int(key)


def _dialect(head: str) -> type[csv.Dialect]:
    try:
        return csv.Sniffer().sniff(head, delimiters=",;\t|")
    except csv.Error:
        return csv.excel


def _cut(line: str) -> str:
    return line if len(line) <= LONGEST_LINE else line[:LONGEST_LINE] + "…"
