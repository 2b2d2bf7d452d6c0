"""What can be shown: still pictures, frames of a video, parts of them, and many frames on one sheet."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..base.moments import Box
from ..base.pictures import clock
from ..base.showing import Shown, cut_out, show, shown_size
from ..base.tokens import Detail
from ..base.workspace import Artifact

if TYPE_CHECKING:
    from PIL.Image import Image

    from ..base.run import Run

SIDES_PIXELS = (2048, 1568, 1280, 1024, 768, 512, 384)
"""Longest sides a picture is shown at, the largest first; smaller ones say little."""
CELL_PIXELS, MOST_COLUMNS, MOST_CELLS = 250, 6, 30
"""A sheet of 6 columns is 1 556 pixels wide: fewer are as many tokens to most models, more are too small to see."""

MOST_LETTERS = 48
"""Of the name of a file, in what a model is told."""

Count = Callable[[int, int, Detail], int]
"""Width, height, detail -> tokens."""


@dataclass(frozen=True, kw_only=True)
class View:
    """A picture, or a part of one, that the model knows by its number."""

    number: int
    media: str
    name: str
    at_seconds: float | None = None
    """Of the frame; None of a still picture."""
    part: Box | None = None
    on_sheet: bool = False
    artifact: Artifact | None = None
    """What was shown, where it is a picture of its own."""
    width_pixels: int = 0
    """As shown."""
    height_pixels: int = 0

    @property
    def label(self) -> str:
        """What the model is told before the picture."""
        if self.at_seconds is not None:
            what = f"frame at {clock(self.at_seconds)} ({self.at_seconds:.2f} s)"
        else:
            what = f"the picture {_short(self.name)!r}"
        return f"Picture {self.number}: {f'part {_shares(self.part)} of ' if self.part else ''}{what}"


@dataclass(frozen=True, kw_only=True)
class Plate:
    """One picture as it is sent, and the views on it."""

    shown: Shown
    views: tuple[View, ...]
    tokens: int

    @property
    def lines(self) -> list[str]:
        """What the prompt says of it."""
        if not self.views[0].on_sheet:
            return [self.views[0].label]
        first, last = self.views[0], self.views[-1]
        cells = ", ".join(f"{one.number} = {clock(one.at_seconds or 0.0)}" for one in self.views)
        return [
            f"A contact sheet of small frames, pictures {first.number} to {last.number} in order of time, each with "
            f"its number and its time under it: {cells}. Between them nothing was looked at yet."
        ]


def plate(picture: "Image", view: View, *, count: Count, most_tokens: int, most_side_pixels: int) -> Plate | None:
    """Return a picture as large as fits into so many tokens; None when even a small one does not."""
    sides = [side for side in SIDES_PIXELS if side <= most_side_pixels]
    for detail in ("auto", "low"):
        for side in sides:
            size = shown_size(picture.width, picture.height, side)
            if (tokens := count(*size, detail)) <= most_tokens:
                # Few pixels are as many tokens as more of them where a model counts in tiles, so the largest is taken.
                shown = show(picture, label=view.label, detail=detail, most_side_pixels=side)
                sized = _sized(view, shown)
                return Plate(shown=shown, views=(sized,), tokens=tokens)
    return None


def sheet_tokens(count: Count) -> int:
    """Return about what a full sheet of a usual video is in tokens."""
    return count(MOST_COLUMNS * CELL_PIXELS, MOST_CELLS // MOST_COLUMNS * CELL_PIXELS * 2 // 3, "auto")


def sheet(cells: "Sequence[tuple[View, Image]]", *, count: Count, most_tokens: int) -> Plate | None:
    """Return frames on one picture; fewer of them when all do not fit into so many tokens."""
    from ..base.pictures import contact_sheet

    while cells:
        columns = min(MOST_COLUMNS, math.ceil(math.sqrt(len(cells))))
        laid = contact_sheet(
            [(view.at_seconds or 0.0, image) for view, image in cells],
            columns=columns,
            cell_pixels=CELL_PIXELS,
            labels=[f"#{view.number}  {clock(view.at_seconds or 0.0)}" for view, _ in cells],
        )
        if (tokens := count(laid.width, laid.height, "auto")) <= most_tokens:
            shown = show(
                laid,
                label=f"Contact sheet of pictures {cells[0][0].number} to {cells[-1][0].number}:",
                most_side_pixels=max(laid.size),
            )
            return Plate(shown=shown, views=tuple(view for view, _ in cells), tokens=tokens)
        if len(cells) == 1:
            return None
        cells = cells[::2]
    return None


def crop(picture: "Image", part: Box | None) -> "Image":
    """Return a part of a picture at its full resolution."""
    return picture if part is None else cut_out(picture, part)


def keep(picture: "Image", view: View, run: "Run") -> Artifact:
    """Store what is shown, so that the answer can lead to it."""
    from ..base.pictures import jpeg

    when = "" if view.at_seconds is None else f"-{view.at_seconds:08.2f}s"
    return run.put(
        jpeg(picture, 90),
        name=f"{'part' if view.part else 'frame'}{when}.jpg",
        media_type="image/jpeg",
        facts={"width_pixels": picture.width, "height_pixels": picture.height},
    )


def _sized(view: View, shown: Shown) -> View:
    return replace(view, width_pixels=shown.width_pixels, height_pixels=shown.height_pixels)


def _short(name: str) -> str:
    """Return a name with both its ends, so that no name takes what is meant for pictures."""
    return name if len(name) <= MOST_LETTERS else f"{name[: MOST_LETTERS - 12]}…{name[-11:]}"


def _shares(part: Box) -> str:
    return f"({', '.join(f'{one:.2f}' for one in part)})"
