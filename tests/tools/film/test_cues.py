import pytest

from sensorium.tools.base.errors import MediaError
from sensorium.tools.film.cues import read_cues

SRT = (
    "1\r\n00:00:01,500 --> 00:00:03,000\r\n<i>Hello</i> {\\an8}there,\r\nyou\r\n\r\n"
    "2\r\n01:00:00,000 --> 01:00:01,000\r\n你好，\r\n世界\r\n"
)
VTT = (
    "WEBVTT - it\n\nNOTE nothing\n\none\n"
    "00:01.500 --> 00:03.000 align:start\n<v Ann>Fish &amp; chips\n\n"
    "00:04.000 --> 00:05.000\n- Yes?\n- No.\n"
)


def test_subrip_and_webvtt_are_read_without_their_marks() -> None:
    first, second = read_cues(SRT.encode(), "a.srt")
    assert (first.start_seconds, first.end_seconds, first.text) == (1.5, 3.0, "Hello there, you")
    assert (second.start_seconds, second.text) == (3600.0, "你好，世界")
    first, second = read_cues(VTT.encode(), "a.vtt")
    assert (first.start_seconds, first.text) == (1.5, "Fish & chips")
    assert second.text == "- Yes?\n- No."


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "gb18030"])
def test_the_encodings_that_people_use_are_known(encoding: str) -> None:
    assert read_cues(SRT.encode(encoding), "a.srt")[1].text == "你好，世界"


def test_they_are_put_in_order_and_those_without_words_or_time_are_left_out() -> None:
    times = {"5,000 --> 00:00:06,000": "b", "1,000 --> 00:00:02,000": "a", "3,000 --> 00:00:03,000": "c"}
    text = "".join(f"00:00:0{at}\n{words}\n\n" for at, words in {**times, "4,000 --> 00:00:04,500": ""}.items())
    assert [one.text for one in read_cues(text.encode(), "a.srt")] == ["a", "b"]


@pytest.mark.parametrize("content", [b"", b"hello", b"\x00\xff" * 100, b"1\n00:00:01 -> 00:00:02\nno\n"])
def test_what_is_none_is_refused(content: bytes) -> None:
    with pytest.raises(MediaError, match="no subtitles in it"):
        read_cues(content, "a.srt")


def test_too_much_is_refused() -> None:
    with pytest.raises(MediaError, match="at most"):
        read_cues(b" " * (5 << 20), "a.srt")
    many = "".join(f"00:00:0{n % 9},000 --> 00:00:09,500\nx\n\n" for n in range(20_001))
    with pytest.raises(MediaError, match="more than 20,000"):
        read_cues(many.encode(), "a.srt")
