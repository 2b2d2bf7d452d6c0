"""What orders to providers may cost: in units, and in money where the price is known."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from .by_model import ORDERED, all_for_model, for_model, read_by_model
from .errors import SettingsError

if TYPE_CHECKING:
    from .endpoints import ServedModel

UNITS = (
    "calls",
    "input_tokens",
    "output_tokens",
    "pictures",
    "frames",
    "audio_minutes",
    "characters",
    "video_seconds",
)
PER_MILLION = frozenset({"input_tokens", "output_tokens", "characters"})
"""Units whose price vendors, and so the settings, give for a million."""

MOST_COUNTED = 10_000_000
"""No request has so many of a unit, nor costs so many USD; who says so is mistaken."""
_BYTES_A_TOKEN = (5, 4, 2)
"""Low, likely and high estimate: English has about 4 bytes a token, JSON 3, Chinese (3 bytes a letter) 2 to 3."""


@dataclass(frozen=True, kw_only=True)
class Quote:
    """What something will cost, at most in units; in USD low, likely and high, each None where the price is unknown."""

    units: Mapping[str, float] = field(default_factory=dict)
    low_usd: float | None = 0.0
    likely_usd: float | None = 0.0
    high_usd: float | None = 0.0

    @classmethod
    def free(cls) -> "Quote":
        return cls()

    @classmethod
    def unknown(cls, units: Mapping[str, float]) -> "Quote":
        """Return the quote of something whose price nobody has said."""
        return cls(units=units, low_usd=None, likely_usd=None, high_usd=None)

    @property
    def is_known(self) -> bool:
        return self.high_usd is not None

    def __add__(self, other: "Quote") -> "Quote":
        return Quote(
            units=added(self.units, other.units),
            low_usd=_sum(self.low_usd, other.low_usd),
            likely_usd=_sum(self.likely_usd, other.likely_usd),
            high_usd=_sum(self.high_usd, other.high_usd),
        )

    def plain(self) -> dict[str, Any]:
        """Return it as JSON data."""
        usd = {"low_usd": self.low_usd, "likely_usd": self.likely_usd, "high_usd": self.high_usd}
        return {"units": dict(self.units), **usd}


@dataclass(frozen=True, kw_only=True)
class Price:
    """USD for one of each unit; what it does not name is not charged."""

    usd: Mapping[str, float] = field(default_factory=dict)

    def of(self, units: Mapping[str, float]) -> float | None:
        """Return what these units cost; None when it prices none of them, which is not the same as 0."""
        priced = self.usd.keys() & units.keys()
        return sum(self.usd[name] * units[name] for name in priced) if priced else None

    def quote(
        self,
        high: Mapping[str, float],
        *,
        likely: Mapping[str, float] | None = None,
        low: Mapping[str, float] | None = None,
    ) -> Quote:
        """Return the quote of these units, which is exact where no other amounts are given."""
        likely = high if likely is None else likely
        return Quote(
            units=high,
            low_usd=self.of(likely if low is None else low),
            likely_usd=self.of(likely),
            high_usd=self.of(high),
        )


FREE = Price(usd=dict.fromkeys(UNITS, 0.0))


def price_of(served: "ServedModel", ordered: Mapping[str, Any] = MappingProxyType({})) -> Price | None:
    """Return what a model charges: by its own name, the longest pattern that fits, or for all models of its provider.

    None: it is not known. A server on this machine that wants no key is free unless a price says otherwise; one with a
    key may be a door to a paid one, but not where what is spoken there is no provider's.

    Args:
        served: The model.
        ordered: What is ordered, such as `resolution`: a price may hold for that alone, and for all else another.
    """
    if (amounts := for_model(served.endpoint.prices, served.name, ordered)) is not None:
        return Price(usd=amounts)
    endpoint = served.endpoint
    return FREE if endpoint.is_local and (not endpoint.secret or endpoint.wire in ("webui", "comfyui")) else None


def cheapest_of(served: "ServedModel", units: Mapping[str, float], ordered: Mapping[str, Any]) -> float | None:
    """Return what these units cost at least, where `ordered` is not yet all that will be ordered."""
    found = [Price(usd=one).of(units) for one in all_for_model(served.endpoint.prices, served.name, ordered)]
    return min((usd for usd in found if usd is not None), default=None)


def quote_of(
    served: "ServedModel",
    high: Mapping[str, float],
    *,
    likely: Mapping[str, float] | None = None,
    low: Mapping[str, float] | None = None,
    ordered: Mapping[str, Any] = MappingProxyType({}),
) -> Quote:
    """Return the quote of an order of these units at most; without a price only the units are known."""
    price = price_of(served, ordered)
    return price.quote(high, likely=likely, low=low) if price else Quote.unknown(high)


def tokens_in(size_bytes: int) -> tuple[int, int, int]:
    """Return the low, likely and high count of tokens of so many bytes of text."""
    low, likely, high = (-(-size_bytes // each) for each in _BYTES_A_TOKEN)
    return low, likely, high


def counted(value: Any) -> float | None:
    """Return a number that a server counted; None where it cannot be true."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and 0 <= value <= MOST_COUNTED else None


def added(one: Mapping[str, float], other: Mapping[str, float]) -> dict[str, float]:
    """Return the sums of two counts of units."""
    return {name: one.get(name, 0) + other.get(name, 0) for name in {**one, **other}}


def read_prices(table: Any, where: str) -> dict[str, dict[str, float]]:
    """Return a `[providers.NAME.price]` as pattern of a model's name -> USD for one of each unit.

    Behind a pattern may stand what is ordered, such as `big-*, resolution=1080p`; see `for_model`.

    Raises:
        SettingsError: It cannot be understood.
    """
    from .makers import FILES, VALUES  # what they stand on reads prices

    found = read_by_model(table, UNITS, f"`price` in {where}")
    for pattern in found:
        for one in pattern.split(ORDERED)[1:]:
            name, _, value = one.partition("=")
            if name not in ("task", *VALUES, *FILES) or not value:
                raise SettingsError(
                    f"`price` in {where} has {pattern!r}: {one!r} is nothing that is ordered. Write such as "
                    "`resolution=1080p`, `with_sound=true`, `task=clone`, or `pictures=1` for how many are given."
                )
    return {
        pattern: {name: usd / (1_000_000 if name in PER_MILLION else 1) for name, usd in amounts.items()}
        for pattern, amounts in found.items()
    }


def _sum(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one + other
