"""Text that UTF-8 can hold, from servers that cut a letter in two."""

from collections.abc import Mapping
from typing import Any


class Letters:
    """Takes text in pieces, and puts letters together whose halves came in different ones.

    JSON writes a letter beyond U+FFFF as two escapes (RFC 8259, section 7); some servers send them in two events.
    """

    def __init__(self) -> None:
        self._half = ""

    def take(self, piece: str) -> str:
        """Return what is whole; half a letter at the end waits for the next piece."""
        if piece.isascii() and not self._half:
            return piece
        text, self._half = self._half + piece, ""
        if "\ud800" <= text[-1:] <= "\udbff":
            text, self._half = text[:-1], text[-1]
        return whole_text(text)

    def rest(self) -> str:
        """Return what stands for half a letter whose other half never came."""
        half, self._half = self._half, ""
        return whole_text(half)


def whole_text(text: str) -> str:
    """Return text with the halves of letters put together, and with U+FFFD for a half that is alone."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def whole(plain: Any) -> Any:
    """Return JSON data with all of its text whole."""
    if isinstance(plain, str):
        return whole_text(plain)
    if isinstance(plain, Mapping):
        return {whole_text(str(name)): whole(value) for name, value in plain.items()}
    return [whole(one) for one in plain] if isinstance(plain, list) else plain
