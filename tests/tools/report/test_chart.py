"""The bars that show how fast is spoken."""

import re

import pytest

from sensorium.tools.base.call import call
from sensorium.tools.base.moments import Coverage, Findings, Moment, Source
from sensorium.tools.base.run import Run
from sensorium.tools.report import chart
from sensorium.tools.report.model import File
from sensorium.tools.report.wording import Wording

EN = Wording("en")


def speech(seconds: float) -> list[Moment]:
    source = Source(tool="transcribe", quality="good")
    return [
        Moment(kind="speech", start_seconds=at, end_seconds=at + 4.0, text="some words of a talk", source=source)
        for at in range(0, int(seconds) - 4, 6)
    ]


def spoken(seconds: float) -> File:
    return File(
        handle="a",
        name="a.wav",
        media_type="audio/wav",
        bytes=9,
        coverage=Coverage(seconds=seconds, heard=[(0.0, seconds)]),
        moments=tuple(speech(seconds)),
        measures=(),
    )


def test_a_bar_stands_at_its_time() -> None:
    bars = chart.speech_bars(spoken(68.0), EN)
    assert bars
    drawn = re.findall(r'class="bar" x="([\d.]+)" .*?width="([\d.]+)" .*?<title>([\d:]+):', chart.draw(bars))
    middles = [float(x) + float(width) / 2 for x, width, _ in drawn]
    # The last of the bars stands for 65 s to 68 s.
    assert (len(drawn), drawn[-1][2]) == (14, "1:05")
    assert middles[-1] == pytest.approx(1000 * 66.5 / 68, abs=0.2)
    assert middles[0] == pytest.approx(1000 * 2.5 / 68, abs=0.2)
    assert float(drawn[-1][1]) == pytest.approx(float(drawn[0][1]) * 3 / 5, abs=0.2)


async def test_bars_and_measured_speed_agree(run: Run) -> None:
    found = Findings(moments=speech(61.0), coverage=Coverage(seconds=61.0, heard=[(0.0, 61.0)]))
    measured = await call("measure_speech", {"speech": found}, run)
    bars = chart.speech_bars(spoken(61.0), EN)
    assert bars and [round(one.value, 1) for one in bars.bars] == measured.series[0].y
