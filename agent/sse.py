"""Splits a byte stream into server-sent events."""

from collections.abc import Iterator


class Events:
    """Takes bytes as they come and gives the data of each event; all else in an event says nothing here.

    After https://html.spec.whatwg.org/multipage/server-sent-events.html. Bytes, because text would also be split at
    U+2028, which a JSON string may hold.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[bytes] = []

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """Yield the data of each event that is complete."""
        lines = (self._rest + piece).replace(b"\r\n", b"\n")
        # A CR at the end may be the first half of a CR LF.
        kept = b"\r" if lines.endswith(b"\r") else b""
        *complete, last = lines.removesuffix(kept).replace(b"\r", b"\n").split(b"\n")
        self._rest = last + kept
        for line in complete:
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
