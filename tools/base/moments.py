"""What was seen or heard, and when: the evidence every perception tool returns."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Kind = Literal["speech", "text", "picture", "cut", "fact"]
Box = tuple[float, float, float, float]
"""Left, top, right, bottom as fractions of the upright picture's width and height."""
Span = tuple[float, float]
"""Start and end in seconds, counted from the first frame or sample."""


class Source(BaseModel):
    """Who says so, and how well it can be trusted."""

    model_config = ConfigDict(frozen=True)

    tool: str
    provider: str = "sensorium"
    quality: Literal["measured", "good", "draft", "model"] = "measured"
    """`model`: what a model makes of it, which no tool has measured."""


class Moment(BaseModel):
    """One thing that was seen or heard: the unit of evidence."""

    model_config = ConfigDict(frozen=True)

    id: str = Field("", description="Given by the report: m1, m2, … in order of time.")
    kind: Kind
    start_seconds: float | None = Field(None, description="None for a still picture and for facts of a whole file.")
    end_seconds: float | None = None
    text: str = ""
    media: str | None = Field(None, description="Handle of the file it was seen or heard in.")
    artifact: str | None = Field(None, description="Handle of a picture or other artifact that shows it.")
    box: Box | None = None
    confidence: float | None = None
    source: Source


class Measure(BaseModel):
    """A number that was measured, under a name that a sentence can cite."""

    model_config = ConfigDict(frozen=True)

    id: str = Field("", description="Given where a model is to cite it: `probe.duration_seconds`.")
    name: str = Field(description="snake_case, unique in a report, for example `speech_words_per_minute`.")
    value: float
    unit: str = ""
    media: str | None = None
    evidence: list[str] = Field(default_factory=list, description="Ids of the moments it was computed from.")


class Coverage(BaseModel):
    """Which part of a file was really looked at and listened to."""

    model_config = ConfigDict(frozen=True)

    seconds: float | None = Field(None, description="Length of the whole file.")
    looked_at: list[Span] = Field(default_factory=list)
    heard: list[Span] = Field(default_factory=list)
    frames: int = Field(0, description="Frames decoded and examined.")


class Findings(BaseModel):
    """What a perception tool returns; each tool's own result adds its typed fields to it.

    A report takes any list of findings, so a new perception tool shows up in reports without further code.
    """

    media: str | None = Field(None, description="Handle of the file that was examined.")
    moments: list[Moment] = Field(default_factory=list)
    measures: list[Measure] = Field(default_factory=list)
    coverage: Coverage | None = None
    limits: list[str] = Field(default_factory=list, description="What a reader must know before trusting this.")
    partial: bool = Field(False, description="True when the file could be read only in part; `limits` says which.")


class Stretch(BaseModel):
    """A stretch of a video; a scene of `find_scenes` is one."""

    start_seconds: float
    end_seconds: float


class Series(BaseModel):
    """Numbers to plot: one line, or one set of bars."""

    name: str = ""
    x: list[float] | list[str] = Field(description="Positions, or the names of the bars.")
    y: list[float] = Field(description="As many numbers as there are in `x`.")


def flatten(value: Any) -> list[Any]:
    """Return findings as one flat list, without what a failed step did not give.

    A step with `for_each` yields a list where others yield one.
    """
    if not isinstance(value, list):
        return [value]
    return [item for part in value for item in flatten(part) if item is not None]


def merge_spans(spans: list[Span], gap_seconds: float = 0.0) -> list[Span]:
    """Return the union of spans in order; those at most `gap_seconds` apart become one."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1] + gap_seconds:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def missing_spans(covered: list[Span], seconds: float, at_least_seconds: float = 0.5) -> list[Span]:
    """Return the parts of 0…`seconds` that `covered` leaves out and that are at least `at_least_seconds` long."""
    gaps: list[Span] = []
    position = 0.0
    for start, end in [*merge_spans(covered), (seconds, seconds)]:
        if start - position >= at_least_seconds:
            gaps.append((position, start))
        position = max(position, end)
    return gaps
