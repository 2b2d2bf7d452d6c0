"""Read the text of a video's frames, each picture once: what looks the same is not read again."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .likeness import shrunk
from .models import TextLine
from .pictures import jpeg

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .frames import Picked
    from .moments import Box

BLOCK_PIXELS = 16
# Mean difference (of 255) in a block of small pixels. Measured on still slides, across key frames: at most 1.4; a new
# line of text: 25 to 33; one digit of 20 px at 720p: 6.
CHANGE = 5.0
# A picture that moves beside the text (the speaker in a corner) is read again this often, not at every movement.
REREAD_SECONDS = 10.0
MOVING_SHARE = 0.4
VIEW_PIXELS = 1280


@dataclass(kw_only=True)
class Reading:
    """One picture that was read, and how long it stood."""

    at_seconds: float
    from_seconds: float
    """First frame that was looked at and showed this picture."""
    until_seconds: float
    """Last one."""
    lines: list[TextLine]
    small: "NDArray[np.uint8]"
    view: bytes
    """JPEG to be shown; empty when there is no text."""


@dataclass(kw_only=True)
class Watched:
    """What was read, and when one looked without reading."""

    readings: list[Reading] = field(default_factory=list)
    seen: list[float] = field(default_factory=list)
    """Times of the frames that were read or looked like the one read before."""
    unread: list[float] = field(default_factory=list)
    """Times of frames that had changed and were not read, because the limit was reached."""


@dataclass
class _Look:
    at_seconds: float
    image: "NDArray[np.uint8]"
    small: "NDArray[np.uint8]"


def watch(
    frames: "Iterable[Picked]",
    read: "Callable[[NDArray[np.uint8]], list[TextLine]]",
    *,
    allowed: Callable[[float, int], bool],
) -> Watched:
    """Go through frames in order of time and read each new picture once.

    Args:
        frames: In order of time, large enough to be read.
        read: Gives the lines of an RGB picture.
        allowed: Whether one more picture may be read, from its time and the number read so far.
    """
    import numpy as np

    watched = Watched()
    pending: _Look | None = None
    moving: NDArray[np.int64] | None = None

    def settle(look: _Look, since: float) -> None:
        nonlocal moving
        lines = read(look.image)
        if watched.readings:
            before = watched.readings[-1]
            changed = changed_blocks(before.small, look.small)
            text = _covered([*before.lines, *lines], changed.shape)
            moving = np.zeros(changed.shape, int) if moving is None or moving.shape != changed.shape else moving
            moving = np.where(text, 0, moving + changed)
        watched.readings.append(
            Reading(
                at_seconds=look.at_seconds,
                from_seconds=since,
                until_seconds=look.at_seconds,
                lines=lines,
                small=look.small,
                view=view(look.image) if lines else b"",
            )
        )
        watched.seen += sorted({since, look.at_seconds})

    for picked in frames:
        look = _Look(picked.at_seconds, picked.image, shrunk(picked.image))
        if pending is not None:
            since = pending.at_seconds
            settled = not changed_blocks(pending.small, look.small).any()
            # What stood for two looks is read in the second: the first may be in the middle of a transition.
            best, pending = (look, None) if settled else (pending, None)
            if allowed(since, len(watched.readings)):
                settle(best, since)
                if settled:
                    continue
            else:
                watched.unread.append(since)
        current = watched.readings[-1] if watched.readings else None
        if current is not None:
            changed = changed_blocks(current.small, look.small)
            beside = moving is not None and moving.shape == changed.shape and _only_beside(changed, moving)
            if not changed.any() or (beside and look.at_seconds - current.at_seconds < REREAD_SECONDS):
                current.until_seconds = look.at_seconds
                watched.seen.append(look.at_seconds)
                continue
        pending = look
    if pending is not None:
        if allowed(pending.at_seconds, len(watched.readings)):
            settle(pending, pending.at_seconds)
        else:
            watched.unread.append(pending.at_seconds)
    return watched


def _only_beside(changed: "NDArray[np.bool_]", moving: "NDArray[np.int64]") -> bool:
    """Return whether all that changed lies where pictures moved before and no text was found."""
    known = moving >= 2
    return bool(not (changed & ~known).any() and known.mean() <= MOVING_SHARE)


def changed_blocks(one: "NDArray[np.uint8]", other: "NDArray[np.uint8]") -> "NDArray[np.bool_]":
    """Return in which blocks two small pictures differ; in all when their sizes do."""
    import cv2
    import numpy as np

    height, width = one.shape[:2]
    rows, columns = max(1, height // BLOCK_PIXELS), max(1, width // BLOCK_PIXELS)
    if one.shape != other.shape:
        return np.ones((rows, columns), bool)
    # The largest of the three colours, so that red text on a grey of the same brightness counts.
    difference = cv2.absdiff(one, other).max(axis=2).astype(np.float32)
    return np.asarray(cv2.resize(difference, (columns, rows), interpolation=cv2.INTER_AREA) > CHANGE)


def _covered(lines: list[TextLine], shape: tuple[int, ...]) -> "NDArray[np.bool_]":
    """Return which blocks have text in them."""
    import numpy as np

    covered = np.zeros(shape, bool)
    rows, columns = shape
    for line in lines:
        left, top, right, bottom = line.box
        covered[int(top * rows) : int(bottom * rows) + 1, int(left * columns) : int(right * columns) + 1] = True
    return covered


def view(image: "NDArray[np.uint8]") -> bytes:
    """Return a picture as JPEG, no wider than a report shows it."""
    from .pictures import as_image

    picture = as_image(image)
    if picture.width > VIEW_PIXELS:
        picture = picture.resize((VIEW_PIXELS, max(1, round(picture.height * VIEW_PIXELS / picture.width))))
    return jpeg(picture, 80)


def crop(picture: "NDArray[np.uint8]", box: "Box") -> "NDArray[np.int16]":
    """Return a part of a picture, at least 2 × 2 pixels, as numbers that can be subtracted."""
    height, width = picture.shape[:2]
    left, top = min(int(box[0] * width), width - 2), min(int(box[1] * height), height - 2)
    right, bottom = max(left + 2, round(box[2] * width)), max(top + 2, round(box[3] * height))
    return picture[top:bottom, left:right].astype("int16")
