"""What pure calls gave lately: the same call is answered with it at once, without a process."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from mcp.types import CallToolResult

from .pages import compact

MOST_RESULTS = 256
MOST_BYTES = 16_000_000
"""As JSON; a result has at most a megabyte."""


@dataclass(frozen=True)
class _Kept:
    result: CallToolResult
    things: tuple[str, ...]
    bytes: int


class Remembered:
    """Shaped results by whose call they answer and all they depend on; of too many, the one used longest ago goes.

    The library remembers more and for longer; what is here costs no process and no reading. Whoever asks must have
    checked before that the caller may name the files of the call.
    """

    def __init__(
        self,
        is_there: Callable[[str, str], bool],
        *,
        most_results: int = MOST_RESULTS,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        """Remember nothing yet.

        Args:
            is_there: Tells whether an artifact is an owner's, and can still be opened.
            most_results: How many to keep.
            most_bytes: How much of them.
        """
        self._is_there = is_there
        self._most_results = most_results
        self._most_bytes = most_bytes
        self._kept: OrderedDict[tuple[str, str], _Kept] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, owner: str, key: str) -> CallToolResult | None:
        """Return what this call gave its owner, as long as every artifact that it names is there. It asks the disk."""
        with self._lock:
            kept = self._kept.get((owner, key))
            if kept is None:
                return None
            self._kept.move_to_end((owner, key))
        if not all(self._is_there(owner, one) for one in kept.things):
            self._forget((owner, key), kept)
            return None
        return kept.result.model_copy()

    def put(self, owner: str, key: str, result: dict[str, Any], things: Sequence[str]) -> None:
        """Keep what a call gave its owner, as `CallToolResult` has it on the wire.

        Args:
            owner: Whose call it was.
            key: The same for a call that would give the same.
            result: No failure, and complete.
            things: The artifacts that it names.
        """
        size = len(compact(result))
        if size > self._most_bytes:
            return
        kept = _Kept(CallToolResult.model_validate(result), tuple(things), size)
        with self._lock:
            self._drop((owner, key))
            self._kept[owner, key] = kept
            self._bytes += size
            while len(self._kept) > self._most_results or self._bytes > self._most_bytes:
                self._drop(next(iter(self._kept)))

    def _forget(self, place: tuple[str, str], kept: _Kept) -> None:
        with self._lock:
            if self._kept.get(place) is kept:  # not what another call has put there meanwhile
                self._drop(place)

    def _drop(self, place: tuple[str, str]) -> None:
        if dropped := self._kept.pop(place, None):
            self._bytes -= dropped.bytes
