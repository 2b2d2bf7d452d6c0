"""What a scripted model that sees was sent: its words, and its pictures really decoded."""

import base64
import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PIL import Image

Plain = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Sent:
    """A picture as it came over the wire."""

    label: str
    number: int | None
    image: Image.Image
    content: bytes
    part: Plain


def prompt(request: Plain) -> str:
    """Return the words before the pictures."""
    content = request["messages"][-1]["content"]
    return content if isinstance(content, str) else content[0]["text"]


def pictures(request: Plain) -> list[Sent]:
    """Return the pictures of a request, each with the label that stands before it."""
    content = request["messages"][-1]["content"]
    if isinstance(content, str):
        return []
    found = []
    label = ""
    for part in content[1:]:
        if part["type"] == "text":
            label = part["text"]
            continue
        kind, _, encoded = part["image_url"]["url"].partition(";base64,")
        assert kind == "data:image/jpeg"
        data = base64.b64decode(encoded, validate=True)
        image = Image.open(io.BytesIO(data))
        image.load()
        number = re.match(r"Picture (\d+):", label)
        sent = Sent(
            label=label, number=int(number[1]) if number else None, image=image, content=data, part=part["image_url"]
        )
        found.append(sent)
    return found


def colour(image: Image.Image, box: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0)) -> tuple[int, int, int]:
    """Return the mean colour of a part of a picture, in steps of 5, so that JPEG's noise does not count."""
    left, top, right, bottom = (
        round(one * side) for one, side in zip(box, (image.width, image.height) * 2, strict=True)
    )
    small = image.convert("RGB").crop((left, top, right, bottom)).resize((1, 1), Image.Resampling.BOX)
    red, green, blue = (round(one / 5) * 5 for one in small.getpixel((0, 0)))
    return red, green, blue


def answering(script: Any, answer: Callable[[Plain], Plain], *, tokens: Callable[[Plain], int] | None = None) -> Any:
    """Return a hook for the server: what `answer` says of a request, as JSON."""

    def hook(request: Plain) -> Any:
        said = answer(request)
        usage = {"prompt_tokens": tokens(request), "completion_tokens": 50} if tokens else None
        return script.whole(json.dumps(said, ensure_ascii=False), usage=usage)

    return hook
