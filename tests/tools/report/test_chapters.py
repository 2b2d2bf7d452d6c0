"""Dividing a recording into chapters."""

from itertools import pairwise

from sensorium.tools.base.moments import Moment, Source
from sensorium.tools.report.chapters import MOST_CHAPTERS, Part, divide

READ = Source(tool="read_text")
HEARD = Source(tool="transcribe", quality="good")
GUESSED = Source(tool="transcribe", provider="pocketsphinx", quality="draft")


def line(text: str, start: float, end: float, *, top: float = 0.1, height: float = 0.1) -> Moment:
    box = (0.1, top, 0.8, top + height)
    return Moment(kind="text", start_seconds=start, end_seconds=end, text=text, box=box, confidence=0.9, source=READ)


def said(text: str, start: float, source: Source = HEARD) -> Moment:
    return Moment(kind="speech", start_seconds=start, end_seconds=start + 4, text=text, source=source)


def cut(at: float) -> Moment:
    return Moment(kind="cut", start_seconds=at, end_seconds=at, source=Source(tool="find_scenes"))


def marks(parts: list[Part]) -> list[tuple[float, float, str]]:
    return [(part.start_seconds, part.end_seconds, part.title) for part in parts]


def test_each_slide_is_a_chapter_under_its_heading() -> None:
    moments = [
        line("Costs", 0, 20),
        line("They fell", 0, 20, top=0.4, height=0.05),
        line("Revenue", 20, 60),
        line("It grew", 30, 60, top=0.4, height=0.05),
    ]
    assert marks(divide(moments, 60.0)) == [(0.0, 20.0, "Costs"), (20.0, 60.0, "Revenue")]


def test_a_slide_that_is_cut_off_within_a_second_does_not_name_the_one_before() -> None:
    moments = [line("Costs", 0, 20), line("Release", 20, 60, top=0.2), line("Demo", 60, 60.9, top=0.1)]
    parts = divide(moments, 60.9)
    assert marks(parts) == [(0.0, 20.0, "Costs"), (20.0, 60.9, "Release")]
    assert [screen.title for part in parts for screen in part.screens] == ["Costs", "Release", "Demo"]


def test_a_point_that_is_added_to_a_slide_starts_no_chapter() -> None:
    points = [line(f"Point {at}", 5.0 * at, 40, top=0.2 + 0.1 * at, height=0.05) for at in range(6)]
    assert marks(divide([line("One slide", 0, 40), *points], 40.0)) == [(0.0, 40.0, "One slide")]


def test_a_glance_at_the_speaker_does_not_divide_a_slide() -> None:
    moments = [line("The plan", 0, 30), line("The plan", 36, 60)]
    assert marks(divide(moments, 60.0)) == [(0.0, 60.0, "The plan")]


def test_a_letter_that_was_misread_does_not_make_a_new_heading() -> None:
    assert len(divide([line("Introduction", 0, 30), line("lntroduction", 30, 60)], 60.0)) == 1


def test_headings_that_differ_in_a_number_are_different() -> None:
    assert len(divide([line("Experiment 1", 0, 30), line("Experiment 2", 30, 60)], 60.0)) == 2


def test_a_heading_of_two_lines_is_one_title() -> None:
    moments = [
        line("How we measured", 0, 30, top=0.1),
        line("the whole system", 0, 30, top=0.22),
        line("with care", 0, 30, top=0.5, height=0.04),
    ]
    assert divide(moments, 30.0)[0].title == "How we measured the whole system"


def test_a_logo_that_stays_is_no_heading() -> None:
    logo = line("ACME", 0, 60, top=0.02, height=0.12)
    parts = divide([logo, line("Costs", 0, 30, top=0.3), line("Revenue", 30, 60, top=0.3)], 60.0)
    assert [part.title for part in parts] == ["Costs", "Revenue"]


def test_subtitles_are_no_headings() -> None:
    lines = [line(f"word{chr(97 + at)} spoken then", 4.0 * at, 4.0 * at + 4, top=0.85, height=0.08) for at in range(15)]
    assert divide(lines, 60.0) == []


def test_an_hour_of_slides_has_at_most_a_dozen_chapters_that_cover_it() -> None:
    moments = [line(f"Topic number {at}", 60.0 * at, 60.0 * at + 60) for at in range(60)]
    parts = divide(moments, 3600.0)
    assert len(parts) == MOST_CHAPTERS
    assert parts[0].start_seconds == 0.0 and parts[-1].end_seconds == 3600.0
    assert all(one.end_seconds == other.start_seconds for one, other in pairwise(parts))
    assert parts[0].title == "Topic number 0"


def test_without_slides_the_cuts_divide_and_short_scenes_are_joined() -> None:
    parts = divide([cut(at) for at in (1.0, 20.0, 40.0, 41.0)], 60.0)
    assert [(part.start_seconds, part.end_seconds) for part in parts] == [(0.0, 20.0), (20.0, 40.0), (40.0, 60.0)]


def test_a_good_transcript_is_divided_where_the_topic_turns() -> None:
    first = [said(f"The garden needs water and the roses in the garden grow {at}.", 5.0 * at) for at in range(30)]
    second = [
        said(f"The engine burns fuel and the pistons of the engine move {at}.", 150 + 5.0 * at) for at in range(30)
    ]
    parts = divide([*first, *second], 300.0)
    assert [part.start_seconds for part in parts] == [0.0, 150.0]
    assert "garden" in parts[0].title.lower() and "engine" in parts[1].title.lower()


def test_the_words_of_a_draft_make_neither_chapters_nor_titles() -> None:
    guesses = [said(f"the garden pen gillum {at}", 5.0 * at, GUESSED) for at in range(60)]
    assert divide(guesses, 300.0) == []
    assert {part.title for part in divide([*guesses, cut(100.0), cut(200.0)], 300.0)} == {""}


def test_a_file_of_unknown_length_has_no_chapters() -> None:
    assert divide([cut(5.0)], None) == []
