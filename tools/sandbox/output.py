"""Keep the beginning and the end of what is printed, and find the mark that ends a call's part of it."""

_HEAD_PART = 0.75


class Output:
    """What one pipe brought."""

    def __init__(self, most_bytes: int, mark: bytes = b"") -> None:
        self.total = 0
        """Bytes that came, whether they are kept or not."""
        self.ended = False
        """Whether the mark has come."""
        self.after_mark = b""
        self._head_bytes = int(most_bytes * _HEAD_PART)
        self._tail_bytes = most_bytes - self._head_bytes
        self._mark = mark
        self._head = bytearray()
        self._tail = bytearray()
        self._left_out = 0
        self._held = b""

    def add(self, data: bytes) -> None:
        """Take what was read."""
        self.total += len(data)
        if self.ended:
            self.after_mark = (self.after_mark + data)[: self._tail_bytes]
            return
        if not self._mark:
            self._keep(data)
            return
        data = self._held + data
        found = data.find(self._mark)
        if found >= 0:
            self.ended, self.after_mark, self._held = True, data[found + len(self._mark) :], b""
            self._keep(data[:found])
            return
        # The beginning of the mark may be at the very end.
        keep = len(data) - len(self._mark) + 1
        self._held = data[keep:] if keep > 0 else data
        self._keep(data[:keep] if keep > 0 else b"")

    def text(self) -> str:
        """Return what is kept, with a word on what is not."""
        self._keep(self._held)
        self._held = b""
        head, tail = self._head.decode(errors="replace"), self._tail.decode(errors="replace")
        return f"{head}\n… {self._left_out} bytes are left out …\n{tail}" if self._left_out else head + tail

    @property
    def truncated(self) -> bool:
        """Whether something is left out."""
        return self._left_out > 0

    def _keep(self, data: bytes) -> None:
        room = self._head_bytes - len(self._head)
        self._head += data[: max(0, room)]
        self._tail += data[max(0, room) :]
        if (over := len(self._tail) - self._tail_bytes) > 0:
            self._left_out += over
            del self._tail[:over]
