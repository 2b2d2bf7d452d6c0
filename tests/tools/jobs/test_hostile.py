"""A provider's server that means harm, or is broken: nobody else is asked, nobody waits for ever, nothing is lost."""

import asyncio
import json
from contextlib import suppress
from typing import Any

import pytest

from sensorium.tools.base.errors import DeniedError, MediaError, ProviderError, SensoriumError


def job(**data: Any) -> bytes:
    return json.dumps({"code": 0, "data": data}).encode()


@pytest.mark.parametrize(
    "body",
    [
        b"<html>busy</html>",
        job(status=float("nan")),
        job(status={"a": [1]}),
        job(status="x" * 1_000_000),
        job(status=10**400, progress=10**4000),
        job(status="running", progress=float("inf")),
        b'{"code": 0, "data": {"status": 1' + b"0" * 5000 + b"}}",
        b'{"code": 0, "data": ' + b'{"a":' * 900 + b"1" + b"}" * 901,
        b'{"code": 0, "code": 0, "data": "running"}',
        b'{"code": 0',
    ],
    ids=range(10),
)
async def test_an_odd_answer_between_two_good_ones_costs_nothing(
    ordering: Any, shop: Any, job_server: Any, body: bytes
) -> None:
    shop.play("poll", job_server.Reply(body=body))
    assert (await shop.made_in(ordering())).job == "job-1"
    assert len(shop.of("submit")) == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"retry-after": "1e999"},
        {"retry-after": "nan"},
        {"retry-after": "-5"},
        {"retry-after": "Fri, 31 Dec 1999 23:59:59 GMT"},
        {"retry-after": "Fri, 31 Dec 2026 23:59:59 +99999999999999999999"},
        {"retry-after-ms": "1" * 400},
    ],
    ids=lambda headers: next(iter(headers.values()))[:40],
)
async def test_a_pause_that_is_none_keeps_nobody_waiting_longer_than_the_deadline(
    ordering: Any, shop: Any, job_server: Any, headers: dict[str, str]
) -> None:
    shop.never_ends = True
    shop.play("poll", *[job_server.Reply(status=429, body={"code": 1}, headers=headers)] * 4)
    with pytest.raises(ProviderError, match=r"has not finished job 'job-1' within 0\.3 s"):
        await shop.made_in(ordering(deadline=0.3))


@pytest.mark.parametrize(
    "name", ["x/../../admin", "..", "a\nb", "a?b=c#d", "%2e%2e%2fadmin", "\\..\\", "任务", "x" * 999]
)
async def test_an_id_leads_to_no_other_path(ordering: Any, shop: Any, job_server: Any, name: str) -> None:
    shop.play("submit", job_server.Reply(body=job(id=name)))
    shop.play("poll", job_server.Reply(body=job(status="done", files=[f"{shop.url}/files/x"])))
    with pytest.raises(ProviderError) if ".." in name.split("/") else pytest.MonkeyPatch.context():
        await shop.made_in(ordering(deadline=0.3))
    asked = [one.path for one in shop.asked if not one.path.startswith("/files/")]
    assert asked[0] == "/jobs"
    assert all(one.startswith("/jobs/") and ".." not in one.split("/") for one in asked[1:])


@pytest.mark.parametrize("name", ["", " ", "x" * 1001, True, None, ["a"], {"a": 1}, 1.5, "\ud800"])
async def test_what_is_no_id_is_not_asked_for(ordering: Any, shop: Any, job_server: Any, name: Any) -> None:
    shop.play("submit", job_server.Reply(body=job(id=name)))
    with pytest.raises(ProviderError):
        await shop.made_in(ordering())
    assert not [one for one in shop.of("poll") if one.path != "/jobs/%EF%BF%BD"]


@pytest.mark.parametrize(
    "address",
    [
        "http://[::ffff:169.254.169.254]/x",
        "http://[::ffff:127.0.0.1]:1/x",
        "http://0x7f.1:1/x",
        "http://2130706433/x",
        "http://0/x",
        "http://127.1/x",
        "http://metadata.google.internal/x",
        "//127.0.0.1:1/x",
        "http://127.0.0.1:1\\@example.com/x",
        "http://example.com:99999/x",
        "https://\n/x",
        "data:text/html,<script>",
        "data:image/png;base64,",
        "x" * 100_000,
    ],
)
async def test_an_address_of_a_result_leads_nowhere_it_must_not(ordering: Any, shop: Any, address: str) -> None:
    shop.file_url = address
    with pytest.raises((DeniedError, ProviderError, MediaError)) as raised:
        await shop.made_in(ordering())
    assert len(str(raised.value)) < 1000
    assert not shop.of("file")


@pytest.mark.parametrize(
    "headers",
    [
        {"content-length": "9" * 18},
        {"content-length": "9" * 5000},
        {"content-length": "-1"},
        {"content-encoding": "gzip"},
    ],
    ids=lambda headers: str(headers)[:40],
)
async def test_a_length_that_is_none_is_an_error(
    ordering: Any, shop: Any, job_server: Any, headers: dict[str, str]
) -> None:
    reply = job_server.Reply(body=shop.content, headers=headers, is_announced=False)
    shop.play("file", *[reply] * 9)
    with pytest.raises((ProviderError, MediaError)) as raised:
        await shop.made_in(ordering())
    assert len(str(raised.value)) < 1000


@pytest.mark.parametrize("name", [{"a": 1}, "x" * 1001, True, "with the key"])
async def test_an_id_to_go_on_from_that_is_none_is_the_jobs_own(
    ordering: Any, shop: Any, job_server: Any, name: Any
) -> None:
    name = f"{name} {job_server.KEY}" if name == "with the key" else name
    shop.play("poll", job_server.Reply(body=job(status="done", files=[f"{shop.url}/files/x"], task=name)))
    assert (await shop.made_in(ordering(picture='job = "data.task"'))).job == "job-1"


async def test_an_answer_that_comes_byte_by_byte_for_ever_is_given_up(ordering: Any, shop: Any) -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n{")
        with suppress(ConnectionError):
            while not reader.at_eof():
                writer.write(b" ")
                await writer.drain()
                await asyncio.sleep(0.02)
        writer.close()
        gone.set()

    gone = asyncio.Event()
    server = await asyncio.start_server(drip, "127.0.0.1", 0)
    shop.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    run = ordering(deadline=0.2, file="[providers.shop]\ntimeout_seconds = 0.2")
    with pytest.raises(ProviderError, match=r"did not end its answer within 0\.2 s\. It may have been paid"):
        await shop.made_in(run)
    assert [one.state for one in run.budget.ledger.orders(run.id)] == ["unknown"]
    server.close()
    await gone.wait()


async def test_redirects_end(ordering: Any, shop: Any, job_server: Any) -> None:
    shop.play("file", *[job_server.Reply(status=302, headers={"location": "/files/again"})] * 99)
    with pytest.raises(ProviderError, match="redirects more than"):
        await shop.made_in(ordering())


@pytest.mark.parametrize("files", [[{"url": "x"}], [1], [[["x"]]], [None, True], "", {}])
async def test_files_that_are_none_are_an_error(ordering: Any, shop: Any, job_server: Any, files: Any) -> None:
    shop.play("poll", job_server.Reply(body=job(status="done", files=files)))
    with pytest.raises(SensoriumError):
        await shop.made_in(ordering())
