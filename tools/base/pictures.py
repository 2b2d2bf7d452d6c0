"""Pictures as they are needed: compared by a perceptual hash, written as JPEG, laid out on a contact sheet."""

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

    AnyPicture = Image | NDArray[np.uint8]


def as_image(picture: "AnyPicture") -> "Image":
    """Return an RGB array or a Pillow image as a Pillow image."""
    from PIL import Image

    return picture if isinstance(picture, Image.Image) else Image.fromarray(picture)


def dhash(picture: "AnyPicture") -> int:
    """Return a 64-bit hash that near-duplicates share: is each of 8×8 areas brighter than the one on its left?"""
    import numpy as np
    from PIL import Image

    small = np.asarray(as_image(picture).convert("L").resize((9, 8), Image.Resampling.BOX), dtype=np.int16)
    bits = (small[:, 1:] > small[:, :-1]).flatten()
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def hamming(one: int, other: int) -> int:
    """Return in how many bits two hashes differ."""
    return (one ^ other).bit_count()


def jpeg(picture: "AnyPicture", quality: int = 85) -> bytes:
    """Return a picture as JPEG."""
    out = io.BytesIO()
    image = as_image(picture)
    # To convert copies, also where there is nothing to convert: 150 MB for a frame of 8K.
    (image if image.mode == "RGB" else image.convert("RGB")).save(out, "JPEG", quality=quality)
    return out.getvalue()


def contact_sheet(
    pictures: "Sequence[tuple[float, AnyPicture]]",
    *,
    columns: int = 4,
    cell_pixels: int = 320,
    labels: Sequence[str] | None = None,
) -> "Image":
    """Return pictures in rows, each with its time, or its label, written under it."""
    from PIL import Image, ImageDraw, ImageFont

    columns = max(1, min(columns, len(pictures)))
    cells = [(seconds, as_image(picture)) for seconds, picture in pictures]
    # A label is what a picture is known by, and models see a sheet smaller than it is.
    letters = max(12, cell_pixels // (18 if labels is None else 12))
    font = cast("ImageFont.FreeTypeFont", ImageFont.load_default(size=letters))
    label, gap = int(font.size * 1.6), 8
    tallest = max(round(cell_pixels * image.height / image.width) for _, image in cells)
    rows = -(-len(cells) // columns)
    size = (columns * (cell_pixels + gap) + gap, rows * (tallest + label + gap) + gap)
    sheet = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(sheet)
    for number, (seconds, image) in enumerate(cells):
        left = gap + number % columns * (cell_pixels + gap)
        top = gap + number // columns * (tallest + label + gap)
        small = image.convert("RGB").resize((cell_pixels, round(cell_pixels * image.height / image.width)))
        # White slides have no edge on white.
        draw.rectangle((left - 1, top - 1, left + small.width, top + small.height), outline="#999999")
        sheet.paste(small, (left, top))
        words = clock(seconds) if labels is None else labels[number]
        draw.text((left, top + small.height + 2), words, fill="black", font=font)
    return sheet


def clock(seconds: float) -> str:
    """Return a time for people: `1:02.5`, or `1:00:02.5` from an hour on."""
    tenths = round(seconds * 10)
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    ending = f"{rest // 10:02d}.{rest % 10}"
    return f"{hours}:{minutes:02d}:{ending}" if hours else f"{minutes}:{ending}"
