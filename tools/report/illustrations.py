"""Prepare the pictures of a report: small enough to travel inside it."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..base.errors import ToolError
from ..base.picture_files import open_picture
from ..base.pictures import jpeg
from ..base.run import Run
from ..base.workspace import Artifact
from .model import Draft

if TYPE_CHECKING:
    from PIL.Image import Image

LONG_SIDE_PIXELS = 1120
# Drawings stay sharp as PNG; photographs are then too large.
MOST_PNG_BYTES = 200_000
MOST_PICTURES = 24


@dataclass(frozen=True, kw_only=True)
class Illustration:
    """A picture as it stands in the report."""

    handle: str
    """Of the original."""
    name: str
    """Of the original."""
    artifact: Artifact
    """Of the smaller one."""
    content: bytes
    width_pixels: int
    height_pixels: int


def illustrate(draft: Draft, given: Sequence[str], run: Run) -> dict[str, Illustration]:
    """Return the pictures a report shows, by the handle of the original; one that cannot be opened is left out.

    Args:
        given: Handles of further pictures to show, such as charts.
    """
    shown: dict[str, Illustration] = {}
    for handle, name in [*_names(draft, given).items()][:MOST_PICTURES]:
        run.check()
        try:
            shown[handle] = _illustration(handle, name, run)
        except ToolError:
            continue  # the file's own tool has said in the limits what is wrong with it
    return shown


def left_out(draft: Draft, given: Sequence[str]) -> int:
    """Return how many pictures there is no room for."""
    return max(0, len(_names(draft, given)) - MOST_PICTURES)


def _names(draft: Draft, given: Sequence[str]) -> dict[str, str]:
    """Return what the pictures are called in the report, by handle: first those that the user handed over."""
    of_files = [file.handle for file in draft.files if file.kind == "image"]
    of_chapters = [one.picture for one in draft.chapters if one.picture]
    names: dict[str, str] = {}
    for kind, handles in (("given", given), ("picture", of_files), ("chapter", of_chapters)):
        for at, handle in enumerate(dict.fromkeys(handles), 1):
            names.setdefault(handle, f"{kind}-{at:02}")
    return names


def _illustration(handle: str, name: str, run: Run) -> Illustration:
    picture = open_picture(run.path(handle), run.name(handle))
    picture.thumbnail((LONG_SIDE_PIXELS, LONG_SIDE_PIXELS))
    as_png = _png(picture) if run.artifact(handle).media_type == "image/png" else b""
    flat = as_png and len(as_png) <= MOST_PNG_BYTES
    content = as_png if flat else jpeg(picture, quality=82)
    ending = "png" if flat else "jpg"
    artifact = run.put(
        content,
        name=f"{name}.{ending}",
        media_type="image/png" if flat else "image/jpeg",
        facts={"width_pixels": picture.width, "height_pixels": picture.height},
    )
    return Illustration(
        handle=handle,
        name=run.name(handle),
        artifact=artifact,
        content=content,
        width_pixels=picture.width,
        height_pixels=picture.height,
    )


def _png(picture: "Image") -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG", optimize=True)
    return out.getvalue()
