"""Write words into a matplotlib figure in a font that has them."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from .fonts import find_cjk_font, simplified_chinese_face

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# From here on there are characters that the font which comes with matplotlib does not have.
FIRST_EASTERN = 0x2E80
BOX = "□"


def font_for(words: str) -> str | None:
    """Return a font for words that the usual one does not have, if one is installed."""
    path = find_cjk_font() if any(ord(letter) >= FIRST_EASTERN for letter in words) else None
    if path is None:
        return None
    from matplotlib import font_manager

    # A face other than a file's first can be named since matplotlib 3.11.
    face: Callable[[str, int], str] = getattr(font_manager, "FontPath", lambda name, number: name)
    return face(str(path), simplified_chinese_face(path))


def missing_letters(words: str, font: str | None) -> set[str]:
    """Return the characters the font cannot draw."""
    from matplotlib import font_manager

    file = font_manager.get_font(font or font_manager.findfont(font_manager.FontProperties()))
    return {letter for letter in words if letter.isprintable() and not file.get_char_index(ord(letter))}


def writer(missing: set[str]) -> Callable[[str], str]:
    """Return what makes text drawable."""

    def write(text: str) -> str:
        """Return text as it will be drawn; matplotlib would read dollar signs as formulas."""
        kept = "".join(BOX if letter in missing else letter if letter.isprintable() else " " for letter in text)
        return kept.replace("$", r"\$")

    return write


def use_font(figure: "Figure", font: str | None) -> None:
    """Draw all words in a font, at the sizes they have."""
    if font is None:
        return
    from matplotlib.font_manager import FontProperties
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        assert isinstance(text, Text)
        text.set_fontproperties(FontProperties(fname=font, size=text.get_fontsize()))
