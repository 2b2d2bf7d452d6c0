"""Orders at a job API: sent once, asked about until done, brought and paid for."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from sensorium.tools.base.budget import OutcomeUnknown
from sensorium.tools.base.errors import ArgumentError, Cancelled, MediaError, ProviderError, SettingsError
from sensorium.tools.base.makers import Made, Wish
from sensorium.tools.base.run import Run

KITE = Wish(task="image", values={"prompt": "a kite"})


async def made_by(maker: Any, run: Run, wish: Wish = KITE) -> Made:
    made: Made = await maker.make(maker.fit(wish).wish, run=run)
    return made


async def test_a_picture_is_ordered_waited_for_and_kept(ordering: Any, maker_of: Any, shop: Any) -> None:
    run = ordering()
    made = await made_by(maker_of(run), run, Wish(task="image", values={"prompt": "a kite", "count": 2}))
    assert (made.served_by, made.texts, made.seed, made.job) == ("shop:brush-1", ("a kite",), 7, "job-1")
    assert [(one.media_type, one.name) for one in made.files] == [("image/png", "image-1.png")]  # both have one content
    assert made.files[0].facts["job"] == "job-1"
    order = shop.of("submit")[0]
    assert order.body.pop("mark")
    assert order.body == {"model": "brush-1", "prompt": "a kite", "aspect": "1:1", "count": 2}
    assert [one.path for one in shop.of("poll")] == ["/jobs/job-1"] * 2
    assert run.budget.spent.usd == 0.5
    assert run.budget.spent.units == {"calls": 1.0, "pictures": 2.0}
