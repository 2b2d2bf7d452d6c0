"""Reads what a tool of another server gave: text cut, media told by its content, addresses never opened."""

import base64
import binascii
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import PurePosixPath
from typing import Any

from ..base.moments import Moment, Source
from ..base.run import Run
from ..base.sniff import is_text, sniff
from ..base.workspace import Artifact
from ..fetching.contents import file_name, kind_of
from .answer import RemoteAnswer, RemoteLink
from .configured import Server
from .listing import Listed
from .wording import cleaned, on_a_line

MOST_CHARACTERS = 20_000
"""Of a text, and of a structured result, in the answer; all of it is in an artifact."""
MOST_TEXT_BYTES = 8 * 2**20
"""Of all texts of one answer."""
MOST_FILES = 16
MOST_FILE_BYTES = 32 * 2**20
MOST_LINKS = 50
MOST_BLOCKS = 1_000
MOST_MOMENTS = 400
LONGEST_MOMENT = 2_000
MOST_CITED = 60_000
"""Letters of a text that an answer can lead to, paragraph by paragraph."""
_SHOWN = 500


@dataclass
class _Read:
    """What was found so far in the content of an answer."""

    texts: list[str] = field(default_factory=list)
    files: list[Artifact] = field(default_factory=list)
    links: list[RemoteLink] = field(default_factory=list)
    limits: list[str] = field(default_factory=list)
    left_bytes: int = MOST_TEXT_BYTES

    def say(self, text: Any) -> None:
        if not isinstance(text, str):
            return
        if len(text) > self.left_bytes:
            self.limit(f"Only the first {MOST_TEXT_BYTES:,} letters of its texts were taken.")
        self.texts.append(cleaned(text[: self.left_bytes]))
        self.left_bytes -= min(len(text), self.left_bytes)

    def limit(self, told: str) -> None:
        if told not in self.limits:
            self.limits.append(told)


def words_of(raw: Mapping[str, Any]) -> str:
    """Return the texts of an answer, for an error."""
    return "\n".join(str(one["text"]) for one in _blocks(raw) if isinstance(one.get("text"), str))


def answer_of(raw: Mapping[str, Any], server: Server, listed: Listed, run: Run) -> RemoteAnswer:
    """Return the result of a call; stores what is to be kept of it, so it belongs into a thread.

    Args:
        raw: The `CallToolResult` as it came, checked to have its shape.
        server: Who gave it.
        listed: What was called.
        run: Where files are stored.
    """
    read = _Read()
    for number, block in enumerate(_blocks(raw)):
        if number >= MOST_BLOCKS:
            read.limit(f"Only the first {MOST_BLOCKS:,} parts of its answer were taken.")
            break
        _take(block, read, listed, run)
    data = raw.get("structuredContent")
    text = "\n\n".join(one for one in read.texts if one.strip() and not _is_copy(one, data))
    answer = RemoteAnswer(
        server=server.name,
        tool=listed.remote_shown,
        text=text[:MOST_CHARACTERS],
        files=read.files,
        links=read.links,
        limits=[f"All of it is what the MCP server `{server.name}` says; nobody checked it.", *read.limits],
    )
    updates: dict[str, Any] = {}
    if len(text) > MOST_CHARACTERS:
        updates["text_file"] = _kept(text, f"{listed.name}.txt", "text/plain", run)
        read.limits.append(_cut("text", len(text)))
    if data is not None:
        data = _clean(data)
        written = json.dumps(data, ensure_ascii=False)
        if len(written) > MOST_CHARACTERS:
            updates["data_file"] = _kept(written, f"{listed.name}.json", "application/json", run)
            read.limits.append(_cut("data", len(written)))
        else:
            updates["data"] = data
    updates["limits"] = [answer.limits[0], *read.limits]
    home = updates.get("text_file" if text else "data_file")
    told = text or "\n".join(islice(_leaves(data), MOST_MOMENTS))
    updates["moments"] = list(_moments(told, home.handle if home else None, server, listed))
    return answer.model_copy(update=updates)


def _cut(what: str, letters: int) -> str:
    where = f"all {letters:,} are in `{what}_file`, for `read_artifact`"
    return (
        f"`{what}` holds the first {MOST_CHARACTERS:,} letters; {where}."
        if what == "text"
        else (f"The structured result has {letters:,} letters, too many for `data`; {where}.")
    )


def _blocks(raw: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    content = raw.get("content")
    yield from (one for one in (content if isinstance(content, list) else []) if isinstance(one, Mapping))


def _take(block: Mapping[str, Any], read: _Read, listed: Listed, run: Run) -> None:
    """Take one part of the content."""
    kind = block.get("type")
    if kind == "text":
        read.say(block.get("text"))
    elif kind in ("image", "audio"):
        _take_file(block.get("data"), block.get("mimeType"), listed.name, read, run)
    elif kind == "resource" and isinstance(inside := block.get("resource"), Mapping):
        read.say(inside.get("text"))
        if "blob" in inside:
            named = PurePosixPath(str(inside.get("uri", ""))[:_SHOWN]).name or listed.name
            _take_file(inside["blob"], inside.get("mimeType"), named, read, run)
    elif kind == "resource_link":
        if len(read.links) < MOST_LINKS:
            shown = [on_a_line(str(block.get(one) or ""), _SHOWN) for one in ("uri", "name", "description")]
            read.links.append(RemoteLink(address=shown[0], name=shown[1], says=shown[2]))
        else:
            read.limit(f"Only the first {MOST_LINKS} links were taken.")
    else:
        read.limit(f"A part of a kind that is not known was left out: {on_a_line(str(kind), 40)!r}.")


def _take_file(data: Any, claimed: Any, named: str, read: _Read, run: Run) -> None:
    """Store a file of the content under the type that it has."""
    if len(read.files) >= MOST_FILES:
        read.limit(f"Only the first {MOST_FILES} files were taken.")
        return
    if not isinstance(data, str) or len(data) > MOST_FILE_BYTES * 4 // 3:
        read.limit(f"A file of more than {MOST_FILE_BYTES:,} bytes was left out.")
        return
    try:
        content = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        content = b""
    if not content:
        read.limit("A file that is empty, or no base64, was left out.")
        return
    media_type = sniff(io.BytesIO(content)).media_type
    said = on_a_line(str(claimed or ""), 60)
    if (said and said.partition("/")[0] != media_type.partition("/")[0] and not is_text(media_type)) or (
        kind_of(media_type) in ("text", "page", "data") and said.startswith(("image/", "audio/", "video/"))
    ):
        read.limit(f"The server calls a file {said!r}, but its content is {media_type}; the content counts.")
    read.files.append(run.put(content, name=file_name(on_a_line(named, 80), media_type), media_type=media_type))


def _kept(text: str, name: str, media_type: str, run: Run) -> Artifact:
    return run.put(text.encode("utf-8", "replace"), name=name, media_type=media_type)


def _is_copy(text: str, data: Any) -> bool:
    """Tell whether a text is the structured result once more, as servers give it to older clients."""
    if data is None or not text.lstrip().startswith(("{", "[")):
        return False
    try:
        return bool(json.loads(text) == data)
    except (ValueError, RecursionError):
        return False


def _clean(value: Any) -> Any:
    """Return JSON data without letters that are obeyed instead of shown."""
    if isinstance(value, str):
        return cleaned(value)
    if isinstance(value, Mapping):
        return {cleaned(str(name)): _clean(part) for name, part in value.items()}
    return [_clean(one) for one in value] if isinstance(value, list) else value


def _leaves(data: Any, path: str = "") -> Iterator[str]:
    """Yield each value of a structured result under its name, as a line: what has no words is led to by these."""
    if isinstance(data, Mapping | list):
        named = data.items() if isinstance(data, Mapping) else enumerate(data)
        for name, part in named:
            yield from _leaves(part, f"{path}.{name}" if path else str(name))
    elif data is not None:
        yield f"{path}: {data}" if path else str(data)


def _moments(text: str, home: str | None, server: Server, listed: Listed) -> Iterator[Moment]:
    """Yield the paragraphs, so that an answer can lead to them."""
    source = Source(tool=listed.name, provider=f"mcp:{server.name}", quality="model")
    lines = [one for line in text[:MOST_CITED].splitlines() if (one := " ".join(line.split()))]
    for one in lines[:MOST_MOMENTS]:
        yield Moment(kind="text", start_seconds=None, text=one[:LONGEST_MOMENT], media=home, source=source)
