"""What a run may spend: reserved before each order, settled after, and nothing ordered twice."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from types import MappingProxyType
from typing import Any, Literal

from .endpoints import ServedModel
from .errors import ProviderError, SettingsError, StorageError, ToolError
from .ledger import Ledger, OrderRow, Who
from .price import Quote, added, price_of
from .secret_logs import logger_of

logger = logger_of(__name__)

UNPAID = frozenset({"mcp"})
"""Roles whose orders are written down so that nothing is sent twice, and cost nothing that is known here."""
JOB_SECONDS = 24 * 3600.0
"""A job that another run began is taken up within this time; what it made is not kept much longer anywhere."""
_ROUNDING_USD = 1e-9
"""Sums of prices are not exact; this is no money."""


class OverBudget(ToolError):
    """What is asked for may cost more than what is left of the budget; nothing was sent."""


class OutcomeUnknown(ToolError):
    """The same was ordered before, and whether it was worked on and paid is not known; nothing was sent again."""

    def __init__(self, message: str, order: "Order") -> None:
        super().__init__(message)
        self.order = order


@dataclass(frozen=True, kw_only=True)
class Caps:
    """The most that a run may spend; nothing is said of what is left out."""

    usd: float | None = None
    units: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Order:
    """Something a provider may charge for."""

    served: ServedModel
    key: str
    """What identifies it: who is asked, and what; see `paid.order_key`."""
    quote: Quote
    """Its high price and its units are reserved."""
    call: str = ""
    """The tool call it is for; empty for the model that plans."""
    asks_again: bool = False
    """Send it anew when the outcome of an earlier one is unknown; else who asked has to say so."""
    is_job: bool = False
    """It goes on at the provider by itself and is asked for by its id: written down also where it is free, and taken up
    again where it was left."""
    is_found: bool = False
    """Whether it can be told at the provider if an earlier one was begun, also where its id never came."""


@dataclass(frozen=True, kw_only=True)
class Spent:
    """What orders have cost."""

    usd: float = 0.0
    """As settled."""
    unknown_usd: float = 0.0
    """Reserved for orders that may have been paid: their answer never came."""
    units: Mapping[str, float] = field(default_factory=dict)
    orders: int = 0
    unknown: int = 0
    """Orders that may have been paid: their outcome is not known."""
    unpriced: int = 0
    """Orders whose price is not known, of which `usd` knows nothing."""

    def plain(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return asdict(self)


class Payment:
    """One order between its reservation and its end."""

    def __init__(self, budget: "Budget", order: Order, number: int, known: OrderRow | None = None) -> None:
        self._budget = budget
        self.order = order
        self.number = number
        self.call = known.call if known else order.call
        """The tool call that paid for it."""
        self.outcome: Any = known.outcome if known else None
        """The recorded answer to the same order; None when it is to be sent."""
        self.usd: float | None = known.usd if known else None
        """What it cost; None while that is not known."""
        self.units: Mapping[str, float] = known.units if known else {}
        self.is_open = known is None or known.state != "done"
        self.job = known.job if known else ""
        """The provider's id of it; empty where it has none yet."""
        self.begun: float | None = known.created if known else None
        """When an order was first sent that is taken up again, seconds since 1970."""
        self.taken_from = 0
        """The number of another run's order whose job this one takes up; 0: there is none."""

    def began(self, job: str) -> None:
        """Commit the provider's id of it, the moment it is known."""
        self.job = job
        self._budget.ledger.began(self.number, job)

    def ended(self) -> None:
        """Commit that its job was stopped: it may have been charged, and there is nothing to ask for any more."""
        self.job = ""
        self._budget.ledger.began(self.number, "")

    def leave(self) -> None:
        """Commit that it goes on at the provider, whatever is raised next: it is taken up again by its id."""
        self._budget._close(self, "unknown")

    def give_back(self) -> None:
        """Commit that it was certainly not charged, whatever is raised next."""
        self._budget._close(self, "refunded")

    def settle(self, *, outcome: Any, units: Mapping[str, float] | None = None, usd: float | None = None) -> None:
        """Commit the answer, and what it cost.

        Args:
            outcome: The answer as JSON data; given back when the same is ordered again in this run.
            units: What was used as the provider counted; charged as reserved when it did not.
            usd: What the provider says it charged; reckoned from the units when it does not say.
        """
        quote, price = self.order.quote, price_of(self.order.served)
        self.units = dict(quote.units if units is None else units)
        # What was quoted may hold for this order alone; see `price_of`.
        reckoned = price.of(units) if price and units is not None else None
        self.usd = usd if usd is not None else quote.high_usd if reckoned is None else reckoned
        self.outcome = outcome
        self._budget._settle(self)


class Budget:
    """The orders of one run and its caps."""

    def __init__(
        self,
        ledger: Ledger,
        run: str,
        caps: Caps = Caps(),
        on_spent: Callable[[Spent], None] = lambda spent: None,
    ) -> None:
        self.run = run
        self.caps = caps
        self.ledger = ledger
        self._on_spent = on_spent
        self._spent: Spent | None = None
        self._calls: dict[str, Mapping[str, float]] = {}
        """What the orders of each tool call have cost: its units, and USD as `usd`."""
        self._reserved: dict[int, Quote] = {}
        self._turns: dict[str, asyncio.Lock] = {}
        self._again: set[str] = set()
        self._free = 0
        """How many free orders were begun; they have no intent, and so no number of the ledger's."""

    @property
    def spent(self) -> Spent:
        """What the orders of this run have cost so far, over all its processes."""
        if self._spent is None:
            self._spent = Spent()
            for row in self.ledger.orders(self.run):
                if row.role not in UNPAID:
                    self._count(self._ended(row))
        return self._spent

    def spent_by(self, call: str, unit: str = "usd") -> float:
        """Return the USD, or the units, that one tool call's orders have cost; with unknown outcome as reserved."""
        return self._calls.get(call, {}).get(unit, 0.0) if self.spent else 0.0

    @property
    def left_usd(self) -> float | None:
        """What may still be reserved; None without a cap."""
        if self.caps.usd is None:
            return None
        held = sum(quote.high_usd or 0.0 for quote in self._reserved.values())
        return max(0.0, self.caps.usd - self.spent.usd - self.spent.unknown_usd - held)

    def left(self, unit: str) -> float | None:
        """Return how much of a unit may still be reserved; None without a cap."""
        if unit not in self.caps.units:
            return None
        held = sum(quote.units.get(unit, 0.0) for quote in self._reserved.values())
        return max(0.0, self.caps.units[unit] - self.spent.units.get(unit, 0.0) - held)

    def allow_again(self, key: str) -> None:
        """Let an order be sent once more though it may have been paid: whoever pays has said so."""
        self._again.add(key)

    def takes_again(self, key: str) -> bool:
        """Tell, once, whether an order may be sent again though its outcome is unknown."""
        known = key in self._again
        self._again.discard(key)
        return known

    @asynccontextmanager
    async def paying(self, order: Order) -> AsyncIterator[Payment]:
        """Reserve what an order may cost, and give its payment, to be settled inside.

        When the block raises, the reservation is given back where the request was certainly not worked on; else the
        order is marked as unknown and stays charged as reserved.

        A job that was begun before, here or by a run that is gone, has its id in the payment: it is asked for, and not
        ordered anew.

        Raises:
            OverBudget: A cap does not allow it.
            SettingsError: There is a cap on money, and the price is not known.
            OutcomeUnknown: The same was sent before, and its answer never came.
        """
        async with self._turns.setdefault(order.key, asyncio.Lock()):
            payment = self._open(order)
            try:
                yield payment
                if payment.is_open:
                    raise AssertionError("an order must be settled, or its request must fail")
            except BaseException as error:
                if payment.is_open:
                    self._close(payment, "refunded" if was_not_paid(error) else "unknown")
                raise

    def _open(self, order: Order) -> Payment:
        spent = self.spent
        known = self.ledger.find(self.run, order.key)
        if known and known.state == "done" and known.outcome is not None:
            return Payment(self, order, known.number, known)
        if known and known.state != "done" and (known.job or order.is_found):
            return self._reopen(order, known)
        if order.is_job and (other := self.ledger.open_job(self.run, order.key, time.time() - JOB_SECONDS)):
            return self._take_up(order, other)
        # An open intent of this process too: how it ended could not be written.
        if known and known.state in ("intent", "unknown") and not (order.asks_again or order.key in self._again):
            raise OutcomeUnknown(
                f"The same request was sent to `{order.served.full_name}` before, and its answer never came, so it may "
                f"have been paid{_up_to(known.quoted_usd)}. It was not sent again.",
                order,
            )
        self._again.discard(order.key)
        self._check(order, spent)
        if order.quote.high_usd == 0 and not order.is_job:
            self._free += 1
            number = -self._free
        else:
            number = self.ledger.intend(
                self.run, order.key, **_who(order), units=order.quote.units, usd=order.quote.high_usd
            )
        self._reserved[number] = order.quote
        return Payment(self, order, number)

    def _reopen(self, order: Order, known: OrderRow) -> Payment:
        """Return the payment of an order that goes on where it was left; what it costs was reserved before."""
        if known.state == "unknown":
            self._add(call=known.call, usd=known.quoted_usd, units=known.quoted_units, is_unknown=True, sign=-1)
        self.ledger.reopen(known.number)
        self._reserved[known.number] = order.quote
        return Payment(self, order, known.number, known)

    def _take_up(self, order: Order, other: OrderRow) -> Payment:
        """Return the payment of an order that another run has paid for and left; it costs nothing here."""
        self._free += 1
        free = replace(order, quote=Quote.free())
        self._reserved[-self._free] = free.quote
        payment = Payment(self, free, -self._free)
        payment.job, payment.begun, payment.taken_from = other.job, other.created, other.number
        return payment

    def _check(self, order: Order, spent: Spent) -> None:
        """Refuse an order for which there is not enough left."""
        name, quote = order.served.full_name, order.quote
        if (left := self.left_usd) is not None:
            if quote.high_usd is None:
                raise unpriced(order.served, quote.units)
            if quote.high_usd > left + _ROUNDING_USD:
                raise OverBudget(
                    f"`{name}` may cost {usd(quote.high_usd)}, and {usd(left)} of the budget of {usd(self.caps.usd)} "
                    f"is left. To go on, give more: `sensorium resume {self.run} --budget-usd X`."
                )
        for unit, amount in quote.units.items():
            if (rest := self.left(unit)) is not None and amount > rest:
                raise OverBudget(
                    f"`{name}` may use {amount:g} {_words(unit)}, and {rest:g} of {self.caps.units[unit]:g} are left. "
                    f"To go on, raise `{unit}` in `[budget]` of sensorium.toml, then `sensorium resume {self.run}`."
                )

    def _settle(self, payment: Payment) -> None:
        order, ledger = payment.order, self.ledger
        if payment.taken_from:
            ledger.settle_open(payment.taken_from, outcome=payment.outcome)
        if payment.number < 0:
            ledger.note(
                self.run, order.key, **_who(order), units=payment.units, usd=payment.usd, outcome=payment.outcome
            )
        else:
            ledger.settle(payment.number, units=payment.units, usd=payment.usd, outcome=payment.outcome)
        payment.is_open = False
        self._reserved.pop(payment.number, None)
        self._add(call=order.call, usd=payment.usd, units=payment.units)
        self._on_spent(self.spent)

    def _close(self, payment: Payment, state: Literal["refunded", "unknown"]) -> None:
        payment.is_open = False
        quote = self._reserved.pop(payment.number)
        if payment.taken_from and state == "refunded":
            self.ledger.refund_open(payment.taken_from)
        if payment.number < 0:
            return
        with suppress(StorageError):  # an open intent is read as unknown later; what went wrong first is what counts
            self.ledger.close(payment.number, state)
        if state == "unknown":
            payment.usd, payment.units = quote.high_usd, quote.units
            self._add(call=payment.order.call, usd=quote.high_usd, units=quote.units, is_unknown=True)
            self._on_spent(self.spent)

    def _ended(self, row: OrderRow) -> OrderRow:
        """Return an order as it stands; one left open by a process that is gone ends as unknown.

        No other process works on this run: its lease is held.
        """
        if row.state != "intent":
            return row
        self.ledger.close(row.number, "unknown")
        return replace(row, state="unknown")

    def _count(self, row: OrderRow) -> None:
        if row.state == "done":
            self._add(call=row.call, usd=row.usd, units=row.units)
        elif row.state == "unknown":
            self._add(call=row.call, usd=row.quoted_usd, units=row.quoted_units, is_unknown=True)

    def _add(
        self,
        *,
        call: str,
        usd: float | None,
        units: Mapping[str, float],
        is_unknown: bool = False,
        sign: Literal[1, -1] = 1,
    ) -> None:
        so_far, amount = self.spent, sign * (usd or 0.0)
        counted = {name: sign * count for name, count in units.items()}
        self._calls[call] = added(self._calls.get(call, {}), {**counted, "usd": amount})
        self._spent = Spent(
            usd=so_far.usd + (0.0 if is_unknown else amount),
            unknown_usd=so_far.unknown_usd + (amount if is_unknown else 0.0),
            units=added(so_far.units, counted),
            orders=so_far.orders + sign,
            unknown=so_far.unknown + sign * is_unknown,
            unpriced=so_far.unpriced + sign * (usd is None),
        )


def _who(order: Order) -> Who:
    served = order.served
    return Who(call=order.call, role=served.role, provider=served.endpoint.name, model=served.name)


def was_not_paid(error: BaseException) -> bool:
    """Return whether a request that ended so was certainly not worked on."""
    return isinstance(error, SettingsError) or (isinstance(error, ProviderError) and not error.may_be_paid)


def unpriced(served: ServedModel, units: Mapping[str, float] = MappingProxyType({})) -> SettingsError:
    """Return the error of a cap on money that cannot be held.

    Args:
        served: The model.
        units: What would be ordered of it; a model that answers where nothing is said.
    """
    counted = [name for name in units if name != "calls"] or list(units) or ["input_tokens", "output_tokens"]
    line = f'"{served.name}" = {{ {", ".join(f"{name} = X" for name in counted)} }}'
    return SettingsError(
        f"A budget in USD cannot be held with `{served.full_name}`: its price is not known. Write it into "
        f"`[providers.{served.endpoint.name}.price]` of sensorium.toml, as `{line}` (X in USD for one; for a million "
        "tokens or characters), or ask without `--budget-usd` and `usd` in `[budget]`."
    )


def usd(amount: float | None) -> str:
    """Write an amount of money for people; small ones to the millionth."""
    if amount is None:
        return "an unknown amount"
    if amount >= 1 or not amount:
        return f"${amount:.2f}"
    return f"${amount:.4f}" if amount >= 0.001 else "$" + f"{max(amount, 1e-6):.6f}".rstrip("0")


def _up_to(amount: float | None) -> str:
    return "" if not amount else f" (up to {usd(amount)})"


def _words(unit: str) -> str:
    return unit.replace("_", " ")
