"""What orders may cost."""

from typing import Any

import pytest

from sensorium.tools.base.endpoints import Endpoint, ServedModel, read_endpoints
from sensorium.tools.base.errors import SettingsError
from sensorium.tools.base.price import Price, Quote, cheapest_of, price_of, quote_of, tokens_in

FAR = "https://far.test/v1"


def served(name: str, base_url: str = FAR, **price: Any) -> ServedModel:
    table: dict[str, Any] = {"base_url": base_url} | ({"price": price} if price else {})
    return ServedModel(endpoint=read_endpoints([], {"house": table}, {})["house"], name=name, role="see")


def test_a_quote_is_the_sum_of_its_parts_and_unknown_when_one_is() -> None:
    one = Quote(units={"calls": 1, "pictures": 2}, low_usd=1, likely_usd=2, high_usd=3)
    assert one + one == Quote(units={"calls": 2, "pictures": 4}, low_usd=2, likely_usd=4, high_usd=6)
    assert one + Quote.free() == one
    unknown = one + Quote.unknown({"frames": 5})
    assert unknown == Quote(
        units={"calls": 1, "pictures": 2, "frames": 5}, low_usd=None, likely_usd=None, high_usd=None
    )
    assert (one.is_known, unknown.is_known) == (True, False)


def test_tokens_and_characters_are_priced_by_the_million_and_the_rest_by_one() -> None:
    model = served("big", input_tokens=0.5, output_tokens=2, characters=15, audio_minutes=0.006)
    price = price_of(model)
    assert price and price.of({"input_tokens": 1000, "output_tokens": 100}) == pytest.approx(0.0005 + 0.0002)
    assert price.of({"characters": 2_000_000}) == pytest.approx(30)
    assert price.of({"audio_minutes": 10, "calls": 1}) == pytest.approx(0.06)


def test_the_most_exact_name_sets_the_price() -> None:
    prices: dict[str, Any] = {"calls": 1, "big*": {"calls": 2}, "big-v*": {"calls": 3}, "big-v2": {"calls": 4}}
    found = {name: price_of(served(name, **prices)) for name in ("small", "big", "big-v1", "big-v2")}
    assert {name: price and price.of({"calls": 1}) for name, price in found.items()} == {
        "small": 1, "big": 2, "big-v1": 3, "big-v2": 4
    }  # fmt: skip


def test_a_price_may_hold_for_what_is_ordered() -> None:
    prices: dict[str, Any] = {
        "film-*": {"video_seconds": 0.4},
        "film-*, resolution=720p": {"video_seconds": 0.1},
        "film-*, resolution=720p, with_sound=true": {"video_seconds": 0.2},
        "film-2": {"video_seconds": 0.7},
        "film-*, seconds=6": {"calls": 3},
    }

    def usd(name: str, **ordered: Any) -> float | None:
        return quote_of(served(name, **prices), {"calls": 1, "video_seconds": 5}, ordered=ordered).high_usd

    assert usd("film-1") == usd("film-1", resolution="1080p") == pytest.approx(2)
    assert usd("film-1", resolution="720P") == pytest.approx(0.5)
    assert usd("film-1", resolution="720p", with_sound=True, seconds=5) == pytest.approx(1)
    assert usd("film-1", resolution="4k", seconds=6.0) == 3
    assert usd("film-2", resolution="720p") == pytest.approx(3.5), "its own name goes before any pattern"


def test_what_is_not_ordered_yet_may_be_the_cheapest() -> None:
    prices: dict[str, Any] = {
        "film": {"video_seconds": 0.4},
        "film, resolution=720p": {"video_seconds": 0.1},
        "film, resolution=1080p, seconds=5": {"calls": 1},
    }

    def usd(**ordered: Any) -> float | None:
        return cheapest_of(served("film", **prices), {"calls": 1, "video_seconds": 5}, ordered)

    assert usd() == usd(resolution="720p") == pytest.approx(0.5)
    assert usd(resolution="1080p") == 1
    assert usd(resolution="1080p", seconds=6) == usd(resolution="4k") == pytest.approx(2)
    assert cheapest_of(served("film"), {"calls": 1}, {}) is None


def test_a_users_price_holds_for_every_order_of_the_model() -> None:
    theirs: dict[str, Any] = {"pika": {"price": {"v2.2": {"video_seconds": 1}}}}
    endpoint = read_endpoints([], theirs, {})["pika"]
    model = ServedModel(endpoint=endpoint, name="v2.2", role="film")
    for resolution in ("720p", "1080p"):
        assert quote_of(model, {"video_seconds": 5}, ordered={"resolution": resolution}).high_usd == 5


def test_what_runs_on_this_machine_is_free_unless_it_has_a_price() -> None:
    local = "http://localhost:1/v1"
    assert quote_of(served("m", local), {"input_tokens": 9}).high_usd == 0
    assert quote_of(served("m", local, calls=2), {"calls": 1}).high_usd == 2
    assert quote_of(served("m"), {"calls": 1}) == Quote.unknown({"calls": 1})
    keyed = Endpoint(name="door", base_url=local, key="DOOR_KEY", secret="sk-1")
    assert price_of(ServedModel(endpoint=keyed, name="m", role="see")) is None


def test_units_that_no_price_names_are_not_free() -> None:
    assert Price(usd={"input_tokens": 1}).of({"audio_minutes": 3}) is None
    assert Price(usd={"input_tokens": 0}).of({"input_tokens": 3}) == 0


def test_a_quote_has_low_likely_and_high() -> None:
    price = Price(usd={"output_tokens": 2})
    quote = price.quote({"output_tokens": 3}, likely={"output_tokens": 2}, low={"output_tokens": 1})
    assert (quote.low_usd, quote.likely_usd, quote.high_usd, quote.units) == (2, 4, 6, {"output_tokens": 3})


def test_text_is_estimated_from_its_bytes() -> None:
    assert tokens_in(1000) == (200, 250, 500)
    assert tokens_in(1) == (1, 1, 1)


@pytest.mark.parametrize(
    ("price", "words"),
    [
        ({"tokens": 1}, "`price` in .*providers.house.* has 'tokens'. It can have: calls, input_tokens"),
        ({"calls": -1}, "`calls` is -1; it must be a number from 0 up"),
        ({"calls": True}, "`calls` is True"),
        ({"big": {"calls": "1"}}, "`calls` is '1'"),
        (5, "must be a table of: calls"),
        ({"big, reslution=4k": {"calls": 1}}, "'reslution=4k' is nothing that is ordered. Write such as"),
        ({"big, resolution": {"calls": 1}}, "'resolution' is nothing that is ordered"),
    ],
)
def test_a_price_that_cannot_be_understood_is_named(price: Any, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        read_endpoints([], {"house": {"base_url": FAR, "price": price}}, {})


def test_limits_hold_for_all_models_or_for_some() -> None:
    table = {"base_url": FAR, "limits": {"pictures": 10, "whisper*": {"audio_minutes": 25}}}
    endpoint: Endpoint = read_endpoints([], {"house": table}, {})["house"]
    limits = {name: ServedModel(endpoint=endpoint, name=name, role="see").limits for name in ("whisper-1", "eye")}
    assert limits == {"whisper-1": {"audio_minutes": 25}, "eye": {"pictures": 10}}
