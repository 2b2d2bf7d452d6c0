"""Charts of given numbers."""

import io
import math
import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, Field

from .base.errors import ArgumentError
from .base.moments import Series
from .base.plot_text import font_for, missing_letters, use_font, writer
from .base.run import Run
from .base.tool import tool
from .base.words import is_han
from .base.workspace import Artifact
from .credentials.keeping import Making, keep

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Kind = Literal["line", "bar", "scatter", "pie", "area"]
MOST_POINTS = 100_000
MOST_SERIES = 24
MOST_SLICES = 24
# Told apart also by those who see few colours (Okabe and Ito 2008), on white.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f7f7f", "#000000")
DOTS_PER_INCH = 150
# Names of more letters than these side by side stand on each other unless they are turned.
LETTERS_PER_INCH = 9
# matplotlib has one set of settings for all threads: whoever changes it must be alone.
_SETTINGS = threading.Lock()
MOST_NAMES = 40


class Chart(BaseModel):
    """A chart as a picture and as a drawing."""

    picture: Artifact = Field(description="PNG.")
    drawing: Artifact = Field(description="The same as SVG.")
    title: str
    points: int = Field(description="How many numbers are drawn.")
    limits: list[str] = Field(default_factory=list)


@tool(effect="pure", resource="cpu", version=2)
async def make_chart(
    series: Annotated[
        list[Series],
        Field(min_length=1, description="Each `{name, x, y}`; `x` are numbers, or names for bars and pies."),
    ],
    kind: Annotated[Kind, Field(description="A pie takes one series.")] = "line",
    title: Annotated[str, Field(description="Stands above it; none when left out.")] = "",
    x_label: Annotated[str, Field(description="What the positions are, with the unit.")] = "",
    y_label: Annotated[str, Field(description="With its unit, for example `words a minute`.")] = "",
    *,
    stacked: Annotated[bool, Field(description="Bars and areas of several series on top of each other.")] = False,
    width_pixels: Annotated[int, Field(ge=200, le=4000, description="Of the PNG.")] = 1200,
    height_pixels: Annotated[int, Field(ge=150, le=4000, description="Of the PNG.")] = 675,
    run: Run,
) -> Chart:
    """Draw numbers as a line, bar, scatter, area or pie chart, as PNG and SVG.

    It draws what it is given and computes nothing.
    """
    if problems := _problems(series, kind, stacked):
        raise ArgumentError("The chart cannot be drawn: " + "; ".join(problems) + ".")
    words = "".join(
        [title, x_label, y_label, *(one.name for one in series), *(str(x) for one in series for x in one.x)]
    )

    def draw() -> tuple[bytes, bytes, str]:
        font = font_for(words)
        missing = missing_letters(words, font)
        write = writer(missing)
        figure, axes = _canvas(width_pixels, height_pixels)
        if kind == "pie":
            _pie(axes, series[0].y, [write(_short(x)) for x in series[0].x])
        else:
            placed, names = _placed(series, kind, write)
            _plot(axes, placed, kind, stacked)
            _name_places(axes, [write(_short(name)) for name in names])
        _label(axes, series, kind, (write(title), write(x_label), write(y_label)))
        use_font(figure, font)
        return _saved(figure, "png"), _saved(figure, "svg"), "".join(sorted(missing))

    png, svg, boxes = await run.thread(draw)
    advice = " Install `fonts-noto-cjk`." if any(map(is_han, boxes)) else ""
    limits = [f"No font here has {boxes[:20]!r}, so boxes are drawn instead.{advice}"] if boxes else []
    name, making = _file_name(title), Making(kind="algorithm")
    return Chart(
        picture=await keep(
            run,
            png,
            name=f"{name}.png",
            media_type="image/png",
            making=making,
            facts={"width_pixels": width_pixels, "height_pixels": height_pixels},
        ),
        drawing=await keep(run, svg, name=f"{name}.svg", media_type="image/svg+xml", making=making),
        title=title,
        points=sum(len(one.y) for one in series),
        limits=limits,
    )


def _problems(series: Sequence[Series], kind: Kind, stacked: bool) -> list[str]:
    """Return everything that is wrong with the numbers."""
    found = []
    if len(series) > MOST_SERIES:
        found.append(f"there are {len(series)} series and the limit is {MOST_SERIES}")
    if sum(len(one.y) for one in series) > MOST_POINTS:
        found.append(f"there are more than {MOST_POINTS:,} points; take means over stretches first")
    for number, one in enumerate(series, 1):
        name = f"series {one.name!r}" if one.name else f"series {number}"
        if not one.y:
            found.append(f"{name} is empty")
        elif len(one.x) != len(one.y):
            found.append(f"{name} has {len(one.x)} values of `x` and {len(one.y)} of `y`")
        odd = [value for value in (*one.x, *one.y) if isinstance(value, float) and not math.isfinite(value)]
        if odd:
            found.append(f"{name} has {len(odd)} values that are no number, such as {odd[0]}; leave those points out")
        if kind == "scatter" and any(isinstance(x, str) for x in one.x):
            found.append(f"{name} has names for `x`, and a scatter chart needs numbers; use `bar`")
        if kind == "pie" and (sum(one.y) <= 0 or any(y < 0 for y in one.y)):
            found.append(f"{name} cannot be a pie: its values must not be negative, and their sum must be above 0")
        if kind == "pie" and len(one.y) > MOST_SLICES:
            found.append(f"{name} has {len(one.y)} slices and the limit is {MOST_SLICES}; use `bar`")
    if kind == "pie" and len(series) > 1:
        found.append(f"a pie shows one series, and there are {len(series)}")
    if len({type(x) is str for one in series for x in one.x}) > 1:
        found.append("some series have names for `x` and some have numbers")
    if stacked and any(one.x != series[0].x for one in series):
        found.append("stacked series need the same `x`")
    return found


def _canvas(width_pixels: int, height_pixels: int) -> "tuple[Figure, Axes]":
    # The object interface without pyplot: no global state, so several charts may be drawn at once.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    figure = Figure(
        figsize=(width_pixels / DOTS_PER_INCH, height_pixels / DOTS_PER_INCH),
        dpi=DOTS_PER_INCH,
        layout=ConstrainedLayoutEngine(w_pad=0.15, h_pad=0.12),
    )
    FigureCanvasAgg(figure)
    return figure, figure.add_subplot()


def _placed(
    series: Sequence[Series], kind: Kind, write: Callable[[str], str]
) -> tuple[list[Series], Sequence[float | str]]:
    """Return the series with drawable names and with places 0, 1, … for what is named below them, and those names.

    Numbers are places of their own, except under bars, which stand side by side.
    """
    renamed = [one.model_copy(update={"name": write(one.name)}) for one in series]
    every: list[Any] = [x for one in series for x in one.x]
    if kind != "bar" and not isinstance(every[0], str):
        return renamed, []
    names = list(dict.fromkeys(every))
    if not isinstance(names[0], str):
        names.sort()
    places = {name: float(at) for at, name in enumerate(names)}
    return [one.model_copy(update={"x": [places[x] for x in one.x]}) for one in renamed], names


def _plot(axes: "Axes", series: Sequence[Series], kind: Kind, stacked: bool) -> None:
    if kind == "bar":
        _bars(axes, series, stacked)
    elif kind == "area" and stacked:
        axes.stackplot(series[0].x, [one.y for one in series], colors=COLOURS, labels=[one.name for one in series])
    else:
        for number, one in enumerate(series):
            colour = COLOURS[number % len(COLOURS)]
            if kind == "scatter":
                axes.scatter(one.x, one.y, s=22, color=colour, alpha=1 if len(one.y) < 200 else 0.5, label=one.name)
                continue
            mark = "o" if len(one.y) <= 30 else None
            axes.plot(one.x, one.y, color=colour, linewidth=1.8, marker=mark, markersize=4, label=one.name)
            if kind == "area":
                axes.fill_between(one.x, one.y, color=colour, alpha=0.25)


def _bars(axes: "Axes", series: Sequence[Series], stacked: bool) -> None:
    width = 0.8 if stacked else 0.8 / len(series)
    floor: dict[Any, float] = defaultdict(float)
    for number, one in enumerate(series):
        beside = 0.0 if stacked else (number - (len(series) - 1) / 2) * width
        at: list[Any] = [float(x) + beside for x in one.x]
        under = [floor[x] for x in one.x] if stacked else [0.0] * len(one.x)
        axes.bar(at, one.y, width, bottom=under, color=COLOURS[number % len(COLOURS)], label=one.name)
        for x, y in zip(one.x, one.y, strict=True):
            floor[x] += y


def _name_places(axes: "Axes", names: Sequence[str]) -> None:
    """Write names under the places 0, 1, …; of very many only some."""
    every = max(1, math.ceil(len(names) / MOST_NAMES))
    shown = names[::every]
    if shown:
        letters = sum(len(name) + 2 for name in shown)
        turned = letters > LETTERS_PER_INCH * axes.bbox.width / DOTS_PER_INCH and max(map(len, shown)) > 3
        axes.set_xticks(
            range(0, len(names), every), shown, rotation=45 if turned else 0, ha="right" if turned else "center"
        )


def _pie(axes: "Axes", values: Sequence[float], names: Sequence[str]) -> None:
    colours = [COLOURS[number % len(COLOURS)] for number in range(len(values))]
    slices = {"edgecolor": "white", "linewidth": 1.5}
    drawn = axes.pie(values, labels=names, colors=colours, autopct="%1.0f%%", startangle=90,
                     counterclock=False, pctdistance=0.75, wedgeprops=slices)  # fmt: skip
    for share in drawn[-1]:
        share.set_color("white")
    axes.set_aspect("equal")


def _short(value: float | str) -> str:
    name = value if isinstance(value, str) else f"{value:g}"
    return name if len(name) <= 24 else name[:23] + "…"


def _label(axes: "Axes", series: Sequence[Series], kind: Kind, words: tuple[str, str, str]) -> None:
    from matplotlib.ticker import MaxNLocator

    title, x_label, y_label = words
    axes.set_title(title, loc="left", fontsize=13, pad=12)
    if kind != "pie":
        axes.set_xlabel(x_label)
        axes.set_ylabel(y_label)
        axes.grid(axis="both" if kind == "scatter" else "y", color="#dddddd", linewidth=0.8)
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
        if kind != "bar" and all(isinstance(x, float) and x.is_integer() for one in series for x in one.x):
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        if kind in ("bar", "area") and min(y for one in series for y in one.y) >= 0:
            axes.set_ylim(bottom=0)
        if len(series) > 1:
            axes.legend(frameon=False)


def _saved(figure: "Figure", ending: str) -> bytes:
    from matplotlib import rc_context

    out = io.BytesIO()
    # Equal numbers give equal files: no date, and ids from a fixed salt.
    options: dict[str, Any] = {"metadata": {"Date": None}} if ending == "svg" else {}
    with _SETTINGS, rc_context({"svg.hashsalt": "sensorium", "svg.fonttype": "path"}):
        figure.savefig(out, format=ending, facecolor="white", **options)
    return out.getvalue()


def _file_name(title: str) -> str:
    kept = "".join(letter if letter.isalnum() else "-" for letter in title.lower()).strip("-")
    return "-".join(part for part in kept.split("-") if part)[:60] or "chart"
