"""Parts of a text, also of one that was made to take hours."""

import pytest

from sensorium.tools.writing.outline import sections


@pytest.mark.parametrize(
    ("marked", "plain"),
    [
        ("It is **bold, and *slanting* too**.", "It is bold, and slanting too."),
        ("A ~~wrong~~ __right__ word of `code`.", "A wrong right word of code."),
        ("2 * 3 and 4 ** 5 are sums.", "2 * 3 and 4 ** 5 are sums."),
        ("An **open mark stays.", "An **open mark stays."),
        ("Go to https://www.example.org/a/b?c=d. Then rest.", "Go to example.org. Then rest."),
        ("Go (<http://example.org/a>), then rest.", "Go (example.org), then rest."),
        ("Ask <ann@example.org> or <@bob@example.org> first.", "Ask or first."),
        ('See [the page](http://example.org "its title") for it.', "See the page for it."),
        ("![A dog](dog.png) runs here.", "A dog runs here."),
    ],
)
def test_marks_are_taken_from_words(marked: str, plain: str) -> None:
    _, (section,) = sections(marked)
    assert " ".join(section.sentences) == plain


# With patterns that try each letter again for each before it, any of these takes many minutes.
@pytest.mark.parametrize(
    "hostile",
    [
        pytest.param("a " + "`" * 200_000, id="marks"),
        pytest.param("<" + "@" * 400_000, id="mail"),
        pytest.param("http://" + "a" * 200_000 + "<", id="address"),
        pytest.param("http://a" + "." * 200_000 + "<", id="points"),
    ],
)
def test_no_text_takes_long_to_read(hostile: str) -> None:
    _, (section,) = sections(f"{hostile}\nIt ends.")
    assert "".join(section.sentences).endswith("It ends.")
