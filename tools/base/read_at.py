"""A file that is open for reading, out of whatever gives its bytes at a position."""

import io
import os
from collections.abc import Callable
from typing import Any


class ReadAt(io.RawIOBase):
    """Reads by position what has none of its own, or one that others use, too."""

    def __init__(self, read_at: Callable[[int, int], bytes], size: Callable[[], int]) -> None:
        """Open it.

        Args:
            read_at: Gives at most so many bytes from a position on: `read_at(position, count)`; none at the end.
            size: Gives how many bytes there are.
        """
        self._read_at, self._size = read_at, size
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._at}.get(whence)
        at = (self._size() if start is None else start) + offset
        if at < 0:
            raise OSError(22, "the position is before the start")
        self._at = at
        return at

    def readinto(self, buffer: Any) -> int:
        found = self._read_at(self._at, len(buffer))
        buffer[: len(found)] = found
        self._at += len(found)
        return len(found)
