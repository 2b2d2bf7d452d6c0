"""Subtitles are read from SRT and WebVTT, whatever else stands in the file."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensorium.tools.base.errors import MediaError
from sensorium.tools.cutting.subtitle_files import Subtitle, one_at_a_time, read_subtitles

SRT = """1
00:00:01,000 --> 00:00:02,500
Hello <i>there</i>,
friend

2
00:01:00,250 --> 00:01:01,000
{\\an8}你好
"""
VTT = """WEBVTT - a title

NOTE 00:00.000 --> 00:09.000
not this

STYLE
::cue { color: red }

intro
00:01.000 --> 00:02.500 align:start
<v Ann>Fish &amp; chips

"""


def test_srt_is_read_with_its_times_and_without_its_markup() -> None:
    assert read_subtitles(SRT.encode(), "a.srt") == [
        Subtitle(start_seconds=1.0, end_seconds=2.5, text="Hello there,\nfriend"),
        Subtitle(start_seconds=60.25, end_seconds=61.0, text="你好"),
    ]


def test_webvtt_is_read_without_its_notes() -> None:
    assert read_subtitles(VTT.encode(), "a.vtt") == [Subtitle(start_seconds=1.0, end_seconds=2.5, text="Fish & chips")]


@pytest.mark.parametrize("content", [SRT.replace("\n", "\r\n").encode("utf-8-sig"), SRT.encode("utf-16")])
def test_other_encodings_and_line_ends_are_read(content: bytes) -> None:
    assert len(read_subtitles(content, "a.srt")) == 2


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "holds no subtitles"),
        (b"just some words", "it begins with 'just some words'"),
        (b"1\n00:00:02,000 --> 00:00:01,000\nbackwards\n", "holds no subtitles"),
        (b"\xff\xd8\xff\xe0picture", "no text in UTF-8"),
        (b"x" * (9 << 20), "at most 8 MB"),
    ],
)
def test_what_is_no_subtitles_is_named(content: bytes, says: str) -> None:
    with pytest.raises(MediaError, match=says):
        read_subtitles(content, "a.srt")


def test_what_would_steer_a_terminal_is_taken_out() -> None:
    (one,) = read_subtitles("1\n00:00:01,000 --> 00:00:02,000\na\x1b[31mb\u202ec\n".encode(), "a.srt")
    assert one.text == "a [31mb c"


def test_subtitles_that_overlap_are_shown_together() -> None:
    given_ones = [
        Subtitle(start_seconds=0, end_seconds=2, text="one"),
        Subtitle(start_seconds=1, end_seconds=3, text="two"),
    ]
    assert [(one.start_seconds, one.end_seconds, one.text) for one in one_at_a_time(given_ones)] == [
        (0, 1, "one"),
        (1, 2, "one\ntwo"),
        (2, 3, "two"),
    ]


@given(st.text(max_size=200))
def test_no_text_makes_the_reader_fail(text: str) -> None:
    try:
        found = read_subtitles(f"1\n00:00:01,000 --> 00:00:02,000\n{text}".encode("utf-8", "ignore"), "a.srt")
    except MediaError:
        return
    assert all(one.text and one.end_seconds > one.start_seconds for one in found)
