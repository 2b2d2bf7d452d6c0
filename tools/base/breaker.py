"""Stops asking an endpoint that keeps failing, for a while."""

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

from .endpoints import Endpoint, ServedModel
from .errors import ProviderError

MAX_FAILURES = 5
"""So many in the window, with no success between them, and nothing is sent any more."""
WINDOW_SECONDS = 60.0
OPEN_SECONDS = 30.0
"""After this pause one request is let through; what becomes of it decides."""


class Breaker:
    """The failures of one endpoint in this process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: deque[float] = deque(maxlen=MAX_FAILURES)
        self._opened: float | None = None
        self._has_trial = False

    @contextmanager
    def trying(self, model: ServedModel) -> Iterator[None]:
        """Ask inside the block, and note whether the endpoint failed.

        Raises:
            ProviderError: It failed too often lately; nothing was sent.
        """
        is_trial = self._enter(model)
        try:
            yield
        except ProviderError as error:
            if error.is_outage:
                self._failed()
            raise
        else:
            self._failures.clear()
            self._opened = None
        finally:
            if is_trial:
                self._has_trial = False

    def _enter(self, model: ServedModel) -> bool:
        """Let a request through or not; return whether it is the one that tries a closed way."""
        if self._opened is None:
            return False
        rest = self._opened + OPEN_SECONDS - self._clock()
        if rest > 0 or self._has_trial:
            when = f"in {max(1, round(rest))} s" if rest > 0 else "when the request that tries it has ended"
            left_alone = ProviderError(
                f"`{model.endpoint.name}` failed {MAX_FAILURES} times in a row and is left alone; it is asked again "
                f"{when}. Nothing was sent."
            )
            left_alone.wait_seconds = rest if rest > 0 else 1.0
            raise left_alone
        self._has_trial = True
        return True

    def _failed(self) -> None:
        now = self._clock()
        self._failures.append(now)
        if self._opened is not None or (
            len(self._failures) == MAX_FAILURES and now - self._failures[0] <= WINDOW_SECONDS
        ):
            self._opened = now


@cache
def _breaker(base_url: str) -> Breaker:
    return Breaker()


def breaker_of(endpoint: Endpoint) -> Breaker:
    """Return this process's breaker of an endpoint."""
    return _breaker(endpoint.base_url)
