"""Subtitles are read from SubRip, WebVTT and ASS, whatever else stands in the file and whoever wrote it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensorium.tools.base.errors import MediaError
from sensorium.tools.base.subtitle_files import Subtitle, SubtitleFile, one_at_a_time, read_subtitles, subtitles_in

SRT = """1
00:00:01,000 --> 00:00:02,500
Hello <i>there</i>,
friend

2
00:01:00,250 --> 00:01:01,000
{\\an8}你好
"""
VTT = """WEBVTT - a title

NOTE
00:00.000 --> 00:09.000
not this

STYLE
::cue { color: red }

intro
00:01.000 --> 00:02.500 align:start
<v Ann>Fish &amp; chips

00:04.000 --> 00:05.000
- Yes?
- No.
"""
ASS = """[Script Info]
Title: it

[V4+ Styles]
Style: Default,Arial,20

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Comment: 0,0:00:00.00,0:00:09.00,Default,,0,0,0,,not this
Dialogue: 0,0:01:00.25,0:01:01.00,Default,Ann,0,0,0,,你好
Dialogue: 0,0:00:01.00,0:00:02.50,Default,,0,0,0,,{\\i1}Hello there{\\i0},\\Nfriend
Dialogue: 0,0:00:01.00,0:00:02.50,Default,,0,0,0,,{\\p1}m 0 0 l 100 0{\\p0}
"""


def read(text: str) -> list[tuple[float, float, str]]:
    found = subtitles_in(text.encode(), "a.srt").subtitles
    return [(one.start_seconds, one.end_seconds, one.text) for one in found]


@pytest.mark.parametrize(
    "text",
    [SRT, SRT.replace("\n", "\r\n"), SRT.replace(",0", ".0"), ASS, f"\n\n{SRT}", ASS.replace("[Events]", "[events] ")],
)
def test_they_are_read_in_order_of_time_without_their_markup(text: str) -> None:
    assert read(text) == [(1.0, 2.5, "Hello there,\nfriend"), (60.25, 61.0, "你好")]


def test_webvtt_is_read_without_its_notes() -> None:
    assert read(VTT) == [(1.0, 2.5, "Fish & chips"), (4.0, 5.0, "- Yes?\n- No.")]


def test_a_number_that_is_said_is_no_number_of_a_subtitle() -> None:
    said = [(1.0, 2.0, "42"), (3.0, 4.0, "43")]
    assert read("WEBVTT\n\n00:01.000 --> 00:02.000\n42\n\n7\n00:03.000 --> 00:04.000\n43\n") == said
    assert read("1\n00:00:01,000 --> 00:00:02,000\n42\n\n2\n00:00:03,000 --> 00:00:04,000\n43\n") == said


def test_those_of_a_file_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.srt"
    path.write_text(SRT, encoding="utf-8")
    assert read_subtitles(path, "a.srt") == subtitles_in(SRT.encode(), "a.srt")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        # No empty line between them, and some without numbers.
        (
            "1\n00:01,0 --> 00:02,0\none\n2\n00:03,0 --> 00:04,0\n42\n3\n00:05,0 --> 00:06,0\nthree",
            ["one", "42", "three"],
        ),
        ("00:01,0 --> 00:02,0\n42\n\n00:03,0 --> 00:04,0\ntwo", ["42", "two"]),
        # An empty line within.
        ("1\n00:01,0 --> 00:02,0\none\n\nmore\n\n2\n00:03,0 --> 00:04,0\ntwo", ["one\nmore", "two"]),
        ("1\n00:01,0 --> 00:02,0\n\n2\n00:03,0 --> 00:04,0\ntwo", ["two"]),
        ("00:00:05,000 --> 00:00:06,000\nlater\n\n00:00:01 --> 00:00:02\nsooner", ["sooner", "later"]),
        (
            "00:01,0 --> 00:02,0\n<laughs> I <3 <b>you</b> & 1 < 2 {sic} R&amp;B &#128512;",
            ["<laughs> I <3 you & 1 < 2 {sic} R&B 😀"],
        ),
        ("00:01,0 --> 00:02,0\nDialogue: 1,2\n[Events]", ["Dialogue: 1,2\n[Events]"]),
    ],
)
def test_they_are_read_as_people_write_them(text: str, found: list[str]) -> None:
    assert [one for _, _, one in read(text)] == found


@pytest.mark.parametrize(
    ("times", "found"),
    [
        ("00:00:01.5 --> 00:00:02,25", (1.5, 2.25)),
        ("01:02,000 --> 01:03,000 align:start position:10%", (62.0, 63.0)),
        ("-00:00:01,000 --> 00:00:01,000", (0.0, 1.0)),
        ("30:00:00,000 --> 30:00:01,000", (108_000.0, 108_001.0)),
    ],
)
def test_times_are_read_as_people_write_them(times: str, found: tuple[float, float]) -> None:
    assert read(f"{times}\nwords") == [(*found, "words")]


def test_those_without_words_or_time_are_left_out_and_that_is_said() -> None:
    file = subtitles_in(f"00:03,0 --> 00:02,0\nbackwards\n\n00:05,0 --> 00:06,0\n<b></b>\n\n{SRT}".encode(), "a.srt")
    assert len(file.subtitles) == 2
    assert file.limits == ("2 subtitles of 'a.srt' have no words, or end before they begin, and were left out.",)


def test_a_guessed_encoding_is_said() -> None:
    file = subtitles_in(SRT.encode("gb18030"), "a.srt")
    assert file.subtitles[1].text == "你好"
    assert "read as GB18030" in file.limits[0]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "holds no subtitles"),
        (b"just some words", "it begins with 'just some words'"),
        (b"1\n00:00:01 -> 00:00:02\nno\n", "holds no subtitles"),
        (b"1\n00:00:02,000 --> 00:00:01,000\nbackwards\n", "holds no subtitles"),
        (b"\x00\xff" * 100, "Save the subtitles as UTF-8"),
        (b"x" * (9 << 20), "more than 8 MB"),
        (b"00:01,0 --> 00:02,0\nx\n" * 20_001, "more than 20,000"),
    ],
)
def test_what_is_no_subtitles_is_named(content: bytes, says: str) -> None:
    with pytest.raises(MediaError, match=says):
        subtitles_in(content, "a.srt")


def test_what_would_steer_a_terminal_is_taken_out_and_what_shapes_letters_stays() -> None:
    assert read("00:01,0 --> 00:02,0\na\x1b[31mb\u202ec &#27;[1m")[0][2] == "a [31mb c [1m"
    shaped = "می\u200cخواهم 👩\u200d👧 क्\u200dष"
    assert read(f"00:01,0 --> 00:02,0\n{shaped} so\u00adft")[0][2] == f"{shaped} soft"


def _subtitles(*given: tuple[float, float, str]) -> list[Subtitle]:
    return [Subtitle(start_seconds=start, end_seconds=end, text=text) for start, end, text in given]


def test_subtitles_that_overlap_are_shown_together() -> None:
    assert one_at_a_time(_subtitles((0, 2, "one"), (1, 3, "two"))) == _subtitles(
        (0, 1, "one"), (1, 2, "one\ntwo"), (2, 3, "two")
    )


def test_those_that_overlap_by_rounding_follow_each_other() -> None:
    assert one_at_a_time(_subtitles((0, 2.05, "one"), (2, 3, "two"))) == _subtitles((0, 2, "one"), (2, 3, "two"))
    assert one_at_a_time(_subtitles((0, 2, "twice"), (0, 2, "twice"))) == _subtitles((0, 2, "twice"))


def test_no_more_are_shown_together_than_fit() -> None:
    many = one_at_a_time(_subtitles(*((number / 100, 500, f"{number}") for number in range(9_000))))
    assert max(one.text.count("\n") for one in many) == 5


@given(st.text(max_size=200), st.sampled_from(["", "WEBVTT\n\n", "[Script Info]\n[Events]\nDialogue: 0,"]))
def test_no_text_makes_the_reader_fail(text: str, head: str) -> None:
    try:
        file: SubtitleFile = subtitles_in(f"{head}00:00:01,000 --> 00:00:02,000\n{text}".encode("utf-8", "ignore"), "a")
    except MediaError:
        return
    assert all(one.text and one.end_seconds > one.start_seconds for one in file.subtitles)
