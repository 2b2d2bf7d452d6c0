"""Artifacts by content hash, with where they came from."""

import hashlib
import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from pydantic import BaseModel, ConfigDict, Field

from .errors import ArgumentError, MediaError, StorageError
from .labels import NOTHING, Labels, joined, of_media, of_tool
from .library import Library
from .opening import KeptPath, Known, changed, open_kept, opened
from .secrets import redact
from .sniff import sniff

PREFIX = "artifact://sha256/"
_HANDLE = re.compile(f"{PREFIX}[0-9a-f]{{64}}")
# No call takes longer than a day, so a folder that old has lost its owner.
_LEFT_BEHIND_SECONDS = 86_400.0
# File systems that compress store media at about its size; where a large file is stored as an eighth of it or less,
# reading what is not there would take minutes.
_MOST_UNLOOKED_BYTES, _MOST_HOLES = 1 << 30, 8

Fact = str | int | float | bool | None


class Artifact(BaseModel):
    """A file that is known by the hash of its content."""

    model_config = ConfigDict(frozen=True)

    handle: str = Field(description="`artifact://sha256/<hex>`")
    media_type: str
    bytes: int
    name: str = Field(description="A name for people; never a path.")
    facts: dict[str, Fact] = Field(default_factory=dict, description="For example seconds, width_pixels.")

    @property
    def sha256(self) -> str:
        return self.handle.removeprefix(PREFIX)


class Provenance(BaseModel):
    """Which call made an artifact, out of what."""

    model_config = ConfigDict(frozen=True)

    run: str
    tool: str
    arguments: dict[str, Any]
    inputs: list[str]
    provider: str = "sensorium"
    labels: Labels = frozenset()
    """Who had a part in it; see `labels`."""


class Workspace:
    """A folder of artifacts, each stored once.

    What tools make is copied in under its hash. A user's own file is not copied: the library remembers where it is and
    notices when it has changed.
    """

    def __init__(self, home: Path, library: Library, *, max_bytes: int, follow_links: bool = True) -> None:
        """Open the folder of artifacts.

        Args:
            home: Where it lies.
            library: What is known of them.
            max_bytes: Larger files are refused.
            follow_links: Whether a file may be named through links: the user's may. False where paths were resolved and
                allowed before: a link that stands in one since then leads elsewhere.
        """
        self.library = library
        self._follow_links = follow_links
        self._folder = home / "artifacts"
        self._scratch = home / "scratch"
        self._max_bytes = max_bytes
        self._tidy()

    def adopt(self, path: Path) -> Artifact:
        """Return the artifact of a user's file, hashing it unless it is known and unchanged.

        A link is followed, because the user named it; what it leads to is remembered, not the link.

        Raises:
            MediaError: The file is missing, empty, a folder, not a regular file, too large, or changes meanwhile.
        """
        path = at_home(path)
        if self._follow_links:
            _state(path, self._max_bytes)  # for what it says of a path as the user wrote it
            path = path.resolve()
        state = _state(path, self._max_bytes)
        seen, location = Known.of(state), os.fsencode(path.absolute())
        known = self.library.rows(
            "SELECT sha256 FROM artifacts WHERE location=? AND bytes=? AND modified_ns=? AND identity=?",
            (location, seen.bytes, seen.modified_ns, seen.identity),
        )
        if known and self._follow_links:
            return self.get(PREFIX + known[0][0])
        try:
            # What was looked at, what is hashed and what is remembered are one file, whatever its name leads to.
            with opened(path, state, strict=not self._follow_links) as descriptor:
                if known:
                    return self.get(PREFIX + known[0][0])
                with open(descriptor, "rb", closefd=False) as file:
                    sha256 = _sha256(file, seen.bytes)
                    file.seek(0)
                    media_type = sniff(file).media_type
                if Known.of(os.fstat(descriptor)) != seen:
                    raise MediaError(f"{str(path)!r} changes while it is read. Name it again when it is whole.")
        except OSError as error:
            raise MediaError(f"{str(path)!r} cannot be read: {error.strerror}. Check the file's permission.") from error
        with self.library.transaction(durable=False) as db:
            named, modified_ns, identity = "name=excluded.name, ", seen.modified_ns, seen.identity
            if (stored := self._stored(sha256)).exists():
                # A tool made the same: it lies here safely, under the name that is known.
                named, location, modified_ns, identity = "", os.fsencode(stored), 0, ""
            name = shown_name(path.name)
            db.execute(
                "INSERT INTO artifacts VALUES (?,?,?,?,?,?,?,?,?) ON CONFLICT (sha256) DO UPDATE SET "
                f"{named}location=excluded.location, modified_ns=excluded.modified_ns, identity=excluded.identity",
                (sha256, media_type, state.st_size, name, "{}", location, modified_ns, time.time(), identity),
            )
        return self.get(PREFIX + sha256)

    def put(
        self,
        content: Path | bytes,
        *,
        name: str,
        media_type: str,
        facts: Mapping[str, Fact] | None = None,
        provenance: Provenance | None = None,
    ) -> Artifact:
        """Store content under its hash and return its artifact. A file given by path is moved in.

        Raises:
            StorageError: The disk is full or the folder cannot be written; nothing is registered then.
        """
        try:
            with self.scratch() as folder:
                source = content if isinstance(content, Path) else folder / "content"
                if isinstance(content, bytes):
                    source.write_bytes(content)
                with source.open("rb") as file:
                    sha256 = hashlib.file_digest(file, "sha256").hexdigest()
                size = source.stat().st_size
                target = self._stored(sha256)
                if not (target.exists() and target.stat().st_size == size):
                    target.parent.mkdir(parents=True, exist_ok=True)
                    if source.parent != folder:
                        source = Path(shutil.move(source, folder / "content"))
                    source.replace(target)
        except OSError as error:
            raise StorageError(
                f"{name!r} cannot be stored in {str(self._folder)!r}: {error.strerror or error}. "
                "Free some disk space, then run `sensorium resume last`."
            ) from error
        artifact = Artifact(
            handle=PREFIX + sha256, media_type=media_type, bytes=size, name=name, facts=dict(facts or {})
        )
        with self.library.transaction(durable=False) as db:
            db.execute(
                "INSERT INTO artifacts VALUES (?,?,?,?,?,?,?,?,'') ON CONFLICT (sha256) DO UPDATE SET "
                "media_type=excluded.media_type, facts=iif(excluded.facts='{}', facts, excluded.facts), "
                "location=excluded.location, modified_ns=0, identity=''",
                (sha256, media_type, size, name, json.dumps(artifact.facts), os.fsencode(target), 0, time.time()),
            )
            if provenance:
                db.execute(
                    "INSERT OR IGNORE INTO provenance VALUES (?,?,?,?,?,?,?,?)",
                    (
                        sha256,
                        provenance.run,
                        provenance.tool,
                        json.dumps(provenance.arguments, ensure_ascii=False, sort_keys=True),
                        json.dumps(provenance.inputs),
                        provenance.provider,
                        time.time(),
                        json.dumps(sorted(provenance.labels)),
                    ),
                )
        return artifact

    def get(self, handle: str) -> Artifact:
        """Return a known artifact.

        Raises:
            ArgumentError: The handle is unknown here.
        """
        media_type, size, name, facts = self._row(handle, "media_type, bytes, name, facts")
        return Artifact(handle=handle, media_type=media_type, bytes=size, name=name, facts=json.loads(facts))

    def has(self, file: BinaryIO) -> bool:
        """Tell whether what stands in a file from its beginning on was made by a tool here, and is kept."""
        count = os.fstat(file.fileno()).st_size
        # Most files have a length of their own, and need not be read.
        known = self.library.rows("SELECT 1 FROM artifacts WHERE bytes=? LIMIT 1", (count,))
        return bool(known) and self._stored(_sha256(file, count)).exists()

    def add_facts(self, handle: str, facts: Mapping[str, Fact]) -> Artifact:
        """Note more facts of an artifact, in place of those of the same names, and return it.

        Raises:
            ArgumentError: The handle is unknown here.
        """
        known = self.get(handle)
        artifact = known.model_copy(update={"facts": {**known.facts, **facts}})
        with self.library.transaction(durable=False) as db:
            db.execute("UPDATE artifacts SET facts=? WHERE sha256=?", (json.dumps(artifact.facts), artifact.sha256))
        return artifact

    def path(self, handle: str) -> Path:
        """Return where an artifact's content lies; a user's own file opens only as long as it is the one that was read.

        Raises:
            ArgumentError: The handle is unknown here.
            MediaError: The content was moved, removed or changed since.
        """
        name, size, where, modified_ns, identity = self._row(handle, "name, bytes, location, modified_ns, identity")
        location = Path(os.fsdecode(where))
        try:
            state = location.stat()
        except OSError as error:
            raise MediaError(
                f"{name!r} is no longer at {str(location)!r}. Put it back, or name the file again."
            ) from error
        if not modified_ns:  # made by a tool: nobody else has the folder
            if state.st_size != size:
                raise changed(location)
            return location
        seen = Known.of(state)
        if (seen.bytes, seen.modified_ns) != (size, modified_ns):
            raise changed(location)
        if seen.identity != identity:
            self._recognise(location, seen, handle.removeprefix(PREFIX))
        return KeptPath.to(location, seen)

    def _row(self, handle: str, columns: str) -> tuple[Any, ...]:
        """Return what is known of an artifact.

        Raises:
            ArgumentError: The handle is unknown here.
        """
        sha256 = handle.removeprefix(PREFIX)
        rows = self.library.rows(f"SELECT {columns} FROM artifacts WHERE sha256=?", (sha256,))
        if not handle.startswith(PREFIX) or not rows:
            raise ArgumentError(f"{handle!r} is not an artifact of this library. Give a file's path instead.")
        return rows[0]

    def _recognise(self, location: Path, seen: Known, sha256: str) -> None:
        """Take a file of the same size and time for the same after all where its content is: disks get other numbers.

        Raises:
            MediaError: It is another one.
        """
        with os.fdopen(open_kept(KeptPath.to(location, seen)), "rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
                raise changed(location)
        with self.library.transaction(durable=False) as db:
            db.execute("UPDATE artifacts SET identity=? WHERE sha256=?", (seen.identity, sha256))

    def provenance(self, handle: str) -> list[Provenance]:
        """Return the calls that made this artifact, the latest first; none for a user's own file."""
        rows = self.library.rows(
            "SELECT run, tool, arguments, inputs, provider, labels FROM provenance "
            "WHERE sha256=? ORDER BY created DESC",
            (handle.removeprefix(PREFIX),),
        )
        return [
            Provenance(
                run=run,
                tool=tool,
                arguments=json.loads(arguments),
                inputs=json.loads(inputs),
                provider=provider,
                labels=frozenset(json.loads(labels)),
            )
            for run, tool, arguments, inputs, provider, labels in rows
        ]

    def labels(self, handles: Iterable[str]) -> Labels:
        """Return who had a part in what these artifacts hold: of the user's own files, the files themselves."""
        asked = dict.fromkeys(one.removeprefix(PREFIX) for one in handles if _HANDLE.fullmatch(one))
        made: dict[str, Labels] = {}
        if not asked:
            return NOTHING
        for sha256, run, tool, labels in self.library.rows(
            "SELECT sha256, run, tool, labels FROM provenance WHERE sha256 IN (SELECT value FROM json_each(?))",
            (json.dumps(list(asked)),),
        ):
            # One from before there were labels was made by a tool all the same.
            made[sha256] = joined([made.get(sha256, ()), json.loads(labels) or [of_tool(tool, run)]])
        return joined(made.get(one, [of_media(one)]) for one in asked)

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """Give a folder to work in, on the same disk as the artifacts; it is removed afterwards."""
        try:
            self._scratch.mkdir(parents=True, exist_ok=True)
            folder = tempfile.TemporaryDirectory(dir=self._scratch, ignore_cleanup_errors=True)
        except OSError as error:
            raise StorageError(f"{str(self._scratch)!r} cannot be written: {error.strerror}. Free the disk.") from error
        with folder as name:
            yield Path(name)

    def _tidy(self) -> None:
        """Remove what processes that were killed left in the scratch folder."""
        if not self._scratch.is_dir():
            return
        for folder in self._scratch.iterdir():
            with suppress(OSError):
                if folder.stat().st_mtime < time.time() - _LEFT_BEHIND_SECONDS:
                    shutil.rmtree(folder, ignore_errors=True)

    def _stored(self, sha256: str) -> Path:
        return self._folder / sha256[:2] / sha256


def at_home(path: Path) -> Path:
    """Return a path with `~` as a home; one that names no user, such as `~$talk.pptx`, is taken as it stands."""
    try:
        return path.expanduser()
    except RuntimeError:
        return path


def shown_name(name: str) -> str:
    """Return a file's name as text that models may see: valid where a system allows any bytes, and without secrets."""
    return redact(os.fsencode(name).decode("utf-8", "replace"))


def _state(path: Path, max_bytes: int) -> os.stat_result:
    try:
        state = path.stat()
    except FileNotFoundError:
        here = path.parent if path.parent.is_dir() else None
        near = f" The folder {str(here)!r} is there." if here else ""
        raise MediaError(f"{str(path)!r} does not exist.{near} Check the spelling of the path.") from None
    except (OSError, ValueError) as error:
        raise MediaError(f"{str(path)!r} cannot be opened: {error}. Check the path and its permission.") from error
    if path.is_dir():
        raise MediaError(f"{str(path)!r} is a folder, and a file is needed. Name the files in it.")
    if not path.is_file():
        raise MediaError(f"{str(path)!r} is not a regular file (a device, pipe or socket). Copy its content to a file.")
    if state.st_size == 0:
        raise MediaError(f"{str(path)!r} is empty (0 bytes). Was the copy or the download interrupted?")
    if state.st_size > max_bytes:
        raise MediaError(
            f"{str(path)!r} has {state.st_size:,} bytes; the limit is {max_bytes:,}. Raise `SENSORIUM_MAX_BYTES`."
        )
    stored = 512 * getattr(state, "st_blocks", state.st_size)  # Windows does not say
    if state.st_size > _MOST_UNLOOKED_BYTES and stored * _MOST_HOLES < state.st_size:
        raise MediaError(
            f"{str(path)!r} is said to have {state.st_size:,} bytes, and {stored:,} are stored: the rest are holes. "
            "Was the copy or the download interrupted?"
        )
    return state


def _sha256(file: BinaryIO, count: int) -> str:
    """Return the digest of the first bytes: a file may grow as fast as it is read."""
    digest = hashlib.sha256()
    while count > 0 and (piece := file.read(min(count, 1 << 20))):
        digest.update(piece)
        count -= len(piece)
    return digest.hexdigest()
