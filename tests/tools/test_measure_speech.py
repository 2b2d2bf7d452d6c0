from collections.abc import Sequence

import pytest

from sensorium.tools.base.call import call
from sensorium.tools.base.errors import ArgumentError
from sensorium.tools.base.moments import Coverage, Findings, Moment, Source
from sensorium.tools.base.run import Run
from sensorium.tools.measure_speech import SpeechMeasures


def findings(spoken: Sequence[tuple[float, float, str]], seconds: float, quality: str = "good") -> Findings:
    source = Source(tool="transcribe", provider="test", quality=quality)
    return Findings(
        media="artifact://sha256/ab",
        moments=[
            Moment(kind="speech", start_seconds=start, end_seconds=end, text=text, source=source)
            for start, end, text in spoken
        ],
        coverage=Coverage(seconds=seconds, heard=[(0.0, seconds)]),
    )


async def measured(run: Run, speech: Findings, **more: object) -> SpeechMeasures:
    made: SpeechMeasures = await call("measure_speech", {"speech": speech, **more}, run)
    return made


def values(made: SpeechMeasures) -> dict[str, float]:
    return {one.name: one.value for one in made.measures}


async def test_words_a_minute_pauses_and_share(run: Run) -> None:
    twenty = " ".join(["word"] * 20)
    made = await measured(run, findings([(5, 15, twenty), (20, 25, twenty), (25.4, 35, twenty)], 60))
    assert values(made) == {
        "words_per_minute": 120.0,  # 60 words from 5 s to 35 s
        "speech_share_percent": 41.0,  # 24.6 of 60 s
        "pauses": 1.0,
        "longest_pause_seconds": 5.0,
    }
    assert made.pauses == [(15.0, 20.0)]
    assert all(one.media == "artifact://sha256/ab" for one in made.measures)
    assert (made.x_label, made.y_label) == ("seconds", "words per minute")


async def test_the_speed_over_time_adds_up_to_all_words(run: Run) -> None:
    made = await measured(run, findings([(0, 10, "a b c d e f"), (12, 14, "g h"), (58, 61, "i j k")], 61))
    [series] = made.series
    assert series.x == [2.5, 7.5, 12.5, 17.5, 22.5, 27.5, 32.5, 37.5, 42.5, 47.5, 52.5, 58.0]
    assert series.y[:3] == [36.0, 36.0, 24.0]
    assert sum(series.y[:-1]) * 5 / 60 + series.y[-1] * 6 / 60 == pytest.approx(11, abs=0.1)


async def test_chinese_is_counted_in_characters(run: Run) -> None:
    made = await measured(run, findings([(0, 30, "第三季度营业收入同比增长百分之十二，新增客户三百一十家。")], 30))
    assert made.unit == "characters per minute"
    assert values(made)["characters_per_minute"] == 52.0


async def test_a_draft_is_measured_and_named(run: Run) -> None:
    made = await measured(run, findings([(0, 30, "some words")], 30, quality="draft"))
    assert made.limits == [
        "The words were counted in a draft transcript; their number is about right, their text often is not."
    ]


async def test_speech_without_words_has_pauses_but_no_speed(run: Run) -> None:
    made = await measured(run, findings([(0, 10, ""), (14, 20, "")], 20))
    assert values(made) == {"speech_share_percent": 80.0, "pauses": 1.0, "longest_pause_seconds": 4.0}
    assert made.series == []
    assert made.limits == ["The speech was not transcribed: its pauses are known, its speed is not."]


async def test_silence_measures_as_none(run: Run) -> None:
    made = await measured(run, findings([], 20))
    assert values(made) == {"speech_share_percent": 0.0, "pauses": 0.0}
    assert made.limits == ["No speech was found, so there is nothing to measure."]


async def test_findings_without_sound_are_refused(run: Run) -> None:
    with pytest.raises(ArgumentError, match="Give it `transcribe`'s result"):
        await measured(run, Findings())


async def test_the_result_of_transcribe_fits(run: Run) -> None:
    audio = (await call("speak", {"text": "The pendulum swings. <#2#> It never comes higher."}, run)).audio
    heard = await call("transcribe", {"media": audio.handle}, run)
    made = await measured(run, heard)
    assert made.media == audio.handle
    assert values(made)["words_per_minute"] > 20
    chart = await call("make_chart", {"series": made.series, "x_label": made.x_label, "y_label": made.y_label}, run)
    assert chart.picture.bytes > 1000
