"""Let a model look: one picture, one frame of a video, or a part of either, small enough to be sent."""

import math
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, Field

from ..tools.base.errors import ArgumentError
from ..tools.base.frames import frame_at
from ..tools.base.picture_files import open_picture
from ..tools.base.run import Run
from ..tools.base.tool import Seen, tool
from ..tools.base.workspace import Artifact

if TYPE_CHECKING:
    from ..tools.base.pictures import AnyPicture

SMALLEST_PART = 0.01
"""A part narrower than this share of the picture shows nothing."""


class View(BaseModel):
    """What is to be seen."""

    picture: Artifact
    at_seconds: float | None = Field(None, description="The frame's own time; none for a still picture.")
    width_pixels: int = Field(description="Of the whole picture or frame, upright.")
    height_pixels: int
    part: list[float] = Field(default_factory=list, description="What is shown of it: left, top, right, bottom, 0…1.")


@tool(effect="pure", resource="cpu")
async def view_media(
    media: Annotated[Seen, Field(description="A picture or a video.")],
    at_seconds: Annotated[float, Field(ge=0, description="Which frame of a video; ignored for a picture.")] = 0.0,
    part: Annotated[
        tuple[float, float, float, float] | None,
        Field(description="Only this part, enlarged: left, top, right, bottom as fractions 0…1 of width and height."),
    ] = None,
    max_pixels: Annotated[int, Field(ge=64, le=1024, description="Long side of what is sent.")] = 1024,
    *,
    run: Run,
) -> View:
    """Look at a picture, at one frame of a video, or at a part of either: one image comes back.

    Use it to see what another tool found, or to read small print. For many frames at once use `extract_frames`; for the
    words on screen with their times use `read_text`.
    """
    if part and not (part[0] + SMALLEST_PART <= part[2] <= 1 and part[1] + SMALLEST_PART <= part[3] <= 1):
        raise ArgumentError(f"`part` is {list(part)}; it must be left, top, right, bottom with 0 ≤ left < right ≤ 1.")
    path, name = run.path(media), run.name(media)
    if not run.artifact(media).media_type.startswith("video/"):
        picture = await run.decode(open_picture, path, name)
        return await run.thread(_view, picture, name, None, part=part, max_pixels=max_pixels, run=run)
    frame = await run.decode(frame_at, path, name, at_seconds, run)
    return await run.thread(
        _view, frame.image, name, round(frame.at_seconds, 3), part=part, max_pixels=max_pixels, run=run
    )


def _view(
    picture: "AnyPicture",
    name: str,
    at: float | None,
    *,
    part: tuple[float, float, float, float] | None,
    max_pixels: int,
    run: Run,
) -> View:
    from ..tools.base.pictures import as_image, jpeg

    whole = as_image(picture)
    width, height = whole.size
    shown = whole
    if part:
        left, top = int(part[0] * width), int(part[1] * height)
        shown = whole.crop((left, top, math.ceil(part[2] * width), math.ceil(part[3] * height)))
    scale = max_pixels / max(shown.size)
    if scale < 1 or part:
        shown = shown.resize((max(1, round(shown.width * scale)), max(1, round(shown.height * scale))))
    stored = run.put(
        jpeg(shown, 90),
        name=f"{name.rpartition('.')[0] or name}{'' if at is None else f'-{at:g}s'}-view.jpg",
        media_type="image/jpeg",
        facts={"width_pixels": shown.width, "height_pixels": shown.height},
    )
    return View(picture=stored, at_seconds=at, width_pixels=width, height_pixels=height, part=list(part or ()))
