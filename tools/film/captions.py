"""Draw words for a film: broken into lines as their script breaks, in a font that has their letters."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, cast

from ..base.errors import ArgumentError, UnavailableError
from ..base.visible import shown
from ..drawing.faces import Face, runs_left, signs_without_font
from ..drawing.faces import face_for as best_face
from .lines import wrapped
from .planes import GREY, Planes

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.ImageFont import FreeTypeFont

Style = Literal["outline", "box"]
MOST_LETTERS = 1000
"""Of one caption; what does not fit on the screen at once is refused by its size."""
SIDE_SHARE = 0.06
"""Of the width that stays free on each side: the safe area of EBU R95 is 5 %."""
LETTER_SHARE = 0.056
"""Of the height of a wide film that a line of a caption takes; of others it goes by the width."""
SMALLEST_SHARE = 0.6
"""Of the usual size; a longer caption does not fit."""
MOST_HEIGHT_SHARE = 0.4
"""Of the picture that a caption may cover."""
_WHITE, _BLACK = 235, 16
_BOX_ALPHA = 165


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """Words as they lie on a film; places and sizes are even."""

    left_pixels: int
    top_pixels: int
    width_pixels: int
    height_pixels: int
    packed: bytes
    """Brightness, then how much they cover, a byte a pixel each, compressed: a film has thousands."""

    def planes(self) -> "tuple[NDArray[np.uint8], NDArray[np.uint8]]":
        """Return brightness, and how much it covers."""
        import numpy as np

        both = np.frombuffer(zlib.decompress(self.packed), np.uint8).reshape(2, self.height_pixels, self.width_pixels)
        return both[0], both[1]


class Overlay:
    """Words that are ready to be laid on one picture after the other."""

    def __init__(self, drawn: Drawn) -> None:
        import cv2
        import numpy as np

        luma, alpha = drawn.planes()
        half = cast("NDArray[np.uint8]", cv2.resize(alpha, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA))
        self._drawn = drawn
        self._keep = 255 - alpha, 255 - half
        self._add = tuple(
            cast("NDArray[np.uint8]", cv2.multiply(level, cover, scale=1 / 255))
            for level, cover in ((luma, alpha), (np.full_like(half, GREY), half))
        )

    def lay_on(self, picture: Planes) -> None:
        """Change a picture to one with these words on it."""
        import cv2

        at = self._drawn
        for number, plane in enumerate(picture.all):
            by = 1 if number == 0 else 2
            keep, add = (self._keep[min(number, 1)], self._add[min(number, 1)])
            part = plane[
                at.top_pixels // by : (at.top_pixels + at.height_pixels) // by,
                at.left_pixels // by : (at.left_pixels + at.width_pixels) // by,
            ]
            cv2.multiply(part, keep, dst=part, scale=1 / 255)
            cv2.add(part, add, dst=part)


def face_for(words: str) -> tuple[Face, str]:
    """Return a font for all these words, and the signs among them that no font here has, which are left out.

    Raises:
        UnavailableError: No font here has one of their letters, or its script cannot be set.
    """
    try:
        gone = signs_without_font(words)
    except UnavailableError as error:
        raise UnavailableError(
            f"{error} Or have the captions as a track that players show in a font of their own: "
            '`show_captions="soft"`, or the task `add_subtitles`.'
        ) from error
    return best_face("".join(one for one in words if one not in gone), "sans", "regular"), gone


def without(text: str, signs: str) -> str:
    """Return a text without signs that cannot be drawn, and without what is no text."""
    return "\n".join(shown("".join(one for one in line if one not in signs)) for line in text.split("\n")).strip()


def draw_caption(
    text: str, face: Face, *, width_pixels: int, height_pixels: int, style: Style = "outline"
) -> Drawn | None:
    """Return a caption near the lower edge of a film; None for one without a word.

    Raises:
        ArgumentError: It does not fit.
    """
    if not text.strip():
        return None
    usual = letter_pixels(width_pixels, height_pixels)
    font, lines = _fitting(text, face, usual, width_pixels, height_pixels * MOST_HEIGHT_SHARE)
    # Players and platforms put their own buttons over the lower part of an upright film.
    bottom = round(height_pixels * (0.16 if height_pixels > width_pixels else 0.07))
    return _drawn(lines, [font] * len(lines), style, (width_pixels, height_pixels), bottom)


def draw_title(
    text: str, below: str, face: Face, *, width_pixels: int, height_pixels: int, over_picture: bool = False
) -> Drawn:
    """Return the words of a title card: a title, and smaller words below it, in the middle.

    Over a picture they get a dark edge.

    Raises:
        ArgumentError: They do not fit.
    """
    usual = letter_pixels(width_pixels, height_pixels)
    lines: list[str] = []
    fonts: list[FreeTypeFont] = []
    if text.strip():
        font, lines = _fitting(text, face, round(usual * 1.9), width_pixels, height_pixels * 0.55)
        fonts = [font] * len(lines)
    if below.strip():
        small, more = _fitting(below, face, round(usual * 0.95), width_pixels, height_pixels * 0.3)
        lines, fonts = [*lines, *more], [*fonts, *[small] * len(more)]
    return _drawn(lines, fonts, "outline" if over_picture else None, (width_pixels, height_pixels), None)


def letter_pixels(width_pixels: int, height_pixels: int) -> int:
    """Return how high a line of a caption is."""
    return max(8, round(min(height_pixels, width_pixels) * LETTER_SHARE))


def _fitting(
    text: str, face: Face, usual_pixels: int, width_pixels: int, most_pixels: float
) -> "tuple[FreeTypeFont, list[str]]":
    """Return the largest font in which a text fits, and its lines."""
    width = width_pixels * (1 - 2 * SIDE_SHARE)
    size = usual_pixels
    while len(text) <= MOST_LETTERS:
        font = face.font(size)
        lines = wrapped(text, width, font.getlength)
        if len(lines) * _line_pixels(font) <= most_pixels and all(font.getlength(one) <= width for one in lines):
            return font, lines
        if size <= max(8, usual_pixels * SMALLEST_SHARE):
            break
        size = max(8, round(size * 0.92))
    raise ArgumentError(
        f"{text[:60]!r} has {len(text):,} letters, which do not fit on a picture of this size. Say it in fewer words, "
        "or part it between scenes."
    )


def _line_pixels(font: "FreeTypeFont") -> int:
    return round(font.size * 1.32)


def _drawn(
    lines: Sequence[str],
    fonts: "Sequence[FreeTypeFont]",
    style: Style | None,
    size: tuple[int, int],
    bottom: int | None,
) -> Drawn:
    """Draw lines below each other: at a distance from the lower edge, or in the middle."""
    from PIL import Image, ImageDraw

    width, height = size
    pitches = [_line_pixels(one) for one in fonts]
    # Between the lines of a title and smaller ones below it.
    gaps = [round(above.size * 0.35) if above.size != one.size else 0 for above, one in pairwise(fonts)] + [0]
    edge = max(2, round(fonts[0].size / 11)) if style == "outline" else 0
    pad = round(fonts[0].size * 0.45) if style == "box" else edge + 2
    longest = max(font.getlength(line) for line, font in zip(lines, fonts, strict=True))
    wide = min(width, _even(int(longest) + 2 * pad + 2))
    high = min(height, _even(sum(pitches) + sum(gaps) + 2 * pad))
    luma, alpha = Image.new("L", (wide, high), _BLACK), Image.new("L", (wide, high), 0)
    if style == "box":
        ImageDraw.Draw(alpha).rounded_rectangle((0, 0, wide - 1, high - 1), fonts[0].size * 0.28, fill=_BOX_ALPHA)
    # Of the whole, whichever script a line begins with; where nothing runs to the left, nothing need be known of it.
    direction = "rtl" if runs_left(" ".join(lines)) else None
    at, white, covering = float(pad), ImageDraw.Draw(luma), ImageDraw.Draw(alpha)
    for line, font, pitch, gap in zip(lines, fonts, pitches, gaps, strict=True):
        place = (wide / 2, at + pitch / 2)
        covering.text(place, line, 255, font, anchor="mm", stroke_width=edge, direction=direction)
        white.text(place, line, _WHITE, font, anchor="mm", direction=direction)
        at += pitch + gap
    left = (width - wide) // 2 // 2 * 2
    top = (height - high) // 2 // 2 * 2 if bottom is None else max(0, height - bottom - high) // 2 * 2
    return Drawn(
        left_pixels=left,
        top_pixels=top,
        width_pixels=wide,
        height_pixels=high,
        packed=zlib.compress(luma.tobytes() + alpha.tobytes(), 1),
    )


def _even(pixels: int) -> int:
    return pixels + pixels % 2
