"""Speed and pauses of speech."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from .base.errors import ArgumentError
from .base.moments import Findings, Measure, Moment, Series, Span, merge_spans, missing_spans
from .base.pace import pace
from .base.run import Run
from .base.tool import tool
from .base.words import count_words, guess_language

Unit = Literal["words per minute", "characters per minute"]


class SpeechMeasures(Findings):
    """How fast somebody speaks, how much, and with which pauses."""

    series: list[Series] = Field(description="Speed over time, ready for `make_chart`; `x` in seconds.")
    x_label: str
    y_label: str
    unit: Unit = Field(description="Chinese is counted in characters.")
    pauses: list[Span] = Field(description="Start and end of each pause, in seconds.")
    speaking_seconds: float


@tool(effect="pure", resource="cpu", version=2)
async def measure_speech(
    speech: Annotated[Findings, Field(description='The result of `transcribe`; in a plan give `"$STEP"`.')],
    *,
    pause_seconds: Annotated[float, Field(ge=0.2, le=60, description="A shorter silence is no pause.")] = 1.0,
    run: Run,
) -> SpeechMeasures:
    """Measure speech that was transcribed: words a minute over time, pauses, and how much of the time is speech.

    Give `series` to `make_chart` for a picture of it.
    """
    spoken = [
        one
        for one in speech.moments
        if one.kind == "speech" and one.start_seconds is not None and one.end_seconds is not None
    ]
    if not spoken and speech.coverage is None:
        raise ArgumentError(
            "`speech` has no speech in it and does not say what was heard. Give it `transcribe`'s result."
        )
    spans = merge_spans([_span(one) for one in spoken])
    seconds = (speech.coverage.seconds if speech.coverage else None) or (spans[-1][1] if spans else 0.0)
    speaking = sum(end - start for start, end in spans)
    text = "\n".join(one.text for one in spoken)
    count = count_words(text)
    chinese = guess_language(text) == "zh"
    unit: Unit = "characters per minute" if chinese else "words per minute"
    # Before the first and after the last word there is no pause in the speech.
    pauses = (
        [
            (round(spans[0][0] + start, 3), round(spans[0][0] + end, 3))
            for start, end in missing_spans(
                [(start - spans[0][0], end - spans[0][0]) for start, end in spans],
                spans[-1][1] - spans[0][0],
                pause_seconds,
            )
        ]
        if spans
        else []
    )
    talk_seconds = spans[-1][1] - spans[0][0] if spans else 0.0
    measures = [
        Measure(name="speech_share_percent", value=round(100 * speaking / seconds, 1) if seconds else 0.0, unit="%"),
        Measure(name="pauses", value=float(len(pauses)), unit=f"of at least {pause_seconds:g} s"),
    ]
    if count and talk_seconds > 0:
        name = unit.replace(" ", "_")
        measures.insert(0, Measure(name=name, value=round(60 * count / talk_seconds, 1), unit=unit))
    if pauses:
        longest = max(end - start for start, end in pauses)
        measures.append(Measure(name="longest_pause_seconds", value=round(longest, 1), unit="s"))
    return SpeechMeasures(
        media=speech.media,
        measures=[measure.model_copy(update={"media": speech.media}) for measure in measures],
        limits=_limits(spoken, count),
        partial=speech.partial,
        series=[_speed(spoken, seconds, unit)] if count and seconds else [],
        x_label="seconds",
        y_label=unit,
        unit=unit,
        pauses=pauses,
        speaking_seconds=round(speaking, 3),
    )


def _span(moment: Moment) -> Span:
    assert moment.start_seconds is not None and moment.end_seconds is not None
    return moment.start_seconds, moment.end_seconds


def _speed(spoken: Sequence[Moment], seconds: float, unit: Unit) -> Series:
    stretches = pace(spoken, seconds)
    return Series(
        name=unit,
        x=[round((one.start_seconds + one.end_seconds) / 2, 1) for one in stretches],
        y=[round(one.words_per_minute, 1) for one in stretches],
    )


def _limits(spoken: Sequence[Moment], count: int) -> list[str]:
    if not spoken:
        return ["No speech was found, so there is nothing to measure."]
    if not count:
        return ["The speech was not transcribed: its pauses are known, its speed is not."]
    if any(one.source.quality == "draft" for one in spoken):
        return ["The words were counted in a draft transcript; their number is about right, their text often is not."]
    return []
