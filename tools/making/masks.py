"""Masks as they are drawn: white on black, holes in a photo, white paint on nothing; one form for all who draw."""

import io
from pathlib import Path
from typing import TYPE_CHECKING

from ..base.picture_files import open_whole
from .measuring import levels

if TYPE_CHECKING:
    from ..base.run import Run

_HALF = 128
_BLACK, _WHITE = 40, 215
_FEW = 0.02
"""Share of grey levels that smooth edges leave."""


async def plain_mask(mask: str, run: "Run") -> str:
    """Return a mask that is white where something new belongs and black elsewhere: itself, if nothing is transparent.

    Raises:
        MediaError: It is no picture, or damaged.
    """
    content = await run.decode(_plain, run.path(mask), run.name(mask))
    if not content:
        return mask
    return run.put(content, name=run.name(mask), media_type="image/png").handle


def _plain(path: Path, name: str) -> bytes:
    """Return as PNG what a mask with transparency marks; nothing for one without."""
    from PIL import Image, ImageChops

    whole = open_whole(path, name)
    if whole.mode != "RGBA" or levels(whole.getchannel("A"))[0][0] >= _HALF:
        return b""
    solid = whole.getchannel("A").point(lambda level: 255 if level >= _HALF else 0)
    grey = whole.convert("RGB").convert("L")
    shares = grey.histogram(solid)
    count = sum(shares)
    if count and sum(shares[_WHITE:]) >= (1 - _FEW) * count:
        marked: Image.Image = solid  # white paint on nothing
    elif sum(shares[_BLACK:_WHITE]) <= _FEW * count:
        white = ImageChops.multiply(grey.point(lambda level: 255 if level >= _HALF else 0), solid)
        marked = ImageChops.lighter(white, ImageChops.invert(solid))
    else:
        marked = ImageChops.invert(solid)  # holes in the picture itself, whose own white marks nothing
    out = io.BytesIO()
    marked.save(out, "PNG")
    return out.getvalue()
