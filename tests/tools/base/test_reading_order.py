"""The order in which lines of text are read."""

from sensorium.tools.base.models import TextLine
from sensorium.tools.base.reading_order import joined, reading_order

ASPECT = 16 / 9


def line(text: str, left: float, top: float, right: float, height: float = 0.05) -> TextLine:
    return TextLine(text=text, box=(left, top, right, top + height), confidence=0.9)


def ordered(*lines: TextLine) -> list[str]:
    return [one.text for one in reading_order(lines, ASPECT)]


def test_columns_are_read_one_after_the_other_between_heading_and_footer() -> None:
    assert ordered(
        line("footer", 0.1, 0.9, 0.9),
        line("right 1", 0.55, 0.31, 0.9),
        line("left 2", 0.1, 0.4, 0.45),
        line("right 2", 0.55, 0.41, 0.9),
        line("left 1", 0.1, 0.3, 0.45),
        line("heading", 0.1, 0.1, 0.8, 0.1),
    ) == ["heading", "left 1", "left 2", "right 1", "right 2", "footer"]


def test_a_table_is_read_row_by_row() -> None:
    assert ordered(
        line("12.4", 0.5, 0.3, 0.56),
        line("Europe and Africa", 0.1, 0.3, 0.4),
        line("9.7", 0.5, 0.4, 0.56),
        line("Asia and Oceania", 0.1, 0.4, 0.4),
    ) == ["Europe and Africa", "12.4", "Asia and Oceania", "9.7"]


def test_a_line_that_slopes_a_little_stays_one_row() -> None:
    assert ordered(line("end", 0.6, 0.31, 0.9), line("start", 0.1, 0.29, 0.4), line("next", 0.1, 0.5, 0.4)) == [
        "start",
        "end",
        "next",
    ]


def test_parts_of_a_line_are_joined_and_cells_of_a_table_are_not() -> None:
    parts = joined([line("Hello", 0.1, 0.1, 0.2), line("world", 0.21, 0.1, 0.3), line("42", 0.6, 0.1, 0.65)], ASPECT)
    assert [one.text for one in parts] == ["Hello world", "42"]
    assert parts[0].box == (0.1, 0.1, 0.3, 0.1 + 0.05)
