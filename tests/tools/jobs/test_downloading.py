"""What providers made is fetched from public hosts or their own, whole, and never with the key elsewhere."""

from dataclasses import replace
from typing import Any

import pytest

from sensorium.tools.base.errors import DeniedError, MediaError, ProviderError
from sensorium.tools.fetching.addresses import networks
from sensorium.tools.fetching.rules import FetchRules


async def test_a_download_that_is_cut_goes_on_where_it_was(ordering: Any, shop: Any, job_server: Any) -> None:
    cut = job_server.Reply(body=shop.content, headers={"etag": '"one"'}, cut_after=500)
    shop.play("file", cut)
    made = await shop.made_in(ordering())
    asked = [one.headers.get("range") for one in shop.of("file")]
    assert asked == [None, "bytes=500-"]
    assert made.files[0].media_type == "image/png"


async def test_a_server_that_knows_no_parts_is_asked_for_all_of_it(ordering: Any, shop: Any, job_server: Any) -> None:
    tag = {"etag": '"one"'}
    shop.play("file", job_server.Reply(body=shop.content, headers=tag, cut_after=500), job_server.Reply(status=416))
    await shop.made_in(ordering())
    assert [one.headers.get("range") for one in shop.of("file")] == [None, "bytes=500-", None]


@pytest.mark.parametrize(
    ("headers", "last"),
    [({"etag": '"two"'}, None), ({}, None), ({"etag": '"one"'}, 600)],
    ids=["of another file", "of which nothing is said", "less than was asked for"],
)
async def test_a_part_is_put_behind_another_only_where_it_belongs(
    ordering: Any, shop: Any, job_server: Any, headers: dict[str, str], last: int | None
) -> None:
    content = shop.content
    part = content[500:last] if headers.get("etag") == '"one"' else bytes(len(content) - 500)
    place = {"content-range": f"bytes 500-{499 + len(part)}/{len(content)}"}
    shop.play(
        "file",
        job_server.Reply(body=content, headers={"etag": '"one"'}, cut_after=500),
        job_server.Reply(status=206, body=part, headers={**place, **headers}),
    )
    run = ordering(file="[credentials]\nenabled = false")
    made = await shop.made_in(run)
    assert run.path(made.files[0].handle).read_bytes() == content


async def test_a_part_that_nobody_asked_for_is_not_taken_for_the_whole(
    ordering: Any, shop: Any, job_server: Any
) -> None:
    place = {"content-range": f"bytes 0-299/{len(shop.content)}", "etag": '"ö"'}
    shop.play("file", job_server.Reply(status=206, body=shop.content[:300], headers=place))
    run = ordering(file="[credentials]\nenabled = false")
    made = await shop.made_in(run)
    assert run.path(made.files[0].handle).read_bytes() == shop.content


async def test_a_download_that_is_cut_for_ever_can_be_had_later(ordering: Any, shop: Any, job_server: Any) -> None:
    shop.play("file", *[job_server.Reply(body=shop.content, cut_after=9)] * 4)
    run = ordering()
    with pytest.raises(
        ProviderError, match=r"could not be fetched .* the same call again fetches it without ordering it anew"
    ):
        await shop.made_in(run)
    await shop.made_in(run)
    assert (len(shop.of("submit")), run.budget.spent.usd) == (1, 0.5)


async def test_a_link_that_has_expired_is_asked_for_anew_once(ordering: Any, shop: Any, job_server: Any) -> None:
    shop.play("file", job_server.Reply(status=403))
    await shop.made_in(ordering())
    assert (len(shop.of("poll")), len(shop.of("file"))) == (3, 2)
    shop.play("file", *[job_server.Reply(status=404)] * 2)
    with pytest.raises(ProviderError, match=r"is gone: '127.0.0.1' answered 404.*job 'job-2'"):
        await shop.made_in(ordering("other"))


@pytest.mark.parametrize(
    "address",
    ["http://169.254.169.254/latest/meta-data", "http://127.0.0.1:1/x", "http://[::1]/x", "http://localhost/x"],
)
async def test_what_is_not_public_is_not_fetched(ordering: Any, shop: Any, address: str) -> None:
    shop.file_url = address
    with pytest.raises(DeniedError):
        await shop.made_in(ordering())


@pytest.mark.parametrize("address", ["file:///etc/passwd", "ftp://host/x", "https://user:word@host/x", "javascript:x"])
async def test_an_address_that_is_none_is_not_fetched(ordering: Any, shop: Any, address: str) -> None:
    shop.file_url = address
    with pytest.raises(ProviderError, match="cannot be fetched"):
        await shop.made_in(ordering())


async def test_a_redirect_to_what_is_not_public_is_refused(ordering: Any, shop: Any, job_server: Any) -> None:
    shop.play("file", job_server.Reply(status=302, headers={"location": "http://10.0.0.1/x"}))
    with pytest.raises(DeniedError):
        await shop.made_in(ordering())


async def test_the_key_goes_to_the_apis_own_host_alone(ordering: Any, shop: Any, job_server: Any) -> None:
    with job_server.serving() as elsewhere:
        elsewhere.content = shop.content
        shop.play("file", job_server.Reply(status=302, headers={"location": f"{elsewhere.url}/files/x"}))
        run = ordering(picture="keyed = true")
        open_rules = FetchRules(
            also_public=networks(["127.0.0.0/8"]), ports=frozenset({int(elsewhere.url.rpartition(":")[2])})
        )
        run = replace(run, settings=replace(run.settings, fetch=open_rules))
        await shop.made_in(run)
        assert shop.of("file")[0].headers["authorization"] == f"Bearer {job_server.KEY}"
        assert "authorization" not in elsewhere.of("file")[0].headers
        assert job_server.KEY not in str(elsewhere.asked)


async def test_without_keyed_the_key_stays_here(ordering: Any, shop: Any) -> None:
    await shop.made_in(ordering())
    assert "authorization" not in shop.of("file")[0].headers


@pytest.mark.parametrize("announced", [True, False])
async def test_what_is_too_large_is_stopped(ordering: Any, shop: Any, job_server: Any, announced: bool) -> None:
    shop.play("file", job_server.Reply(body=bytes(5000), is_announced=announced))
    run = ordering(file="[fetch]\nmax_bytes = 50")
    with pytest.raises(MediaError, match="the limit is 50"):
        await shop.made_in(run)


async def test_an_empty_file_is_no_result(ordering: Any, shop: Any, job_server: Any) -> None:
    shop.play("file", job_server.Reply(body=b""))
    with pytest.raises(MediaError, match="empty"):
        await shop.made_in(ordering())


async def test_what_was_fetched_is_noted_as_sent(ordering: Any, shop: Any) -> None:
    run = ordering()
    await shop.made_in(run)
    assert [(one.role, one.to) for one in run.egress.rows()][-1] == ("fetch", "GET")
