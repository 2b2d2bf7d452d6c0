"""Pick 16 frames from a minute and from an hour of 720p, and check random times against numbers burned in.

python benchmarks/frames.py [--quick]

With `--quick` the long video has 5 minutes. The videos are made once and kept in the temporary folder.
"""

import asyncio
import random
import sys
from pathlib import Path

from apart import a_run, median_of, serve
from films import full_decode
from videos import FPS, number_in, numbered

from sensorium.tools.base.call import call
from sensorium.tools.base.frames import frames_at

WIDTH_PIXELS = 512
RANDOM_TIMES = 40


def main() -> None:
    serve(sixteen, sixteen_exact, wrong, opencv_wrong, full_decode)
    minutes = 5 if "--quick" in sys.argv else 60
    short, long = str(numbered(1)), str(numbered(minutes))
    print("16 frames at 512 px of 1280×720 H.264, key frames 10 s apart; medians of 5 processes\n")
    print(f"| what | of 1 minute: CPU s, MB | of {minutes} minutes | ratio: CPU (reach 1.25), memory (reach 1.2) |")
    print("|---|---|---|---|")
    for name, job in (("`extract_frames` with `count`", sixteen), ("frames at exact times", sixteen_exact)):
        one, many = median_of(5, job, short, 60), median_of(5, job, long, 60 * minutes)
        print(
            f"| {name} | {one.cpu_seconds:.2f}, {one.peak_mb:.0f} | {many.cpu_seconds:.2f}, {many.peak_mb:.0f} "
            f"| {many.cpu_seconds / one.cpu_seconds:.2f}, {many.peak_mb / one.peak_mb:.2f} |"
        )
    full = median_of(1, full_decode, short)
    print(f"| full decode by PyAV | {full.cpu_seconds:.2f}, {full.peak_mb:.0f} | | |")
    check, opencv = median_of(1, wrong, long, minutes), median_of(1, opencv_wrong, long, minutes)
    print(f"\nWrong frames at {RANDOM_TIMES} random times: {check.value} (reach: 0); OpenCV `POS_MSEC`: {opencv.value}")


def sixteen(path: str, seconds: float) -> int:
    frames = asyncio.run(call("extract_frames", {"media": path, "count": 16, "width_pixels": WIDTH_PIXELS}, a_run()))
    assert len(frames.items) == 16
    return len(frames.items)


def sixteen_exact(path: str, seconds: float) -> int:
    times = [(turn + 0.5) * seconds / 16 for turn in range(16)]
    got = sum(1 for _ in frames_at(Path(path), "video", times, width_pixels=WIDTH_PIXELS, run=a_run()))
    assert got == 16
    return got


def _random_times(minutes: int) -> list[float]:
    chosen = random.Random(2)
    return sorted(chosen.uniform(0, 60 * minutes - 0.1) for _ in range(RANDOM_TIMES))


def wrong(path: str, minutes: int) -> int:
    """Count frames that are missing, or whose number or time is not that of the frame on display."""
    right = 0
    for picked in frames_at(Path(path), "video", _random_times(minutes), run=a_run()):
        shown = int(picked.asked_seconds * FPS)
        right += number_in(picked.image) == shown % (60 * FPS) and abs(picked.at_seconds - shown / FPS) < 1e-3
    return RANDOM_TIMES - right


def opencv_wrong(path: str, minutes: int) -> int:
    import cv2

    video, count = cv2.VideoCapture(path), 0
    for seconds in _random_times(minutes):
        video.set(cv2.CAP_PROP_POS_MSEC, seconds * 1000)
        there, picture = video.read()
        count += not there or number_in(picture) != int(seconds * FPS) % (60 * FPS)
    return count


if __name__ == "__main__":
    main()
