"""Orders at a job API: sent once, asked about until done, brought and paid for."""

import asyncio
import threading
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from sensorium.tools.base import breaker
from sensorium.tools.base.budget import OutcomeUnknown
from sensorium.tools.base.errors import (
    ArgumentError,
    Cancelled,
    LocalOnlyError,
    MediaError,
    ProviderError,
    SettingsError,
)
from sensorium.tools.base.makers import Made, Wish
from sensorium.tools.base.run import Progress, Run
from sensorium.tools.jobs import engine, waiting
from sensorium.tools.jobs.results import MOST_FILES
from sensorium.tools.making.ordering import make
from sensorium.tools.providers.remote_maker import provider

KITE = Wish(task="image", values={"prompt": "a kite"})


async def made_in(run: Run, wish: Wish = KITE) -> Made:
    maker = provider(run.settings, run.settings.models["draw"], "draw")
    return await maker.make(maker.fit(wish).wish, run=run)


def states(run: Run) -> list[tuple[str, str]]:
    """The orders of a run: how each stands, and its job."""
    return [(one.state, one.job) for one in run.budget.ledger.orders(run.id)]


async def test_a_picture_is_ordered_waited_for_and_kept(ordering: Any, shop: Any) -> None:
    run = ordering()
    made = await made_in(run, Wish(task="image", values={"prompt": "a kite", "count": 2}))
    assert (made.served_by, made.texts, made.seed, made.job) == ("shop:brush-1", ("a kite",), 7, "job-1")
    assert [(one.media_type, one.name) for one in made.files] == [("image/png", f"image-{n}.png") for n in (1, 2)]
    assert made.files[0].facts["job"] == "job-1"
    order = shop.of("submit")[0]
    assert order.body.pop("mark")
    assert order.body == {"model": "brush-1", "prompt": "a kite", "aspect": "1:1", "count": 2}
    assert [one.path for one in shop.of("poll")] == ["/jobs/job-1"] * 2
    assert (run.budget.spent.usd, run.budget.spent.units) == (0.5, {"calls": 1.0, "pictures": 2.0})
    assert states(run) == [("done", "job-1")]


async def test_the_same_in_the_same_run_is_not_ordered_again(ordering: Any, shop: Any) -> None:
    run = ordering()
    assert (await made_in(run)).files == (await made_in(run)).files
    assert (len(shop.of("submit")), run.budget.spent.usd) == (1, 0.5)


async def test_files_go_by_address_and_in_the_body(ordering: Any, shop: Any) -> None:
    run = ordering()
    handle = run.put(shop.content, name="kite.png", media_type="image/png").handle
    await made_in(run, Wish(task="edit", files={"picture": (handle,), "pictures": (handle, handle)}))
    assert shop.of("upload")[0].body == {"purpose": "job", "file": shop.content}
    order = shop.of("submit")[0].body
    assert order["picture"] == f"{shop.url}/uploaded/1"
    assert [one["kind"] for one in order["more"]] == ["image/png"] * 2
    assert order["more"][0]["data"].startswith("data:image/png;base64,iVBOR")
    assert "prompt" not in order
    sent = [one.contents.pictures for one in run.egress.rows() if one.role == "draw"]
    assert sent[:2] == [1, 2]


async def test_an_answer_may_hold_the_result_itself(ordering: Any, shop: Any) -> None:
    run = ordering()
    handle = run.put(shop.content, name="kite.png", media_type="image/png").handle
    made = await made_in(run, Wish(task="vary", files={"picture": (handle,)}))
    assert shop.of("now")[0].body == {"image": shop.content, "strength": "0.5"}
    assert (made.job, made.files[0].media_type, shop.of("poll")) == ("", "image/png", [])


async def test_many_jobs_share_few_connections(ordering: Any, shop: Any) -> None:
    run = ordering()
    wishes = [Wish(task="image", values={"prompt": f"kite {number}"}) for number in range(6)]
    await asyncio.gather(*(made_in(run, one) for one in wishes))
    # Each file is fetched on a connection of its own, whose address was checked for it.
    assert shop.connections - len(shop.of("file")) <= len(wishes)
    assert len(shop.of("submit")) == 6


async def test_a_busy_provider_is_asked_again_when_it_says(ordering: Any, shop: Any, job_server: Any) -> None:
    busy = job_server.Reply(status=429, body={"message": "later"}, headers={"retry-after": "0"})
    full = job_server.Reply(body={"code": 9, "message": "too many jobs"}, headers={"retry-after": "0"})
    shop.play("submit", busy, full)
    shop.play("poll", busy)
    run = ordering()
    await made_in(run)
    assert (len(shop.of("submit")), len(shop.of("poll")), run.budget.spent.usd) == (3, 3, 0.5)


async def test_how_a_job_stands_is_told_in_its_providers_words(ordering: Any, shop: Any, job_server: Any) -> None:
    told: list[Progress] = []
    waits = {"status": "IN_QUEUE", "ahead": 3, "progress": "soon"}
    odd = {"status": f"\x1b[31m{job_server.KEY}" + "x" * 99, "ahead": "-1\n", "progress": 10**400}
    shop.play("poll", *[job_server.Reply(body={"code": 0, "data": one}) for one in (waits, odd)])
    await made_in(replace(ordering(), on_progress=told.append))
    assert [(one.note, one.fraction) for one in told[1:4]] == [
        ("The shop: in queue, 3 ahead", None),
        ("The shop: [31m[secret]" + "x" * 28, 1.0),
        ("The shop: running", 0.4),
    ]


async def test_polls_that_fail_are_borne(ordering: Any, shop: Any, job_server: Any) -> None:
    replies = [{"status": 500, "body": {}}, {"body": b"<html>"}, {"body": {"code": 0, "data": {}}}, {"status": 404}]
    shop.play("poll", *(job_server.Reply(**one) for one in replies))
    run = ordering()
    await made_in(run)
    assert (len(shop.of("poll")), len(shop.of("submit"))) == (6, 1)


async def test_a_job_that_nobody_knows_any_more_is_given_up(ordering: Any, shop: Any, job_server: Any) -> None:
    shop.play("poll", *[job_server.Reply(body={"code": 0, "data": {}})] * 99)
    run = ordering()
    with pytest.raises(ProviderError, match=r"says nothing of the state of job 'job-1'.*: `sensorium resume \w+` asks"):
        await made_in(replace(run, reach=set()))
    assert states(run) == [("unknown", "job-1")]


async def test_a_deadline_names_the_job_and_how_to_go_on(ordering: Any, shop: Any) -> None:
    shop.never_ends = True
    run = ordering(deadline=0.2)
    with pytest.raises(ProviderError, match=r"not finished job 'job-1' within 0.2 s.*not ordered anew") as raised:
        await made_in(run)
    assert (raised.value.may_be_paid, run.budget.spent.unknown_usd) == (True, 0.5)
    shop.never_ends = False
    await made_in(run)
    assert (len(shop.of("submit")), run.budget.spent.usd, run.budget.spent.unknown_usd) == (1, 0.5, 0.0)


@pytest.mark.parametrize(("top", "ended"), [("", ("done", 0.5)), ("free_when_failed = true", ("refunded", 0.0))])
async def test_a_failed_job_is_charged_unless_its_pages_say_otherwise(
    ordering: Any, shop: Any, top: str, ended: tuple[str, float]
) -> None:
    shop.failure = "the brush broke"
    run = ordering(top=top)
    with pytest.raises(ProviderError, match="Job 'job-1' failed at `shop:brush-1`: the brush broke"):
        await made_in(run)
    assert (states(run), run.budget.spent.usd) == ([(ended[0], "job-1")], ended[1])
    shop.failure = ""
    await made_in(run)  # it is no answer that is given again
    assert len(shop.of("submit")) == 2


async def test_a_job_against_the_rules_is_the_askers_fault(ordering: Any, shop: Any) -> None:
    shop.failure = "unsafe content in the prompt"
    run = ordering()
    with pytest.raises(ArgumentError, match=r"rules about content: unsafe content.*may have been charged"):
        await made_in(run)


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ({"status": 400, "body": {"message": "unsafe content"}}, (ArgumentError, "rules about content")),
        ({"body": {"code": 5, "message": "unsafe content"}}, (ArgumentError, "rules about content")),
        ({"body": {"code": 5, "message": "prompt too long"}}, (ArgumentError, "does not take this: prompt too long")),
        (
            {"status": 401, "body": {"message": "wrong key shop-key-0a1b2c3d4e5f"}},
            (SettingsError, "Set `SHOP_KEY` anew"),
        ),
        ({"body": {"code": 5, "message": "no money"}}, (ProviderError, "no credit left")),
        ({"body": {"code": 5, "message": "it is raining"}}, (ProviderError, "refused the request: it is raining")),
        ({"status": 302, "headers": {"location": "https://evil.test/"}}, (SettingsError, "points to")),
    ],
)
async def test_a_refused_order_costs_nothing(
    ordering: Any, shop: Any, job_server: Any, reply: Any, expected: tuple[Any, str]
) -> None:
    shop.play("submit", job_server.Reply(**reply))
    run = ordering()
    error, words = expected
    with pytest.raises(error, match=words) as raised:
        await made_in(run)
    assert job_server.KEY not in str(raised.value)
    assert (states(run), run.budget.spent.usd) == ([("refunded", "")], 0.0)


@pytest.mark.parametrize("reply", [{"status": 502}, {"body": b"<html>"}, {"body": {"code": 0, "data": {}}}])
async def test_an_order_without_an_answer_is_not_sent_again(
    ordering: Any, shop: Any, job_server: Any, reply: Any
) -> None:
    shop.play("submit", job_server.Reply(**reply))
    run = ordering()
    with pytest.raises(ProviderError):
        await made_in(run)
    with pytest.raises(OutcomeUnknown, match="may have been paid"):
        await made_in(run)
    assert len(shop.of("submit")) == 1


async def test_an_order_that_was_cut_off_is_found_by_our_own_id(
    ordering: Any, shop: Any, job_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_LOOK_UP_SECONDS", 0.0)

    def lose(asked: Any) -> Any:
        if asked.path == "/jobs" and not shop.jobs:
            shop._submit(asked)
            return job_server.Reply(status=504)
        return None

    shop.answering = lose
    run = ordering(picture=job_server.LOOKUP)
    assert (await made_in(run)).job == "job-1"
    assert (len(shop.of("submit")), len(shop.of("lookup"))) == (1, 1)


async def test_an_order_that_never_came_is_sent_again_with_the_same_id(
    ordering: Any, shop: Any, job_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_LOOK_UP_SECONDS", 0.0)
    shop.play("submit", job_server.Reply(status=504))
    run = ordering(submit=job_server.IDEMPOTENCY)
    await made_in(run)
    assert len({one.headers["idempotency-key"] for one in shop.of("submit")}) == 1
    assert (len(shop.of("submit")), run.budget.spent.usd) == (2, 0.5)


async def test_a_stopped_run_cancels_the_job_where_it_can(ordering: Any, shop: Any, job_server: Any) -> None:
    shop.never_ends = True
    run = ordering(picture=job_server.CANCEL)
    shop.answering = lambda asked: run.cancelled.set() if asked.method == "GET" else None
    with pytest.raises(Cancelled, match="Job 'job-1' of `shop:brush-1` was cancelled there"):
        await made_in(run)
    assert shop.jobs["job-1"].is_cancelled
    assert states(run) == [("unknown", "")]


async def test_what_is_done_is_not_cancelled_by_whoever_stops_while_it_is_fetched(
    ordering: Any, shop: Any, job_server: Any
) -> None:
    run = ordering(picture=job_server.CANCEL)
    shop.play("file", job_server.Reply(status=503))
    shop.answering = lambda asked: run.cancelled.set() if asked.path.startswith("/files/") else None
    with pytest.raises(Cancelled, match=r"Job 'job-1' of `shop:brush-1` is done\. It is not ordered anew"):
        await made_in(run)
    assert (shop.of("cancel"), states(run)) == ([], [("unknown", "job-1")])
    run.cancelled.clear()
    shop.answering = lambda asked: None
    assert (await made_in(run)).job == "job-1"
    assert len(shop.of("submit")) == 1


async def test_a_stopped_run_says_that_the_job_goes_on_where_nobody_can_stop_it(
    ordering: Any, shop: Any, caplog: pytest.LogCaptureFixture
) -> None:
    shop.never_ends = True
    run = ordering()
    polled = asyncio.Event()
    loop = asyncio.get_running_loop()
    shop.answering = lambda asked: loop.call_soon_threadsafe(polled.set) and None if asked.method == "GET" else None
    task = asyncio.create_task(made_in(run))
    await polled.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert "Job 'job-1' goes on at `shop:brush-1`" in caplog.text
    assert states(run) == [("unknown", "job-1")]


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
    task = asyncio.create_task(made_in(run))
    await ordered.wait()
    task.cancel()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert states(run) == [("unknown", "job-1")]
    assert "Job 'job-1' goes on" in caplog.text
    assert (await made_in(run)).job == "job-1"


async def test_no_cookie_is_kept_and_no_key_goes_elsewhere(ordering: Any, shop: Any, job_server: Any) -> None:
    shop.play("poll", job_server.Reply(body={"code": 0, "data": {}}, headers={"set-cookie": "a=b"}))
    await made_in(ordering())
    assert all("cookie" not in one.headers for one in shop.asked)
    assert {one.headers["user-agent"] for one in shop.asked} == {"sensorium"}


async def test_nothing_leaves_this_machine_where_nothing_may(ordering: Any, shop: Any) -> None:
    run = ordering(env={"SENSORIUM_LOCAL_ONLY": "1"})
    shop.file_url = "https://93.184.215.14/kite.png"
    with pytest.raises(LocalOnlyError):
        await made_in(run)
    shop.url = "https://shop.test"
    far = ordering("far", env={"SENSORIUM_LOCAL_ONLY": "1"})
    with pytest.raises(LocalOnlyError, match=r"Nothing was sent to 'shop\.test'"):
        await made_in(far, Wish(task="image", values={"prompt": "another"}))
    assert states(far) == [("refunded", "")]


@pytest.mark.parametrize(
    "body", [b"[" * 100_000, b'{"code": 0, "data": {"id": "\\ud800"}}', b"\xff\xfe", b"null", b"[]"]
)
async def test_hostile_answers_are_errors(ordering: Any, shop: Any, job_server: Any, body: bytes) -> None:
    shop.play("submit", job_server.Reply(body=body))
    with pytest.raises(ProviderError):
        await made_in(ordering())


@pytest.mark.parametrize("body", [b"", b"null"])
async def test_an_order_that_is_taken_without_a_word_is_not_asked_for(
    ordering: Any, shop: Any, job_server: Any, body: bytes
) -> None:
    shop.play("submit", job_server.Reply(body=body))
    run = ordering()
    with pytest.raises(ProviderError):
        await made_in(run)
    assert (shop.of("poll"), [one.path for one in shop.asked], states(run)) == ([], ["/jobs"], [("unknown", "")])


async def test_an_answer_of_millions_of_values_stops_nobody_else(ordering: Any, shop: Any, job_server: Any) -> None:
    shop.play("submit", job_server.Reply(body=b'\n{"data": {"id": "job-1"}, "more": [' + b"[]," * 400_000 + b"1]}"))
    with pytest.raises(ProviderError, match="more than 300,000 values"):
        await made_in(ordering())


async def test_an_id_that_holds_the_key_is_written_down_nowhere(ordering: Any, shop: Any, job_server: Any) -> None:
    shop.play("submit", job_server.Reply(body={"code": 0, "data": {"id": f"job-{job_server.KEY}"}}))
    run = ordering()
    with pytest.raises(ProviderError, match="gave no id"):
        await made_in(run)
    assert states(run) == [("unknown", "")]


async def test_what_was_made_at_once_and_cannot_be_fetched_stays_paid(
    ordering: Any, shop: Any, job_server: Any
) -> None:
    written = shop.description(deadline=20.0)
    shop.description = lambda **more: written.replace('files = "images"\nas = "base64"', 'files = "images"')
    run = ordering()
    handle = run.put(shop.content, name="kite.png", media_type="image/png").handle
    for _ in range(2):
        shop.play("now", job_server.Reply(body={"code": 0, "images": ["ftp://nowhere.test/kite.png"]}))
    with pytest.raises(ProviderError, match="cannot be fetched"):
        await made_in(run, Wish(task="vary", files={"picture": (handle,)}))
    with pytest.raises(OutcomeUnknown):
        await made_in(run, Wish(task="vary", files={"picture": (handle,)}))
    assert (len(shop.of("now")), run.budget.spent.unknown_usd) == (1, 0.5)


async def test_the_page_of_a_proxy_is_no_refusal(ordering: Any, shop: Any, job_server: Any) -> None:
    page = b"<html>Temporarily unavailable. No unsafe content: see our policy.</html>"
    shop.play("poll", job_server.Reply(status=503, body=page))
    run = ordering()
    await made_in(run)
    assert (len(shop.of("submit")), run.budget.spent.usd) == (1, 0.5)


async def test_an_order_is_not_sent_again_because_a_server_failed_busily(
    ordering: Any, shop: Any, job_server: Any
) -> None:
    shop.play("submit", job_server.Reply(status=504, body={"code": 9, "message": "too many jobs"}))
    run = ordering()
    with pytest.raises(ProviderError, match="504"):
        await made_in(run)
    assert (len(shop.of("submit")), states(run)) == (1, [("unknown", "")])


async def test_a_provider_that_is_left_alone_for_a_while_is_waited_for(
    ordering: Any, shop: Any, job_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(breaker, "OPEN_SECONDS", 0.5)
    shop.play("poll", *[job_server.Reply(status=500)] * 5)
    await made_in(ordering())
    assert len(shop.of("submit")) == 1


@pytest.mark.parametrize("encoding", ["gzip, gzip", "br", "zstd"])
async def test_an_answer_that_may_swell_is_not_opened(ordering: Any, shop: Any, job_server: Any, encoding: str) -> None:
    shop.play("submit", job_server.Reply(body=b"x", headers={"content-encoding": encoding}))
    with pytest.raises(ProviderError, match="asked for as gzip or deflate"):
        await made_in(ordering())
    assert shop.of("submit")[0].headers["accept-encoding"] == "gzip, deflate"


async def test_an_answer_that_never_comes_is_waited_for_until_the_deadline(
    ordering: Any, shop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "_LAST_SECONDS", 0.01)
    go_on = threading.Event()
    shop.answering = lambda asked: go_on.wait(30) and None if asked.method == "GET" else None
    try:
        with pytest.raises(ProviderError, match=r"has not finished job 'job-1' within 0\.1 s"):
            await made_in(ordering(deadline=0.1))
    finally:
        go_on.set()


async def test_a_status_may_be_written_in_other_letters(ordering: Any, shop: Any, job_server: Any) -> None:
    done = {"status": "DONE", "files": [f"{shop.url}/files/x"]}
    shop.play("poll", job_server.Reply(body={"code": 0, "data": done}))
    await made_in(ordering())
    shop.play("poll", job_server.Reply(body={"code": 0, "data": {"status": "Failed", "error": "no paint"}}))
    with pytest.raises(ProviderError, match="no paint"):
        await made_in(ordering("other"))


@pytest.mark.parametrize(
    ("status", "words"), [(401, "Set `SHOP_KEY` anew. It is not ordered anew: the same call"), (404, "no such job")]
)
async def test_nobody_else_is_asked_while_a_job_may_go_on(
    ordering: Any, shop: Any, job_server: Any, status: int, words: str
) -> None:
    shop.play("poll", *[job_server.Reply(status=status, body={"code": 1, "message": words})] * 5)
    run = ordering(env={"SENSORIUM_DRAW": "shop:brush-1,shop:brush-2"})
    with pytest.raises(ProviderError, match=words) as raised:
        await make("draw", KITE, run)
    assert raised.value.may_be_paid
    assert isinstance(raised.value, SettingsError) == (status == 401)
    assert (len(shop.of("submit")), states(run)) == (1, [("unknown", "job-1")])


@pytest.mark.parametrize("seed", ["--5", "9" * 5000, {"a": 1}, [True]])
async def test_a_seed_that_is_none_does_not_lose_what_was_made(
    ordering: Any, shop: Any, job_server: Any, seed: Any
) -> None:
    data = {"status": "done", "files": [f"{shop.url}/files/x"], "words": ["so"] * 1000, "seed": seed}
    shop.play("poll", job_server.Reply(body={"code": 0, "data": data}))
    made = await made_in(ordering())
    assert (made.seed, len(made.texts)) == (None, MOST_FILES)


async def test_a_job_that_costs_nothing_is_taken_up_all_the_same(ordering: Any, shop: Any) -> None:
    shop.never_ends = True
    run = ordering(deadline=0.1, file="[providers.shop]\nprice = { calls = 0 }")
    with pytest.raises(ProviderError, match="not finished"):
        await made_in(run)
    shop.never_ends = False
    await made_in(run)
    assert (len(shop.of("submit")), run.budget.spent.usd) == (1, 0.0)


async def test_another_run_takes_up_a_job_that_was_left(ordering: Any, shop: Any) -> None:
    shop.never_ends = True
    left = ordering("left", deadline=0.1)
    with pytest.raises(ProviderError, match="not finished"):
        await made_in(left)
    shop.never_ends = False
    run = ordering("other")
    made = await made_in(run)
    assert (made.job, len(shop.of("submit")), run.budget.spent.usd) == ("job-1", 1, 0.0)
    assert states(left) == [("done", "job-1")]
    assert [one.usd for one in left.budget.ledger.orders("left")] == [0.5]


async def test_a_job_of_another_run_that_failed_is_not_taken_up_for_ever(ordering: Any, shop: Any) -> None:
    shop.never_ends = True
    left = ordering("left", deadline=0.1)
    with pytest.raises(ProviderError, match="not finished"):
        await made_in(left)
    shop.never_ends, shop.failure = False, "the brush broke"
    run = ordering("other")
    with pytest.raises(ProviderError, match="the brush broke"):
        await made_in(run)
    shop.failure = ""
    assert (await made_in(run)).job == "job-2"


async def test_what_is_no_media_is_asked_for_again(ordering: Any, shop: Any) -> None:
    picture, shop.content = shop.content, b'{"error": "not ready"}'
    run = ordering()
    with pytest.raises(MediaError, match=r"text/json \(job 'job-1'\): no picture, .* the same call again asks for it"):
        await made_in(run)
    shop.content = picture
    assert (await made_in(run)).job == "job-1"
    assert len(shop.of("submit")) == 1


async def test_media_of_another_kind_is_kept_and_said_to_be_so(
    ordering: Any, shop: Any, making: ModuleType, tmp_path: Path
) -> None:
    film = making.video(tmp_path / "film.mp4", lambda number: making.slide("A kite"), seconds=0.5)
    shop.content, run = film.read_bytes(), ordering()
    with pytest.raises(MediaError, match=r"a film \(video/mp4\) came, and a picture was ordered\. It is kept as art"):
        await make("draw", KITE, run)
    assert states(run) == [("done", "job-1")]


async def test_more_files_than_are_taken_are_said_to_lie_there(ordering: Any, shop: Any, job_server: Any) -> None:
    data = {"status": "done", "files": [f"{shop.url}/files/x"] * (MOST_FILES + 1)}
    shop.play("poll", job_server.Reply(body={"code": 0, "data": data}))
    with pytest.raises(ProviderError, match=r"gives 65 files for one order \(job 'job-1'\), and at most 64 are taken"):
        await made_in(ordering())
    assert shop.of("file") == []


async def test_an_id_that_leads_elsewhere_is_not_asked(ordering: Any, shop: Any, job_server: Any) -> None:
    for job in ("../keys", "http://evil.test/steal", "x?y#z"):
        shop.play("submit", job_server.Reply(body={"code": 0, "data": {"id": job}}))
        run = ordering(f"run-{len(shop.asked)}")
        with pytest.raises(ProviderError):
            await made_in(run, Wish(task="image", values={"prompt": job}))
    assert {one.path for one in shop.asked} <= {"/jobs", "/jobs/http://evil.test/steal", "/jobs/x%3Fy%23z"}


@pytest.mark.parametrize(
    "job", ["http://evil.test/x", "{url}/a\nb", "{url}/\x01", "http://[::1", "{url}\\@evil.test/x", "{url}/ö", "job:ö"]
)
async def test_an_id_that_is_an_address_is_one_of_the_apis_own(
    ordering: Any, shop: Any, job_server: Any, job: str
) -> None:
    poll = 'path = "{job}/state"\nheaders = { X-Job = "{job}" }'
    written = shop.description().replace('path = "/jobs/{job}"', poll)
    shop.description = lambda **more: written
    shop.play("submit", job_server.Reply(body={"code": 0, "data": {"id": job.replace("{url}", shop.url)}}))
    with pytest.raises(ProviderError, match=r"of another host|that no request can hold"):
        await made_in(ordering())
    assert [one.path for one in shop.asked] == ["/jobs"]


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
