"""The demo's slides: what is on each, what is said to it, and its picture."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from PIL import Image, ImageDraw
    from PIL.ImageFont import FreeTypeFont

WIDTH_PIXELS, HEIGHT_PIXELS = 1280, 720
_MARGIN = 96


@dataclass(frozen=True, kw_only=True)
class Slide:
    """One slide; its texts are the ground truth that the demo is measured against."""

    language: Literal["en", "zh"]
    """Of what is said."""
    title: str
    lines: tuple[str, ...]
    said: str
    ground: str
    ink: str
    accent: str
    bars: tuple[tuple[str, float], ...] = ()
    """Labels, which are among the texts, and lengths of bars as fractions of the slide."""

    @property
    def texts(self) -> tuple[str, ...]:
        """All text on the slide, from top to bottom."""
        return (self.title, *self.lines)


# The seconds on the third slide are measured: CPU time for one minute of 720p video on two cores.
SLIDES = (
    Slide(
        language="en",
        title="Evidence first",
        lines=("From a video to a report", "Every sentence can be checked"),
        said="Welcome. This short talk shows how a video becomes a report in which every sentence can be checked.",
        ground="#10233f",
        ink="#f4f7fb",
        accent="#5cc8ff",
    ),
    Slide(
        language="en",
        title="A plan before any work",
        lines=("A request becomes a checked plan", "Independent steps run side by side", "Finished work is kept"),
        said="First, the request becomes a plan. The plan is checked before anything runs. "
        "Independent steps run side by side, and finished work is kept.",
        ground="#f7f4ec",
        ink="#23303d",
        accent="#d9772b",
    ),
    Slide(
        language="en",
        title="Looking costs time",
        lines=("Full decode: 2.1 s", "Key frames: 0.2 s"),
        said="Looking at every frame is slow. Key frames tell where the picture changes, for a tenth of the time.",
        ground="#12463f",
        ink="#f1fbf7",
        accent="#7fe0b5",
        bars=(("Full decode: 2.1 s", 0.8), ("Key frames: 0.2 s", 0.08)),
    ),
    Slide(
        language="zh",
        title="每句话都有出处",
        lines=("点击时间，回到原视频", "没有看到的部分也会写明"),
        said="报告里的每一句话，都有出处。点击时间，就能回到原视频核对。",
        ground="#fdfdfd",
        ink="#2a1f2d",
        accent="#b3243b",
    ),
    Slide(
        language="en",
        title="Limits are part of the answer",
        lines=("Draft speech recognition is called draft", "What was not seen is listed"),
        said="Finally, limits are part of the answer. A draft is called a draft, and what was not seen is listed. "
        "Thank you.",
        ground="#3a1f52",
        ink="#faf6ff",
        accent="#e2b4ff",
    ),
)


# The same talk where no font can write Chinese: the words are still spoken.
LATIN_FOURTH = Slide(
    language="zh",
    title="Every sentence has a source",
    lines=("This part is spoken in Chinese", "No font for Chinese was found here"),
    said=SLIDES[3].said,
    ground=SLIDES[3].ground,
    ink=SLIDES[3].ink,
    accent=SLIDES[3].accent,
)


def slides(chinese_font: Path | None) -> tuple[Slide, ...]:
    """Return the slides that can be drawn with this font."""
    return SLIDES if chinese_font else (*SLIDES[:3], LATIN_FOURTH, *SLIDES[4:])


def draw(slide: Slide, chinese_font: Path | None) -> "Image.Image":
    """Return the picture of a slide."""
    from PIL import Image, ImageDraw

    picture = Image.new("RGB", (WIDTH_PIXELS, HEIGHT_PIXELS), slide.ground)
    pen = ImageDraw.Draw(picture)
    pen.rectangle((0, 0, 20, HEIGHT_PIXELS), fill=slide.accent)
    # The baseline is the anchor: it is the same for letters of every script.
    pen.text((_MARGIN, 232), slide.title, fill=slide.ink, font=_font(slide, 78, chinese_font), anchor="ls")
    pen.rectangle((_MARGIN, 272, _MARGIN + 140, 280), fill=slide.accent)
    for number, line in enumerate(slide.lines):
        _draw_line(pen, slide, line, 384 + number * (150 if slide.bars else 96), chinese_font)
    return picture


def _draw_line(pen: "ImageDraw.ImageDraw", slide: Slide, line: str, base: int, chinese_font: Path | None) -> None:
    left = _MARGIN
    if bar := dict(slide.bars).get(line):
        length = bar * (WIDTH_PIXELS - 2 * _MARGIN)
        pen.rectangle((left, base + 24, left + length, base + 68), fill=slide.accent)
    else:
        pen.rectangle((left, base - 24, left + 16, base - 8), fill=slide.accent)
        left += 48
    pen.text((left, base), line, fill=slide.ink, font=_font(slide, 46, chinese_font), anchor="ls")


def _font(slide: Slide, size: int, chinese_font: Path | None) -> "FreeTypeFont":
    from PIL import ImageFont

    from ..tools.base.fonts import simplified_chinese_face

    if slide.language == "zh" and chinese_font:
        return ImageFont.truetype(str(chinese_font), size, index=simplified_chinese_face(chinese_font))
    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont), "Pillow without FreeType draws one size only"
    return font
