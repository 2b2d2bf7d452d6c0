"""Parts what a model thinks between `<think>` and `</think>` from what it says afterwards."""

from typing import Literal

_OPENING, _CLOSING = "<think>", "</think>"


class Thoughts:
    """Takes text as it comes; only tags at its very beginning count, elsewhere they are what the model says."""

    def __init__(self) -> None:
        self._state: Literal["start", "inside", "gap", "after"] = "start"
        self._held = ""

    def split(self, text: str) -> tuple[str, str]:
        """Return what of it is thought and what is said; what may be half a tag waits for the next call."""
        if self._state == "after" or not text:
            return "", text
        self._held += text
        if self._state == "start":
            begun = self._held.lstrip()
            if len(begun) < len(_OPENING) and _OPENING.startswith(begun):
                return "", ""
            self._state, self._held = (
                ("inside", begun[len(_OPENING) :]) if begun.startswith(_OPENING) else ("after", self._held)
            )
        thought = ""
        if self._state == "inside":
            thought, closing, after = self._held.partition(_CLOSING)
            if not closing:
                held = _half_tag(thought)
                self._held = held
                return thought.removesuffix(held), ""
            self._state, self._held = "gap", after
        if self._state == "gap":
            self._held = self._held.lstrip()
            self._state = "after" if self._held else "gap"
        said, self._held = self._held, ""
        return thought, said

    def rest(self) -> tuple[str, str]:
        """Return what still waits when no more text comes."""
        held, self._held = self._held, ""
        return (held, "") if self._state == "inside" else ("", held)


def _half_tag(text: str) -> str:
    """Return the longest end of `text` that may be the beginning of a closing tag."""
    return next((_CLOSING[:size] for size in range(len(_CLOSING) - 1, 0, -1) if text.endswith(_CLOSING[:size])), "")
