"""A sheet that type is set on: smooth edges, and lines of text that fit their boxes."""

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from ..base.errors import ArgumentError
from ..base.words import is_han
from ..film.lines import wrapped
from .faces import Face, runs_left
from .palettes import Palette

if TYPE_CHECKING:
    from PIL.Image import Image

Point = tuple[float, float]
_SMOOTH_PIXELS = 9_000_000
"""Larger sheets are drawn as they are: each edge of them is as fine as can be seen."""
_SMALLER = 0.95
_CLAUSES = re.compile(r"(?<=[，。；：！？、\s])(?=\S)")


@dataclass(frozen=True, kw_only=True)
class Block:
    """Lines of text under each other."""

    lines: tuple[str, ...]
    face: Face
    size: float
    """Of its letters, in pixels."""
    leading: float
    """From one line to the next, of the size."""

    @cached_property
    def above(self) -> float:
        """From the top of its large letters to their foot: the same for all words of a size, so that they line up."""
        tall = "国" if any(is_han(one) for line in self.lines for one in line) else "H"
        return float(-self.face.font(200.0).getbbox(tall, anchor="ls")[1]) * self.size / 200.0

    @property
    def height(self) -> float:
        """From the top of its large letters to the foot of its last line."""
        return self.above + (len(self.lines) - 1) * self.size * self.leading

    @cached_property
    def width(self) -> float:
        return max(length(one, self.face, self.size) for one in self.lines)


class Sheet:
    """What is drawn on; all measures are pixels of what it becomes."""

    def __init__(self, width_pixels: int, height_pixels: int, palette: Palette) -> None:
        from PIL import Image, ImageDraw

        self.width, self.height, self.palette = float(width_pixels), float(height_pixels), palette
        self.mirrored = False
        """Whether left is right, as where words run to the left."""
        self._scale = 2 if width_pixels * height_pixels <= _SMOOTH_PIXELS else 1
        self._image = Image.new("RGB", (width_pixels * self._scale, height_pixels * self._scale), palette.ground)
        self._draw = ImageDraw.Draw(self._image)

    @property
    def unit(self) -> float:
        """A hundredth of the shorter side: margins and strokes go by it."""
        return min(self.width, self.height) / 100

    def box(
        self,
        box: tuple[float, float, float, float],
        fill: str | None,
        *,
        radius: float = 0.0,
        outline: str | None = None,
        stroke: float = 0.0,
    ) -> None:
        """Draw a rectangle: left, top, right, bottom."""
        if self.mirrored:
            box = (self.width - box[2], box[1], self.width - box[0], box[3])
        left, top, right, bottom = (round(one * self._scale) for one in box)
        width = max(1, round(stroke * self._scale)) if outline else 0
        self._draw.rounded_rectangle(
            (left, top, max(left, right - 1), max(top, bottom - 1)), radius * self._scale, fill, outline, width
        )

    def dot(self, centre: Point, radius: float, fill: str) -> None:
        across = self.width - centre[0] if self.mirrored else centre[0]
        x, y, r = across * self._scale, centre[1] * self._scale, radius * self._scale
        self._draw.ellipse((x - r, y - r, x + r, y + r), fill)

    def slice(self, centre: Point, radius: float, degrees: tuple[float, float], fill: str) -> None:
        x, y, r = centre[0] * self._scale, centre[1] * self._scale, radius * self._scale
        self._draw.pieslice((x - r, y - r, x + r, y + r), degrees[0], degrees[1], fill)

    def line(self, points: Sequence[Point], fill: str, stroke: float) -> None:
        width = max(1, round(stroke * self._scale))
        self._draw.line([(x * self._scale, y * self._scale) for x, y in points], fill, width, joint="curve")

    def arrow(self, points: Sequence[Point], fill: str, stroke: float) -> None:
        """Draw a line that ends in a head."""
        (x0, y0), (x1, y1) = points[-2], points[-1]
        long = max(1e-6, ((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5)
        dx, dy, head = (x1 - x0) / long, (y1 - y0) / long, stroke * 4.2
        self.line([*points[:-1], (x1 - dx * head * 0.8, y1 - dy * head * 0.8)], fill, stroke)
        corners = [(x1, y1)]
        corners += [(x1 - dx * head - dy * head * s, y1 - dy * head + dx * head * s) for s in (0.52, -0.52)]
        self._draw.polygon([(x * self._scale, y * self._scale) for x, y in corners], fill)

    def text(
        self,
        block: Block,
        left: float,
        top: float,
        fill: str,
        *,
        width: float = 0.0,
        align: str = "left",
        halo: str | None = None,
    ) -> float:
        """Set a block with the top of its letters at `top`, in a column of this width, and return where it ends.

        Around its letters a `halo` of this colour covers lines that run behind them.
        """
        foot = top + block.above
        direction = "rtl" if runs_left(" ".join(block.lines)) else None
        around = round(block.size * self._scale * 0.16) if halo else 0
        for line in block.lines:
            free = width - length(line, block.face, block.size)
            at = left + (free if align == "right" else free / 2 if align == "middle" else 0.0)
            at = self.width - at - (width - free) if self.mirrored else at
            runs = block.face.runs(line)
            for words, face in reversed(runs) if direction else runs:
                font = face.font(block.size * self._scale)
                place = (at * self._scale, foot * self._scale)
                self._draw.text(
                    place, words, fill, font, anchor="ls", direction=direction, stroke_width=around, stroke_fill=halo
                )
                at += length(words, face, block.size)
            foot += block.size * block.leading
        return top + block.height

    def finished(self) -> "Image":
        return self._image.reduce(self._scale) if self._scale > 1 else self._image

    def png(self) -> bytes:
        out = io.BytesIO()
        self.finished().save(out, "PNG", optimize=False)
        return out.getvalue()


def length(text: str, face: Face, size: float) -> float:
    # Of large letters: how long a line is must not depend on how letters of a size are rounded to pixels.
    return sum(float(one.font(200.0).getlength(run)) for run, one in face.runs(text)) * size / 200.0


def fitted(
    text: str,
    face: Face,
    *,
    width: float,
    height: float,
    largest: float,
    smallest: float,
    leading: float = 1.25,
    most_lines: int = 99,
) -> Block:
    """Return a text as large as it fits into a box, in lines that are about even.

    Raises:
        ArgumentError: Even the smallest letters do not fit.
    """
    size = largest
    words = text.split()
    whole_length = length(text, face, 1.0)
    while size > smallest and surely_more(whole_length * size / width, size * leading, height, most_lines):
        size = max(smallest, size * _SMALLER)
    while True:
        # A word is broken only where no smaller letters are left.
        whole = all(length(one, face, size) <= width for one in words if one.isascii())
        lines = _broken(text, width, face, size)
        block = Block(lines=tuple(lines), face=face, size=size, leading=leading)
        if (whole or size <= smallest) and len(lines) <= most_lines and block.height <= height:
            return block
        if size <= smallest:
            raise ArgumentError(
                f"{text[:60]!r} has {len(text):,} characters, which cannot be read on a card of this size. Say it in "
                "fewer words, or give a larger `width_pixels` and `height_pixels`."
            )
        size = max(smallest, size * _SMALLER)


def _broken(text: str, width: float, face: Face, size: float) -> list[str]:
    """Return a text in lines; of Chinese, whose words cannot be seen, whole clauses where that takes no more lines."""
    lines = wrapped(text, width, lambda line: length(line, face, size))
    if len(lines) == 1 or not any(map(is_han, text)):
        return lines
    filled = [""]
    for clause in filter(None, _CLAUSES.split(text)):
        if filled[-1] and length((filled[-1] + clause).rstrip(), face, size) > width:
            filled.append("")
        filled[-1] += clause
    kept = [one.strip() for one in filled]
    fits = len(kept) <= len(lines) and all(length(one, face, size) <= width for one in kept)
    return kept if fits else lines


def surely_more(lines: float, pitch: float, height: float, most_lines: int = 99) -> bool:
    """Return whether a text cannot fit, which is cheaper to know than how its lines break."""
    return lines > most_lines or (lines - 1) * pitch > height
