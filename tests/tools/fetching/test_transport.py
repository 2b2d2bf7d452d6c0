"""The transport against servers and resolvers that lie, drip, redirect and change their minds."""

import asyncio
import gzip
import itertools
import random
import ssl
import threading
import zlib
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
from sensorium.tools.fetching.transport import Fetched, Fetching


async def fetch(url: str, web: Any, folder: Path) -> tuple[Fetched, bytes]:
    """Fetch as the tool does; return what is known of it and its content."""
    fetched = await Fetching(dialler=Dialler(rules=web.rules)).to_file(read_location(url), folder / "content")
    return fetched, (folder / "content").read_bytes()


async def test_content_comes_with_what_is_known_of_it(web: Any, answer: Any, tmp_path: Path) -> None:
    async with web.serving(answer(b"hello", Content_Type="text/Plain; charset=utf-8"), host="127.0.0.2") as port:
        fetched, content = await fetch(f"http://GOOD.example:{port}/a?b=c#d", web, tmp_path)
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
        await fetch("http://bad.example/", web, tmp_path)
    assert web.dialled == []


async def test_a_name_is_asked_for_once_and_what_was_checked_is_dialled(web: Any, answer: Any, tmp_path: Path) -> None:
    changing = itertools.chain([["127.0.0.2"]], itertools.repeat(["127.0.0.1"]))
    web.names["rebinding.example"] = lambda: next(changing)
    async with web.serving(answer(b"first"), host="127.0.0.2") as port:
        assert (await fetch(f"http://rebinding.example:{port}/", web, tmp_path))[1] == b"first"
        with pytest.raises(DeniedError):
            await fetch(f"http://rebinding.example:{port}/", web, tmp_path)
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
            await fetch(f"http://moved.example:{port}/", web, tmp_path)
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
                await fetch(f"http://self.example:{here}/", web, tmp_path)
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
        await fetch(url, web, tmp_path)
    assert web.dialled == web.asked == []


@pytest.mark.parametrize("host", ("metadata.google.internal", "printer.local", "a.localhost", "nas.home.arpa"))
async def test_names_of_no_public_network_are_not_asked_for(host: str, web: Any, tmp_path: Path) -> None:
    web.names[host] = ["127.0.0.2"]
    with pytest.raises(DeniedError, match="name of no public host"):
        await fetch(f"http://{host}./", web, tmp_path)
    assert web.asked == []


async def test_other_ports_are_refused_before_anything_is_asked(web: Any, tmp_path: Path) -> None:
    with pytest.raises(DeniedError, match=r"Port 22 of 'good.example' is not fetched from; the ports are 80, 443"):
        await fetch("http://good.example:22/", web, tmp_path)
    assert web.asked == []


async def test_redirects_are_followed_and_each_is_named(web: Any, answer: Any, tmp_path: Path) -> None:
    web.names["other.example"] = ["127.0.0.2"]
    async with (
        web.serving(answer(b"there"), host="127.0.0.2") as last,
        web.serving(answer(status="302 Found", Location=f"//other.example:{last}/b"), host="127.0.0.2") as first,
    ):
        fetched, content = await fetch(f"http://good.example:{first}/a", web, tmp_path)
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
            await fetch(f"http://good.example:{port}/", web, tmp_path)
    assert set(web.dialled) == {("127.0.0.2", port)}


async def test_redirects_have_an_end(web: Any, answer: Any, tmp_path: Path) -> None:
    async with web.serving(answer(status="301 Moved", Location="/again"), host="127.0.0.2") as port:
        with pytest.raises(MediaError, match="redirects more than 5 times"):
            await fetch(f"http://good.example:{port}/", web, tmp_path)
    assert len(web.dialled) == 6


async def test_certificates_that_cannot_be_read_are_said(
    web: Any, answer: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    async with web.serving(answer(b"plain"), host="127.0.0.2") as port:
        with pytest.raises(SettingsError, match="SSL_CERT_FILE"):
            await fetch(f"https://good.example:{port}/", web, tmp_path)
        assert (await fetch(f"http://good.example:{port}/", web, tmp_path))[1] == b"plain"


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
        assert (await fetch(f"https://good.example:{port}/", web, tmp_path))[1] == b"safe"
    assert asked == ["good.example"]
    assert f"host: good.example:{port}".encode() in web.heads[0].lower()


async def test_a_certificate_of_another_name_is_an_error(
    web: Any, answer: Any, trusted: ssl.SSLContext, tmp_path: Path
) -> None:
    web.names["other.example"] = ["127.0.0.2"]
    async with web.serving(answer(b"safe"), tls=trusted, host="127.0.0.2") as port:
        with pytest.raises(MediaError, match=r"certificate or the encryption of 'other\.example' is not accepted"):
            await fetch(f"https://other.example:{port}/", web, tmp_path)
    assert web.heads == []


async def test_a_certificate_that_nobody_vouches_for_is_an_error(
    web: Any, answer: Any, trusted: ssl.SSLContext, tmp_path: Path
) -> None:
    web.rules = replace(web.rules, certificates=None)
    async with web.serving(answer(b"safe"), tls=trusted, host="127.0.0.2") as port:
        with pytest.raises(MediaError, match="not accepted"):
            await fetch(f"https://good.example:{port}/", web, tmp_path)


async def test_a_redirect_gives_no_encryption_up(
    web: Any, answer: Any, trusted: ssl.SSLContext, tmp_path: Path
) -> None:
    moved = answer(status="302 Found", Location="http://good.example/")
    async with web.serving(moved, tls=trusted, host="127.0.0.2") as port:
        with pytest.raises(DeniedError, match="not encrypted"):
            await fetch(f"https://good.example:{port}/", web, tmp_path)


def packed(size: int, wbits: int) -> bytes:
    """Return zeros, compressed."""
    compressor = zlib.compressobj(9, zlib.DEFLATED, wbits)
    return compressor.compress(bytes(size)) + compressor.flush()


@pytest.mark.parametrize(
    ("encoding", "wbits"), (("gzip", 31), ("x-gzip", 31), ("GZIP", 31), ("deflate", 15), ("deflate", -15))
)
async def test_what_is_compressed_all_the_same_is_undone(
    encoding: str, wbits: int, web: Any, answer: Any, tmp_path: Path
) -> None:
    body = packed(900_000, wbits)
    async with web.serving(answer(body, Content_Encoding=encoding), host="127.0.0.2") as port:
        assert (await fetch(f"http://good.example:{port}/", web, tmp_path))[1] == bytes(900_000)


async def test_all_parts_of_a_compressed_file_are_read(web: Any, answer: Any, tmp_path: Path) -> None:
    body = gzip.compress(b"one ") + gzip.compress(b"two")
    async with web.serving(answer(body, Content_Encoding="gzip"), host="127.0.0.2") as port:
        assert (await fetch(f"http://good.example:{port}/", web, tmp_path))[1] == b"one two"


async def test_what_follows_compressed_content_is_left_out(web: Any, answer: Any, tmp_path: Path) -> None:
    async with web.serving(answer(gzip.compress(b"one") + bytes(9), Content_Encoding="gzip"), host="127.0.0.2") as port:
        assert (await fetch(f"http://good.example:{port}/", web, tmp_path))[1] == b"one"


@pytest.mark.parametrize("wbits", (31, 15, -15))
async def test_compressed_content_may_come_byte_by_byte(wbits: int, web: Any, tmp_path: Path) -> None:
    async def server(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Encoding: deflate\r\nTransfer-Encoding: chunked\r\n\r\n")
        for byte in packed(5000, wbits):
            writer.write(b"1\r\n" + bytes([byte]) + b"\r\n")
            await writer.drain()
        writer.write(b"0\r\n\r\n")

    async with web.serving(server, host="127.0.0.2") as port:
        assert (await fetch(f"http://good.example:{port}/", web, tmp_path))[1] == bytes(5000)


@pytest.mark.parametrize(("encoding", "wbits"), (("gzip", 31), ("deflate", 15), ("deflate", -15)))
async def test_a_bomb_is_refused_before_it_is_large(
    encoding: str, wbits: int, web: Any, answer: Any, tmp_path: Path
) -> None:
    bomb = packed(300_000_000, wbits)
    assert len(bomb) < 400_000
    async with web.serving(answer(bomb, Content_Encoding=encoding), host="127.0.0.2") as port:
        with pytest.raises(MediaError, match=r"more than 1,000,000 bytes; the limit is 1,000,000"):
            await fetch(f"http://good.example:{port}/", web, tmp_path)
    assert (tmp_path / "content").stat().st_size <= 1_000_000


async def test_a_bomb_of_many_small_parts_is_refused(web: Any, answer: Any, tmp_path: Path) -> None:
    bomb = gzip.compress(bytes(100_000)) * 20
    async with web.serving(answer(bomb, Content_Encoding="gzip"), host="127.0.0.2") as port:
        with pytest.raises(MediaError, match="the limit is 1,000,000"):
            await fetch(f"http://good.example:{port}/", web, tmp_path)


@pytest.mark.parametrize("encoding", ("br", "zstd", "gzip, gzip", "compress", "x" * 500))
async def test_compression_that_was_not_asked_for_and_is_not_read_is_refused(
    encoding: str, web: Any, answer: Any, tmp_path: Path
) -> None:
    async with web.serving(answer(b"\x00" * 100, Content_Encoding=encoding), host="127.0.0.2") as port:
        with pytest.raises(MediaError, match="gzip and deflate are read"):
            await fetch(f"http://good.example:{port}/", web, tmp_path)


ZIPPED = gzip.compress(random.Random(1).randbytes(10_000))


@pytest.mark.parametrize("body", (b"no gzip at all", ZIPPED[:-12], b"\x1f\x8b", ZIPPED + ZIPPED[:50] + b"x" * 99))
async def test_damaged_compression_is_an_error(body: bytes, web: Any, answer: Any, tmp_path: Path) -> None:
    async with web.serving(answer(body, Content_Encoding="gzip"), host="127.0.0.2") as port:
        with pytest.raises(MediaError, match=r"damaged|broke off"):
            await fetch(f"http://good.example:{port}/", web, tmp_path)


async def test_a_length_that_is_too_large_ends_it_at_once(web: Any, answer: Any, tmp_path: Path) -> None:
    async with web.serving(answer(b"short", Content_Length="1000001"), host="127.0.0.2") as port:
        with pytest.raises(MediaError, match=r"has 1,000,001 bytes; the limit is 1,000,000. Raise `max_bytes`"):
            await fetch(f"http://good.example:{port}/", web, tmp_path)


@pytest.mark.parametrize("length", ("500", "-1", "5, 6", "0x5", "5" * 5000))
async def test_a_length_that_lies_is_an_error(length: str, web: Any, answer: Any, tmp_path: Path) -> None:
    async with web.serving(answer(b"short", Content_Length=length), host="127.0.0.2") as port:
        with pytest.raises(MediaError):
            await fetch(f"http://good.example:{port}/", web, tmp_path)


async def test_of_more_than_was_announced_only_that_is_read(web: Any, answer: Any, tmp_path: Path) -> None:
    async with web.serving(answer(b"short and long", Content_Length="5"), host="127.0.0.2") as port:
        assert (await fetch(f"http://good.example:{port}/", web, tmp_path))[1] == b"short"


async def test_nothing_at_all_is_an_error(web: Any, answer: Any, tmp_path: Path) -> None:
    async with web.serving(answer(b""), host="127.0.0.2") as port:
        with pytest.raises(MediaError, match=r"is empty \(0 bytes\)"):
            await fetch(f"http://good.example:{port}/", web, tmp_path)


async def endless_body(head: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        writer.write(bytes(65536))
        await writer.drain()


async def endless_chunks(head: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"1\r\na\r\n" * 1000)
        await writer.drain()


async def endless_headers(head: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X-More: " + b"a" * 1000 + b"\r\n")
        await writer.drain()


async def endless_interim(head: bytes, writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n" * 100)
        await writer.drain()


async def one_long_line(head: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 ")
    while True:
        writer.write(b"O" * 10_000)
        await writer.drain()


async def endless_trailers(head: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n")
    while True:
        writer.write(b"X-More: " + b"a" * 1000 + b"\r\n")
        await writer.drain()


@pytest.mark.parametrize(
    "server", (endless_body, endless_chunks, endless_headers, endless_interim, one_long_line, endless_trailers)
)
async def test_what_has_no_end_is_ended(server: Any, web: Any, tmp_path: Path) -> None:
    web.rules = replace(web.rules, max_bytes=100_000, seconds=30.0)
    async with web.serving(server, host="127.0.0.2") as port:
        with pytest.raises(MediaError) as ended:
            await fetch(f"http://good.example:{port}/", web, tmp_path)
    assert "within 30 s" not in str(ended.value)


async def dripping_body(head: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    while True:
        writer.write(b"a")
        await writer.drain()
        await asyncio.sleep(0.05)


async def dripping_headers(head: bytes, writer: asyncio.StreamWriter) -> None:
    for letter in itertools.cycle(b"HTTP/1.1 200 OK\r\nX-A: " + b"a" * 100):
        writer.write(bytes([letter]))
        await writer.drain()
        await asyncio.sleep(0.05)


@pytest.mark.parametrize("server", (dripping_body, dripping_headers))
async def test_a_server_that_drips_meets_the_deadline(server: Any, web: Any, tmp_path: Path) -> None:
    web.rules = replace(web.rules, seconds=0.6)
    async with web.serving(server, host="127.0.0.2") as port:
        with pytest.raises(MediaError, match=r"did not send everything within 0.6 s"):
            await fetch(f"http://good.example:{port}/", web, tmp_path)


@pytest.mark.parametrize("server", (dripping_body, dripping_headers))
async def test_a_server_that_drips_is_left_before_the_deadline(
    server: Any, web: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sensorium.tools.fetching.metering.PATIENCE_SECONDS", 0.5)
    async with web.serving(server, host="127.0.0.2") as port:
        with pytest.raises(MediaError, match=r"The server sent \d+ bytes in"):
            await fetch(f"http://good.example:{port}/", web, tmp_path)


async def silent(head: bytes, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(3)


async def test_a_silent_server_is_not_waited_for(web: Any, tmp_path: Path) -> None:
    web.rules = replace(web.rules, read_seconds=0.3)
    async with web.serving(silent, host="127.0.0.2") as port:
        with pytest.raises(MediaError, match=r"was silent for 0.3 s"):
            await fetch(f"http://good.example:{port}/", web, tmp_path)


async def test_encryption_that_never_begins_is_not_waited_for(web: Any, tmp_path: Path) -> None:
    web.rules = replace(web.rules, connect_seconds=0.3)
    # It waits for the end of a head that never comes: what it gets is the greeting of TLS.
    async with web.serving(silent, host="127.0.0.2") as port:
        with pytest.raises(TransientError, match="cannot be reached"):
            await fetch(f"https://good.example:{port}/", web, tmp_path)


async def test_a_resolver_that_never_answers_is_not_waited_for(web: Any, tmp_path: Path) -> None:
    web.rules = replace(web.rules, connect_seconds=0.2)
    may_answer = threading.Event()
    web.names["slow.example"] = lambda: ["127.0.0.2"] if may_answer.wait(60) else []
    with pytest.raises(TransientError, match=r"Nobody said within 0\.2 s"):
        await fetch("http://slow.example/", web, tmp_path)
    may_answer.set()


@pytest.mark.parametrize(
    ("said", "error"),
    (
        (b"220 mail.example ESMTP\r\n", MediaError),
        (b"SSH-2.0-OpenSSH_9.2\r\n", MediaError),
        (b"\x15\x03\x01\x00\x02\x02\x16", MediaError),
        (b"HTTP/1.1 200 OK\r\nA b: c\r\n\r\n", MediaError),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", MediaError),
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", MediaError),
        (b"HTTP/1.1 204 No Content\r\n\r\n", MediaError),
        (b"HTTP/1.1 206 Partial Content\r\nContent-Length: 1\r\n\r\na", MediaError),
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 1\r\n\r\na", MediaError),
        (b"HTTP/1.1 503 Busy\r\nRetry-After: 30\r\n\r\n", MediaError),
        (b"", MediaError),
    ),
)
async def test_what_is_no_answer_is_a_typed_error(
    said: bytes, error: type[Exception], web: Any, tmp_path: Path
) -> None:
    async def server(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(said)

    async with web.serving(server, host="127.0.0.2") as port:
        with pytest.raises(error):
            await fetch(f"http://good.example:{port}/", web, tmp_path)


async def test_nobody_there_may_pass(web: Any, answer: Any, tmp_path: Path) -> None:
    async with web.serving(answer(b""), host="127.0.0.2") as port:
        pass
    with pytest.raises(TransientError, match="cannot be reached"):
        await fetch(f"http://good.example:{port}/", web, tmp_path)
    with pytest.raises(TransientError, match="is not known"):
        await fetch("http://unknown.example/", web, tmp_path)


async def test_no_proxy_of_the_environment_is_asked(
    web: Any, answer: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    async with web.serving(answer(b"direct"), host="127.0.0.2") as port:
        assert (await fetch(f"http://good.example:{port}/", web, tmp_path))[1] == b"direct"
    assert web.dialled == [("127.0.0.2", port)]


async def test_whoever_forbids_a_host_does_so_before_it_is_asked_for(web: Any, tmp_path: Path) -> None:
    def forbid(host: str) -> None:
        raise DeniedError(f"not {host}")

    fetching = Fetching(dialler=Dialler(rules=web.rules, before=forbid))
    with pytest.raises(DeniedError, match=r"not good\.example"):
        await fetching.to_file(read_location("http://good.example/"), tmp_path / "content")
    assert web.asked == web.dialled == []
