"""What looking gives."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from ..base.moments import Box, Findings, Series, Span
from ..base.workspace import Artifact
from .asked import Task

ChartKind = Literal["line", "bar", "scatter", "pie", "area", "other"]


class Place(BaseModel):
    """Where something is."""

    model_config = ConfigDict(frozen=True)

    what: str
    media: str = Field(description="Handle of the picture or video it is in.")
    at_seconds: float | None = Field(None, description="Of the frame; None in a still picture.")
    box: Box


class Table(BaseModel):
    """A table that was read."""

    title: str = ""
    rows: list[list[str]]
    media: str
    at_seconds: float | None = None


class Axis(BaseModel):
    """An axis of a chart."""

    label: str = ""
    unit: str = ""
    low: float | None = None
    high: float | None = None


class ChartRead(BaseModel):
    """A chart that was read off a picture; give `series` to `make_chart` to draw it again."""

    title: str = ""
    kind: ChartKind = "other"
    x_axis: Axis = Axis()
    y_axis: Axis = Axis()
    series: list[Series] = Field(default_factory=list, description="Values read off the picture: about right.")
    trend: str = ""
    insights: list[str] = Field(default_factory=list)


class Counted(BaseModel):
    """How many of something were seen."""

    what: str
    number: int
    places: list[Place] = Field(default_factory=list)


class Glance(BaseModel):
    """One picture that the model was shown."""

    number: int = Field(description="What the model calls it.")
    media: str
    at_seconds: float | None = Field(None, description="Of the frame; None of a still picture.")
    box: Box | None = Field(None, description="The part that was shown; None for all of it.")
    on_sheet: bool = Field(False, description="It was small, one of many on a contact sheet.")


class Spent(BaseModel):
    """What looking cost."""

    budget_tokens: int
    requests: int = 0
    pictures: int = Field(0, description="Pictures sent; a contact sheet is one.")
    estimated_tokens: int = Field(0, description="Of pictures and text sent, by the vendor's documented formula.")
    reported_tokens: int | None = Field(None, description="The same as the endpoint counted it; None if it did not.")
    answer_tokens: int | None = Field(None, description="Of the answers, as the endpoint counted them.")


class Looked(Findings):
    """What was seen, with where and when, what was looked at for it, and what it cost."""

    task: Task
    question: str = ""
    answer: str = Field(description="In words, in the language of the question.")
    enough: bool = Field(True, description="False: the budget was used before the model could be sure.")
    lines: list[str] = Field(default_factory=list, description="Text that was read, in order.")
    tables: list[Table] = Field(default_factory=list)
    formulas: list[str] = Field(default_factory=list, description="As LaTeX.")
    chart: ChartRead | None = None
    counts: list[Counted] = Field(default_factory=list)
    found: list[Place] = Field(default_factory=list)
    glances: list[Glance] = Field(default_factory=list, description="Every picture the model was shown, in order.")
    pictures: list[Artifact] = Field(
        default_factory=list, description="The frames and parts that the moments point to, and those shown alone."
    )
    not_looked_at: list[Span] = Field(default_factory=list, description="Parts of the window between the frames shown.")
    spent: Spent
    engine: str = Field(description="Who looked.")
    quality: Literal["good", "draft"] = Field(description="A draft is text and measures only: no model looked.")
    tried: list[str] = Field(default_factory=list, description="Better ones, and why they did not serve.")
