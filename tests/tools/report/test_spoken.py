"""Whole sentences of a transcript's segments."""

from sensorium.tools.base.moments import Moment, Source
from sensorium.tools.report.spoken import LONGEST_WORDS, said

GOOD = Source(tool="transcribe", quality="good")


def segment(text: str, start: float, end: float, **more: object) -> Moment:
    return Moment.model_validate(
        {"kind": "speech", "text": text, "start_seconds": start, "end_seconds": end, "source": GOOD, **more}
    )


def found(*segments: Moment) -> list[tuple[str, list[float | None]]]:
    return [(one.text, [moment.start_seconds for moment in one.moments]) for one in said(segments)]


def test_a_sentence_over_two_segments_knows_both() -> None:
    segments = (
        segment("It swings back. And when", 0, 3),
        segment("it returns, it is lower. So", 3, 6),
        segment("it stops.", 6, 7),
    )
    assert found(*segments) == [
        ("It swings back.", [0]),
        ("And when it returns, it is lower.", [0, 3]),
        ("So it stops.", [3, 6]),
    ]


def test_a_pause_ends_a_sentence() -> None:
    assert found(segment("and then", 0, 1), segment("we left", 9, 10)) == [("and then", [0]), ("we left", [9])]


def test_chinese_segments_are_joined_without_a_space() -> None:
    assert found(segment("我们先看", 0, 1), segment("第一张图。", 1, 2)) == [("我们先看第一张图。", [0, 1])]


def test_a_transcript_without_punctuation_stays_in_its_segments() -> None:
    segments = [segment(" ".join(["word"] * 20), 2.0 * at, 2.0 * at + 2) for at in range(LONGEST_WORDS // 20 + 1)]
    assert [starts for _, starts in found(*segments)] == [[2.0 * at] for at in range(len(segments))]


def test_drafts_and_speech_without_words_say_nothing() -> None:
    draft = segment("a guess", 0, 1, source=Source(tool="transcribe", quality="draft"))
    assert found(draft, segment("", 1, 2)) == []
