"""Splits a byte stream into server-sent events."""

from collections.abc import Iterator


class Events:
    """Takes bytes as they come and gives the data of each event; all else in an event says nothing here.

    After https://html.spec.whatwg.org/multipage/server-sent-events.html. Bytes, because text would also be split at
    U+2028, which a JSON string may hold.
    """

    def __init__(self) -> None:
        self._line: list[bytes] = []
        """The pieces so far of a line, which are put together once: a line may have megabytes."""
        self._return = b""
        """A CR at the end of the last piece, which may be the first half of a CR LF."""
        self._data: list[bytes] = []

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """Yield the data of each event that is complete."""
        lines = (self._return + piece).replace(b"\r\n", b"\n")
        self._return = b"\r" if lines.endswith(b"\r") else b""
        first, *others = lines.removesuffix(self._return).replace(b"\r", b"\n").split(b"\n")
        self._line.append(first)
        for other in others:
            line, self._line = b"".join(self._line), [other]
            if line.startswith(b"data:"):
                self._data.append(line[5:].removeprefix(b" "))
            elif not line:
                yield from self._event()

    def end(self) -> Iterator[bytes]:
        """Yield the data of an event whose end was not marked."""
        yield from self.feed(b"\n\n")

    def _event(self) -> Iterator[bytes]:
        if self._data:
            data, self._data = b"\n".join(self._data), []
            yield data
