"""Where a video cuts, found by looking at every frame with PySceneDetect."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from .footage import open_video
from .upright import fit

if TYPE_CHECKING:
    from .run import Run

THRESHOLDS = {"low": 40.0, "normal": 27.0, "high": 15.0}
"""Of `ContentDetector`; 27 is its default."""
WIDTH_PIXELS = 256
"""What PySceneDetect scales to by default."""


@dataclass(frozen=True, kw_only=True)
class ExactCuts:
    """The cuts of a video."""

    cuts_seconds: tuple[float, ...]
    end_seconds: float
    """When the last frame ends."""
    decoded: int
    errors: int


def find_exact_cuts(
    path: Path, name: str, *, threshold: float, min_scene_seconds: float, seconds: float | None, run: "Run"
) -> ExactCuts:
    """Return the cuts; `seconds` is the expected length, to tell how far it is.

    Raises:
        MediaError: The file has no moving picture that can be decoded.
    """
    from av.video.reformatter import VideoReformatter
    from scenedetect.common import FrameTimecode, Timecode
    from scenedetect.detectors.content_detector import ContentDetector

    # The detector gets frames, never the file: PySceneDetect would open it with whatever decoder it likes.
    detector = ContentDetector(threshold=threshold, min_scene_len=float(min_scene_seconds))
    scaler = VideoReformatter()
    cuts: list[FrameTimecode] = []
    now = None
    with open_video(path, name) as footage:
        rate = footage.stream.average_rate or footage.stream.base_rate or Fraction(25)
        width, height = fit(footage.stream.width, footage.stream.height, WIDTH_PIXELS)
        for number, (at, frame) in enumerate(footage.frames(0.0)):
            if number % 100 == 0:
                run.progress(min(1.0, at / seconds) if seconds else None, "looking at every frame")
            picture = scaler.reformat(frame, width, height, "bgr24", interpolation="AREA", threads=1)
            now = FrameTimecode(Timecode(pts=round(at * 1_000_000), time_base=Fraction(1, 1_000_000)), fps=rate)
            cuts += detector.process_frame(now, picture.to_ndarray())
        if now is not None:
            cuts += detector.post_process(now)
        return ExactCuts(
            cuts_seconds=tuple(round(cut.seconds, 6) for cut in cuts),
            end_seconds=round((now.seconds if now is not None else 0.0) + float(1 / rate), 6),
            decoded=footage.decoded,
            errors=footage.errors,
        )
