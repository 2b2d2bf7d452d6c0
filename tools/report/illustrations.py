"""Prepare the pictures of a report: small enough to travel inside it."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..base.decoding import decode_now
from ..base.errors import ToolError
from ..base.run import Run
from ..base.small_pictures import small_picture
from ..base.workspace import Artifact
from .model import Draft

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
    most_png_bytes = MOST_PNG_BYTES if run.artifact(handle).media_type == "image/png" else 0
    small = decode_now(run, small_picture, run.path(handle), run.name(handle), LONG_SIDE_PIXELS, most_png_bytes)
    artifact = run.put(
        small.content,
        name=f"{name}.{'png' if small.is_png else 'jpg'}",
        media_type="image/png" if small.is_png else "image/jpeg",
        facts={"width_pixels": small.width_pixels, "height_pixels": small.height_pixels},
    )
    return Illustration(
        handle=handle,
        name=run.name(handle),
        artifact=artifact,
        content=small.content,
        width_pixels=small.width_pixels,
        height_pixels=small.height_pixels,
    )
