"""Pictures as those who draw are given them: encoded anew without metadata, with masks and margins that fit."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..base.errors import ArgumentError, MediaError
from ..base.picture_files import MAX_PICTURE_PIXELS, MAX_SIDE_PIXELS, open_picture
from ..base.pictures import jpeg

if TYPE_CHECKING:
    from PIL.Image import Image

    from ..base.makers import ValueName, Wish
    from ..base.run import Run

_QUALITIES = (95, 90, 80, 70)
_WHITE_LEVEL = 128
"""From here on a mask is white."""


@dataclass(frozen=True, kw_only=True)
class Given:
    """A picture that is ready to be sent."""

    content: bytes
    media_type: str
    width_pixels: int
    height_pixels: int

    @property
    def file(self) -> tuple[str, bytes, str]:
        """Return it as a file of a form; its name says nothing of the user's."""
        return f"picture.{self.media_type.removeprefix('image/')}", self.content, self.media_type


@dataclass(frozen=True, kw_only=True)
class Masked:
    """A picture, and where something new belongs."""

    picture: Given
    see_through: Given
    """Of the same size: transparent, and white, where something new belongs."""
    white: Given
    """The same without transparency."""


@dataclass(frozen=True, kw_only=True)
class Margins:
    """Pixels to be added at each side."""

    left: int
    right: int
    top: int
    bottom: int


async def given_picture(handle: str, most_bytes: int, run: "Run") -> Given:
    """Return a picture of at most so many bytes.

    Raises:
        MediaError: It is no picture.
        ArgumentError: It is too large.
    """
    return await run.decode(_given, run.path(handle), run.name(handle), most_bytes)


async def given_pictures(handles: Sequence[str], most_bytes: int, run: "Run") -> list[Given]:
    return [await given_picture(one, most_bytes, run) for one in handles]


async def given_masked(picture: str, mask: str, most_bytes: int, run: "Run") -> Masked:
    """Return a picture with its mask.

    Raises:
        MediaError: One of them is no picture.
        ArgumentError: The mask has another size, or is empty.
    """
    return await run.decode(_masked, run.path(picture), run.name(picture), run.path(mask), run.name(mask), most_bytes)


async def given_margins(
    picture: str, margins: Margins, size: tuple[int, int] | None, most_bytes: int, run: "Run"
) -> Masked:
    """Return a picture with empty margins, and a mask of them.

    Args:
        picture: Its handle.
        margins: How much is to be drawn on each side.
        size: The picture is scaled to fit into it, centred; as large as it comes out when left out.
        most_bytes: Of each of the two.
        run: For its decoder.

    Raises:
        MediaError: It is no picture.
        ArgumentError: It would become too large.
    """
    return await run.decode(_with_margins, run.path(picture), run.name(picture), margins, size, most_bytes)


def margins_of(wish: "Wish") -> Margins:
    """Return how much a wish adds at each side.

    Raises:
        ArgumentError: It adds nothing.
    """
    names: tuple[ValueName, ...] = ("left_pixels", "right_pixels", "top_pixels", "bottom_pixels")
    left, right, top, bottom = (int(wish.values.get(name, 0)) for name in names)
    if min(left, right, top, bottom) < 0 or not left + right + top + bottom:
        raise ArgumentError(
            "Nothing is said of how far to draw on. Give `left_pixels`, `right_pixels`, `top_pixels` or "
            "`bottom_pixels`, for example 256."
        )
    return Margins(left=left, right=right, top=top, bottom=bottom)


def _given(path: Path, name: str, most_bytes: int) -> Given:
    return _encoded(open_picture(path, name), name, most_bytes)


def _masked(path: Path, name: str, mask_path: Path, mask_name: str, most_bytes: int) -> Masked:
    picture, mask = open_picture(path, name), open_picture(mask_path, mask_name).convert("L")
    if mask.size != picture.size:
        raise ArgumentError(
            f"`mask` {mask_name!r} has {mask.width}×{mask.height} px, and the picture {name!r} has "
            f"{picture.width}×{picture.height}. A mask has the size of its picture; scale it with `edit_media`."
        )
    white = mask.point(lambda level: 255 if level >= _WHITE_LEVEL else 0)
    if white.getbbox() is None:
        raise ArgumentError(
            f"`mask` {mask_name!r} has no white in it, so nothing would be drawn. Make white what is to be new, and "
            "black what is to stay."
        )
    return _with_mask(picture, white, name, most_bytes)


def _with_margins(path: Path, name: str, margins: Margins, size: tuple[int, int] | None, most_bytes: int) -> Masked:
    import numpy as np
    from PIL import Image

    picture = open_picture(path, name)
    width = picture.width + margins.left + margins.right
    height = picture.height + margins.top + margins.bottom
    if max(width, height) > MAX_SIDE_PIXELS or width * height > MAX_PICTURE_PIXELS:
        raise ArgumentError(
            f"{name!r} would have {width:,}×{height:,} px with these margins; the limit is {MAX_PICTURE_PIXELS:,} in "
            f"all, and {MAX_SIDE_PIXELS:,} a side. Add less."
        )
    box = placed((width, height), size or (width, height))
    scale = (box[2] - box[0]) / width
    inner = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    left, top = box[0] + round(margins.left * scale), box[1] + round(margins.top * scale)
    across, down = size or (width, height)
    right, bottom = max(0, across - left - inner[0]), max(0, down - top - inner[1])
    # Its edges go on, so that what is drawn begins in the right colours where a server starts from them.
    wide = np.pad(np.asarray(picture.resize(inner)), ((top, bottom), (left, right), (0, 0)), mode="edge")
    mask = Image.new("L", (wide.shape[1], wide.shape[0]), 255)
    mask.paste(0, (left, top, left + inner[0], top + inner[1]))
    return _with_mask(
        Image.fromarray(wide).crop((0, 0, across, down)), mask.crop((0, 0, across, down)), name, most_bytes
    )


def placed(inner: tuple[int, int], outer: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return where a size lies, scaled and centred, in another one: left, top, right, bottom."""
    scale = min(outer[0] / inner[0], outer[1] / inner[1])
    width, height = max(1, round(inner[0] * scale)), max(1, round(inner[1] * scale))
    left, top = (outer[0] - width) // 2, (outer[1] - height) // 2
    return left, top, left + width, top + height


async def cut_to(content: bytes, size: tuple[int, int], run: "Run", *, is_framed: bool = True) -> bytes:
    """Return what was drawn at the size that it was to have; what is no picture as it came, for it was paid.

    Args:
        content: What came.
        size: What it is to have.
        run: For its decoder.
        is_framed: It was drawn into a frame of another shape, which is cut off, see `given_margins`; else it was drawn
            out of its shape a little, and is drawn back.
    """
    with run.workspace.scratch() as folder:
        path = folder / "drawn"
        path.write_bytes(content)
        try:
            return await run.decode(_cut, path, "drawn", size, is_framed)
        except MediaError:
            return content


def _cut(path: Path, name: str, size: tuple[int, int], is_framed: bool) -> bytes:
    picture = open_picture(path, name)
    if picture.size != size:
        picture = (picture.crop(placed(size, picture.size)) if is_framed else picture).resize(size)
    return _png(picture)


def _with_mask(picture: "Image", white: "Image", name: str, most_bytes: int) -> Masked:
    from PIL import Image, ImageChops

    see_through = Image.merge("RGBA", (white, white, white, ImageChops.invert(white)))
    return Masked(
        # As PNG: some take no mask with anything else.
        picture=_encoded(picture, name, most_bytes, ("png",)),
        see_through=_as_given(_png(see_through), "image/png", white.size),
        white=_as_given(_png(white), "image/png", white.size),
    )


def _encoded(picture: "Image", name: str, most_bytes: int, forms: Sequence[str] = ("png", "jpeg")) -> Given:
    """Return a picture as PNG where that is small enough, else as JPEG where that may be.

    Raises:
        ArgumentError: It has too many bytes in every form.
    """
    content = _png(picture)
    if len(content) <= most_bytes:
        return _as_given(content, "image/png", picture.size)
    for quality in _QUALITIES if "jpeg" in forms else ():
        content = jpeg(picture, quality)
        if len(content) <= most_bytes:
            return _as_given(content, "image/jpeg", picture.size)
    raise ArgumentError(
        f"{name!r} has {picture.width:,}×{picture.height:,} px, which are {len(content):,} bytes; the limit of who "
        f"draws is {most_bytes:,}. Scale it down with `edit_media`."
    )


def _as_given(content: bytes, media_type: str, size: tuple[int, int]) -> Given:
    return Given(content=content, media_type=media_type, width_pixels=size[0], height_pixels=size[1])


def _png(picture: "Image") -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()
