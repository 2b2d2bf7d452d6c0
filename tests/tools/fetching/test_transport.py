"""Where the transport goes: against names, redirects and certificates that lie or change their minds."""

import asyncio
import itertools
import ssl
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sensorium.tools.base.errors import (
    ArgumentError,
    DeniedError,
    MediaError,
    SettingsError,
    StorageError,
    TransientError,
)
from sensorium.tools.fetching.dialling import Dialler
from sensorium.tools.fetching.spelling import read_location
from sensorium.tools.fetching.transport import Fetching


async def test_content_comes_with_what_is_known_of_it(web: Any, answer: Any, tmp_path: Path) -> None:
    async with web.serving(answer(b"hello", Content_Type="text/Plain; charset=utf-8"), host="127.0.0.2") as port:
        fetched, content = await web.fetch(f"http://GOOD.example:{port}/a?b=c#d", tmp_path)
    assert content == b"hello"
    assert fetched.location.url == f"http://good.example:{port}/a?b=c"
    assert (fetched.claimed_type, fetched.charset, fetched.bytes, fetched.redirects) == ("text/plain", "utf-8", 5, ())
    head = web.heads[0].decode().lower()
    assert head.startswith(f"get /a?b=c http/1.1\r\nhost: good.example:{port}\r\n")
    assert "accept-encoding: identity" in head
    assert "authorization" not in head and "cookie" not in head
    assert web.asked == ["good.example"]
    assert web.dialled == [("127.0.0.2", port)]


@pytest.mark.parametrize(
    "answers",
    (
        ["127.0.0.1"],
        ["127.0.0.2", "10.0.0.1"],
        ["10.0.0.1", "127.0.0.2"],
        ["93.184.215.14", "169.254.169.254"],
        ["127.0.0.2", "::1"],
        ["::ffff:127.0.0.1"],
        ["64:ff9b::7f00:1"],
        ["2002:7f00:1::"],
        ["fe80::1%lo"],
        ["127.0.0.2", "not an address"],
        ["127.0.0.2", ""],
    ),
)
async def test_one_answer_that_is_not_public_is_enough_to_refuse(
    answers: Sequence[str], web: Any, tmp_path: Path
) -> None:
    web.names["bad.example"] = answers
    with pytest.raises(DeniedError, match=r"bad\.example"):
        await web.fetch("http://bad.example/", tmp_path)
    assert web.dialled == []


async def test_a_name_is_asked_for_once_and_what_was_checked_is_dialled(web: Any, answer: Any, tmp_path: Path) -> None:
    changing = itertools.chain([["127.0.0.2"]], itertools.repeat(["127.0.0.1"]))
    web.names["rebinding.example"] = lambda: next(changing)
    async with web.serving(answer(b"first"), host="127.0.0.2") as port:
        assert (await web.fetch(f"http://rebinding.example:{port}/", tmp_path))[1] == b"first"
        with pytest.raises(DeniedError):
            await web.fetch(f"http://rebinding.example:{port}/", tmp_path)
    assert web.dialled == [("127.0.0.2", port)]


async def test_a_peer_that_is_not_who_was_dialled_is_sent_nothing(
    web: Any, answer: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with web.serving(answer(b"secret"), host="127.0.0.2") as port:
        web.names["moved.example"] = ["93.184.215.14"]
        dial = asyncio.BaseEventLoop.create_connection

        async def elsewhere(self: Any, factory: Any, host: Any = None, to: Any = None, **rest: Any) -> Any:
            return await dial(self, factory, "127.0.0.2", to, **rest)  # as a rule of a firewall might

        monkeypatch.setattr(asyncio.BaseEventLoop, "create_connection", elsewhere)
        with pytest.raises(DeniedError, match=r"dialled at 93.184.215.14, and 127.0.0.2 answered. Nothing was sent"):
            await web.fetch(f"http://moved.example:{port}/", tmp_path)
    assert web.heads == []


async def test_this_machine_under_an_address_that_looks_public_is_refused(
    web: Any, answer: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sensorium.tools.fetching.dialling.why_not_public", lambda address: None)
    async with web.serving(answer(b"secret"), host="127.0.0.3") as port:
        web.names["self.example"] = ["127.0.0.2"]
        web.rules = replace(web.rules, also_public=())
        async with web.serving(answer(b"secret"), host="127.0.0.2") as here:
            dial = asyncio.BaseEventLoop.create_connection

            async def from_there(self: Any, factory: Any, host: Any = None, to: Any = None, **rest: Any) -> Any:
                return await dial(self, factory, host, to, **{**rest, "local_addr": ("127.0.0.2", 0)})

            monkeypatch.setattr(asyncio.BaseEventLoop, "create_connection", from_there)
            with pytest.raises(DeniedError, match="which is this machine"):
                await web.fetch(f"http://self.example:{here}/", tmp_path)
    assert port and web.heads == []


@pytest.mark.parametrize(
    "url",
    (
        "http://127.0.0.1/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://169.254.169.254/latest/meta-data/",
        "http://１２７.0.0.1/",
        "http://127.0.0.1./",
        "https://10.0.0.1/",
    ),
)
async def test_no_address_that_is_not_public_is_dialled(url: str, web: Any, tmp_path: Path) -> None:
    with pytest.raises(DeniedError, match="no public address"):
        await web.fetch(url, tmp_path)
    assert web.dialled == web.asked == []


@pytest.mark.parametrize("host", ("metadata.google.internal", "printer.local", "a.localhost", "nas.home.arpa"))
async def test_names_of_no_public_network_are_not_asked_for(host: str, web: Any, tmp_path: Path) -> None:
    web.names[host] = ["127.0.0.2"]
    with pytest.raises(DeniedError, match="name of no public host"):
        await web.fetch(f"http://{host}./", tmp_path)
    assert web.asked == []


async def test_other_ports_are_refused_before_anything_is_asked(web: Any, tmp_path: Path) -> None:
    with pytest.raises(DeniedError, match=r"Port 22 of 'good.example' is not fetched from; the ports are 80, 443"):
        await web.fetch("http://good.example:22/", tmp_path)
    assert web.asked == []


async def test_redirects_are_followed_and_each_is_named(web: Any, answer: Any, tmp_path: Path) -> None:
    web.names["other.example"] = ["127.0.0.2"]
    async with (
        web.serving(answer(b"there"), host="127.0.0.2") as last,
        web.serving(answer(status="302 Found", Location=f"//other.example:{last}/b"), host="127.0.0.2") as first,
    ):
        fetched, content = await web.fetch(f"http://good.example:{first}/a", tmp_path)
    assert content == b"there"
    assert fetched.location.url == f"http://other.example:{last}/b"
    assert fetched.redirects == (f"http://good.example:{first}/a",)
    assert f"Host: other.example:{last}".encode() in web.heads[1]


@pytest.mark.parametrize(
    ("to", "error"),
    (
        ("http://127.0.0.1/", DeniedError),
        ("http://[::1]/", DeniedError),
        ("http://inside.example/", DeniedError),
        ("http://169.254.169.254/", DeniedError),
        ("http://good.example:22/", DeniedError),
        ("//127.0.0.1/", DeniedError),
        ("http://0x7f000001/", ArgumentError),
        ("http://good.example@127.0.0.1/", ArgumentError),
        ("file:///etc/passwd", ArgumentError),
        ("ftp://good.example/", ArgumentError),
        ("data:text/plain,a", ArgumentError),
        ("\\\\127.0.0.1\\", ArgumentError),
        ("", MediaError),
    ),
)
async def test_a_redirect_is_checked_from_the_start(
    to: str, error: type[Exception], web: Any, answer: Any, tmp_path: Path
) -> None:
    web.names["inside.example"] = ["10.0.0.1"]
    async with web.serving(answer(status="307 Temporary Redirect", Location=to), host="127.0.0.2") as port:
        with pytest.raises(error, match=rf"^'http://good\.example:{port}/' redirects"):
            await web.fetch(f"http://good.example:{port}/", tmp_path)
    assert set(web.dialled) == {("127.0.0.2", port)}


async def test_redirects_have_an_end(web: Any, answer: Any, tmp_path: Path) -> None:
    async with web.serving(answer(status="301 Moved", Location="/again"), host="127.0.0.2") as port:
        with pytest.raises(MediaError, match="redirects more than 5 times"):
            await web.fetch(f"http://good.example:{port}/", tmp_path)
    assert len(web.dialled) == 6


async def test_certificates_that_cannot_be_read_are_said(
    web: Any, answer: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    async with web.serving(answer(b"plain"), host="127.0.0.2") as port:
        with pytest.raises(SettingsError, match="SSL_CERT_FILE"):
            await web.fetch(f"https://good.example:{port}/", tmp_path)
        assert (await web.fetch(f"http://good.example:{port}/", tmp_path))[1] == b"plain"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
async def test_a_full_disk_is_said(web: Any, answer: Any) -> None:
    location = read_location("http://good.example/")
    async with web.serving(answer(b"much" * 10_000), host="127.0.0.2") as port:
        with pytest.raises(StorageError, match="No space left"):
            await Fetching(dialler=Dialler(rules=web.rules)).to_file(replace(location, port=port), Path("/dev/full"))


@pytest.fixture
def trusted(web: Any, certificate: Callable[[str], tuple[Path, Path]]) -> ssl.SSLContext:
    """What a server of `good.example` has, where it is believed."""
    file, key = certificate("good.example")
    web.rules = replace(web.rules, certificates=ssl.create_default_context(cafile=str(file)))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, key)
    return context


async def test_encryption_keeps_the_name_of_the_host(
    web: Any, answer: Any, trusted: ssl.SSLContext, tmp_path: Path
) -> None:
    asked: list[str | None] = []
    trusted.sni_callback = lambda connection, name, context: asked.append(name)
    async with web.serving(answer(b"safe"), tls=trusted, host="127.0.0.2") as port:
        assert (await web.fetch(f"https://good.example:{port}/", tmp_path))[1] == b"safe"
    assert asked == ["good.example"]
    assert f"host: good.example:{port}".encode() in web.heads[0].lower()


async def test_a_certificate_of_another_name_is_an_error(
    web: Any, answer: Any, trusted: ssl.SSLContext, tmp_path: Path
) -> None:
    web.names["other.example"] = ["127.0.0.2"]
    async with web.serving(answer(b"safe"), tls=trusted, host="127.0.0.2") as port:
        with pytest.raises(MediaError, match=r"certificate or the encryption of 'other\.example' is not accepted"):
            await web.fetch(f"https://other.example:{port}/", tmp_path)
    assert web.heads == []


async def test_a_certificate_that_nobody_vouches_for_is_an_error(
    web: Any, answer: Any, trusted: ssl.SSLContext, tmp_path: Path
) -> None:
    web.rules = replace(web.rules, certificates=None)
    async with web.serving(answer(b"safe"), tls=trusted, host="127.0.0.2") as port:
        with pytest.raises(MediaError, match="not accepted"):
            await web.fetch(f"https://good.example:{port}/", tmp_path)


async def test_a_redirect_gives_no_encryption_up(
    web: Any, answer: Any, trusted: ssl.SSLContext, tmp_path: Path
) -> None:
    moved = answer(status="302 Found", Location="http://good.example/")
    async with web.serving(moved, tls=trusted, host="127.0.0.2") as port:
        with pytest.raises(DeniedError, match="not encrypted"):
            await web.fetch(f"https://good.example:{port}/", tmp_path)


async def test_nobody_there_may_pass(web: Any, answer: Any, tmp_path: Path) -> None:
    async with web.serving(answer(b""), host="127.0.0.2") as port:
        pass
    with pytest.raises(TransientError, match="cannot be reached"):
        await web.fetch(f"http://good.example:{port}/", tmp_path)
    with pytest.raises(TransientError, match="is not known"):
        await web.fetch("http://unknown.example/", tmp_path)


async def test_no_proxy_of_the_environment_is_asked(
    web: Any, answer: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    async with web.serving(answer(b"direct"), host="127.0.0.2") as port:
        assert (await web.fetch(f"http://good.example:{port}/", tmp_path))[1] == b"direct"
    assert web.dialled == [("127.0.0.2", port)]


async def test_whoever_forbids_a_host_does_so_before_it_is_asked_for(web: Any, tmp_path: Path) -> None:
    def forbid(host: str) -> None:
        raise DeniedError(f"not {host}")

    fetching = Fetching(dialler=Dialler(rules=web.rules, before=forbid))
    with pytest.raises(DeniedError, match=r"not good\.example"):
        await fetching.to_file(read_location("http://good.example/"), tmp_path / "content")
    assert web.asked == web.dialled == []
