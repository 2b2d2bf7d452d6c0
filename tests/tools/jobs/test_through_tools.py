"""Pictures of a job API through the door: paid once, asked again free, and another seed another picture."""

from typing import Any

import pytest

from sensorium.tools.base.call import perform
from sensorium.tools.base.errors import ArgumentError, MediaError


def submits(shop: Any) -> int:
    return sum(one.method == "POST" for one in shop.asked)


async def test_a_picture_of_a_job_is_paid_once_and_another_seed_is_another_order(ordering: Any, shop: Any) -> None:
    run = ordering()
    first = await perform("make_image", {"prompt": "a kite", "aspect": "16:9"}, run)
    assert first.result.engine == "shop:brush-1"
    assert first.result.pictures[0].facts["width_pixels"] == 160
    assert (first.cost_usd, submits(shop)) == (0.5, 1)
    assert (await perform("make_image", {"prompt": "a kite", "aspect": "16:9"}, run)).cached
    for seed in (1, 2):
        other = await perform("make_image", {"prompt": "a kite", "aspect": "16:9", "seed": seed}, run)
        assert any("takes no `seed`" in one for one in other.result.limits)
    assert submits(shop) == 3


async def test_what_cannot_be_had_from_a_job_is_refused_before_it_is_paid(ordering: Any, shop: Any) -> None:
    with pytest.raises(ArgumentError, match="at most 100 characters as `prompt`, and this has 10,000"):
        await perform("make_image", {"prompt": "x" * 10_000}, ordering())
    assert shop.asked == []


async def test_a_picture_of_a_job_in_another_shape_is_no_result_and_not_paid_again(ordering: Any, shop: Any) -> None:
    run = ordering()
    for _ in range(2):
        with pytest.raises(MediaError, match=r"160×90 px, and 1:1 was ordered.*kept as artifact"):
            await perform("make_image", {"prompt": "a kite", "aspect": "1:1"}, run)
    assert submits(shop) == 1
