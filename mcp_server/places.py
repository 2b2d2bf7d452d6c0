"""Places for the work of a server, so that nobody's work keeps all of another's waiting."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType

SPARE = 1
"""Places more than there are, for who has none while others have all: their work may take hours."""


@dataclass(eq=False, frozen=True)
class _Waiting:
    owner: str
    turn: "asyncio.Future[None]"


class Places:
    """Some places; of those who wait, who has the fewest comes first, and of these, who waits longest."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._held: Counter[str] = Counter()
        self._waiting: list[_Waiting] = []

    async def take(self, owner: str) -> None:
        """Take a place, as soon as there is one for this owner."""
        waiting = _Waiting(owner, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        self._serve()
        try:
            await waiting.turn
        except asyncio.CancelledError:
            if waiting in self._waiting:
                self._waiting.remove(waiting)
            else:  # it came in the last moment
                self.leave(owner)
            raise

    def leave(self, owner: str) -> None:
        """Give a place back."""
        self._held[owner] -= 1
        if not self._held[owner]:
            del self._held[owner]
        self._serve()

    def _serve(self) -> None:
        # Who was cancelled goes a moment later.
        while waiting := [one for one in self._waiting if not one.turn.cancelled()]:
            first = min(waiting, key=lambda one: self._held[one.owner])
            if self._held.total() >= self._size + (0 if self._held[first.owner] else SPARE):
                return
            self._waiting.remove(first)
            self._held[first.owner] += 1
            first.turn.set_result(None)


@dataclass(eq=False)
class Place:
    """The place of a call, which others may have while it waits for a person."""

    places: Places
    owner: str
    _is_held: bool = False
    _coming: "asyncio.Task[None] | None" = None

    async def __aenter__(self) -> "Place":
        await self.places.take(self.owner)
        self._is_held = True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._coming:
            self._coming.cancel()
            await asyncio.wait({self._coming})
        self.leave()

    def leave(self) -> None:
        """Let others have it."""
        if self._is_held:
            self._is_held = False
            self.places.leave(self.owner)

    def come_back(self, then: Callable[[], None]) -> None:
        """Take a place again, as soon as there is one, and do something then."""

        async def come() -> None:
            await self.places.take(self.owner)
            self._is_held = True
            then()

        if not self._is_held:
            self._coming = asyncio.create_task(come())
        else:
            then()
