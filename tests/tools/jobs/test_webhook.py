"""Providers that tell of a job: whoever waits for it asks at once, and believes nothing that is said."""

import asyncio
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import pytest

from sensorium.tools.base.errors import SettingsError
from sensorium.tools.base.makers import Wish
from sensorium.tools.base.settings import Settings
from sensorium.tools.jobs.webhook import MOST_AT_ONCE, listener
from sensorium.tools.providers.remote_maker import provider


async def told(port: int, path: str, body: bytes = b"{}") -> bytes:
    """Return the first line that the listener answers with."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (path.encode(), len(body), body))
    line = await reader.readline()
    writer.close()
    return line


async def test_a_webhook_wakes_who_waits(ordering: Any, shop: Any, job_server: Any) -> None:
    file = '[providers.shop]\nwebhook = "https://public.test/hook"'
    run = ordering(env={"SENSORIUM_WEBHOOK_LISTEN": "127.0.0.1:0"}, file=file)
    # Nothing would be asked for a minute by itself.
    text = (run.settings.home / "providers" / "shop.toml").read_text().replace("[0.01, 0.05]", "[60, 60]")
    (run.settings.home / "providers" / "shop.toml").write_text(text)
    environ = {"SENSORIUM_HOME": str(run.settings.home), "SHOP_KEY": job_server.KEY, "SENSORIUM_DRAW": "shop:brush-1"}
    settings = Settings.read({**environ, "SENSORIUM_WEBHOOK_LISTEN": "127.0.0.1:0"}, run.settings.home)
    hears = await listener(settings)
    assert hears
    ordered, loop = asyncio.Event(), asyncio.get_running_loop()

    def note(asked: Any) -> None:
        if asked.path == "/jobs":
            loop.call_soon_threadsafe(ordered.set)

    shop.answering, shop.running_polls = note, 0
    maker, wish = provider(settings, "shop:brush-1", "draw"), Wish(task="image", values={"prompt": "a kite"})
    task = asyncio.create_task(maker.make(maker.fit(wish).wish, run=replace(run, settings=settings)))
    await ordered.wait()
    hook = urlsplit(shop.of("submit")[0].body["hook"])
    assert f"{hook.scheme}://{hook.netloc}{hook.path}".startswith(f"https://public.test/hook/{hears.token}/")
    assert b"404" in await told(hears.port, "/hook/guessed/order")
    while not task.done():  # it may be told before it waits
        assert b"204" in await told(hears.port, hook.path, b'{"status": "failed"}')
    assert (await task).job == "job-1"


async def test_nonsense_is_answered_and_forgotten(settings: Settings) -> None:
    hears = await listener(replace(settings, webhook_listen="127.0.0.1:0"))
    assert hears
    for line in (b"\x00\xff\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"A" * 20_000):
        reader, writer = await asyncio.open_connection("127.0.0.1", hears.port)
        writer.write(line)
        assert (await reader.read()).split(b"\r\n")[0] in (b"HTTP/1.1 404 Not Found", b"")
        writer.close()


async def test_connections_that_say_nothing_leave_room_for_others(settings: Settings) -> None:
    hears = await listener(replace(settings, webhook_listen="127.0.0.1:0"))
    assert hears
    silent = [await asyncio.open_connection("127.0.0.1", hears.port) for _ in range(MOST_AT_ONCE + 1)]
    assert await silent[-1][0].read() == b""
    for _, writer in silent:
        writer.close()
        await writer.wait_closed()
    while b"404" not in await told(hears.port, "/x/y"):
        pass  # until it has seen that they are gone


async def test_a_port_that_is_taken_is_said_and_nothing_more(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    assert await listener(replace(settings, webhook_listen=f"127.0.0.1:{port}")) is None
    assert "No webhooks are heard" in caplog.text
    server.close()


@pytest.mark.parametrize("text", ["8750", "host:", ":80", "host:99999", "host:x"])
def test_a_place_to_listen_is_host_and_port(text: str, settings: Settings) -> None:
    environ = {"SENSORIUM_HOME": str(settings.home), "SENSORIUM_WEBHOOK_LISTEN": text}
    with pytest.raises(SettingsError, match="must be `HOST:PORT`"):
        Settings.read(environ, settings.home)
