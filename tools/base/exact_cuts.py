"""Where a video cuts, found by looking at every frame with PySceneDetect."""

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from .footage import open_video

if TYPE_CHECKING:
    from .run import Run

THRESHOLDS = {"low": 40.0, "normal": 27.0, "high": 15.0}
"""Of `ContentDetector`; 27 is its default."""
WIDTH_PIXELS = 256
"""What PySceneDetect scales to by default."""


def find_exact_cuts(
    path: Path, name: str, *, threshold: float, min_scene_seconds: float, seconds: float | None, run: "Run"
) -> tuple[list[float], int, float]:
    """Return the times of the cuts, how many frames were decoded, and the time of the last.

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
    last = None
    with open_video(path, name) as footage:
        rate = footage.stream.average_rate or footage.stream.base_rate or Fraction(25)
        height = max(1, round(WIDTH_PIXELS * footage.stream.height / footage.stream.width))
        for number, (at, frame) in enumerate(footage.frames(0.0)):
            if number % 100 == 0:
                run.progress(at / seconds if seconds else None, "looking at every frame")
            picture = scaler.reformat(frame, WIDTH_PIXELS, height, "bgr24", interpolation="AREA", threads=1)
            last = FrameTimecode(Timecode(pts=round(at * 1_000_000), time_base=Fraction(1, 1_000_000)), fps=rate)
            cuts += detector.process_frame(last, picture.to_ndarray())
        if last is not None:
            cuts += detector.post_process(last)
        return [round(cut.seconds, 6) for cut in cuts], footage.decoded, last.seconds if last is not None else 0.0
