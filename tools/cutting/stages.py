"""Draw the pictures that a film of a sound is put together of."""

from typing import TYPE_CHECKING

from .looks import even
from .sound_films import BARS, Stage
from .sound_pictures import GROUND, Sheet, bar_places, draw_waveform, font_named, shortened
from .spectra import Levels

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

_LOW, _HIGH = (56, 128, 255), (255, 94, 170)
"""Colours of the foot and of the top of the bars."""
_LINE = (44, 51, 64)
_PLAYED = (226, 232, 240)


def bar_stage(sheet: Sheet) -> Stage:
    """Return a stage with bars, a title above and a line of progress below."""
    import numpy as np
    from PIL import Image, ImageDraw

    width, height = even(sheet.width_pixels), even(sheet.height_pixels)
    margin = even(width * 0.07)
    top, bottom = even(height * 0.26), even(height * 0.8)
    inner, rise = width - 2 * margin, bottom - top
    dark = Image.new("RGB", (width, height), GROUND)
    draw = ImageDraw.Draw(dark)
    if sheet.title:
        letters = round(min(width, height) * 0.055)
        font = font_named(sheet.face, letters)
        words = shortened(sheet.title, font, inner)
        draw.text((width / 2, height * 0.15), words, (226, 232, 240), font, anchor="mm")
    progress_top, progress_height = even(height * 0.9), max(2, even(height * 0.006))
    line = (margin, progress_top, margin + inner - 1, progress_top + progress_height - 1)
    draw.rectangle(line, fill=_LINE)
    lit = dark.copy()
    shares = np.linspace(1, 0, rise)[:, None]
    ramp = (np.asarray(_LOW) * (1 - shares) + np.asarray(_HIGH) * shares).round().astype(np.uint8)
    for left, right in bar_places(inner, BARS):
        column = Image.fromarray(np.repeat(ramp[:, None, :], max(1, right - left), axis=1))
        lit.paste(column, (margin + left, top))
    ImageDraw.Draw(lit).rectangle(line, fill=_PLAYED)
    return Stage(
        dark=_array(dark),
        lit=_array(lit),
        left=margin,
        top=top,
        width=inner,
        height=rise,
        progress_top=progress_top,
        progress_height=progress_height,
        motion="bars",
    )


def wave_stage(sheet: Sheet, found: Levels) -> Stage:
    """Return a stage with a waveform, which lights up as it is played."""
    frame = sheet.frame(scale=False)
    size = even(sheet.width_pixels), even(sheet.height_pixels)
    return Stage(
        dark=_array(_sized(draw_waveform(sheet, found, lit=False), size)),
        lit=_array(_sized(draw_waveform(sheet, found), size)),
        left=frame.left,
        top=frame.top,
        width=frame.width,
        height=frame.height,
        progress_top=0,
        progress_height=0,
        motion="waveform",
    )


def _sized(image: "Image", size: tuple[int, int]) -> "Image":
    return image if image.size == size else image.resize(size)


def _array(image: "Image") -> "NDArray[np.uint8]":
    import numpy as np

    return np.asarray(image, np.uint8)
