"""Who is asked after one who failed: nobody else who costs money where that one may have been paid."""

from collections.abc import Sequence
from typing import Any

from .budget import Payment, was_not_paid
from .endpoints import served_model, split_model
from .errors import SettingsError
from .price import Quote, price_of
from .settings import Settings


def left_to_ask(
    waiting: Sequence[Any], error: Exception, payments: Sequence[Payment], role: str, settings: Settings
) -> list[Any]:
    """Return who of those that wait may be asked, in their order.

    Args:
        waiting: Providers of a role.
        error: How the one before them failed.
        payments: What that one has ordered: parts of it may be done, and paid.
        role: What they are asked for.
        settings: They say who costs money.
    """
    may_be_paid = not was_not_paid(error)
    if not any(costs(one.order.quote) and (one.outcome is not None or may_be_paid) for one in payments):
        return list(waiting)
    return [one for one in waiting if not _costs(one.identity, role, settings)]


def costs(quote: Quote) -> bool:
    """Tell whether an order costs money, as far as is known."""
    return quote.high_usd != 0


def _costs(identity: str, role: str, settings: Settings) -> bool:
    if split_model(identity)[0] not in settings.endpoints:
        return False
    try:
        price = price_of(served_model(identity, role, settings.endpoints))
    except SettingsError:
        return True
    return price is None or any(price.usd.values())
