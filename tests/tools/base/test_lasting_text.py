"""Lines of text followed through a video."""

import numpy as np

from sensorium.tools.base.lasting_text import follow
from sensorium.tools.base.models import TextLine
from sensorium.tools.base.watching import Reading


def line(text: str, top: float = 0.1, confidence: float = 0.9) -> TextLine:
    return TextLine(text=text, box=(0.1, top, 0.6, top + 0.1), confidence=confidence)


def reading(at: float, *lines: TextLine, shade: int = 255) -> Reading:
    """Return a reading whose picture differs from others unless the shade is the same."""
    small = np.full((180, 320, 3), shade, np.uint8)
    return Reading(at_seconds=at, from_seconds=at, until_seconds=at, lines=list(lines), small=small, view=b"")


def spans(*readings: Reading) -> list[tuple[str, int, int]]:
    return [(one.text, one.first, one.last) for one in follow(readings)]


def test_a_line_that_stands_on_is_one_and_takes_the_surest_reading() -> None:
    assert spans(
        reading(0, line("Revenue grevv twelve percent", confidence=0.7), shade=10),
        reading(1, line("Revenue grew twelve percent", confidence=0.95), line("Customers", 0.3), shade=90),
    ) == [("Revenue grew twelve percent", 0, 1), ("Customers", 1, 1)]


def test_lines_with_other_figures_are_other_lines() -> None:
    first, second = reading(0, line("Phase 1: Data"), shade=10), reading(1, line("Phase 2: Data"), shade=90)
    assert spans(first, second) == [("Phase 1: Data", 0, 0), ("Phase 2: Data", 1, 1)]


def test_text_that_comes_back_later_is_told_twice() -> None:
    assert spans(
        reading(0, line("Welcome to the talk"), shade=10),
        reading(1, line("Something else here"), shade=90),
        reading(2, line("Welcome to the talk"), shade=10),
    ) == [("Welcome to the talk", 0, 0), ("Something else here", 1, 1), ("Welcome to the talk", 2, 2)]


def test_a_line_being_typed_is_one_line() -> None:
    assert spans(
        reading(0, line("def me_"), shade=10),
        reading(1, line("def mean(val_"), shade=20),
        reading(2, line("def mean(values):"), shade=90),
    ) == [("def mean(values):", 0, 2)]


def test_a_line_missed_once_stands_on_and_one_found_late_stood_before_where_nothing_changed() -> None:
    assert spans(
        reading(0, line("Small print below", 0.8)),
        reading(1, line("A new heading", 0.1)),
        reading(2, line("A new heading", 0.1), line("Small print below", 0.8)),
    ) == [("Small print below", 0, 2), ("A new heading", 0, 2)]


def test_scrolled_lines_keep_their_identity() -> None:
    assert spans(
        reading(0, line("Entry number 10 of the list", 0.5), line("Entry number 11 of the list", 0.7), shade=10),
        reading(1, line("Entry number 11 of the list", 0.5), line("Entry number 12 of the list", 0.7), shade=90),
    ) == [
        ("Entry number 10 of the list", 0, 0),
        ("Entry number 11 of the list", 0, 1),
        ("Entry number 12 of the list", 1, 1),
    ]
