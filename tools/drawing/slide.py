"""Sets a slide: a card in colours that a whole row of them shares, with room below for captions."""

import io

from .card import ListCard, TitleCard, words_of
from .faces import signs_without_font
from .pages import draw_list, draw_title
from .painter import check_words_left, without
from .palettes import PALETTES
from .sheet import Sheet


def set_slide(
    card: ListCard | TitleCard, theme: str, width_pixels: int, height_pixels: int, *, free_above: int, free_below: int
) -> tuple[bytes, str]:
    """Return a slide as PNG, and the signs that were left out because no font here has them.

    Raises:
        ArgumentError: There is more to read than fits.
        UnavailableError: No font here has its letters.
    """
    from PIL import Image

    signs = signs_without_font(words_of(card))
    bare = without(card, signs)
    check_words_left(card, bare, signs)
    palette = next(one for one in PALETTES if one.name == theme)
    sheet = Sheet(width_pixels, height_pixels - free_above - free_below, palette)
    if isinstance(bare, ListCard):
        draw_list(sheet, bare)
    else:
        draw_title(sheet, bare)
    if not free_above + free_below:
        return sheet.png(), signs
    whole = Image.new("RGB", (width_pixels, height_pixels), palette.ground)
    with Image.open(io.BytesIO(sheet.png())) as drawn:
        whole.paste(drawn, (0, free_above))
    out = io.BytesIO()
    whole.save(out, "PNG")
    return out.getvalue(), signs
