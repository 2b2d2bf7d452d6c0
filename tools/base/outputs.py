"""A file that a decoder process writes without having it: its bytes are handed over, and the file stays here.

A descriptor would outlive the call, and whoever holds one can change the file after it was looked at.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, cast

from .errors import StorageError, ToolError
from .packing import PackError
from .read_at import ReadAt

PART_BYTES = 1 << 20
"""What is handed over at once."""
MOST_GAP_BYTES = 16 << 20
"""To put the index first, the muxer of MP4 moves what it has written by its size: some 500 bytes a second of film."""


@dataclass(frozen=True, kw_only=True)
class OutputFile:
    """A file that does not exist yet, in a scratch folder of ours, and the most bytes it may get."""

    path: Path
    max_bytes: int

    def open(self, mode: str = "x+b") -> BinaryIO:
        """Open it, to be written and read back; in a decoder process, too, where it has no path.

        Raises:
            StorageError: It cannot be made.
        """
        try:
            return cast("BinaryIO", self.path.open(mode))
        except OSError as error:
            raise StorageError(
                f"{self.path.name!r} cannot be written: {error.strerror}. Free some disk space."
            ) from error

    def remove(self) -> None:
        """Remove what there is of it."""
        with suppress(OSError):
            self.path.unlink(missing_ok=True)


@dataclass(eq=False)
class Lent:
    """The host's end of an output file: it writes what it is told to, within the limits."""

    output: OutputFile
    _file: BinaryIO | None = field(default=None, init=False)
    _bytes: int = field(default=0, init=False)

    def write(self, at: int, content: bytes) -> None:
        """Write bytes at a position; a gap before it, which a muxer leaves for a moment, is filled with zeros.

        Raises:
            PackError: The position is not in the file.
            ToolError: The file would get too large, or the disk is full.
        """
        if not 0 <= at <= self._bytes + MOST_GAP_BYTES:
            raise PackError("it writes beyond the end of a file")
        if at + len(content) > self.output.max_bytes:
            raise ToolError(
                f"{self.output.path.name!r} would have more than {self.output.max_bytes:,} bytes, and that is the "
                "limit. Make it shorter or smaller, or raise `SENSORIUM_MAX_BYTES`."
            )
        self._file = self._file or self.output.open()
        try:
            if at > self._bytes:  # a hole would make a file of any size out of nothing
                self._file.seek(self._bytes)
                self._file.write(bytes(at - self._bytes))
            self._file.seek(at)
            self._file.write(content)
        except OSError as error:
            raise _full(self.output, error) from error
        self._bytes = max(self._bytes, at + len(content))

    def read(self, at: int, count: int) -> bytes:
        """Return what was written before."""
        if not 0 <= at <= self._bytes or not 0 <= count <= PART_BYTES:
            raise PackError("it reads what it has not written")
        if self._file is None:
            return b""
        self._file.seek(at)
        return self._file.read(count)

    def close(self, *, keep: bool) -> None:
        """Close the file, and remove it unless it is whole.

        Raises:
            StorageError: The disk is full.
        """
        if self._file is None:
            return
        try:
            self._file.close()
        except OSError as error:
            keep = False
            raise _full(self.output, error) from error
        finally:
            if not keep:
                self.output.remove()


def _full(output: OutputFile, error: OSError) -> StorageError:
    return StorageError(
        f"{output.path.name!r} cannot be written: {error.strerror or error}. Free some disk space, then try again."
    )


class LentOutput:
    """An output file in a decoder process."""

    def __init__(self, write: Callable[[int, bytes], None], read: Callable[[int, int], bytes]) -> None:
        self._write, self._read = write, read

    def open(self, mode: str = "x+b") -> BinaryIO:
        return cast("BinaryIO", _Remote(self._write, self._read))

    def remove(self) -> None:
        """Nothing: whoever has the file removes it when the call fails."""


class _Remote(ReadAt):
    """A file somewhere else, with a position here. Not for two threads at a time."""

    def __init__(self, write: Callable[[int, bytes], None], read: Callable[[int, int], bytes]) -> None:
        super().__init__(self._written, lambda: self._bytes)
        self._write, self._read = write, read
        self._bytes = self._waits_at = 0
        self._waiting = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        if self._at != self._waits_at + len(self._waiting) or len(self._waiting) >= PART_BYTES:
            self.flush()
            self._waits_at = self._at
        self._waiting += data
        self._at += len(data)
        self._bytes = max(self._bytes, self._at)
        return len(data)

    def _written(self, at: int, count: int) -> bytes:
        self.flush()
        return self._read(at, min(count, PART_BYTES))

    def flush(self) -> None:
        for start in range(0, len(self._waiting), PART_BYTES):
            part = bytes(self._waiting[start : start + PART_BYTES])
            self._write(self._waits_at, part)
            self._waits_at += len(part)
        self._waiting.clear()

    def close(self) -> None:
        if not self.closed:
            self.flush()
        super().close()
