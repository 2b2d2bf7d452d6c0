"""A report as data: what the draft makes, the checker proves and the renderers write."""

from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from ..base.egress import HostTotal
from ..base.moments import Coverage, Measure, Moment, missing_spans
from ..base.words import Language

SCHEMA = "sensorium.report/1"
# Measures of `probe_media` that tell whether there is sound and whether there is a picture.
_SOUND, _PICTURE = "audio_channels", {"width_pixels", "frames_per_second"}

Role = Literal["claim", "screen", "said", "drafted", "model"]
"""What a sentence gives: our own statement, text on screen, words that were said, words of a draft transcript, or what
a model says of it."""


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """One sentence and what it rests on."""

    text: str
    evidence: tuple[str, ...]
    """Ids of moments, or names of measures."""
    role: Role = "claim"


class Given(BaseModel):
    """A sentence that somebody else has written for a report."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: str = Field(min_length=1)
    evidence: list[str] = Field(description="Ids of moments or measures of the findings.")
    chapter: str = Field("", description="Title of the chapter it belongs to; the summary when left out.")


@dataclass(frozen=True, kw_only=True)
class Chapter:
    """A part of a recording."""

    title: str
    start_seconds: float
    end_seconds: float
    media: str
    sentences: tuple[Sentence, ...]
    picture: str | None
    """Handle of the picture that stands for it."""
    said: tuple[Moment, ...]
    """Its speech, for those who want to read all of it."""


@dataclass(frozen=True, kw_only=True)
class Term:
    """A key term and the moments that have it."""

    text: str
    evidence: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class File:
    """A file the report is about."""

    handle: str
    name: str
    media_type: str
    bytes: int
    coverage: Coverage
    moments: tuple[Moment, ...]
    measures: tuple[Measure, ...]

    @property
    def kind(self) -> str:
        """`video`, `audio`, `image` or another first part of the media type."""
        kind = self.media_type.split("/")[0]
        # A container for video may hold sound alone.
        measured = {one.name for one in self.measures}
        return "audio" if kind == "video" and _SOUND in measured and not measured & _PICTURE else kind

    @property
    def is_silent(self) -> bool:
        """Whether it is known to have no sound to listen to."""
        measured = {one.name for one in self.measures}
        return self.kind == "video" and not self.coverage.heard and _SOUND not in measured and bool(measured & _PICTURE)

    @property
    def fact(self) -> Moment:
        """The moment that has its name, type and size."""
        return next(one for one in self.moments if one.kind == "fact" and one.text.startswith(f"{self.name}: "))

    @property
    def is_unread(self) -> bool:
        """Whether nothing is known but its type and size."""
        covered = self.coverage.looked_at or self.coverage.heard or self.coverage.frames
        return len(self.moments) <= 1 and not self.measures and not covered

    @property
    def not_looked_at(self) -> list[tuple[float, float]]:
        """The parts of a video no frame was looked at in; nothing for sound alone."""
        if self.kind != "video" or not self.coverage.seconds:
            return []
        return missing_spans(self.coverage.looked_at, self.coverage.seconds)


class StepError(BaseModel):
    """Why a step failed."""

    type: str = ""
    message: str = ""


class RunStep(BaseModel):
    """One step of the run that made the report."""

    model_config = ConfigDict(extra="ignore")

    id: str
    tool: str
    status: str
    seconds: float = 0.0
    cost_usd: float = 0.0
    cached: bool = False
    provider: str = "sensorium"
    error: StepError | None = None


class UnreadFile(BaseModel):
    """A file that was given and could not be used."""

    name: str
    error: str


class RunFacts(BaseModel):
    """What ran, how long and at what cost: the one part of a report that differs between two equal runs."""

    model_config = ConfigDict(extra="ignore")

    run_id: str = ""
    request: str = ""
    steps: list[RunStep] = Field(default_factory=list)
    unread: list[UnreadFile] = Field(default_factory=list)
    """Not in the JSON's `run`: each is a limit."""
    cost_usd: float = 0.0
    seconds: float = 0.0
    own_brain: bool = False
    """Not in the JSON's `run`: the model that plans was the caller's own, and what it was sent is not known."""


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A whole report before it is written."""

    language: Language
    request: str
    title: str
    files: tuple[File, ...]
    summary: tuple[Sentence, ...]
    chapters: tuple[Chapter, ...]
    terms: tuple[Term, ...]
    measures: tuple[Measure, ...]
    moments: tuple[Moment, ...]
    limits: tuple[str, ...]
    run: RunFacts
    sent: tuple[HostTotal, ...] | None = None
    """What the run has sent out of this machine; None where that is not known."""

    @property
    def sentences(self) -> list[Sentence]:
        return [*self.summary, *(sentence for chapter in self.chapters for sentence in chapter.sentences)]


def as_json(draft: Draft) -> dict[str, Any]:
    """Return the report in its stable form, `sensorium.report/1`.

    With several files, moments, measures and chapters also say in `media` which one they belong to, and `coverage`
    is that of the first file that has a length, with one entry for each file in `files`. See `docs/report.md`.
    """
    several = len(draft.files) > 1
    extra = {"media"} if several else set()
    return {
        "schema": SCHEMA,
        "run_id": draft.run.run_id,
        "request": draft.request,
        "title": draft.title,
        "language": draft.language,
        "summary": [_sentence(one) for one in draft.summary],
        "chapters": [
            {
                "title": one.title,
                "start_seconds": one.start_seconds,
                "end_seconds": one.end_seconds,
                "picture": one.picture,
                "sentences": [_sentence(sentence) for sentence in one.sentences],
                **({"media": one.media} if several else {}),
            }
            for one in draft.chapters
        ],
        "measures": [one.model_dump(include={"name", "value", "unit", "evidence"} | extra) for one in draft.measures],
        "moments": [one.model_dump(mode="json", exclude=set() if several else {"media"}) for one in draft.moments],
        "coverage": _coverage(draft),
        "limits": list(draft.limits),
        "run": {
            "steps": [one.model_dump(exclude={"error"}) for one in draft.run.steps],
            "cost_usd": draft.run.cost_usd,
            "seconds": draft.run.seconds,
            **({} if draft.sent is None else {"sent": [one.plain() for one in draft.sent]}),
        },
    }


def _sentence(sentence: Sentence) -> dict[str, Any]:
    return {"text": sentence.text, "evidence": list(sentence.evidence)}


def _coverage(draft: Draft) -> dict[str, Any]:
    parts = [{**one.coverage.model_dump(mode="json"), "not_looked_at": one.not_looked_at} for one in draft.files]
    if len(parts) == 1:
        return parts[0]
    # Spans of several files cannot stand on one axis, and empty ones would say that nothing was looked at.
    first = next((part for part in parts if part["seconds"]), parts[0])
    return {**first, "files": [{"media": one.handle, **part} for one, part in zip(draft.files, parts, strict=True)]}
