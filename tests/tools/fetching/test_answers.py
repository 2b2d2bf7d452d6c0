"""What servers answer: compressed, of another length than they say, without an end, too slowly, or in no known way."""

import asyncio
import gzip
import itertools
import random
import threading
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sensorium.tools.base.errors import MediaError, TransientError


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
        assert (await web.fetch(f"http://good.example:{port}/", tmp_path))[1] == bytes(900_000)


async def test_all_parts_of_a_compressed_file_are_read(web: Any, answer: Any, tmp_path: Path) -> None:
    body = gzip.compress(b"one ") + gzip.compress(b"two")
    async with web.serving(answer(body, Content_Encoding="gzip"), host="127.0.0.2") as port:
        assert (await web.fetch(f"http://good.example:{port}/", tmp_path))[1] == b"one two"


async def test_what_follows_compressed_content_is_left_out(web: Any, answer: Any, tmp_path: Path) -> None:
    async with web.serving(answer(gzip.compress(b"one") + bytes(9), Content_Encoding="gzip"), host="127.0.0.2") as port:
        assert (await web.fetch(f"http://good.example:{port}/", tmp_path))[1] == b"one"


@pytest.mark.parametrize("wbits", (31, 15, -15))
async def test_compressed_content_may_come_byte_by_byte(wbits: int, web: Any, tmp_path: Path) -> None:
    async def server(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Encoding: deflate\r\nTransfer-Encoding: chunked\r\n\r\n")
        for byte in packed(5000, wbits):
            writer.write(b"1\r\n" + bytes([byte]) + b"\r\n")
            await writer.drain()
        writer.write(b"0\r\n\r\n")

    async with web.serving(server, host="127.0.0.2") as port:
        assert (await web.fetch(f"http://good.example:{port}/", tmp_path))[1] == bytes(5000)


@pytest.mark.parametrize(("encoding", "wbits"), (("gzip", 31), ("deflate", 15), ("deflate", -15)))
async def test_a_bomb_is_refused_before_it_is_large(
    encoding: str, wbits: int, web: Any, answer: Any, tmp_path: Path
) -> None:
    bomb = packed(300_000_000, wbits)
    assert len(bomb) < 400_000
    async with web.serving(answer(bomb, Content_Encoding=encoding), host="127.0.0.2") as port:
        with pytest.raises(MediaError, match=r"more than 1,000,000 bytes; the limit is 1,000,000"):
            await web.fetch(f"http://good.example:{port}/", tmp_path)
    assert (tmp_path / "content").stat().st_size <= 1_000_000


async def test_a_bomb_of_many_small_parts_is_refused(web: Any, answer: Any, tmp_path: Path) -> None:
    bomb = gzip.compress(bytes(100_000)) * 20
    async with web.serving(answer(bomb, Content_Encoding="gzip"), host="127.0.0.2") as port:
        with pytest.raises(MediaError, match="the limit is 1,000,000"):
            await web.fetch(f"http://good.example:{port}/", tmp_path)


@pytest.mark.parametrize("encoding", ("br", "zstd", "gzip, gzip", "compress", "x" * 500))
async def test_compression_that_was_not_asked_for_and_is_not_read_is_refused(
    encoding: str, web: Any, answer: Any, tmp_path: Path
) -> None:
    async with web.serving(answer(b"\x00" * 100, Content_Encoding=encoding), host="127.0.0.2") as port:
        with pytest.raises(MediaError, match="gzip and deflate are read"):
            await web.fetch(f"http://good.example:{port}/", tmp_path)


ZIPPED = gzip.compress(random.Random(1).randbytes(10_000))


@pytest.mark.parametrize("body", (b"no gzip at all", ZIPPED[:-12], b"\x1f\x8b", ZIPPED + ZIPPED[:50] + b"x" * 99))
async def test_damaged_compression_is_an_error(body: bytes, web: Any, answer: Any, tmp_path: Path) -> None:
    async with web.serving(answer(body, Content_Encoding="gzip"), host="127.0.0.2") as port:
        with pytest.raises(MediaError, match=r"damaged|broke off"):
            await web.fetch(f"http://good.example:{port}/", tmp_path)


async def test_a_length_that_is_too_large_ends_it_at_once(web: Any, answer: Any, tmp_path: Path) -> None:
    async with web.serving(answer(b"short", Content_Length="1000001"), host="127.0.0.2") as port:
        with pytest.raises(MediaError, match=r"has 1,000,001 bytes; the limit is 1,000,000. Raise `max_bytes`"):
            await web.fetch(f"http://good.example:{port}/", tmp_path)


@pytest.mark.parametrize("length", ("500", "-1", "5, 6", "0x5", "5" * 5000))
async def test_a_length_that_lies_is_an_error(length: str, web: Any, answer: Any, tmp_path: Path) -> None:
    async with web.serving(answer(b"short", Content_Length=length), host="127.0.0.2") as port:
        with pytest.raises(MediaError):
            await web.fetch(f"http://good.example:{port}/", tmp_path)


async def test_of_more_than_was_announced_only_that_is_read(web: Any, answer: Any, tmp_path: Path) -> None:
    async with web.serving(answer(b"short and long", Content_Length="5"), host="127.0.0.2") as port:
        assert (await web.fetch(f"http://good.example:{port}/", tmp_path))[1] == b"short"


async def test_nothing_at_all_is_an_error(web: Any, answer: Any, tmp_path: Path) -> None:
    async with web.serving(answer(b""), host="127.0.0.2") as port:
        with pytest.raises(MediaError, match=r"is empty \(0 bytes\)"):
            await web.fetch(f"http://good.example:{port}/", tmp_path)


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
            await web.fetch(f"http://good.example:{port}/", tmp_path)
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
            await web.fetch(f"http://good.example:{port}/", tmp_path)


@pytest.mark.parametrize("server", (dripping_body, dripping_headers))
async def test_a_server_that_drips_is_left_before_the_deadline(
    server: Any, web: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sensorium.tools.fetching.metering.PATIENCE_SECONDS", 0.5)
    async with web.serving(server, host="127.0.0.2") as port:
        with pytest.raises(MediaError, match=r"The server sent \d+ bytes in"):
            await web.fetch(f"http://good.example:{port}/", tmp_path)


async def silent(head: bytes, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(3)


async def test_a_silent_server_is_not_waited_for(web: Any, tmp_path: Path) -> None:
    web.rules = replace(web.rules, read_seconds=0.3)
    async with web.serving(silent, host="127.0.0.2") as port:
        with pytest.raises(MediaError, match=r"was silent for 0.3 s"):
            await web.fetch(f"http://good.example:{port}/", tmp_path)


async def test_encryption_that_never_begins_is_not_waited_for(web: Any, tmp_path: Path) -> None:
    web.rules = replace(web.rules, connect_seconds=0.3)
    # It waits for the end of a head that never comes: what it gets is the greeting of TLS.
    async with web.serving(silent, host="127.0.0.2") as port:
        with pytest.raises(TransientError, match="cannot be reached"):
            await web.fetch(f"https://good.example:{port}/", tmp_path)


async def test_a_resolver_that_never_answers_is_not_waited_for(web: Any, tmp_path: Path) -> None:
    web.rules = replace(web.rules, connect_seconds=0.2)
    may_answer = threading.Event()
    web.names["slow.example"] = lambda: ["127.0.0.2"] if may_answer.wait(60) else []
    with pytest.raises(TransientError, match=r"Nobody said within 0\.2 s"):
        await web.fetch("http://slow.example/", tmp_path)
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
            await web.fetch(f"http://good.example:{port}/", tmp_path)
