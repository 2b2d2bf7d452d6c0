"""Pictures as they are sent to a model: encoded anew, without metadata, no larger than it takes."""

import base64
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .pictures import as_image
from .tokens import Detail

if TYPE_CHECKING:
    from PIL.Image import Image

    from .pictures import AnyPicture

MOST_SIDE_PIXELS = 1568
"""Larger pictures are scaled down by most models anyway: Claude at this side, OpenAI at 768 on the short one."""
MOST_BYTES = 4_000_000
"""Of one picture; Anthropic takes 5 MB, DashScope 10 MB as base64, OpenAI 50 MB in all."""
_QUALITIES = (90, 80, 65, 50)


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A picture that is ready to be sent."""

    content: bytes
    media_type: str
    width_pixels: int
    height_pixels: int
    label: str = ""
    """What the model is told right before it, for example `Picture 3, at 0:12.0`."""
    detail: Detail = "auto"

    @property
    def part(self) -> dict[str, Any]:
        """Return it as a part of a message to `/chat/completions`."""
        encoded = base64.b64encode(self.content).decode("ascii")
        address: dict[str, Any] = {"url": f"data:{self.media_type};base64,{encoded}"}
        if self.detail != "auto":
            address["detail"] = self.detail
        return {"type": "image_url", "image_url": address}


def show(
    picture: "AnyPicture",
    *,
    label: str = "",
    detail: Detail = "auto",
    most_side_pixels: int = MOST_SIDE_PIXELS,
    most_bytes: int = MOST_BYTES,
) -> Shown:
    """Return a picture as a model gets it; it is scaled down where it is too large, never up."""
    image = _bare(as_image(picture))
    image.thumbnail((most_side_pixels, most_side_pixels))
    while True:
        for quality in _QUALITIES:
            content = _encoded(image, quality)
            if len(content) <= most_bytes or max(image.size) <= 64:
                return Shown(
                    content=content,
                    media_type="image/jpeg",
                    width_pixels=image.width,
                    height_pixels=image.height,
                    label=label,
                    detail=detail,
                )
        image.thumbnail((image.width * 3 // 4, image.height * 3 // 4))


def shown_size(width_pixels: int, height_pixels: int, most_side_pixels: int) -> tuple[int, int]:
    """Return the size a picture will have when it is shown."""
    scale = min(1.0, most_side_pixels / max(width_pixels, height_pixels))
    return max(1, round(width_pixels * scale)), max(1, round(height_pixels * scale))


def cut_out(picture: "Image", box: tuple[float, float, float, float]) -> "Image":
    """Return the part of a picture inside a box of fractions, at its full resolution and at least a pixel large."""
    left, top = int(box[0] * picture.width), int(box[1] * picture.height)
    right, bottom = round(box[2] * picture.width), round(box[3] * picture.height)
    return picture.crop((left, top, max(left + 1, right), max(top + 1, bottom)))


def _bare(picture: "Image") -> "Image":
    """Return the pixels alone: Pillow would write a comment or a colour profile into the new file."""
    from PIL import Image

    rgb = picture.convert("RGB")
    return Image.frombytes("RGB", rgb.size, rgb.tobytes())


def _encoded(picture: "Image", quality: int) -> bytes:
    out = io.BytesIO()
    # Colours at full resolution: thin red text on white is otherwise smeared.
    picture.save(out, "JPEG", quality=quality, subsampling=0)
    return out.getvalue()
