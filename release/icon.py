"""Draw the icon: an eye that listens, 512 pixels square."""

import io

SIZE = 512
SCALE = 4
"""It is drawn this much larger, so that its edges are smooth."""
NIGHT, IVORY, AMBER, TEAL = "#14213d", "#f7f4ea", "#fca311", "#2a9d8f"
BARS = (0.16, 0.34, 0.52, 0.34, 0.16)
"""Heights of the waves under the eye, as parts of the space there."""


def icon_png() -> bytes:
    """Return the icon as a PNG; the same bytes each time."""
    from PIL import Image, ImageDraw

    side = SIZE * SCALE
    picture = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    draw = ImageDraw.Draw(picture)

    def box(x: float, y: float, half_width: float, half_height: float) -> tuple[float, float, float, float]:
        return (x - half_width) * side, (y - half_height) * side, (x + half_width) * side, (y + half_height) * side

    draw.rounded_rectangle((0, 0, side - 1, side - 1), radius=0.22 * side, fill=NIGHT)
    # The eye is where two discs overlap.
    eye = Image.new("L", (side, side), 0)
    lower = Image.new("L", (side, side), 0)
    ImageDraw.Draw(eye).ellipse(box(0.5, 0.58, 0.4, 0.4), fill=255)
    ImageDraw.Draw(lower).ellipse(box(0.5, 0.20, 0.4, 0.4), fill=255)
    overlap = Image.composite(eye, Image.new("L", (side, side), 0), lower)
    picture.paste(IVORY, (0, 0), overlap)
    draw.ellipse(box(0.5, 0.39, 0.145, 0.145), fill=TEAL)
    draw.ellipse(box(0.5, 0.39, 0.065, 0.065), fill=NIGHT)
    draw.ellipse(box(0.545, 0.345, 0.026, 0.026), fill=IVORY)
    for number, height in enumerate(BARS):
        x = 0.5 + (number - len(BARS) // 2) * 0.11
        draw.rounded_rectangle(box(x, 0.78, 0.03, height / 4), radius=0.03 * side, fill=AMBER)
    stored = io.BytesIO()
    picture.resize((SIZE, SIZE), Image.Resampling.LANCZOS).save(stored, "PNG", optimize=True)
    return stored.getvalue()
