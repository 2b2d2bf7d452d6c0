"""What a model that looks is asked to answer: its JSON, read with patience."""

import math
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, Field

Task = Literal["describe", "answer", "read", "chart", "count", "ground"]

B = TypeVar("B", bound=BaseModel)


def _listed(value: Any) -> Any:
    """Return a list where a model left it out, or gave one thing instead."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _text(value: Any) -> Any:
    return "" if value is None else value if isinstance(value, str) else str(value)


def _number(value: Any) -> Any:
    """Return the number that a model means by `"12 %"` or `"1,200"`; nothing where it writes no number."""
    if isinstance(value, str):
        kept = "".join(letter for letter in value.replace(",", "") if letter.isdigit() or letter in ".-")
        try:
            value = float(kept)
        except ValueError:
            return None
    return value if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) else None


def _box(value: Any) -> Any:
    """Return the four numbers of a box, or nothing where they are no box."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    numbers = [_number(one) for one in value] if isinstance(value, list) else []
    return numbers if len(numbers) == 4 and None not in numbers else None


def _whole(value: Any) -> Any:
    number = _number(value)
    return value if number is None else round(number)


def _counted(value: Any) -> Any:
    number = _number(value)
    return None if number is None else round(number)


Text = Annotated[str, BeforeValidator(_text)]
Whole = Annotated[int, BeforeValidator(_whole)]
Maybe = Annotated[int | None, BeforeValidator(_counted)]
Number = Annotated[float | None, BeforeValidator(_number)]
RawBox = Annotated[list[float] | None, BeforeValidator(_box)]
"""Four numbers in the order and the unit that the model was taught."""


class Noticed(BaseModel):
    """Something seen, and where."""

    picture: Whole = 1
    text: Text = ""
    box: RawBox = None


class Wanted(BaseModel):
    """What the model wants to look at next."""

    picture: Maybe = None
    box: RawBox = None
    start_seconds: Number = None
    end_seconds: Number = None
    frames: Maybe = None


class Answer(BaseModel):
    """What every task asks for."""

    answer: Text = ""
    enough: bool = True
    seen: Annotated[list[Noticed], BeforeValidator(_listed)] = Field(default_factory=list)
    want: Annotated[list[Wanted], BeforeValidator(_listed)] = Field(default_factory=list)


class RawTable(BaseModel):
    """A table as rows of cells."""

    picture: Whole = 1
    title: Text = ""
    rows: list[list[Text]] = Field(default_factory=list)


class Formula(BaseModel):
    """A formula."""

    picture: Whole = 1
    latex: Text = ""


class ReadAnswer(Answer):
    """Text with what is not plain lines in it."""

    lines: Annotated[list[Noticed], BeforeValidator(_listed)] = Field(default_factory=list)
    tables: Annotated[list[RawTable], BeforeValidator(_listed)] = Field(default_factory=list)
    formulas: Annotated[list[Formula], BeforeValidator(_listed)] = Field(default_factory=list)


class RawAxis(BaseModel):
    """An axis of a chart."""

    label: Text = ""
    unit: Text = ""
    low: Number = None
    high: Number = None


class RawSeries(BaseModel):
    """Points of a chart; `x` are numbers or names."""

    name: Text = ""
    x: list[Any] = Field(default_factory=list)
    y: list[Number] = Field(default_factory=list)


class RawChart(BaseModel):
    """A chart."""

    title: Text = ""
    kind: Text = ""
    x_axis: RawAxis = RawAxis()
    y_axis: RawAxis = RawAxis()
    series: Annotated[list[RawSeries], BeforeValidator(_listed)] = Field(default_factory=list)
    trend: Text = ""
    insights: Annotated[list[Text], BeforeValidator(_listed)] = Field(default_factory=list)


class ChartAnswer(Answer):
    """A chart that was read."""

    chart: RawChart | None = None


class RawCount(BaseModel):
    """How many of something."""

    what: Text
    number: Whole
    boxes: Annotated[list[Noticed], BeforeValidator(_listed)] = Field(default_factory=list)


class CountAnswer(Answer):
    """Things that were counted."""

    counts: Annotated[list[RawCount], BeforeValidator(_listed)] = Field(default_factory=list)


class GroundAnswer(Answer):
    """Where things are; `text` says which."""

    found: Annotated[list[Noticed], BeforeValidator(_listed)] = Field(default_factory=list)


ANSWERS: dict[Task, type[Answer]] = {
    "describe": Answer,
    "answer": Answer,
    "read": ReadAnswer,
    "chart": ChartAnswer,
    "count": CountAnswer,
    "ground": GroundAnswer,
}
