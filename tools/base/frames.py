"""Pictures out of a video: at given times, or one a group of pictures."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .footage import TOLERANCE_SECONDS, Footage, open_video

if TYPE_CHECKING:
    import numpy as np
    from av.video.frame import VideoFrame
    from numpy.typing import NDArray

    from .run import Run


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
    path: Path, name: str, times: Sequence[float], *, width_pixels: int | None = None, run: "Run"
) -> Iterator[Picked]:
    """Yield the frame on display at each time, in order of time; one past the end gives the last frame.

    Raises:
        MediaError: The file has no moving picture that can be decoded.
    """
    with open_video(path, name) as footage:
        for asked, at, frame in _at(footage, sorted(max(0.0, one) for one in times), run):
            yield Picked(at_seconds=at, asked_seconds=asked, image=footage.image(frame, width_pixels))


def _at(footage: Footage, times: Sequence[float], run: "Run") -> "Iterator[tuple[float, float, VideoFrame]]":
    """Yield (asked, seconds, frame); decoding goes on from one time to the next unless a key frame lies between."""
    frames: Iterator[tuple[float, VideoFrame]] | None = None
    shown: tuple[float, VideoFrame] | None = None
    ahead: tuple[float, VideoFrame] | None = None
    for asked in times:
        run.check()
        if frames is None or (ahead is not None and asked > ahead[0] and _key_between(footage, ahead[0], asked)):
            frames = footage.frames(asked)
            shown, ahead = None, next(frames, None)
        while ahead is not None and (shown is None or ahead[0] <= asked + TOLERANCE_SECONDS):
            shown, ahead = ahead, next(frames, None)
            if footage.decoded % 64 == 0:
                run.check()
        if shown is not None:
            yield asked, shown[0], shown[1]


def _key_between(footage: Footage, now: float, asked: float) -> bool:
    """Return whether seeking to `asked` would save decoding, as far as the index can tell."""
    index, tick = footage.stream.index_entries, footage.stream.time_base
    assert tick is not None
    if len(index) < 2:
        # No index: most encoders place a key frame every 2 to 10 s.
        return asked - now > 5.0
    found = index.search_timestamp(int((asked + footage.start_seconds) / tick))
    return found >= 0 and float(index[found].timestamp * tick) - footage.start_seconds > now


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
