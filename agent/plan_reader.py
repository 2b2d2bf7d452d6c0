"""Finds the complete objects in the arguments of a call while the rest is still to come."""

import re

_STRUCTURE = re.compile(r'["{}\[\]]')
_STRING = re.compile(r'["\\]')


class ObjectReader:
    """Takes JSON text in pieces and gives the text of each object that is complete; every letter is looked at once.

    It gives the whole object, or with `list_name` the objects in the list of that name: `{"steps": [{…}, {…}]}`. What
    is no JSON, such as single quotes or JSON in a string, gives too little or something that cannot be read, never an
    error: whoever has the whole text reads it again.
    """

    def __init__(self, list_name: str | None = None) -> None:
        self._list_name = list_name
        self._depth = 0
        self._wanted = 0 if list_name is None else None
        """The depth at which the objects to be given begin; None outside of the list."""
        self._object: list[str] | None = None
        """The pieces so far of an object to be given."""
        self._key: list[str] | None = None
        """The pieces so far of a string that may name the list."""
        self._last_key = ""
        self._in_string = False
        self._skips = False
        """The last piece ended in a backslash."""

    def feed(self, piece: str) -> list[str]:
        """Return the objects that this piece completes."""
        complete: list[str] = []
        at = int(self._skips and bool(piece))
        self._skips = self._skips and not piece
        begun = 0  # where in this piece the open object, or key, goes on
        while found := (_STRING if self._in_string else _STRUCTURE).search(piece, at):
            at = found.end()
            match found[0]:
                case "\\":
                    self._skips = at == len(piece)
                    at += 1
                case '"':
                    self._in_string = not self._in_string
                    begun = self._quote(piece, begun, at)
                case "{" | "[" as bracket:
                    if self._opens(bracket):
                        self._object, begun = [], at - 1
                    self._depth += 1
                case _:
                    self._depth -= 1
                    if self._object is not None and self._depth == self._wanted:
                        complete.append("".join([*self._object, piece[begun:at]]))
                        self._object = None
                        self._wanted = self._wanted if self._list_name else -1  # what follows the object repeats it
                    elif self._wanted is not None and self._depth < self._wanted:
                        self._wanted = None  # the list has ended
        kept = self._object if self._object is not None else self._key
        if kept is not None:
            kept.append(piece[begun:])
        return complete

    def _quote(self, piece: str, begun: int, at: int) -> int:
        """Begin or end a string, and return where in the piece what is kept goes on."""
        if self._object is not None or self._list_name is None or self._depth != 1:
            return begun
        if self._in_string:
            self._key = []
            return at
        self._last_key = "".join([*(self._key or []), piece[begun : at - 1]])
        self._key = None
        return begun

    def _opens(self, bracket: str) -> bool:
        """Return whether a bracket begins an object to be given; note where the list begins."""
        if bracket == "[" and self._depth == 1 and self._list_name and self._last_key == self._list_name:
            self._wanted = 2
        return bracket == "{" and self._object is None and self._depth == self._wanted
