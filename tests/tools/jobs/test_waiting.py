"""Jobs at a provider: asked about until they end, stopped where they can be, and taken up where they were left."""

import asyncio
import threading
from dataclasses import replace
from typing import Any

import pytest

from sensorium.tools.base import breaker
from sensorium.tools.base.errors import ArgumentError, Cancelled, ProviderError, SettingsError
from sensorium.tools.base.makers import Wish
from sensorium.tools.base.run import Progress
from sensorium.tools.jobs import waiting
from sensorium.tools.making.ordering import make


async def test_how_a_job_stands_is_told_in_its_providers_words(ordering: Any, shop: Any, job_server: Any) -> None:
    told: list[Progress] = []
    waits = {"status": "IN_QUEUE", "ahead": 3, "progress": "soon"}
    odd = {"status": f"\x1b[31m{job_server.KEY}" + "x" * 99, "ahead": "-1\n", "progress": 10**400}
    shop.play("poll", *[job_server.Reply(body={"code": 0, "data": one}) for one in (waits, odd)])
    await shop.made_in(replace(ordering(), on_progress=told.append))
    assert [(one.note, one.fraction) for one in told[1:4]] == [
        ("The shop: in queue, 3 ahead", None),
        ("The shop: [31m[secret]" + "x" * 28, 1.0),
        ("The shop: running", 0.4),
    ]


async def test_polls_that_fail_are_borne(ordering: Any, shop: Any, job_server: Any) -> None:
    replies = [{"status": 500, "body": {}}, {"body": b"<html>"}, {"body": {"code": 0, "data": {}}}, {"status": 404}]
    shop.play("poll", *(job_server.Reply(**one) for one in replies))
    run = ordering()
    await shop.made_in(run)
    assert (len(shop.of("poll")), len(shop.of("submit"))) == (6, 1)


async def test_the_page_of_a_proxy_is_no_refusal(ordering: Any, shop: Any, job_server: Any) -> None:
    page = b"<html>Temporarily unavailable. No unsafe content: see our policy.</html>"
    shop.play("poll", job_server.Reply(status=503, body=page))
    run = ordering()
    await shop.made_in(run)
    assert (len(shop.of("submit")), run.budget.spent.usd) == (1, 0.5)


async def test_a_status_may_be_written_in_other_letters(ordering: Any, shop: Any, job_server: Any) -> None:
    done = {"status": "DONE", "files": [f"{shop.url}/files/x"]}
    shop.play("poll", job_server.Reply(body={"code": 0, "data": done}))
    await shop.made_in(ordering())
    shop.play("poll", job_server.Reply(body={"code": 0, "data": {"status": "Failed", "error": "no paint"}}))
    with pytest.raises(ProviderError, match="no paint"):
        await shop.made_in(ordering("other"))


async def test_a_provider_that_is_left_alone_for_a_while_is_waited_for(
    ordering: Any, shop: Any, job_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(breaker, "OPEN_SECONDS", 0.5)
    shop.play("poll", *[job_server.Reply(status=500)] * 5)
    await shop.made_in(ordering())
    assert len(shop.of("submit")) == 1


async def test_a_job_that_nobody_knows_any_more_is_given_up(ordering: Any, shop: Any, job_server: Any) -> None:
    shop.play("poll", *[job_server.Reply(body={"code": 0, "data": {}})] * 99)
    run = ordering()
    with pytest.raises(ProviderError, match=r"says nothing of the state of job 'job-1'.*: `sensorium resume \w+` asks"):
        await shop.made_in(replace(run, reach=set()))
    assert shop.states(run) == [("unknown", "job-1")]


async def test_a_deadline_names_the_job_and_how_to_go_on(ordering: Any, shop: Any) -> None:
    shop.never_ends = True
    run = ordering(deadline=0.2)
    with pytest.raises(ProviderError, match=r"not finished job 'job-1' within 0.2 s.*not ordered anew") as raised:
        await shop.made_in(run)
    assert (raised.value.may_be_paid, run.budget.spent.unknown_usd) == (True, 0.5)
    shop.never_ends = False
    await shop.made_in(run)
    assert (len(shop.of("submit")), run.budget.spent.usd, run.budget.spent.unknown_usd) == (1, 0.5, 0.0)


async def test_an_answer_that_never_comes_is_waited_for_until_the_deadline(
    ordering: Any, shop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "_LAST_SECONDS", 0.01)
    go_on = threading.Event()
    shop.answering = lambda asked: go_on.wait(30) and None if asked.method == "GET" else None
    try:
        with pytest.raises(ProviderError, match=r"has not finished job 'job-1' within 0\.1 s"):
            await shop.made_in(ordering(deadline=0.1))
    finally:
        go_on.set()


@pytest.mark.parametrize(("top", "ended"), [("", ("done", 0.5)), ("free_when_failed = true", ("refunded", 0.0))])
async def test_a_failed_job_is_charged_unless_its_pages_say_otherwise(
    ordering: Any, shop: Any, top: str, ended: tuple[str, float]
) -> None:
    shop.failure = "the brush broke"
    run = ordering(top=top)
    with pytest.raises(ProviderError, match="Job 'job-1' failed at `shop:brush-1`: the brush broke"):
        await shop.made_in(run)
    assert (shop.states(run), run.budget.spent.usd) == ([(ended[0], "job-1")], ended[1])
    shop.failure = ""
    await shop.made_in(run)  # it is no answer that is given again
    assert len(shop.of("submit")) == 2


async def test_a_job_against_the_rules_is_the_askers_fault(ordering: Any, shop: Any) -> None:
    shop.failure = "unsafe content in the prompt"
    run = ordering()
    with pytest.raises(ArgumentError, match=r"rules about content: unsafe content.*may have been charged"):
        await shop.made_in(run)


async def test_a_stopped_run_cancels_the_job_where_it_can(ordering: Any, shop: Any, job_server: Any) -> None:
    shop.never_ends = True
    run = ordering(picture=job_server.CANCEL)
    shop.answering = lambda asked: run.cancelled.set() if asked.method == "GET" else None
    with pytest.raises(Cancelled, match="Job 'job-1' of `shop:brush-1` was cancelled there"):
        await shop.made_in(run)
    assert shop.jobs["job-1"].is_cancelled
    assert shop.states(run) == [("unknown", "")]


async def test_what_is_done_is_not_cancelled_by_whoever_stops_while_it_is_fetched(
    ordering: Any, shop: Any, job_server: Any
) -> None:
    run = ordering(picture=job_server.CANCEL)
    shop.play("file", job_server.Reply(status=503))
    shop.answering = lambda asked: run.cancelled.set() if asked.path.startswith("/files/") else None
    with pytest.raises(Cancelled, match=r"Job 'job-1' of `shop:brush-1` is done\. It is not ordered anew"):
        await shop.made_in(run)
    assert (shop.of("cancel"), shop.states(run)) == ([], [("unknown", "job-1")])
    run.cancelled.clear()
    shop.answering = lambda asked: None
    assert (await shop.made_in(run)).job == "job-1"
    assert len(shop.of("submit")) == 1


async def test_a_stopped_run_says_that_the_job_goes_on_where_nobody_can_stop_it(
    ordering: Any, shop: Any, caplog: pytest.LogCaptureFixture
) -> None:
    shop.never_ends = True
    run = ordering()
    polled = asyncio.Event()
    loop = asyncio.get_running_loop()
    shop.answering = lambda asked: loop.call_soon_threadsafe(polled.set) and None if asked.method == "GET" else None
    task = asyncio.create_task(shop.made_in(run))
    await polled.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert "Job 'job-1' goes on at `shop:brush-1`" in caplog.text
    assert shop.states(run) == [("unknown", "job-1")]


async def test_whoever_is_stopped_while_ordering_learns_the_id(
    ordering: Any, shop: Any, caplog: pytest.LogCaptureFixture
) -> None:
    run, ordered, go_on = ordering(), asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def hold(asked: Any) -> None:
        if asked.path == "/jobs":
            loop.call_soon_threadsafe(ordered.set)
            go_on.wait(30)

    shop.answering = hold
    task = asyncio.create_task(shop.made_in(run))
    await ordered.wait()
    task.cancel()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert shop.states(run) == [("unknown", "job-1")]
    assert "Job 'job-1' goes on" in caplog.text
    assert (await shop.made_in(run)).job == "job-1"


@pytest.mark.parametrize(
    ("status", "words"), [(401, "Set `SHOP_KEY` anew. It is not ordered anew: the same call"), (404, "no such job")]
)
async def test_nobody_else_is_asked_while_a_job_may_go_on(
    ordering: Any, shop: Any, job_server: Any, status: int, words: str
) -> None:
    shop.play("poll", *[job_server.Reply(status=status, body={"code": 1, "message": words})] * 5)
    run = ordering(env={"SENSORIUM_DRAW": "shop:brush-1,shop:brush-2"})
    with pytest.raises(ProviderError, match=words) as raised:
        await make("draw", Wish(task="image", values={"prompt": "a kite"}), run)
    assert raised.value.may_be_paid
    assert isinstance(raised.value, SettingsError) == (status == 401)
    assert (len(shop.of("submit")), shop.states(run)) == (1, [("unknown", "job-1")])


async def test_a_job_that_costs_nothing_is_taken_up_all_the_same(ordering: Any, shop: Any) -> None:
    shop.never_ends = True
    run = ordering(deadline=0.1, file="[providers.shop]\nprice = { calls = 0 }")
    with pytest.raises(ProviderError, match="not finished"):
        await shop.made_in(run)
    shop.never_ends = False
    await shop.made_in(run)
    assert (len(shop.of("submit")), run.budget.spent.usd) == (1, 0.0)


async def test_another_run_takes_up_a_job_that_was_left(ordering: Any, shop: Any) -> None:
    shop.never_ends = True
    left = ordering("left", deadline=0.1)
    with pytest.raises(ProviderError, match="not finished"):
        await shop.made_in(left)
    shop.never_ends = False
    run = ordering("other")
    made = await shop.made_in(run)
    assert (made.job, len(shop.of("submit")), run.budget.spent.usd) == ("job-1", 1, 0.0)
    assert shop.states(left) == [("done", "job-1")]
    assert [one.usd for one in left.budget.ledger.orders("left")] == [0.5]


async def test_a_job_of_another_run_that_failed_is_not_taken_up_for_ever(ordering: Any, shop: Any) -> None:
    shop.never_ends = True
    left = ordering("left", deadline=0.1)
    with pytest.raises(ProviderError, match="not finished"):
        await shop.made_in(left)
    shop.never_ends, shop.failure = False, "the brush broke"
    run = ordering("other")
    with pytest.raises(ProviderError, match="the brush broke"):
        await shop.made_in(run)
    shop.failure = ""
    assert (await shop.made_in(run)).job == "job-2"


@pytest.mark.parametrize(
    ("found", "fraction"),
    [
        (0.4, 0.4),
        (40, 0.4),
        ("40%", 0.4),
        ("0.4", 0.4),
        (100, 1.0),
        (1.0, 1.0),
        (1, 0.01),
        (None, None),
        ("soon", None),
    ],
)
def test_progress_is_read_as_providers_write_it(found: Any, fraction: float | None) -> None:
    assert waiting.fraction_of(found) == fraction
