"""What is read from a page, and from pages that mean harm."""

import time
from pathlib import Path

import pytest

from sensorium.tools.base.errors import MediaError
from sensorium.tools.fetching.charsets import decode_text
from sensorium.tools.fetching.pages import MOST_LISTED, Heading, Page, PageAddress, read_page

WORDS = "This is sentence {} about puppies, which write code, drink tea and sleep in the afternoon."
PAGE = f"""<!DOCTYPE html><html lang="en"><head><title>Puppies &amp; code</title><meta name="author" content="Ann Bell">
<meta property="article:published_time" content="2026-05-06T10:00:00Z"><meta property="og:image" content="/cover.png">
</head><body><nav><a href="/menu">Menu of the site</a></nav><article><h1>Puppies</h1>
{"".join(f"<p>{WORDS.format(n)} {WORDS.format(n + 10)}</p>" for n in range(5))}
<h2>Second part</h2><img src="a.png" alt="A puppy">
<img data-src="//cdn.example/b.png"><img src="data:image/png;base64,AA">
<video src="v.mp4"></video><p>The last words, with <a href="http://127.0.0.1/admin">a link</a>,
<a href="javascript:alert(1)">another</a> and <a href="#top">a third</a>.</p></article>
<script>var hidden = "not shown";</script></body></html>"""


def page(source: str | bytes, folder: Path, *, charset: str = "") -> Page:
    (folder / "page.html").write_bytes(source.encode() if isinstance(source, str) else source)
    return read_page(folder / "page.html", url="https://example.org/blog/post.html", charset=charset)


def test_a_page_is_read_with_who_wrote_it_and_when(tmp_path: Path) -> None:
    read = page(PAGE, tmp_path)
    assert (read.title, read.author, read.published, read.language) == ("Puppies", "Ann Bell", "2026-05-06", "en")
    assert WORDS.format(3) in read.text
    assert "not shown" not in read.text and "Menu of the site" not in read.text
    assert read.headings == [Heading(level=1, text="Puppies"), Heading(level=2, text="Second part")]
    assert read.limits == []


def test_addresses_are_listed_absolute_and_only_those_of_the_web(tmp_path: Path) -> None:
    read = page(PAGE, tmp_path)
    assert read.pictures == [
        PageAddress(address="https://example.org/cover.png"),
        PageAddress(address="https://example.org/blog/a.png", text="A puppy"),
        PageAddress(address="https://cdn.example/b.png"),
    ]
    assert read.media == [PageAddress(address="https://example.org/blog/v.mp4")]
    assert read.links == [
        PageAddress(address="https://example.org/menu", text="Menu of the site"),
        PageAddress(address="http://127.0.0.1/admin", text="a link"),
    ]


def test_a_base_changes_what_addresses_are_relative_to(tmp_path: Path) -> None:
    read = page('<base href="https://other.example/x/"><p>a</p><a href="y">b</a>', tmp_path)
    assert [one.address for one in read.links] == ["https://other.example/x/y"]
    assert read.site == "example.org"


@pytest.mark.parametrize(
    ("source", "charset"),
    (
        ("<meta charset=gb2312><p>你好，世界。这是镕的一个段落。</p>".encode("gb18030"), ""),
        ("<p>你好，世界。这是镕的一个段落。</p>".encode("gbk"), "GBK"),
        ("<p>你好，世界。这是镕的一个段落。</p>".encode(), "gbk"),
        ("<p>你好，世界。这是镕的一个段落。</p>".encode("utf-16"), ""),
        (b"\xef\xbb\xbf" + "<p>你好，世界。这是镕的一个段落。</p>".encode(), "latin-1"),
    ),
)
def test_characters_are_right_whatever_the_server_calls_them(source: bytes, charset: str, tmp_path: Path) -> None:
    assert page(source, tmp_path, charset=charset).text == "你好，世界。这是镕的一个段落。"


@pytest.mark.parametrize("claimed", ("zip", "rot13", "idna", "unicode_escape", "no-such", "utf-7", "../x", "\x00", ""))
def test_what_is_no_character_set_of_pages_is_not_used(claimed: str) -> None:
    assert decode_text("un café, deux cafés, un thé <p>".encode("cp1252"), claimed).endswith("<p>")


def test_bytes_that_mean_nothing_are_text_all_the_same() -> None:
    text = decode_text(bytes(range(256)) * 4)
    assert "\x00" not in text and "ABC" in text


def test_a_page_of_scripts_says_so(tmp_path: Path) -> None:
    read = page("<html><body><div id=app></div><script>draw()</script></body></html>", tmp_path)
    assert read.text == ""
    assert read.limits == ["No text was found on the page. Scripts may write it, and they are not run."]


def test_entities_are_not_unfolded_and_no_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("the secret")
    bombs = "".join(f'<!ENTITY b{n} "{f"&b{n - 1};" * 10}">' for n in range(1, 12))
    declared = f'<!DOCTYPE html [<!ENTITY b0 "boom">{bombs}<!ENTITY s SYSTEM "file://{tmp_path}/secret">]>'
    read = page(f"{declared}<html><body><p>start &b11; &s; end</p></body></html>", tmp_path)
    assert "the secret" not in read.text and len(read.text) < 5000


@pytest.mark.parametrize(
    "source",
    (
        "<html><body>" + "<div>" * 50_000 + "deep" + "</div>" * 50_000,
        "<html><body>" + "<b><i>" * 20_000 + "deep",
        "<html><body>" + "<table><tr><td>" * 5_000 + "x",
        "<html><body>" + "<p>a</p>" * 100_000,
        "<html><body>" + "<a href='x'>y</a>" * 50_000,
        "<html><body><p>" + "a <!-- " * 100_000,
        "<html><body>" + "<" * 500_000,
        "<html><body><p>" + "2020-01-" * 100_000,
        "<html><body><p>" + "a" * 1_000_000,
        "<html>",
        "<" * 10,
        "<?xml version='1.0' encoding='x'?><html><body><p>a</p></body></html>",
    ),
)
def test_a_page_that_means_harm_is_read_or_refused(source: str, tmp_path: Path) -> None:
    try:
        read = page(source, tmp_path)
    except MediaError:
        return
    assert len(read.text) <= len(source) and len(read.links) <= MOST_LISTED


def test_a_page_that_is_too_long_is_cut_and_says_so(tmp_path: Path) -> None:
    read = page("<html><body><p>begin</p><p>" + "word " * 1_000_000 + "</p><p>end</p></body></html>", tmp_path)
    assert read.limits[0] == "Only the first 4,000,000 bytes of the page were read."
    assert "end" not in read.text[-100:]


def test_nothing_is_loaded_that_a_page_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    dialled: list[object] = []
    monkeypatch.setattr(socket.socket, "connect", lambda self, address: dialled.append(address))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **rest: dialled.append(args) or [])
    page(
        '<!DOCTYPE html PUBLIC "a" "http://127.0.0.1/x.dtd"><html><head><link rel=stylesheet href="http://127.0.0.1/c">'
        f'<meta http-equiv=refresh content="0;url=http://127.0.0.1/"></head>{PAGE}',
        tmp_path,
    )
    assert dialled == []


def test_the_last_letter_is_one_of_the_text() -> None:
    assert decode_text("un café".encode("cp1252"), "latin-1") == "un café"
    assert decode_text("un café".encode()[:-1], "utf-8", is_cut=True) == "un caf"


def test_a_very_long_list_is_read_all_the_same(tmp_path: Path) -> None:
    began = time.monotonic()
    read = page("<ul>" + "<li>one of very many items" * 10_000 + "</ul>", tmp_path)
    assert time.monotonic() - began < 10
    assert read.text.count("one of very many items") == 10_000
    assert read.limits == ["No article was made out, so all text of the page is given, its menus too."]
