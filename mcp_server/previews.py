"""Small pictures for results: what a model can look at without filling its context."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..tools.base.errors import ToolError

if TYPE_CHECKING:
    from ..tools.base.run import Run
    from ..tools.base.workspace import Artifact

MOST_PICTURES = 6
LONG_SIDE_PIXELS = 1024
MAX_BYTES = 700_000
"""All pictures of a result together; in base64 they stay under 1 MiB, where clients cut results off."""
# JPEG quality and long side, tried until a picture fits its share.
STEPS = ((80, LONG_SIDE_PIXELS), (75, 768), (70, 512), (60, 320))


@dataclass(frozen=True, kw_only=True)
class Preview:
    """A small JPEG of a picture."""

    name: str
    jpeg: bytes


def previews(artifacts: Sequence["Artifact"], run: "Run", *, max_bytes: int = MAX_BYTES) -> Iterator[Preview]:
    """Yield small JPEGs of the pictures among these artifacts; of more than six, six spread evenly.

    Args:
        artifacts: All that a result names.
        run: Reads them.
        max_bytes: Of all pictures together.
    """
    pictures = [one for one in artifacts if one.media_type.startswith("image/")]
    chosen = _spread(pictures)
    for artifact in chosen:
        run.check()
        try:
            yield Preview(name=artifact.name, jpeg=small_jpeg(artifact, run, max_bytes=max_bytes // len(chosen)))
        except ToolError:
            continue  # a picture that cannot be shown is still in the list of files


def small_jpeg(artifact: "Artifact", run: "Run", *, max_bytes: int) -> bytes:
    """Return a picture as a JPEG of at most so many bytes and 1024 pixels.

    Raises:
        MediaError: It cannot be decoded.
    """
    from ..tools.base import small_pictures
    from ..tools.base.decoding import decode_now

    return decode_now(run, small_pictures.small_jpeg, run.path(artifact.handle), artifact.name, STEPS, max_bytes)


def _spread(pictures: Sequence["Artifact"]) -> list["Artifact"]:
    if len(pictures) <= MOST_PICTURES:
        return list(pictures)
    last = len(pictures) - 1
    return [pictures[round(number * last / (MOST_PICTURES - 1))] for number in range(MOST_PICTURES)]
