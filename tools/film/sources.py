"""What is seen in a shot, as a picture of the film's size at any time: a still with a moving camera, a clip, a card."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ..base.errors import MediaError
from ..base.footage import Footage, open_video
from ..base.picture_files import open_picture
from .captions import Overlay
from .fitting import EDGE, MOST_CUT, before_itself, even, fitted, loses, middle_of
from .moves import MOST_ZOOM, view_at
from .planes import Planes
from .shots import Film, Move, Shot

if TYPE_CHECKING:
    import numpy as np
    from av.video.frame import VideoFrame
    from numpy.typing import NDArray
    from PIL.Image import Image

MOST_SPARE = 2.0
"""How many times as wide, or as high, as the film a picture is kept: a camera goes no further in a shot."""
_BAND_ROWS = 64
"""Rows of a picture that are made larger or smaller at once."""
_ALONG: dict[Move, Move] = {"left": "out", "right": "in", "up": "out", "down": "in"}
"""What a camera does instead where it cannot go across."""


class Source(Protocol):
    """Gives the pictures of a shot."""

    def paint(self, at_seconds: float, onto: Planes) -> None:
        """Paint what is seen at a time of the shot, in order of time; before its start and after its end it stands."""
        ...

    def close(self) -> str:
        """Close its file, and return what is to be known of it; nothing where all is well."""
        ...


def open_source(shot: Shot, film: Film, path: Path | None) -> Source:
    """Open what is seen in a shot.

    Raises:
        MediaError: It cannot be decoded.
    """
    if shot.kind == "card" or path is None:
        return Card(shot, film)
    if shot.kind == "picture":
        return Still(shot, film, path)
    return Clip(shot, film, path)


class Card:
    """Words on a plain ground."""

    def __init__(self, shot: Shot, film: Film) -> None:
        self._picture = Planes.blank(film.width_pixels, film.height_pixels, shot.colour)
        luma = self._picture.all[0]
        # A little lighter above than below, so that it looks like a lit surface and not like a missing picture.
        steps = _ramp(film.height_pixels, 14)
        luma[:] = luma + steps[:, None]
        if shot.words:
            Overlay(shot.words).lay_on(self._picture)

    def paint(self, at_seconds: float, onto: Planes) -> None:
        onto.data[:] = self._picture.data

    def close(self) -> str:
        return ""


class Still:
    """A picture under a moving camera."""

    def __init__(self, shot: Shot, film: Film, path: Path) -> None:
        import numpy as np

        self._shot = shot
        self._size = film.width_pixels, film.height_pixels
        width, height = self._size
        large = even(width * MOST_ZOOM), even(height * MOST_ZOOM)
        image = open_picture(path, shot.name, enough_pixels=large)
        self._move, self._most_zoom = shot.move, MOST_ZOOM
        if loses(*image.size, width, height) > MOST_CUT:
            picture = np.asarray(before_itself(image, *large))
            # A picture that is shown whole stays whole.
            self._move, self._most_zoom = _ALONG.get(shot.move, shot.move), 1 / EDGE
        else:
            factor = max(large[0] / image.width, large[1] / image.height)
            wide, high = (min(most * MOST_SPARE, own * factor) for most, own in zip(large, image.size, strict=True))
            box = middle_of(image.size, wide / factor, high / factor)
            picture = _resized(image, even(wide), even(high), box)
        del image  # the largest there is: it need not wait for what comes of it
        self._source = Planes.of_rgb(picture)
        shown = max(width / self._source.width_pixels, height / self._source.height_pixels)
        self._largest = width / shown, height / shown
        """Pixels of the source that the film shows at zoom 1."""
        self._words = Overlay(shot.words) if shot.words else None

    def paint(self, at_seconds: float, onto: Planes) -> None:
        import cv2
        import numpy as np

        source = self._source
        full = source.width_pixels, source.height_pixels
        spare = 1 - self._largest[0] / full[0], 1 - self._largest[1] / full[1]
        seconds = self._shot.seconds
        view = view_at(self._move, at_seconds / seconds, seconds, spare, self._most_zoom)
        # Pixels of the source to one of the film.
        step = self._largest[0] / view.zoom / self._size[0]
        middle = view.x * full[0], view.y * full[1]
        for number, (into, plane) in enumerate(zip(onto.all, source.all, strict=True)):
            by = 1 if number == 0 else 2
            rows, columns = into.shape
            # Pixels lie at the middle of their squares.
            matrix = np.array([
                [step, 0, middle[0] / by - step * (columns - 1) / 2 - 0.5],
                [0, step, middle[1] / by - step * (rows - 1) / 2 - 0.5],
            ])  # fmt: skip
            cv2.warpAffine(
                plane,
                matrix,
                (columns, rows),
                dst=into,
                flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                borderMode=cv2.BORDER_REPLICATE,
            )
        if self._words:
            self._words.lay_on(onto)

    def close(self) -> str:
        return ""


class Clip:
    """A video, its frames at the film's times."""

    def __init__(self, shot: Shot, film: Film, path: Path) -> None:
        self._shot, self._size = shot, (film.width_pixels, film.height_pixels)
        # Of two frames the one that is nearer by less than half a frame of the film, so that equal rates stay in step.
        self._slack = 0.5 / film.frames_per_second
        self._stack = ExitStack()
        self._footage: Footage = self._stack.enter_context(open_video(path, shot.name))
        self._frames: Iterator[tuple[float, VideoFrame]] = self._footage.frames(shot.from_seconds)
        self._next = next(self._frames, None)
        self._shown: VideoFrame | None = None
        self._picture: Planes | None = None
        self._words = Overlay(shot.words) if shot.words else None
        if self._next is None:
            raise MediaError(
                f"{shot.name!r} has no frame from {shot.from_seconds:g} s on. Give an earlier `start_seconds`."
            )

    def paint(self, at_seconds: float, onto: Planes) -> None:
        shot = self._shot
        end = shot.from_seconds + shot.seconds if shot.to_seconds is None else shot.to_seconds
        # At its end the next frame is not the clip's any more.
        at = min(shot.from_seconds + max(0.0, at_seconds) + self._slack, max(shot.from_seconds, end - self._slack / 2))
        fresh = None
        while self._next is not None and (self._next[0] <= at or (fresh or self._shown) is None):
            fresh = self._next[1]
            self._next = next(self._frames, None)
        if fresh is not None:
            self._shown = fresh
            self._picture = fitted(fresh, self._footage, *self._size)
            if self._words:
                self._words.lay_on(self._picture)
        assert self._picture is not None
        onto.data[:] = self._picture.data

    def close(self) -> str:
        errors = self._footage.errors
        self._stack.close()
        return f"{self._shot.name!r} is damaged: where nothing can be read, the frame before stands." if errors else ""


def _resized(image: "Image", width: int, height: int, box: tuple[float, float, float, float]) -> "NDArray[np.uint8]":
    """Return a part of a picture in another size.

    Band by band: whole, what Pillow makes on the way takes two thirds of what a large picture takes itself.
    """
    import numpy as np
    from PIL.Image import Resampling

    left, top, right, bottom = box
    made = np.empty((height, width, 3), np.uint8)
    for start in range(0, height, _BAND_ROWS):
        end = min(height, start + _BAND_ROWS)
        above, below = (top + (bottom - top) * row / height for row in (start, end))
        part = image.resize((width, end - start), Resampling.LANCZOS, (left, above, right, below))
        made[start:end] = np.asarray(part)
    return made


def _ramp(rows: int, most: int) -> "NDArray[np.uint8]":
    import numpy as np

    return np.linspace(most, 0, rows).round().astype(np.uint8)
