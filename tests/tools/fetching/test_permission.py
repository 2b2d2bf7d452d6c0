"""Whether an address stands in the user's own words or in the allow-list."""

import pytest

from sensorium.tools.fetching.permission import addresses_in, is_allowed, stands_in, why_no_pattern

CLIP = "https://example.org/clip.mp4"


@pytest.mark.parametrize(
    "text",
    (
        CLIP,
        f"analyze {CLIP} and write a report",
        f"analyze {CLIP}.",
        f"look at {CLIP}, please",
        f"is {CLIP}?",
        f"({CLIP})",
        f"see ({CLIP}).",
        f"<{CLIP}>",
        f'"{CLIP}"',
        f"'{CLIP}'",
        f"`{CLIP}`",
        f"**{CLIP}**",
        f"[the clip]({CLIP})!",
        "HTTPS://EXAMPLE.ORG/clip.mp4",
        "https://example.org:443/clip.mp4",
        "https://example.org/clip.mp4#t=10",
        f"分析{CLIP}，写报告",
        f"分析 {CLIP}。",
        f"分析“{CLIP}”",
        f"《{CLIP}》",
        f"（{CLIP}）",
        f"分析{CLIP}这个视频",
        f"地址：{CLIP}；",
        f"url:{CLIP}",
        f"https://other.example/a,{CLIP}",
        f"{CLIP},https://other.example/a",
        f"first\n{CLIP}\nthen",
    ),
)
def test_an_address_in_the_users_words_is_found(text: str) -> None:
    assert stands_in(CLIP, text)


@pytest.mark.parametrize(
    "text",
    (
        "",
        "analyze the clip",
        "example.org/clip.mp4",
        "http://example.org/clip.mp4",
        "https://example.org/",
        "https://example.org/clip",
        "https://example.org/clip.mp4/other",
        "https://example.org/clip.mp4?x=1",
        "https://example.org/Clip.mp4",
        "https://example.org/x/clip.mp4",
        "https://example.org:8443/clip.mp4",
        "https://example.organic/clip.mp4",
        "https://example.org.evil.example/clip.mp4",
        "https://evil.example/?u=https://example.org/clip.mp4",
        "https://archive.example/web/https://example.org/clip.mp4",
        "xhttps://example.org/clip.mp4",
        "https://user@example.org/clip.mp4",
    ),
)
def test_another_address_is_another(text: str) -> None:
    assert not stands_in(CLIP, text)


def test_no_shorter_or_longer_address_is_allowed_by_one() -> None:
    text = "analyze https://example.org/a/b.mp4?x=1"
    for other in ("https://example.org", "https://example.org/a", "https://example.org/a/b.mp4", text.split()[1] + "2"):
        assert not stands_in(other, text)


def test_brackets_belong_to_an_address_that_opened_them() -> None:
    assert stands_in("https://example.org/A_(b)", "see https://example.org/A_(b).")
    assert stands_in("https://example.org/A_(b)", "(https://example.org/A_(b))")


def test_a_chinese_folder_is_no_end_of_an_address() -> None:
    assert not stands_in("https://example.org/", "看 https://example.org/视频/a.mp4")
    assert stands_in("https://example.org/视频/a.mp4", "看 https://example.org/视频/a.mp4")
    assert not stands_in("https://example/", "看 https://example中文.org/")
    assert not stands_in("https://shop.caf/", "see https://shop.café")
    assert not stands_in("https://bank.exampl/", "see https://bank.exampl\u0435")
    assert stands_in("https://shop.café/", "see https://shop.café.")


def test_what_is_no_address_never_stands_in_a_text() -> None:
    assert not stands_in("file:///etc/passwd", "file:///etc/passwd")
    assert not stands_in("", "")


def test_addresses_of_a_text_are_listed_in_order() -> None:
    assert addresses_in(f"{CLIP} and http://b.example/x.") == [CLIP, "http://b.example/x"]


def test_hosts_and_folders_can_be_allowed() -> None:
    assert is_allowed(CLIP, ["example.org"])
    assert is_allowed("http://example.org:8080/x", ["EXAMPLE.org"])
    assert is_allowed("https://a.b.example.org/", ["*.example.org"])
    assert is_allowed("https://example.org/talks/1", ["https://example.org/talks/*"])
    assert is_allowed("https://example.org/talks/%E9%A3%8E%20a..b", ["https://example.org/talks/*"])
    assert is_allowed(CLIP, [CLIP])


def test_what_only_looks_like_an_allowed_host_is_not_one() -> None:
    assert not is_allowed("https://evilexample.org/", ["example.org", "*.example.org"])
    assert not is_allowed("https://example.org/", ["*.example.org"])
    assert not is_allowed("https://example.org.evil.example/", ["example.org", "*.example.org"])
    assert not is_allowed("https://example.org@evil.example/", ["example.org"])
    assert not is_allowed("http://example.org/talks/1", ["https://example.org/talks/*"])
    assert not is_allowed("https://example.org/private", ["https://example.org/talks/*"])
    for climbing in (
        "..",
        "%2e%2e",
        ".%2E",
        "x/..%2f..",
        "..;a=b",
        "%2e%2e%3b",
        "%252e%252e",
        "%c0%ae",
        ".%00.",
        "．．",
    ):
        assert not is_allowed(f"https://example.org/talks/{climbing}/private", ["https://example.org/talks/*"])


@pytest.mark.parametrize(
    "pattern", ("*", "*.", "", "exa*ple.org", "https://", "https://*", "ftp://example.org/*", "a b")
)
def test_a_pattern_that_says_too_much_is_refused(pattern: str) -> None:
    assert why_no_pattern(pattern)
