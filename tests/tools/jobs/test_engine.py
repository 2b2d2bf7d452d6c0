"""Orders at a job API: sent once, brought and paid for."""

import asyncio
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from sensorium.tools.base.budget import OutcomeUnknown
from sensorium.tools.base.errors import ArgumentError, LocalOnlyError, MediaError, ProviderError, SettingsError
from sensorium.tools.base.makers import Wish
from sensorium.tools.jobs import engine
from sensorium.tools.jobs.results import MOST_FILES
from sensorium.tools.making.ordering import make


async def test_a_picture_is_ordered_waited_for_and_kept(ordering: Any, shop: Any) -> None:
    run = ordering()
    made = await shop.made_in(run, Wish(task="image", values={"prompt": "a kite", "count": 2}))
    assert (made.served_by, made.texts, made.seed, made.job) == ("shop:brush-1", ("a kite",), 7, "job-1")
    assert [(one.media_type, one.name) for one in made.files] == [("image/png", f"image-{n}.png") for n in (1, 2)]
    assert made.files[0].facts["job"] == "job-1"
    order = shop.of("submit")[0]
    assert order.body.pop("mark")
    assert order.body == {"model": "brush-1", "prompt": "a kite", "aspect": "1:1", "count": 2}
    assert [one.path for one in shop.of("poll")] == ["/jobs/job-1"] * 2
    assert (run.budget.spent.usd, run.budget.spent.units) == (0.5, {"calls": 1.0, "pictures": 2.0})
    assert shop.states(run) == [("done", "job-1")]


async def test_the_same_in_the_same_run_is_not_ordered_again(ordering: Any, shop: Any) -> None:
    run = ordering()
    assert (await shop.made_in(run)).files == (await shop.made_in(run)).files
    assert (len(shop.of("submit")), run.budget.spent.usd) == (1, 0.5)


async def test_files_go_by_address_and_in_the_body(ordering: Any, shop: Any) -> None:
    run = ordering()
    handle = run.put(shop.content, name="kite.png", media_type="image/png").handle
    await shop.made_in(run, Wish(task="edit", files={"picture": (handle,), "pictures": (handle, handle)}))
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
    made = await shop.made_in(run, Wish(task="vary", files={"picture": (handle,)}))
    assert shop.of("now")[0].body == {"image": shop.content, "strength": "0.5"}
    assert (made.job, made.files[0].media_type, shop.of("poll")) == ("", "image/png", [])


async def test_many_jobs_share_few_connections(ordering: Any, shop: Any) -> None:
    run = ordering()
    wishes = [Wish(task="image", values={"prompt": f"kite {number}"}) for number in range(6)]
    await asyncio.gather(*(shop.made_in(run, one) for one in wishes))
    # Each file is fetched on a connection of its own, whose address was checked for it.
    assert shop.connections - len(shop.of("file")) <= len(wishes)
    assert len(shop.of("submit")) == 6


async def test_a_busy_provider_is_asked_again_when_it_says(ordering: Any, shop: Any, job_server: Any) -> None:
    busy = job_server.Reply(status=429, body={"message": "later"}, headers={"retry-after": "0"})
    full = job_server.Reply(body={"code": 9, "message": "too many jobs"}, headers={"retry-after": "0"})
    shop.play("submit", busy, full)
    shop.play("poll", busy)
    run = ordering()
    await shop.made_in(run)
    assert (len(shop.of("submit")), len(shop.of("poll")), run.budget.spent.usd) == (3, 3, 0.5)


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
        await shop.made_in(run)
    assert job_server.KEY not in str(raised.value)
    assert (shop.states(run), run.budget.spent.usd) == ([("refunded", "")], 0.0)


@pytest.mark.parametrize("reply", [{"status": 502}, {"body": b"<html>"}, {"body": {"code": 0, "data": {}}}])
async def test_an_order_without_an_answer_is_not_sent_again(
    ordering: Any, shop: Any, job_server: Any, reply: Any
) -> None:
    shop.play("submit", job_server.Reply(**reply))
    run = ordering()
    with pytest.raises(ProviderError):
        await shop.made_in(run)
    with pytest.raises(OutcomeUnknown, match="may have been paid"):
        await shop.made_in(run)
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
    assert (await shop.made_in(run)).job == "job-1"
    assert (len(shop.of("submit")), len(shop.of("lookup"))) == (1, 1)


async def test_an_order_that_never_came_is_sent_again_with_the_same_id(
    ordering: Any, shop: Any, job_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_LOOK_UP_SECONDS", 0.0)
    shop.play("submit", job_server.Reply(status=504))
    run = ordering(submit=job_server.IDEMPOTENCY)
    await shop.made_in(run)
    assert len({one.headers["idempotency-key"] for one in shop.of("submit")}) == 1
    assert (len(shop.of("submit")), run.budget.spent.usd) == (2, 0.5)


async def test_no_cookie_is_kept_and_no_key_goes_elsewhere(ordering: Any, shop: Any, job_server: Any) -> None:
    shop.play("poll", job_server.Reply(body={"code": 0, "data": {}}, headers={"set-cookie": "a=b"}))
    await shop.made_in(ordering())
    assert all("cookie" not in one.headers for one in shop.asked)
    assert {one.headers["user-agent"] for one in shop.asked} == {"sensorium"}


async def test_nothing_leaves_this_machine_where_nothing_may(ordering: Any, shop: Any) -> None:
    run = ordering(env={"SENSORIUM_LOCAL_ONLY": "1"})
    shop.file_url = "https://93.184.215.14/kite.png"
    with pytest.raises(LocalOnlyError):
        await shop.made_in(run)
    shop.url = "https://shop.test"
    far = ordering("far", env={"SENSORIUM_LOCAL_ONLY": "1"})
    with pytest.raises(LocalOnlyError, match=r"Nothing was sent to 'shop\.test'"):
        await shop.made_in(far, Wish(task="image", values={"prompt": "another"}))
    assert shop.states(far) == [("refunded", "")]


@pytest.mark.parametrize(
    "body", [b"[" * 100_000, b'{"code": 0, "data": {"id": "\\ud800"}}', b"\xff\xfe", b"null", b"[]"]
)
async def test_hostile_answers_are_errors(ordering: Any, shop: Any, job_server: Any, body: bytes) -> None:
    shop.play("submit", job_server.Reply(body=body))
    with pytest.raises(ProviderError):
        await shop.made_in(ordering())


@pytest.mark.parametrize("body", [b"", b"null"])
async def test_an_order_that_is_taken_without_a_word_is_not_asked_for(
    ordering: Any, shop: Any, job_server: Any, body: bytes
) -> None:
    shop.play("submit", job_server.Reply(body=body))
    run = ordering()
    with pytest.raises(ProviderError):
        await shop.made_in(run)
    assert (shop.of("poll"), [one.path for one in shop.asked], shop.states(run)) == ([], ["/jobs"], [("unknown", "")])


async def test_an_answer_of_millions_of_values_stops_nobody_else(ordering: Any, shop: Any, job_server: Any) -> None:
    shop.play("submit", job_server.Reply(body=b'\n{"data": {"id": "job-1"}, "more": [' + b"[]," * 400_000 + b"1]}"))
    with pytest.raises(ProviderError, match="more than 300,000 values"):
        await shop.made_in(ordering())


async def test_an_id_that_holds_the_key_is_written_down_nowhere(ordering: Any, shop: Any, job_server: Any) -> None:
    shop.play("submit", job_server.Reply(body={"code": 0, "data": {"id": f"job-{job_server.KEY}"}}))
    run = ordering()
    with pytest.raises(ProviderError, match="gave no id"):
        await shop.made_in(run)
    assert shop.states(run) == [("unknown", "")]


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
        await shop.made_in(run, Wish(task="vary", files={"picture": (handle,)}))
    with pytest.raises(OutcomeUnknown):
        await shop.made_in(run, Wish(task="vary", files={"picture": (handle,)}))
    assert (len(shop.of("now")), run.budget.spent.unknown_usd) == (1, 0.5)


async def test_an_order_is_not_sent_again_because_a_server_failed_busily(
    ordering: Any, shop: Any, job_server: Any
) -> None:
    shop.play("submit", job_server.Reply(status=504, body={"code": 9, "message": "too many jobs"}))
    run = ordering()
    with pytest.raises(ProviderError, match="504"):
        await shop.made_in(run)
    assert (len(shop.of("submit")), shop.states(run)) == (1, [("unknown", "")])


@pytest.mark.parametrize("encoding", ["gzip, gzip", "br", "zstd"])
async def test_an_answer_that_may_swell_is_not_opened(ordering: Any, shop: Any, job_server: Any, encoding: str) -> None:
    shop.play("submit", job_server.Reply(body=b"x", headers={"content-encoding": encoding}))
    with pytest.raises(ProviderError, match="asked for as gzip or deflate"):
        await shop.made_in(ordering())
    assert shop.of("submit")[0].headers["accept-encoding"] == "gzip, deflate"


@pytest.mark.parametrize("seed", ["--5", "9" * 5000, {"a": 1}, [True]])
async def test_a_seed_that_is_none_does_not_lose_what_was_made(
    ordering: Any, shop: Any, job_server: Any, seed: Any
) -> None:
    data = {"status": "done", "files": [f"{shop.url}/files/x"], "words": ["so"] * 1000, "seed": seed}
    shop.play("poll", job_server.Reply(body={"code": 0, "data": data}))
    made = await shop.made_in(ordering())
    assert (made.seed, len(made.texts)) == (None, MOST_FILES)


async def test_what_is_no_media_is_asked_for_again(ordering: Any, shop: Any) -> None:
    picture, shop.content = shop.content, b'{"error": "not ready"}'
    run = ordering()
    with pytest.raises(MediaError, match=r"text/json \(job 'job-1'\): no picture, .* the same call again asks for it"):
        await shop.made_in(run)
    shop.content = picture
    assert (await shop.made_in(run)).job == "job-1"
    assert len(shop.of("submit")) == 1


async def test_media_of_another_kind_is_kept_and_said_to_be_so(
    ordering: Any, shop: Any, making: ModuleType, tmp_path: Path
) -> None:
    film = making.video(tmp_path / "film.mp4", lambda number: making.slide("A kite"), seconds=0.5)
    shop.content, run = film.read_bytes(), ordering()
    with pytest.raises(MediaError, match=r"a film \(video/mp4\) came, and a picture was ordered\. It is kept as art"):
        await make("draw", Wish(task="image", values={"prompt": "a kite"}), run)
    assert shop.states(run) == [("done", "job-1")]


async def test_more_files_than_are_taken_are_said_to_lie_there(ordering: Any, shop: Any, job_server: Any) -> None:
    data = {"status": "done", "files": [f"{shop.url}/files/x"] * (MOST_FILES + 1)}
    shop.play("poll", job_server.Reply(body={"code": 0, "data": data}))
    with pytest.raises(ProviderError, match=r"gives 65 files for one order \(job 'job-1'\), and at most 64 are taken"):
        await shop.made_in(ordering())
    assert shop.of("file") == []


async def test_an_id_that_leads_elsewhere_is_not_asked(ordering: Any, shop: Any, job_server: Any) -> None:
    for job in ("../keys", "http://evil.test/steal", "x?y#z"):
        shop.play("submit", job_server.Reply(body={"code": 0, "data": {"id": job}}))
        run = ordering(f"run-{len(shop.asked)}")
        with pytest.raises(ProviderError):
            await shop.made_in(run, Wish(task="image", values={"prompt": job}))
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
        await shop.made_in(ordering())
    assert [one.path for one in shop.asked] == ["/jobs"]
