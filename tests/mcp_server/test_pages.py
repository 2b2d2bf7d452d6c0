"""Long results in pages."""

import pytest

from sensorium.mcp_server.pages import PAGE_CHARS, Page, compact, page_of, shortened

LINES = [{"start_seconds": float(n), "text": f"line {n} " + "word " * 20} for n in range(1000)]


def _all_pages(plain: dict[str, object]) -> list[Page]:
    first = page_of(plain, 1)
    return [page_of(plain, number) for number in range(1, first.count + 1)]


def test_a_short_result_is_one_page_and_unchanged() -> None:
    plain = {"language": "en", "segments": LINES[:3]}
    assert page_of(plain, 1) == Page(plain, 1, 1)
    assert page_of(plain, 7) == Page(plain, 1, 1)


def test_pages_hold_every_item_once_in_order_and_are_never_too_long() -> None:
    words = [f"w{n}" for n in range(9000)]
    plain = {"language": "en", "segments": LINES, "limits": ["draft"], "facts": {"note": "n" * 3900}, "words": words}
    pages = _all_pages(plain)
    assert len(pages) > 5
    assert [item for page in pages for item in page.content["segments"]] == plain["segments"]
    assert [item for page in pages for item in page.content["words"]] == plain["words"]
    assert all(page.content["language"] == "en" and page.content["limits"] == ["draft"] for page in pages)
    assert all(list(page.content) == list(plain) for page in pages)
    assert max(len(compact(page.content)) for page in pages) <= PAGE_CHARS


@pytest.mark.parametrize(
    "text", ["all work and no play " * 4000, "只工作不玩耍" * 9000, 'a"\n\\' * 20_000, "\x01" * 50_000]
)
def test_long_text_is_cut_and_loses_nothing(text: str) -> None:
    pages = _all_pages({"text": text, "truncated": False})
    assert "".join(page.content["text"] for page in pages) == text
    assert max(len(compact(page.content)) for page in pages) <= PAGE_CHARS


def test_words_are_not_cut_in_the_middle() -> None:
    pages = _all_pages({"text": "lettuce " * 9000})
    assert all(page.content["text"].endswith("lettuce ") for page in pages)


def test_one_enormous_item_is_cut_down() -> None:
    huge = {"text": "x" * 500_000, "list": list(range(100_000))}
    plain = {"items": [huge, {"text": "short"}], "facts": {"a": "y" * 99_999}}
    pages = _all_pages(plain)
    assert max(len(compact(page.content)) for page in pages) <= PAGE_CHARS
    assert pages[-1].content["items"][-1] == {"text": "short"}


def test_long_objects_alone_are_cut_down_to_one_page() -> None:
    page = page_of({"coverage": {"heard": [[n, n + 1] for n in range(9000)]}, "seconds": 9.0}, 3)
    assert (page.number, page.count, page.content["seconds"]) == (1, 1, 9.0)
    assert 0 < len(compact(page.content)) <= PAGE_CHARS


def test_a_page_past_the_end_is_the_last_one() -> None:
    plain = {"segments": LINES}
    assert page_of(plain, 9999) == _all_pages(plain)[-1]


def test_shortened_data_says_that_it_was_cut() -> None:
    assert shortened({"text": "x" * 9000}, 3000)["text"].endswith("x…")
    assert shortened({"text": "lettuce " * 1000}, 3000)["text"].endswith("lettuce…")
