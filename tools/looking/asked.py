"""What a model that looks is asked to answer: its JSON, read with patience."""

import math
import re
from collections.abc import Callable
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import BaseModel, BeforeValidator, Field, model_validator

Task = Literal["describe", "answer", "read", "chart", "count", "ground"]

B = TypeVar("B", bound=BaseModel)
_NUMBER = re.compile(r"(?<![\w.])[-−]?(?:\d[\d,]*(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d{1,3})?(?![\w.]*\d)")
MOST = 1e15
"""Larger numbers are noise, and no number of anything that is seen."""
_NO = frozenset({"false", "no", "partly", "partially", "not sure", "unsure", "否", "不", "不够"})


def _listed(value: Any) -> Any:
    """Return a list where a model left it out, or gave one thing instead."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _text(value: Any) -> Any:
    return "" if value is None else value if isinstance(value, str) else str(value)


def _rows(value: Any) -> Any:
    """Return rows of cells; of rows that are objects the names come first, as the head."""
    rows = [one for one in _listed(value) if one is not None]
    if rows and all(isinstance(one, dict) for one in rows):
        names = list(dict.fromkeys(name for one in rows for name in one))
        return [names, *([one.get(name) for name in names] for one in rows)]
    return [list(one.values()) if isinstance(one, dict) else _listed(one) for one in rows]


def _each(field: str) -> Callable[[Any], Any]:
    """Return a reader of a list of objects: words alone are put into this field, and what is no object is left out."""

    def read(value: Any) -> Any:
        objects = [{field: one} if field and isinstance(one, str) else one for one in _listed(value)]
        return [one for one in objects if isinstance(one, dict | BaseModel)]

    return read


def _sure(value: Any) -> Any:
    """Return whether a model has seen enough, which some say in words."""
    if isinstance(value, str):
        return value.strip().casefold() not in _NO
    return value is None or bool(value)


def _number(value: Any) -> Any:
    """Return the number that a model means by `"12 %"` or `"1,200"`; nothing where it writes none, or several."""
    if isinstance(value, str):
        found = _NUMBER.findall(value)
        value = float(found[0].replace(",", "").replace("−", "-")) if len(found) == 1 else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if abs(value) <= MOST and math.isfinite(value) else None


def _box(value: Any) -> Any:
    """Return the four numbers of a box, or nothing where they are no box."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    numbers = [_number(one) for one in value] if isinstance(value, list) else []
    return numbers if len(numbers) == 4 and None not in numbers else None


def _counted(value: Any) -> Any:
    number = _number(value)
    return None if number is None else round(number)


Text = Annotated[str, BeforeValidator(_text)]
Which = Annotated[int, BeforeValidator(lambda value: _counted(value) or 0)]
"""The number of a picture; none has 0."""
Maybe = Annotated[int | None, BeforeValidator(_counted)]
Number = Annotated[float | None, BeforeValidator(_number)]
RawBox = Annotated[list[float] | None, BeforeValidator(_box)]
"""Four numbers in the order and the unit that the model was taught."""


class Noticed(BaseModel):
    """Something seen, and where."""

    picture: Which = 1
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
    enough: Annotated[bool, BeforeValidator(_sure)] = True
    seen: Annotated[list[Noticed], BeforeValidator(_each("text"))] = Field(default_factory=list)
    want: Annotated[list[Wanted], BeforeValidator(_each(""))] = Field(default_factory=list)

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        # A list of what was asked for may be empty: nothing is there.
        given = self.model_fields_set - {"enough"}
        said = self.answer.strip() or any(getattr(self, one) for one in given - {"answer"})
        if not said and given <= Answer.model_fields.keys():
            raise ValueError("it says nothing: write in `answer` what is seen")
        return self


class RawTable(BaseModel):
    """A table as rows of cells."""

    picture: Which = 1
    title: Text = ""
    rows: Annotated[list[list[Text]], BeforeValidator(_rows)] = Field(default_factory=list)


class Formula(BaseModel):
    """A formula."""

    picture: Which = 1
    latex: Text = ""


class ReadAnswer(Answer):
    """Text with what is not plain lines in it."""

    lines: Annotated[list[Noticed], BeforeValidator(_each("text"))] = Field(default_factory=list)
    tables: Annotated[list[RawTable], BeforeValidator(_each(""))] = Field(default_factory=list)
    formulas: Annotated[list[Formula], BeforeValidator(_each("latex"))] = Field(default_factory=list)


class RawAxis(BaseModel):
    """An axis of a chart."""

    label: Text = ""
    unit: Text = ""
    low: Number = None
    high: Number = None


class RawSeries(BaseModel):
    """Points of a chart; `x` are numbers or names."""

    name: Text = ""
    x: Annotated[list[Any], BeforeValidator(_listed)] = Field(default_factory=list)
    y: Annotated[list[Number], BeforeValidator(_listed)] = Field(default_factory=list)


class RawChart(BaseModel):
    """A chart."""

    title: Text = ""
    kind: Text = ""
    x_axis: RawAxis = RawAxis()
    y_axis: RawAxis = RawAxis()
    series: Annotated[list[RawSeries], BeforeValidator(_each(""))] = Field(default_factory=list)
    trend: Text = ""
    insights: Annotated[list[Text], BeforeValidator(_listed)] = Field(default_factory=list)


class ChartAnswer(Answer):
    """A chart that was read."""

    chart: RawChart | None = None


class RawCount(BaseModel):
    """How many of something."""

    what: Text = ""
    number: Maybe = None
    boxes: Annotated[list[Noticed], BeforeValidator(_each("text"))] = Field(default_factory=list)


class CountAnswer(Answer):
    """Things that were counted."""

    counts: Annotated[list[RawCount], BeforeValidator(_each("what"))] = Field(default_factory=list)


class GroundAnswer(Answer):
    """Where things are; `text` says which."""

    found: Annotated[list[Noticed], BeforeValidator(_each("text"))] = Field(default_factory=list)


ANSWERS: dict[Task, type[Answer]] = {
    "describe": Answer,
    "answer": Answer,
    "read": ReadAnswer,
    "chart": ChartAnswer,
    "count": CountAnswer,
    "ground": GroundAnswer,
}
