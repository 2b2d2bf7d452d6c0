"""Take files out of a cage without following anything that its inhabitant made."""

import os
import re
import stat
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field

from .limits import Limits

_MAX_DEPTH = 4
_MAX_ENTRIES = 4096
"""A folder may hold a hundred thousand files; this many are looked at."""
_MAX_REFUSED = 32
_MAX_SEEN = 20_000
_NAME_CHARS = 100
_READ_BYTES = 2**20
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\.|$)")
"""Names that Windows takes for devices."""

Signature = tuple[int, int, int, int] | str
"""Inode, size, and times of change of a file that was taken, or why it was not: neither is said twice."""


@dataclass(frozen=True, kw_only=True)
class Collected:
    """What came out, and what did not."""

    files: list[tuple[str, bytes]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    """Why each of them stays where it is, in words."""


@dataclass
class _Reading:
    limits: Limits
    seen: dict[str, Signature]
    device: int
    files: dict[str, bytes] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    entries: int = 0
    bytes_left: int = 0

    def refuse(self, shown: str, why: str) -> None:
        if self.seen.get(shown) == why:
            return
        self.seen[shown] = why
        if len(self.refused) < _MAX_REFUSED:
            self.refused.append(f"{shown!r} {why}")
        elif len(self.refused) == _MAX_REFUSED:
            self.refused.append("and more")


def collect(root_descriptor: int, limits: Limits, seen: dict[str, Signature]) -> Collected:
    """Read the files in `work/out` that are new or changed.

    Args:
        root_descriptor: Of the cage's root.
        limits: For their number and sizes.
        seen: What was taken before, by path; brought up to date.
    """
    if len(seen) > _MAX_SEEN:
        seen.clear()
    folder = _folder(root_descriptor)
    if folder is None:
        return Collected(refused=["'out' is no folder any more"])
    try:
        reading = _Reading(limits, seen, os.fstat(folder).st_dev, bytes_left=limits.artifacts_bytes)
        _walk(folder, "", 0, reading)
    finally:
        os.close(folder)
    return Collected(files=list(reading.files.items()), refused=reading.refused)


def safe_name(name: str) -> str:
    """Return a name that can be a file's on any system, and shown anywhere."""
    plain = unicodedata.normalize("NFKC", name.encode(errors="surrogateescape").decode(errors="replace"))
    kept = "".join(one if one.isalnum() or one in "._- ()+,=@" else "_" for one in plain)
    # A leading dash is an option to most programs.
    kept = kept.rstrip(" .").lstrip(" .-") or "file"
    if _RESERVED.match(kept):
        kept = f"_{kept}"
    if len(kept) <= _NAME_CHARS:
        return kept
    stem, dot, end = kept.rpartition(".")
    end = dot + end if stem and len(end) <= 10 else ""
    return kept[: _NAME_CHARS - len(end)].rstrip(" .") + end


def _folder(root_descriptor: int) -> int | None:
    how = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        work = os.open("work", how, dir_fd=root_descriptor)
    except OSError:
        return None
    try:
        return os.open("out", how, dir_fd=work)
    except OSError:
        return None
    finally:
        os.close(work)


def _walk(folder: int, before: str, depth: int, reading: _Reading) -> None:
    for name in _names(folder, reading):
        shown = before + name
        how = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
        try:
            opened = os.open(name, how, dir_fd=folder)
        except OSError as error:
            reading.refuse(shown, f"is a link, or cannot be opened ({error.strerror})")
            continue
        try:
            about = os.fstat(opened)
            if stat.S_ISDIR(about.st_mode) and about.st_dev == reading.device:
                if depth < _MAX_DEPTH:
                    _walk(opened, f"{shown}/", depth + 1, reading)
                else:
                    reading.refuse(shown, "lies too deep")
            else:
                _take(opened, shown, about, reading)
        finally:
            os.close(opened)


def _names(folder: int, reading: _Reading) -> Iterator[str]:
    with os.scandir(folder) as entries:
        names = []
        for entry in entries:
            reading.entries += 1
            if reading.entries > _MAX_ENTRIES:
                reading.refuse("out", f"holds more than {_MAX_ENTRIES} files, the rest is not looked at")
                break
            names.append(entry.name)
    yield from sorted(names)


def _take(opened: int, shown: str, about: os.stat_result, reading: _Reading) -> None:
    if not stat.S_ISREG(about.st_mode) or about.st_dev != reading.device:
        reading.refuse(shown, "is no regular file")
        return
    signature = (about.st_ino, about.st_size, about.st_mtime_ns, about.st_ctime_ns)
    if reading.seen.get(shown) == signature:
        return
    limits = reading.limits
    if about.st_size > limits.artifact_bytes:
        reading.refuse(shown, f"has {about.st_size} bytes, more than the {limits.artifact_bytes} a file may have")
    elif about.st_size > reading.bytes_left:
        reading.refuse(shown, f"is beyond the {limits.artifacts_bytes} bytes that all files may have")
    elif len(reading.files) >= limits.artifacts:
        reading.refuse(shown, f"is beyond the {limits.artifacts} files that may come out of a call")
    else:
        data = _read(opened, about.st_size)
        reading.bytes_left -= len(data)
        reading.files[_free_name(shown, reading)] = data
        reading.seen[shown] = signature


def _read(opened: int, size: int) -> bytes:
    # Never more than it had when it was looked at: it may grow while it is read.
    parts = []
    while size > 0 and (part := os.read(opened, min(size, _READ_BYTES))):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _free_name(shown: str, reading: _Reading) -> str:
    # Some systems take names that differ in case only for one.
    taken = {one.casefold() for one in reading.files}
    name = safe_name(shown.replace("/", "-"))
    stem, dot, end = name.rpartition(".")
    number = 2
    while name.casefold() in taken:
        name = f"{stem}-{number}{dot}{end}" if stem else f"{end}-{number}"
        number += 1
    return name
