"""From 720p video to its cuts, one picture a shot and 16 kHz sound, against decoding every frame.

python benchmarks/pipeline.py [--quick]

With `--quick` the videos have 2 minutes instead of 10. They are made once and kept in the temporary folder.
"""

import asyncio
import sys
import tempfile
from pathlib import Path

from apart import apart, serve
from videos import FPS, Made, shots

from sensorium.tools.base.call import call
from sensorium.tools.base.run import Run
from sensorium.tools.base.settings import Settings
from sensorium.tools.base.sound import decode_sound

WIDTH_PIXELS = 512
FIXED = {"sc_threshold": "0", "g": "125", "keyint_min": "125"}


def main() -> None:
    serve(ours, full_decode, today)
    quick = "--quick" in sys.argv
    seconds, count = (120, 14) if quick else (600, 40)
    films = {
        "key frames at cuts (reach 0.5)": shots("cut", seconds=seconds, count=count, sound=True),
        "fixed groups of 5 s (reach 1.0)": shots("fixed", seconds=seconds, count=count, sound=True, **FIXED),
    }
    print(
        f"{seconds // 60} minutes of 1280×720 H.264 with AAC, {count} shots; pictures 512 px wide; one process each\n"
    )
    print("| video | way | CPU s | ratio to a full decode | recall | precision | peak MB |")
    print("|---|---|---|---|---|---|---|")
    for name, made in films.items():
        path = str(made.path)
        full = apart(full_decode, path)
        print(
            f"| {name} | full decode of the picture by PyAV | {full.cpu_seconds:.1f} | 1.00 | | | {full.peak_mb:.0f} |"
        )
        for way, job in (("Sensorium", ours), ("OpenCV 1 fps + PySceneDetect + sound", today)):
            cost = apart(job, path)
            recall, precision = _score(cost.value, made)
            ratio = cost.cpu_seconds / full.cpu_seconds
            print(
                f"| {name} | {way} | {cost.cpu_seconds:.1f} | {ratio:.2f} | {recall:.3f} | {precision:.3f} "
                f"| {cost.peak_mb:.0f} |",
                flush=True,
            )


def _score(cuts: list[float], made: Made) -> tuple[float, float]:
    """Return recall and precision of cuts, within one frame."""
    found = sum(any(abs(cut - true) * FPS <= 1.01 for cut in cuts) for true in made.cuts_seconds)
    right = sum(any(abs(cut - true) * FPS <= 1.01 for true in made.cuts_seconds) for cut in cuts)
    return found / len(made.cuts_seconds), right / max(1, len(cuts))


def ours(path: str) -> list[float]:
    run = Run.open(Settings(home=Path(tempfile.mkdtemp()), offline=True))

    async def work() -> list[float]:
        found = await call("find_scenes", {"media": path}, run)
        scenes = [scene.model_dump() for scene in found.scenes]
        await call("extract_frames", {"media": path, "scenes": scenes, "width_pixels": WIDTH_PIXELS}, run)
        await run.thread(decode_sound, Path(path), "video", run)
        return [scene.start_seconds for scene in found.scenes[1:]]

    return asyncio.run(work())


def full_decode(path: str) -> int:
    import av

    with av.open(path) as container:
        return sum(1 for _ in container.decode(video=0))


def today(path: str) -> list[float]:
    """Do what scripts mostly do: one frame a second by OpenCV, PySceneDetect over all, the sound by PyAV."""
    import av
    import cv2
    from scenedetect import ContentDetector, detect

    video, number = cv2.VideoCapture(path), 0
    while video.grab():
        if number % FPS == 0:
            _, picture = video.retrieve()
            cv2.imencode(".jpg", cv2.resize(picture, (WIDTH_PIXELS, WIDTH_PIXELS * 9 // 16)))
        number += 1
    cuts = [start.seconds for start, _ in detect(path, ContentDetector())][1:]
    resampler = av.AudioResampler(format="s16", layout="mono", rate=16_000)
    with av.open(path) as container:
        for frame in container.decode(audio=0):
            resampler.resample(frame)
    return cuts


if __name__ == "__main__":
    main()
