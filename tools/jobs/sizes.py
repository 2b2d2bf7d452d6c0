"""Finds the size that a model makes which is nearest to what was wished."""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from .shapes import Scalar, Span, Take

NAMES = ("width_pixels", "height_pixels", "size", "aspect", "resolution")
_PAIR = re.compile(r"\s*(\d+(?:\.\d+)?)\s*[x×*:/]\s*(\d+(?:\.\d+)?)\s*", re.IGNORECASE)
_LINES = re.compile(r"\s*(\d{3,4})\s*p?\s*", re.IGNORECASE)
_THOUSANDS = re.compile(r"\s*(\d(?:\.\d)?)\s*k\s*", re.IGNORECASE)
# The short side of what films call so; `1K` is said of square pictures.
_LINES_OF_THOUSANDS = {1.0: 1024.0, 2.0: 1440.0, 4.0: 2160.0, 8.0: 4320.0}
_SAME = 0.01


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What is known of a size: width by height, and the shorter side in pixels."""

    ratio: float | None = None
    short_pixels: float | None = None

    @property
    def sides(self) -> tuple[float, float] | None:
        """Width and height, where both are known."""
        if self.ratio is None or self.short_pixels is None:
            return None
        return (
            (self.short_pixels * self.ratio, self.short_pixels)
            if self.ratio >= 1
            else (self.short_pixels, self.short_pixels / self.ratio)
        )

    def filled(self, other: "Shape") -> "Shape":
        """Return this shape with what another one knows beside."""
        return Shape(
            ratio=other.ratio if self.ratio is None else self.ratio,
            short_pixels=other.short_pixels if self.short_pixels is None else self.short_pixels,
        )

    def distance(self, other: "Shape") -> tuple[float, float]:
        """Return how far another one is from it, the form first; what is not known here does not count."""
        return _apart(self.ratio, other.ratio), _apart(self.short_pixels, other.short_pixels)


def shape_of(values: Mapping[str, Scalar]) -> Shape:
    """Return what values say of a size; the more precise ones count."""
    width, height = values.get("width_pixels"), values.get("height_pixels")
    if _is_length(width) and _is_length(height):
        return _of_sides(float(width), float(height))  # type: ignore[arg-type]
    shape = of_size(str(values["size"])) if "size" in values else None
    aspect = of_aspect(str(values["aspect"])) if "aspect" in values else None
    lines = of_resolution(str(values["resolution"])) if "resolution" in values else None
    known = shape or Shape()
    one = width if _is_length(width) else height if _is_length(height) else None
    if one is not None and aspect and aspect.ratio:
        pair = (float(one), float(one) / aspect.ratio) if one is width else (float(one) * aspect.ratio, float(one))
        return _of_sides(*pair)
    return known.filled(aspect or Shape()).filled(lines or Shape())


def of_size(text: str) -> Shape | None:
    """Return the shape of `1280x720`."""
    found = _PAIR.fullmatch(text)
    return _of_sides(float(found[1]), float(found[2])) if found and min(float(found[1]), float(found[2])) > 0 else None


def of_aspect(text: str) -> Shape | None:
    """Return the shape of `16:9`; a pair of pixels has the same one."""
    found = of_size(text)
    return Shape(ratio=found.ratio) if found else None


def of_resolution(text: str) -> Shape | None:
    """Return the shape of `720p`, or `4k`."""
    if lines := _LINES.fullmatch(text):
        return Shape(short_pixels=float(lines[1]))
    if thousands := _THOUSANDS.fullmatch(text):
        known = float(thousands[1])
        return Shape(short_pixels=_LINES_OF_THOUSANDS.get(known, known * 540))
    return None


READ: Mapping[str, Callable[[str], Shape | None]] = {
    "size": lambda text: of_size(text) or of_resolution(text),
    "aspect": of_aspect,
    "resolution": of_resolution,
}


def fit_size(
    wished: Mapping[str, Scalar], takes: Mapping[str, Take], defaults: Mapping[str, Scalar]
) -> tuple[dict[str, Scalar], list[str]]:
    """Return the values that say a wished size as a model takes it, and what is not as it was wished.

    Args:
        wished: All values of the wish.
        takes: What the model takes.
        defaults: What it makes where nothing is said.
    """
    asked = {name: wished[name] for name in NAMES if name in wished}
    shape = shape_of(asked)
    if shape == Shape():
        return {}, [f"{_shown(asked)} is no size that is known here; it was left out."] if asked else []
    whole = shape.filled(shape_of(defaults))
    values: dict[str, Scalar] = {}
    for name in READ:
        if name in takes and (value := _word(name, takes[name], shape, whole, asked)) is not None:
            values[name] = value
    values |= _sides(takes, whole)
    return values, list(_notes(asked, shape, shape_of(values), takes))


def _word(name: str, take: Take, shape: Shape, whole: Shape, asked: Mapping[str, Scalar]) -> Scalar | None:
    if take.of:
        known = [(one, READ[name](str(one))) for one in take.of]
        told = whole if name == "size" else Shape(ratio=shape.ratio) if name == "aspect" else _lines(shape)
        near = [(told.distance(other), one) for one, other in known if other]
        # Where nothing that it says was wished, the default stands.
        return min(near, key=lambda pair: pair[0])[1] if near and told != Shape() else None
    if name == "resolution":
        return asked.get(name) or (f"{shape.short_pixels:.0f}p" if shape.short_pixels else None)
    if name == "aspect":
        return asked.get(name) or (_as_aspect(shape.ratio) if shape.ratio else None)
    if whole.sides is None:
        return None
    width, height = (_in(side, Span()) for side in whole.sides)
    return f"{width}x{height}"


def _sides(takes: Mapping[str, Take], whole: Shape) -> dict[str, Scalar]:
    if whole.sides is None or not {"width_pixels", "height_pixels"} <= takes.keys():
        return {}
    wide, high = takes["width_pixels"], takes["height_pixels"]
    # Both sides are changed alike, so that the form stays.
    scale = min(1.0, *(_most(take) / side for take, side in zip((wide, high), whole.sides, strict=True)))
    scale = max(scale, *((take.span.least or 0) / side for take, side in zip((wide, high), whole.sides, strict=True)))
    width, height = (_side(take, side * scale) for take, side in zip((wide, high), whole.sides, strict=True))
    return {"width_pixels": width, "height_pixels": height}


def _side(take: Take, pixels: float) -> int:
    if numbers := [one for one in take.of if _is_length(one)]:
        return int(min(numbers, key=lambda one: abs(float(one) - pixels)))
    return _in(pixels, take.span)


def _most(take: Take) -> float:
    numbers = [float(one) for one in take.of if _is_length(one)]
    return max(numbers) if numbers else take.span.most or math.inf


def _notes(asked: Mapping[str, Scalar], wished: Shape, made: Shape, takes: Mapping[str, Take]) -> Iterable[str]:
    if wished.ratio and made.ratio is None:
        yield f"The form cannot be chosen here, so {_shown(asked)} was left out."
    elif wished.short_pixels and made.short_pixels is None and not ({"size", "width_pixels"} & takes.keys()):
        yield f"The number of pixels cannot be chosen here; {_shown(asked)} was asked for."
    form, pixels = wished.distance(made)
    if made != Shape() and (form > _SAME or (pixels > _SAME and made.short_pixels)):
        instead = f"{made.sides[0]:.0f}x{made.sides[1]:.0f}" if made.sides else None
        instead = instead or (_as_aspect(made.ratio) if made.ratio else f"{made.short_pixels:.0f}p")
        yield f"{_shown(asked)} was asked for; the nearest that can be had is {instead}."


def _shown(asked: Mapping[str, Scalar]) -> str:
    if "width_pixels" in asked and "height_pixels" in asked:
        return f"{asked['width_pixels']:g}x{asked['height_pixels']:g}"
    return ", ".join(f"{value:g}" if isinstance(value, float) else str(value) for value in asked.values())


def _as_aspect(ratio: float) -> str:
    """Return a form as people write it: the nearest of small whole numbers."""
    wide, high = min(
        ((wide, high) for high in range(1, 22) for wide in range(1, 22)),
        key=lambda pair: (round(abs(pair[0] / pair[1] / ratio - 1), 3), pair[0]),
    )
    return f"{wide}:{high}"


def _lines(shape: Shape) -> Shape:
    return Shape(short_pixels=shape.short_pixels)


def _of_sides(width: float, height: float) -> Shape:
    return Shape(ratio=width / height, short_pixels=min(width, height))


def _in(pixels: float, span: Span) -> int:
    step = span.step or 1
    least, most = span.least or step, span.most or math.inf
    return int(min(max(round(pixels / step) * step, least), most))


def _apart(wanted: float | None, had: float | None) -> float:
    if wanted is None:
        return 0.0
    return math.inf if had is None else abs(math.log(had / wanted))


def _is_length(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e6
