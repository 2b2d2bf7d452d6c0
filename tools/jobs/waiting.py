"""Waits for a job: asks about it more and more seldom, and soon when its provider tells of it."""

import asyncio
import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..base.errors import ProviderError, SettingsError
from .again import again
from .api import expression
from .asking import Asking
from .filling import Filling
from .shapes import Poll
from .template import as_text

if TYPE_CHECKING:
    from ..base.run import Run

MOST_ODD = 5
"""So many answers in a row that say nothing of the job, and it is given up."""
_GROWTH = 1.5
_NOTICED_SECONDS = 1.0
"""A run that was cancelled is noticed within this time."""
_TOLD_SECONDS = 0.2
"""Who tells of a job without end does not have it asked about without end."""
_LAST_SECONDS = 1.0
"""So long the last answer is waited for."""
_STATUS_LETTERS = 40
_MINUTE = 60.0


class Failed(Exception):
    """The job came to nothing."""

    def __init__(self, answer: Any) -> None:
        super().__init__()
        self.answer = answer
        """What says so."""


@dataclass(kw_only=True)
class Waiting:
    """One job that goes on."""

    run: "Run"
    asking: Asking
    poll: Poll
    filling: Filling
    job: str
    begun: float | None
    """When it was ordered, seconds since 1970, where it is taken up again."""
    limit_seconds: float
    woken: asyncio.Event | None
    """Set when the provider tells of the job."""

    async def done(self) -> Any:
        """Return the answer that says that the job is done.

        Raises:
            Failed: It came to nothing.
            ArgumentError, ProviderError, SettingsError: It cannot be asked about, or not any more.
        """
        poll = self.poll
        start = time.monotonic()
        deadline, pause, odd = start + self.limit_seconds, poll.first_seconds, 0
        before = 0.0 if self.begun is None else max(0.0, time.time() - self.begun)
        if self.begun is None:
            await self._pause(min(pause, self.limit_seconds))
        while True:
            wait = 0.0
            try:
                left = max(_LAST_SECONDS, deadline - time.monotonic())
                # Also of an answer that comes byte by byte, which is never silent for so long.
                async with asyncio.timeout(min(left, self.asking.served.endpoint.timeout_seconds)):
                    answer = await self.asking.ask(poll, self.filling)
                status = expression(poll.status)(answer)
                odd = odd + 1 if status is None else 0
                if _is_one_of(status, poll.done):
                    return answer
                if _is_one_of(status, poll.failed):
                    raise Failed(answer)
                self._tell(answer, status, before + time.monotonic() - start)
            except TimeoutError:
                odd = 0  # it answers for ever, or not at all
            except ProviderError as error:
                if isinstance(error, SettingsError):
                    raise
                odd, wait = 0 if error.is_outage or error.wait_seconds else odd + 1, error.wait_seconds or 0.0
                if odd >= MOST_ODD:
                    raise
            if odd >= MOST_ODD:
                raise self._given_up("says nothing of the state of job", "")
            if (left := deadline - time.monotonic()) <= 0:
                raise self._given_up("has not finished job", f" within {self.limit_seconds:g} s")
            await self._pause(min(left, max(wait, pause * random.uniform(0.9, 1.1))))
            pause = min(poll.longest_seconds, pause * _GROWTH)

    def _given_up(self, what: str, within: str) -> ProviderError:
        who = self.asking.served.full_name
        return ProviderError(f"`{who}` {what} {self.job!r}{within}. {how_to_go_on(self.run)}", may_be_paid=True)

    async def _pause(self, seconds: float) -> None:
        """Wait; not on when the run was cancelled, or the provider told of the job."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.run.check()
            if self.woken is None:
                await asyncio.sleep(min(left, _NOTICED_SECONDS))
                continue
            try:
                async with asyncio.timeout(min(left, _NOTICED_SECONDS)):
                    await self.woken.wait()
            except TimeoutError:
                continue
            await asyncio.sleep(min(left, _TOLD_SECONDS))
            self.woken.clear()
            return
        self.run.check()

    def _tell(self, answer: Any, status: Any, seconds: float) -> None:
        """Report how far the job is, in its provider's words."""
        done = expression(self.poll.progress)(answer) if self.poll.progress else None
        ahead = expression(self.poll.ahead)(answer) if self.poll.ahead else None
        word = self.asking.shown(as_text(status)) if isinstance(status, str | int) else ""
        told = [word[:_STATUS_LETTERS].replace("_", " ").lower() or "at work"]
        if isinstance(ahead, int | str) and str(ahead).isdecimal():
            told.append(f"{str(ahead)[:9]} ahead")
        if seconds >= _MINUTE:
            told.append(f"for {seconds // _MINUTE:.0f} min")
        self.run.progress(fraction_of(done), f"{self.asking.api.title}: {', '.join(told)}")


def how_to_go_on(run: "Run") -> str:
    """Return how a job that goes on is taken up again, for messages."""
    return f"It is not ordered anew: {again(run)} asks for it by its id."


def _is_one_of(status: Any, words: tuple[str, ...]) -> bool:
    """Tell whether a status is one of some words; providers change how they write them."""
    return status is not None and as_text(status).casefold() in map(str.casefold, words)


def fraction_of(value: Any) -> float | None:
    """Return how far a job is, from `0.4`, `40` or `40%`; None where it cannot be told."""
    text = str(value).strip().removesuffix("%") if isinstance(value, str | int | float) else ""
    try:
        number = float(text)
    except ValueError:
        return None
    is_share = isinstance(value, float) or (isinstance(value, str) and "." in value and "%" not in value)
    share = number if 0 <= number < 1 or (number == 1 and is_share) else number / 100
    return min(1.0, share) if share >= 0 else None
