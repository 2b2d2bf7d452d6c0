"""Processes that are killed while a provider works for them: what is paid for is asked for, not ordered again."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sensorium.tools.base.budget import OutcomeUnknown

_CODE = """
import asyncio
from sensorium.tools.base.makers import Wish
from sensorium.tools.base.run import Run
from sensorium.tools.base.settings import Settings
from sensorium.tools.providers.remote_maker import provider

run = Run.open(Settings.read(), run_id="killed")
maker = provider(run.settings, "shop:brush-1", "draw")
asyncio.run(maker.make(maker.fit(Wish(task="image", values={"prompt": "a kite"})).wish, run=run))
"""


@pytest.fixture
def killed(shop: Any, job_server: Any, tmp_path: Path) -> Callable[..., None]:
    """Return what orders a kite in a process that is killed when the server is asked for something."""

    def die(when: Callable[[Any], bool], **more: str) -> None:
        home = shop.furnish(tmp_path / "home", **more)
        environ = {
            **os.environ,
            "SENSORIUM_HOME": str(home),
            "SHOP_KEY": job_server.KEY,
            "SENSORIUM_DRAW": "shop:brush-1",
        }
        process = subprocess.Popen([sys.executable, "-c", _CODE], env=environ)

        def kill(asked: Any) -> None:
            if when(asked):
                shop.answer_as_usual(asked)  # it is taken, and the answer never comes
                process.kill()

        shop.answering = kill
        assert process.wait(60) != 0
        shop.answering = lambda asked: None

    return die


async def test_a_run_that_is_killed_while_a_job_goes_on_asks_for_it(
    ordering: Any, shop: Any, killed: Callable[..., None]
) -> None:
    killed(lambda asked: asked.path == "/jobs/job-1")
    run = ordering("killed")
    assert (run.budget.spent.unknown_usd, run.budget.spent.usd) == (0.5, 0.0)
    assert (await shop.made_in(run)).job == "job-1"
    assert (len(shop.of("submit")), run.budget.spent.unknown_usd, run.budget.spent.usd) == (1, 0.0, 0.5)


async def test_another_call_after_a_kill_takes_the_job_up(
    ordering: Any, shop: Any, killed: Callable[..., None]
) -> None:
    killed(lambda asked: asked.path == "/jobs/job-1")
    assert (await shop.made_in(ordering("another"))).job == "job-1"
    assert len(shop.of("submit")) == 1


async def test_an_order_whose_answer_never_came_is_not_sent_again(
    ordering: Any, shop: Any, killed: Callable[..., None]
) -> None:
    killed(lambda asked: asked.path == "/jobs")
    with pytest.raises(OutcomeUnknown, match="may have been paid"):
        await shop.made_in(ordering("killed"))
    assert len(shop.of("submit")) == 1


async def test_an_order_whose_answer_never_came_is_looked_up_where_that_can_be(
    ordering: Any, shop: Any, killed: Callable[..., None], job_server: Any
) -> None:
    killed(lambda asked: asked.path == "/jobs", picture=job_server.LOOKUP)
    run = ordering("killed", picture=job_server.LOOKUP)
    assert (await shop.made_in(run)).job == "job-1"
    assert (len(shop.of("submit")), len(shop.of("lookup")), run.budget.spent.usd) == (1, 1, 0.5)


async def test_an_order_whose_answer_never_came_is_sent_again_with_its_id(
    ordering: Any, shop: Any, killed: Callable[..., None], job_server: Any
) -> None:
    killed(lambda asked: asked.path == "/jobs", submit=job_server.IDEMPOTENCY)
    run = ordering("killed", submit=job_server.IDEMPOTENCY)
    await shop.made_in(run)
    assert (len(shop.jobs), len(shop.of("submit")), run.budget.spent.usd) == (1, 2, 0.5)
