"""Orders a job and brings what was made; killed anywhere, it goes on by the job's id."""

import asyncio
import hashlib
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..base.budget import Order, OutcomeUnknown, Payment
from ..base.errors import ArgumentError, Cancelled, ProviderError, SensoriumError, SettingsError
from ..base.letters import whole
from ..base.makers import Wish
from ..base.secret_logs import logger_of
from ..base.secrets import redact_plain
from .api import expression
from .asking import Asking, Written, is_id
from .downloading import Expired
from .filling import Filling
from .refusing import kind_of, refusal
from .results import Results
from .shapes import Operation, Poll
from .template import holes
from .uploading import upload
from .waiting import Failed, Waiting, how_to_go_on
from .webhook import listener

if TYPE_CHECKING:
    from ..base.run import Run

logger = logger_of(__name__)

IDEMPOTENT_SECONDS = 24 * 3600.0
"""No provider that says how long it knows an id again says less."""
CANCEL_SECONDS = 5.0
_LOOK_UP_SECONDS = 1.0
_OF_STEP = 0.95
"""A job is given up before the call it is for is: it must still be said how to go on."""


class LeftOpen(SettingsError, ProviderError):
    """A setting is wrong by which a job is asked for; the job goes on, and nobody else is paid beside it."""


@dataclass(kw_only=True)
class Engine:
    """One order of one operation."""

    run: "Run"
    asking: Asking
    operation: Operation
    wish: Wish
    order: Order

    async def outcome(self) -> dict[str, Any]:
        """Return what was made as the ledger keeps it: handles, texts, seed, and the job's id.

        Raises:
            OverBudget, OutcomeUnknown: As for any paid order.
            ArgumentError: The provider refuses it.
            ProviderError, SettingsError: It cannot be asked, or failed.
            MediaError: What came is not what was ordered.
        """
        run = self.run
        async with run.budget.paying(self.order) as payment:
            run.pay(payment)
            if payment.outcome is None:
                await self._make(payment)
        run.used(self._who)
        run.admit(payment.outcome["files"])
        made: dict[str, Any] = payment.outcome
        return made

    async def _make(self, payment: Payment) -> None:
        async with self._filled(payment) as (filling, woken):
            answer = None if payment.job else await self._begin(payment, filling)
            if not self.operation.poll:
                with self._going_on(payment):  # it was made: whatever is wrong with what came may have been paid
                    await self._settle(payment, filling, answer)
                return
            known, is_done = filling.with_known(job=payment.job), False
            with self._going_on(payment):
                try:
                    answer = await self._wait(payment, known, woken)
                    is_done = True
                    await self._settle(payment, known, answer)
                except (asyncio.CancelledError, Cancelled) as error:
                    raise await self._stopped(payment, known, error, is_done=is_done) from None

    @asynccontextmanager
    async def _filled(self, payment: Payment) -> AsyncIterator[tuple[Filling, asyncio.Event | None]]:
        """Give the values of the templates, and what is set when the provider tells of the job."""
        endpoint, submit, mark = self.asking.served.endpoint, self.operation.submit, self._mark(payment)
        told = endpoint.webhook and any(one.name == "callback" for one in holes([submit.body, submit.form]))
        hears = await listener(self.run.settings) if told else None
        known = {
            "model": self.asking.served.name,
            "order": mark,
            "callback": f"{endpoint.webhook}/{hears.path(mark)}" if hears else self._no_callback(),
        }
        filling = Filling(run=self.run, wish=self.wish, maps=self.operation.maps, known=known)
        with hears.waking(mark) if hears else nullcontext() as woken:
            yield filling, woken

    def _no_callback(self) -> str | None:
        """Return what is said where nobody listens; some want an address all the same."""
        default = self.operation.defaults.get("callback")
        return None if default is None else str(default)

    def _mark(self, payment: Payment) -> str:
        """Return our own id of the order: the same when it is taken up again, another for another order."""
        return hashlib.sha256(f"{self.run.id}\n{payment.number}\n{self.order.key}".encode()).hexdigest()[:32]

    async def _begin(self, payment: Payment, filling: Filling) -> Any:
        """Order the job unless it is there already; return the answer to the order."""
        if payment.begun is not None and await self._found(payment, filling):
            return None
        submit = self.operation.submit
        headers = {submit.idempotency: self._mark(payment)} if submit.idempotency else {}
        with self._given_back(payment, BaseException):
            await filling.prepare(self.operation)
            filling.addresses |= await upload(self.asking, filling, self.operation)
            self.run.progress(0.0, f"ordering from {self.asking.api.title}")
            is_file = self.operation.result.encoding == "body" and not submit.job
            request = await self.run.thread(self.asking.written, submit, filling, headers=headers, is_file=is_file)
        with self._given_back(payment, ArgumentError):
            answer = await self._sent(payment, filling, request)
        if submit.job and not payment.job:
            self._began(payment, expression(submit.job)(answer))
        return answer

    async def _sent(self, payment: Payment, filling: Filling, request: Written) -> Any:
        """Return the answer to an order; whoever is stopped meanwhile still learns the id of the job."""
        sending = asyncio.ensure_future(self._submit(payment, filling, request))
        try:
            return await asyncio.shield(sending)
        except asyncio.CancelledError as error:
            where = self.operation.submit.job
            if where and await _ended_well(sending):
                if not payment.job:
                    self._began(payment, expression(where)(sending.result()))
                raise await self._stopped(payment, filling.with_known(job=payment.job), error) from None
            sending.cancel()
            raise

    @contextmanager
    def _given_back(self, payment: Payment, errors: type[BaseException]) -> Iterator[None]:
        """Give back what is reserved for an order that these errors say was not taken, unless it was sent before."""
        try:
            yield
        except errors:
            if payment.begun is None and payment.is_open:
                payment.give_back()
            raise

    async def _submit(self, payment: Payment, filling: Filling, request: Written) -> Any:
        """Return the answer to an order; None where it was cut off and the job was found all the same."""
        try:
            return await self._within_limit(request)
        except ProviderError as error:
            if not error.may_be_paid or not self.order.is_found:
                raise
            await asyncio.sleep(_LOOK_UP_SECONDS)
            if await self._found(payment, filling):
                return None
            if not self.operation.submit.idempotency:
                raise
            return await self._within_limit(request)

    async def _within_limit(self, request: Written) -> Any:
        """Return the answer to an order, also of a server that never ends one, byte by byte."""
        # Some hold what was made, and come only when that is done.
        usual = max(self.asking.api.deadline_seconds, self.asking.served.endpoint.timeout_seconds)
        limit = min(usual, _OF_STEP * self.run.settings.step_timeout_seconds)
        try:
            async with asyncio.timeout(limit):
                return await self.asking.send(request)
        except TimeoutError:
            raise ProviderError(
                f"`{self._who}` took the order, and did not end its answer within {limit:g} s. It may have been paid.",
                may_be_paid=True,
            ) from None

    async def _found(self, payment: Payment, filling: Filling) -> bool:
        """Tell whether the job of an order that was cut off is there; False: it may be ordered now.

        Raises:
            OutcomeUnknown: Nobody can tell any more.
        """
        if lookup := self.operation.lookup:
            where = lookup.job.replace("{order}", self._mark(payment))  # hexadecimal digits: they stay inside a literal
            found = expression(where)(await self.asking.ask(lookup, filling))
            if found is not None:
                self._began(payment, found)
            return found is not None
        if payment.begun is not None and time.time() - payment.begun > IDEMPOTENT_SECONDS:
            raise OutcomeUnknown(
                f"The same was ordered from `{self._who}` more than a day ago, and its answer never came, so it may "
                "have been paid. It was not ordered again.",
                self.order,
            )
        return False

    def _began(self, payment: Payment, job: Any) -> None:
        if not is_id(job):
            raise ProviderError(
                f"`{self._who}` took the order and gave no id to ask for it by. It may have been paid.",
                may_be_paid=True,
            )
        payment.began(str(job))

    async def _wait(self, payment: Payment, filling: Filling, woken: asyncio.Event | None) -> Any:
        """Return the answer that says that the job is done."""
        poll = self.operation.poll
        assert poll is not None
        waiting = Waiting(
            run=self.run, asking=self.asking, poll=poll, filling=filling, job=payment.job, begun=payment.begun,
            limit_seconds=min(self.asking.api.deadline_seconds, _OF_STEP * self.run.settings.step_timeout_seconds),
            woken=woken,
        )  # fmt: skip
        try:
            return await waiting.done()
        except Failed as failed:
            raise self._failed(payment, failed.answer, poll) from None
        except ArgumentError as error:  # it was asked about, and refused only now
            raise ArgumentError(f"{error} {self._end(payment)}") from None

    def _failed(self, payment: Payment, answer: Any, poll: Poll) -> SensoriumError:
        """Return the error of a job that failed; whether it was charged is written down as its provider has it."""
        found = expression(poll.error)(answer) if poll.error else None
        said = found if isinstance(found, str) else "" if found is None else json.dumps(found, ensure_ascii=False)
        return self.refused(payment, json.dumps(answer, ensure_ascii=False), said)

    def refused(self, payment: Payment, text: str, said: str) -> SensoriumError:
        """Return the error of a job that came to nothing."""
        kind, fault = refusal(self.asking.api, self.asking.served, 200, text, said)
        charged = self._end(payment)
        job = f"Job {payment.job!r} failed" if payment.job else "It failed"
        if kind in ("policy", "limit"):
            return ArgumentError(f"{fault} {charged}")
        if isinstance(fault, SettingsError):
            return fault
        told = f": {said}" if (said := self.asking.shown(said)) else ""
        return ProviderError(f"{job} at `{self._who}`{told.rstrip('.')}. {charged} Try again, or change the wish.")

    def _end(self, payment: Payment) -> str:
        """Commit that a job came to nothing, and say whether it was charged."""
        if self.asking.api.free_when_failed:
            payment.give_back()
            return "It was not charged."
        payment.settle(outcome=None)
        return "It may have been charged."

    async def _settle(self, payment: Payment, filling: Filling, answer: Any) -> None:
        """Bring what was made, and commit it."""
        results = Results(run=self.run, asking=self.asking, operation=self.operation, wish=self.wish, job=payment.job)
        try:
            found = await results.bring(answer, filling)
        except Expired:
            if not self.operation.poll:
                raise ProviderError(
                    f"What `{self._who}` made is gone already from the address it gave.", may_be_paid=True
                ) from None
            # Addresses are good for an hour mostly; the job knows a fresh one.
            answer = await self.asking.ask(self.operation.poll, filling)
            try:
                found = await results.bring(answer, filling)
            except Expired as error:
                raise ProviderError(
                    f"What `{self._who}` made is gone: {error}. It was job {payment.job!r}.", may_be_paid=True
                ) from None
        if not found["files"] and not found["texts"]:
            text = "" if isinstance(answer, bytes) else json.dumps(answer, ensure_ascii=False)
            if kind_of(self.asking.api, text) == "policy":
                raise self.refused(payment, text, "")
            raise ProviderError(
                f"`{self._who}` says that it is done, and gives nothing: {self.asking.shown(text)}", may_be_paid=True
            )
        payment.settle(outcome=redact_plain(whole(found)))

    @contextmanager
    def _going_on(self, payment: Payment) -> Iterator[None]:
        """Keep the job's order open, whatever goes wrong while it is asked for: it is taken up again by its id."""
        try:
            yield
        except (SettingsError, ProviderError) as error:
            if not payment.is_open:
                raise
            payment.leave()
            if not isinstance(error, ProviderError):
                raise LeftOpen(f"{error} {how_to_go_on(self.run)}", may_be_paid=True) from error
            error.may_be_paid = True
            raise

    async def _stopped(
        self, payment: Payment, filling: Filling, error: BaseException, *, is_done: bool = False
    ) -> BaseException:
        """Stop the job where its provider can, else say that it goes on; return what is raised."""
        who, job = self._who, payment.job
        if is_done:  # what is paid for and made is not thrown away
            said = f"Job {job!r} of `{who}` is done. {how_to_go_on(self.run)}"
        elif self.operation.cancel and not payment.taken_from and await self._cancelled(filling):
            payment.ended()
            said = f"Job {job!r} of `{who}` was cancelled there; it may have been charged."
        else:
            said = f"Job {job!r} goes on at `{who}`. {how_to_go_on(self.run)}"
        if isinstance(error, Cancelled):
            return Cancelled(f"{error} {said}")
        logger.warning("%s", said)
        return error

    async def _cancelled(self, filling: Filling) -> bool:
        assert self.operation.cancel
        try:
            # Whoever stopped us once may do so again; the provider is told all the same.
            async with asyncio.timeout(CANCEL_SECONDS):
                await asyncio.shield(self.asking.ask(self.operation.cancel, filling))
        except (SensoriumError, TimeoutError) as error:
            logger.info("not cancelled: %s", error)
            return False
        return True

    @property
    def _who(self) -> str:
        return self.asking.served.full_name


async def _ended_well(work: "asyncio.Future[Any]") -> bool:
    """Tell whether work has come to its end within a moment, and without an error."""
    await asyncio.wait({work}, timeout=CANCEL_SECONDS)
    return work.done() and not work.cancelled() and work.exception() is None
