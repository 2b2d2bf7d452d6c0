import random
import re
from itertools import pairwise

from sensorium.tools.base.models import Utterance, Word
from sensorium.tools.base.subtitles import cues, srt, vtt

TIME = r"(\d\d+):([0-5]\d):([0-5]\d)[.,](\d{3})"


def utterance(text: str, start: float, end: float, *, words: bool = False) -> Utterance:
    parts = text.split() if words else []
    step = (end - start) / max(1, len(parts))
    return Utterance(
        text=text,
        start_seconds=start,
        end_seconds=end,
        words=tuple(
            Word(text=part, start_seconds=start + at * step, end_seconds=start + (at + 1) * step)
            for at, part in enumerate(parts)
        ),
    )


def read(subtitles: str) -> list[tuple[int, int, list[str]]]:
    """Read SRT or WebVTT strictly: start and end in milliseconds, lines."""
    found = []
    for block in re.split(r"\n\n", subtitles.removeprefix("WEBVTT\n\n").rstrip("\n")):
        lines = block.split("\n")
        at = next(number for number, line in enumerate(lines) if "-->" in line)
        match = re.fullmatch(f"{TIME} --> {TIME}", lines[at])
        assert match and at <= 1, block
        clock = [int(part) for part in match.groups()]
        start, end = (((h * 60 + m) * 60 + s) * 1000 + ms for h, m, s, ms in (clock[:4], clock[4:]))
        found.append((start, end, lines[at + 1 :]))
    return found


def test_srt_looks_like_srt() -> None:
    made = srt(cues([utterance("Hello there.", 1.5, 3.25), utterance("And again.", 3725.0, 3727.0)]))
    assert made == ("1\n00:00:01,500 --> 00:00:03,250\nHello there.\n\n2\n01:02:05,000 --> 01:02:07,000\nAnd again.\n")


def test_webvtt_looks_like_webvtt() -> None:
    made = vtt(cues([utterance("Hello there.", 1.5, 3.25)]))
    assert made == "WEBVTT\n\n00:00:01.500 --> 00:00:03.250\nHello there.\n"


def test_text_cannot_end_a_subtitle_or_carry_markup() -> None:
    hostile = "<b>one</b> & 00:01 --> 00:02\n\nNOTE two {\\an8} \x00three"
    plain = srt(cues([utterance(hostile, 0, 4)]))
    assert len(read(plain)) == 1
    assert not re.search(r"[<{\x00]", plain)
    escaped = vtt(cues([utterance(hostile, 0, 4)]))
    assert len(read(escaped)) == 1
    assert "&lt;b&gt;one&lt;/b&gt; &amp;" in escaped and "--&gt;" in escaped


def test_latin_lines_have_at_most_42_letters_two_at_a_time() -> None:
    text = " ".join(["considerable", "length", "of", "a", "sentence,", "with", "words."] * 12)
    made = read(srt(cues([utterance(text, 0, 40, words=True)])))
    assert len(made) > 4
    assert all(len(lines) <= 2 and all(0 < len(line) <= 42 for line in lines) for _, _, lines in made)
    assert " ".join(line for _, _, lines in made for line in lines) == text
    assert all(end - start <= 7000 for start, end, _ in made)


def test_chinese_lines_have_at_most_18_letters_two_at_a_time() -> None:
    text = "第三季度营业收入同比增长百分之十二，新增客户三百一十家。下一步是发布新产品，并且把服务扩展到更多的城市。"
    made = read(vtt(cues([utterance(text, 0, 20)])))
    assert all(len(lines) <= 2 and all(0 < len(line) <= 18 for line in lines) for _, _, lines in made)
    assert "".join(line for _, _, lines in made for line in lines) == text
    assert not any(line[0] in "，。" for _, _, lines in made for line in lines)


def test_a_word_longer_than_a_line_is_broken() -> None:
    word = "https://example.org/" + "".join(f"{number:03}" for number in range(40))
    made = read(srt(cues([utterance(word, 0, 5)])))
    assert all(len(line) <= 42 for _, _, lines in made for line in lines)
    assert "".join(line for _, _, lines in made for line in lines) == word


def test_utterances_without_text_give_no_subtitle() -> None:
    assert cues([utterance("", 0, 5), utterance("  ", 5, 9)]) == []


def test_times_never_overlap_or_run_backwards() -> None:
    numbers = random.Random(3)
    spoken = []
    at = 0.0
    for _ in range(200):
        # Recognizers do give utterances that overlap, end where they start, or hold words outside of them.
        start = max(0.0, at + numbers.uniform(-0.5, 1.0))
        at = start + numbers.choice([0.0, 0.01, 1.0, 5.0, 20.0])
        spoken.append(utterance("some words and then some more of them", start, at, words=numbers.random() < 0.5))
    made = read(srt(cues(spoken)))
    assert all(0 <= start < end for start, end, _ in made)
    assert all(one[1] <= other[0] for one, other in pairwise(made))
