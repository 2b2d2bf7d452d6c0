"""Hold a file that was written against what it should be: its ends decode, it is as long, and its joints are clean."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from ..base.errors import MediaError
from ..base.footage import Footage, open_video
from ..base.length import end_of
from ..base.media import MediaFacts, examine
from ..base.run import Run
from ..base.safe_open import audio_stream, open_media
from .copying import Piece
from .sounding import Heard

if TYPE_CHECKING:
    import numpy as np
    from av.video.frame import VideoFrame
    from numpy.typing import NDArray

OFF_SECONDS = 0.15
"""So far a length may be from what was asked for: a packet of sound, or a frame of a slow film."""
_AROUND_SECONDS = 0.5
_END_SECONDS = 1.0
_MOST_JOINTS = 200
_WIDTH, _HEIGHT = 32, 18
_MOST_LEVELS = 10.0
"""Mean difference of brightness, of 255, between a frame and what it was made of."""


@dataclass(frozen=True, kw_only=True)
class Proof:
    """What a file that was written really holds."""

    facts: MediaFacts
    fault: str = ""
    """What is wrong at its joints; empty: nothing."""


def prove(
    path: Path,
    name: str,
    seconds: float,
    *,
    picture: bool,
    sound: bool,
    slack_seconds: float,
    run: Run,
    heard: bool = True,
) -> Proof:
    """Decode the ends of a file.

    Args:
        path: The file.
        name: What messages call it.
        seconds: How long it should be.
        picture: Whether it should have a moving picture.
        sound: Whether it should have sound.
        slack_seconds: How much its length may be off.
        run: To notice a cancellation.
        heard: Whether there is something on its track of sound.

    Raises:
        MediaError: It is not as it should be.
    """
    facts = examine(path, name)
    found = facts.seconds or 0.0
    if (facts.video is not None) != picture or (facts.audio is not None) != sound:
        raise MediaError(f"{name!r} was written with {', '.join(facts.streams)}, which was not asked for.")
    if abs(found - seconds) > max(OFF_SECONDS, slack_seconds):
        raise MediaError(f"{name!r} was written with {found:.2f} s instead of {seconds:.2f} s. Its source is damaged.")
    if picture:
        with open_video(path, name) as footage:
            ends = [next(footage.frames(at), None) for at in (0.0, max(0.0, found - _END_SECONDS))]
            if None in ends:
                raise MediaError(f"{name!r} was written, but its last frames cannot be decoded. Its source is damaged.")
    if sound and heard:
        # Sound may end long before the picture does.
        for start in (0.0, max(0.0, min(found, sound_end(path, name, facts)) - _END_SECONDS)):
            part = Heard(
                path=path,
                name=name,
                start_seconds=start,
                seconds=min(found, _END_SECONDS),
                origin_seconds=facts.origin_seconds,
            )
            for _ in part.blocks(run):
                pass
    return Proof(facts=facts)


def sound_end(path: Path, name: str, facts: MediaFacts) -> float:
    """Return when the last packet of sound ends, counted from the first frame or sample."""
    with open_media(path, name) as container:
        stream = audio_stream(container)
        assert stream is not None and stream.time_base is not None
        declared = (stream.start_time or 0) + (stream.duration or 0)
        known = float(declared * stream.time_base) if stream.duration else facts.origin_seconds + (facts.seconds or 0.0)
        end = end_of(container, stream, known)
    return (end.seconds if end.seconds is not None else known) - facts.origin_seconds


def joint_fault(path: Path, name: str, source: Path, pieces: Sequence[Piece], run: Run) -> str:
    """Return what is wrong where copied and encoded packets meet; empty when each frame is as in the source.

    Args:
        path: What was written.
        name: What messages call the source.
        source: What it was cut from.
        pieces: Its parts.
        run: To notice a cancellation.
    """
    try:
        with open_video(path, name) as made, open_video(source, name) as given:
            position = 0.0
            checked = 0
            for piece in pieces:
                for joint in piece.joints_seconds:
                    run.check()
                    end = position + piece.end_seconds - piece.start_seconds
                    if checked < _MOST_JOINTS and (fault := _fault(made, given, piece, joint, position, end)):
                        return fault
                    checked += 1
                position += piece.end_seconds - piece.start_seconds
    except MediaError as error:
        return str(error)
    return ""


def _fault(  # noqa: PLR0917 - both files, and where
    made: Footage, given: Footage, piece: Piece, joint: float, position: float, end: float
) -> str:
    start, last = max(position, joint - _AROUND_SECONDS), min(end, joint + _AROUND_SECONDS)
    errors = made.errors
    shift = piece.start_seconds - position
    old = _between(given, start + shift, last + shift)
    if not old:
        return ""
    # From the middle before the first frame to the middle behind the last one: containers round their times.
    gap = min((after[0] - before[0] for before, after in pairwise(old)), default=_AROUND_SECONDS) / 2
    new = _between(made, old[0][0] - shift - gap, old[-1][0] - shift + gap)
    if made.errors > errors:
        return "packets at a joint cannot be decoded"
    if len(old) != len(new):
        return f"{len(new)} frames are shown at a joint instead of {len(old)}"
    for (at, one), (when, other) in zip(old, new, strict=True):
        if abs(at - shift - when) > 0.02 and at - shift > position:
            return f"a frame at a joint is shown {abs(at - shift - when) * 1000:.0f} ms too early or late"
        if math.isnan(levels := float(abs(one - other).mean())) or levels > _MOST_LEVELS:
            return "a frame at a joint differs from the source"
    return ""


def _between(footage: Footage, start: float, end: float) -> "list[tuple[float, NDArray[np.float32]]]":
    found = []
    for at, frame in footage.frames(max(0.0, start)):
        if at >= end - 1e-3:
            break
        if at >= start - 1e-3:
            found.append((at, _small(footage, frame)))
    return found


def _small(footage: Footage, frame: "VideoFrame") -> "NDArray[np.float32]":
    import numpy as np

    grey = footage.scaler.reformat(frame, _WIDTH, _HEIGHT, "gray", interpolation="AREA", threads=1)
    return np.asarray(grey.to_ndarray(), np.float32)
