"""How an address is read: as what is dialled, or not at all."""

import socket
from contextlib import suppress
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensorium.tools.base.errors import ArgumentError
from sensorium.tools.fetching.spelling import Location, read_location, read_redirect

READ = (
    ("http://example.org", "http://example.org/"),
    ("HTTPS://Example.ORG/A", "https://example.org/A"),
    ("https://example.org:443/a", "https://example.org/a"),
    ("http://example.org:80/a", "http://example.org/a"),
    ("http://example.org:8080/a", "http://example.org:8080/a"),
    ("http://example.org?q=1", "http://example.org/?q=1"),
    ("http://example.org/a#http://127.0.0.1/", "http://example.org/a"),
    ("http://example.org./a", "http://example.org/a"),
    ("  http://example.org/a ", "http://example.org/a"),
    ("http://example.org/视频.mp4", "http://example.org/%E8%A7%86%E9%A2%91.mp4"),
    ("http://example.org/a%20b", "http://example.org/a%20b"),
    ("http://example.org/a@b", "http://example.org/a@b"),
    ("http://münchen.example/", "http://xn--mnchen-3ya.example/"),
    ("http://例子。测试/", "http://xn--fsqu00a.xn--0zwm56d/"),
    ("http://127.0.0.1/", "http://127.0.0.1/"),
    ("http://127.0.0.1./", "http://127.0.0.1/"),
    ("http://１２７.０.０.１/", "http://127.0.0.1/"),
    ("http://127。0。0。1/", "http://127.0.0.1/"),
    ("http://①②⑦.⓪.⓪.①/", "http://127.0.0.1/"),
    ("http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/", "http://localhost/"),
    ("http://[::1]/", "http://[::1]/"),
    ("http://[::ffff:127.0.0.1]/", "http://127.0.0.1/"),
    ("http://[0:0:0:0:0:0:0:1]:8080/", "http://[::1]:8080/"),
    ("http://[2606:2800:21F::1]/a", "http://[2606:2800:21f::1]/a"),
    ("http://nip.io_x.example/", "http://nip.io_x.example/"),
)
REFUSED = (
    "",
    " ",
    "example.org/a",
    "//example.org/a",
    "/etc/passwd",
    "file:///etc/passwd",
    "ftp://example.org/a",
    "gopher://example.org:70/_x",
    "data:text/plain,hello",
    "javascript:alert(1)",
    "http:example.org",
    "http:/example.org",
    "http:///a",
    "http://",
    "http://?a",
    "http://#a",
    "https://:443/",
    "http://user@example.org/",
    "http://user:secret@example.org/",
    "http://example.org@127.0.0.1/",
    "http://@example.org/",
    "http://127.0.0.1\\@example.org/",
    "http://example.org\\@127.0.0.1/",
    "http:\\\\example.org/",
    "http://example.org\t/",
    "http://exa\nmple.org/",
    "http://example.org/\r\nHost: 127.0.0.1",
    "http://example.org\x00.evil.example/",
    "http://exam\u00adple.org/",
    "http://example.org/\u202egnp.exe",
    "http://example.org /",
    "http://a b/",
    "http://%31%32%37.0.0.1/",
    "http://example%2eorg/",
    "http://example.org%00/",
    "http://example.org:0/",
    "http://example.org:65536/",
    "http://example.org:99999/",
    "http://example.org:-80/",
    "http://example.org:８０/",
    "http://example.org:80:80/",
    "http://example.org:/",
    "http://example.org:http/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0x7f.0.0.1/",
    "http://0177.0.0.1/",
    "http://017700000001/",
    "http://127.1/",
    "http://127.0.1/",
    "http://0/",
    "http://1.2.3.4.5/",
    "http://256.1.1.1/",
    "http://127.0.0.01/",
    "http://127.0.0.0x1/",
    "http://example.1/",
    "http://1.1.1.1 &@127.0.0.1/",
    "http://[::1/",
    "http://::1/",
    "http://[::1]x/",
    "http://[127.0.0.1]/",
    "http://[fe80::1%25eth0]/",
    "http://[fe80::1%eth0]/",
    "http://[v1.x]/",
    "http://[]/",
    "http://example..org/",
    "http://example.org../",
    "http://.example.org/",
    "http://-example.org/",
    "http://exam!ple.org/",
    "http://exa*mple.org/",
    "http://xn--a/",
    "http://" + "a" * 64 + ".org/",
    "http://" + "a." * 130 + "org/",
    "http://example.org/" + "a" * 5000,
)


@pytest.mark.parametrize(("text", "url"), READ)
def test_an_address_is_read_as_what_is_dialled(text: str, url: str) -> None:
    assert read_location(text).url == url


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_odd_is_refused(text: str) -> None:
    with pytest.raises(ArgumentError, match="cannot be fetched"):
        read_location(text)


def test_reading_what_was_read_changes_nothing() -> None:
    for text, _ in READ:
        once = read_location(text)
        assert read_location(once.url) == once


BASE = read_location("https://example.org/a/b?c")


@pytest.mark.parametrize(
    ("header", "url"),
    (
        ("/d", "https://example.org/d"),
        ("d", "https://example.org/a/d"),
        ("//other.example/d", "https://other.example/d"),
        ("http://127.0.0.1/d", "http://127.0.0.1/d"),
        ("?e", "https://example.org/a/b?e"),
        ("../../../d", "https://example.org/d"),
        ("/my talk.mp4", "https://example.org/my%20talk.mp4"),
    ),
)
def test_a_redirect_is_read_from_where_it_came(header: str, url: str) -> None:
    assert read_redirect(BASE, header).url == url


@pytest.mark.parametrize(
    "header",
    (
        "file:///etc/passwd",
        "//user@evil.example/",
        "\\\\127.0.0.1\\a",
        "ht\ttp://127.0.0.1/",
        "http://[::1",
        "javascript:1",
        "http:///127.0.0.1/",
        "https:/127.0.0.1/",
        "https:127.0.0.1",
        "///127.0.0.1/",
        "http://127.0.0.1 .example/",
    ),
)
def test_a_redirect_to_what_is_odd_is_refused(header: str) -> None:
    with pytest.raises(ArgumentError):
        read_redirect(BASE, header)


def test_a_file_is_named_after_the_path_or_the_host() -> None:
    assert read_location("http://example.org/a/%E8%A7%86.mp4?x=/y").name == "视.mp4"
    assert read_location("http://example.org/").name == "example.org"


def test_an_ip_address_is_known_as_one() -> None:
    assert str(read_location("http://[::1]/").ip) == "::1"
    assert Location(scheme="http", host="example.org", port=80, target="/").ip is None


PIECES = st.sampled_from(
    (
        *("http://", "https://", "//", "/", "\\", "@", ":", "80", "127.0.0.1", "0x7f", "[", "]", "[::1]", "%25", "%2e"),
        *("\x00", "\t", "\n", " ", "．", "。", "１２７", "①", "é", "xn--", "-", "_", ".", "?", "#", "a", "example.org"),
        *("!", "，", "256", "017", "\u202e", "\u00ad", "\ud800", "ß", "K", "℀", "⒈", "𝟏", "%E3%80%82", "&", "=", "|"),
    )
)


@given(st.lists(PIECES, max_size=9).map("".join))
def test_what_is_read_is_what_others_read_too(text: str) -> None:
    try:
        read = read_location(f"http://{text}")
    except ArgumentError:
        return
    assert read_location(read.url) == read
    assert urlsplit(read.url).hostname == read.host
    assert read.url.isascii() and read.url.isprintable() and " " not in read.url
    with suppress(OSError):
        socket.inet_aton(read.host)  # what a resolver takes for a number is known as one here
        assert read.ip is not None
