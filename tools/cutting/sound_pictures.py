"""Draw a sound as a picture: its waveform or its spectrogram, with axes that say what is seen."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, cast

from ..drawing.faces import Face
from .spectra import FLOOR_DB, Levels, Spectrogram

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont

Colour = tuple[int, int, int]
Language = Literal["en", "zh"]
GROUND: Colour = (14, 17, 24)
_INK: Colour = (226, 232, 240)
_FAINT: Colour = (140, 150, 166)
_LINE: Colour = (44, 51, 64)
# From quiet to loud; read off matplotlib's `magma` (CC0), whose steps look even to all eyes.
_MAGMA: tuple[Colour, ...] = (
    (0, 0, 4), (20, 14, 54), (59, 15, 112), (100, 26, 128), (140, 41, 129), (183, 55, 121), (222, 73, 104),
    (247, 112, 92), (254, 159, 109), (254, 207, 146), (252, 253, 191),
)  # fmt: skip
_PEAK: Colour = (64, 132, 190)
_MEAN: Colour = (128, 206, 255)
SHOWN_DB = 80.0
"""Between the loudest and what is drawn black."""
_HERTZ = (50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000)
_STEPS_SECONDS = (
    0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200,
)  # fmt: skip
_WORDS: dict[Language, dict[str, str]] = {
    "en": {"time": "time (min:s)", "seconds": "time (s)", "level": "level (dBFS)", "hertz": "frequency (Hz)"},
    "zh": {"time": "时间（分:秒）", "seconds": "时间（秒）", "level": "电平（dBFS）", "hertz": "频率（Hz）"},
}


@dataclass(frozen=True, kw_only=True)
class Frame:
    """Where the plot lies on its picture."""

    left: int
    top: int
    width: int
    height: int
    letters: int
    """Size of the words."""


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """A picture to draw on."""

    width_pixels: int
    height_pixels: int
    title: str = ""
    language: Language = "en"
    face: Face = Face(path=None)  # noqa: RUF009 - it is frozen

    def frame(self, *, scale: bool) -> Frame:
        """Return where the plot lies; with room for a scale of colours on its right."""
        letters = max(11, round(min(self.width_pixels / 62, self.height_pixels / 24)))
        top = round(letters * (3.2 if self.title else 2.0 if scale else 1.2))
        left = round(letters * 5.2)
        right = round(letters * (6.0 if scale else 1.6))
        return Frame(
            left=left,
            top=top,
            width=self.width_pixels - left - right,
            height=self.height_pixels - top - round(letters * 4.0),
            letters=letters,
        )


def draw_waveform(sheet: Sheet, found: Levels, *, lit: bool = True) -> "Image":
    """Return the level of a sound over time: peaks, and inside them the mean.

    Args:
        sheet: What to draw on.
        found: As many columns as the plot is wide.
        lit: In full colours; else as what is still to come.
    """
    import numpy as np
    from PIL import Image

    frame = sheet.frame(scale=False)
    image, draw = _begun(sheet, frame)
    middle, half = frame.height / 2, frame.height / 2 - 2
    rows = np.arange(frame.height, dtype=np.float32)[:, None]
    peak = _cover(rows, middle - found.high * half, middle - found.low * half)
    mean = _cover(rows, middle - found.mean * half, middle + found.mean * half)
    strength = 1.0 if lit else 0.32
    plot = np.empty((frame.height, frame.width, 3), np.float32)
    plot[:] = GROUND
    marks = {round(middle + sign * 10 ** (db / 20) * half): f"{db}" for db in (0, -6, -12, -20) for sign in (-1, 1)}
    for at in (*marks, round(middle)):
        plot[min(at, frame.height - 1)] = _LINE
    for cover, colour in ((peak, _PEAK), (mean, _MEAN)):
        share = (cover * strength)[:, :, None]
        plot = plot * (1 - share) + np.asarray(colour, np.float32) * share
    image.paste(Image.fromarray(plot.round().astype(np.uint8)), (frame.left, frame.top))
    words = _WORDS[sheet.language]
    for at, label in marks.items():
        _mark_row(draw, sheet, frame, frame.top + at, label)
    _times(draw, sheet, frame, found.start_seconds, found.seconds)
    _side_words(image, sheet, frame, words["level"])
    return image


def draw_spectrogram(sheet: Sheet, found: Spectrogram) -> "Image":
    """Return the frequencies of a sound over time, with a scale of its levels; the array has the plot's size."""
    import numpy as np
    from PIL import Image

    frame = sheet.frame(scale=True)
    image, draw = _begun(sheet, frame)
    loudest = float(np.ceil(max(found.db.max(), FLOOR_DB + SHOWN_DB) / 5) * 5)
    shares = np.clip((found.db - (loudest - SHOWN_DB)) / SHOWN_DB, 0, 1)
    image.paste(Image.fromarray(_coloured(shares)), (frame.left, frame.top))
    words, letters = _WORDS[sheet.language], frame.letters
    span = np.log(found.highest_hertz / found.lowest_hertz)
    for hertz in _HERTZ:
        if found.lowest_hertz <= hertz <= found.highest_hertz:
            share = 1 - np.log(hertz / found.lowest_hertz) / span
            label = f"{hertz // 1000}k" if hertz >= 1000 else f"{hertz}"
            _mark_row(draw, sheet, frame, round(frame.top + share * (frame.height - 1)), label)
    _times(draw, sheet, frame, found.start_seconds, found.seconds, over=False)
    _side_words(image, sheet, frame, words["hertz"])
    left = frame.left + frame.width + round(letters * 1.2)
    wide = round(letters * 0.9)
    ramp = np.linspace(1, 0, frame.height, dtype=np.float32)[:, None].repeat(wide, axis=1)
    image.paste(Image.fromarray(_coloured(ramp)), (left, frame.top))
    font = _font(sheet.face, letters)
    for db in range(int(loudest), int(loudest - SHOWN_DB) - 1, -20):
        at = frame.top + (loudest - db) / SHOWN_DB * (frame.height - 1)
        draw.text((left + wide + letters * 0.4, at), f"{db}", _FAINT, font, anchor="lm")
    draw.text((left + wide / 2, frame.top - letters * 1.1), "dBFS", _FAINT, font, anchor="mm")
    return image


def _cover(
    rows: "NDArray[np.float32]", top: "NDArray[np.float32]", bottom: "NDArray[np.float32]"
) -> "NDArray[np.float32]":
    """Return how much of each pixel lies between two lines: edges are smooth; a line is always a pixel high."""
    import numpy as np

    thin = np.maximum(0, 1 - (bottom - top)) / 2
    top, bottom = top - thin, bottom + thin
    covered: NDArray[np.float32] = np.clip(np.minimum(rows + 1, bottom) - np.maximum(rows, top), 0, 1)
    return covered


def _coloured(shares: "NDArray[np.float32]") -> "NDArray[np.uint8]":
    import numpy as np

    steps = np.linspace(0, 1, len(_MAGMA))
    table = np.stack(
        [np.interp(np.linspace(0, 1, 256), steps, [colour[part] for colour in _MAGMA]) for part in range(3)], axis=1
    )
    coloured: NDArray[np.uint8] = table.round().astype(np.uint8)[(shares * 255).round().astype(np.uint8)]
    return coloured


def _begun(sheet: Sheet, frame: Frame) -> "tuple[Image, ImageDraw]":
    from PIL import Image, ImageDraw

    image = Image.new("RGB", (sheet.width_pixels, sheet.height_pixels), GROUND)
    draw = ImageDraw.Draw(image)
    if sheet.title:
        title = shortened(sheet.title, _font(sheet.face, round(frame.letters * 1.35)), frame.width)
        place = (frame.left, frame.top - frame.letters * 1.1)
        draw.text(place, title, _INK, _font(sheet.face, round(frame.letters * 1.35)), anchor="lm")
    return image, draw


def _mark_row(draw: "ImageDraw", sheet: Sheet, frame: Frame, at: int, label: str) -> None:
    """Write a number at the left edge."""
    draw.line((frame.left - frame.letters // 3, at, frame.left - 1, at), fill=_FAINT, width=1)
    place = (frame.left - frame.letters * 0.6, at)
    draw.text(place, label, _FAINT, _font(sheet.face, frame.letters), anchor="rm")


def _times(draw: "ImageDraw", sheet: Sheet, frame: Frame, start: float, seconds: float, *, over: bool = True) -> None:
    """Write times below the plot, so far apart that they can be read."""
    font = _font(sheet.face, frame.letters)
    most = max(2, frame.width // (frame.letters * 5))
    step = next((one for one in _STEPS_SECONDS if seconds / one <= most), _STEPS_SECONDS[-1])
    clocked = start + seconds > 90
    bottom = frame.top + frame.height
    number = int(-(-start // step))
    while (at := number * step) <= start + seconds + 1e-9:
        x = round(frame.left + (at - start) / seconds * (frame.width - 1))
        if over and 0 < number * step - start < seconds:
            draw.line((x, bottom - frame.letters // 3, x, bottom), fill=_LINE, width=1)
        draw.line((x, bottom, x, bottom + frame.letters // 3), fill=_FAINT, width=1)
        draw.text((x, bottom + frame.letters * 0.5), _time(at, step, clocked=clocked), _FAINT, font, anchor="mt")
        number += 1
    words = _WORDS[sheet.language]["time" if clocked else "seconds"]
    draw.text((frame.left + frame.width / 2, bottom + frame.letters * 2.7), words, _FAINT, font, anchor="mm")


def _time(at: float, step: float, *, clocked: bool) -> str:
    digits = 0 if step >= 1 else 1 if step >= 0.1 else 2
    if not clocked:
        return f"{at:.{digits}f}"
    minutes, rest = divmod(round(at, 2), 60)
    hours, minutes = divmod(int(minutes), 60)
    tail = f"{minutes:02d}:{rest:0{2 if not digits else 3 + digits}.{digits}f}"
    return f"{hours}:{tail}" if hours else tail.removeprefix("0")


def _side_words(image: "Image", sheet: Sheet, frame: Frame, words: str) -> None:
    """Write the name of the vertical axis along it."""
    from PIL import Image, ImageDraw

    font = _font(sheet.face, frame.letters)
    size = max(1, round(font.getlength(words))), round(frame.letters * 1.6)
    label = Image.new("RGB", size, GROUND)
    ImageDraw.Draw(label).text((0, size[1] / 2), words, _FAINT, font, anchor="lm")
    turned = label.transpose(Image.Transpose.ROTATE_90)
    image.paste(turned, (round(frame.letters * 0.5), max(0, frame.top + (frame.height - turned.height) // 2)))


def shortened(text: str, font: "FreeTypeFont", width: float) -> str:
    """Return a text on one line that fits into a width."""
    plain = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    if font.getlength(plain) <= width:
        return plain
    while plain and font.getlength(plain + "…") > width:
        plain = plain[:-1]
    return plain + "…"


def words_of(title: str, language: Language) -> str:
    """Return all words that are drawn, to find a font for them."""
    return title + "".join(_WORDS[language].values())


def font_named(face: Face, pixels: int) -> "FreeTypeFont":
    """Return a font in a size."""
    return _font(face, pixels)


@lru_cache(maxsize=32)
def _font(face: Face, pixels: int) -> "FreeTypeFont":
    from PIL import ImageFont

    if face.path is None:
        return cast("FreeTypeFont", ImageFont.load_default(size=pixels))
    return ImageFont.truetype(str(face.path), pixels, index=face.number)


def bar_places(width: int, count: int) -> Sequence[tuple[int, int]]:
    """Return left and right edge of so many bars side by side, with gaps of a third."""
    each = width / count
    return [(round(number * each + each / 6), round((number + 1) * each - each / 6)) for number in range(count)]
