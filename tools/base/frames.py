"""Pictures out of a video: at given times, or one a group of pictures."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import MediaError
from .footage import TOLERANCE_SECONDS, Footage, counts_frames, open_video

if TYPE_CHECKING:
    import numpy as np
    from av.video.frame import VideoFrame
    from numpy.typing import NDArray

    from .run import Run


REORDERED_FRAMES = 16
"""More packets than this never come before one that is displayed earlier."""


@dataclass(frozen=True, kw_only=True)
class Picked:
    """One picture from a video."""

    at_seconds: float
    """The frame's own time, counted from the first frame."""
    asked_seconds: float
    """The time that was asked for; the frame was on display then."""
    image: "NDArray[np.uint8]"
    """Upright RGB of shape (height, width, 3)."""


def frames_at(
    path: Path,
    name: str,
    times: Sequence[float],
    *,
    later_seconds: Sequence[float] = (),
    width_pixels: int | None = None,
    run: "Run",
) -> Iterator[Picked]:
    """Yield the frame on display at each time, in order of time; one past the end gives the last frame.

    Args:
        path: A video.
        name: What messages call it.
        times: Seconds, counted from the first frame.
        later_seconds: For each time, how much later a key frame may be taken instead: only that is decoded then.
        width_pixels: Scale down to this width.
        run: To notice a cancellation.

    Raises:
        MediaError: The file has no moving picture that can be decoded.
    """
    with open_video(path, name) as footage:
        asked_for = sorted(zip_longest(times, later_seconds, fillvalue=0.0))
        wanted = [_on_display(footage, max(0.0, one), later, run) for one, later in asked_for]
        wanted.sort(key=lambda one: one.asked_seconds if one.shown_seconds is None else one.shown_seconds)
        for asked, at, frame in _decoded(footage, wanted, run):
            yield Picked(at_seconds=at, asked_seconds=asked, image=footage.image(frame, width_pixels))


def frame_at(path: Path, name: str, at_seconds: float, run: "Run") -> Picked:
    """Return the frame on display at a time.

    Raises:
        MediaError: The file has no moving picture, or none there that can be decoded.
    """
    found = next(frames_at(path, name, [at_seconds], run=run), None)
    if found is None:
        raise MediaError(f"No frame of {name!r} can be decoded at {at_seconds:g} s. It is damaged there.")
    return found


@dataclass(frozen=True)
class _Wanted:
    """A frame that will be decoded."""

    asked_seconds: float
    key_seconds: float
    """The key frame to start from."""
    shown_seconds: float | None
    """The frame's own time; None where only decoding can tell it."""


def _on_display(footage: Footage, asked: float, later: float, run: "Run") -> _Wanted:
    """Return which frame is on display at a time, or a key frame soon after, from packets alone."""
    run.check()
    back = 0.0
    while True:
        target = max(0.0, asked - back)
        footage.seek(target)
        key, shown = _shown(footage, asked, later)
        # Frames displayed before the key frame they follow are built on frames before it, too.
        if key is not None and shown is not None and (key <= asked + TOLERANCE_SECONDS or key == shown):
            return _Wanted(asked, key, None if counts_frames(footage.stream) else shown)
        if target <= 0:
            return _Wanted(asked, 0.0, None)
        # The demuxer went by decoding time and landed behind the frame, or where nothing can be read.
        back = max(1.0, back * 2)


def _shown(footage: Footage, asked: float, later: float) -> tuple[float | None, float | None]:
    """Return the time of the frame on display, or of a key frame soon after, behind that of its key frame."""
    key: float | None = None
    shown: float | None = None
    behind = 0
    for packet in footage.packets():
        at = footage.packet_seconds(packet)
        if at is None or packet.size == 0 or packet.is_discard:
            continue
        if key is None:
            if not packet.is_keyframe:
                continue  # MPEG-TS is entered anywhere
            key = at
        if packet.is_keyframe and asked <= at <= asked + later:
            return at, at
        if at <= asked + TOLERANCE_SECONDS:
            shown = at if shown is None else max(shown, at)
        elif at > asked + later:
            behind += 1
            if behind > REORDERED_FRAMES:
                break
    return key, shown


def _decoded(footage: Footage, wanted: Sequence[_Wanted], run: "Run") -> "Iterator[tuple[float, float, VideoFrame]]":
    """Yield (asked, seconds, frame); what is wanted from one group of pictures is decoded in one go."""
    exactly = {one.shown_seconds for one in wanted}
    needed = None if None in exactly else exactly.__contains__
    frames: Iterator[tuple[float, VideoFrame]] = iter(())
    shown: tuple[float, VideoFrame] | None = None
    ahead: tuple[float, VideoFrame] | None = None
    key = -1.0
    for one in wanted:
        if one.key_seconds > key:
            key = one.key_seconds
            frames = footage.frames(key, wanted=needed)
            shown = ahead = None
        while shown is None or one.shown_seconds is None or shown[0] < one.shown_seconds - TOLERANCE_SECONDS:
            if footage.decoded % 64 == 0:
                run.check()
            ahead = ahead or next(frames, None)
            if ahead is None or (shown is not None and ahead[0] > one.asked_seconds + TOLERANCE_SECONDS):
                break
            shown, ahead = ahead, None
        if shown is not None:
            yield one.asked_seconds, shown[0], shown[1]


def key_frames(path: Path, name: str, *, width_pixels: int | None = 64, run: "Run") -> Iterator[Picked]:
    """Yield every key frame, small: cheap, because nothing between them is decoded.

    Raises:
        MediaError: The file has no moving picture that can be decoded.
    """
    with open_video(path, name) as footage:
        footage.seek(0.0)
        for packet in footage.packets():
            run.check()
            at = footage.packet_seconds(packet)
            if packet.is_keyframe and at is not None and (frame := footage.key_frame(packet)) is not None:
                yield Picked(at_seconds=at, asked_seconds=at, image=footage.image(frame, width_pixels))


def decode_between(
    path: Path, name: str, start_seconds: float, end_seconds: float, *, width_pixels: int | None = None, run: "Run"
) -> Iterator[Picked]:
    """Yield every frame on display from `start_seconds` up to but without `end_seconds`.

    Raises:
        MediaError: The file has no moving picture that can be decoded.
    """
    with open_video(path, name) as footage:
        held: tuple[float, VideoFrame] | None = None
        for at, frame in footage.frames(start_seconds):
            run.check()
            if held is not None and at > start_seconds + TOLERANCE_SECONDS:
                yield Picked(at_seconds=held[0], asked_seconds=held[0], image=footage.image(held[1], width_pixels))
            if at >= end_seconds - TOLERANCE_SECONDS:
                return
            held = at, frame
        if held is not None:
            yield Picked(at_seconds=held[0], asked_seconds=held[0], image=footage.image(held[1], width_pixels))
